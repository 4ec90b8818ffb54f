"""NumPy engine of the spatial steerable pyramid: kernels folded along both axes, one pass a row."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.borders import padded_index
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips


@njit(cache=True, nogil=True)
def _fold(x, above, below, sign, line):  # type: ignore[no-untyped-def]
    """A row (sign 0), or the sum or the difference of the rows above and below the middle."""
    if sign == 0:
        for c in range(line.size):
            line[c] = x[above, c]
    elif sign > 0:
        for c in range(line.size):
            line[c] = np.float64(x[below, c]) + np.float64(x[above, c])
    else:
        for c in range(line.size):
            line[c] = np.float64(x[below, c]) - np.float64(x[above, c])


# No fast mathematics: a constant image must give exact zeros, wherever the compiler splits its loops.
@njit(cache=True, nogil=True)
def _rows(x, out, first, end, rows, columns, quarter, down, across, step):  # type: ignore[no-untyped-def]
    reach = quarter.shape[0] - 1
    padded = columns.size
    line = np.empty(x.shape[1])
    wide = np.empty(padded)
    sums = np.empty(padded - 2 * reach)
    width = sums.size
    for r in range(first, end):
        sums[:] = 0.0
        for i in range(reach + 1):
            if i == 0 and down < 0:
                continue
            _fold(x, rows[r * step + reach - i], rows[r * step + reach + i], down if i else 0, line)
            for c in range(padded):
                wide[c] = line[columns[c]]
            if across > 0:
                w = quarter[i, 0]
                for c in range(width):
                    sums[c] += w * wide[c + reach]
            for j in range(1, reach + 1):
                w = quarter[i, j]
                left = wide[reach - j :]
                right = wide[reach + j :]
                if across > 0:
                    for c in range(width):
                        sums[c] += w * (right[c] + left[c])
                else:
                    for c in range(width):
                        sums[c] += w * (right[c] - left[c])
        target = out[r]
        for c in range(target.size):
            target[c] = sums[c * step]


def correlate(x: np.ndarray, quarter: np.ndarray, down: int, across: int, step: int) -> np.ndarray:
    """`(N, H, W)` correlated with a folded kernel, reflected border, every `step`-th pixel; float32 or float64."""
    height, width = x.shape[1:]
    reach = quarter.shape[0] - 1
    index = [padded_index(n, reach, reach, "reflect") for n in (height, width)]
    size = len(x), -(-height // step), -(-width // step)
    out = np.empty(size, np.float64 if x.dtype == np.float64 else np.float32)
    fixed = (*map(read_only, (*index, quarter)), down, across, step)

    def one(source: np.ndarray, target: np.ndarray) -> None:
        run_strips(lambda a, b, _: _rows(source, target, a, b, *fixed), size[1], 32)

    for source, target in zip(read_only(x), out, strict=True):
        one(source, target)
    return out
