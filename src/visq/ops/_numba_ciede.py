"""NumPy engine of the CIEDE2000 difference of two images: one pass over the pixels, from light to difference.

Hues are kept as unit vectors: the mean hue is the direction of their sum and the sine of half the difference half the
length of theirs, so that one angle is computed a pixel.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops import lab
from visq.ops._numba_light import Source, lab_of_xyz
from visq.ops.threads import run_strips, strip_count

_M = tuple(float(v) for v in lab.RGB_TO_RELATIVE_XYZ.ravel())
_M0, _M1, _M2, _M3, _M4, _M5, _M6, _M7, _M8 = _M
_25_7 = 25.0**7
_DEGREE = np.pi / 180
# Multiples of the mean hue enter shifted by these angles.
_C30, _S30 = float(np.cos(30 * _DEGREE)), float(np.sin(30 * _DEGREE))
_C6, _S6 = float(np.cos(6 * _DEGREE)), float(np.sin(6 * _DEGREE))
_C63, _S63 = float(np.cos(63 * _DEGREE)), float(np.sin(63 * _DEGREE))


@njit(cache=True, nogil=True)
def _to_lab(band, rest, scratch):  # type: ignore[no-untyped-def]
    for r in range(band.shape[1]):
        one, two, three = band[0, r], band[1, r], band[2, r]
        for c in range(one.size):
            u, v, w = one[c], two[c], three[c]
            one[c] = _M0 * u + _M1 * v + _M2 * w
            two[c] = _M3 * u + _M4 * v + _M5 * w
            three[c] = _M6 * u + _M7 * v + _M8 * w
        lab_of_xyz(one, two, three, rest, scratch)


@njit(cache=True, nogil=True)
def _seventh(c):  # type: ignore[no-untyped-def]
    square = c * c
    power = square * square * square * c
    return np.sqrt(power / (power + _25_7))


@njit(cache=True, nogil=True)
def difference(l1, a1, b1, l2, a2, b2):  # type: ignore[no-untyped-def]
    """CIEDE2000 of two colours."""
    stretch = 1.5 - 0.5 * _seventh(0.5 * (np.sqrt(a1 * a1 + b1 * b1) + np.sqrt(a2 * a2 + b2 * b2)))
    a1, a2 = a1 * stretch, a2 * stretch
    c1, c2 = np.sqrt(a1 * a1 + b1 * b1), np.sqrt(a2 * a2 + b2 * b2)
    u1, v1 = (a1 / c1, b1 / c1) if c1 > 0 else (0.0, 0.0)
    u2, v2 = (a2 / c2, b2 / c2) if c2 > 0 else (0.0, 0.0)
    u, v = u1 + u2, v1 + v2
    length = np.sqrt(u * u + v * v)
    if length > 1e-9:
        u, v = u / length, v / length
    elif c1 > 0 and c2 > 0:
        # Opposite hues have no mean direction: the angles, counted from 0, have a mean.
        u, v = max(v1, v2) * -1.0, u1 if v1 >= v2 else u2
        if v1 == 0.0:
            u, v = 0.0, 1.0
    else:
        u, v = 1.0, 0.0
    hue = np.arctan2(v, u) / _DEGREE
    if hue < 0:
        hue += 360.0
    u3, v3 = u * u - v * v, 2.0 * u * v
    u4, v4 = u3 * u - v3 * v, v3 * u + u3 * v
    u5, v5 = u3 * u3 - v3 * v3, 2.0 * u3 * v3
    t = 1.0 - 0.17 * (u * _C30 + v * _S30) + 0.24 * u3
    t += 0.32 * (u4 * _C6 - v4 * _S6) - 0.20 * (u5 * _C63 + v5 * _S63)
    chroma = 0.5 * (c1 + c2)
    from_middle = (0.5 * (l1 + l2) - 50.0) ** 2
    dl = (l2 - l1) / (1.0 + 0.015 * from_middle / np.sqrt(20.0 + from_middle))
    dc = (c2 - c1) / (1.0 + 0.045 * chroma)
    dh = np.sqrt(c1 * c2) * np.sqrt((u2 - u1) * (u2 - u1) + (v2 - v1) * (v2 - v1))
    if u1 * v2 - v1 * u2 < 0:
        dh = -dh
    dh /= 1.0 + 0.015 * chroma * t
    square = dl * dl + dc * dc + dh * dh
    away = (hue - 275.0) / 25.0
    if away * away < 40.0:
        angle = 60.0 * _DEGREE * np.exp(-away * away)
        square -= 2.0 * _seventh(chroma) * np.sin(angle) * dc * dh
    return np.sqrt(max(square, 0.0))


@njit(cache=True, nogil=True)
def _rows(x, y, out, keep):  # type: ignore[no-untyped-def]
    total = 0.0
    for r in range(x.shape[1]):
        for c in range(x.shape[2]):
            d = difference(x[0, r, c], x[1, r, c], x[2, r, c], y[0, r, c], y[1, r, c], y[2, r, c])
            total += d
            if keep:
                out[r, c] = d
    return total


def errors(image: Source, reference: Source, values: np.ndarray) -> float:
    """Mean difference of a pair; the map goes to `values` `(H, W)` unless that is empty."""
    parts = np.zeros(strip_count(image.height))

    def work(first: int, end: int, index: int) -> None:
        pair = [source.band(first, end) for source in (reference, image)]
        rest, scratch = np.empty((3, image.width)), np.empty(image.width, np.float32)
        for band in pair:
            _to_lab(band, rest, scratch)
        parts[index] = _rows(pair[0], pair[1], values[first:end], values.size > 0)

    run_strips(work, image.height)
    return float(parts.sum() / (image.height * image.width))
