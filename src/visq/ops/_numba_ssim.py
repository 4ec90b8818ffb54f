"""Fused NumPy engine of SSIM: tiles that stay in cache, no full-size intermediate, one division a pixel.

The four moments are those of the sum and the difference of the two images, which give the same SSIM as means,
variances and covariance do: with s = x + y and d = x - y,
``2 mx my = (ms^2 - md^2) / 2``, ``mx^2 + my^2 = (ms^2 + md^2) / 2``, and likewise for the second moments.
d vanishes for identical images, so their SSIM is exactly 1 in any precision.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.threads import run_strips, strip_count

WINDOW = 11
_HALO = WINDOW - 1
# One tile: 32 output rows of up to 240 columns. Both its planes fit the second-level cache, a window of rows the
# first. Widths are whole vectors, so that no loop ends in single steps.
_ROWS = 32
_VECTOR = 16
_COLUMNS = 240
_PITCH = _COLUMNS + 2 * _VECTOR
_PLANE = (_ROWS + _HALO) * _PITCH


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _weighted(v, i, step, t0, t1, t2, t3, t4, t5):  # type: ignore[no-untyped-def]
    """Symmetric eleven-tap sum around `v[i + 5 * step]`."""
    return (
        t0 * (v[i] + v[i + 10 * step])
        + t1 * (v[i + step] + v[i + 9 * step])
        + t2 * (v[i + 2 * step] + v[i + 8 * step])
        + t3 * (v[i + 3 * step] + v[i + 7 * step])
        + t4 * (v[i + 4 * step] + v[i + 6 * step])
        + t5 * v[i + 5 * step]
    )


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _weighted_square(v, i, step, t0, t1, t2, t3, t4, t5):  # type: ignore[no-untyped-def]
    """As `_weighted`, of the squares."""
    return (
        t0 * (v[i] * v[i] + v[i + 10 * step] * v[i + 10 * step])
        + t1 * (v[i + step] * v[i + step] + v[i + 9 * step] * v[i + 9 * step])
        + t2 * (v[i + 2 * step] * v[i + 2 * step] + v[i + 8 * step] * v[i + 8 * step])
        + t3 * (v[i + 3 * step] * v[i + 3 * step] + v[i + 7 * step] * v[i + 7 * step])
        + t4 * (v[i + 4 * step] * v[i + 4 * step] + v[i + 6 * step] * v[i + 6 * step])
        + t5 * (v[i + 5 * step] * v[i + 5 * step])
    )


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _load(x, y, top, left, rows, columns, shift, planes):  # type: ignore[no-untyped-def]
    """Sum (less `shift`) and difference of a tile with its margin, in working precision."""
    for r in range(rows):
        # Slices, so that the compiler sees that no index is negative, and vectorises.
        a = x[top + r, left : left + columns]
        b = y[top + r, left : left + columns]
        plus = planes[r * _PITCH : r * _PITCH + columns]
        minus = planes[_PLANE + r * _PITCH : _PLANE + r * _PITCH + columns]
        for c in range(columns):
            plus[c] = a[c]
        for c in range(columns):
            minus[c] = b[c]
        for c in range(columns):
            p, q = plus[c], minus[c]
            plus[c] = p + q - shift
            minus[c] = p - q


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _vertical(window, columns, line, t0, t1, t2, t3, t4, t5):  # type: ignore[no-untyped-def]
    for c in range(columns):
        line[c] = _weighted(window, c, _PITCH, t0, t1, t2, t3, t4, t5)
        line[_PITCH + c] = _weighted(window, _PLANE + c, _PITCH, t0, t1, t2, t3, t4, t5)
        line[2 * _PITCH + c] = _weighted_square(window, c, _PITCH, t0, t1, t2, t3, t4, t5)
        line[3 * _PITCH + c] = _weighted_square(window, _PLANE + c, _PITCH, t0, t1, t2, t3, t4, t5)


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _horizontal(line, columns, values, luminance, shift, c1, c2, zero, t0, t1, t2, t3, t4, t5):  # type: ignore[no-untyped-def]
    for c in range(columns):
        ms = _weighted(line, c, 1, t0, t1, t2, t3, t4, t5)
        md = _weighted(line, _PITCH + c, 1, t0, t1, t2, t3, t4, t5)
        vs = max(_weighted(line, 2 * _PITCH + c, 1, t0, t1, t2, t3, t4, t5) - ms * ms, zero)
        vd = max(_weighted(line, 3 * _PITCH + c, 1, t0, t1, t2, t3, t4, t5) - md * md, zero)
        structure = vs + vd + c2
        top = structure - (vd + vd)
        if luminance:
            ms = ms + shift
            q = md * md
            light = ms * ms + q + c1
            values[c] = ((light - (q + q)) * top) / (light * structure)
        else:
            values[c] = top / structure


@njit(cache=True, nogil=True, error_model="numpy")
def _strip(x, y, first, end, taps, constants, luminance, sums, index, out):  # type: ignore[no-untyped-def]
    """Sum of SSIM (or of its contrast-structure part) over output rows first..end."""
    t0, t1, t2, t3, t4, t5 = taps[0], taps[1], taps[2], taps[3], taps[4], taps[5]
    shift, c1, c2, zero = constants[0], constants[1], constants[2], constants[3]
    planes = np.zeros(2 * _PLANE, taps.dtype)
    line = np.zeros(4 * _PITCH, taps.dtype)
    values = np.zeros(_PITCH, taps.dtype)
    column_sums = np.zeros(_PITCH, taps.dtype)
    width = x.shape[1] - _HALO
    tiles = -(-width // _COLUMNS)
    step = -(-width // (tiles * _VECTOR)) * _VECTOR
    total = 0.0
    for top in range(first, end, _ROWS):
        rows = min(_ROWS, end - top)
        for left in range(0, width, step):
            columns = min(step, width - left)
            _load(x, y, top, left, rows + _HALO, columns + _HALO, shift, planes)
            column_sums[:] = zero
            for r in range(rows):
                # Whole vectors: what is computed past the last column is never looked at.
                _vertical(planes[r * _PITCH :], step + _VECTOR, line, t0, t1, t2, t3, t4, t5)
                _horizontal(line, step, values, luminance, shift, c1, c2, zero, t0, t1, t2, t3, t4, t5)
                for c in range(step):
                    column_sums[c] += values[c]
                if out.size:
                    out[top + r, left : left + columns] = values[:columns]
            for c in range(columns):
                total += np.float64(column_sums[c])
    sums[index] = total


def similarity(
    x: np.ndarray, y: np.ndarray, taps: np.ndarray, c1: float, c2: float, *, luminance: bool, full: bool
) -> tuple[float, np.ndarray]:
    """Mean of the SSIM map of two `(H, W)` planes in 0..255, and the map itself when `full`.

    Parameters
    ----------
    x, y : array
        uint8, float32 or float64, contiguous. float64 is computed in float64, the others in float32.
    taps : array
        Eleven symmetric weights.
    luminance : bool
        False leaves the luminance term out (what MS-SSIM takes from all scales but the last).
    """
    dtype = np.float64 if x.dtype == np.float64 else np.float32
    # Squares of values around zero lose fewer digits; 256 is twice the middle of the range.
    constants = np.array([256.0, 2.0 * c1, 2.0 * c2, 0.0], dtype)
    height, width = x.shape[0] - _HALO, x.shape[1] - _HALO
    out = np.empty((height, width) if full else (0, 0), dtype)
    sums = np.zeros(strip_count(height))
    half = taps[: WINDOW // 2 + 1].astype(dtype)
    run_strips(lambda a, b, i: _strip(x, y, a, b, half, constants, luminance, sums, i, out), height)
    return float(sums.sum() / (height * width)), out


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _shrink_rows(x, out, first, end, rows, columns, factor, share):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    line = np.empty(width, out.dtype)
    more = np.empty(width, out.dtype)
    padded = np.empty(columns.size, out.dtype)
    zero = share - share
    for r in range(first, end):
        for c in range(width):
            line[c] = zero
        for k in range(factor):
            source = x[rows[r * factor + k]]
            for c in range(width):
                more[c] = source[c]
            for c in range(width):
                line[c] += more[c]
        target = out[r]
        if factor == 2:
            for c in range(width // 2):
                target[c] = share * (line[2 * c] + line[2 * c + 1])
            if width % 2:
                target[width // 2] = share * (line[width - 1] + line[width - 1])
            continue
        for c in range(columns.size):
            padded[c] = line[columns[c]]
        for c in range(target.size):
            total = zero
            for k in range(factor):
                total += padded[c * factor + k]
            target[c] = share * total


def shrink(x: np.ndarray, factor: int, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Means of `factor` x `factor` blocks of `(H, W)`, whose rows and columns are given by index."""
    dtype = np.float64 if x.dtype == np.float64 else np.float32
    out = np.empty((rows.size // factor, columns.size // factor), dtype)
    share = dtype(1.0 / factor**2)
    run_strips(lambda a, b, _: _shrink_rows(x, out, a, b, rows, columns, factor, share), out.shape[0])
    return out
