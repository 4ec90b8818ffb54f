"""Burt and Adelson's pyramid step: halve an image and bring it back to size, NumPy or torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops.arrays import namespace
from visq.ops.filters import separable

TAPS = np.array([0.05, 0.25, 0.4, 0.25, 0.05])


def halve(x: Any) -> Any:
    """Low-pass with `TAPS` along both axes (symmetric border) and keep every second pixel, from the first one.

    >>> halve(np.arange(9.0)[None]).round(2).tolist()
    [[0.4, 2.0, 4.0, 6.0, 7.6]]
    """
    return separable(x, TAPS, TAPS, border="symmetric")[..., ::2, ::2]


def double(x: Any, height: int, width: int) -> Any:
    """Zeros between the pixels, low-pass with four times `TAPS`, cut to `height` x `width`; replicated border.

    In every direction an even pixel is 0.1, 0.8, 0.1 of its neighbours and an odd one the mean of two.

    >>> double(np.array([[0.0, 10.0, 20.0]]), 1, 5).round(2).tolist()
    [[1.0, 5.0, 10.0, 15.0, 19.0]]
    """
    return _along(_along(x, height, -2), width, -1)


def _along(x: Any, length: int, axis: int) -> Any:
    xp = namespace(x)
    x = xp.moveaxis(x, axis, -1)
    before = xp.concat([x[..., :1], x[..., :-1]], axis=-1)
    after = xp.concat([x[..., 1:], x[..., -1:]], axis=-1)
    even, odd = 0.1 * (before + after) + 0.8 * x, 0.5 * (x + after)
    both = xp.reshape(xp.stack([even, odd], axis=-1), (*x.shape[:-1], 2 * int(x.shape[-1])))
    return xp.moveaxis(both[..., :length], -1, axis)


__all__ = ["TAPS", "double", "halve"]
