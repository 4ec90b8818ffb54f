"""IL-NIQE's features written straight from its paper with SciPy, slowly: what the fused kernels are held against.

Areas of one level are not treated: use pictures without any.
"""

from __future__ import annotations

import direct_statistics as direct
import numpy as np
import scipy.ndimage
import scipy.optimize
import scipy.signal
from scipy.special import gamma

OPPONENTS = np.array([[0.3, 0.04, -0.35], [0.34, -0.6, 0.17], [0.06, 0.63, 0.27]])


def weibull(x):
    """Greatest likelihood by a bracketing root finder."""
    logs = np.log(x)
    logs, highest = logs - logs.max(), logs.max()

    def slope(k):
        weight = np.exp(k * logs)
        return (weight * logs).sum() / weight.sum() - logs.mean() - 1 / k

    k = scipy.optimize.brentq(slope, 1e-3, 1e3, xtol=1e-13, rtol=1e-13)
    return [np.exp(highest) * np.exp(k * logs).mean() ** (1 / k), k]


def spread(y):
    shape, left, right = direct.asymmetric(y.ravel())
    return [shape, (left + right) / 2 * np.sqrt(gamma(1 / shape) / gamma(3 / shape))]


def derivatives(x, scale):
    sigma = 1.66 / scale**0.28
    reach = int(np.ceil(3 * sigma))
    t = np.arange(-reach, reach + 1)
    across, down = np.meshgrid(t, t)
    bell = np.exp(-(across**2 + down**2) / (2 * sigma**2))
    return [scipy.signal.convolve2d(x, k * bell, mode="same") for k in (across, down)]


def responses(x, scale):
    height, width = x.shape
    v, u = np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij")
    radius, angle = np.hypot(u, v), np.arctan2(-v, u)
    radius[0, 0] = 1
    spectrum = np.fft.fft2(x)
    for band in range(3):
        wavelength = 2.4 / scale**0.87 * 1.31**band
        radial = np.exp(-(np.log(radius * wavelength) ** 2) / (2 * np.log(0.55) ** 2))
        radial[0, 0] = 0
        for orientation in range(4):
            turn = np.angle(np.exp(1j * (angle - orientation * np.pi / 4)))
            angular = np.exp(-(turn**2) / (2 * (np.pi / 4 / 1.1) ** 2))
            response = np.fft.ifft2(spectrum * radial * angular)
            yield response.real
            yield response.imag


def halved(x):
    t = np.arange(6) - 2.5
    window = np.exp(-(t[:, None] ** 2 + t**2) / (2 * 0.9**2))
    padded = np.pad(x, ((2, 3), (2, 3)), mode="edge")
    return scipy.signal.correlate2d(padded, window / window.sum(), mode="valid")[::2, ::2]


def _normalised(x):
    t = np.arange(5) - 2
    window = np.exp(-(t[:, None] ** 2 + t**2) / (2 * (5 / 6) ** 2))

    def blur(plane):
        return scipy.ndimage.correlate(plane, window / window.sum(), mode="nearest")

    mean = blur(x)
    return (x - mean) / (np.sqrt(np.abs(blur(x * x) - mean**2)) + 1)


def _scale(rgb, scale, patches):
    channels = list(np.tensordot(OPPONENTS, rgb, 1))
    red, green, blue = (np.log(c + 1e-5) - np.log(c + 1e-5).mean() for c in rgb)
    colours = ((red + green + blue) / 3**0.5, (red + green - 2 * blue) / 6**0.5, (red - green) / 2**0.5)
    normalised = _normalised(channels[2])
    slopes = [derivatives(c, scale) for c in channels]
    found = list(responses(channels[2], scale))
    found_slopes = [derivatives(r, scale) for r in found]
    side = 84 // scale
    for row, column in patches:
        at = slice(row * side, (row + 1) * side), slice(column * side, (column + 1) * side)
        values = direct.niqe_block(normalised[at])
        values += [v for x, y in slopes for v in weibull(np.hypot(x[at], y[at]).ravel())]
        values += [v for c in colours for v in (c[at].mean(), c[at].var(ddof=1))]
        values += [v for pair in slopes for d in pair for v in spread(d[at])]
        values += [v for r in found for v in spread(r[at])]
        values += [v for pair in found_slopes for d in pair for v in spread(d[at])]
        values += [v for x, y in found_slopes for v in weibull(np.hypot(x[at], y[at]).ravel())]
        yield values


def features(rgb, patches):
    """`(len(patches), 468)` of a `(504, 504, 3)` picture; patches by row and column."""
    planes = np.moveaxis(rgb, -1, 0).astype(float)
    half = np.stack([halved(p) for p in planes])
    return np.hstack([np.array(list(_scale(p, s, patches))) for p, s in ((planes, 1), (half, 2))])
