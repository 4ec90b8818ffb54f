"""Fused NumPy engine of IW-SSIM: contrast-structure term and information weight of one band, row by row."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops._numba_information import moments
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "contract", "nsz"}
_STRIP = 32
# The next band, and for every row and every column of this one: the sample before it and the share of the one after.
Parent = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@njit(cache=True, nogil=True)
def _enlarged_row(parent, r, places, shares, columns, portions, blend, line):  # type: ignore[no-untyped-def]
    """Row `r` of the parent enlarged to the size of its child, between its samples by linear interpolation."""
    above = parent[places[r]]
    below = parent[places[r] + 1]
    share = shares[r]
    for c in range(above.size):
        blend[c] = np.float64(above[c]) + share * (np.float64(below[c]) - np.float64(above[c]))
    for c in range(line.size):
        k = columns[c]
        line[c] = blend[k] + portions[c] * (blend[k + 1] - blend[k])


@njit(cache=True, nogil=True, fastmath=_FAST)
def _parent_products(y, above, first, end, sums):  # type: ignore[no-untyped-def]
    parent, places, shares, columns, portions = above
    width = y.shape[1] - 2
    blend = np.empty(parent.shape[1])
    line = np.empty(y.shape[1])
    middle = line[1:]
    for r in range(first, end):
        _enlarged_row(parent, r + 1, places, shares, columns, portions, blend, line)
        for i in range(3):
            for j in range(3):
                row = y[r + i, j:]
                total = 0.0
                for c in range(width):
                    total += middle[c] * np.float64(row[c])
                sums[3 * i + j] += total
        total = 0.0
        for c in range(width):
            total += middle[c] * middle[c]
        sums[9] += total


def second_moments(y: np.ndarray, parent: Parent | None) -> np.ndarray:
    """Mean products of the 3 x 3 blocks of a band, and of the parent's pixel at their middle as tenth member."""
    second, _ = moments(y, *y.shape)
    if parent is None:
        return second
    rows = y.shape[0] - 2
    sums = np.zeros((strip_count(rows, _STRIP), 10))
    a = read_only(y)
    above = tuple(map(read_only, parent))
    run_strips(lambda p, q, i: _parent_products(a, above, p, q, sums[i]), rows, _STRIP)
    last = sums.sum(axis=0) / (rows * (y.shape[1] - 2))
    return np.block([[second, last[:9, None]], [last[None, :9], last[9:, None]]])


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST, error_model="numpy")
def _loss_row(x, y, top, taps, c2, lines, sums, loss):  # type: ignore[no-untyped-def]
    """What the contrast-structure term of one row of windows lacks to 1."""
    lines[:] = 0.0
    for k in range(taps.size):
        w = taps[k]
        one = x[top + k]
        two = y[top + k]
        for c in range(one.size):
            s = np.float64(one[c]) + np.float64(two[c])
            d = np.float64(one[c]) - np.float64(two[c])
            lines[0, c] += w * s
            lines[1, c] += w * d
            lines[2, c] += w * (s * s)
            lines[3, c] += w * (d * d)
    sums[:] = 0.0
    for q in range(4):
        target = sums[q]
        for k in range(taps.size):
            w = taps[k]
            source = lines[q, k:]
            for c in range(target.size):
                target[c] += w * source[c]
    for c in range(loss.size):
        variance_s = max(0.0, sums[2, c] - sums[0, c] * sums[0, c])
        variance_d = max(0.0, sums[3, c] - sums[1, c] * sums[1, c])
        loss[c] = 2.0 * variance_d / (variance_s + variance_d + 2.0 * c2)


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST, error_model="numpy")
def _channel_row(x, y, row, left, lines, eps, gain, noise):  # type: ignore[no-untyped-def]
    """Squared gain and noise of the image as a distorted reference, 3 x 3 windows around the pixels of a row."""
    lines[:] = 0.0
    for r in range(row - 1, row + 2):
        one = x[r]
        two = y[r]
        for c in range(one.size):
            a = np.float64(one[c])
            b = np.float64(two[c])
            lines[0, c] += a
            lines[1, c] += b
            lines[2, c] += a * a
            lines[3, c] += b * b
            lines[4, c] += a * b
    for c in range(gain.size):
        k = c + left - 1
        mean_x = (lines[0, k] + lines[0, k + 1] + lines[0, k + 2]) / 9.0
        mean_y = (lines[1, k] + lines[1, k + 1] + lines[1, k + 2]) / 9.0
        variance_x = (lines[2, k] + lines[2, k + 1] + lines[2, k + 2]) / 9.0 - mean_x * mean_x
        variance_y = (lines[3, k] + lines[3, k + 1] + lines[3, k + 2]) / 9.0 - mean_y * mean_y
        joint = (lines[4, k] + lines[4, k + 1] + lines[4, k + 2]) / 9.0 - mean_x * mean_y
        usable = variance_x >= eps and variance_y >= eps
        slope = joint / variance_y if usable else 0.0
        gain[c] = slope * slope
        rest = variance_x - slope * joint
        noise[c] = rest if rest > 0.0 and variance_x >= eps else 0.0


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _quadratic_row(y, parent, row, left, inverse, values, signal):  # type: ignore[no-untyped-def]
    size = inverse.shape[0]
    for i in range(3):
        for j in range(3):
            source = y[row - 1 + i, left - 1 + j :]
            for c in range(signal.size):
                values[3 * i + j, c] = source[c]
    if size == 10:
        for c in range(signal.size):
            values[9, c] = parent[left + c]
    signal[:] = 0.0
    line = values[size]
    for a in range(size):
        one = values[a]
        w = inverse[a, a]
        for c in range(signal.size):
            line[c] = w * one[c]
        for b in range(a + 1, size):
            w = 2.0 * inverse[a, b]
            other = values[b]
            for c in range(signal.size):
                line[c] += w * other[c]
        for c in range(signal.size):
            signal[c] += line[c] * one[c]
    for c in range(signal.size):
        signal[c] = max(0.0, signal[c] / size)


