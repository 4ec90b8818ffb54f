"""NumPy engine of FLIP: bands of rows, filtered down the columns and then along the row, without planes in between."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from visq.ops._numba_light import Source, lab_of_xyz
from visq.ops.flip_filters import FlipFilters
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "contract", "nsz", "arcp"}


class Constants(NamedTuple):
    """What the metric's formulae fix: matrices, exponents, mapping, filters."""

    to_xyz: np.ndarray
    from_xyz: np.ndarray
    colour_exponent: float
    largest: float
    knee: float
    knee_value: float
    kernels: FlipFilters
    feature_exponent: float


@njit(cache=True, nogil=True, fastmath={"contract"})
def _opponents(band, m):  # type: ignore[no-untyped-def]
    """Linear light to Y, X - Y and Y - Z, each relative to white, in place."""
    for r in range(band.shape[1]):
        one, two, three = band[0, r], band[1, r], band[2, r]
        for c in range(one.size):
            u, v, w = one[c], two[c], three[c]
            y = m[1, 0] * u + m[1, 1] * v + m[1, 2] * w
            one[c] = y
            two[c] = m[0, 0] * u + m[0, 1] * v + m[0, 2] * w - y
            three[c] = y - (m[2, 0] * u + m[2, 1] * v + m[2, 2] * w)


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _even_columns(plane, r, taps, line):  # type: ignore[no-untyped-def]
    last = plane.shape[0] - 1
    here, w = plane[r], taps[0]
    for c in range(here.size):
        line[c] = w * here[c]
    for k in range(1, taps.size):
        up, down, w = plane[max(r - k, 0)], plane[min(r + k, last)], taps[k]
        for c in range(here.size):
            line[c] += w * (up[c] + down[c])


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _detector_columns(plane, r, smooth, first, second, lines):  # type: ignore[no-untyped-def]
    last = plane.shape[0] - 1
    here = plane[r]
    one, two, three = lines[0], lines[1], lines[2]
    for c in range(here.size):
        one[c], two[c], three[c] = smooth[0] * here[c], 0.0, second[0] * here[c]
    for k in range(1, smooth.size):
        up, down = plane[max(r - k, 0)], plane[min(r + k, last)]
        w0, w1, w2 = smooth[k], first[k], second[k]
        for c in range(here.size):
            both = up[c] + down[c]
            one[c] += w0 * both
            two[c] += w1 * (down[c] - up[c])
            three[c] += w2 * both


@njit(cache=True, nogil=True)
def _extend(line, radius, width):  # type: ignore[no-untyped-def]
    for c in range(radius):
        line[c] = line[radius]
        line[radius + width + c] = line[radius + width - 1]


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _even(line, radius, taps, out):  # type: ignore[no-untyped-def]
    here, w = line[radius : radius + out.size], taps[0]
    for c in range(out.size):
        out[c] = w * here[c]
    for k in range(1, taps.size):
        left, right, w = line[radius - k :], line[radius + k :], taps[k]
        for c in range(out.size):
            out[c] += w * (left[c] + right[c])


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _odd(line, radius, taps, out):  # type: ignore[no-untyped-def]
    out[:] = 0.0
    for k in range(1, taps.size):
        left, right, w = line[radius - k :], line[radius + k :], taps[k]
        for c in range(out.size):
            out[c] += w * (right[c] - left[c])


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _length(x, y):  # type: ignore[no-untyped-def]
    for c in range(x.size):
        x[c] = np.sqrt(x[c] * x[c] + y[c] * y[c])


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"})
def _lightness(values, to_xyz, from_xyz, scratch):  # type: ignore[no-untyped-def]
    """Y, X - Y, Y - Z to L and Hunt adjusted a and b, in place; light outside 0..1 is clipped first."""
    one, two, three = values[0], values[1], values[2]
    m, q = to_xyz, from_xyz
    for c in range(one.size):
        x, y, z = one[c] + two[c], one[c], one[c] - three[c]
        red = min(max(q[0, 0] * x + q[0, 1] * y + q[0, 2] * z, 0.0), 1.0)
        green = min(max(q[1, 0] * x + q[1, 1] * y + q[1, 2] * z, 0.0), 1.0)
        blue = min(max(q[2, 0] * x + q[2, 1] * y + q[2, 2] * z, 0.0), 1.0)
        one[c] = m[0, 0] * red + m[0, 1] * green + m[0, 2] * blue
        two[c] = m[1, 0] * red + m[1, 1] * green + m[1, 2] * blue
        three[c] = m[2, 0] * red + m[2, 1] * green + m[2, 2] * blue
    lab_of_xyz(one, two, three, values[3:6], scratch)
    for c in range(one.size):
        two[c] *= 0.01 * one[c]
        three[c] *= 0.01 * one[c]


