"""NumPy engine of the squared error: no difference image is ever made."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops._numba_colour import byte_luma, interleaved
from visq.ops.threads import run_strips, strip_count

# Pixels a row of the working layout. A constant inner loop and a sum forced back to 32 bits are what LLVM needs to
# use its widest multiply-add: 256 squares of 8-bit differences stay below 2**24.
_CHUNK = 256
_BLOCK = 8192
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


@njit(cache=True, nogil=True)
def _luma_rows(x, y, first, end, out, index):  # type: ignore[no-untyped-def]
    a, b = np.empty(x.shape[1] // 3, np.uint8), np.empty(x.shape[1] // 3, np.uint8)
    total = np.uint64(0)
    for r in range(first, end):
        byte_luma(x[r], a)
        byte_luma(y[r], b)
        for start in range(0, a.size, _BLOCK):
            count = min(_BLOCK, a.size - start)
            p, q = a[start : start + count], b[start : start + count]
            part = np.uint32(0)
            for c in range(count):
                d = np.int32(p[c]) - np.int32(q[c])
                part = np.uint32(part + np.uint32(d * d))
            total += part
    out[index] = total


def mean_squared_luma(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`(N,)` mean of squared differences of the luma, as MATLAB's `rgb2gray` rounds it, of `(N, 3, H, W)` bytes."""
    out = np.empty(len(x))
    for n, (a, b) in enumerate(zip(interleaved(x), interleaved(y), strict=True)):
        parts = np.zeros(strip_count(len(a)))
        run_strips(lambda first, end, i, a=a, b=b, parts=parts: _luma_rows(a, b, first, end, parts, i), len(a))  # type: ignore[misc]
        out[n] = parts.sum() / (x.shape[2] * x.shape[3])
    return out


def mean_squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`(N,)` mean of squared differences of two `(N, C, H, W)` arrays of equal dtype and any strides."""
    if x.dtype == np.float16:
        x, y = x.astype(np.float32), y.astype(np.float32)
    return np.array([_mean_squared(a, b) for a, b in zip(x, y, strict=True)])


def _mean_squared(x: np.ndarray, y: np.ndarray) -> float:
    kernel = _uint8_rows if x.dtype == np.uint8 else _float_rows
    # Interleaved pixels are read in the order they lie in memory.
    a, b = x.transpose(1, 2, 0).reshape(-1), y.transpose(1, 2, 0).reshape(-1)
    rows = a.size // _CHUNK
    whole = rows * _CHUNK
    parts = np.zeros(max(1, strip_count(rows, _STRIP)))
    left, right = a[:whole].reshape(rows, _CHUNK), b[:whole].reshape(rows, _CHUNK)
    run_strips(lambda first, end, i: kernel(left, right, first, end, parts, i), rows, _STRIP)
    total = parts[0] if parts.size == 1 else parts.sum()
    if whole < a.size:
        rest = a[whole:].astype(np.float64) - b[whole:]
        total += rest @ rest
    return float(total / a.size)
