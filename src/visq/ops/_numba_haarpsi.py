"""NumPy engine of HaarPSI: box sums for the Haar filters and the pooling, one pass, no coefficient images.

Compiled without reassociation (but for the sums), so that equal pixels give deficits of exactly 0.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numba import njit

from visq.ops._numba_blocks import rows_of_pair
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_LEAD = 3  # rows and columns of an 8-tap window before its pixel


@njit(cache=True, nogil=True, error_model="numpy")
def _row(x, r, zero):  # type: ignore[no-untyped-def]
    return x[r] if 0 <= r < x.shape[0] else zero


@njit(cache=True, nogil=True, error_model="numpy")
def _coefficients(x, r, zero, s, out):  # type: ignore[no-untyped-def]
    """Magnitudes of the six Haar coefficients of row `r`: horizontal edges at 3 scales, then vertical ones."""
    x0, x1, x2, x3 = _row(x, r - 3, zero), _row(x, r - 2, zero), _row(x, r - 1, zero), x[r]
    x4, x5 = _row(x, r + 1, zero), _row(x, r + 2, zero)
    x6, x7 = _row(x, r + 3, zero), _row(x, r + 4, zero)
    d1, d2, d4 = s[0, _LEAD:], s[1, _LEAD:], s[2, _LEAD:]
    s1, s2, s4 = s[3, _LEAD:], s[4, _LEAD:], s[5, _LEAD:]
    for c in range(zero.size):
        below, above = x4[c], x3[c]
        d1[c], s1[c] = below - above, below + above
        below, above = below + x5[c], above + x2[c]
        d2[c], s2[c] = below - above, below + above
        below, above = below + (x6[c] + x7[c]), above + (x1[c] + x0[c])
        d4[c], s4[c] = below - above, below + above
    half, quarter, eighth = out.dtype.type(0.5), out.dtype.type(0.25), out.dtype.type(0.125)
    v1, v2, v4, h1, h2, h4 = out[0], out[1], out[2], out[3], out[4], out[5]
    d2, d4, s2, s4 = s[1, _LEAD - 1 :], s[2], s[4, _LEAD - 1 :], s[5]
    for c in range(zero.size):
        v1[c] = abs(d1[c] + d1[c + 1]) * half
        h1[c] = abs(s1[c + 1] - s1[c]) * half
        v2[c] = abs((d2[c] + d2[c + 1]) + (d2[c + 2] + d2[c + 3])) * quarter
        h2[c] = abs((s2[c + 2] + s2[c + 3]) - (s2[c] + s2[c + 1])) * quarter
        left = (d4[c] + d4[c + 1]) + (d4[c + 2] + d4[c + 3])
        v4[c] = abs(left + ((d4[c + 4] + d4[c + 5]) + (d4[c + 6] + d4[c + 7]))) * eighth
        left = (s4[c] + s4[c + 1]) + (s4[c + 2] + s4[c + 3])
        h4[c] = abs(((s4[c + 4] + s4[c + 5]) + (s4[c + 6] + s4[c + 7])) - left) * eighth


@njit(cache=True, nogil=True, error_model="numpy")
def _chroma(x, r, zero, s, out):  # type: ignore[no-untyped-def]
    """Magnitude of the 2 x 2 mean of row `r`."""
    here, below = x[r], _row(x, r + 1, zero)
    line = s[0]
    for c in range(zero.size):
        line[c] = here[c] + below[c]
    line[zero.size] = 0
    quarter = out.dtype.type(0.25)
    for c in range(zero.size):
        out[c] = abs(line[c] + line[c + 1]) * quarter


@njit(cache=True, nogil=True, error_model="numpy")
def _pair_deficit(a, b, p, q, k, out):  # type: ignore[no-untyped-def]
    """Mean of 1 minus similarity of (a, b) and of (p, q)."""
    constant, half = k[0], k[3]
    for c in range(out.size):
        first = (a[c] - b[c]) * (a[c] - b[c]) / (a[c] * a[c] + b[c] * b[c] + constant)
        second = (p[c] - q[c]) * (p[c] - q[c]) / (p[c] * p[c] + q[c] * q[c] + constant)
        out[c] = (first + second) * half


@njit(cache=True, nogil=True, error_model="numpy")
def _logistic_deficit(deficit, weight, k, out):  # type: ignore[no-untyped-def]
    """Weight times logistic(alpha) - logistic(alpha (1 - deficit)); exp as the 8th power of a Taylor sum."""
    step, tail, gain, one = k[1], k[2], k[4], k[5]
    for c in range(out.size):
        t = deficit[c] * step
        e = k[19]
        for i in range(18, 5, -1):
            e = e * t + k[i]
        e = e * e
        e = e * e
        e = e * e
        out[c] = weight[c] * (gain * (e - one) / (one + tail * e))


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST, error_model="numpy")
def _sum(row):  # type: ignore[no-untyped-def]
    total = 0.0
    for c in range(row.size):
        total += np.float64(row[c])
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _rows(x, y, first, end, zero, colour, k, part):  # type: ignore[no-untyped-def]
    width = x.shape[2]
    s = np.zeros((6, width + 8), x.dtype)
    cx, cy = np.zeros((6, width), x.dtype), np.zeros((6, width), x.dtype)
    deficit, loss = np.zeros(width, x.dtype), np.zeros(width, x.dtype)
    weight = np.zeros((3, width), x.dtype)
    half = k[3]
    for r in range(first, end):
        _coefficients(x[0], r, zero, s, cx)
        _coefficients(y[0], r, zero, s, cy)
        for i in range(2):
            _pair_deficit(cx[3 * i], cy[3 * i], cx[3 * i + 1], cy[3 * i + 1], k, deficit)
            w, p, q = weight[i], cx[3 * i + 2], cy[3 * i + 2]
            for c in range(width):
                w[c] = max(p[c], q[c])
            _logistic_deficit(deficit, w, k, loss)
            part[0] += _sum(loss)
            part[1] += _sum(w)
        if colour:
            for i in range(2):
                _chroma(x[1 + i], r, zero, s, cx[i])
                _chroma(y[1 + i], r, zero, s, cy[i])
            s[0] = 0
            _pair_deficit(cx[0], cy[0], cx[1], cy[1], k, deficit)
            w, p, q = weight[2], weight[0], weight[1]
            for c in range(width):
                w[c] = (p[c] + q[c]) * half
            _logistic_deficit(deficit, w, k, loss)
            part[0] += _sum(loss)
            part[1] += _sum(w)


def weighted_deficit(x: Any, y: Any, constant: float, alpha: float) -> tuple[np.ndarray, np.ndarray]:
    """Weighted sum of the logistic deficit and sum of the weights, `(N,)` each.

    `x` and `y` are `(N, 1 or 3, H, W)` arrays or `visq.ops._numba_blocks.BlockMeans`: Y, or Y, I and Q.
    """
    count, _, height, _ = x.shape
    tail = np.exp(-alpha)
    taylor = 1.0 / np.cumprod([1.0, *range(1, 14)])
    k = np.array([constant, alpha / 8, tail, 0.5, tail / (1 + tail), 1.0, *taylor], x.dtype)
    parts = np.zeros((count, strip_count(height), 2))
    zero = read_only(np.zeros(x.shape[3], x.dtype))
    for n in range(count):
        _image(partial(rows_of_pair, x, y, n), (height, x.shape[1] == 3), zero, k, parts[n])
    sums = parts.sum(axis=1)
    return sums[:, 0], sums[:, 1]


def _image(pair: Any, kind: tuple[int, bool], zero: np.ndarray, k: np.ndarray, parts: np.ndarray) -> None:
    height, colour = kind

    def strip(first: int, end: int, index: int) -> None:
        # With the rows that the largest window reaches: past them lies only what is outside the image.
        low, high = max(0, first - _LEAD), min(height, end + _LEAD + 1)
        a, b = pair(low, high)
        _rows(a, b, first - low, end - low, zero, colour, k, parts[index])

    run_strips(strip, height)
