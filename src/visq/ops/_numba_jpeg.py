"""NumPy engine of the JPEG quality score: steps of 8-bit planes, those on block borders, and changes of their sign."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count


@njit(cache=True, nogil=True)
def _rows(x, first, end, sums, index):  # type: ignore[no-untyped-def]
    height, width = x.shape
    across = border_across = turns_across = np.int64(0)
    down = border_down = turns_down = np.int64(0)
    last = 8 * (width // 8 - 1)
    for r in range(first, end):
        row = x[r]
        for c in range(width - 1):
            across += abs(np.int64(row[c + 1]) - np.int64(row[c]))
        for c in range(7, last, 8):
            border_across += abs(np.int64(row[c + 1]) - np.int64(row[c]))
        for c in range(1, width - 1):
            before, after = np.int64(row[c]) - np.int64(row[c - 1]), np.int64(row[c + 1]) - np.int64(row[c])
            turns_across += before * after < 0
        if r + 1 < height:
            below = x[r + 1]
            line = np.int64(0)
            for c in range(width):
                line += abs(np.int64(below[c]) - np.int64(row[c]))
            down += line
            if r % 8 == 7 and r < 8 * (height // 8 - 1):
                border_down += line
            if r > 0:
                above = x[r - 1]
                for c in range(width):
                    before, after = np.int64(row[c]) - np.int64(above[c]), np.int64(below[c]) - np.int64(row[c])
                    turns_down += before * after < 0
    sums[index, 0] = across
    sums[index, 1] = border_across
    sums[index, 2] = turns_across
    sums[index, 3] = down
    sums[index, 4] = border_down
    sums[index, 5] = turns_down


def step_sums(x: np.ndarray) -> np.ndarray:
    """`(N, 2, 3)` sums of `(N, H, W)` uint8: horizontal and vertical; steps, those on borders, changes of sign."""
    return np.array([_plane(read_only(plane)) for plane in x]).reshape(-1, 2, 3)


def _plane(x: np.ndarray) -> np.ndarray:
    parts = np.zeros((strip_count(x.shape[0]), 6), np.int64)
    run_strips(lambda a, b, i: _rows(x, a, b, parts, i), x.shape[0])
    return parts.sum(axis=0)
