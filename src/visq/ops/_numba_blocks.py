"""NumPy engine of the block means: a row of column sums in cache, then sums along it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops._numba_colour import interleaved
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
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
def _grey_rows(x, out, first, end, base, size, before, gain):  # type: ignore[no-untyped-def]
    """Rows `first` to `end` of the means; `out` begins with row `base`."""
    count = out.shape[1]
    line = np.zeros(before + max(x.shape[1], count * size), out.dtype)
    share = gain[0]
    for r in range(first, end):
        _column_sums(x, r, size, before, before, line)
        target = out[r - base]
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
def _colour_rows(x, out, first, end, base, size, before, m):  # type: ignore[no-untyped-def]
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
            out[0, row - base, c] = m00 * r + m01 * g + m02 * b
            out[1, row - base, c] = m10 * r + m11 * g + m12 * b
            out[2, row - base, c] = m20 * r + m21 * g + m22 * b


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
    run_strips(lambda a, b, _: kernel(x, out, a, b, 0, *fixed), out.shape[-2])


class BlockMeans:
    """`block_mean` or `colour_block_mean` of a batch, made a few rows at a time and never held as a whole.

    Parameters
    ----------
    data : array
        `(N, C, H, W)` view of any pixel dtype.
    matrix : 3 x 3 floats, optional
        Components of colour pixels; grey ones are averaged as they are.
    size, before, gain, dtype
        As `colour_block_mean`.

    Attributes
    ----------
    shape : (int, int, int, int)
        `(N, C, h, w)` of the means.
    """

    def __init__(self, data: np.ndarray, matrix: Any, size: int, before: int, gain: float, dtype: Any) -> None:
        count, channels, height, width = data.shape
        self.shape = (count, channels, -(-height // size), -(-width // size))
        self.dtype = np.dtype(dtype)
        self._pixels = interleaved(data)
        self._block = size, before
        if channels == 1:
            self._weights = np.array([gain / size**2], dtype)
        else:
            self._weights = (np.asarray(matrix, np.float64) * (gain / size**2)).astype(dtype)

    def rows(self, n: int, first: int, end: int, out: np.ndarray) -> None:
        """Rows of picture `n` into `out`, `(C, end - first, w)`."""
        if self.shape[1] == 1:
            _grey_rows(self._pixels[n], out[0], first, end, first, *self._block, self._weights)
        else:
            _colour_rows(self._pixels[n], out, first, end, first, *self._block, self._weights)


def rows_of_pair(x: Any, y: Any, n: int, first: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """`(C, end - first, w)` of picture `n` of two `BlockMeans` or arrays."""
    if isinstance(x, np.ndarray):
        return read_only(x[n, :, first:end]), read_only(y[n, :, first:end])
    # One piece of memory: the allocator hands two back to the system, and asks for them again, strip by strip.
    both = np.empty((2, x.shape[1], end - first, x.shape[3]), x.dtype)
    x.rows(n, first, end, both[0])
    y.rows(n, first, end, both[1])
    both.flags.writeable = False
    return both[0], both[1]
