"""Fused NumPy engine of VIF in the wavelet domain: one band after the other, a row of 3 x 3 blocks at a time."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "nsz"}
_STRIP = 32


@njit(cache=True, nogil=True, fastmath=_FAST)
def _products(y, height, width, first, end, products, sums):  # type: ignore[no-untyped-def]
    """Add the rows' share of the sums of products, and of the sums, of all 3 x 3 blocks that overlap."""
    lines = np.empty((3, width + 2))
    for r in range(first, end):
        # Row r is row k of the block that begins k rows above it.
        low = max(0, r - (height - 3))
        high = min(2, r)
        for dy in range(min(3, height - r)):
            for c in range(width + 2):
                lines[dy, c] = y[r + dy, c]
        for i in range(3):
            one = lines[0, i:]
            total = 0.0
            for c in range(width):
                total += one[c]
            for k in range(low, high + 1):
                sums[3 * k + i] += total
            for dy in range(min(3, height - r)):
                for j in range(3):
                    other = lines[dy, j:]
                    total = 0.0
                    for c in range(width):
                        total += one[c] * other[c]
                    for k in range(low, min(high, 2 - dy) + 1):
                        products[3 * k + i, 3 * (k + dy) + j] += total


def moments(y: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """`(9, 9)` mean products and `(9,)` means of the 3 x 3 blocks, overlapping, of a band; float64.

    Only the first `height` rows and `width` columns of `y` count.
    """
    y = read_only(y)
    strips = strip_count(height, _STRIP)
    products, sums = np.zeros((strips, 9, 9)), np.zeros((strips, 9))
    run_strips(lambda a, b, i: _products(y, height, width - 2, a, b, products[i], sums[i]), height, _STRIP)
    count = (height - 2) * (width - 2)
    # Products of rows one above or on the other were collected: the lower triangle is the mirror of the upper.
    upper = np.triu(products.sum(axis=0) / count)
    return upper + np.triu(upper, 1).T, sums.sum(axis=0) / count


def covariance(y: np.ndarray) -> np.ndarray:
    """`(9, 9)` covariance of the 3 x 3 blocks, overlapping, of a band `(H, W)`; float64.

    Rows and columns beyond a multiple of 3 are left out.
    """
    second, mean = moments(y, y.shape[0] // 3 * 3, y.shape[1] // 3 * 3)
    return second - np.outer(mean, mean)


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _window_rows(x, y, top, side, lines):  # type: ignore[no-untyped-def]
    """Column sums of x, y, x^2, y^2 and x y over `side` rows."""
    lines[:] = 0.0
    for r in range(top, top + side):
        for c in range(x.shape[1]):
            a = np.float64(x[r, c])
            b = np.float64(y[r, c])
            lines[0, c] += a
            lines[1, c] += b
            lines[2, c] += a * a
            lines[3, c] += b * b
            lines[4, c] += a * b


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST, error_model="numpy")
def _gain_and_noise(lines, left, side, eps):  # type: ignore[no-untyped-def]
    sx, sy, xx, yy, xy = 0.0, 0.0, 0.0, 0.0, 0.0
    for c in range(left, left + side):
        sx += lines[0, c]
        sy += lines[1, c]
        xx += lines[2, c]
        yy += lines[3, c]
        xy += lines[4, c]
    count = side * side
    total_x = max(0.0, xx - sx * sx / count)
    total_y = max(0.0, yy - sy * sy / count)
    joint = xy - sx * sy / count
    if total_x < eps:
        return 0.0, 0.0
    if total_y < eps or joint < 0.0:
        return 0.0, total_x
    gain = joint / total_y
    return gain, max(0.0, total_x - gain * joint) / count


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _quadratic(y, row, column, inverse, block):  # type: ignore[no-untyped-def]
    for i in range(3):
        for j in range(3):
            block[3 * i + j] = y[row + i, column + j]
    total = 0.0
    for a in range(9):
        line = 0.0
        for b in range(9):
            line += inverse[a, b] * block[b]
        total += line * block[a]
    return max(0.0, total / 9.0)


@njit(cache=True, nogil=True, error_model="numpy")
def _blocks(x, y, first, end, inverse, strengths, reach, edge, noise, eps, kept, held, index):  # type: ignore[no-untyped-def]
    lines = np.empty((5, x.shape[1]))
    block = np.empty(9)
    side = 2 * reach + 1
    across = x.shape[1] // 3
    for r in range(first, end):
        row = 3 * (r + edge)
        _window_rows(x, y, row + 1 - reach, side, lines)
        for c in range(edge, across - edge):
            gain, rest = _gain_and_noise(lines, 3 * c + 1 - reach, side, eps)
            signal = _quadratic(y, row, 3 * c, inverse, block)
            share = gain * gain * signal / (rest + noise)
            whole = signal / noise
            # The sum of nine logarithms is that of the product.
            one, two = 1.0, 1.0
            for strength in strengths:
                one *= 1.0 + share * strength
                two *= 1.0 + whole * strength
            kept[index] += np.log(one)
            held[index] += np.log(two)


def shared(
    x: np.ndarray,
    y: np.ndarray,
    inverse: np.ndarray,
    strengths: np.ndarray,
    reach: int,
    noise: float,
    eps: float,
) -> tuple[float, float]:
    """Information (in nats) of a band of the image about the reference's, and of the reference's.

    x, y : `(H, W)`, rows and columns beyond a multiple of 3 left out; `inverse` and `strengths`: inverse and
    eigenvalues of the covariance of y's blocks; `reach`: half the window of gain and noise, which are estimated around
    the middle of every block.
    """
    edge = -(-reach // 3)
    rows = y.shape[0] // 3 - 2 * edge
    kept, held = np.zeros(strip_count(rows, 16)), np.zeros(strip_count(rows, 16))
    a, b, c, d = map(read_only, (x, y, inverse, strengths))
    run_strips(lambda p, q, i: _blocks(a, b, p, q, c, d, reach, edge, noise, eps, kept, held, i), rows, 16)
    return float(kept.sum()), float(held.sum())
