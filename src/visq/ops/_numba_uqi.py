"""Fused NumPy engine of the universal quality index: window sums of the sum and the difference, row by row."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "contract", "nsz"}
_SHIFT = 256.0


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _strip(x, y, first, end, window, flat, full, out, sums, index):  # type: ignore[no-untyped-def]
    width = x.shape[1] - window + 1
    lines = np.empty((4, x.shape[1]))
    windows = np.empty((4, width))
    row = np.empty(width)
    share = 1.0 / (window * window)
    for r in range(first, end):
        lines[:] = 0.0
        for k in range(window):
            one = x[r + k]
            two = y[r + k]
            for c in range(one.size):
                s = np.float64(one[c]) + np.float64(two[c]) - _SHIFT
                d = np.float64(one[c]) - np.float64(two[c])
                lines[0, c] += s
                lines[1, c] += d
                lines[2, c] += s * s
                lines[3, c] += d * d
        windows[:] = 0.0
        for q in range(4):
            target = windows[q]
            for k in range(window):
                source = lines[q, k:]
                for c in range(width):
                    target[c] += source[c]
        for c in range(width):
            mean_s = windows[0, c] * share
            mean_d = windows[1, c] * share
            variance_s = max(0.0, windows[2, c] * share - mean_s * mean_s)
            variance_d = max(0.0, windows[3, c] * share - mean_d * mean_d)
            both = variance_s + variance_d
            light = (mean_s + _SHIFT) * (mean_s + _SHIFT) + mean_d * mean_d
            structure = (variance_s - variance_d) / both if both > flat else 1.0
            row[c] = structure * ((light - 2.0 * mean_d * mean_d) / light if light > flat else 1.0)
        for c in range(width):
            sums[index] += row[c]
        if full:
            out[r] = row


def index(x: np.ndarray, y: np.ndarray, window: int, flat: float, full: bool) -> tuple[float, np.ndarray]:
    """Mean of the index of two images `(H, W)` in 0..255 over all windows, and its map (empty unless `full`)."""
    height, width = x.shape[0] - window + 1, x.shape[1] - window + 1
    out = np.empty((height, width) if full else (0, width))
    sums = np.zeros(strip_count(height))
    a, b = read_only(x), read_only(y)
    run_strips(lambda p, q, i: _strip(a, b, p, q, window, flat, full, out, sums, i), height)
    return float(sums.sum() / (height * width)), out
