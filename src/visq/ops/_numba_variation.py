"""NumPy engine of the total variation: sums of differences between neighbours, exact for integer pixels."""

from __future__ import annotations

import numpy as np
from numba import njit

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
    kernel = _integer_rows if plane.dtype.kind == "u" else _float_rows
    parts = np.zeros(strip_count(plane.shape[0]))
    run_strips(lambda a, b, i: kernel(plane, step, squared, a, b, parts, i), plane.shape[0])
    return float(parts.sum())
