"""Separable filters and down-sampling on the last two axes of `(..., H, W)` arrays, NumPy or torch.

All filters are correlations (the kernel is not flipped). An even kernel of `n` taps covers `n // 2` positions
before the pixel and `n - 1 - n // 2` after it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.errors import OptionError
from visq.ops.arrays import is_torch
from visq.ops.borders import Border, padded_index, padding


def gaussian_window(size: int, sigma: float) -> np.ndarray:
    """`size` taps of a Gaussian that sum to 1: one axis of MATLAB's `fspecial("gaussian", size, sigma)`.

    >>> gaussian_window(3, 1.0).round(4).tolist()
    [0.2741, 0.4519, 0.2741]
    """
    position = np.arange(size, dtype=np.float64) - (size - 1) / 2
    taps = np.exp(-(position**2) / (2 * sigma**2))
    return taps / taps.sum()


def separable(x: Any, rows: np.ndarray, columns: np.ndarray, *, border: Border = "reflect") -> Any:
    """Correlate with `rows` along the height and `columns` along the width.

    Parameters
    ----------
    x : array
        `(..., H, W)`, float32 or float64 (torch: any float dtype).
    rows, columns : array
        One-dimensional kernels in float64.
    border : str
        See `visq.ops.borders`.

    Returns
    -------
    array
        `(..., H, W)`, or smaller for ``border="valid"``, in the dtype of `x`.
    """
    if is_torch(x):
        from visq.ops import _torch_filters

        return _torch_filters.separable(x, rows, columns, border)
    from visq.ops import _numba_filters

    return _numba_filters.separable(x, np.asarray(rows, float), np.asarray(columns, float), border)


def gaussian(x: Any, size: int, sigma: float, *, border: Border = "reflect") -> Any:
    """Gaussian filter of `size` x `size` taps."""
    taps = gaussian_window(size, sigma)
    return separable(x, taps, taps, border=border)


def uniform(x: Any, size: int, *, border: Border = "reflect") -> Any:
    """Mean over a `size` x `size` window."""
    taps = np.full(size, 1.0 / size)
    return separable(x, taps, taps, border=border)


def pad(x: Any, top: int, bottom: int, left: int, right: int, *, border: Border = "reflect") -> Any:
    """Pad the last two axes by a border rule; sizes may exceed the image."""
    if border == "valid":
        raise OptionError("padding needs a rule that invents the outside", expected="not 'valid'", got="'valid'")
    height, width = x.shape[-2:]
    r = padded_index(height, top, bottom, border)
    c = padded_index(width, left, right, border)
    if is_torch(x):
        from visq.ops import _torch_filters

        return _torch_filters.gather(x, r, c)
    out = x[..., np.maximum(r, 0)[:, None], np.maximum(c, 0)[None, :]]
    if border == "zero":
        out[..., r < 0, :] = 0
        out[..., c < 0] = 0
    return out


def average_pool(x: Any, size: int) -> Any:
    """Mean of non-overlapping `size` x `size` blocks; rows and columns left over are dropped."""
    height, width = x.shape[-2] // size, x.shape[-1] // size
    x = x[..., : height * size, : width * size]
    if is_torch(x):
        return x.reshape(*x.shape[:-2], height, size, width, size).mean(dim=(-3, -1))
    total = x[..., 0::size, :] + x[..., 1::size, :] if size > 1 else x
    for k in range(2, size):
        total += x[..., k::size, :]
    out = total[..., 0::size] + total[..., 1::size] if size > 1 else total.copy()
    for k in range(2, size):
        out += total[..., k::size]
    return out * out.dtype.type(1.0 / size**2)


__all__ = [
    "average_pool",
    "gaussian",
    "gaussian_window",
    "pad",
    "padding",
    "separable",
    "uniform",
]
