"""NumPy engine of the orientation patterns: gradients, comparisons and weights of a row in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

STRIP = 32
PATTERNS = 9


@njit(cache=True, nogil=True)
def _gradient_row(x, r, across, down, energy, least):  # type: ignore[no-untyped-def]
    """Scharr's derivatives, 16 times, of row `r` without its ends; energy 0 where there is no orientation."""
    up, here, below = x[r - 1], x[r], x[r + 1]
    for c in range(across.size):
        right = 3.0 * (up[c + 2] + below[c + 2]) + 10.0 * here[c + 2]
        left = 3.0 * (up[c] + below[c]) + 10.0 * here[c]
        bottom = 3.0 * (below[c] + below[c + 2]) + 10.0 * below[c + 1]
        top = 3.0 * (up[c] + up[c + 2]) + 10.0 * up[c + 1]
        gx, gy = right - left, bottom - top
        e = gx * gx + gy * gy
        across[c], down[c] = gx, gy
        energy[c] = e if e > least else 0.0


@njit(cache=True, nogil=True)
def _rows(x, sums, first, end, sine, least):  # type: ignore[no-untyped-def]
    width = x.shape[1] - 2
    across, down, energy = np.empty((3, width)), np.empty((3, width)), np.empty((3, width))
    alike = np.empty(width - 2, np.int64)
    for k in range(2):
        _gradient_row(x, first + 1 + k, across[k], down[k], energy[k], least)
    for r in range(first, end):
        slot = r - first
        new, mid = (slot + 2) % 3, (slot + 1) % 3
        _gradient_row(x, r + 3, across[new], down[new], energy[new], least)
        gx, gy, ge = across[mid, 1:], down[mid, 1:], energy[mid, 1:]
        alike[:] = 0
        for i in range(3):
            k = (slot + i) % 3
            for j in range(3):
                if i == 1 and j == 1:
                    continue
                ox, oy, oe = across[k, j:], down[k, j:], energy[k, j:]
                for c in range(alike.size):
                    cross = gx[c] * oy[c] - gy[c] * ox[c]
                    alike[c] += cross * cross < sine * ge[c] * oe[c]
        for c in range(alike.size):
            mean = 0.0
            for i in range(1, 4):
                mean += x[r + i, c + 1] + x[r + i, c + 2] + x[r + i, c + 3]
            mean /= 9.0
            variance = 0.0
            for i in range(1, 4):
                for j in range(1, 4):
                    difference = x[r + i, c + j] - mean
                    variance += difference * difference
            sums[alike[c]] += variance / 9.0


def pattern_weights(x: np.ndarray, sine: float, least: float) -> np.ndarray:
    """`(9,)` sums of local variances by pattern, of an `(H, W)` float64 plane, a margin of two pixels left out.

    `sine` is the square of the sine of the angle from which on orientations differ, `least` the squared gradient
    (16 Scharr units) up to which a pixel has none.
    """
    x = read_only(x)
    rows = x.shape[0] - 4
    sums = np.zeros((strip_count(rows, STRIP), PATTERNS))
    run_strips(lambda a, b, i: _rows(x, sums[i], a, b, sine, least), rows, STRIP)
    return sums.sum(axis=0)
