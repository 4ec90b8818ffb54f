"""Damage in places: foreign blocks, moved patches, trembling pixels, missing samples."""

from __future__ import annotations

import math

import numpy as np

from visq.distortions.blur import gaussian
from visq.distortions.planes import to_pixels, to_planes
from visq.ops.resize import contributions
from visq.ops.warp import warp


def colour_blocks(pixels: np.ndarray, count: float, *, rng: np.random.Generator, side: int = 32) -> np.ndarray:
    """Squares of one random colour each, at random places; those of a small count are among those of a larger one.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    count : float
        How many, rounded to a whole number.
    rng : numpy.random.Generator
        Draws places and colours.
    side : int
        Of a square in pixels; a smaller picture is covered whole.

    Returns
    -------
    array
        As `pixels`.
    """
    out = pixels.copy()
    rows, columns = (min(side, n) for n in pixels.shape[:2])
    for _ in range(round(count)):
        colour = rng.random(3)[: pixels.shape[2]]
        top, left = _place(rng, pixels.shape[0] - rows), _place(rng, pixels.shape[1] - columns)
        out[top : top + rows, left : left + columns] = colour
    return out


def block_offsets(
    pixels: np.ndarray, count: float, *, rng: np.random.Generator, side: int = 32, psnr: float = 25.0
) -> np.ndarray:
    """Squares made lighter or darker: few of them much, many of them little, for about one mean squared error.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    count : float
        How many squares, rounded to a whole number.
    rng : numpy.random.Generator
        Draws places and signs.
    side : int
        Of a square in pixels; less in a picture too small for that many.
    psnr : float
        What the squares would give where none overlap and nothing is clipped.

    Returns
    -------
    array
        As `pixels`.
    """
    height, width = pixels.shape[:2]
    number = max(round(count), 1)
    side = max(1, min(side, height, width, int(math.sqrt(height * width / number))))
    offset = math.sqrt(10 ** (-psnr / 10) * height * width / (number * side * side))
    out = pixels.copy()
    for _ in range(number):
        sign = 1.0 if rng.random() < 0.5 else -1.0
        top, left = _place(rng, height - side), _place(rng, width - side)
        out[top : top + side, left : left + side] += sign * offset
    return out


def move_patches(
    pixels: np.ndarray, count: float, *, rng: np.random.Generator, side: int = 16, reach: int = 8
) -> np.ndarray:
    """Patches copied to a place nearby ("non-eccentricity pattern"), each from what the ones before it have left.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    count : float
        How many, rounded to a whole number.
    rng : numpy.random.Generator
        Draws places; those of a small count are among those of a larger one.
    side : int
        Of a patch in pixels; less in a picture too small for it.
    reach : int
        Largest displacement in either direction. Twice that is kept free at the borders where there is room.

    Returns
    -------
    array
        As `pixels`.
    """
    out = pixels.copy()
    height, width = pixels.shape[:2]
    rows, columns = min(side, height), min(side, width)
    margins = [min(2 * reach, (n - m) // 2) for n, m in ((height, rows), (width, columns))]
    for _ in range(round(count)):
        top = margins[0] + _place(rng, height - rows - 2 * margins[0])
        left = margins[1] + _place(rng, width - columns - 2 * margins[1])
        down, across = (math.floor((u - 0.5) * 2 * reach) for u in rng.random(2))
        to_top = min(max(top + down, 0), height - rows)
        to_left = min(max(left + across, 0), width - columns)
        patch = out[top : top + rows, left : left + columns].copy()
        out[to_top : to_top + rows, to_left : to_left + columns] = patch
    return out


def jitter(pixels: np.ndarray, amount: float, *, rng: np.random.Generator, passes: int = 5) -> np.ndarray:
    """Every pixel displaced by itself, several times over.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    amount : float
        Standard deviation in pixels of each displacement, down and across.
    rng : numpy.random.Generator
        Draws them.
    passes : int
        How many times the picture is interpolated, cubic, and clipped.

    Returns
    -------
    array
        As `pixels`.
    """
    planes = to_planes(pixels)
    for _ in range(passes):
        down, across = amount * rng.standard_normal((2, *pixels.shape[:2]))
        planes = np.clip(warp(planes, down, across), 0.0, 1.0)
    return to_pixels(planes)


def pixelate(
    pixels: np.ndarray, strength: float, *, rng: np.random.Generator | None = None, round_up: bool = False
) -> np.ndarray:
    """Fewer, larger pixels: the nearest ones of a picture ``0.95 - strength ** 0.6`` times as large.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    strength : float
        0..0.85; a side keeps at least one pixel.
    rng : numpy.random.Generator
        Not used.
    round_up : bool
        The smaller picture's sides are rounded up, as by MATLAB's `imresize`, and not down.

    Returns
    -------
    array
        As `pixels`.
    """
    scale = max(0.95 - strength**0.6, 1e-6)
    integer = math.ceil if round_up else math.floor
    rows, columns = (_kept(n, max(1, integer(n * scale)), scale if round_up else 0.0) for n in pixels.shape[:2])
    return pixels[np.ix_(rows, columns)]


def sparse_samples(pixels: np.ndarray, dropped: float, *, rng: np.random.Generator) -> np.ndarray:
    """Pixels that are missing, filled in from their neighbours.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    dropped : float
        Share of pixels that is missing, 0..0.98.
    rng : numpy.random.Generator
        Draws which; those of a small share are among those of a larger one.

    Returns
    -------
    array
        As `pixels`: what is there stays, the rest is the Gaussian-weighted mean of what is there, over a distance that
        grows as samples get scarce.
    """
    draw = rng.random(pixels.shape[:2])
    share = min(max(dropped, 0.0), 0.98)
    present = draw >= share
    if share == 0.0 or not present.any():
        return pixels.copy()
    sigma = 0.6 / math.sqrt(1.0 - share)
    weight = present.astype(np.float64)
    stacked = np.concatenate([weight[None], to_planes(pixels) * weight])
    found = gaussian(stacked, sigma)
    # Far from every sample the near weights vanish: a wide mean stands in.
    wide = gaussian(stacked, 4.0 * sigma, 3.0)
    mean = pixels[present].mean(axis=0)[:, None, None]
    filled = (found[1:] + 1e-3 * wide[1:] + 1e-9 * mean) / (found[0] + 1e-3 * wide[0] + 1e-9)
    return np.where(present[..., None], pixels, to_pixels(filled))


def _place(rng: np.random.Generator, room: int) -> int:
    return int(rng.random() * (max(room, 0) + 1))


def _kept(length: int, fewer: int, scale: float) -> np.ndarray:
    """Which pixel of `length` each shows after the nearest of `fewer` were taken and enlarged again."""
    down = _nearest(length, fewer, scale or fewer / length)
    return down[_nearest(fewer, length, length / fewer)]


def _nearest(length: int, out_length: int, scale: float) -> np.ndarray:
    index, weights = contributions(length, out_length, scale, "nearest", False)
    return index[np.arange(out_length), weights.argmax(axis=1)]


__all__ = [
    "block_offsets",
    "colour_blocks",
    "jitter",
    "move_patches",
    "pixelate",
    "sparse_samples",
]
