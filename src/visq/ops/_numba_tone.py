"""NumPy engine of colourfulness and exposure: moments of two opponent signals, and products over the channels.

Planes of one picture are `(3, H, W)` of any dtype and strides; arithmetic is in float64.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops._numba_lab import lab_of_linear, light_table, linear_light
from visq.ops.arrays import Batch
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "contract", "nsz", "arcp"}


@njit(cache=True, nogil=True, fastmath=_FAST)
def _opponent_rows(x, pivot, first, end, sums, index):  # type: ignore[no-untyped-def]
    one = two = three = four = 0.0
    for r in range(first, end):
        red, green, blue = x[0, r], x[1, r], x[2, r]
        for c in range(x.shape[2]):
            a = np.float64(red[c]) - np.float64(green[c]) - pivot[0]
            b = 0.5 * (np.float64(red[c]) + np.float64(green[c])) - np.float64(blue[c]) - pivot[1]
            one += a
            two += b
            three += a * a
            four += b * b
    sums[index, 0] = one
    sums[index, 1] = two
    sums[index, 2] = three
    sums[index, 3] = four


@njit(cache=True, nogil=True)
def _lab_rows(x, table, peak, pivot, first, end, sums, index):  # type: ignore[no-untyped-def]
    integer = table.size > 1
    one = two = three = four = five = 0.0
    for r in range(first, end):
        for c in range(x.shape[2]):
            if integer:
                red, green, blue = table[int(x[0, r, c])], table[int(x[1, r, c])], table[int(x[2, r, c])]
            else:
                red = linear_light(np.float64(x[0, r, c]) / peak)
                green = linear_light(np.float64(x[1, r, c]) / peak)
                blue = linear_light(np.float64(x[2, r, c]) / peak)
            _, star_a, star_b = lab_of_linear(red, green, blue)
            a, b = star_a - pivot[0], star_b - pivot[1]
            one += a
            two += b
            three += a * a
            four += b * b
            five += np.sqrt(star_a * star_a + star_b * star_b)
    sums[index, 0] = one
    sums[index, 1] = two
    sums[index, 2] = three
    sums[index, 3] = four
    sums[index, 4] = five


@njit(cache=True, nogil=True)
def _exposed_rows(x, table, scale, spread, first, end, out, sums, index):  # type: ignore[no-untyped-def]
    width = x.shape[2]
    total = 0.0
    for r in range(first, end):
        red, green, blue = x[0, r], x[1, r], x[2, r]
        for c in range(width):
            if table.size > 1:
                value = table[int(red[c])] * table[int(green[c])] * table[int(blue[c])]
            else:
                a, b, d = red[c] * scale - 0.5, green[c] * scale - 0.5, blue[c] * scale - 0.5
                value = np.exp(-(a * a + b * b + d * d) * spread)
            total += value
            if out.size:
                out[r, c] = value
    sums[index] = total


@njit(cache=True, nogil=True)
def _clipped_rows(x, low, high, first, end, counts, index):  # type: ignore[no-untyped-def]
    total = np.int64(0)
    for r in range(first, end):
        red, green, blue = x[0, r], x[1, r], x[2, r]
        for c in range(x.shape[2]):
            least, most = min(red[c], green[c], blue[c]), max(red[c], green[c], blue[c])
            total += (least <= low) | (most >= high)
    counts[index] = total


def planes(x: Batch, n: int) -> np.ndarray:
    """`(3, H, W)` view of picture `n` as given; half precision in single."""
    data = x.data[n] if x.data.dtype != np.float16 else x.data[n].astype(np.float32)
    return np.broadcast_to(data, (3, *x.size))


def moments(x: np.ndarray, peak: float, lab: bool) -> tuple[np.ndarray, np.ndarray, float]:
    """Means and variances of red - green and yellow - blue in 0..255, or of a* and b*; the mean chroma of the last."""
    rows = x.shape[1]
    parts = np.zeros((strip_count(rows), 5))
    corner = x[:, 0, 0].astype(np.float64)
    # From the first pixel, so that a flat picture has a variance of exactly 0.
    if lab:
        table = light_table(x.dtype, peak)
        one = table[x[:, 0, 0].astype(np.int64)] if table.size > 1 else [linear_light(v / peak) for v in corner]
        pivot = np.array(lab_of_linear(*one)[1:])
        run_strips(lambda a, b, i: _lab_rows(x, table, peak, pivot, a, b, parts, i), rows)
        scale = 1.0
    else:
        pivot = np.array([corner[0] - corner[1], 0.5 * (corner[0] + corner[1]) - corner[2]])
        run_strips(lambda a, b, i: _opponent_rows(x, pivot, a, b, parts, i), rows)
        scale = 255.0 / peak
    sums = parts.sum(axis=0) / (rows * x.shape[2])
    variance = np.maximum(sums[2:4] - sums[:2] ** 2, 0.0)
    return (pivot + sums[:2]) * scale, variance * scale**2, float(sums[4])


def exposed(x: np.ndarray, peak: float, sigma: float, out: np.ndarray) -> float:
    """Mean well-exposedness of one picture; that of every pixel goes to `out`, where it has room."""
    spread = 1 / (2 * sigma**2)
    table = np.zeros(1)
    if x.dtype.kind == "u":
        table = np.exp(-((np.arange(np.iinfo(x.dtype).max + 1) / peak - 0.5) ** 2) * spread)
    rows = x.shape[1]
    parts = np.zeros(strip_count(rows))
    run_strips(lambda a, b, i: _exposed_rows(x, table, 1 / peak, spread, a, b, out, parts, i), rows)
    return float(parts.sum()) / (rows * x.shape[2])


def clipped(x: np.ndarray, low: float, high: float) -> float:
    """Share of the pixels of one picture with a channel at `low` or below, or at `high` or above."""
    rows = x.shape[1]
    parts = np.zeros(strip_count(rows), np.int64)
    run_strips(lambda a, b, i: _clipped_rows(x, low, high, a, b, parts, i), rows)
    return float(parts.sum()) / (rows * x.shape[2])
