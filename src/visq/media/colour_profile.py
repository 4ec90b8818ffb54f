"""Embedded ICC profiles to sRGB, by Little CMS."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from visq.media.source import printable

_SPACES = {"L": "GRAY", "RGB": "RGB ", "CMYK": "CMYK"}
_NAMES = {"L": "grey", "RGB": "RGB", "CMYK": "CMYK"}
# Large ones of printers have about three megabytes.
MAX_BYTES = 16 * 2**20
# A profile within this many 8-bit levels of sRGB everywhere is sRGB: converting would only add rounding.
_SAME = 1


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile is good for.

    Attributes
    ----------
    name : str
        Its own description, on one line.
    srgb : bool
        Whether it is sRGB within one level.
    unusable : str
        Why it cannot be applied, empty where it can.
    """

    name: str = ""
    srgb: bool = False
    unusable: str = ""


@functools.lru_cache(maxsize=8)
def examine(icc: bytes, mode: str) -> Profile:
    """Judge a profile for pixels of `mode` (`L`, `RGB`, `CMYK`) by applying it to a grid of colours."""
    from PIL import Image, ImageCms

    if len(icc) > MAX_BYTES:
        return Profile(unusable="the profile is larger than any real one")
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc)).profile
        space = profile.xcolor_space
        name = printable((profile.profile_description or "unnamed").strip()[:60])
    except Exception:
        return Profile(unusable="the profile is damaged")
    if space != _SPACES[mode]:
        return Profile(name, unusable=f"a {space.strip()} profile in a {_NAMES[mode]} image")
    try:
        transform = _build(icc, mode)
        if mode == "CMYK":
            return Profile(name)
        before = _grid(mode)
        after = np.asarray(transform.apply(Image.fromarray(before)))
        if mode == "L":
            after = after[..., 1]
    except Exception:
        return Profile(name, unusable="the profile has no usable transform")
    return Profile(name, srgb=int(np.abs(before.astype(int) - after).max()) <= _SAME)


def _grid(mode: str) -> np.ndarray:
    """All greys, or colours all over the cube."""
    if mode == "L":
        return np.arange(256, dtype=np.uint8).reshape(16, 16)
    steps = np.linspace(0, 255, 18).round().astype(np.uint8)
    return np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(18, -1, 3)


def converter(icc: bytes, mode: str) -> Any:
    """A function from a Pillow image of `mode` to an array: `(H, W)` for `L`, else `(H, W, 3)`, sRGB."""
    transform = _build(icc, mode)

    def convert(image: Any) -> np.ndarray:
        pixels = np.asarray(transform.apply(image))
        # Grey goes to neutral sRGB: the channels differ by rounding at most, and green is kept.
        return pixels[..., 1] if mode == "L" else pixels

    return convert


def _build(icc: bytes, mode: str) -> Any:
    from PIL import ImageCms

    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(icc)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
