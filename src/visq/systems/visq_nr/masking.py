"""What visq-nr says of a part of a picture: the read-out of the moments of the cells that are kept.

The network looks at the whole picture once. Its statistics are sums over cells, so that leaving cells out is leaving
terms out of a sum: thousands of parts cost little more than one picture. What a kept cell responds to is not hidden
with its neighbours: responses reach beyond a cell.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from visq.errors import InputError
from visq.explain.cells import Cells, checked_keeps
from visq.ops.arrays import Batch, read_one
from visq.systems import graphs
from visq.systems.visq_nr.grid import CELL, MIN_SIDE, cells, edges, sized, tiles, weights
from visq.systems.visq_nr.model import Model, opened

# Within the package: the same looks at a picture as of a score, and the same sums.
from visq.systems.visq_nr.statistics import features, looks_of, summed

_BEST = 100.0


def grid(
    image: Any, *, data_range: float | None = None, model: str | os.PathLike[str] | None = None
) -> tuple[int, int]:
    """Rows and columns of the cells of a picture, 32 pixels apart; nothing is computed.

    Examples
    --------
    >>> grid(np.zeros((64, 512, 3), np.uint8))
    (3, 17)
    """
    del model  # every one has the same
    return tuple(cells(n) for n in _one(image, data_range).size)  # type: ignore[return-value]


def masked(
    image: Any,
    keeps: Any,
    *,
    data_range: float | None = None,
    model: str | os.PathLike[str] | None = None,
) -> np.ndarray:
    """Scores `(K,)` of a picture of which only some cells count.

    Parameters
    ----------
    image : array
        One picture, as `visq.systems.visq_nr.visq_nr` takes it.
    keeps : (K, h, w) bool
        Which cells of `grid(image)` count.
    data_range, model
        As `visq_nr`.

    Raises
    ------
    visq.errors.InputError
        Another grid, or a mask without any cell.
    """
    return Tokens(image, data_range=data_range, model=model)(keeps)


class Tokens:
    """One picture, ready to be scored by parts of it.

    Parameters
    ----------
    image, data_range, model
        As `visq.systems.visq_nr.visq_nr`.
    most : int, optional
        No more cells than that: squares of 1, 4, 9, ... cells are hidden and kept together. None: every cell by itself.
    on_step : callable, optional
        Called after every tile of the picture that the network has looked at; there are `steps(image)`.

    Attributes
    ----------
    cells : visq.explain.cells.Cells
        Where the cells lie in the picture.
    factor : int
        How many cells of the network, a side, are one cell here.
    """

    def __init__(
        self,
        image: Any,
        *,
        most: int | None = None,
        data_range: float | None = None,
        model: str | os.PathLike[str] | None = None,
        on_step: Callable[[], None] = lambda: None,
    ) -> None:
        batch = _one(image, data_range)
        self._model = opened(model)
        self.factor = 1
        rows, columns = (cells(n) for n in batch.size)
        while most is not None and -(-rows // self.factor) * -(-columns // self.factor) > max(most, 1):
            self.factor += 1
        self.cells = Cells(*(_merged(n, self.factor) for n in batch.size))
        self._parts = _sums(batch, self._model, self.cells, on_step)

    def __call__(self, keeps: Any) -> np.ndarray:
        """Scores `(K,)` in 0..100 of `keeps` `(K, h, w)`."""
        kept = checked_keeps(keeps, self.cells.shape)
        kept = kept.reshape(len(kept), -1).astype(np.float64)
        means = [(kept @ sums) / (kept @ area)[:, None] for sums, area in self._parts]
        return np.asarray(self._model.read(features(means)).score * _BEST)


def steps(image: Any, *, data_range: float | None = None, model: str | os.PathLike[str] | None = None) -> int:
    """How many tiles the network looks at: the work behind `Tokens`."""
    size = _one(image, data_range).size
    return sum(len(tiles(*(sized(n, scale) for n in size))) for scale, _ in opened(model).design.scales)


def _one(image: Any, data_range: float | None) -> Batch:
    batch = graphs.numpy_batch(read_one(image, data_range=data_range, min_side=MIN_SIDE))
    if len(batch.data) != 1:
        raise InputError("image is a batch", expected="one image", got=f"{len(batch.data)} images")
    return batch


def _merged(length: int, factor: int) -> np.ndarray:
    """Edges of every `factor` cells of a side, cut to the picture."""
    first = edges(length, 1)[::factor, 0]
    return np.array([0.0, *first[1:], float(length)])


def _sums(batch: Batch, model: Model, where: Cells, on_step: Callable[[], None]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each scale the moments of every cell times its area `(h w, 2 C)`, and the areas `(h w,)`."""
    found = []
    windows = [np.stack([e[:-1], e[1:]], axis=1) for e in (where.rows, where.columns)]
    for look in looks_of(batch, model.design, model.run):
        down, across = (weights(n, look.scale, w) for n, w in zip(batch.size, windows, strict=True))
        if look.share is not None:
            mirrored = weights(batch.size[1], look.scale, batch.size[1] - windows[1][:, ::-1])
            across = (across + mirrored[:, ::-1]) * 0.5
        total: Any = 0.0
        for rows, columns in tiles(*look.size):
            own = look.moments(rows, columns)[:, :, rows.own, columns.own]
            total = total + summed(own, down[:, rows.first : rows.end], across[:, columns.first : columns.end])[0]
            on_step()
        area = down.sum(axis=1)[:, None] * across.sum(axis=1)
        found.append((np.ascontiguousarray(total.reshape(len(total), -1).T), area.ravel()))
    return found


__all__ = ["CELL", "Tokens", "grid", "masked", "steps"]
