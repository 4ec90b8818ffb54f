"""Laplacian pyramid with binomial filters, as matlabPyrTools builds it, NumPy or torch.

``buildLpyr(x, levels)`` with its defaults: taps 1 4 6 4 1 (times the root of 2, over 16), borders reflected about
the outermost pixel, amplitude doubled from level to level. Burt and Adelson's taps, other borders and a constant
amplitude are in `visq.ops.laplacian`: no setting is shared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from visq.ops.arrays import is_torch, namespace
from visq.ops.filters import separable

TAPS = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) * 2**0.5 / 16


def bands(x: Any, levels: int) -> Iterator[Any]:
    """The `levels - 1` band-pass images and the last low-pass image of `(N, H, W)`, finest first.

    NumPy: low-pass images are float64, so that the bands of a constant image vanish to its digits; band-pass images
    are float64 for float64 input and float32 for other.

    >>> [band.shape for band in bands(np.zeros((1, 20, 33)), 3)]
    [(1, 20, 33), (1, 10, 17), (1, 5, 9)]
    """
    dtype = x.dtype
    for _ in range(levels - 1):
        low = halve(x)
        yield _detail(x, low, dtype)
        x = low
    yield x


def halve(x: Any) -> Any:
    """Filter and keep every second pixel, from the first one."""
    if is_torch(x):
        return separable(x, TAPS, TAPS, border="reflect")[..., ::2, ::2]
    from visq.ops import _numba_binomial

    return _numba_binomial.halve(x, TAPS)


def _detail(x: Any, low: Any, dtype: Any) -> Any:
    """`x` less what its low-pass image expands to: zeros between the pixels, the same filter, the same border."""
    if is_torch(x):
        return x - _expanded(_expanded(low, int(x.shape[-2]), -2), int(x.shape[-1]), -1)
    from visq.ops import _numba_binomial

    working = np.float64 if dtype == np.float64 else np.float32
    return _numba_binomial.detail(x, low, TAPS, working)


def _expanded(x: Any, length: int, axis: int) -> Any:
    xp = namespace(x)
    x = xp.moveaxis(x, axis, -1)
    outside = x[..., -2:-1] if length % 2 else x[..., -1:]
    before = xp.concat([x[..., 1:2], x[..., :-1]], axis=-1)
    after = xp.concat([x[..., 1:], outside], axis=-1)
    even, odd = TAPS[0] * (before + after) + TAPS[2] * x, TAPS[1] * (x + after)
    both = xp.reshape(xp.stack([even, odd], axis=-1), (*x.shape[:-1], 2 * int(x.shape[-1])))
    return xp.moveaxis(both[..., :length], -1, axis)


__all__ = ["TAPS", "bands", "halve"]
