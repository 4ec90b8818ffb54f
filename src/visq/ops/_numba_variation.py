"""NumPy engine of the total variation: sums of differences between neighbours, exact for integer pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _integer_rows(x, step, squared, first, end, out, index):  # type: ignore[no-untyped-def]
    height, width = x.shape
    total = np.int64(0)
    for r in range(first, end):
        row = np.int64(0)
        if squared:
            for c in range(width - step):
                d = np.int64(x[r, c + step]) - np.int64(x[r, c])
                row += d * d
            if r + 1 < height:
                for c in range(width):
                    d = np.int64(x[r + 1, c]) - np.int64(x[r, c])
                    row += d * d
        else:
            for c in range(width - step):
                row += abs(np.int64(x[r, c + step]) - np.int64(x[r, c]))
            if r + 1 < height:
                for c in range(width):
                    row += abs(np.int64(x[r + 1, c]) - np.int64(x[r, c]))
        total += row
    out[index] = total


# Pixels whose squared differences are added up in 32 bits, where the compiler has the widest multiply-add.
_CHUNK = 8192


@njit(cache=True, nogil=True)
def _byte_squares(a, b):  # type: ignore[no-untyped-def]
    total = np.uint64(0)
    for start in range(0, a.size, _CHUNK):
        count = min(_CHUNK, a.size - start)
        p, q = a[start : start + count], b[start : start + count]
        part = np.uint32(0)
        for c in range(count):
            d = np.int32(p[c]) - np.int32(q[c])
            part = np.uint32(part + np.uint32(d * d))
        total += part
    return total


@njit(cache=True, nogil=True)
def _byte_sizes(a, b):  # type: ignore[no-untyped-def]
    total = np.uint64(0)
    for start in range(0, a.size, _CHUNK):
        count = min(_CHUNK, a.size - start)
        p, q = a[start : start + count], b[start : start + count]
        part = np.uint32(0)
        for c in range(count):
            part = np.uint32(part + np.uint32(abs(np.int32(p[c]) - np.int32(q[c]))))
        total += part
    return total


@njit(cache=True, nogil=True)
def _byte_rows(x, step, squared, first, end, out, index):  # type: ignore[no-untyped-def]
    height, width = x.shape
    total = np.uint64(0)
    for r in range(first, end):
        row = x[r]
        right, here = row[step:], row[: max(width - step, 0)]
        total += _byte_squares(right, here) if squared else _byte_sizes(right, here)
        if r + 1 < height:
            total += _byte_squares(x[r + 1], row) if squared else _byte_sizes(x[r + 1], row)
    out[index] = total


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _float_rows(x, step, squared, first, end, out, index):  # type: ignore[no-untyped-def]
    height, width = x.shape
    total = 0.0
    for r in range(first, end):
        for c in range(width - step):
            d = np.float64(x[r, c + step]) - np.float64(x[r, c])
            total += d * d if squared else abs(d)
        if r + 1 < height:
            for c in range(width):
                d = np.float64(x[r + 1, c]) - np.float64(x[r, c])
                total += d * d if squared else abs(d)
    out[index] = total


def difference_sums(x: np.ndarray, squared: bool) -> np.ndarray:
    """`(N,)` sums of |d| or d^2 over vertical and horizontal neighbours of `(N, C, H, W)`, any dtype and strides."""
    if x.dtype == np.float16:
        x = x.astype(np.float32)
    count, channels, height, width = x.shape
    out = np.zeros(count)
    for n in range(count):
        # Interleaved pixels are read in the order they lie in memory; planes one after the other.
        if channels > 1 and x.strides[1] <= x.strides[3]:
            planes = [(np.moveaxis(x[n], 0, -1).reshape(height, width * channels), channels)]
        else:
            planes = [(x[n, c], 1) for c in range(channels)]
        out[n] = sum(_plane_sum(plane, step, squared) for plane, step in planes)
    return out


def _plane_sum(plane: np.ndarray, step: int, squared: bool) -> float:
    """One `(H, W)` plane whose horizontal neighbours lie `step` columns apart."""
    kernel: Any = _integer_rows if plane.dtype.kind == "u" else _float_rows
    if plane.dtype == np.uint8:
        plane, kernel = read_only(plane), _byte_rows
    parts = np.zeros(strip_count(plane.shape[0]))
    run_strips(lambda a, b, i: kernel(plane, step, squared, a, b, parts, i), plane.shape[0])
    return float(parts.sum())
