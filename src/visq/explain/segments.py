"""Regions of a picture that are more alike within than across their borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError
from visq.ops import filters

# The tails of the Gaussian are cut where scipy's and scikit-image's are.
_REACH = 4.0


def felzenszwalb(
    image: NDArray[np.floating], *, scale: float = 100.0, sigma: float = 0.8, least: int = 50
) -> NDArray[np.int64]:
    """Graph-based segmentation: neighbouring regions are joined where the edge between them is weak.

    Every pixel is joined to its eight neighbours; the weight of an edge is the distance of the smoothed colours. In
    rising order, an edge joins two regions if its weight is at most ``min(inner(a) + scale / |a|, inner(b) + scale /
    |b|)``, with `inner` the largest weight that joined a region so far. Then regions below `least` pixels are joined
    to a neighbour, again in rising order.

    Parameters
    ----------
    image : array
        `(H, W)` or `(H, W, 3)` in 0..1.
    scale : float
        Larger: larger regions. In units of colours 0..255.
    sigma : float
        Of the Gaussian that smooths before; 0 for none. The mirror image lies outside.
    least : int
        Smallest region.

    Returns
    -------
    array
        `(H, W)`: numbers of regions, from 0 in the order of their first pixels.

    References
    ----------
    P. Felzenszwalb, D. Huttenlocher, "Efficient graph-based image segmentation", IJCV 59(2), 2004.

    Examples
    --------
    >>> halves = np.zeros((16, 16))
    >>> halves[:, 8:] = 1.0
    >>> found = felzenszwalb(halves, sigma=0.0)
    >>> int(found.max()), int(found[0, 0]), int(found[9, 9])
    (1, 0, 1)
    """
    from visq.explain import _numba_segments

    planes = np.moveaxis(np.atleast_3d(np.asarray(image, dtype=np.float64)), -1, 0)
    if planes.ndim != 3 or 0 in planes.shape:
        raise InputError("not an image", expected="(H, W) or (H, W, 3)", got=str(np.shape(image)))
    if sigma > 0:
        reach = int(_REACH * sigma + 0.5)
        planes = filters.gaussian(planes, 2 * reach + 1, sigma, border="symmetric")
    height, width = planes.shape[1:]
    number = np.arange(height * width).reshape(height, width)
    edges = [_edges(planes, number, down, across) for down, across in ((0, 1), (1, 0), (1, 1), (1, -1))]
    first, second, weight = (np.concatenate(parts) for parts in zip(*edges, strict=True))
    order = np.argsort(weight, kind="stable")
    found = _numba_segments.merged(first[order], second[order], weight[order], number.size, scale / 255.0, least)
    return found.reshape(height, width)


def _edges(
    planes: NDArray[np.float64], number: NDArray[np.int64], down: int, across: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Pixels, their neighbours in one direction, and the distances of their colours."""
    height, width = number.shape
    left, right = max(0, -across), width - max(0, across)
    here = (slice(0, height - down), slice(left, right))
    there = (slice(down, height), slice(left + across, right + across))
    distance = np.sqrt(((planes[:, *here] - planes[:, *there]) ** 2).sum(axis=0))
    return number[here].ravel(), number[there].ravel(), distance.ravel()


__all__ = ["felzenszwalb"]
