"""NumPy engine of the interpolation at displaced positions: sixteen pixels each, weights made once for all planes."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips


@njit(cache=True, nogil=True, inline="always")
def _folded(position, length):  # type: ignore[no-untyped-def]
    if 0 <= position < length:
        return position
    position %= 2 * length
    return position if position < length else 2 * length - 1 - position


@njit(cache=True, nogil=True, inline="always")
def _weights(t, out):  # type: ignore[no-untyped-def]
    """Keys' kernel at -1 - t, -t, 1 - t, 2 - t."""
    out[0] = ((-0.5 * t + 1.0) * t - 0.5) * t
    out[1] = (1.5 * t - 2.5) * t * t + 1.0
    out[2] = ((-1.5 * t + 2.0) * t + 0.5) * t
    out[3] = (0.5 * t - 0.5) * t * t


@njit(cache=True, nogil=True)
def _rows(planes, out, first, end, down, across):  # type: ignore[no-untyped-def]
    channels, height, width = planes.shape
    wr, wc = np.empty(4), np.empty(4)
    rows, columns = np.empty(4, np.int64), np.empty(4, np.int64)
    for r in range(first, end):
        for c in range(width):
            y, x = r - down[r, c], c - across[r, c]
            top, left = np.floor(y), np.floor(x)
            _weights(y - top, wr)
            _weights(x - left, wc)
            for k in range(4):
                rows[k] = _folded(np.int64(top) - 1 + k, height)
                columns[k] = _folded(np.int64(left) - 1 + k, width)
            for p in range(channels):
                total = 0.0
                for k in range(4):
                    line = planes[p, rows[k]]
                    total += wr[k] * (
                        wc[0] * line[columns[0]]
                        + wc[1] * line[columns[1]]
                        + wc[2] * line[columns[2]]
                        + wc[3] * line[columns[3]]
                    )
                out[p, r, c] = total


def warp(planes: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """`(C, H, W)` float64 and two `(H, W)` displacements."""
    out = np.empty(planes.shape)
    source = read_only(np.asarray(planes, np.float64))
    fixed = read_only(np.asarray(down, np.float64)), read_only(np.asarray(across, np.float64))
    run_strips(lambda first, end, _: _rows(source, out, first, end, *fixed), planes.shape[1])
    return out
