"""NumPy engine of the binomial Laplacian pyramid: one pass over the image to halve, one to subtract."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.borders import padded_index
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips


@njit(cache=True, nogil=True, fastmath={"contract"})
def _halve_rows(x, out, first, end, rows, columns, taps):  # type: ignore[no-untyped-def]
    line = np.empty(x.shape[1])
    wide = np.empty(columns.size)
    for r in range(first, end):
        a = x[rows[2 * r]]
        b = x[rows[2 * r + 1]]
        c = x[rows[2 * r + 2]]
        d = x[rows[2 * r + 3]]
        e = x[rows[2 * r + 4]]
        for i in range(line.size):
            line[i] = taps[0] * (np.float64(a[i]) + np.float64(e[i])) + taps[1] * (np.float64(b[i]) + np.float64(d[i]))
            line[i] += taps[2] * np.float64(c[i])
        for i in range(wide.size):
            wide[i] = line[columns[i]]
        target = out[r]
        for i in range(target.size):
            k = 2 * i
            outer = wide[k] + wide[k + 4]
            target[i] = taps[0] * outer + taps[1] * (wide[k + 1] + wide[k + 3]) + taps[2] * wide[k + 2]


def halve(x: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """Filter `(N, H, W)` along both axes, reflected border, every second pixel; float64."""
    rows, columns = (padded_index(n, 2, 3, "reflect") for n in x.shape[1:])
    out = np.empty((len(x), *(-(-n // 2) for n in x.shape[1:])))
    fixed = tuple(map(read_only, (rows, columns, taps)))

    def one(source: np.ndarray, target: np.ndarray) -> None:
        run_strips(lambda a, b, _: _halve_rows(source, target, a, b, *fixed), out.shape[1])

    for source, target in zip(read_only(x), out, strict=True):
        one(source, target)
    return out


@njit(cache=True, nogil=True, fastmath={"contract"})
def _detail_rows(x, low, out, first, end, row_after, column_after, taps):  # type: ignore[no-untyped-def]
    n = low.shape[1]
    line = np.empty(n + 2)
    width = x.shape[1]
    for r in range(first, end):
        i = r // 2
        after = low[row_after if i == low.shape[0] - 1 else i + 1]
        here = low[i]
        if r % 2 == 0:
            before = low[1 if i == 0 else i - 1]
            for c in range(n):
                both = np.float64(before[c]) + np.float64(after[c])
                line[c + 1] = taps[0] * both + taps[2] * np.float64(here[c])
        else:
            for c in range(n):
                line[c + 1] = taps[1] * (np.float64(here[c]) + np.float64(after[c]))
        line[0] = line[2]
        line[n + 1] = line[column_after + 1]
        for c in range(n):
            even = taps[0] * (line[c] + line[c + 2]) + taps[2] * line[c + 1]
            out[r, 2 * c] = np.float64(x[r, 2 * c]) - even
        for c in range(width // 2):
            odd = taps[1] * (line[c + 1] + line[c + 2])
            out[r, 2 * c + 1] = np.float64(x[r, 2 * c + 1]) - odd


def detail(x: np.ndarray, low: np.ndarray, taps: np.ndarray, dtype: type) -> np.ndarray:
    """`x` less its expanded low-pass image, `(N, H, W)`."""
    out: np.ndarray = np.empty(x.shape, dtype)
    # Beyond the last sample an even axis repeats it (a zero lies between), an odd one goes back to the one before.
    below, right = (m - 1 - n % 2 for n, m in zip(x.shape[1:], low.shape[1:], strict=True))
    weights = read_only(taps)

    def one(source: np.ndarray, part: np.ndarray, target: np.ndarray) -> None:
        run_strips(lambda p, q, _: _detail_rows(source, part, target, p, q, below, right, weights), x.shape[1])

    for source, part, target in zip(read_only(x), read_only(low), out, strict=True):
        one(source, part, target)
    return out