@njit(cache=True, nogil=True)
def _pixels(x, y, scales, out):  # type: ignore[no-untyped-def]
    exponent, largest, knee, knee_value, half = scales
    low, high = knee_value / knee, (1.0 - knee_value) / (largest - knee)
    for c in range(out.size):
        a, b = x[1, c] - y[1, c], x[2, c] - y[2, c]
        distance = abs(x[0, c] - y[0, c]) + np.sqrt(a * a + b * b)
        if distance == 0.0:
            out[c] = 0.0
            continue
        power = distance**exponent
        colour = min(low * power if power < knee else knee_value + (power - knee) * high, 1.0)
        feature = max(abs(x[3, c] - y[3, c]), abs(x[4, c] - y[4, c])) / np.sqrt(2.0)
        feature = np.sqrt(feature) if half == 0.5 else feature**half
        out[c] = colour ** (1.0 - min(feature, 1.0))


@njit(cache=True, nogil=True)
def _describe(band, r, radius, taps, lines, values, scratch):  # type: ignore[no-untyped-def]
    """L, a, b, edges and points of one row, in the first five rows of `values`."""
    to_xyz, from_xyz, luminance, red_green, blue_one, blue_two, smooth, first, second = taps
    width = band.shape[2]
    inside = lines[:, radius : radius + width]
    _even_columns(band[0], r, luminance, inside[0])
    _even_columns(band[1], r, red_green, inside[1])
    _even_columns(band[2], r, blue_one, inside[2])
    _even_columns(band[2], r, blue_two, inside[3])
    _detector_columns(band[0], r, smooth, first, second, inside[4:7])
    for k in range(7):
        _extend(lines[k], radius, width)
    _even(lines[0], radius, luminance, values[0])
    _even(lines[1], radius, red_green, values[1])
    _even(lines[2], radius, blue_one, values[2])
    _even(lines[3], radius, blue_two, values[3])
    for c in range(width):
        values[2, c] += values[3, c]
    _lightness(values, to_xyz, from_xyz, scratch)
    _odd(lines[4], radius, first, values[3])
    _even(lines[5], radius, smooth, values[5])
    _length(values[3], values[5])
    _even(lines[4], radius, second, values[4])
    _even(lines[6], radius, smooth, values[5])
    _length(values[4], values[5])


@njit(cache=True, nogil=True)
def _rows(x, y, skip, count, radius, taps, scales, out, keep):  # type: ignore[no-untyped-def]
    width = x.shape[2]
    lines = np.zeros((7, width + 2 * radius))
    one, two = np.empty((6, width)), np.empty((6, width))
    scratch = np.empty(width, np.float32)
    row = np.empty(width)
    total = 0.0
    for r in range(count):
        _describe(x, r + skip, radius, taps, lines, one, scratch)
        _describe(y, r + skip, radius, taps, lines, two, scratch)
        _pixels(one, two, scales, row)
        for c in range(width):
            total += row[c]
        if keep:
            out[r, :] = row
    return total


def errors(image: Source, reference: Source, values: np.ndarray, constants: Constants) -> float:
    """Mean error of a pair; the map goes to `values` `(H, W)` unless that is empty."""
    k = constants.kernels
    filters = (k.luminance, k.red_green, *k.blue_yellow, k.smooth, k.first, k.second)
    taps = (constants.to_xyz, constants.from_xyz, *(np.ascontiguousarray(f[len(f) // 2 :]) for f in filters))
    scales = (
        constants.colour_exponent,
        constants.largest,
        constants.knee,
        constants.knee_value,
        constants.feature_exponent,
    )
    height, radius = image.height, k.radius
    parts = np.zeros(strip_count(height))
    keep = values.size > 0

    def work(first: int, end: int, index: int) -> None:
        low, high = max(0, first - radius), min(height, end + radius)
        pair = [source.band(low, high) for source in (image, reference)]
        for band in pair:
            _opponents(band, constants.to_xyz)
        out = values[first:end]
        parts[index] = _rows(pair[0], pair[1], first - low, end - first, radius, taps, scales, out, keep)

    run_strips(work, height)
    return float(parts.sum() / (height * image.width))
