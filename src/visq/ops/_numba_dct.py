"""NumPy engine of the block transform: down the columns, turned, down the columns again, a tile of blocks at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips

_FAST = {"reassoc", "contract", "nsz"}
_TILE = 32  # blocks whose lines fit in the cache together


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", inline="always")
def _products(matrix, source, out, width):  # type: ignore[no-untyped-def]
    """``out = matrix @ source`` for long rows; all eight rows are read once where there are eight."""
    size = matrix.shape[0]
    if size == 8:
        x0, x1, x2, x3 = source[0], source[1], source[2], source[3]
        x4, x5, x6, x7 = source[4], source[5], source[6], source[7]
        for k in range(8):
            m0, m1, m2, m3 = matrix[k, 0], matrix[k, 1], matrix[k, 2], matrix[k, 3]
            m4, m5, m6, m7 = matrix[k, 4], matrix[k, 5], matrix[k, 6], matrix[k, 7]
            line = out[k]
            for c in range(width):
                line[c] = (m0 * x0[c] + m1 * x1[c] + m2 * x2[c] + m3 * x3[c]) + (
                    m4 * x4[c] + m5 * x5[c] + m6 * x6[c] + m7 * x7[c]
                )
    else:
        for k in range(size):
            line = out[k]
            for c in range(width):
                line[c] = matrix[k, 0] * source[0, c]
            for j in range(1, size):
                m = matrix[k, j]
                for c in range(width):
                    line[c] += m * source[j, c]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", inline="always")
def _turn(lines, size, step, count, turned):  # type: ignore[no-untyped-def]
    for b in range(count):
        for j in range(size):
            for k in range(size):
                turned[j, b * size + k] = lines[k, b * step + j]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy", inline="always")
def _turn_back(done, size, count, out):  # type: ignore[no-untyped-def]
    for b in range(count):
        target = out[b]
        for k in range(size):
            for u in range(size):
                target[k, u] = done[u, b * size + k]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _rows(x, out, first, end, matrix, step):  # type: ignore[no-untyped-def]
    size = matrix.shape[0]
    blocks = out.shape[1]
    lines = np.empty((size, (_TILE - 1) * step + size), x.dtype)
    turned = np.empty((size, _TILE * size), x.dtype)
    done = np.empty((size, _TILE * size), x.dtype)
    for r in range(first, end):
        rows = x[r * step : r * step + size]
        for tile in range(0, blocks, _TILE):
            count = min(_TILE, blocks - tile)
            width = (count - 1) * step + size
            _products(matrix, rows[:, tile * step : tile * step + width], lines, width)
            target = out[r, tile : tile + count]
            if size == 8:  # the compiler unrolls a length that it knows
                _turn(lines, 8, step, count, turned)
                _products(matrix, turned, done, count * 8)
                _turn_back(done, 8, count, target)
            else:
                _turn(lines, size, step, count, turned)
                _products(matrix, turned, done, count * size)
                _turn_back(done, size, count, target)


def block_dct(x: np.ndarray, matrix: np.ndarray, step: int) -> np.ndarray:
    size = len(matrix)
    height, width = x.shape[-2:]
    out = np.empty((*x.shape[:-2], (height - size) // step + 1, (width - size) // step + 1, size, size), x.dtype)
    flat_in = read_only(x).reshape(-1, height, width)
    flat_out = out.reshape(-1, *out.shape[-4:])
    fixed = read_only(matrix.astype(x.dtype)), step
    for source, target in zip(flat_in, flat_out, strict=True):
        _image(source, target, *fixed)
    return out


def _image(x: np.ndarray, out: np.ndarray, *fixed: Any) -> None:
    run_strips(lambda a, b, _: _rows(x, out, a, b, *fixed), out.shape[0], 8)
