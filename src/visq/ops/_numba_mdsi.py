"""NumPy engine of MDSI's two similarities: gradients and chromaticity in one pass over L, H and M.

Compiled without reassociation, so that equal pixels give deficits of exactly 0.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips


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
