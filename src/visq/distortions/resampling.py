"""Made smaller and brought back to size: what a thumbnail, a low-resolution stream or a careless resizer leaves."""

from __future__ import annotations

import numpy as np

from visq.distortions.planes import to_pixels, to_planes
from visq.ops.resize import Method, imresize


def resize(
    pixels: np.ndarray,
    factor: float,
    *,
    rng: np.random.Generator | None = None,
    down: Method = "bicubic",
    up: Method = "bicubic",
    antialias: bool = True,
) -> np.ndarray:
    """Shrink by `factor`, then enlarge to the size before.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    factor : float
        Sides are divided by it and rounded down; at least one pixel is left.
    rng : numpy.random.Generator
        Not used.
    down, up : str
        Filters, see `visq.ops.resize`.
    antialias : bool
        Widen the filter for shrinking, as a good resizer does; without, detail turns into false patterns.

    Returns
    -------
    array
        As `pixels`, held to 0..1 after each step, as 8-bit pictures would be.

    Examples
    --------
    >>> stripes = np.tile([0.0, 1.0], 4).reshape(1, 8, 1)
    >>> resize(stripes, 2, down="area", up="nearest").ravel().tolist()
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    """
    planes = to_planes(pixels)
    size = pixels.shape[:2]
    smaller = (max(1, int(size[0] / factor)), max(1, int(size[1] / factor)))
    small = np.clip(imresize(planes, size=smaller, method=down, antialias=antialias), 0.0, 1.0)
    return to_pixels(np.clip(imresize(small, size=size, method=up), 0.0, 1.0))


__all__ = ["resize"]
