"""What a display or its electronics do to a picture: bands, dither, ringing filters, a wrong tone curve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.special import j1

from visq.distortions.blur import convolve, gaussian
from visq.distortions.planes import luma, to_pixels, to_planes

_REACH = 6.75  # of the ringing kernel, in half waves


def banding(pixels: np.ndarray, amount: float, *, rng: Any = None, busy: float = 0.12) -> np.ndarray:
    """Smooth shades fall into `amount` even levels a channel, where there is no detail that would hide it.

    What denoising before a display of few bits, or before a video encoder, makes of skies and walls: the picture is
    smoothed (Gaussian, 2 pixels), rounded to the levels, and taken in where the range of luma within 7 x 7 pixels is
    small. `quantize` rounds everything, and noise then hides the bands.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1. Border pixels are repeated outwards.
    amount : float
        Levels a channel, at least 2, rounded to a whole number; 64 are 6 bits.
    rng : ignored
    busy : float
        Range of luma from which on a place keeps its detail; from half of it on it is mixed.
    """
    planes = to_planes(pixels)
    steps = _steps(amount)
    bands = np.rint(np.clip(to_pixels(gaussian(planes, 2.0)), 0.0, 1.0) * steps) / steps
    grey = luma(pixels)
    spread = ndimage.maximum_filter(grey, 7, mode="nearest") - ndimage.minimum_filter(grey, 7, mode="nearest")
    share = gaussian(np.clip(2.0 - 2.0 * spread / busy, 0.0, 1.0), 1.5)[..., None]
    return pixels + share * (bands - pixels)


def ordered_dither(pixels: np.ndarray, amount: float, *, rng: Any = None) -> np.ndarray:
    """`amount` even levels a channel, and the pattern of Bayer's 8 x 8 thresholds for the shades between them.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1.
    amount : float
        Levels a channel, at least 2, rounded to a whole number.
    rng : ignored

    References
    ----------
    B. E. Bayer, "An optimum method for two-level rendition of continuous-tone pictures", IEEE International Conference
    on Communications, 1973.

    Examples
    --------
    >>> float(ordered_dither(np.full((8, 8, 1), 0.25), 2).mean())
    0.25
    """
    steps = _steps(amount)
    height, width = pixels.shape[:2]
    thresholds = np.tile(_BAYER, (-(-height // 8), -(-width // 8)))[:height, :width, None]
    return np.minimum(np.floor(np.clip(pixels, 0.0, 1.0) * steps + thresholds), steps) / steps


def _steps(amount: float) -> float:
    return max(float(np.rint(amount)), 2.0) - 1.0


def _bayer(order: int) -> np.ndarray:
    """Thresholds `(2 ** order, 2 ** order)`, evenly spaced between 0 and 1."""
    places = np.zeros((1, 1))
    for _ in range(order):
        places = np.block([[4 * places, 4 * places + 2], [4 * places + 3, 4 * places + 1]])
    return (places + 0.5) / places.size


_BAYER = _bayer(3)


def ringing(pixels: np.ndarray, amount: float, *, rng: Any = None) -> np.ndarray:
    """An ideal low-pass filter of short reach: waves beside every edge, and what lies beyond the cut-off lost.

    The kernel is that of a circular pass band, ``f J1(pi f r) / (2 r)``, cut without a window at a distance of 6.75 of
    its half waves, where it happens to add up to 1, and divided by its sum. So the pass band stays at 1 within a
    twentieth, and a step overshoots as that of an ideal filter does, by 9 %.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1. Border pixels are repeated outwards.
    amount : float
        Cut-off, in shares of the highest frequency of the grid, above 0 to 1: the lower, the coarser the waves.
    rng : ignored

    References
    ----------
    J. W. Gibbs, "Fourier's series", Nature 59, 1899. X. Wang, L. Xie, C. Dong, Y. Shan, "Real-ESRGAN", ICCV Workshops
    2021, degrade pictures with this filter at cut-offs of 1/3 and more.
    """
    reach = math.ceil(_REACH / amount)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(np.float64)
    radius = np.hypot(x, y)
    safe = np.where(radius > 0, radius, 1.0)
    kernel = np.where(radius > 0, amount * j1(np.pi * amount * safe) / (2.0 * safe), np.pi * amount**2 / 4.0)
    kernel[radius > _REACH / amount] = 0.0
    return to_pixels(convolve(to_planes(pixels), kernel / kernel.sum()))


def gamma_error(pixels: np.ndarray, amount: float, *, rng: Any = None) -> np.ndarray:
    """Code values raised to the power `amount`: shown with a tone curve that is not the picture's.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1.
    amount : float
        Exponent, above 0: more than 1 darkens the middle tones, less brightens them.
    rng : ignored

    Examples
    --------
    >>> gamma_error(np.array([[[0.0], [0.5], [1.0]]]), 2.0).ravel().tolist()
    [0.0, 0.25, 1.0]
    """
    return np.clip(pixels, 0.0, 1.0) ** amount


__all__ = ["banding", "gamma_error", "ordered_dither", "ringing"]
