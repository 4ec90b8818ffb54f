"""NumPy engine of MDSI's two similarities: gradients and chromaticity in one pass over L, H and M.

Compiled without reassociation, so that equal pixels give deficits of exactly 0.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
from numba import njit

from visq.ops._numba_blocks import rows_of_pair
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_STRIP = 32
_EIGHTH = math.cos(math.pi / 4)  # real and imaginary part of the fourth root of -1


@njit(cache=True, nogil=True, error_model="numpy")
def _column_terms(plane, r, zero, smooth, step):  # type: ignore[no-untyped-def]
    height, width = plane.shape
    up = plane[r - 1] if r > 0 else zero
    here = plane[r]
    down = plane[r + 1] if r + 1 < height else zero
    for c in range(width):
        smooth[c + 1] = (up[c] + here[c]) + down[c]
        step[c + 1] = down[c] - up[c]


@njit(cache=True, nogil=True, error_model="numpy")
def _structure(sx, dx, sy, dy, k, out):  # type: ignore[no-untyped-def]
    c1, c2, half = k[0], k[1], k[3]
    for c in range(out.size):
        ax, bx = sx[c + 2] - sx[c], (dx[c] + dx[c + 1]) + dx[c + 2]
        ay, by = sy[c + 2] - sy[c], (dy[c] + dy[c + 1]) + dy[c + 2]
        # The gradient of the mean image is the mean of the gradients.
        af, bf = half * (ax + ay), half * (bx + by)
        qx, qy, qf = ax * ax + bx * bx, ay * ay + by * by, af * af + bf * bf
        gx, gy, gf = np.sqrt(qx), np.sqrt(qy), np.sqrt(qf)
        reference_distorted = (gx - gy) * (gx - gy) / (qx + qy + c1)
        reference_fused = (gy - gf) * (gy - gf) / (qy + qf + c2)
        distorted_fused = (gx - gf) * (gx - gf) / (qx + qf + c2)
        out[c] = reference_distorted + distorted_fused - reference_fused


@njit(cache=True, nogil=True, error_model="numpy")
def _colour(hx, mx, hy, my, c3, out):  # type: ignore[no-untyped-def]
    for c in range(out.size):
        h, m = hx[c] - hy[c], mx[c] - my[c]
        out[c] = (h * h + m * m) / (hx[c] * hx[c] + hy[c] * hy[c] + mx[c] * mx[c] + my[c] * my[c] + c3)


@njit(cache=True, nogil=True, error_model="numpy")
def _rows(x, y, first, end, zero, k, structure, colour):  # type: ignore[no-untyped-def]
    width = x.shape[2]
    sx, dx = np.zeros(width + 2, x.dtype), np.zeros(width + 2, x.dtype)
    sy, dy = np.zeros(width + 2, x.dtype), np.zeros(width + 2, x.dtype)
    for r in range(first, end):
        _column_terms(x[0], r, zero, sx, dx)
        _column_terms(y[0], r, zero, sy, dy)
        _structure(sx, dx, sy, dy, k, structure[r])
        _colour(x[1, r], x[2, r], y[1, r], y[2, r], k[2], colour[r])


def deficits(x: np.ndarray, y: np.ndarray, constants: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """1 minus gradient similarity and 1 minus colour similarity, `(N, H, W)`, of two `(N, 3, H, W)` LHM images."""
    c1, c2, c3 = constants
    # The kernel leaves out the thirds of the Prewitt taps.
    k = np.array([9 * c1, 9 * c2, c3, 0.5], x.dtype)
    shape = (x.shape[0], *x.shape[2:])
    structure, colour = np.empty(shape, x.dtype), np.empty(shape, x.dtype)
    zero = read_only(np.zeros(shape[2], x.dtype))
    for n in range(shape[0]):
        _image(read_only(x[n]), read_only(y[n]), zero, k, structure[n], colour[n])
    return structure, colour


def _image(x: np.ndarray, y: np.ndarray, *fixed: np.ndarray) -> None:
    run_strips(lambda a, b, _: _rows(x, y, a, b, *fixed), x.shape[1])


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"}, error_model="numpy")
def _root_rows(structure, colour, share, out, part):  # type: ignore[no-untyped-def]
    """Fourth roots of the similarity, negative ones with their sign, and the sums of their complex parts."""
    mine, other, one = share[0], share[1], share[2]
    rows, width = out.shape
    for r in range(rows):
        s, q, target = structure[r], colour[r], out[r]
        for c in range(width):
            combined = one - (mine * s[c] + other * q[c])
            root = np.sqrt(np.sqrt(abs(combined)))
            target[c] = -root if combined < 0 else root
        real = imaginary = 0.0
        for c in range(width):
            v = np.float64(target[c])
            real += max(v, 0.0)
            imaginary -= min(v, 0.0)
        part[0] += real + _EIGHTH * imaginary
        part[1] += _EIGHTH * imaginary


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract"}, error_model="numpy")
def _deviation_rows(roots, first, end, real, imaginary, part):  # type: ignore[no-untyped-def]
    total = 0.0
    for r in range(first, end):
        row = roots[r]
        for c in range(row.size):
            v = np.float64(row[c])
            less = -_EIGHTH * min(v, 0.0)
            a, b = max(v, 0.0) + less - real, less - imaginary
            total += np.sqrt(a * a + b * b)
    part[0] = total


def mean_deviation(x: Any, y: Any, constants: tuple[float, float, float], alpha: float) -> np.ndarray:
    """`(N,)` mean of ``|z - mean z|``, z the fourth root of the similarities' weighted sum, principal and complex.

    `x` and `y` are `visq.ops._numba_blocks.BlockMeans` of L, H and M: no plane but that of `z` is ever made.
    """
    c1, c2, c3 = constants
    k = np.array([9 * c1, 9 * c2, c3, 0.5], x.dtype)
    share = np.array([alpha, 1 - alpha, 1.0], x.dtype)
    zero = read_only(np.zeros(x.shape[3], x.dtype))
    return np.array([_one(partial(rows_of_pair, x, y, n), x.shape[2], zero, k, share) for n in range(x.shape[0])])


def _one(pair: Any, height: int, zero: np.ndarray, k: np.ndarray, share: np.ndarray) -> float:
    roots = np.empty((height, zero.size), zero.dtype)
    parts = np.zeros((strip_count(height, _STRIP), 2))

    def similarities(first: int, end: int, index: int) -> None:
        low, high = max(0, first - 1), min(height, end + 1)
        structure, colour = np.empty((2, high - low, zero.size), zero.dtype)
        a, b = pair(low, high)
        _rows(a, b, first - low, end - low, zero, k, structure, colour)
        kept = slice(first - low, end - low)
        _root_rows(structure[kept], colour[kept], share, roots[first:end], parts[index])

    run_strips(similarities, height, _STRIP)
    real, imaginary = parts.sum(axis=0) / roots.size
    run_strips(lambda a, b, i: _deviation_rows(roots, a, b, real, imaginary, parts[i]), height, _STRIP)
    return float(parts[:, 0].sum() / roots.size)
