"""Resizing of `(..., H, W)` arrays, NumPy or torch, with the weights of MATLAB's `imresize`."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from visq.errors import InputError, InputTypeError, OptionError
from visq.ops.arrays import is_torch

Method = Literal["bicubic", "bilinear", "lanczos3", "nearest", "area"]
METHODS: tuple[str, ...] = get_args(Method)


def _cubic(x: np.ndarray) -> np.ndarray:
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, near, np.where(x <= 2, far, 0.0))


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.clip(1 - np.abs(x), 0, None)


def _lanczos3(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)


def _box(x: np.ndarray) -> np.ndarray:
    return ((x >= -0.5) & (x < 0.5)).astype(float)


_KERNELS: dict[str, tuple[Callable[[np.ndarray], np.ndarray], float]] = {
    "bicubic": (_cubic, 4.0),
    "bilinear": (_triangle, 2.0),
    "lanczos3": (_lanczos3, 6.0),
    "nearest": (_box, 1.0),
}


def imresize(
    x: Any,
    scale: float | None = None,
    size: tuple[int, int] | None = None,
    *,
    method: Method = "bicubic",
    antialias: bool = True,
) -> Any:
    """Resize images as MATLAB's `imresize` does; results are not clipped and not rounded.

    Output sample `i` of an axis lies at ``u = (i + 1/2) / s - 1/2`` of the input (pixels counted from 0). Its
    value is the sum of ``k(u - j) x[j]`` over the input, divided by the sum of the weights, where `k` is the
    kernel of the method. When shrinking with `antialias`, the kernel is stretched by ``1 / s``. Outside the
    image lies its mirror image, border pixel included.

    Parameters
    ----------
    x : array
        `(..., H, W)` of a float dtype.
    scale : float
        Ratio for both axes; the output has ``ceil(scale * H)`` by ``ceil(scale * W)`` pixels.
    size : (int, int)
        Height and width of the output instead of `scale`.
    method : {"bicubic", "bilinear", "lanczos3", "nearest", "area"}
        `bicubic` is Keys' kernel with a = -1/2. `area` is no method of MATLAB's: every output pixel is the
        exact mean of the input over its own area, as OpenCV's INTER_AREA and Pillow's BOX take it when
        shrinking by whole numbers.
    antialias : bool
        Stretch the kernel when shrinking. Without effect on `nearest` and `area`.

    Returns
    -------
    array
        Same dtype as `x`. For 8-bit images MATLAB rounds and clips after each of its two passes
        (the axis of the smaller ratio first): `imresize` twice, one axis at a time, and round in between.

    Raises
    ------
    visq.errors.OptionError
        Unknown method, or not exactly one usable `scale` or `size`.
    visq.errors.InputTypeError
        Not a float array.

    References
    ----------
    R. Keys, "Cubic convolution interpolation for digital image processing", IEEE Trans. ASSP 29(6), 1981.

    Examples
    --------
    >>> import numpy as np
    >>> imresize(np.array([[0.0, 4.0, 8.0, 12.0]] * 2), 0.5, method="area").tolist()
    [[2.0, 10.0]]
    """
    _check(x, method)
    height, width = int(x.shape[-2]), int(x.shape[-1])
    (out_height, row_scale), (out_width, column_scale) = _target((height, width), scale, size)
    rows = contributions(height, out_height, row_scale, method, antialias)
    columns = contributions(width, out_width, column_scale, method, antialias)
    if is_torch(x):
        return _matmul(x, dense(rows, height), dense(columns, width))
    from visq.ops import _numba_resize

    return _numba_resize.resize(x, rows, columns)


@lru_cache(maxsize=64)
def contributions(
    length: int, out_length: int, scale: float, method: str, antialias: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Which input samples each output sample of an axis is made of.

    Returns
    -------
    index, weights : (out_length, taps) arrays
        Positions in the input, folded at the borders, and their float64 weights, which sum to 1 in every row.

    Examples
    --------
    >>> index, weights = contributions(4, 2, 0.5, "bilinear", True)
    >>> index.tolist(), weights.tolist()
    ([[0, 0, 1, 2], [1, 2, 3, 3]], [[0.125, 0.375, 0.375, 0.125], [0.125, 0.375, 0.375, 0.125]])
    """
    if method == "area":
        position, weights = _area(length, out_length, scale)
    else:
        kernel, support = _KERNELS[method]
        shrink = scale if scale < 1 and antialias and method != "nearest" else 1.0
        support /= shrink
        # (i + 1/2) / s - 1/2 in the order in which MATLAB computes it: where 8-bit values come to lie half-way between
        # two levels, its rounding errors decide which one they are rounded to.
        centre = np.arange(1, out_length + 1) / scale + 0.5 * (1 - 1 / scale) - 1
        position = np.floor(centre - support / 2)[:, None] + np.arange(math.ceil(support) + 2)
        weights = kernel((centre[:, None] - position) * shrink)
    weights /= weights.sum(axis=1, keepdims=True)
    used = np.flatnonzero(weights.any(axis=0))
    keep = slice(used[0], used[-1] + 1)
    folded = np.mod(position[:, keep].astype(np.int64), 2 * length)
    index = np.where(folded < length, folded, 2 * length - 1 - folded)
    return index, np.ascontiguousarray(weights[:, keep])


