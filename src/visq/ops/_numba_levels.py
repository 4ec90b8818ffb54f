"""NumPy engine of the histogram of levels and of the moments of a plane, by strips of rows."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_LEVELS = 256


@njit(cache=True, nogil=True)
def _rows(x, first, end, counts):  # type: ignore[no-untyped-def]
    # Four tables in turn: equal neighbours would wait for each other's count.
    width = x.shape[1]
    one, two, three, four = counts[0], counts[1], counts[2], counts[3]
    for r in range(first, end):
        row = x[r]
        for c in range(width // 4):
            one[row[4 * c]] += np.uint32(1)
            two[row[4 * c + 1]] += np.uint32(1)
            three[row[4 * c + 2]] += np.uint32(1)
            four[row[4 * c + 3]] += np.uint32(1)
        for c in range(width - width % 4, width):
            one[row[c]] += np.uint32(1)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _moment_rows(x, pivot, least, most, first, end, sums, index):  # type: ignore[no-untyped-def]
    one = two = 0.0
    for r in range(first, end):
        row = x[r]
        for c in range(row.size):
            v = min(max(np.float64(row[c]), least), most) - pivot
            one += v
            two += v * v
    sums[index, 0] = one
    sums[index, 1] = two


@njit(cache=True, nogil=True)
def _byte_moment_rows(x, first, end, sums, index):  # type: ignore[no-untyped-def]
    # In 32 bits as far as they reach: 65536 squares of a byte. Twice the lanes of 64.
    total, squares = np.uint64(0), np.uint64(0)
    for r in range(first, end):
        for start in range(0, x.shape[1], 65536):
            row = x[r, start : start + 65536]
            one, two = np.uint32(0), np.uint32(0)
            for c in range(row.size):
                v = np.uint32(row[c])
                one = np.uint32(one + v)
                two = np.uint32(two + np.uint32(v * v))
            total += np.uint64(one)
            squares += np.uint64(two)
    sums[index, 0] = total
    sums[index, 1] = squares


def variance(x: np.ndarray, least: float, most: float) -> np.ndarray:
    """`(N,)` variances of `(N, H, W)` of any dtype, values held to `least..most` first; sums in float64."""
    return np.array([_variance(read_only(plane), least, most) for plane in x])


def _variance(x: np.ndarray, least: float, most: float) -> float:
    if x.dtype == np.uint8:
        whole = np.zeros((strip_count(x.shape[0]), 2), np.uint64)
        run_strips(lambda a, b, i: _byte_moment_rows(x, a, b, whole, i), x.shape[0])
        total, squares = (int(v) for v in whole.sum(axis=0))
        return (squares * x.size - total * total) / x.size**2
    # From the first pixel, so that a flat picture has exactly none.
    pivot = min(max(float(x[0, 0]), least), most)
    parts = np.zeros((strip_count(x.shape[0]), 2))
    run_strips(lambda a, b, i: _moment_rows(x, pivot, least, most, a, b, parts, i), x.shape[0])
    one, two = parts.sum(axis=0) / x.size
    return max(float(two - one * one), 0.0)


def histogram(x: np.ndarray) -> np.ndarray:
    """`(N, 256)` counts of the levels of `(N, H, W)` uint8."""
    return np.array([_plane(read_only(plane)) for plane in x])


def _plane(x: np.ndarray) -> np.ndarray:
    # A strip of 64 rows does not fill 32 bits below 268 million columns.
    parts = np.zeros((strip_count(x.shape[0]), 4, _LEVELS), np.uint32)
    run_strips(lambda a, b, i: _rows(x, a, b, parts[i]), x.shape[0])
    return parts.sum(axis=(0, 1), dtype=np.int64)
