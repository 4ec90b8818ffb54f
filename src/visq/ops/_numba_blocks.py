"""NumPy engine of the block means: a row of column sums in cache, then sums along it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops._numba_colour import interleaved
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _column_sums(x, row, size, before, lead, line):  # type: ignore[no-untyped-def]
    """Sum of the `size` rows of block row `row`, from position `lead` of `line` on; zeros elsewhere."""
    height, width = x.shape
    line[:] = 0
    line = line[lead : lead + width]
    for k in range(size):
        source = row * size - before + k
        if 0 <= source < height:
            for c in range(min(width, line.size)):
                line[c] += x[source, c]


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _grey_rows(x, out, first, end, size, before, gain):  # type: ignore[no-untyped-def]
    count = out.shape[1]
    line = np.zeros(before + max(x.shape[1], count * size), out.dtype)
    share = gain[0]
    for r in range(first, end):
        _column_sums(x, r, size, before, before, line)
        target = out[r]
        if size == 2:
            for c in range(count):
                target[c] = (line[2 * c] + line[2 * c + 1]) * share
        else:
            for c in range(count):
                total = line[c * size]
                for k in range(1, size):
                    total += line[c * size + k]
                target[c] = total * share


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _colour_rows(x, out, first, end, size, before, m):  # type: ignore[no-untyped-def]
    """`x` is `(H, 3 W)` interleaved; `m` is the matrix times the gain and the share of a pixel."""
    count = out.shape[2]
    line = np.zeros(3 * before + max(x.shape[1], 3 * count * size), out.dtype)
    m00, m01, m02 = m[0, 0], m[0, 1], m[0, 2]
    m10, m11, m12 = m[1, 0], m[1, 1], m[1, 2]
    m20, m21, m22 = m[2, 0], m[2, 1], m[2, 2]
    for row in range(first, end):
        _column_sums(x, row, size, before, 3 * before, line)
        for c in range(count):
            start = 3 * c * size
            r, g, b = line[start], line[start + 1], line[start + 2]
            for k in range(start + 3, start + 3 * size, 3):
                r += line[k]
                g += line[k + 1]
                b += line[k + 2]
            out[0, row, c] = m00 * r + m01 * g + m02 * b
            out[1, row, c] = m10 * r + m11 * g + m12 * b
            out[2, row, c] = m20 * r + m21 * g + m22 * b


def block_mean(x: np.ndarray, size: int, before: int, dtype: Any, gain: float = 1.0) -> np.ndarray:
    """`(..., H, W)` of any pixel dtype to means of blocks times `gain` in `dtype`."""
    height, width = x.shape[-2:]
    out = np.empty((*x.shape[:-2], -(-height // size), -(-width // size)), dtype)
    flat_in = read_only(x.astype(np.float32) if x.dtype == np.float16 else x).reshape(-1, height, width)
    flat_out = out.reshape(-1, *out.shape[-2:])
    share = np.array([gain / size**2], dtype)
    for source, target in zip(flat_in, flat_out, strict=True):
        _image(_grey_rows, source, target, size, before, share)
    return out


def colour_block_mean(data: np.ndarray, matrix: Any, size: int, before: int, gain: float, dtype: Any) -> np.ndarray:
    """`(N, C, H, W)` view of any pixel dtype to `(N, 3, h, w)` components in `dtype`."""
    count, channels, height, width = data.shape
    weights = np.asarray(matrix, np.float64)
    if channels == 1:
        mean = block_mean(data, size, before, dtype, gain)
        return mean * weights.sum(axis=1).astype(dtype)[:, None, None]
    out = np.empty((count, 3, -(-height // size), -(-width // size)), dtype)
    weights = (weights * (gain / size**2)).astype(dtype)
    for pixels, target in zip(interleaved(data), out, strict=True):
        _image(_colour_rows, pixels, target, size, before, weights)
    return out


def _image(kernel: Any, x: np.ndarray, out: np.ndarray, *fixed: Any) -> None:
    run_strips(lambda a, b, _: kernel(x, out, a, b, *fixed), out.shape[-2])
