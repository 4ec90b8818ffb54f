"""NumPy engine of resizing: one output row at a time, the intermediate row never leaves the cache."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.threads import run_strips


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"})
def _resize_rows(x, out, first, end, row_index, row_weight, column_index, column_weight):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    out_width = out.shape[1]
    taps = column_index.shape[0]
    line = np.empty(width, x.dtype)
    for r in range(first, end):
        line[:] = 0
        for k in range(row_index.shape[1]):
            w = row_weight[r, k]
            if w != 0:
                source = row_index[r, k]
                for c in range(width):
                    line[c] += w * x[source, c]
        for c in range(out_width):
            total = column_weight[0, c] * line[column_index[0, c]]
            for k in range(1, taps):
                total += column_weight[k, c] * line[column_index[k, c]]
            out[r, c] = total


def resize(x: np.ndarray, rows: tuple[np.ndarray, np.ndarray], columns: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """`(..., H, W)` to `(..., len(rows), len(columns))`; half precision is computed in float32."""
    dtype = np.float64 if x.dtype == np.float64 else np.float32
    source = np.ascontiguousarray(x, dtype).reshape(-1, *x.shape[-2:])
    out = np.empty((len(source), len(rows[0]), len(columns[0])), dtype)
    vertical = rows[0], rows[1].astype(dtype)
    across = np.ascontiguousarray(columns[0].T), np.ascontiguousarray(columns[1].T, dtype)

    def strip(image: int, first: int, end: int) -> None:
        _resize_rows(source[image], out[image], first, end, *vertical, *across)

    for image in range(len(source)):
        run_strips(lambda a, b, _, image=image: strip(image, a, b), out.shape[1])  # type: ignore[misc]
    return out.reshape(*x.shape[:-2], *out.shape[1:]).astype(x.dtype, copy=False)
