"""Transparent pixels over white."""

from __future__ import annotations

import numpy as np


def over_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Composite on white in stored values: `round(alpha * colour + (1 - alpha) * white)`, exactly.

    Parameters
    ----------
    colour : numpy.ndarray
        `(H, W)` or `(H, W, 3)`, uint8, uint16 or float in 0..1, not premultiplied.
    alpha : numpy.ndarray
        `(H, W)` of the same dtype, white for opaque.

    >>> over_white(np.array([[0, 100]], np.uint8), np.array([[128, 255]], np.uint8)).tolist()
    [[127, 100]]
    """
    if colour.ndim == 3:
        alpha = alpha[..., None]
    if colour.dtype.kind == "f":
        return 1 - alpha * (1 - colour)
    white = int(np.iinfo(colour.dtype).max)
    # white - alpha (white - colour) / white, in whole numbers: at 16 bit the product still fits 32.
    dark = np.multiply(white - colour, alpha, dtype=np.uint32)
    return (white - (dark + white // 2) // white).astype(colour.dtype)


def transparent_key(colour: np.ndarray, key: tuple[int, ...]) -> np.ndarray:
    """Alpha of an image in which one colour is transparent."""
    same = colour == np.array(key, dtype=np.int64)[0] if colour.ndim == 2 else np.all(colour == np.array(key), axis=-1)
    return np.where(same, 0, np.iinfo(colour.dtype).max).astype(colour.dtype)
