"""NIQE and BRISQUE written straight from their papers with SciPy, slowly: what the fused kernels are held against.

Flat windows are not treated: use pictures without any.
"""

from __future__ import annotations

import numpy as np
import scipy.ndimage
from scipy.special import gamma

from visq.ops.resize import imresize

GRID = np.arange(200, 10001) / 1000
RATIO = gamma(2 / GRID) ** 2 / (gamma(1 / GRID) * gamma(3 / GRID))


def coefficients(x, mode):
    def blur(plane):
        return scipy.ndimage.gaussian_filter(plane, 7 / 6, mode=mode, radius=3)

    mean = blur(x)
    return (x - mean) / (np.sqrt(np.abs(blur(x * x) - mean**2)) + 1)


def asymmetric(y):
    left, right = np.sqrt((y[y < 0] ** 2).mean()), np.sqrt((y[y > 0] ** 2).mean())
    k = left / right
    wanted = np.abs(y).mean() ** 2 / (y**2).mean() * (k**3 + 1) * (k + 1) / (k**2 + 1) ** 2
    return GRID[np.argmin((RATIO - wanted) ** 2)], left, right


def products(y, last):
    return [y * np.roll(y, shift, (0, 1)) for shift in ((0, 1), (1, 0), (1, 1), last)]


def niqe_block(y):
    shape, left, right = asymmetric(y)
    scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    found = [shape, (left + right) * scale / 2]
    for pair in products(y, (1, -1)):
        shape, left, right = asymmetric(pair)
        scale = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
        found += [shape, (right - left) * scale * gamma(2 / shape) / gamma(1 / shape), left * scale, right * scale]
    return found


def niqe_features(luma):
    height, width = (side // 96 * 96 for side in luma.shape)
    x = luma[:height, :width].astype(float)
    scales = []
    for side in (96, 48):
        y = coefficients(x, "nearest")
        scales.append(
            [
                niqe_block(y[r : r + side, c : c + side])
                for r in range(0, y.shape[0], side)
                for c in range(0, y.shape[1], side)
            ]
        )
        x = imresize(x, 0.5)
    return np.hstack(scales)


def brisque_features(luma):
    x = luma.astype(float)
    found = []
    for _ in range(2):
        y = coefficients(x, "constant")
        energy = (y**2).mean()
        found += [GRID[np.argmin(np.abs(energy / np.abs(y).mean() ** 2 - 1 / RATIO))], energy]
        for pair in products(y, (-1, 1)):
            shape, left, right = asymmetric(pair)
            mean = (right - left) * gamma(2 / shape) / gamma(1 / shape) * np.sqrt(gamma(1 / shape) / gamma(3 / shape))
            found += [shape, mean, left**2, right**2]
        x = imresize(x, 0.5)
    return np.array(found)
