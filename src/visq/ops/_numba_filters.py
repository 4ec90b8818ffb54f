"""NumPy engine of the separable filters: a row buffer in cache, the inner loop along the row."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.borders import output_length, padded_index, padding
from visq.ops.threads import run_strips

_FAST = {"reassoc", "contract", "nsz", "arcp"}


@njit(cache=True, nogil=True, fastmath=_FAST)
def _separable_rows(x, out, first, end, row_index, column_index, rows, columns):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    padded = column_index.size
    line = np.zeros(width, x.dtype)
    buffer = np.zeros(padded, x.dtype)
    out_width = out.shape[1]
    for r in range(first, end):
        line[:] = 0
        for k in range(rows.size):
            source = row_index[r + k]
            if source >= 0:
                w = rows[k]
                for c in range(width):
                    line[c] += w * x[source, c]
        for c in range(padded):
            source = column_index[c]
            buffer[c] = line[source] if source >= 0 else 0
        for c in range(out_width):
            out[r, c] = 0
        for k in range(columns.size):
            w = columns[k]
            for c in range(out_width):
                out[r, c] += w * buffer[c + k]


def separable(x: np.ndarray, rows: np.ndarray, columns: np.ndarray, border: str) -> np.ndarray:
    height, width = x.shape[-2:]
    row_index = padded_index(height, *padding(len(rows), border), border)
    column_index = padded_index(width, *padding(len(columns), border), border)
    out_height = output_length(height, len(rows), border)
    out_width = output_length(width, len(columns), border)
    out = np.empty((*x.shape[:-2], out_height, out_width), x.dtype)
    flat_in = np.ascontiguousarray(x).reshape(-1, height, width)
    flat_out = out.reshape(-1, out_height, out_width)
    fixed = row_index, column_index, rows.astype(x.dtype), columns.astype(x.dtype)

    def one(source: np.ndarray, target: np.ndarray) -> None:
        run_strips(lambda first, end, _: _separable_rows(source, target, first, end, *fixed), out_height)

    for source, target in zip(flat_in, flat_out, strict=True):
        one(source, target)
    return out
