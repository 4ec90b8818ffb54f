"""The orthonormal two-dimensional cosine transform of square blocks, NumPy or torch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from visq.errors import OptionError, SizeError
from visq.ops.arrays import is_torch


@lru_cache(maxsize=8)
def dct_matrix(size: int) -> np.ndarray:
    """Orthonormal DCT-II matrix `D`, rows by frequency: ``D @ block @ D.T`` is MATLAB's `dct2`.

    >>> dct_matrix(2).round(4).tolist()
    [[0.7071, 0.7071], [0.7071, -0.7071]]
    """
    k, j = np.mgrid[:size, :size]
    matrix = np.cos(np.pi * k * (2 * j + 1) / (2 * size)) * np.sqrt(2 / size)
    matrix[0] = np.sqrt(1 / size)
    matrix.flags.writeable = False
    return matrix


def block_dct(x: Any, size: int = 8, step: int = 8) -> Any:
    """Cosine transform of blocks of `size` x `size` whose corners lie `step` apart.

    Parameters
    ----------
    x : array
        `(..., H, W)`, float32 or float64 (torch: any float dtype).
    size, step : int
        Side of a block, and distance of neighbouring blocks. Rows and columns at the end that fill no block
        are left out.

    Returns
    -------
    array
        `(..., (H - size) // step + 1, (W - size) // step + 1, size, size)` in the dtype of `x`: block row, block
        column, vertical and horizontal frequency. Coefficient `[0, 0]` is `size` times the mean of the block.

    Raises
    ------
    visq.errors.OptionError
        `size` or `step` below 1.
    visq.errors.SizeError
        A side below `size`.

    Examples
    --------
    >>> import numpy as np
    >>> blocks = block_dct(np.full((16, 24), 3.0))
    >>> blocks.shape, float(blocks[1, 2].max().round(12))
    ((2, 3, 8, 8), 24.0)
    """
    if size < 1 or step < 1:
        raise OptionError("no such blocks", expected="size and step of at least 1", got=f"{size} and {step}")
    height, width = int(x.shape[-2]), int(x.shape[-1])
    if min(height, width) < size:
        raise SizeError("image is smaller than a block", expected=f"{size}x{size} pixels", got=f"{width}x{height}")
    if is_torch(x):
        import torch

        matrix = torch.tensor(dct_matrix(size), dtype=x.dtype, device=x.device)
        return matrix @ x.unfold(-2, size, step).unfold(-2, size, step) @ matrix.T
    from visq.ops import _numba_dct

    return _numba_dct.block_dct(x, dct_matrix(size), step)


def inverse_block_dct(blocks: np.ndarray) -> np.ndarray:
    """The picture whose blocks, side by side, have these transforms: the inverse of `block_dct` with its step, NumPy.

    Parameters
    ----------
    blocks : array
        `(..., rows, columns, size, size)`, float32 or float64.

    Returns
    -------
    array
        `(..., rows * size, columns * size)`.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.arange(256.0).reshape(16, 16)
    >>> bool(np.allclose(inverse_block_dct(block_dct(ramp)), ramp))
    True
    """
    from visq.ops import _numba_dct

    size = blocks.shape[-1]
    whole = _side_by_side(blocks)
    # The transform by the transposed matrix: D' C D.
    return _side_by_side(_numba_dct.block_dct(whole, np.ascontiguousarray(dct_matrix(size).T), size))


def _side_by_side(blocks: np.ndarray) -> np.ndarray:
    *outer, rows, columns, size, _ = blocks.shape
    return np.ascontiguousarray(np.swapaxes(blocks, -3, -2)).reshape(*outer, rows * size, columns * size)


__all__ = ["block_dct", "dct_matrix", "inverse_block_dct"]
