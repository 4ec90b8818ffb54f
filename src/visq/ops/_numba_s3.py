"""NumPy engine of S3: largest local variation of 8 x 8 blocks, and which of them have visible contrast."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.borders import padded_index
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips

BLOCK = 8
_STRIP = 8


@njit(cache=True, nogil=True)
def _variation_rows(x, rows, columns, first, end, out):  # type: ignore[no-untyped-def]
    for i in range(first, end):
        for j in range(out.shape[1]):
            most = 0.0
            for r in range(8 * i, 8 * i + 7):
                up, down = x[rows[r]], x[rows[r + 1]]
                for c in range(8 * j, 8 * j + 7):
                    a, b = np.float64(up[columns[c]]), np.float64(up[columns[c + 1]])
                    d, e = np.float64(down[columns[c]]), np.float64(down[columns[c + 1]])
                    total = abs(a - b) + abs(a - d) + abs(a - e) + abs(e - d) + abs(d - b) + abs(e - b)
                    most = max(most, total)
            out[i, j] = most


@njit(cache=True, nogil=True)
def _visible_rows(x, rows, columns, least_mean, least_range, first, end, out):  # type: ignore[no-untyped-def]
    for i in range(first, end):
        for j in range(out.shape[1]):
            total, low, high = 0.0, np.inf, -np.inf
            for r in range(4 * i, 4 * i + 8):
                row = x[rows[r]]
                for c in range(4 * j, 4 * j + 8):
                    v = np.float64(row[columns[c]])
                    light = max(0.7656 + 0.0364 * v, 0.0) ** 2.2
                    total += light
                    low, high = min(low, light), max(high, light)
            out[i, j] = total > 64 * least_mean and high - low > least_range


def variation(x: np.ndarray, start: int, count: tuple[int, int]) -> np.ndarray:
    """Largest sum of the six differences within 2 x 2 pixels, of the 8 x 8 blocks from `start` on; border symmetric."""
    rows, columns = _indices(x, start, BLOCK, count)
    out = np.empty(count)
    x = read_only(x)
    run_strips(lambda a, b, _: _variation_rows(x, rows, columns, a, b, out), count[0], _STRIP)
    return out


def visible(x: np.ndarray, start: int, count: tuple[int, int], least_mean: float, least_range: float) -> np.ndarray:
    """Whether the 8 x 8 blocks in steps of 4 from `start` on are light enough and have contrast; border symmetric."""
    rows, columns = _indices(x, start, BLOCK // 2, count)
    out = np.empty(count, np.bool_)
    x = read_only(x)
    run_strips(lambda a, b, _: _visible_rows(x, rows, columns, least_mean, least_range, a, b, out), count[0], _STRIP)
    return out


def _indices(x: np.ndarray, start: int, step: int, count: tuple[int, int]) -> list[np.ndarray]:
    ends = [start + step * (n - 1) + BLOCK for n in count]
    return [
        padded_index(side, -start, max(0, end - side), "symmetric") for side, end in zip(x.shape, ends, strict=True)
    ]
