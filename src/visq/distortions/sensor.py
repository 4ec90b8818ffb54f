"""Noise of an image sensor, where it arises: photons and electrons in linear light, with or without a colour mosaic."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import correlate
from scipy.special import ndtr

from visq.distortions.light import encoded_light, linear_light

READ_NOISE = 2.5  # electrons: of the order of present sensors at high gain
#: How much less light reaches red and blue photosites than green ones in daylight: usual white-balance gains.
WHITE_BALANCE = (2.0, 1.0, 1.5)
_TABLE_UP_TO = 32.0
_STRIP = 1 << 14

# Malvar, He, Cutler (2004), in eighths: green at red and blue; a colour in its own row at green; at the other colour.
_CROSS = np.array([[0, 0, -1, 0, 0], [0, 0, 2, 0, 0], [-1, 2, 4, 2, -1], [0, 0, 2, 0, 0], [0, 0, -1, 0, 0]]) / 8
_ROW = np.array([[0, 0, 0.5, 0, 0], [0, -1, 0, -1, 0], [-1, 4, 5, 4, -1], [0, -1, 0, -1, 0], [0, 0, 0.5, 0, 0]]) / 8
_OTHER = np.array([[0, 0, -1.5, 0, 0], [0, 2, 0, 2, 0], [-1.5, 0, 6, 0, -1.5], [0, 2, 0, 2, 0], [0, 0, -1.5, 0, 0]]) / 8


def sensor_noise(
    pixels: np.ndarray, amount: float, *, rng: np.random.Generator, read_noise: float = READ_NOISE
) -> np.ndarray:
    """Poisson-Gaussian noise in linear light, independent in every pixel and channel.

    With linear light `v` in 0..1 and `N` photons at white, ``v' = (P(N v) + s G) / N``, where `P` is Poisson, `G`
    standard normal and `s` the read noise; the result is clipped to 0..1 and encoded again.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1, sRGB.
    amount : float
        Photons counted at white: the fewer, the noisier. A full daylight exposure has some ten thousand.
    rng : numpy.random.Generator
        One normal pair a sample, whatever the amount: all levels share one realisation.
    read_noise : float
        Standard deviation of the electronics, in photons counted.

    References
    ----------
    A. Foi, M. Trimeche, V. Katkovnik, K. Egiazarian, "Practical Poissonian-Gaussian noise modeling and fitting for
    single-image raw-data", IEEE Trans. Image Processing 17(10), 2008.

    Examples
    --------
    >>> grey = np.full((64, 64, 1), 0.5)
    >>> few, many = (sensor_noise(grey, n, rng=np.random.default_rng(0)).std() for n in (50, 5000))
    >>> bool(few > 5 * many > 0)
    True
    """
    return encoded_light(exposed(linear_light(pixels), amount, rng, read_noise))


def raw_noise(
    pixels: np.ndarray, amount: float, *, rng: np.random.Generator, read_noise: float = READ_NOISE
) -> np.ndarray:
    """Noise of a sensor with a Bayer mosaic, and what demosaicking makes of it and of fine detail.

    Linear light is sampled through red, green, green and blue filters (top left red), each photosite counts photons,
    red and blue ones fewer of them, and the colours are interpolated by the linear filters of Malvar, He and Cutler.
    Noise so becomes coarser and coloured, and fine stripes get false colours even without it. A grey picture has no
    mosaic; it gets `sensor_noise`.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1, sRGB.
    amount : float
        Photons counted at white by a green photosite.
    rng : numpy.random.Generator
    read_noise : float
        Standard deviation of the electronics, in photons counted.

    References
    ----------
    H. S. Malvar, L. He, R. Cutler, "High-quality linear interpolation for demosaicing of Bayer-patterned color images",
    ICASSP 2004. The white-balance gains 2 and 1.5 are typical of daylight, not those of one camera.
    """
    light = linear_light(pixels)
    if light.shape[2] == 1:
        return encoded_light(exposed(light, amount, rng, read_noise))
    mosaic, photons = np.empty(light.shape[:2]), np.empty(light.shape[:2])
    for rows, columns, colour in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        mosaic[rows::2, columns::2] = light[rows::2, columns::2, colour]
        photons[rows::2, columns::2] = amount / WHITE_BALANCE[colour]
    return encoded_light(_demosaicked(exposed(mosaic, photons, rng, read_noise)))


def exposed(light: np.ndarray, photons: float | np.ndarray, rng: np.random.Generator, read_noise: float) -> np.ndarray:
    """Linear light as counted with `photons` at 1, not clipped."""
    counted = poisson_quantile(light * photons, rng.standard_normal(light.shape))
    return (counted + read_noise * rng.standard_normal(light.shape)) / photons


def poisson_quantile(mean: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Poisson counts of the given means that lie where `normal` does in the standard normal distribution.

    Unlike a sampler it takes one number a count, whatever the mean, and the count rises with the mean. Up to a mean
    of 32 it adds up the probabilities; above, Cornish and Fisher's expansion to the order of ``1 / sqrt(mean)`` is off
    by one in a few of a thousand.

    References
    ----------
    M. B. Giles, "Algorithm 955: approximation of the inverse Poisson cumulative distribution function", ACM Trans.
    Mathematical Software 42(1), 2016.

    Examples
    --------
    >>> poisson_quantile(np.array([0.0, 3.0, 100.0]), np.zeros(3)).tolist()
    [0.0, 3.0, 100.0]
    """
    mean = np.asarray(mean, dtype=np.float64)
    root = np.sqrt(np.maximum(mean, 1.0))
    z = normal
    counts = np.floor(mean + root * z + (1.0 / 3.0 + z**2 / 6.0) - (z / 36.0 + z**3 / 72.0) / root)
    low = mean < _TABLE_UP_TO
    few, below = mean[low], ndtr(z[low])
    # In strips that stay in the processor's cache, and of which most are done after few terms.
    parts = [_added_up(few[i : i + _STRIP], below[i : i + _STRIP]) for i in range(0, few.size, _STRIP)]
    counts[low] = np.concatenate(parts or [few])
    return counts


def _added_up(mean: np.ndarray, below: np.ndarray) -> np.ndarray:
    term = np.exp(-mean)
    total, counts = term.copy(), np.zeros_like(mean)
    for k in range(1, 200):
        beyond = below > total
        if not beyond.any():
            break
        counts += beyond
        term *= mean / k
        total += term
    return counts


def _demosaicked(mosaic: np.ndarray) -> np.ndarray:
    """`(H, W, 3)` of a mosaic whose top left is red; its mirror image lies outside, which continues the pattern."""
    cross, row, column, other = (
        correlate(mosaic, weights, mode="mirror") for weights in (_CROSS, _ROW, _ROW.T, _OTHER)
    )
    out = np.empty((*mosaic.shape, 3))
    for colour, at in ((0, 0), (2, 1)):  # red lies on even rows and columns, blue on odd ones
        plane, own, off = out[..., colour], slice(at, None, 2), slice(1 - at, None, 2)
        plane[own, own], plane[off, off] = mosaic[own, own], other[off, off]
        plane[own, off], plane[off, own] = row[own, off], column[off, own]
    green = out[..., 1]
    green[...] = mosaic
    green[0::2, 0::2], green[1::2, 1::2] = cross[0::2, 0::2], cross[1::2, 1::2]
    return out


__all__ = ["exposed", "poisson_quantile", "raw_noise", "sensor_noise"]
