"""NumPy engine of the statistics of Gaussian derivatives: one pass over a plane, row by row, then a fit a block."""

from __future__ import annotations

import numpy as np
from numba import njit

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_EPSILON = float(np.finfo(np.float64).eps)
_TINY = float(np.finfo(np.float64).tiny)
_STEPS = 60
_ACCURACY = 1e-10

# 2^f on -1/2..1/2: the series of exp(f ln 2), whose next term is below 1e-15.
_POWERS = np.array([np.log(2.0) ** k / np.prod(np.arange(1.0, k + 1)) for k in range(12)])
_BIAS = 1023
_MANTISSA = 52
_LOWEST = -1000.0
_LN2 = float(np.log(2.0))


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _derivatives(x, r, even, odd, smooth, slope, dx, dy):  # type: ignore[no-untyped-def]
    height, width = x.shape
    reach = even.size // 2
    a, b = smooth[reach : reach + width], slope[reach : reach + width]
    a[:] = 0
    b[:] = 0
    for k in range(even.size):
        source = r + k - reach
        if 0 <= source < height:
            row = x[source]
            w, v = even[k], odd[k]
            for c in range(width):
                a[c] += w * row[c]
                b[c] += v * row[c]
    dx[:] = 0
    dy[:] = 0
    for k in range(even.size):
        w, v = even[k], odd[k]
        for c in range(width):
            dx[c] += v * smooth[c + k]
            dy[c] += w * slope[c + k]


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _add(y, out):  # type: ignore[no-untyped-def]
    negative, positive, magnitude, low, high = 0.0, 0.0, 0.0, 0.0, 0.0
    for c in range(y.size):
        v = y[c]
        q = v * v
        negative += 1.0 if v < 0 else 0.0
        positive += 1.0 if v > 0 else 0.0
        low += q if v < 0 else 0.0
        high += q if v > 0 else 0.0
        magnitude += abs(v)
    out[0] += negative
    out[1] += positive
    out[2] += magnitude
    out[3] += low
    out[4] += high


@njit(cache=True, nogil=True)
def _settle(y, floor):  # type: ignore[no-untyped-def]
    for c in range(y.size):
        if abs(y[c]) < floor:
            y[c] = 0.0


@njit(cache=True, nogil=True)
def plane_statistics(x, even, odd, side, floor, sums, weibull):  # type: ignore[no-untyped-def]
    """Fill `sums (blocks, 3, 5)` (plane, its two derivatives) and `weibull (blocks, 2)`, blocks in row order."""
    height, width = x.shape
    reach = even.size // 2
    smooth = np.zeros(width + 2 * reach)
    slope = np.zeros(width + 2 * reach)
    dx = np.empty(width)
    dy = np.empty(width)
    across = width // side
    logs = np.empty((across, side, side))
    sums[:] = 0.0
    for r in range(height):
        _derivatives(x, r, even, odd, smooth, slope, dx, dy)
        _settle(dx, floor)
        _settle(dy, floor)
        band = r // side * across
        for i in range(across):
            first = i * side
            target = sums[band + i]
            _add(x[r, first : first + side], target[0])
            _add(dx[first : first + side], target[1])
            _add(dy[first : first + side], target[2])
            line = logs[i, r % side]
            for c in range(side):
                u, v = dx[first + c], dy[first + c]
                line[c] = np.log(np.sqrt(u * u + v * v) + _EPSILON)
        if r % side == side - 1:
            for i in range(across):
                weibull_of_logs(logs[i].reshape(-1), weibull[band + i])


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _weighted(x, k, exponents):  # type: ignore[no-untyped-def]
    # Sums of e^(k x), x e^(k x), x^2 e^(k x) for x <= 0. The exponential is written out so that it becomes a
    # loop over vectors: the whole part of k x / ln 2 goes into the exponent's bits, a series takes the rest.
    step = k / _LN2
    for i in range(x.size):
        exponents[i] = (np.int64(np.int32(np.floor(max(x[i] * step, _LOWEST) + 0.5))) + _BIAS) << _MANTISSA
    scale = exponents.view(np.float64)
    s0, s1, s2 = 0.0, 0.0, 0.0
    for i in range(x.size):
        v = max(x[i] * step, _LOWEST)
        f = v - np.floor(v + 0.5)
        p = _POWERS[11]
        for j in range(10, -1, -1):
            p = p * f + _POWERS[j]
        w = p * scale[i]
        s0 += w
        s1 += w * x[i]
        s2 += w * x[i] * x[i]
    return s0, s1, s2


@njit(cache=True, nogil=True, error_model="numpy")
def weibull_of_logs(x, out):  # type: ignore[no-untyped-def]
    """Scale and shape of greatest likelihood from the logarithms `x`, which are overwritten."""
    highest, lowest = x.max(), x.min()
    if highest - lowest < _TINY:
        out[0], out[1] = np.exp(highest), np.inf
        return
    mean, square = 0.0, 0.0
    for i in range(x.size):
        x[i] -= highest
        mean += x[i]
    mean /= x.size
    for i in range(x.size):
        square += (x[i] - mean) ** 2
    # The variance of the logarithm of a Weibull variable is (pi / shape)^2 / 6.
    k = np.pi / np.sqrt(6.0 * square / x.size)
    exponents = np.empty(x.size, np.int64)
    low, high = 0.0, np.inf
    for _ in range(_STEPS):
        s0, s1, s2 = _weighted(x, k, exponents)
        centre = s1 / s0
        value = centre - mean - 1.0 / k
        if value > 0:
            high = k
        else:
            low = k
        following = k - value / (s2 / s0 - centre * centre + 1.0 / (k * k))
        if not low < following < high:
            following = (low + high) / 2 if high < np.inf else 2 * low
        moved = abs(following - k)
        k = following
        if moved < _ACCURACY * k:
            break
    s0, _, _ = _weighted(x, k, exponents)
    out[0], out[1] = np.exp(highest) * (s0 / x.size) ** (1.0 / k), k
