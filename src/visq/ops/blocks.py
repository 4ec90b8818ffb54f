"""Means over blocks of pixels, as the authors' MATLAB programs down-sample: filter, then every n-th pixel.

`conv2(x, ones(n)/n^2, 'same')` or `imfilter` (zeros outside) followed by `(1:n:end, 1:n:end)` is a mean over
non-overlapping blocks, the first of which may begin outside the image and the last of which may end there.
"""

from __future__ import annotations

import math
from typing import Any

from visq.ops import filters
from visq.ops.arrays import Batch, is_torch
from visq.ops.colour import Matrix, convert


def imfilter_offset(size: int) -> int:
    """Rows of a block of `size` that lie before its pixel in MATLAB's `imfilter`.

    >>> [imfilter_offset(n) for n in (1, 2, 3, 4, 5)]
    [0, 0, 1, 1, 2]
    """
    return (size - 1) // 2


def viewing_block(size: tuple[int, int]) -> int:
    """Side of the blocks that bring an image's shorter side to about 256: ``max(1, round(min(H, W) / 256))``.

    Many authors' programs down-sample by it first. Halves are rounded up, as by MATLAB.

    >>> [viewing_block((n, 2000)) for n in (100, 383, 384, 640, 1080)]
    [1, 1, 2, 3, 4]
    """
    return max(1, math.floor(min(size) / 256 + 0.5))


def block_mean(x: Any, size: int, *, before: int = 0) -> Any:
    """Mean over blocks of `size` x `size`, zeros outside the image.

    Parameters
    ----------
    x : array
        `(..., H, W)`, float.
    size : int
        Side of a block and distance of their starts.
    before : int
        How many rows and columns the first block begins outside the image, less than `size`. 0 is
        ``conv2(x, ones(2)/4, 'same')`` with stride 2.

    Returns
    -------
    array
        `(..., ceil(H / size), ceil(W / size))`.

    Examples
    --------
    >>> import numpy as np
    >>> block_mean(np.full((3, 4), 4.0), 2).tolist()
    [[4.0, 4.0], [2.0, 2.0]]
    """
    if size == 1:
        return x
    if is_torch(x):
        bottom, right = (-(-n // size) * size - n - before for n in x.shape[-2:])
        if bottom < 0 or right < 0:
            x = x[..., : x.shape[-2] + min(bottom, 0), : x.shape[-1] + min(right, 0)]
        if before or bottom > 0 or right > 0:
            x = filters.pad(x, before, max(bottom, 0), before, max(right, 0), border="zero")
        return filters.average_pool(x, size)
    from visq.ops import _numba_blocks

    return _numba_blocks.block_mean(x, size, before, x.dtype)


def colour_block_mean(batch: Batch, matrix: Matrix, size: int, *, scale: float = 255.0, before: int = 0) -> Any:
    """`convert(block_mean(rgb), matrix)` in one pass over the pixels; a grey image counts as three equal channels.

    Returns
    -------
    array
        `(N, 3, ceil(H / size), ceil(W / size))` in the batch's working precision.
    """
    if batch.torch:
        return convert(block_mean(batch.rgb(scale), size, before=before), matrix)
    from visq.ops import _numba_blocks

    return _numba_blocks.colour_block_mean(batch.data, matrix, size, before, scale / batch.peak, batch.dtype)


def block_mean_rows(batch: Batch, matrix: Matrix, size: int, *, scale: float = 255.0, before: int = 0) -> Any:
    """`colour_block_mean` of NumPy colour pixels and `block_mean` of grey ones, a few rows at a time.

    Returns
    -------
    visq.ops._numba_blocks.BlockMeans
        Not for torch.
    """
    from visq.ops import _numba_blocks

    return _numba_blocks.BlockMeans(batch.data, matrix, size, before, scale / batch.peak, batch.dtype)
