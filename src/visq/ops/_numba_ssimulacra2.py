"""NumPy engine of SSIMULACRA 2: one pass a scale over bands of rows, in double precision.

A band holds both images in XYB: the reference and its difference from the image, so that equal pixels give errors of
exactly 0. Each row is filtered down the columns of the band, then along itself, and its errors summed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from visq.ops import xyb
from visq.ops._numba_light import Source, cube_roots
from visq.ops.threads import run_strips, strip_count

Band = Callable[[int, int], np.ndarray]

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_A = tuple(float(v) for row in xyb.ABSORBANCE for v in row)
_A0, _A1, _A2, _A3, _A4, _A5, _A6, _A7, _A8 = _A
_BIAS = xyb.BIAS
_LOW = xyb.BIAS ** (1 / 3)
_XG, _XS, _YS, _BS = xyb.X_GAIN, xyb.X_SHIFT, xyb.Y_SHIFT, xyb.B_SHIFT
_REACH = 4


@njit(cache=True, nogil=True)
def to_positive_xyb(band, scratch):  # type: ignore[no-untyped-def]
    for r in range(band.shape[1]):
        red, green, blue = band[0, r], band[1, r], band[2, r]
        for c in range(red.size):
            u, v, w = red[c], green[c], blue[c]
            red[c] = _A0 * u + _A1 * v + _A2 * w + _BIAS
            green[c] = _A3 * u + _A4 * v + _A5 * w + _BIAS
            blue[c] = _A6 * u + _A7 * v + _A8 * w + _BIAS
        cube_roots(red, scratch)
        cube_roots(green, scratch)
        cube_roots(blue, scratch)
        for c in range(red.size):
            u, v, w = red[c] - _LOW, green[c] - _LOW, blue[c] - _LOW
            y = 0.5 * (u + v)
            red[c] = 0.5 * (u - v) * _XG + _XS
            green[c] = y + _YS
            blue[c] = w - y + _BS


@njit(cache=True, nogil=True)
def halve(band, skip, out):  # type: ignore[no-untyped-def]
    # Rows and columns beyond the image repeat its last ones.
    rows, width = band.shape[1] - skip, band.shape[2]
    for k in range(3):
        for r in range(out.shape[1]):
            one, two = band[k, skip + 2 * r], band[k, skip + min(2 * r + 1, rows - 1)]
            target = out[k, r]
            for c in range(width // 2):
                target[c] = 0.25 * (one[2 * c] + one[2 * c + 1] + two[2 * c] + two[2 * c + 1])
            if width % 2:
                target[width // 2] = 0.5 * (one[width - 1] + two[width - 1])


@njit(cache=True, nogil=True)
def _subtract(x, y):  # type: ignore[no-untyped-def]
    for k in range(x.shape[0]):
        for r in range(x.shape[1]):
            a, b = x[k, r], y[k, r]
            for c in range(a.size):
                b[c] = a[c] - b[c]


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _columns(x, e, r, taps, mx, me, xx, ee):  # type: ignore[no-untyped-def]
    """Filter x, e, x (x - e) and e^2 down the columns at row `r` of a plane, zeros outside."""
    width = x.shape[1]
    for c in range(width):
        i = c + _REACH
        mx[i] = me[i] = xx[i] = ee[i] = 0.0
    for k in range(max(0, r - _REACH), min(x.shape[0], r + _REACH + 1)):
        w = taps[k - r + _REACH]
        a, b = x[k], e[k]
        for c in range(width):
            i = c + _REACH
            u, v = a[c], b[c]
            p, q = w * u, w * v
            mx[i] += p
            me[i] += q
            xx[i] += p * (u - v)
            ee[i] += q * v


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _errors(x, e, taps, constant, mx, me, xx, ee, sums):  # type: ignore[no-untyped-def]
    """Filter along the row, and add the errors and their fourth powers to `sums`."""
    w0, w1, w2, w3, w4 = taps[0], taps[1], taps[2], taps[3], taps[4]
    d1 = d4 = a1 = a4 = l1 = l4 = 0.0
    for c in range(x.size):
        m = w4 * mx[c + 4] + w3 * (mx[c + 3] + mx[c + 5]) + w2 * (mx[c + 2] + mx[c + 6])
        m += w1 * (mx[c + 1] + mx[c + 7]) + w0 * (mx[c] + mx[c + 8])
        n = w4 * me[c + 4] + w3 * (me[c + 3] + me[c + 5]) + w2 * (me[c + 2] + me[c + 6])
        n += w1 * (me[c + 1] + me[c + 7]) + w0 * (me[c] + me[c + 8])
        p = w4 * xx[c + 4] + w3 * (xx[c + 3] + xx[c + 5]) + w2 * (xx[c + 2] + xx[c + 6])
        p += w1 * (xx[c + 1] + xx[c + 7]) + w0 * (xx[c] + xx[c + 8])
        q = w4 * ee[c + 4] + w3 * (ee[c + 3] + ee[c + 5]) + w2 * (ee[c + 2] + ee[c + 6])
        q += w1 * (ee[c + 1] + ee[c + 7]) + w0 * (ee[c] + ee[c + 8])
        shift = n * n
        spread = q - shift
        share = spread / (2.0 * (p - m * (m - n)) + spread + constant)
        d = max(shift + (1.0 - shift) * share, 0.0)
        before = abs(x[c] - m)
        edge = (abs(x[c] - e[c] - m + n) - before) / (1.0 + before)
        artefact, loss = max(edge, 0.0), max(-edge, 0.0)
        d1 += d
        d4 += (d * d) * (d * d)
        a1 += artefact
        a4 += (artefact * artefact) * (artefact * artefact)
        l1 += loss
        l4 += (loss * loss) * (loss * loss)
    sums[0, 0] += d1
    sums[0, 1] += a1
    sums[0, 2] += l1
    sums[1, 0] += d4
    sums[1, 1] += a4
    sums[1, 2] += l4


@njit(cache=True, nogil=True)
def _rows(x, e, skip, count, taps, constant, lines, sums):  # type: ignore[no-untyped-def]
    for k in range(3):
        for r in range(skip, skip + count):
            _columns(x[k], e[k], r, taps, lines[0], lines[1], lines[2], lines[3])
            _errors(x[k, r], e[k, r], taps, constant, lines[0], lines[1], lines[2], lines[3], sums[k])


def norms(reference: Source, image: Source, scales: int, taps: np.ndarray, constant: float) -> np.ndarray:
    """Sums over the pixels divided by their number, `(scales, 3, 2, 3)`.

    Axes: scale, colour plane, power (1 or 4), error (structure, artefact, loss of detail).
    """
    height, width = reference.height, reference.width
    bands: tuple[Band, Band] = (reference.band, image.band)
    out = np.empty((scales, 3, 2, 3))
    for scale in range(scales):
        half = (3, -(-height // 2), -(-width // 2)) if scale + 1 < scales else (3, 0, 0)
        smaller = np.empty(half), np.empty(half)
        out[scale] = _scale(bands, smaller, height, width, taps, constant) / (height * width)
        bands = _slices(smaller[0]), _slices(smaller[1])
        height, width = half[1:]
    return out


def _slices(planes: np.ndarray) -> Band:
    return lambda first, end: planes[:, first:end].copy()


def _scale(
    bands: tuple[Band, Band], smaller: tuple[np.ndarray, np.ndarray], height: int, width: int, *fixed: Any
) -> np.ndarray:
    parts = np.zeros((strip_count(height), 3, 2, 3))

    def work(first: int, end: int, index: int) -> None:
        low, high = max(0, first - _REACH), min(height, end + _REACH)
        pair = [band(low, high) for band in bands]
        scratch = np.empty(width, np.float32)
        for planes, half in zip(pair, smaller, strict=True):
            if half.size:
                inside = planes[:, : end - low]
                halve(inside, first - low, half[:, first // 2 : (end + 1) // 2])
            to_positive_xyb(planes, scratch)
        _subtract(*pair)
        lines = np.zeros((4, width + 2 * _REACH))
        _rows(pair[0], pair[1], first - low, end - first, *fixed, lines, parts[index])  # type: ignore[call-arg]

    run_strips(work, height)
    return parts.sum(axis=0)
