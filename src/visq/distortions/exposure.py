"""Too much or too little light, counted in stops: factors of two of linear light."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.distortions.compression import eight_bit
from visq.distortions.light import encoded_light, linear_light
from visq.distortions.sensor import READ_NOISE, exposed


def overexposure(pixels: np.ndarray, amount: float, *, rng: Any = None) -> np.ndarray:
    """Linear light times ``2 ** amount``, clipped at white: highlights are lost, channel by channel.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1, sRGB.
    amount : float
        Stops.
    rng : ignored

    Examples
    --------
    >>> overexposure(np.array([[[0.2], [0.5], [0.9]]]), 1.0).round(3).ravel().tolist()
    [0.285, 0.686, 1.0]
    """
    return encoded_light(linear_light(pixels) * 2.0**amount)


def underexposure(pixels: np.ndarray, amount: float, *, rng: Any = None) -> np.ndarray:
    """Linear light divided by ``2 ** amount``; nothing is clipped, but few of 8 bits are left.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1, sRGB.
    amount : float
        Stops.
    rng : ignored
    """
    return encoded_light(linear_light(pixels) * 2.0**-amount)


def low_light(
    pixels: np.ndarray,
    amount: float,
    *,
    rng: np.random.Generator,
    photons: float = 4000.0,
    read_noise: float = READ_NOISE,
    lifted: float = 0.0,
) -> np.ndarray:
    """A scene with less light than the camera is set for, with the noise of its sensor, as it is or brightened.

    Light is divided by ``2 ** amount`` and counted by `visq.distortions.sensor`; the dark picture is encoded and
    rounded to 8 bits. With `lifted` it is then brightened by that share of the missing stops, and its noise and its
    few levels with it.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1, sRGB.
    amount : float
        Stops of light that are missing.
    rng : numpy.random.Generator
    photons : float
        Counted at white of the dark picture, which fewer parts of the scene reach the darker it is.
    read_noise : float
        Standard deviation of the electronics, in photons counted.
    lifted : float
        0: left dark; 1: brightened to where it was.
    """
    counted = exposed(linear_light(pixels) * 2.0**-amount, photons, rng, read_noise)
    dark = encoded_light(counted)
    if lifted <= 0:
        return dark
    stored = eight_bit(dark).reshape(pixels.shape) / 255.0
    return encoded_light(linear_light(stored) * 2.0 ** (amount * lifted))


__all__ = ["low_light", "overexposure", "underexposure"]
