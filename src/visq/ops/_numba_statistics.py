"""NumPy engine of the scene statistics: normalised coefficients and their sums in one pass, row by row."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.borders import padded_index
from visq.ops.threads import run_strips

_FAST = {"reassoc", "contract", "nsz", "arcp"}
MAPS = 5
SUMS = 5


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST, error_model="numpy")
def _coefficient_row(x, r, row_index, column_index, taps, constant, flat, line, square, y, deviation):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    reach = taps.size // 2
    a, b = line[reach : reach + width], square[reach : reach + width]
    _down(x, row_index[r : r + taps.size], taps, a, b)
    for c in range(reach):
        left, right = column_index[c], column_index[reach + width + c]
        line[c] = a[left] if left >= 0 else 0.0
        square[c] = b[left] if left >= 0 else 0.0
        line[reach + width + c] = a[right] if right >= 0 else 0.0
        square[reach + width + c] = b[right] if right >= 0 else 0.0
    row = x[r]
    _along(line, taps, y)
    _along(square, taps, deviation)
    limit = flat[1]
    near = 0.0
    for c in range(width):
        mean = y[c]
        s = np.sqrt(abs(deviation[c] - mean * mean))
        difference = np.float64(row[c]) - mean
        near += 1.0 if abs(difference) < limit else 0.0
        deviation[c] = s
        y[c] = difference / (s + constant)
    if near > 0.0:
        _settle_flat(row, y, deviation, constant, flat)


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _down(x, rows, taps, a, b):  # type: ignore[no-untyped-def]
    """Weighted sums of the pixels of some rows, and of their squares; rows below 0 are outside and count as 0."""
    if taps.size == 7 and rows.min() >= 0:
        x0, x1, x2, x3, x4, x5, x6 = x[rows[0]], x[rows[1]], x[rows[2]], x[rows[3]], x[rows[4]], x[rows[5]], x[rows[6]]
        w0, w1, w2, w3, w4, w5, w6 = taps[0], taps[1], taps[2], taps[3], taps[4], taps[5], taps[6]
        for c in range(a.size):
            p, q, r, s = np.float64(x0[c]), np.float64(x1[c]), np.float64(x2[c]), np.float64(x3[c])
            t, u, v = np.float64(x4[c]), np.float64(x5[c]), np.float64(x6[c])
            a[c] = ((w0 * p + w6 * v) + (w1 * q + w5 * u)) + ((w2 * r + w4 * t) + w3 * s)
            b[c] = ((w0 * (p * p) + w6 * (v * v)) + (w1 * (q * q) + w5 * (u * u))) + (
                (w2 * (r * r) + w4 * (t * t)) + w3 * (s * s)
            )
        return
    a[:] = 0
    b[:] = 0
    for k in range(taps.size):
        if rows[k] >= 0:
            w = taps[k]
            row = x[rows[k]]
            for c in range(a.size):
                v = np.float64(row[c])
                a[c] += w * v
                b[c] += w * v * v


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _along(line, taps, out):  # type: ignore[no-untyped-def]
    """Weighted sums of neighbours in a line; the compiler vectorises what is written out."""
    width = out.size
    if taps.size == 7:
        a, b, c, d, e, f, g = taps[0], taps[1], taps[2], taps[3], taps[4], taps[5], taps[6]
        for i in range(width):
            out[i] = ((a * line[i] + g * line[i + 6]) + (b * line[i + 1] + f * line[i + 5])) + (
                (c * line[i + 2] + e * line[i + 4]) + d * line[i + 3]
            )
        return
    out[:] = 0.0
    for k in range(taps.size):
        w = taps[k]
        for i in range(width):
            out[i] += w * line[i + k]


@njit(cache=True, nogil=True)
def _settle_flat(row, y, deviation, constant, flat):  # type: ignore[no-untyped-def]
    for c in range(y.size):
        if abs(y[c]) * (deviation[c] + constant) < flat[1]:
            level = min(max(int(np.floor(row[c] + 0.5)), 0), 255)
            y[c] = flat[0] * flat[2 + level]


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _add(a, b, sums):  # type: ignore[no-untyped-def]
    negative = 0.0
    positive = 0.0
    magnitude = 0.0
    low = 0.0
    high = 0.0
    for c in range(a.size):
        p = a[c] * b[c]
        q = p * p
        negative += 1.0 if p < 0 else 0.0
        positive += 1.0 if p > 0 else 0.0
        low += q if p < 0 else 0.0
        high += q if p > 0 else 0.0
        magnitude += abs(p)
    sums[0] += negative
    sums[1] += positive
    sums[2] += magnitude
    sums[3] += low
    sums[4] += high


@njit(cache=True, nogil=True)
def _wrap(y, first, ring):  # type: ignore[no-untyped-def]
    n = ring.size - 2
    ring[1 : n + 1] = y[first : first + n]
    ring[0] = y[first + n - 1]
    ring[n + 1] = y[first]


@njit(cache=True, nogil=True)
def _band(x, first, end, above, side, row_index, column_index, taps, constant, flat, sums, sharpness):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    line = np.zeros(width + taps.size - 1)
    square = np.zeros(width + taps.size - 1)
    previous = np.empty(width)
    current = np.empty(width)
    deviation = np.empty(width)
    here = np.empty(side + 2)
    over = np.empty(side + 2)
    ones = np.ones(side)
    _coefficient_row(x, above, row_index, column_index, taps, constant, flat, line, square, previous, deviation)
    for r in range(first, end):
        _coefficient_row(x, r, row_index, column_index, taps, constant, flat, line, square, current, deviation)
        for block in range(sums.shape[0]):
            start = block * side
            _wrap(current, start, here)
            _wrap(previous, start, over)
            centre = here[1 : side + 1]
            out = sums[block]
            _add(centre, ones, out[0])
            _add(centre, here[:side], out[1])
            _add(centre, over[1 : side + 1], out[2])
            _add(centre, over[:side], out[3])
            _add(centre, over[2:], out[4])
            sharpness[block] += deviation[start : start + side].sum()
        previous, current = current, previous


def _set_up(x: np.ndarray, taps: np.ndarray, border: str) -> tuple[np.ndarray, np.ndarray]:
    reach = len(taps) // 2
    return padded_index(x.shape[0], reach, reach, border), padded_index(x.shape[1], reach, reach, border)


def coefficients(
    x: np.ndarray, taps: np.ndarray, border: str, constant: float, flat: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Normalised coefficients and local deviation of one `(H, W)` plane, float64."""
    index = _set_up(x, taps, border)
    y = np.empty(x.shape)
    deviation = np.empty(x.shape)

    def strip(first: int, end: int, _: int) -> None:
        line = np.zeros(x.shape[1] + len(taps) - 1)
        square = np.zeros_like(line)
        for r in range(first, end):
            _coefficient_row(x, r, *index, taps, constant, flat, line, square, y[r], deviation[r])

    run_strips(strip, x.shape[0])
    return y, deviation


