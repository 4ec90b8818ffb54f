"""NumPy engine of one-dimensional transport: one merge of two sorted lists a column, and its slopes in the same pass.

The cumulative masses of a column are sorted already, so that what a sort would take ``n log n`` steps for is one walk
along both lists. Columns are taken in small blocks, whose rows are read whole: columns that lie a power of two apart
in memory would otherwise push each other out of the cache.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips

_BLOCK = 16  # columns: two cache lines of a row
_STRIP = 2048  # columns that one thread takes at a time


@njit(cache=True, nogil=True)
def _accumulate(masses, first, end, sums):  # type: ignore[no-untyped-def]
    """Cumulative masses of some columns, one row of `sums` each, closed by infinity."""
    n = masses.shape[0]
    for c in range(end - first):
        sums[c, n] = np.inf
        sums[c, 0] = masses[0, first + c]
    for i in range(1, n):
        row = masses[i]
        for c in range(end - first):
            sums[c, i] = sums[c, i - 1] + row[first + c]


@njit(cache=True, nogil=True)
def _merge(a, b, n):  # type: ignore[no-untyped-def]
    """Cost of moving one mass onto the other: every stretch of mass times its squared way."""
    i, j, last = 0, 0, n - 1
    before, cost = 0.0, 0.0
    for _ in range(2 * n):
        from_a = a[i] <= b[j]
        here = a[i] if from_a else b[j]
        way = min(i, last) - min(j, last)
        cost += (here - before) * (way * way)
        before = here
        i += from_a
        j += not from_a
    return cost


@njit(cache=True, nogil=True)
def _merge_slopes(a, b, n, slope_a, slope_b):  # type: ignore[no-untyped-def]
    """`_merge`, and how its cost changes with every cumulative mass: what ends there less what begins there."""
    i, j, last = 0, 0, n - 1
    before, cost = 0.0, 0.0
    while i < n or j < n:
        here = min(a[i], b[j])
        p, q = min(i, last), min(j, last)
        p1, q1 = min(i + 1, last), min(j + 1, last)
        ends = float((p - q) * (p - q))
        cost += (here - before) * ends
        before = here
        after_a, after_b = float((p1 - q) * (p1 - q)), float((p - q1) * (p - q1))
        if a[i] == b[j]:
            # A corner: the mean of the slopes with either of the two first, 0 at an identical pair.
            begins = float((p1 - q1) * (p1 - q1))
            slope_a[i] = 0.5 * (ends - after_a + after_b - begins)
            slope_b[j] = 0.5 * (ends - after_b + after_a - begins)
            i += 1
            j += 1
        elif a[i] < b[j]:
            slope_a[i] = ends - after_a
            i += 1
        else:
            slope_b[j] = ends - after_b
            j += 1
    return cost


@njit(cache=True, nogil=True)
def _columns(x, y, first, end, out):  # type: ignore[no-untyped-def]
    n = x.shape[0]
    a, b = np.empty((_BLOCK, n + 1)), np.empty((_BLOCK, n + 1))
    for left in range(first, end, _BLOCK):
        right = min(left + _BLOCK, end)
        _accumulate(x, left, right, a)
        _accumulate(y, left, right, b)
        for c in range(right - left):
            out[left + c] = _merge(a[c], b[c], n)


@njit(cache=True, nogil=True)
def _to_masses(slopes, first, end, out):  # type: ignore[no-untyped-def]
    """Slopes by the masses: each is part of its own cumulative mass and of all after it."""
    n = out.shape[0]
    for c in range(end - first):
        out[n - 1, first + c] = slopes[c, n - 1]
    for i in range(n - 2, -1, -1):
        for c in range(end - first):
            out[i, first + c] = out[i + 1, first + c] + slopes[c, i]


@njit(cache=True, nogil=True)
def _columns_slopes(x, y, first, end, out, slope_x, slope_y):  # type: ignore[no-untyped-def]
    n = x.shape[0]
    a, b = np.empty((_BLOCK, n + 1)), np.empty((_BLOCK, n + 1))
    sa, sb = np.empty((_BLOCK, n)), np.empty((_BLOCK, n))
    for left in range(first, end, _BLOCK):
        right = min(left + _BLOCK, end)
        _accumulate(x, left, right, a)
        _accumulate(y, left, right, b)
        for c in range(right - left):
            out[left + c] = _merge_slopes(a[c], b[c], n, sa[c], sb[c])
        _to_masses(sa, left, right, slope_x)
        _to_masses(sb, left, right, slope_y)


def cost(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Costs `(m,)` between the columns of two `(n, m)` float64 arrays of masses."""
    x, y = read_only(x), read_only(y)
    out = np.empty(x.shape[1])
    run_strips(lambda first, end, _: _columns(x, y, first, end, out), x.shape[1], _STRIP)
    return out


def cost_and_slopes(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`cost`, and its derivatives `(n, m)` by the masses of either."""
    x, y = read_only(x), read_only(y)
    out, slope_x, slope_y = np.empty(x.shape[1]), np.empty(x.shape), np.empty(x.shape)

    def work(first: int, end: int, _: int) -> None:
        _columns_slopes(x, y, first, end, out, slope_x, slope_y)

    run_strips(work, x.shape[1], _STRIP)
    return out, slope_x, slope_y
