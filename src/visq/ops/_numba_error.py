"""NumPy engine of the squared error: no difference image is ever made."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.threads import run_strips, strip_count

# Pixels a row of the working layout. A constant inner loop and a sum forced back to 32 bits are what LLVM needs to
# use its widest multiply-add: 256 squares of 8-bit differences stay below 2**24.
_CHUNK = 256
_STRIP = 4096


@njit(cache=True, nogil=True)
def _uint8_rows(x, y, first, end, out, index):  # type: ignore[no-untyped-def]
    total = np.uint64(0)
    for r in range(first, end):
        part = np.uint32(0)
        for c in range(_CHUNK):
            d = np.int32(x[r, c]) - np.int32(y[r, c])
            part = np.uint32(part + np.uint32(d * d))
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
    return np.array([_mean_squared(a, b) for a, b in zip(x, y, strict=True)])


def _mean_squared(x: np.ndarray, y: np.ndarray) -> float:
    kernel = _uint8_rows if x.dtype == np.uint8 else _float_rows
    # Interleaved pixels are read in the order they lie in memory.
    a, b = (z.transpose(1, 2, 0).reshape(-1) for z in (x, y))
    whole = a.size // _CHUNK * _CHUNK
    rows = whole // _CHUNK
    parts = np.zeros(strip_count(rows, _STRIP))
    left, right = (z[:whole].reshape(rows, _CHUNK) for z in (a, b))
    run_strips(lambda first, end, i: kernel(left, right, first, end, parts, i), rows, _STRIP)
    total = parts.sum()
    if whole < a.size:
        rest = a[whole:].astype(np.float64) - b[whole:]
        total += rest @ rest
    return float(total / a.size)
