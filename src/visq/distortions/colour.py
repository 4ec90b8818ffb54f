"""Colour: bleeding, misplaced channels, too little or too much saturation, few colours.

What changes colour alone leaves a grey picture as it is.
"""

from __future__ import annotations

import math

import numpy as np

from visq.distortions.blur import gaussian
from visq.distortions.palette import minimum_variance_palette
from visq.distortions.planes import luma, to_pixels, to_planes, weighted
from visq.ops import filters
from visq.ops.colour import YCBCR
from visq.ops.lab import rgb_to_lab
from visq.ops.lab_inverse import lab_to_rgb
from visq.ops.warp import warp


def colour_diffuse(pixels: np.ndarray, amount: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Colour that runs: a* and b* blurred by ``1.5 a + 2`` pixels and multiplied by `a`, lightness kept."""
    if pixels.shape[2] == 1:
        return pixels.copy()
    lab = rgb_to_lab(to_planes(pixels))
    lab[1:] = amount * gaussian(lab[1:], 1.5 * amount + 2.0)
    return to_pixels(lab_to_rgb(lab))


def colour_shift(pixels: np.ndarray, length: float, *, rng: np.random.Generator) -> np.ndarray:
    """Green displaced by `length` pixels down and to the right where there are edges.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    length : float
        Of the displacement, whose two parts are rounded to whole pixels.
    rng : numpy.random.Generator
        Draws the direction: two uniform numbers, scaled to that length.

    Returns
    -------
    array
        As `pixels`: ``e g' + (1 - e) g`` for green, where the mask `e` is the gradient magnitude of luma, blurred by 4
        pixels, between its 1st and 99th percentile.
    """
    direction = rng.random(2) + 1e-12
    if pixels.shape[2] == 1:
        return pixels.copy()
    down, across = (round(float(v)) for v in direction / math.hypot(*direction) * length)
    mask = _edge_mask(luma(pixels))
    green = pixels[..., 1]
    moved = filters.pad(green, down, 0, across, 0, border="symmetric")[: green.shape[0], : green.shape[1]]
    out = pixels.copy()
    out[..., 1] = mask * moved + (1.0 - mask) * green
    return out


def saturate_hsv(pixels: np.ndarray, factor: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """HSV saturation times `factor`: every channel's distance from the largest one, times `factor`.

    Below 0 colours turn into their opposites, lighter than the brightest channel was.

    >>> saturate_hsv(np.array([[[0.8, 0.4, 0.2]]]), 0.5).ravel().round(3).tolist()
    [0.8, 0.6, 0.5]
    """
    top = pixels.max(axis=2, keepdims=True)
    return np.clip(top - factor * (top - pixels), 0.0, 1.0)


def saturate_lab(pixels: np.ndarray, factor: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """CIELab a* and b* times `factor`, lightness kept."""
    if pixels.shape[2] == 1:
        return pixels.copy()
    lab = rgb_to_lab(to_planes(pixels))
    lab[1:] *= factor
    return to_pixels(lab_to_rgb(lab))


def saturate_ycbcr(pixels: np.ndarray, factor: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Distance of every channel from BT.601 luma times `factor`: luma is kept, Cb and Cr are scaled.

    >>> saturate_ycbcr(np.array([[[0.8, 0.4, 0.2]]]), 0.0).ravel().round(4).tolist()
    [0.4968, 0.4968, 0.4968]
    """
    if pixels.shape[2] == 1:
        return pixels.copy()
    brightness = weighted(pixels, YCBCR[0])[..., None]
    return brightness + factor * (pixels - brightness)


def few_colours(pixels: np.ndarray, colours: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """A palette of the picture's own colours, and error diffusion between them.

    The palette is that of minimum variance; the error is diffused as Floyd and Steinberg do it, by Pillow, on 8 bits.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    colours : float
        How many, 2 to 256, rounded to a whole number.
    rng : numpy.random.Generator
        Not used.

    Returns
    -------
    array
        As `pixels`, values that 8 bits hold.
    """
    from PIL import Image

    codes = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.uint8)
    if codes.shape[2] == 1:
        codes = np.repeat(codes, 3, axis=2)
    codes = np.ascontiguousarray(codes)
    palette = Image.new("P", (1, 1))
    palette.putpalette(minimum_variance_palette(codes, min(max(round(colours), 2), 256)).ravel().tolist())
    found = Image.fromarray(codes).quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB")
    return np.asarray(found, np.float64)[..., : pixels.shape[2]] / 255.0


def chromatic_aberration(pixels: np.ndarray, amount: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Red drawn larger and blue smaller than green, by `amount` pixels each at the corners of the picture."""
    height, width, channels = pixels.shape
    if channels == 1:
        return pixels.copy()
    y, x = np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    reach = max(math.hypot(y[-1], x[-1]), 0.5)
    down = np.broadcast_to((y * (amount / reach))[:, None], (height, width))
    across = np.broadcast_to(x * (amount / reach), (height, width))
    planes = to_planes(pixels)
    red, blue = warp(planes[:1], down, across), warp(planes[2:], -down, -across)
    return to_pixels(np.concatenate([red, planes[1:2], blue]))


def _edge_mask(y: np.ndarray) -> np.ndarray:
    steps = [np.gradient(y, axis=axis) if y.shape[axis] > 1 else np.zeros_like(y) for axis in (0, 1)]
    strength = gaussian(np.hypot(*steps), 4.0)
    low, high = np.percentile(strength, [1.0, 99.0])
    if high - low < 1e-9:
        return np.zeros_like(y)
    return (np.clip(strength, low, high) - low) / (high - low)


__all__ = [
    "chromatic_aberration",
    "colour_diffuse",
    "colour_shift",
    "few_colours",
    "saturate_hsv",
    "saturate_lab",
    "saturate_ycbcr",
]
