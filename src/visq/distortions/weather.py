"""Haze, fog and rain. No depth of the scene is known: `visq.distortions.light.distance` stands for it."""

from __future__ import annotations

import math

import numpy as np

from visq.distortions.blur import convolve
from visq.distortions.light import distance, encoded_light, linear_light, smooth_field

#: Light that haze sends back where nothing is seen through it, linear: an overcast sky, and a thin haze in the sun.
OVERCAST, SUNLIT = (0.55, 0.56, 0.57), (0.66, 0.70, 0.76)


def haze(
    pixels: np.ndarray,
    amount: float,
    *,
    rng: np.random.Generator,
    airlight: tuple[float, float, float] = SUNLIT,
    patches: float = 0.0,
) -> np.ndarray:
    """Scattering on the way: ``I = J t + A (1 - t)`` in linear light, with ``t = exp(-amount d)``.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1, sRGB: `J`, the picture in clear air.
    amount : float
        Optical depth at the farthest distance: the scattering coefficient times that distance.
    rng : numpy.random.Generator
        Shape of the surrogate of the distance `d`, the same at all levels.
    airlight : three floats
        `A`, linear light of R, G, B; of a grey picture their mean.
    patches : float
        How unevenly the air is filled: spread of the logarithm of its density from place to place.

    References
    ----------
    H. Koschmieder, "Theorie der horizontalen Sichtweite", 1924; S. G. Narasimhan, S. K. Nayar, "Vision and the
    atmosphere", Int. J. Computer Vision 48(3), 2002. RESIDE (B. Li et al., IEEE Trans. Image Processing 28(1), 2019)
    takes scattering coefficients of 0.6 to 1.8 and airlight of 0.7 to 1 of encoded values.

    Examples
    --------
    >>> black = np.zeros((8, 8, 1))
    >>> thick = haze(black, 9.0, rng=np.random.default_rng(0))[0]
    >>> bool(abs(thick.mean() - encoded_light(np.array(sum(SUNLIT) / 3))) < 0.02)
    True
    """
    shape = pixels.shape[:2]
    depth = distance(shape, rng)
    if patches > 0:
        density = sum(smooth_field(shape, rng, 3 * 2**octave) / 2**octave for octave in range(4))
        depth = depth * np.exp(patches * density / 1.15)  # the octaves' common spread
    through = np.exp(-amount * depth)[..., None]
    return encoded_light(linear_light(pixels) * through + _light(airlight, pixels) * (1.0 - through))


def rain(pixels: np.ndarray, amount: float, *, rng: np.random.Generator, veil: float = 0.6) -> np.ndarray:
    """Streaks of falling drops, near and far, before a scene that their spray veils.

    Drops are drawn as points, smeared along one direction by the exposure, and brighten what is behind them towards
    the sky's light; those of a lighter rain are among those of a heavier one.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1, sRGB.
    amount : float
        Share of the picture that streaks would cover side by side.
    rng : numpy.random.Generator
        Direction, places and brightness of the drops.
    veil : float
        Optical depth of the spray at the farthest distance, at an amount of 1.

    References
    ----------
    K. Garg, S. K. Nayar, "Vision and rain", Int. J. Computer Vision 75(1), 2007: streaks brighten, hardly depend on
    what is behind them, and far ones merge into fog. The layers and their sizes are our own.
    """
    height, width = pixels.shape[:2]
    lean = rng.uniform(-12.0, 12.0)
    seen = haze(pixels, veil * amount, rng=rng, airlight=OVERCAST)
    opacity = np.zeros((height, width))
    side = max(height, width)
    for share, length, breadth, strength in ((0.6, side / 35, side / 1200, 0.4), (0.4, side / 14, side / 650, 0.5)):
        kernel = streak(max(length, 2.0), max(breadth, 0.35), lean)
        place, light = rng.random((height, width)), rng.uniform(0.3, 1.0, (height, width))
        drops = np.where(place < share * amount / np.count_nonzero(kernel > 0.5), light, 0.0)
        opacity = np.maximum(opacity, strength * np.clip(convolve(drops, kernel), 0.0, 1.0))
    light = linear_light(seen)
    return encoded_light(light + opacity[..., None] * (0.9 * _light(OVERCAST, pixels) + 0.1 - light).clip(0.0))


def streak(length: float, breadth: float, lean: float) -> np.ndarray:
    """Opacity `(rows, columns)` of a drop's streak: a line, `lean` degrees from upright, Gaussian across, soft ends."""
    reach = math.ceil(length / 2 + 2 * breadth) + 1
    aside = math.ceil(reach * abs(math.sin(math.radians(lean))) + 3 * breadth) + 1
    y, x = np.mgrid[-reach : reach + 1, -aside : aside + 1].astype(np.float64)
    sine, cosine = math.sin(math.radians(lean)), math.cos(math.radians(lean))
    along, across = x * sine + y * cosine, x * cosine - y * sine
    ends = np.clip((length / 2 - np.abs(along)) / (0.3 * length) + 0.5, 0.0, 1.0)
    return ends * np.exp(-0.5 * (across / breadth) ** 2)


def _light(colour: tuple[float, float, float], pixels: np.ndarray) -> np.ndarray:
    """A colour for three channels, or its mean for one."""
    return np.array(colour) if pixels.shape[2] == 3 else np.array([sum(colour) / 3.0])


__all__ = ["OVERCAST", "SUNLIT", "haze", "rain", "streak"]
