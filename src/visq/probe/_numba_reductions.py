"""Kernels of the reductions: one pass over two responses, every sum in float64.

Responses come as `(C, HW)` or, as convolutions on a CPU like to leave them, as `(HW, C)`. Either way the sums of a
channel run over its positions in their order, and those of the channels are added in theirs: not a bit depends on it.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Response = NDArray[np.float32]


@numba.njit(cache=True, nogil=True)
def sums(f: Response, g: Response, out: Floats) -> None:  # pragma: no cover - compiled
    """Of `(C, HW)`, into `(6, C)`: sums of fg, ff, gg, |d|, d^4, d^2 of each channel."""
    for c in range(f.shape[0]):
        inner = first = second = absolute = fourth = squares = 0.0
        for i in range(f.shape[1]):
            a = np.float64(f[c, i])
            b = np.float64(g[c, i])
            d = a - b
            square = d * d
            inner += a * b
            first += a * a
            second += b * b
            absolute += abs(d)
            squares += square
            fourth += square * square
        out[0, c] = inner
        out[1, c] = first
        out[2, c] = second
        out[3, c] = absolute
        out[4, c] = fourth
        out[5, c] = squares


@numba.njit(cache=True, nogil=True)
def sums_last(f: Response, g: Response, out: Floats) -> None:  # pragma: no cover - compiled
    """The same of `(HW, C)`."""
    inner, first, second, absolute, fourth, squares = out[0], out[1], out[2], out[3], out[4], out[5]
    for i in range(f.shape[0]):
        for c in range(f.shape[1]):
            a = np.float64(f[i, c])
            b = np.float64(g[i, c])
            d = a - b
            square = d * d
            inner[c] += a * b
            first[c] += a * a
            second[c] += b * b
            absolute[c] += abs(d)
            squares[c] += square
            fourth[c] += square * square


@numba.njit(cache=True, nogil=True)
def moments(f: Response, means: Floats, deviations: Floats) -> None:  # pragma: no cover - compiled
    """Mean and standard deviation of each channel of `(C, HW)`, around its first value: 0 where it is constant."""
    channels, positions = f.shape
    for c in range(channels):
        start = np.float64(f[c, 0])
        total = 0.0
        for i in range(positions):
            total += f[c, i] - start
        shift = total / positions
        squares = 0.0
        for i in range(positions):
            d = f[c, i] - start - shift
            squares += d * d
        means[c] = start + shift
        deviations[c] = math.sqrt(squares / positions)


@numba.njit(cache=True, nogil=True)
def moments_last(f: Response, means: Floats, deviations: Floats) -> None:  # pragma: no cover - compiled
    """The same of `(HW, C)`."""
    positions, channels = f.shape
    start = f[0].astype(np.float64)
    shift = np.zeros(channels)
    squares = np.zeros(channels)
    for i in range(positions):
        for c in range(channels):
            shift[c] += f[i, c] - start[c]
    for c in range(channels):
        shift[c] /= positions
    for i in range(positions):
        for c in range(channels):
            d = f[i, c] - start[c] - shift[c]
            squares[c] += d * d
    for c in range(channels):
        means[c] = start[c] + shift[c]
        deviations[c] = math.sqrt(squares[c] / positions)


@numba.njit(cache=True, nogil=True, inline="always")
def _bin(above: float, width: float, bins: int) -> int:  # pragma: no cover - compiled
    if above <= 0:
        return 0
    if above >= width:  # also what has risen above a channel that was constant in the reference
        return bins - 1
    return min(int(above / width * bins), bins - 1)


@numba.njit(cache=True, nogil=True)
def histogram(f: Response, low: Floats, high: Floats, out: Floats) -> None:  # pragma: no cover - compiled
    """How many positions of `(C, HW)` fall into each bin of each channel, `out` of `(C, bins)`.

    A value that is not finite belongs to no bin, and makes the first one NaN.
    """
    for c in range(f.shape[0]):
        width = high[c] - low[c]
        for i in range(f.shape[1]):
            if math.isfinite(f[c, i]):
                out[c, _bin(f[c, i] - low[c], width, out.shape[1])] += 1.0
            else:
                out[c, 0] = math.nan


@numba.njit(cache=True, nogil=True)
def histogram_last(f: Response, low: Floats, high: Floats, out: Floats) -> None:  # pragma: no cover - compiled
    """The same of `(HW, C)`."""
    width = high - low
    for i in range(f.shape[0]):
        for c in range(f.shape[1]):
            if math.isfinite(f[i, c]):
                out[c, _bin(f[i, c] - low[c], width[c], out.shape[1])] += 1.0
            else:
                out[c, 0] = math.nan
