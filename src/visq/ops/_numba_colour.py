"""NumPy engine of the luma conversion and of the value check: one pass over the pixels, in strips.

The kernels see contiguous rows of interleaved pixels: the compiler vectorises only what it knows to be contiguous.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops.arrays import RGB2GRAY
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

# MATLAB's rgb2gray in units of 2^-22, and a half less one. With these the integer result equals the rounded
# double-precision one for each of the 2^24 8-bit colours (a test goes through them all), and fits 31 bits.
_R, _G, _B, _HALF, _SHIFT = 1253829, 2462237, 478238, 2097151, 22


@njit(cache=True, nogil=True)
def byte_luma(row, out):  # type: ignore[no-untyped-def]
    """Rounded luma of a row of interleaved bytes."""
    for c in range(out.size):
        total = _R * np.int64(row[3 * c]) + _G * np.int64(row[3 * c + 1]) + _B * np.int64(row[3 * c + 2])
        out[c] = (total + _HALF) >> _SHIFT


@njit(cache=True, nogil=True)
def _byte_rows(x, out, first, end):  # type: ignore[no-untyped-def]
    for r in range(first, end):
        byte_luma(x[r], out[r])


@njit(cache=True, nogil=True)
def _luma_rows(x, out, first, end, weights, gain, final, rounded):  # type: ignore[no-untyped-def]
    wr, wg, wb = weights
    for r in range(first, end):
        row, target = x[r], out[r]
        if rounded:
            for c in range(target.size):
                v = (wr * row[3 * c] + wg * row[3 * c + 1] + wb * row[3 * c + 2]) * gain
                target[c] = np.floor(v + 0.5) * final
        else:
            for c in range(target.size):
                target[c] = (wr * row[3 * c] + wg * row[3 * c + 1] + wb * row[3 * c + 2]) * gain


@njit(cache=True, nogil=True)
def _grey_rows(x, out, first, end, gain, final, rounded):  # type: ignore[no-untyped-def]
    for r in range(first, end):
        row, target = x[r], out[r]
        if rounded:
            for c in range(target.size):
                target[c] = np.floor(row[c] * gain + 0.5) * final
        else:
            for c in range(target.size):
                target[c] = row[c] * gain


@njit(cache=True, nogil=True)
def _range_rows(x, first, end, low, high, index):  # type: ignore[no-untyped-def]
    # Down the columns of a block that fits in cache: independent of each other, so no reassociation is needed.
    block = min(1024, x.shape[1])
    lo, hi, odd = np.empty(block, x.dtype), np.empty(block, x.dtype), np.empty(block, x.dtype)
    low[index], high[index] = np.inf, -np.inf
    for start in range(0, x.shape[1], block):
        count = min(block, x.shape[1] - start)
        lo[:count] = x[first, start : start + count]
        hi[:count] = lo[:count]
        odd[:] = 0
        for r in range(first, end):
            row = x[r, start : start + count]
            for c in range(count):
                v = row[c]
                lo[c] = v if v < lo[c] else lo[c]
                hi[c] = v if v > hi[c] else hi[c]
                odd[c] += v - v  # 0, or NaN for what is not finite
        for c in range(count):
            if odd[c] != 0:
                low[index] = high[index] = np.nan
                return
            low[index], high[index] = min(low[index], lo[c]), max(high[index], hi[c])


def interleaved(data: np.ndarray) -> np.ndarray:
    """`(N, C, H, W)` view as contiguous `(N, H, W C)`, without a copy where the caller's array was `(N, H, W, C)`."""
    if data.dtype == np.float16:
        data = data.astype(np.float32)
    count, channels, height, width = data.shape
    return read_only(np.moveaxis(data, 1, -1)).reshape(count, height, width * channels)


def luma(
    data: np.ndarray,
    peak: float,
    scale: float,
    weights: tuple[float, float, float],
    rounded: bool,
    dtype: Any,
    keep_uint8: bool,
) -> np.ndarray:
    """`(N, C, H, W)` of any pixel dtype and strides to `(N, H, W)` luma; arithmetic in float64, or exact integers."""
    count, channels, height, width = data.shape
    out = np.empty((count, height, width), dtype=np.uint8 if rounded and keep_uint8 else dtype)
    gain = 255.0 / peak if rounded else scale / peak
    final = scale / 255.0 if rounded else 1.0
    whole = data.dtype == np.uint8 and peak == 255.0 and rounded and keep_uint8 and weights == RGB2GRAY
    for pixels, target in zip(interleaved(data), out, strict=True):
        if channels == 1:
            _image(_grey_rows, pixels, target, gain, final, rounded)
        elif whole:
            _image(_byte_rows, pixels, target)
        else:
            _image(_luma_rows, pixels, target, weights, gain, final, rounded)
    return out


def _image(kernel: Any, x: np.ndarray, out: np.ndarray, *fixed: Any) -> None:
    run_strips(lambda a, b, _: kernel(x, out, a, b, *fixed), out.shape[0])


def value_range(data: np.ndarray) -> tuple[float, float]:
    """Smallest and largest value of a float array; NaN for both where any value is NaN or infinite."""
    bounds = [_bounds(pixels) for pixels in interleaved(data)]
    return float(np.min([b[0] for b in bounds])), float(np.max([b[1] for b in bounds]))


def _bounds(x: np.ndarray) -> np.ndarray:
    parts = np.empty((2, strip_count(x.shape[0])))
    run_strips(lambda a, b, i: _range_rows(x, a, b, parts[0], parts[1], i), x.shape[0])
    return np.array([np.min(parts[0]), np.max(parts[1])])
