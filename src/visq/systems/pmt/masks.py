"""Masks of tokens: drawn at random while training, and checked where a caller gives them."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from visq.errors import InputError


def drawn(count: int, rows: int, columns: int, *, share: float, least: float) -> Tensor:
    """`(count, rows, columns)` bool: with the chance `share`, a random part of the cells; otherwise all.

    A part is ``round(rho N)`` of the N cells, and one at least, rho even in `least` to 1. Drawn from torch's global
    generator, which a training seeds before every batch: the same masks come where it is gone on with.

    Parameters
    ----------
    count, rows, columns : int
        Pictures, and their grid.
    share : float
        Pictures of which a part is hidden.
    least : float
        Smallest share of cells that is kept.

    Examples
    --------
    >>> kept = drawn(200, 4, 4, share=1.0, least=0.25).flatten(1).sum(1)
    >>> int(kept.min()) >= 4, int(kept.max()) <= 16
    (True, True)
    """
    cells = rows * columns
    ratio = least + (1.0 - least) * torch.rand(count, 1)
    wanted = torch.where(torch.rand(count, 1) < share, (ratio * cells).round().clamp(min=1.0), float(cells))
    place = torch.rand(count, cells).argsort(dim=1).argsort(dim=1)
    return (place < wanted).reshape(count, rows, columns)


def checked(keep: Any, count: int, rows: int, columns: int, device: torch.device) -> Tensor:
    """A mask for each picture of a batch.

    Raises
    ------
    InputError
        Another grid, another number of pictures, no bool, or a picture of which nothing is kept.
    """
    mask = keep if isinstance(keep, Tensor) else torch.as_tensor(keep)
    mask = mask[None] if mask.ndim == 2 else mask
    if tuple(mask.shape) != (count, rows, columns):
        raise InputError(
            "keep is of another grid", expected=f"({count}, {rows}, {columns})", got=str(tuple(mask.shape))
        )
    if mask.dtype != torch.bool:
        raise InputError("keep says which cells count", expected="bool", got=str(mask.dtype))
    empty = torch.nonzero(~mask.flatten(1).any(1)).flatten().tolist()
    if empty:
        raise InputError(f"keep has no cell for picture {empty[0]}", expected="at least one that is true")
    return mask.to(device)


__all__ = ["checked", "drawn"]
