"""NumPy engine of the gradient magnitude: both derivatives and the root in one pass."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.borders import output_length, padded_index, padding
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips


@njit(cache=True, nogil=True, error_model="numpy")
def _magnitude_rows(x, out, first, end, zero, row_index, column_index, taps):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    padded = column_index.size
    smooth = np.zeros(padded, x.dtype)
    step = np.zeros(padded, x.dtype)
    side, middle = taps[0], taps[1]
    for r in range(first, end):
        up = x[row_index[r]] if row_index[r] >= 0 else zero
        here = x[row_index[r + 1]] if row_index[r + 1] >= 0 else zero
        down = x[row_index[r + 2]] if row_index[r + 2] >= 0 else zero
        if padded == width + 2:
            for c in range(width):
                smooth[c + 1] = side * (up[c] + down[c]) + middle * here[c]
                step[c + 1] = down[c] - up[c]
            for c in (0, padded - 1):
                source = column_index[c]
                smooth[c] = smooth[source + 1] if source >= 0 else 0
                step[c] = step[source + 1] if source >= 0 else 0
        else:
            for c in range(width):
                smooth[c] = side * (up[c] + down[c]) + middle * here[c]
                step[c] = down[c] - up[c]
        line = out[r]
        for c in range(line.size):
            across = smooth[c + 2] - smooth[c]
            along = side * (step[c] + step[c + 2]) + middle * step[c + 1]
            line[c] = np.sqrt(across * across + along * along)


def magnitude(x: np.ndarray, smooth: np.ndarray, border: str) -> np.ndarray:
    height, width = x.shape[-2:]
    row_index = padded_index(height, *padding(3, border), border)
    column_index = padded_index(width, *padding(3, border), border)
    out = np.empty((*x.shape[:-2], output_length(height, 3, border), output_length(width, 3, border)), x.dtype)
    flat_in = read_only(x).reshape(-1, height, width)
    flat_out = out.reshape(-1, *out.shape[-2:])
    taps = smooth.astype(x.dtype)
    zero = read_only(np.zeros(width, x.dtype))
    for source, target in zip(flat_in, flat_out, strict=True):
        _image(source, target, zero, row_index, column_index, taps)
    return out


def _image(x: np.ndarray, out: np.ndarray, *fixed: np.ndarray) -> None:
    run_strips(lambda a, b, _: _magnitude_rows(x, out, a, b, *fixed), out.shape[0])
