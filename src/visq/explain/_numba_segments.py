"""Merging the pixels of a picture along its weakest edges."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _root(parent, node):  # type: ignore[no-untyped-def]
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@njit(cache=True, nogil=True)
def merged(first, second, weight, count, scale, least):  # type: ignore[no-untyped-def]
    """`(count,)` numbers of regions, from 0 in the order of their first pixels.

    Edges `first`-`second` come in rising order of `weight`.
    """
    parent, size, inner = np.arange(count), np.ones(count, np.int64), np.zeros(count)
    for e in range(len(weight)):
        a, b = _root(parent, first[e]), _root(parent, second[e])
        # Inner differences grow with the edges, and these rise: the last edge that joined a region is its largest.
        if a != b and weight[e] <= min(inner[a] + scale / size[a], inner[b] + scale / size[b]):
            parent[b] = a
            size[a] += size[b]
            inner[a] = weight[e]
    for e in range(len(weight)):
        a, b = _root(parent, first[e]), _root(parent, second[e])
        if a != b and (size[a] < least or size[b] < least):
            parent[b] = a
            size[a] += size[b]
    number, names, found = 0, np.full(count, -1, np.int64), np.empty(count, np.int64)
    for i in range(count):
        root = _root(parent, i)
        if names[root] < 0:
            names[root] = number
            number += 1
        found[i] = names[root]
    return found
