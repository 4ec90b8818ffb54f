"""Random noise, and what is left of it after a filter. All levels of one picture share one pattern.

Amounts of Gaussian noise are variances in units of white squared, as MATLAB's `imnoise` takes them.
"""

from __future__ import annotations

import math

import numpy as np

from visq.distortions.blur import gaussian
from visq.distortions.planes import luma, to_pixels, to_planes
from visq.ops import filters
from visq.ops.colour import YCBCR

_FROM_YCBCR = np.linalg.inv(np.array(YCBCR))
# Of Cb and Cr, and of Y, in the studio range that MATLAB and scikit-image noise is added in.
_STUDIO_CHROMA, _STUDIO_LUMA = 224.0 / 255.0, 219.0 / 255.0


def gaussian_noise(pixels: np.ndarray, variance: float, *, rng: np.random.Generator) -> np.ndarray:
    """White Gaussian noise, independent in every channel.

    >>> noisy = gaussian_noise(np.full((64, 64, 1), 0.5), 0.01, rng=np.random.default_rng(0))
    >>> round(float(noisy.std()), 2)
    0.1
    """
    return pixels + math.sqrt(variance) * rng.standard_normal(pixels.shape)


def colour_noise(
    pixels: np.ndarray, variance: float, *, rng: np.random.Generator, luma_gain: float = 1.0
) -> np.ndarray:
    """White Gaussian noise on Y, Cb and Cr of BT.601 in studio range, divided by 255.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    variance : float
        Of the noise of each component.
    rng : numpy.random.Generator
        Draws the pattern.
    luma_gain : float
        Standard deviation on Y as a share of that on Cb and Cr.

    Returns
    -------
    array
        As `pixels`. A grey picture gets the noise of Y alone.
    """
    noise = math.sqrt(variance) * rng.standard_normal((*pixels.shape[:2], 3))
    brightness = noise[..., :1] * (luma_gain / _STUDIO_LUMA)
    if pixels.shape[2] == 1:
        return pixels + brightness
    blue, red = noise[..., 1:2] / _STUDIO_CHROMA, noise[..., 2:] / _STUDIO_CHROMA
    return pixels + brightness + blue * _FROM_YCBCR[:, 1] + red * _FROM_YCBCR[:, 2]


def impulse_noise(
    pixels: np.ndarray, share: float, *, rng: np.random.Generator, per_channel: bool = False
) -> np.ndarray:
    """Pixels set to black or to white, one half each ("salt and pepper").

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    share : float
        Of pixels, 0..1.
    rng : numpy.random.Generator
        Draws which; those of a small share are among those of a larger one.
    per_channel : bool
        Every channel by itself, as MATLAB's `imnoise` does, instead of whole pixels.

    Returns
    -------
    array
        As `pixels`.
    """
    draw = rng.random((*pixels.shape[:2], pixels.shape[2] if per_channel else 1))
    return np.where(draw < share / 2, 0.0, np.where(draw > 1 - share / 2, 1.0, pixels))


def multiplicative_noise(pixels: np.ndarray, variance: float, *, rng: np.random.Generator) -> np.ndarray:
    """Speckle: every value times one plus Gaussian noise, ``x (1 + n)``."""
    return pixels * (1.0 + math.sqrt(variance) * rng.standard_normal(pixels.shape))


def correlated_noise(
    pixels: np.ndarray, variance: float, *, rng: np.random.Generator, sigma: float = 1.0
) -> np.ndarray:
    """Gaussian noise that extends over neighbouring pixels: white noise blurred by `sigma` pixels, of that variance."""
    return pixels + math.sqrt(variance) * to_pixels(_unit(gaussian(_white(pixels, rng), sigma)))


def high_frequency_noise(
    pixels: np.ndarray, variance: float, *, rng: np.random.Generator, sigma: float = 1.0
) -> np.ndarray:
    """Gaussian noise of fine structure alone: white noise less its blur by `sigma` pixels, of that variance."""
    white = _white(pixels, rng)
    return pixels + math.sqrt(variance) * to_pixels(_unit(white - gaussian(white, sigma)))


def masked_noise(pixels: np.ndarray, strength: float, *, rng: np.random.Generator, size: int = 7) -> np.ndarray:
    """White noise that hides in texture: its standard deviation follows that of luma around each pixel.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    strength : float
        Standard deviation of the noise as a share of the local one of luma.
    rng : numpy.random.Generator
        Draws the pattern.
    size : int
        Side of the window in which luma's deviation is taken.

    Returns
    -------
    array
        As `pixels`. Flat parts keep a tiny noise, of 0.005 times `strength`.
    """
    y = luma(pixels)
    mean = filters.uniform(y, size, border="symmetric")
    spread = np.sqrt(np.clip(filters.uniform(y * y, size, border="symmetric") - mean * mean, 0.0, None))
    return pixels + strength * (spread + 0.005)[..., None] * rng.standard_normal(pixels.shape)


def denoise(pixels: np.ndarray, variance: float, *, rng: np.random.Generator) -> np.ndarray:
    """White Gaussian noise, clipped, and then smoothed away: by a Gaussian of 3 pixels or a mean over 5 x 5.

    Which filter it is, is drawn with equal chance.
    """
    by_gaussian = rng.random() < 0.5
    noisy = to_planes(np.clip(gaussian_noise(pixels, variance, rng=rng), 0.0, 1.0))
    smooth = gaussian(noisy, 3.0) if by_gaussian else filters.uniform(noisy, 5, border="replicate")
    return to_pixels(smooth)


def _white(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return to_planes(rng.standard_normal(pixels.shape))


def _unit(noise: np.ndarray) -> np.ndarray:
    """Noise of one variance in all, whatever the filter took; that of a picture of one pixel may vanish."""
    power = float(np.mean(noise * noise))
    return noise / math.sqrt(power) if power > 0 else noise


__all__ = [
    "colour_noise",
    "correlated_noise",
    "denoise",
    "gaussian_noise",
    "high_frequency_noise",
    "impulse_noise",
    "masked_noise",
    "multiplicative_noise",
]
