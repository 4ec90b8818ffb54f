"""Pixels taken from where they are not: cubic interpolation at displaced positions, NumPy only."""

from __future__ import annotations

import numpy as np


def warp(planes: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Every pixel `(r, c)` from the position ``(r - down, c - across)``, by Keys' cubic convolution with a = -1/2.

    Outside the picture lies its mirror image, border pixel included.

    Parameters
    ----------
    planes : array
        `(C, H, W)`, float64.
    down, across : array
        `(H, W)` displacements in pixels.

    Returns
    -------
    array
        As `planes`, not clipped.

    References
    ----------
    R. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29(6), 1981.

    Examples
    --------
    >>> ramp = np.arange(8.0).reshape(1, 1, 8)
    >>> warp(ramp, np.zeros((1, 8)), np.full((1, 8), 0.5))[0, 0, 2:6].tolist()
    [1.5, 2.5, 3.5, 4.5]
    """
    from visq.ops import _numba_warp

    return _numba_warp.warp(planes, down, across)


__all__ = ["warp"]
