"""From pixels to what the network is fed: a part of the picture at a scale, extended by reflection. NumPy and torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops.arrays import Batch, is_torch
from visq.systems.visq_nr.grid import before, sized


def cut(batch: Batch, scale: int, rows: tuple[int, int], columns: tuple[int, int]) -> Any:
    """`(N, 3, H, W)` in 0..255: rows and columns, first and end, of the extended picture at a scale.

    At half size the pixels are the means of 2 x 2. Only what is asked for is read. In the working precision of the
    batch; gradients flow.
    """
    height, width = batch.size
    top, bottom, above, below = _inside(rows, height, scale)
    left, right, ahead, behind = _inside(columns, width, scale)
    part = batch.data[:, :, top * scale : bottom * scale, left * scale : right * scale]
    pixels = Batch(part, batch.peak, single=False).planes(255.0)
    if scale > 1:
        pixels = _halved(pixels)
    pixels = _reflected(pixels, (above, below), (ahead, behind))
    return batch.xp.concat([pixels] * 3, axis=1) if batch.grey else pixels


def _inside(wanted: tuple[int, int], length: int, scale: int) -> tuple[int, int, int, int]:
    """First and end of what there is of the picture, and what is missing before and after it."""
    size = sized(length, scale)
    first, end = (n - before(size) for n in wanted)
    return max(first, 0), min(end, size), max(-first, 0), max(end - size, 0)


def _halved(x: Any) -> Any:
    x = _edged(_edged(x, 2), 3)
    total = x[:, :, ::2, ::2] + x[:, :, 1::2, ::2]
    return (total + (x[:, :, ::2, 1::2] + x[:, :, 1::2, 1::2])) * 0.25


def _edged(x: Any, axis: int) -> Any:
    """With an even number along an axis: an odd last one twice."""
    if x.shape[axis] % 2 == 0:
        return x
    last = x[:, :, -1:] if axis == 2 else x[:, :, :, -1:]
    if is_torch(x):
        import torch

        return torch.cat([x, last], dim=axis)
    return np.concatenate([x, last], axis=axis)


def _reflected(x: Any, down: tuple[int, int], across: tuple[int, int]) -> Any:
    """The outermost pixel is the mirror."""
    if not (any(down) or any(across)):
        return x
    if is_torch(x):
        from torch.nn import functional

        return functional.pad(x, (*across, *down), mode="reflect")
    return np.pad(x, ((0, 0), (0, 0), down, across), mode="reflect")
