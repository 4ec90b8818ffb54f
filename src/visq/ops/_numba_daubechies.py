"""NumPy engine of the finest diagonal band of a Daubechies wavelet: both filters at the pixels that are kept."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops.borders import padded_index
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _rows(x, rows, columns, taps, first, end, out):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    line = np.empty(width)
    # From the first pixel, so that a flat picture gives exactly 0.
    level = np.float64(x[0, 0])
    for k in range(first, end):
        line[:] = 0.0
        for j in range(taps.size):
            w = taps[j]
            source = x[rows[2 * k + j]]
            for c in range(width):
                line[c] += w * (np.float64(source[c]) - level)
        for c in range(out.shape[1]):
            total = 0.0
            for j in range(taps.size):
                total += taps[j] * line[columns[2 * c + j]]
            out[k, c] = abs(total)


def diagonal(x: np.ndarray, taps: np.ndarray, dtype: Any) -> np.ndarray:
    """Magnitude of the diagonal band of `(H, W)` of any dtype, in `dtype`; border `symmetric`."""
    x, reach = read_only(x), taps.size - 2
    rows, columns = (padded_index(side, reach, taps.size, "symmetric") for side in x.shape)
    shape = tuple((side + taps.size - 1) // 2 for side in x.shape)
    out = np.empty(shape, dtype)
    fixed = rows, columns, np.ascontiguousarray(taps)
    run_strips(lambda a, b, _: _rows(x, *fixed, a, b, out), shape[0])
    return out
