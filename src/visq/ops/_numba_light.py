"""NumPy engine of linear light: bands of rows, decoded where they are used, so that no whole planes are kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from visq.ops import lab
from visq.ops._numba_colour import interleaved
from visq.ops._numba_lab import light_table
from visq.ops.arrays import Batch
from visq.ops.numeric import read_only

# Inverse roots of a float32 by its bits: these less a third or a fifth of the bits.
_CUBE, _FIFTH = 1418472267.0, 1277600000.0
_THIRD = 1.0 / 3.0
_KNEE, _SLOPE = lab.LAB_KNEE, lab.LAB_SLOPE


@njit(cache=True, nogil=True)
def _codes(pixels, table, first, end, out):  # type: ignore[no-untyped-def]
    channels = pixels.shape[1] // out.shape[2]
    for r in range(first, end):
        row = pixels[r]
        for k in range(3):
            target = out[k, r - first]
            source = k if channels == 3 else 0
            for c in range(target.size):
                target[c] = table[row[channels * c + source]]


@njit(cache=True, nogil=True)
def _light(x, scratch):  # type: ignore[no-untyped-def]
    """Replace sRGB values of a row by linear light, to the last digits: v^2.4 is v^2 times the fifth root of v^2."""
    bits = scratch.view(np.int32)
    for i in range(x.size):
        v = (max(x[i], 0.04045) + 0.055) / 1.055
        scratch[i] = v * v
    for i in range(x.size):
        bits[i] = np.int32(_FIFTH - np.float64(bits[i]) * 0.2)
    for i in range(x.size):
        v = (max(x[i], 0.04045) + 0.055) / 1.055
        w = v * v
        y = np.float64(scratch[i])
        for _ in range(5):
            y2 = y * y
            y = y * (1.2 - 0.2 * w * (y2 * y2 * y))
        y2 = y * y
        x[i] = x[i] / 12.92 if x[i] <= 0.04045 else w * w * (y2 * y2)


@njit(cache=True, nogil=True)
def _floats(pixels, peak, first, end, out):  # type: ignore[no-untyped-def]
    channels = pixels.shape[1] // out.shape[2]
    scratch = np.empty(out.shape[2], np.float32)
    for r in range(first, end):
        row = pixels[r]
        for k in range(3):
            target = out[k, r - first]
            if channels == 1 and k > 0:
                target[:] = out[0, r - first]
                continue
            for c in range(target.size):
                target[c] = np.float64(row[channels * c + k]) / peak
            _light(target, scratch)


@njit(cache=True, nogil=True)
def cube_roots(x, scratch):  # type: ignore[no-untyped-def]
    """Replace positive float64 values of a row by their cube roots, to the last digits; `scratch` is float32.

    Newton's steps of the inverse root from an approximation by the exponent: five double the digits to full
    precision, and unlike the library's function they run in vectors.
    """
    bits = scratch.view(np.int32)
    for i in range(x.size):
        scratch[i] = x[i]
    for i in range(x.size):
        bits[i] = np.int32(_CUBE - np.float64(bits[i]) * _THIRD)
    for i in range(x.size):
        v = x[i]
        y = np.float64(scratch[i])
        w = v * _THIRD
        for _ in range(5):
            y = y * (4.0 * _THIRD - w * (y * y * y))
        x[i] = v * (y * y)


@njit(cache=True, nogil=True)
def lab_of_xyz(one, two, three, linear, scratch):  # type: ignore[no-untyped-def]
    """Replace a row of X, Y, Z relative to white by L*, a*, b*; `linear` (3, W) and `scratch` (float32) are written."""
    for k in range(3):
        plane = one if k == 0 else two if k == 1 else three
        before = linear[k]
        for c in range(plane.size):
            before[c] = plane[c]
            plane[c] = max(plane[c], _KNEE)
        cube_roots(plane, scratch)
        for c in range(plane.size):
            plane[c] = plane[c] if before[c] > _KNEE else (_SLOPE * before[c] + 16.0) / 116.0
    luminance = linear[1]
    for c in range(one.size):
        x, y, z = one[c], two[c], three[c]
        one[c] = 116.0 * y - 16.0 if luminance[c] > _KNEE else _SLOPE * luminance[c]
        two[c] = 500.0 * (x - y)
        three[c] = 200.0 * (y - z)


@dataclass(frozen=True)
class Source:
    """The pixels of one image, decoded a band at a time."""

    pixels: np.ndarray
    table: np.ndarray
    peak: float
    width: int

    @property
    def height(self) -> int:
        return self.pixels.shape[0]

    def band(self, first: int, end: int) -> np.ndarray:
        """Linear light of rows `first` to `end`, `(3, rows, W)` float64, a new array."""
        out = np.empty((3, end - first, self.width))
        if self.pixels.dtype.kind == "u":
            _codes(self.pixels, self.table, first, end, out)
        else:
            _floats(self.pixels, self.peak, first, end, out)
        return out


def sources(batch: Batch) -> list[Source]:
    """The images of a batch."""
    table = read_only(light_table(batch.data.dtype, batch.peak))
    return [Source(pixels, table, batch.peak, batch.size[1]) for pixels in interleaved(batch.data)]
