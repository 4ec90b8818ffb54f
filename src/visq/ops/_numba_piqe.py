"""NumPy engine of PIQE: one pass over rows of blocks; no coefficient image is ever made."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.borders import padded_index
from visq.ops.filters import gaussian_window
from visq.ops.threads import run_strips

BLOCK = 16
_HALF = 3
_STRIP = 4
# As in the authors' program, the surround lacks columns 7 and 9 where 7 and 8 are the centre.
_SHARES = np.array([[1.0] * 16, [float(x not in (7, 9)) for x in range(16)], [float(x in (7, 8)) for x in range(16)]])
_FAST = {"reassoc", "contract", "nsz", "arcp"}


@njit(cache=True, nogil=True, error_model="numpy")
def _level_rows(luma, peak, out, first, end):  # type: ignore[no-untyped-def]
    for r in range(first, end):
        for c in range(luma.shape[1]):
            v = np.floor(255.0 * (np.float64(luma[r, c]) / peak) + 0.5)
            out[r, c] = np.uint8(max(v, 0.0))


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST, error_model="numpy")
def _coefficient_row(levels, rows, r, columns, taps, mean, square, coefficients):  # type: ignore[no-untyped-def]
    """One row of (x - mean) / (deviation + 1); `mean` and `square` are buffers of the padded width."""
    w0, w1, w2, w3 = taps[0], taps[1], taps[2], taps[3]
    a, b, c, d = levels[rows[r]], levels[rows[r + 1]], levels[rows[r + 2]], levels[rows[r + 3]]
    e, f, g = levels[rows[r + 4]], levels[rows[r + 5]], levels[rows[r + 6]]
    width = levels.shape[1]
    for x in range(width):
        va, vb, vc, vd = np.int32(a[x]), np.int32(b[x]), np.int32(c[x]), np.int32(d[x])
        ve, vf, vg = np.int32(e[x]), np.int32(f[x]), np.int32(g[x])
        mean[_HALF + x] = w0 * (va + vg) + w1 * (vb + vf) + w2 * (vc + ve) + w3 * vd
        square[_HALF + x] = (
            w0 * (va * va + vg * vg) + w1 * (vb * vb + vf * vf) + w2 * (vc * vc + ve * ve) + w3 * (vd * vd)
        )
    for p in range(_HALF):
        mean[p], square[p] = mean[_HALF], square[_HALF]
    for p in range(_HALF + width, columns.size):
        mean[p], square[p] = mean[_HALF + columns[p]], square[_HALF + columns[p]]
    for x in range(coefficients.size):
        coefficients[x] = d[columns[x + _HALF]]
    for x in range(coefficients.size):
        m = w0 * (mean[x] + mean[x + 6]) + w1 * (mean[x + 1] + mean[x + 5])
        m += w2 * (mean[x + 2] + mean[x + 4]) + w3 * mean[x + 3]
        s = w0 * (square[x] + square[x + 6]) + w1 * (square[x + 1] + square[x + 5])
        s += w2 * (square[x + 2] + square[x + 4]) + w3 * square[x + 3]
        coefficients[x] = (coefficients[x] - m) / (np.sqrt(abs(s - m * m)) + 1.0)


@njit(cache=True, nogil=True)
def _flat_segment(edge, window, threshold):  # type: ignore[no-untyped-def]
    """Whether any run of `window` neighbours of one block edge has a deviation below the threshold."""
    limit = threshold * threshold * (1.0 + 1e-9)  # most roots are not needed
    for first in range(edge.size - window + 1):
        total = 0.0
        for k in range(window):
            total += edge[first + k]
        average = total / window
        squares = 0.0
        for k in range(window):
            squares += (edge[first + k] - average) ** 2
        if squares / (window - 1) < limit and np.sqrt(squares / (window - 1)) < threshold:
            return True
    return False


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _spread(band, start, share):  # type: ignore[no-untyped-def]
    """Deviation of the block from column `start` on, of its columns with a share of 1. Two passes, for the digits."""
    total = count = 0.0
    for x in range(16):
        count += 16.0 * share[x]
    for y in range(16):
        row = band[y, start : start + 16]
        for x in range(16):
            total += share[x] * row[x]
    average = total / count
    squares = 0.0
    for y in range(16):
        row = band[y, start : start + 16]
        for x in range(16):
            d = row[x] - average
            squares += share[x] * (d * d)
    return np.sqrt(squares / (count - 1.0))


@njit(cache=True, nogil=True)
def _block_rows(levels, rows, columns, taps, shares, limits, first, end, out):  # type: ignore[no-untyped-def]
    """`out[..., 0]` variance, 1 active, 2 artefact, 3 noise."""
    wide = columns.size - 2 * _HALF
    mean, square = np.empty(columns.size), np.empty(columns.size)
    band = np.empty((16, wide))
    for i in range(first, end):
        for y in range(16):
            _coefficient_row(levels, rows, i * 16 + y, columns, taps, mean, square, band[y])
        for j in range(wide // 16):
            deviation = _spread(band, 16 * j, shares[0])
            variance = deviation * deviation
            active = variance > limits[0]
            out[i, j, 0] = variance
            out[i, j, 1] = active
            out[i, j, 2] = 0.0
            out[i, j, 3] = 0.0
            if not active:
                continue
            block = band[:, j * 16 : j * 16 + 16]
            out[i, j, 2] = (
                _flat_segment(block[0], 6, limits[1])
                or _flat_segment(block[15], 6, limits[1])
                or _flat_segment(block[:, 0], 6, limits[1])
                or _flat_segment(block[:, 15], 6, limits[1])
            )
            surround = _spread(band, 16 * j, shares[1])
            ratio = _spread(band, 16 * j, shares[2]) / surround if surround > 0.0 else 0.0
            out[i, j, 3] = deviation > 2.0 * abs(deviation - ratio) / max(deviation, ratio)


def levels(luma: np.ndarray) -> np.ndarray:
    """One `(H, W)` luma to whole levels 0..255 of its own maximum; a black picture stays black."""
    peak = float(luma.max())
    if peak <= 0.0:
        return np.zeros(luma.shape, np.uint8)
    if luma.dtype == np.uint8 and peak == 255.0:
        return luma
    out = np.empty(luma.shape, np.uint8)
    run_strips(lambda a, b, _: _level_rows(luma, peak, out, a, b), luma.shape[0])
    return out


def blocks(luma: np.ndarray, activity: float, flatness: float) -> np.ndarray:
    """`(N, H, W)` luma to `(N, rows, columns, 4)`: variance, active, artefact, noise of every block."""
    count, height, width = luma.shape
    rows, columns = _source_index(height), _source_index(width)
    taps = gaussian_window(7, 7 / 6)
    out = np.empty((count, -(-height // BLOCK), -(-width // BLOCK), 4))
    limits = np.array([activity, flatness])

    def one(whole: np.ndarray, target: np.ndarray) -> None:
        run_strips(
            lambda a, b, _: _block_rows(whole, rows, columns, taps, _SHARES, limits, a, b, target),
            target.shape[0],
            _STRIP,
        )

    for n in range(count):
        one(levels(luma[n]), out[n])
    return out


def _source_index(length: int) -> np.ndarray:
    """Source of every position of an axis mirrored up to whole blocks, then repeated by half the filter."""
    whole = padded_index(length, 0, -length % BLOCK, "symmetric")
    return whole[np.clip(np.arange(-_HALF, len(whole) + _HALF), 0, len(whole) - 1)]
