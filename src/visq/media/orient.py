"""The eight EXIF orientations."""

from __future__ import annotations

import numpy as np


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn stored rows and columns upright, C-contiguous.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W)` or `(H, W, C)` as stored.
    orientation : int
        EXIF 1 to 8: where the stored first row and column belong.

    >>> upright(np.array([[1, 2, 3]]), 6).tolist()
    [[1], [2], [3]]
    """
    view = pixels
    if orientation in (2, 3, 7, 8):
        view = view[:, ::-1]
    if orientation in (3, 4, 6, 7):
        view = view[::-1]
    if orientation >= 5:
        view = view.swapaxes(0, 1)
    return np.ascontiguousarray(view)
