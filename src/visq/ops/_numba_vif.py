"""Fused NumPy engine of pixel-domain VIF: moments, sums of logarithms and down-sampling, in float64 and in tiles.

The moments are those of the sum and the difference of the two images, as in `_numba_ssim`: an identical pair has
a difference of exactly zero, hence a VIF of exactly one. Differences of large moments need float64: in float32
flat bright areas get a false variance of the size of the noise the model assumes.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.threads import run_strips, strip_count

_ROWS = 16
_PITCH = 256
_MAX_TAPS = 17
_COLUMNS = _PITCH - _MAX_TAPS + 1
_PLANE = (_ROWS + _MAX_TAPS - 1) * _PITCH
# A factor is at most 1 + 127.5^2 / 2 < 2^13, so that 60 of them stay far below the largest float64.
_BLOCK = 60


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _load(x, y, top, left, rows, columns, planes):  # type: ignore[no-untyped-def]
    for r in range(rows):
        # Slices, so that the compiler sees that no index is negative, and vectorises.
        a = x[top + r, left : left + columns]
        b = y[top + r, left : left + columns]
        plus = planes[r * _PITCH : r * _PITCH + columns]
        minus = planes[_PLANE + r * _PITCH : _PLANE + r * _PITCH + columns]
        for c in range(columns):
            p, q = np.float64(a[c]), np.float64(b[c])
            plus[c] = p + q - 256.0
            minus[c] = p - q


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _vertical(window, columns, taps, line):  # type: ignore[no-untyped-def]
    """Five moments down the columns; tap by tap from both ends, which are equal in weight."""
    half = taps.size // 2
    middle = window[half * _PITCH :]
    w = taps[half]
    for c in range(columns):
        u = middle[c]
        v = middle[_PLANE + c]
        line[c] = w * u
        line[_PITCH + c] = w * v
        line[2 * _PITCH + c] = w * (u * u)
        line[3 * _PITCH + c] = w * (v * v)
        line[4 * _PITCH + c] = w * (u * v)
    for k in range(half):
        above = window[k * _PITCH :]
        below = window[(taps.size - 1 - k) * _PITCH :]
        w = taps[k]
        for c in range(columns):
            u, v = above[c], above[_PLANE + c]
            s, t = below[c], below[_PLANE + c]
            line[c] += w * (u + s)
            line[_PITCH + c] += w * (v + t)
            line[2 * _PITCH + c] += w * (u * u + s * s)
            line[3 * _PITCH + c] += w * (v * v + t * t)
            line[4 * _PITCH + c] += w * (u * v + s * t)


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _horizontal(line, columns, taps, moments):  # type: ignore[no-untyped-def]
    half = taps.size // 2
    for m in range(5):
        source = line[m * _PITCH :]
        target = moments[m * _PITCH :]
        w = taps[half]
        middle = source[half:]
        for c in range(columns):
            target[c] = w * middle[c]
        for k in range(half):
            w = taps[k]
            before = source[k:]
            after = source[taps.size - 1 - k :]
            for c in range(columns):
                target[c] += w * (before[c] + after[c])


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _factors(moments, columns, noise, eps, kept, held):  # type: ignore[no-untyped-def]
    """What stands under the logarithms: information kept by the image, information held by the reference."""
    for c in range(columns):
        ms = moments[c]
        md = moments[_PITCH + c]
        both = (moments[2 * _PITCH + c] - ms * ms) + (moments[3 * _PITCH + c] - md * md)
        cross = moments[4 * _PITCH + c] - ms * md
        covariance = 0.25 * (moments[2 * _PITCH + c] - ms * ms) - 0.25 * (moments[3 * _PITCH + c] - md * md)
        variance_x = 0.25 * both + 0.5 * cross
        variance_y = 0.25 * both - 0.5 * cross
        detailed = variance_y >= eps
        gain = covariance / (variance_y if detailed else 1.0)
        gain = gain if detailed and variance_x >= eps and gain > 0.0 else 0.0
        rest = variance_x - gain * covariance
        rest = rest if rest > 0.0 else 0.0
        signal = variance_y if detailed else 0.0
        kept[c] = 1.0 + gain * gain * signal / (rest + noise)
        held[c] = 1.0 + signal / noise


@njit(cache=True, nogil=True, forceinline=True, fastmath={"reassoc", "nsz"})
def _log_sum(values, count):  # type: ignore[no-untyped-def]
    """Sum of logarithms as logarithm of products."""
    total = 0.0
    for start in range(0, count, _BLOCK):
        product = 1.0
        part = values[start:]
        for c in range(min(_BLOCK, count - start)):
            product *= part[c]
        total += np.log(product)
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _strip(x, y, first, end, taps, noise, eps, kept_sums, held_sums, index):  # type: ignore[no-untyped-def]
    planes = np.empty(2 * _PLANE)
    line = np.empty(5 * _PITCH)
    moments = np.empty(5 * _PITCH)
    kept = np.empty(_PITCH)
    held = np.empty(_PITCH)
    halo = taps.size - 1
    width = x.shape[1] - halo
    kept_total = 0.0
    held_total = 0.0
    for top in range(first, end, _ROWS):
        rows = min(_ROWS, end - top)
        for left in range(0, width, _COLUMNS):
            columns = min(_COLUMNS, width - left)
            _load(x, y, top, left, rows + halo, columns + halo, planes)
            for r in range(rows):
                _vertical(planes[r * _PITCH :], columns + halo, taps, line)
                _horizontal(line, columns, taps, moments)
                _factors(moments, columns, noise, eps, kept, held)
                kept_total += _log_sum(kept, columns)
                held_total += _log_sum(held, columns)
    kept_sums[index] = kept_total
    held_sums[index] = held_total


def information(x: np.ndarray, y: np.ndarray, taps: np.ndarray, noise: float, eps: float) -> tuple[float, float]:
    """Information (in nats) of image `x` about reference `y`, and of the reference, at one scale.

    x, y : `(H, W)` in 0..255, uint8, float32 or float64; `taps`: an odd number of symmetric weights, 17 at most.
    """
    height = x.shape[0] - taps.size + 1
    kept, held = np.zeros(strip_count(height)), np.zeros(strip_count(height))
    run_strips(lambda a, b, i: _strip(x, y, a, b, taps, noise, eps, kept, held, i), height)
    return float(kept.sum()), float(held.sum())


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _halve_rows(x, out, first, end, taps):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    line = np.empty(width)
    half = taps.size // 2
    for r in range(first, end):
        w = taps[half]
        middle = x[2 * r + half]
        for c in range(width):
            line[c] = w * np.float64(middle[c])
        for k in range(half):
            w = taps[k]
            above = x[2 * r + k]
            below = x[2 * r + taps.size - 1 - k]
            for c in range(width):
                line[c] += w * (np.float64(above[c]) + np.float64(below[c]))
        target = out[r]
        for c in range(target.size):
            target[c] = 0.0
        for k in range(taps.size):
            w = taps[k]
            source = line[k:]
            for c in range(target.size):
                target[c] += w * source[2 * c]


def halve(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Filter `(H, W)` where the window fits, keep every second row and column; float64."""
    height, width = x.shape[0] - taps.size + 1, x.shape[1] - taps.size + 1
    out = np.empty((-(-height // 2), -(-width // 2)))
    run_strips(lambda a, b, _: _halve_rows(x, out, a, b, taps), out.shape[0])
    return out