def dense(axis: tuple[np.ndarray, np.ndarray], length: int) -> np.ndarray:
    """The `(out_length, length)` matrix of one axis' contributions."""
    index, weights = axis
    matrix = np.zeros((len(index), length))
    np.add.at(matrix, (np.arange(len(index))[:, None], index), weights)
    return matrix


def _area(length: int, out_length: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    edges = np.minimum(np.arange(out_length + 1) / scale, length)
    first = np.minimum(np.floor(edges[:-1]), length - 1)
    position = first[:, None] + np.arange(math.ceil(1 / scale) + 1)
    overlap = np.minimum(edges[1:, None], position + 1) - np.maximum(edges[:-1, None], position)
    overlap = np.clip(overlap, 0, None)
    # A last output pixel that only rounding errors put inside the image repeats the last input pixel.
    overlap[~overlap.any(axis=1), 0] = 1.0
    return position, overlap


def _check(x: Any, method: str) -> None:
    if method not in METHODS:
        raise OptionError("unknown method of resizing", expected=", ".join(METHODS), got=repr(method))
    if not ((is_torch(x) and x.is_floating_point()) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")):
        raise InputTypeError(
            "only float arrays are resized",
            expected="a float NumPy array or torch tensor",
            got=str(getattr(x, "dtype", type(x).__name__)),
            hint="Convert integers first.",
        )
    if x.ndim < 2 or 0 in x.shape:
        raise InputError("not an image", expected="(..., H, W), not empty", got=str(tuple(x.shape)))


def _target(
    shape: tuple[int, int], scale: float | None, size: tuple[int, int] | None
) -> tuple[tuple[int, float], tuple[int, float]]:
    if (scale is None) == (size is None):
        raise OptionError("the size of the result is not clear", expected="either scale or size")
    if size is not None:
        if len(size) != 2 or any(int(n) != n or n < 1 for n in size):
            raise OptionError("size is not usable", expected="(height, width), at least 1", got=repr(size))
        height, width = (int(n) for n in size)
        return (height, height / shape[0]), (width, width / shape[1])
    if scale is None or not 0 < scale < math.inf:
        raise OptionError("scale is not usable", expected="a positive finite number", got=repr(scale))
    ratio = float(scale)
    if ratio * max(shape) < 1:
        raise OptionError("scale leaves no pixel", expected=f"at least 1/{max(shape)}", got=repr(scale))
    return (math.ceil(ratio * shape[0]), ratio), (math.ceil(ratio * shape[1]), ratio)


def _matmul(x: Any, rows: np.ndarray, columns: np.ndarray) -> Any:
    # Two dense products: deterministic backwards on every device, which scattered additions are not.
    import torch

    a, b = (torch.as_tensor(m, dtype=x.dtype, device=x.device) for m in (rows, columns))
    return a @ x @ b.T
