"""NumPy engine of the CIELab conversion: one pass, one pixel at a time, no planes in between."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops import lab
from visq.ops.threads import run_strips

_M = tuple(float(v) for v in lab.RGB_TO_RELATIVE_XYZ.ravel())
_M0, _M1, _M2, _M3, _M4, _M5, _M6, _M7, _M8 = _M
_KNEE, _SLOPE = lab.LAB_KNEE, lab.LAB_SLOPE


@njit(cache=True, nogil=True)
def linear_light(v):  # type: ignore[no-untyped-def]
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


@njit(cache=True, nogil=True)
def _root(t):  # type: ignore[no-untyped-def]
    return np.cbrt(t) if t > _KNEE else (_SLOPE * t + 16.0) / 116.0


@njit(cache=True, nogil=True)
def lab_of_linear(r, g, b):  # type: ignore[no-untyped-def]
    """L*, a*, b* of one pixel in linear light, float64."""
    y = _M3 * r + _M4 * g + _M5 * b
    fx = _root(_M0 * r + _M1 * g + _M2 * b)
    fy = _root(y)
    fz = _root(_M6 * r + _M7 * g + _M8 * b)
    lightness = 116.0 * fy - 16.0 if y > _KNEE else _SLOPE * y
    return lightness, 500.0 * (fx - fy), 200.0 * (fy - fz)


@njit(cache=True, nogil=True)
def _lab_rows(rgb, out, first, end):  # type: ignore[no-untyped-def]
    for r in range(first, end):
        for c in range(rgb.shape[2]):
            values = lab_of_linear(
                linear_light(np.float64(rgb[0, r, c])),
                linear_light(np.float64(rgb[1, r, c])),
                linear_light(np.float64(rgb[2, r, c])),
            )
            out[0, r, c] = values[0]
            out[1, r, c] = values[1]
            out[2, r, c] = values[2]


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """`(..., 3, H, W)` floats in 0..1 to L*, a*, b* of the same dtype."""
    out = np.empty(rgb.shape, rgb.dtype)
    height, width = rgb.shape[-2:]
    for source, target in zip(rgb.reshape(-1, 3, height, width), out.reshape(-1, 3, height, width), strict=True):
        _one(source, target)
    return out


def _one(source: np.ndarray, target: np.ndarray) -> None:
    run_strips(lambda a, b, _: _lab_rows(source, target, a, b), source.shape[1])


def light_table(dtype: Any, peak: float) -> np.ndarray:
    """Linear light of every code value of an integer dtype; a table of one entry for floats, which have none."""
    if np.dtype(dtype).kind != "u":
        return np.zeros(1)
    code = np.arange(np.iinfo(dtype).max + 1) / peak
    return np.where(code <= 0.04045, code / 12.92, ((np.maximum(code, 0.04045) + 0.055) / 1.055) ** 2.4)