def block_sums(
    x: np.ndarray, height: int, width: int, taps: np.ndarray, border: str, constant: float, flat: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the five maps in every block of one plane, and the mean deviation of every block."""
    index = _set_up(x, taps, border)
    across, down = x.shape[1] // width, x.shape[0] // height
    if down == 1:
        return _one_row_of_blocks(x, across, width, index, taps, constant, flat)
    sums = np.zeros((down, across, MAPS, SUMS))
    sharpness = np.zeros((down, across))

    def strip(first: int, end: int, i: int) -> None:
        _band(x, first, end, end - 1, width, *index, taps, constant, flat, sums[i], sharpness[i])

    run_strips(strip, down * height, height)
    return sums, sharpness / (height * width)


def _one_row_of_blocks(
    x: np.ndarray,
    across: int,
    width: int,
    index: tuple[np.ndarray, np.ndarray],
    taps: np.ndarray,
    constant: float,
    flat: np.ndarray,
    strip_rows: int = 64,
) -> tuple[np.ndarray, np.ndarray]:
    # Blocks as high as the image: cut into strips, so that one big block still uses all threads.
    height = x.shape[0]
    count = -(-height // strip_rows)
    sums = np.zeros((count, across, MAPS, SUMS))
    sharpness = np.zeros((count, across))

    def strip(first: int, end: int, i: int) -> None:
        above = first - 1 if first else height - 1
        _band(x, first, end, above, width, *index, taps, constant, flat, sums[i], sharpness[i])

    run_strips(strip, height, strip_rows)
    return sums.sum(axis=0, keepdims=True), sharpness.sum(axis=0, keepdims=True) / (height * width)