@njit(cache=True, nogil=True, error_model="numpy")
def _strip(x, y, above, first, end, taps, c2, inverse, strengths, sigma, eps, sums, index):  # type: ignore[no-untyped-def]
    parent, places, shares, columns, portions = above
    blend = np.empty(parent.shape[1])
    enlarged = np.empty(y.shape[1])
    half = taps.size // 2
    width = x.shape[1] - 2 * half
    lines = np.empty((5, x.shape[1]))
    windows = np.empty((4, width))
    values = np.empty((11, width))
    loss = np.empty(width)
    gain = np.empty(width)
    noise = np.empty(width)
    signal = np.empty(width)
    for r in range(first, end):
        _loss_row(x, y, r, taps, c2, lines[:4], windows, loss)
        _channel_row(x, y, r + half, half, lines, eps, gain, noise)
        if strengths.size == 10:
            _enlarged_row(parent, r + half, places, shares, columns, portions, blend, enlarged)
        _quadratic_row(y, enlarged, r + half, half, inverse, values, signal)
        for c in range(width):
            signal[c] *= (noise[c] + (1.0 + gain[c]) * sigma) / (sigma * sigma)
            noise[c] = 1.0 + noise[c] / sigma
            gain[c] = 1.0
        for strength in strengths:
            for c in range(width):
                gain[c] *= noise[c] + signal[c] * strength
        for c in range(width):
            # The sum of the logarithms is that of the product.
            weight = np.log(gain[c])
            sums[index, 0] += weight * loss[c]
            sums[index, 1] += weight
            sums[index, 2] += loss[c]


def weighted_loss(
    x: np.ndarray,
    y: np.ndarray,
    parent: Parent | None,
    taps: np.ndarray,
    c2: float,
    inverse: np.ndarray,
    strengths: np.ndarray,
    sigma: float,
    eps: float,
) -> tuple[float, float, float]:
    """Sums over a band of weight times loss, of the weight, and the mean loss without weights.

    x, y : `(H, W)` band of the image and of the reference; `parent`: the reference's next band and how it is
    enlarged to `(H, W)`, where `inverse` is 10 x 10.
    """
    rows = x.shape[0] - taps.size + 1
    sums = np.zeros((strip_count(rows, _STRIP), 3))
    nowhere, nothing = np.zeros(1, np.int64), np.zeros(1)
    above = tuple(map(read_only, parent or (y, nowhere, nothing, nowhere, nothing)))
    a, b, t, i, s = map(read_only, (x, y, taps, inverse, strengths))
    run_strips(lambda f, e, n: _strip(a, b, above, f, e, t, c2, i, s, sigma, eps, sums, n), rows, _STRIP)
    total = sums.sum(axis=0)
    return float(total[0]), float(total[1]), float(total[2]) / (rows * (x.shape[1] - taps.size + 1))
