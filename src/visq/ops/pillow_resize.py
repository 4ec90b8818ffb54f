"""Bilinear resizing as Pillow does it, of which torchvision's transforms of pictures are made."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from visq.ops.arrays import is_torch, namespace

# Pillow multiplies bytes by whole numbers: weights times 2^22.
_UNIT = float(1 << 22)


@lru_cache(maxsize=32)
def weights(length: int, out_length: int, whole: bool = False) -> np.ndarray:
    """What each of `out_length` samples is made of: `(out_length, length)`, float64.

    A triangle around the sample's place, stretched by the ratio when shrinking, cut off at the border and made to sum
    to 1. `whole`: in units of 2^-22, rounded, as Pillow has them for bytes.

    >>> weights(4, 2).tolist()
    [[0.428..., 0.428..., 0.142..., 0.0], [0.0, 0.142..., 0.428..., 0.428...]]
    """
    ratio = length / out_length
    reach = max(ratio, 1.0)
    centre = (np.arange(out_length) + 0.5) * ratio
    first = np.maximum((centre - reach + 0.5).astype(np.int64), 0)[:, None]
    end = np.minimum((centre + reach + 0.5).astype(np.int64), length)[:, None]
    position = np.arange(length)
    found = np.clip(1.0 - np.abs((position - centre[:, None] + 0.5) / reach), 0.0, None)
    found[(position < first) | (position >= end)] = 0.0
    found /= found.sum(axis=1, keepdims=True)
    if whole:
        found = np.floor(found * _UNIT + 0.5)
    found.flags.writeable = False
    return found


def resize(x: Any, size: tuple[int, int], *, levels: bool = False) -> Any:
    """Resize images with Pillow's `BILINEAR`, which smooths when shrinking.

    Parameters
    ----------
    x : array
        `(..., H, W)`, NumPy or torch, float.
    size : (int, int)
        Height and width of the result.
    levels : bool
        The values are whole levels in 0..255: round them after either axis, the width first, as Pillow does with
        pictures of 8 bit. The result is Pillow's, to the last level.

    Returns
    -------
    array
        Same dtype as `x`; differentiable where nothing is rounded.

    Examples
    --------
    >>> resize(np.array([[0.0, 0.0, 7.0, 7.0]]), (1, 2)).tolist()
    [[1.0, 6.0]]
    >>> resize(np.array([[0.0, 0.0, 8.0, 8.0]]), (1, 2), levels=True).tolist()
    [[1.0, 7.0]]
    """
    height, width = int(x.shape[-2]), int(x.shape[-1])
    rows, columns = weights(height, size[0], levels), weights(width, size[1], levels)
    if not levels:
        return _matrix(rows, x) @ (x @ _matrix(columns, x).T)
    xp = namespace(x)
    wide = xp.astype(x, xp.float64)
    # Products and sums of whole numbers below 2^53: exact, in any order.
    wide = _whole(wide @ _matrix(columns, wide).T)
    return xp.astype(_whole(_matrix(rows, wide) @ wide), x.dtype)


def resize_pictures(x: Any, size: tuple[int, int], *, integer: bool) -> Any:
    """Pictures in 0..1 as a loader that goes through Pillow resizes them.

    Parameters
    ----------
    x : array
        `(..., H, W)` in 0..1, NumPy or torch, float.
    size : (int, int)
        Height and width of the result; where it is that of `x`, nothing happens.
    integer : bool
        The pixels were integers: whole levels of 8 bit come in and go out, as in the loader. Those of 16 bit are taken
        as the nearest of 8, so that the container's depth changes no score. Floats are not rounded.

    Examples
    --------
    >>> resize_pictures(np.array([[0.0, 0.0, 1.0, 1.0]]), (1, 2), integer=True) * 255
    array([[ 36., 219.]])
    """
    if tuple(int(n) for n in x.shape[-2:]) == tuple(size):
        return x
    if not integer:
        return resize(x, size)
    xp = namespace(x)
    return resize(xp.round(x * 255.0), size, levels=True) / 255.0


def _whole(x: Any) -> Any:
    xp = namespace(x)
    return xp.clip(xp.floor((x + _UNIT / 2) / _UNIT), 0.0, 255.0)


def _matrix(values: np.ndarray, like: Any) -> Any:
    if not is_torch(like):
        return values.astype(like.dtype, copy=False)
    import torch

    return torch.tensor(values, dtype=like.dtype, device=like.device)


__all__ = ["resize", "resize_pictures", "weights"]
