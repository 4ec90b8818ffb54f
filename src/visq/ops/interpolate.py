"""Bilinear interpolation between aligned corners, as Octave's `imresize` resizes: no smoothing when shrinking."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from visq.ops.arrays import is_torch
from visq.ops.resize import dense


@lru_cache(maxsize=64)
def aligned(length: int, out_length: int) -> tuple[np.ndarray, np.ndarray]:
    """Index and weight, `(out_length, 2)` each, of `out_length` samples from the first pixel to the last.

    >>> index, weights = aligned(3, 5)
    >>> index.tolist(), weights[:, 1].tolist()
    ([[0, 1], [0, 1], [1, 2], [1, 2], [2, 2]], [0.0, 0.5, 0.0, 0.5, 0.0])
    """
    position = np.arange(out_length) * ((length - 1) / max(out_length - 1, 1))
    first = np.minimum(np.floor(position).astype(np.int64), length - 1)
    share = position - first
    return np.stack([first, np.minimum(first + 1, length - 1)], 1), np.stack([1 - share, share], 1)


@lru_cache(maxsize=64)
def centred(length: int, out_length: int) -> tuple[np.ndarray, np.ndarray]:
    """As `aligned`, with the outer edges of the pixels aligned instead of the centres of the corners.

    >>> index, weights = centred(4, 2)
    >>> index.tolist(), weights.tolist()
    ([[0, 1], [2, 3]], [[0.5, 0.5], [0.5, 0.5]])
    """
    position = np.maximum((np.arange(out_length) + 0.5) * (length / out_length) - 0.5, 0.0)
    first = np.minimum(np.floor(position).astype(np.int64), length - 1)
    share = position - first
    return np.stack([first, np.minimum(first + 1, length - 1)], 1), np.stack([1 - share, share], 1)


def interpolate(x: Any, size: tuple[int, int], *, edges: bool = False) -> Any:
    """Resize `(..., H, W)` so that the corner pixels keep their place: ``interp2`` on ``linspace(1, n, m)``.

    Parameters
    ----------
    x : array
        `(..., H, W)`, float32 or float64 (torch: any float dtype).
    size : (int, int)
        Height and width of the result.
    edges : bool
        Align the outer edges of the pixels (`centred`) and not the centres of the corners.

    Returns
    -------
    array
        Same dtype as `x`.

    Examples
    --------
    >>> import numpy as np
    >>> interpolate(np.array([[0.0, 4.0], [8.0, 12.0]]), (3, 2)).tolist()
    [[0.0, 4.0], [4.0, 8.0], [8.0, 12.0]]
    """
    height, width = int(x.shape[-2]), int(x.shape[-1])
    place = centred if edges else aligned
    rows, columns = place(height, size[0]), place(width, size[1])
    if is_torch(x):
        import torch

        a, b = (
            torch.as_tensor(dense(axis, n), dtype=x.dtype, device=x.device)
            for axis, n in ((rows, height), (columns, width))
        )
        return a @ x @ b.T
    from visq.ops import _numba_resize

    return _numba_resize.resize(x, rows, columns)


def sample(data: Any, size: tuple[int, int], gain: float, dtype: Any) -> Any:
    """`interpolate(data) * gain` to a small size: only the pixels that are used are read.

    Parameters
    ----------
    data : array
        `(N, C, H, W)`; NumPy of any pixel dtype and strides, torch of `dtype`.
    size : (int, int)
        Height and width of the result.
    gain : float
    dtype : dtype
        Of the result.

    Returns
    -------
    array
        `(N, C, h, w)`; a constant image stays constant to the last bit.
    """
    (rows, down), (columns, across) = (aligned(int(n), m) for n, m in zip(data.shape[-2:], size, strict=True))
    if not is_torch(data):
        from visq.ops import _numba_interpolate

        return _numba_interpolate.sample(data, (rows, down), (columns, across), gain, dtype)
    import torch

    row_index, column_index = (torch.as_tensor(i, device=data.device) for i in (rows, columns))
    share_down, share_across = (torch.as_tensor(w[:, 1], dtype=dtype, device=data.device) for w in (down, across))
    upper, lower = (data.index_select(-2, row_index[:, k]) for k in (0, 1))
    lines = upper + (lower - upper) * share_down[:, None]
    left, right = (lines.index_select(-1, column_index[:, k]) for k in (0, 1))
    return (left + (right - left) * share_across) * gain


__all__ = ["aligned", "centred", "interpolate", "sample"]
