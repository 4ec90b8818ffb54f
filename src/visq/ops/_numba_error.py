"""NumPy engine of the squared error: no difference image is ever made."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.threads import run_strips, strip_count

# 256 squares of 8-bit differences (at most 65,025 each) stay below 2**24, so their float32 sum is exact.
# (Numba widens every integer sum to 64 bits, which costs ten times as much.)
_CHUNK = 256
_STRIP = 256


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _uint8_rows(x, y, first, end, out, index):  # type: ignore[no-untyped-def]
    total = 0.0
    width = x.shape[1]
    for r in range(first, end):
        for start in range(0, width, _CHUNK):
            # Slices indexed from zero: an index that might be negative keeps LLVM from vectorising.
            a = x[r, start : start + _CHUNK]
            b = y[r, start : start + _CHUNK]
            part = np.float32(0)
            for c in range(a.size):
                d = np.float32(a[c]) - np.float32(b[c])
                part += d * d
            total += part
    out[index] = total


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _float_rows(x, y, first, end, out, index):  # type: ignore[no-untyped-def]
    total = 0.0
    for r in range(first, end):
        for c in range(x.shape[1]):
            d = np.float64(x[r, c]) - np.float64(y[r, c])
            total += d * d
    out[index] = total


def mean_squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`(N,)` mean of squared differences of two `(N, C, H, W)` arrays of equal dtype and any strides."""
    if x.dtype == np.float16:
        x, y = x.astype(np.float32), y.astype(np.float32)
    count, channels, height, width = x.shape
    kernel = _uint8_rows if x.dtype == np.uint8 else _float_rows
    out = np.zeros(count)
    for n in range(count):
        # Interleaved pixels are read in the order they lie in memory.
        a, b = (np.moveaxis(z[n], 0, -1).reshape(height, width * channels) for z in (x, y))
        parts = np.zeros(strip_count(height, _STRIP))
        run_strips(lambda s, e, i, a=a, b=b, p=parts: kernel(a, b, s, e, p, i), height, _STRIP)
        out[n] = parts.sum() / (channels * height * width)
    return out
