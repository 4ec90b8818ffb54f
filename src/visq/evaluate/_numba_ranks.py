"""Rank correlations of many resamples, each item counted as often as its content was drawn.

Equal to resampling and ranking anew, but the items are sorted once: a resample costs one walk through them.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

_Whole = NDArray[np.int64]


@njit(cache=True, nogil=True)
def spearman(
    counts: _Whole, content: _Whole, order_x: _Whole, start_x: _Whole, order_y: _Whole, start_y: _Whole
) -> NDArray[np.float64]:
    """SRCC for each row of `counts`, `(resamples, contents)`; NaN where it is undefined.

    `order_*` sorts the items, `start_*` holds where each run of equal values begins and the number of items.
    """
    resamples, items = counts.shape[0], content.size
    result = np.empty(resamples)
    rank = np.empty((2, items))
    for b in range(resamples):
        total = 0
        for axis in range(2):
            order = order_x if axis == 0 else order_y
            start = start_x if axis == 0 else start_y
            total = 0
            for run in range(start.size - 1):
                size = 0
                for k in range(start[run], start[run + 1]):
                    size += counts[b, content[order[k]]]
                middle = total + 0.5 * (size + 1)
                for k in range(start[run], start[run + 1]):
                    rank[axis, order[k]] = middle
                total += size
        centre = 0.5 * (total + 1)
        xx = yy = xy = 0.0
        for i in range(items):
            weight = counts[b, content[i]]
            if weight:
                p, q = rank[0, i] - centre, rank[1, i] - centre
                xx += weight * p * p
                yy += weight * q * q
                xy += weight * p * q
        result[b] = xy / np.sqrt(xx * yy) if xx > 0 and yy > 0 else np.nan
    return result


@njit(cache=True, nogil=True)
def kendall(
    counts: _Whole, content: _Whole, order_x: _Whole, start_x: _Whole, level_y: _Whole, levels: int
) -> NDArray[np.float64]:
    """KRCC (tau-b) for each row of `counts`; `level_y` numbers the distinct scores from 0, there are `levels`."""
    resamples = counts.shape[0]
    result = np.empty(resamples)
    tree = np.empty(levels + 1, np.int64)
    tied = np.empty(levels, np.int64)
    for b in range(resamples):
        tree[:] = 0
        tied[:] = 0
        total, ties_x, balance = 0, 0, 0
        for run in range(start_x.size - 1):
            size = 0
            for k in range(start_x[run], start_x[run + 1]):
                i = order_x[k]
                weight = counts[b, content[i]]
                if weight:
                    size += weight
                    # How many of those before have a lower score, and how many no higher one: a tree of partial sums.
                    lower, position = 0, level_y[i]
                    while position > 0:
                        lower += tree[position]
                        position -= position & -position
                    balance += weight * (2 * lower + tied[level_y[i]] - total)
            for k in range(start_x[run], start_x[run + 1]):
                i = order_x[k]
                weight = counts[b, content[i]]
                if weight:
                    tied[level_y[i]] += weight
                    position = level_y[i] + 1
                    while position <= levels:
                        tree[position] += weight
                        position += position & -position
            total += size
            ties_x += size * (size - 1) // 2
        ties_y = 0
        for level in range(levels):
            ties_y += tied[level] * (tied[level] - 1) // 2
        pairs = total * (total - 1) // 2
        scale = np.sqrt(float(pairs - ties_x)) * np.sqrt(float(pairs - ties_y))
        result[b] = balance / scale if scale > 0 else np.nan
    return result
