"""NumPy engine of the luma conversion and of the value check: one pass over the pixels, in strips."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops.threads import run_strips, strip_count


@njit(cache=True, nogil=True)
def _luma_rows(data, out, first, end, wr, wg, wb, gain, final, rounded):  # type: ignore[no-untyped-def]
    width = data.shape[2]
    for r in range(first, end):
        for c in range(width):
            v = (wr * data[0, r, c] + wg * data[1, r, c] + wb * data[2, r, c]) * gain
            if rounded:
                v = np.floor(v + 0.5)
            out[r, c] = v * final


@njit(cache=True, nogil=True)
def _grey_rows(data, out, first, end, gain, final, rounded):  # type: ignore[no-untyped-def]
    width = data.shape[2]
    for r in range(first, end):
        for c in range(width):
            v = data[0, r, c] * gain
            if rounded:
                v = np.floor(v + 0.5)
            out[r, c] = v * final


@njit(cache=True, nogil=True)
def _range_rows(data, first, end, low, high, index):  # type: ignore[no-untyped-def]
    lo = np.inf
    hi = -np.inf
    bad = False
    for ch in range(data.shape[0]):
        for r in range(first, end):
            for c in range(data.shape[2]):
                v = data[ch, r, c]
                lo = min(lo, v)
                hi = max(hi, v)
                bad = bad or v - v != 0.0
    low[index] = np.nan if bad else lo
    high[index] = np.nan if bad else hi


def luma(
    data: np.ndarray,
    peak: float,
    scale: float,
    weights: tuple[float, float, float],
    rounded: bool,
    dtype: Any,
    keep_uint8: bool,
) -> np.ndarray:
    """`(N, C, H, W)` of any pixel dtype and strides to `(N, H, W)` luma; arithmetic in float64."""
    count, channels, height, width = data.shape
    if data.dtype == np.float16:
        data = data.astype(np.float32)
    out = np.empty((count, height, width), dtype=np.uint8 if rounded and keep_uint8 else dtype)
    gain = 255.0 / peak if rounded else scale / peak
    final = scale / 255.0 if rounded else 1.0
    for n in range(count):
        if channels == 1:
            run_strips(lambda a, b, _, n=n: _grey_rows(data[n], out[n], a, b, gain, final, rounded), height)
        else:
            run_strips(lambda a, b, _, n=n: _luma_rows(data[n], out[n], a, b, *weights, gain, final, rounded), height)
    return out


def value_range(data: np.ndarray) -> tuple[float, float]:
    """Smallest and largest value of a float array; NaN for both where any value is NaN or infinite."""
    if data.dtype == np.float16:
        data = data.astype(np.float32)
    count, _, height, _ = data.shape
    low = np.empty((count, strip_count(height)))
    high = np.empty_like(low)
    for n in range(count):
        run_strips(lambda a, b, i, n=n: _range_rows(data[n], a, b, low[n], high[n], i), height)
    return float(np.min(low)), float(np.max(high))
