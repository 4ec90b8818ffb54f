"""What metrics over several scales look at: the luma of one image of a batch, and the image at half its size."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops.arrays import Batch, is_torch
from visq.ops.resize import imresize

_BAND = 128
# Rows on either side that a halved row is made of, and some; even, so that bands keep the phase.
_MARGIN = 8


def luma_plane(
    batch: Batch,
    n: int,
    height: int | None = None,
    width: int | None = None,
    *,
    rounded: bool | None = None,
    keep_uint8: bool = False,
) -> Any:
    """`(H, W)` luma in 0..255 of image `n`, cut to `height` x `width`.

    `rounded` and `keep_uint8` as `Batch.luma`. The numbers are the same for NumPy and torch: computed in float64, kept
    in the working precision (torch: in that precision's values, as float64).
    """
    part = Batch(batch.data[n : n + 1, :, :height, :width], batch.peak, True)
    if not batch.torch:
        return part.luma(255.0, rounded=rounded, keep_uint8=keep_uint8)[0]
    rounded = batch.rounds_luma if rounded is None else rounded
    data = part.data.detach().double()
    plane = Batch(data, batch.peak, True).luma(255.0, rounded=rounded)[0]
    return plane.to(batch.dtype).double()


def half_size(x: Any) -> Any:
    """MATLAB's `imresize(x, 0.5)` of an `(H, W)` plane, in float64, in bands so that little memory is needed."""
    if is_torch(x):
        return imresize(x.double(), 0.5)
    height = x.shape[0]
    out = np.empty((-(-height // 2), -(-x.shape[1] // 2)))
    for first in range(0, len(out), _BAND):
        end = min(first + _BAND, len(out))
        low, high = max(0, 2 * first - _MARGIN), min(height, 2 * end + _MARGIN)
        band = imresize(x[low:high].astype(np.float64), 0.5)
        out[first:end] = band[first - low // 2 : end - low // 2]
    return out
