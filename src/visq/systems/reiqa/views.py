"""Two views of a photograph for the content encoder, as MoCo-v2 makes them: what they share is what they show.

A part of 0.2 to 1 of the area and of a ratio of 3/4 to 4/3, brought to one size; with chance 0.8 brightness, contrast,
saturation (0.4 each) and hue (0.1) altered in a random order; with chance 0.2 grey; with chance 0.5 a Gaussian blur of
standard deviation 0.1 to 2; mirrored half of the time. All of it alters the quality, so that quality says nothing.

References
----------
X. Chen, H. Fan, R. Girshick, K. He, "Improved baselines with momentum contrastive learning", arXiv 2003.04297, 2020.
T. Chen, S. Kornblith, M. Norouzi, G. Hinton, "A simple framework for contrastive learning", ICML 2020 (the views).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

from visq.train.data.draws import below, permutation, words

AREA, RATIO = (0.2, 1.0), (3 / 4, 4 / 3)
JITTER, HUE = 0.4, 0.1
_TRIES = 10
_UNIT = 2.0**-64
_ENHANCERS: tuple[Any, ...] = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)


def pair(photograph: np.ndarray, side: int, seed: int, epoch: int, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Two views of a photograph, `(side, side, 3)` uint8 each: a function of seed, epoch and number."""
    picture = Image.fromarray(photograph)
    return view(picture, side, seed, epoch, index, 0), view(picture, side, seed, epoch, index, 1)


def view(picture: Image.Image, side: int, seed: int, *place: int) -> np.ndarray:
    """One view.

    Parameters
    ----------
    picture : PIL.Image.Image
        RGB, 8 bit.
    side : int
    seed : int
    *place : int
        Epoch, number of the photograph, number of the view.
    """
    box = crop_box(picture.size, seed, *place)
    made = picture.resize((side, side), Image.Resampling.BILINEAR, box=box)
    jittered, grey, blurred, sigma, mirrored = words("view", seed, 5, *place).tolist()
    if jittered * _UNIT < 0.8:
        made = coloured(made, seed, *place)
    if grey * _UNIT < 0.2:
        made = made.convert("L").convert("RGB")
    if blurred * _UNIT < 0.5:
        made = made.filter(ImageFilter.GaussianBlur(0.1 + 1.9 * sigma * _UNIT))
    pixels = np.asarray(made)
    return np.ascontiguousarray(pixels[:, ::-1]) if below(mirrored, 2) else pixels


def crop_box(size: tuple[int, int], seed: int, *place: int) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of a random part of a picture of this width and height.

    Ten draws of area and ratio (its logarithm evenly spread); if none fits, the largest part in the middle whose ratio
    does.

    Examples
    --------
    >>> left, top, right, bottom = crop_box((100, 80), 0, 1, 2, 0)
    >>> 0 <= left < right <= 100, 0 <= top < bottom <= 80, (right - left) * (bottom - top) > 0.19 * 8000
    (True, True, True)
    """
    width, height = size
    for area, ratio, row, column in words("part", seed, 4 * _TRIES, *place).reshape(_TRIES, 4).tolist():
        pixels = width * height * (AREA[0] + (AREA[1] - AREA[0]) * area * _UNIT)
        shape = math.exp(math.log(RATIO[0]) + (math.log(RATIO[1]) - math.log(RATIO[0])) * ratio * _UNIT)
        wide, high = round(math.sqrt(pixels * shape)), round(math.sqrt(pixels / shape))
        if 0 < wide <= width and 0 < high <= height:
            left, top = below(column, width - wide + 1), below(row, height - high + 1)
            return left, top, left + wide, top + high
    wide = min(width, round(height * RATIO[1]))
    high = min(height, round(width / RATIO[0]))
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high


def coloured(picture: Image.Image, seed: int, *place: int) -> Image.Image:
    """Brightness, contrast, saturation and hue altered, in a random order."""
    *factors, shift = (one * _UNIT for one in words("colour", seed, 4, *place).tolist())
    for step in permutation("steps", seed, 4, *place).tolist():
        if step < len(_ENHANCERS):
            picture = _ENHANCERS[step](picture).enhance(1.0 - JITTER + 2.0 * JITTER * factors[step])
        else:
            picture = hue_shifted(picture, HUE * (2.0 * shift - 1.0))
    return picture


def hue_shifted(picture: Image.Image, turn: float) -> Image.Image:
    """Hue turned by this part of the circle, in 256 steps.

    >>> hue_shifted(Image.new("RGB", (1, 1), (255, 0, 0)), 1 / 3).getpixel((0, 0))
    (0, 255, 0)
    """
    hue, saturation, value = picture.convert("HSV").split()
    turned = (np.asarray(hue).astype(np.int64) + int(turn * 256)) % 256
    return Image.merge("HSV", (Image.fromarray(turned.astype(np.uint8)), saturation, value)).convert("RGB")


def makers() -> dict[str, Any]:
    """Versions of what makes views, and their settings."""
    from importlib.metadata import version

    return {"pillow": version("pillow"), "visq": version("visq"), "settings": [AREA, RATIO, JITTER, HUE]}


__all__ = ["AREA", "HUE", "JITTER", "RATIO", "coloured", "crop_box", "hue_shifted", "makers", "pair", "view"]
