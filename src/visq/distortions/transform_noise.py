"""Noise, denoising and coarse coding in the domain of 8 x 8 cosine transforms."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from visq.distortions.planes import to_pixels, to_planes
from visq.ops import filters
from visq.ops.dct import block_dct, inverse_block_dct

_SIZE = 8


def denoise_dct(
    pixels: np.ndarray, variance: float, *, rng: np.random.Generator, threshold: float = 2.7, step: int = 4
) -> np.ndarray:
    """White Gaussian noise, clipped, then removed by hard thresholds on cosine transforms of overlapping blocks.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    variance : float
        Of the noise, in units of white squared.
    rng : numpy.random.Generator
        Draws the noise.
    threshold : float
        Coefficients below so many standard deviations of the noise are set to zero.
    step : int
        Distance of neighbouring blocks of 8 x 8 pixels, a divisor of 8; what they give is averaged.

    Returns
    -------
    array
        As `pixels`.

    References
    ----------
    The sliding transform filter of the authors of TID2008: V. Lukin et al., "Image filtering based on discrete cosine
    transform", Telecommunications and Radio Engineering 66(18), 2007.
    """
    deviation = math.sqrt(variance)
    noisy = to_planes(np.clip(pixels + deviation * rng.standard_normal(pixels.shape), 0.0, 1.0))
    if deviation == 0:
        return to_pixels(noisy)
    limit = threshold * deviation

    def keep(blocks: np.ndarray) -> np.ndarray:
        mean = blocks[..., 0, 0].copy()
        blocks[np.abs(blocks) < limit] = 0.0
        blocks[..., 0, 0] = mean
        return blocks

    total = np.zeros_like(noisy)
    offsets = range(0, _SIZE, step)
    for down in offsets:
        for across in offsets:
            total += in_blocks(noisy, keep, down, across)
    return to_pixels(total / len(offsets) ** 2)


def comfort_noise(pixels: np.ndarray, limit: float, *, rng: np.random.Generator) -> np.ndarray:
    """Texture exchanged for other texture: small coefficients of 8 x 8 cosine transforms get a random sign.

    A decoder that fills in noise where fine detail was thrown away gives such pictures.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    limit : float
        Coefficients of less than this, in units of white times 8, may change their sign; the mean never does.
    rng : numpy.random.Generator
        Draws the signs.

    Returns
    -------
    array
        As `pixels`.
    """
    planes = to_planes(pixels)

    def scramble(blocks: np.ndarray) -> np.ndarray:
        flipped = (rng.random(blocks.shape) < 0.5) & (np.abs(blocks) < limit * _SIZE)
        flipped[..., 0, 0] = False
        blocks[flipped] *= -1.0
        return blocks

    return to_pixels(in_blocks(planes, scramble))


def code_noisy(pixels: np.ndarray, variance: float, *, rng: np.random.Generator, steps: float = 3.0) -> np.ndarray:
    """White Gaussian noise, then lossy coding: 8 x 8 cosine transforms rounded to multiples of one step.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    variance : float
        Of the noise, in units of white squared.
    rng : numpy.random.Generator
        Draws the noise.
    steps : float
        Quantisation step in standard deviations of the noise.

    Returns
    -------
    array
        As `pixels`.
    """
    deviation = math.sqrt(variance)
    noisy = to_planes(np.clip(pixels + deviation * rng.standard_normal(pixels.shape), 0.0, 1.0))
    if deviation == 0:
        return to_pixels(noisy)
    step = steps * deviation
    return to_pixels(in_blocks(noisy, lambda blocks: np.rint(blocks / step) * step))


def in_blocks(
    planes: np.ndarray, change: Callable[[np.ndarray], np.ndarray], down: int = 0, across: int = 0
) -> np.ndarray:
    """Transform blocks of 8 x 8, the first of which begins `down`, `across` before the picture, change and put back.

    `change` takes and gives `(C, rows, columns, 8, 8)` coefficients and may write into them. Outside the picture
    lies its mirror image.
    """
    height, width = planes.shape[-2:]
    bottom, right = (-(n + before) % _SIZE for n, before in ((height, down), (width, across)))
    padded = filters.pad(planes, down, bottom, across, right, border="symmetric")
    whole = inverse_block_dct(change(block_dct(padded, _SIZE, _SIZE)))
    return whole[..., down : down + height, across : across + width]


__all__ = ["code_noisy", "comfort_noise", "denoise_dct", "in_blocks"]
