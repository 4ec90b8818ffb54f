"""NumPy engine of the interpolation between aligned corners: sampling pixels, and enlarging straight into blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops._numba_colour import interleaved
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_FAST = {"contract", "nsz"}
_BLOCK_ROWS = 32


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _sample_rows(x, out, first, end, rows, down, columns, across, gain):  # type: ignore[no-untyped-def]
    """`x` is `(H, W C)` interleaved, `out` `(C, h, w)`. As `a + (b - a) t`: exact where all pixels are equal."""
    channels = out.shape[0]
    for r in range(first, end):
        upper, lower, t = x[rows[r, 0]], x[rows[r, 1]], down[r]
        for c in range(out.shape[2]):
            one, two, s = channels * columns[c, 0], channels * columns[c, 1], across[c]
            for k in range(channels):
                a = out.dtype.type(upper[one + k])
                b = out.dtype.type(upper[two + k])
                left = a + (out.dtype.type(lower[one + k]) - a) * t
                right = b + (out.dtype.type(lower[two + k]) - b) * t
                out[k, r, c] = (left + (right - left) * s) * gain[0]


def sample(data: np.ndarray, rows: Any, columns: Any, gain: float, dtype: Any) -> np.ndarray:
    """`(N, C, H, W)` view of any pixel dtype to `(N, C, h, w)`, times `gain`."""
    count, channels = data.shape[:2]
    out = np.empty((count, channels, len(rows[0]), len(columns[0])), dtype)
    fixed = (
        read_only(rows[0]),
        read_only(rows[1][:, 1].astype(dtype)),
        read_only(columns[0]),
        read_only(columns[1][:, 1].astype(dtype)),
        read_only(np.array([gain], dtype)),
    )
    for pixels, target in zip(interleaved(data), out, strict=True):
        _run(_sample_rows, pixels, target, target.shape[1], *fixed)
    return out


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _widen(x, out, first, end, columns, across):  # type: ignore[no-untyped-def]
    for r in range(first, end):
        for c in range(out.shape[1]):
            a = x[r, columns[c, 0]]
            out[r, c] = a + (x[r, columns[c, 1]] - a) * across[c]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _block_rows(x, out, first, end, rows, down, size, before, low, high, index):  # type: ignore[no-untyped-def]
    """Sums over blocks of the enlarged rows, and the extremes of these rows; `x` is as wide as the result."""
    height, width, count = rows.shape[0], x.shape[1], out.shape[1]
    line = np.zeros(before + max(width, count * size), x.dtype)
    least, most = np.full(width, np.inf, x.dtype), np.full(width, -np.inf, x.dtype)
    for block in range(first, end):
        line[:] = 0
        inside = line[before : before + width]
        for r in range(max(0, block * size - before), min(height, (block + 1) * size - before)):
            upper, lower, t = x[rows[r, 0]], x[rows[r, 1]], down[r]
            for c in range(width):
                v = upper[c] + (lower[c] - upper[c]) * t
                inside[c] += v
                least[c] = v if v < least[c] else least[c]
                most[c] = v if v > most[c] else most[c]
        for c in range(count):
            total = line[c * size]
            for k in range(1, size):
                total += line[c * size + k]
            out[block, c] = total
    low[index], high[index] = least.min(), most.max()


def block_sums(x: np.ndarray, rows: Any, columns: Any, size: int, before: int) -> tuple[np.ndarray, float, float]:
    """One `(h, w)` image enlarged to `(len(rows), len(columns))`: its sums over blocks, its minimum and maximum."""
    height, width = len(rows[0]), len(columns[0])
    wider = np.empty((len(x), width), x.dtype)
    _run(_widen, x, wider, len(x), read_only(columns[0]), read_only(columns[1][:, 1].astype(x.dtype)))
    out = np.empty((-(-height // size), -(-width // size)), x.dtype)
    low, high = np.empty((2, strip_count(len(out), _BLOCK_ROWS)), x.dtype)
    fixed = read_only(rows[0]), read_only(rows[1][:, 1].astype(x.dtype)), size, before
    run_strips(lambda a, b, i: _block_rows(wider, out, a, b, *fixed, low, high, i), len(out), _BLOCK_ROWS)
    return out, low.min(), high.max()


def _run(kernel: Any, x: np.ndarray, out: np.ndarray, length: int, *fixed: Any) -> None:
    run_strips(lambda a, b, _: kernel(x, out, a, b, *fixed), length)
