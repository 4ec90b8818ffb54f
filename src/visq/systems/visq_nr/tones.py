"""How bright the pixels of cells are: what exposure is seen by, of which the trunk tells little. NumPy and torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops.arrays import is_torch
from visq.systems.visq_nr.design import TONES
from visq.systems.visq_nr.grid import CELL, cells

#: Of how many degrees of brightness the shares are counted, from 0 to 255 evenly: of luma, and of the largest and the
#: smallest of the three values of a pixel.
DEGREES = TONES // 3
_STEP = 255.0 / (DEGREES - 1)
#: ITU-R BT.601.
_LUMA = (0.299, 0.587, 0.114)
#: Every second position of rows and columns is looked at, those that no two cells share.
_SEEN = slice(1, None, 2)


def moments(planes: Any) -> Any:
    """Of every cell the shares of degrees of brightness, then the means of their squares: `(N, 2 TONES, h, w)`.

    A pixel of brightness v counts ``max(0, 1 - |v - c| / 17)`` for the degree c of 0, 17, ..., 255, so that shares
    change steadily and add up to one.

    Parameters
    ----------
    planes : (N, 3, 32 h - 31, 32 w - 31) array or tensor
        In 0..255, on the grid of `visq.systems.visq_nr.grid`.
    """
    count, height, width = len(planes), cells(planes.shape[2]), cells(planes.shape[3])
    seen = planes[:, :, _SEEN, _SEEN]
    luma = seen[:, 0] * _LUMA[0] + seen[:, 1] * _LUMA[1] + seen[:, 2] * _LUMA[2]
    most, least = (seen.amax(1), seen.amin(1)) if is_torch(seen) else (seen.max(1), seen.min(1))
    down, across = _places(seen.shape[2]), _places(seen.shape[3])
    area = np.bincount(down)[:, None] * np.bincount(across)
    # Cells of all pictures one after the other, and in each the degrees.
    first = (np.arange(count)[:, None, None] * height + down[:, None]) * width + across
    where = _like(first * DEGREES, seen)
    means: list[Any] = []
    squares: list[Any] = []
    for brightness in (luma, most, least):
        place = brightness.clip(0.0, 255.0) * (1.0 / _STEP)
        low = _whole(place).clip(0, DEGREES - 2)
        part = place - low
        index = where + low
        for into, lower, upper in ((means, 1.0 - part, part), (squares, (1.0 - part) ** 2, part**2)):
            total = _added(index, lower, upper, count * height * width * DEGREES)
            into.append(total.reshape(count, height, width, DEGREES) / _like(area[:, :, None], total))
    if is_torch(seen):
        import torch

        return torch.movedim(torch.cat(means + squares, dim=3), 3, 1)
    return np.moveaxis(np.concatenate(means + squares, axis=3), 3, 1)


def _places(count: int) -> Any:
    """The cell of every position that is looked at."""
    return (2 * np.arange(count) + 1 + CELL // 2) // CELL


def _whole(values: Any) -> Any:
    return values.detach().long() if is_torch(values) else values.astype(np.int64)


def _added(index: Any, lower: Any, upper: Any, size: int) -> Any:
    """Sums of what belongs to each index, and to the next."""
    if is_torch(lower):
        found = lower.new_zeros(size).index_add(0, index.reshape(-1), lower.reshape(-1))
        return found.index_add(0, index.reshape(-1) + 1, upper.reshape(-1))
    found = np.bincount(index.ravel(), lower.ravel(), size)
    return found + np.bincount(index.ravel() + 1, upper.ravel(), size)


def _like(values: Any, other: Any) -> Any:
    if is_torch(other):
        import torch

        kind = other.dtype if values.dtype.kind == "f" else None
        return torch.as_tensor(values, dtype=kind, device=other.device)
    return values


__all__ = ["DEGREES", "moments"]
