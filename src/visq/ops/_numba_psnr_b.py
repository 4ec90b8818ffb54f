"""NumPy engine of PSNR-B: squared error, and squared steps across and within blocks of 8 x 8, in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_STRIP = 64


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _rows(x, y, first, end, like, sums, index):  # type: ignore[no-untyped-def]
    height, width = x.shape
    real = like.dtype.type
    squared = steps = across = 0.0
    for r in range(first, end):
        for c in range(width):
            d = np.float64(real(x[r, c]) - real(y[r, c]))
            squared += d * d
        for c in range(width - 1):
            d = np.float64(real(x[r, c + 1]) - real(x[r, c]))
            steps += d * d
        for c in range(7, width - 1, 8):
            d = np.float64(real(x[r, c + 1]) - real(x[r, c]))
            across += d * d
        if r + 1 < height:
            down = 0.0
            for c in range(width):
                d = np.float64(real(x[r + 1, c]) - real(x[r, c]))
                down += d * d
            steps += down
            if r % 8 == 7:
                across += down
    sums[index, 0] = squared
    sums[index, 1] = across
    sums[index, 2] = steps - across


def error_and_steps(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """`(3, N)` sums of `(N, H, W)` planes: squared error, squared steps of `x` between blocks and within them."""
    # Differences of bytes are exact in 16 bit, those of floats in the planes' own precision are what torch takes.
    like = read_only(np.empty(0, np.int16 if x.dtype == np.uint8 else x.dtype))
    return np.array([_image(read_only(p), read_only(q), like) for p, q in zip(x, y, strict=True)]).T


def _image(p: np.ndarray, q: np.ndarray, like: np.ndarray) -> np.ndarray:
    sums = np.zeros((strip_count(len(p), _STRIP), 3))
    run_strips(lambda a, b, i: _rows(p, q, a, b, like, sums, i), len(p), _STRIP)
    # Steps within blocks are what is left of all steps: rounding must not make that negative.
    return np.maximum(sums.sum(axis=0), 0.0)
