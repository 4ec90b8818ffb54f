"""NumPy engine of PSNR-HVS and PSNR-HVS-M: the cosine transforms of a row of blocks at a time, nothing else is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops.dct import dct_matrix
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

# Rows of blocks a strip.
_STRIP = 8


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _down(x, top, half, line, out):  # type: ignore[no-untyped-def]
    """Transform of eight rows along the height: sums and differences of mirrored rows, four products each."""
    real = half.dtype.type
    columns = out.shape[1]
    for k in range(4):
        for c in range(columns):
            p, q = real(x[top + k, c]), real(x[top + 7 - k, c])
            line[k, c] = p + q
            line[k + 4, c] = p - q
    for u in range(8):
        first = 4 * (u % 2)
        a, b, d, e = half[u, 0], half[u, 1], half[u, 2], half[u, 3]
        for c in range(columns):
            near = a * line[first, c] + b * line[first + 1, c]
            out[u, c] = near + (d * line[first + 2, c] + e * line[first + 3, c])


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _across(x, left, half, out):  # type: ignore[no-untyped-def]
    """Transform of the rows of the block at `left` along the width, turned: horizontal frequency down."""
    s, t = np.empty((4, 8), x.dtype), np.empty((4, 8), x.dtype)
    for k in range(4):
        for u in range(8):
            p, q = x[u, left + k], x[u, left + 7 - k]
            s[k, u] = p + q
            t[k, u] = p - q
    for v in range(0, 8, 2):
        for u in range(8):
            out[v, u] = half[v, 0] * s[0, u] + half[v, 1] * s[1, u] + half[v, 2] * s[2, u] + half[v, 3] * s[3, u]
            w = v + 1
            out[w, u] = half[w, 0] * t[0, u] + half[w, 1] * t[1, u] + half[w, 2] * t[2, u] + half[w, 3] * t[3, u]


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract", "reassoc"}, error_model="numpy")
def _masked(x, top, left, coefficients, weight):  # type: ignore[no-untyped-def]
    """What the block masks: 32 times the limit, squared."""
    energy = whole = 0.0
    for v in range(8):
        for u in range(8):
            square = np.float64(coefficients[v, u]) * np.float64(coefficients[v, u])
            energy += weight[v, u] * square
            whole += square
    whole -= np.float64(coefficients[0, 0]) * np.float64(coefficients[0, 0])
    # Less one of its pixels, a flat block is exactly nothing and little is lost by squaring before summing.
    inner, base = 0.0, np.float64(x[top, left])
    for i in range(top, top + 8, 4):
        for j in range(left, left + 8, 4):
            total = squares = 0.0
            for r in range(i, i + 4):
                for c in range(j, j + 4):
                    d = np.float64(x[r, c]) - base
                    total += d
                    squares += d * d
            inner += max(squares - total * total / 16.0, 0.0)
    # Parseval: the variance of the block is its energy but the mean's.
    return energy * (inner * (16.0 / 15.0)) / (whole * (64.0 / 63.0)) if inner > 0.0 and whole > 0.0 else 0.0


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _rows(x, y, first, end, half, sensitivity, weight, inverse, masking, sums, index):  # type: ignore[no-untyped-def]
    blocks = x.shape[1] // 8
    line = np.empty((8, 8 * blocks), half.dtype)
    p, q = np.empty((8, 8 * blocks), half.dtype), np.empty((8, 8 * blocks), half.dtype)
    a, b = np.empty((8, 8), half.dtype), np.empty((8, 8), half.dtype)
    total = 0.0
    for i in range(first, end):
        _down(x, 8 * i, half, line, p)
        _down(y, 8 * i, half, line, q)
        if not masking:
            for u in range(8):
                for c in range(8 * blocks):
                    p[u, c] -= q[u, c]
        for j in range(blocks):
            _across(p, 8 * j, half, a)
            limit = 0.0
            if masking:
                _across(q, 8 * j, half, b)
                largest = max(_masked(x, 8 * i, 8 * j, a, weight), _masked(y, 8 * i, 8 * j, b, weight))
                limit = np.sqrt(largest) / 32.0
                for v in range(8):
                    for u in range(8):
                        a[v, u] = a[v, u] - b[v, u]
            part = 0.0
            for v in range(8):
                for u in range(8):
                    d = max(abs(np.float64(a[v, u])) - limit * inverse[v, u], 0.0) * sensitivity[v, u]
                    part += d * d
            total += part
    sums[index] = total


def weighted_error(x: np.ndarray, y: np.ndarray, tables: Any, masking: bool, dtype: Any) -> np.ndarray:
    """`(N,)` mean squared weighted differences of `(N, H, W)` lumas in 0..255.

    `tables`: the sensitivity, what masks, and what is masked, of each coefficient.
    """
    rows, columns = (n // 8 for n in x.shape[1:])
    half = read_only(dct_matrix(8)[:, :4].astype(dtype))
    # Blocks are turned: horizontal frequency first.
    tables = [read_only(np.array(t).T) for t in tables]
    out = np.empty(len(x))
    for n in range(len(x)):
        p, q = read_only(x[n]), read_only(y[n])
        out[n] = _image(p, q, half, tables, masking, rows) / (64 * rows * columns)
    return out


def _image(p: np.ndarray, q: np.ndarray, half: np.ndarray, tables: Any, masking: bool, rows: int) -> float:
    c, w, v = tables
    sums = np.zeros(strip_count(rows, _STRIP))
    run_strips(lambda a, b, i: _rows(p, q, a, b, half, c, w, v, masking, sums, i), rows, _STRIP)
    return float(sums.sum())
