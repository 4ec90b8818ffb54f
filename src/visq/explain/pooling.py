"""Models that pool a spatial map: what they say where only some positions are pooled.

For `F` of C channels: ``mean`` gives ``sum_p m_p F_cp / sum_p m_p``; ``sum`` divides by all positions instead, kept or
not; ``max`` takes the largest kept one; ``outer`` the mean of ``F_p F_p'`` (bilinear pooling).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError
from visq.explain.cells import Bools, Cells, Floats, checked_keeps, regular
from visq.explain.masking import Masker
from visq.ops.choices import check_choice

Pool = Literal["mean", "sum", "max", "outer"]


class Pooled:
    """A picture whose maps were computed once, as a `visq.explain.masking.Masker`.

    Parameters
    ----------
    maps : sequence of (C, h, w) arrays
        Of one picture, at one scale or several. The cells are those of the first.
    readout : callable
        From pooled features `(K, F)`, maps one after the other, to scores `(K,)`.
    size : (int, int)
        Height and width of the picture.
    pool : {"mean", "sum", "max", "outer"}
    cells : Cells, optional
        Where the positions of the first map lie in the picture; None: a regular grid.

    Raises
    ------
    InputError
        Arrays of another rank, or with NaN.

    Notes
    -----
    With `mean` and a linear read-out, halves of equal size average to the whole: the score moves as far without the
    one as without the other, whatever they hold. Only agreement with people can tell such halves apart.

    Examples
    --------
    >>> model = Pooled([np.arange(4.0).reshape(1, 2, 2)], lambda features: features[:, 0], (64, 64))
    >>> model(np.array([[[True, True], [True, True]], [[False, False], [False, True]]])).tolist()
    [1.5, 3.0]
    """

    factor = 1

    def __init__(
        self,
        maps: Sequence[NDArray[Any]],
        readout: Callable[[Floats], Any],
        size: tuple[int, ...],
        pool: Pool = "mean",
        cells: Cells | None = None,
    ) -> None:
        check_choice("pool", pool, get_args(Pool))
        self._maps = [np.asarray(m, dtype=np.float64) for m in maps]
        for one in self._maps:
            if one.ndim != 3 or not np.isfinite(one).all():
                raise InputError("these are no maps of features", expected="(C, h, w) of finite numbers",
                                 got=str(one.shape))  # fmt: skip
        self.cells = cells or regular(size, self._maps[0].shape[1:])
        self._grids: list[Cells] = [self.cells, *(regular(size, m.shape[1:]) for m in self._maps[1:])]
        self._readout, self._pool = readout, pool

    def __call__(self, keeps: Any) -> Floats:
        """Scores `(K,)` of masks `(K, h, w)`; maps of other sizes take the nearest cell's."""
        kept = checked_keeps(keeps, self.cells.shape)
        parts = []
        for values, grid in zip(self._maps, self._grids, strict=True):
            here = self.cells.onto(grid, kept)
            empty = np.flatnonzero(~here.any(axis=(1, 2)))
            if empty.size:
                raise InputError(f"mask {empty[0]} keeps nothing of the map {values.shape[1:]}",
                                 expected="a cell of every scale")  # fmt: skip
            parts.append(pooled(values, here, self._pool))
        return np.asarray(self._readout(np.concatenate(parts, axis=1)), dtype=np.float64)


class Merged:
    """A picture whose cells are hidden and kept together, in squares of 1, 4, 9, ..., so that there are not too many.

    Parameters
    ----------
    fine : Masker
        By single cells.
    most : int or None
        No more cells than that; None: every one by itself.

    Examples
    --------
    >>> model = Pooled([np.arange(9.0).reshape(1, 3, 3)], lambda features: features[:, 0], (96, 96))
    >>> found = Merged(model, 4)
    >>> found.cells.shape, found.factor, found.cells.rows.tolist()
    ((2, 2), 2, [0.0, 64.0, 96.0])
    >>> found(np.array([[[False, False], [True, True]]])).tolist()
    [7.0]
    """

    def __init__(self, fine: Masker, most: int | None = None) -> None:
        rows, columns = fine.cells.shape
        factor = 1
        while most is not None and -(-rows // factor) * -(-columns // factor) > max(most, 1):
            factor += 1
        self.factor, self._fine = fine.factor * factor, fine
        self._each = factor
        self.cells = Cells(*(np.append(e[:-1][::factor], e[-1]) for e in (fine.cells.rows, fine.cells.columns)))

    def __call__(self, keeps: Any) -> Floats:
        """Scores `(K,)` of masks `(K, h, w)`."""
        rows, columns = self._fine.cells.shape
        kept = checked_keeps(keeps, self.cells.shape)
        return self._fine(kept.repeat(self._each, 1).repeat(self._each, 2)[:, :rows, :columns])


def pooled(values: Floats, keeps: Bools, pool: Pool = "mean") -> Floats:
    """`(K, C)` of a map `(C, h, w)` and masks `(K, h, w)`; `outer` gives `(K, C C)`."""
    flat, kept = values.reshape(len(values), -1), keeps.reshape(len(keeps), -1)
    if pool == "max":
        return np.stack([flat[:, keep].max(axis=1) for keep in kept])
    weight = kept / (kept.shape[1] if pool == "sum" else kept.sum(axis=1, keepdims=True))
    if pool == "outer":
        return np.stack([((flat * w) @ flat.T).ravel() for w in weight])
    return weight @ flat.T


def of_backbone(
    backbone: Any, taps: Sequence[str], image: Any, readout: Callable[[Floats], Any], pool: Pool = "mean"
) -> Pooled:
    """The maps of a network's layers, computed once (needs torch).

    Parameters
    ----------
    backbone : visq.backbones.Backbone
        From `visq.backbones.create`.
    taps : sequence of str
        Layers, the one whose grid is masked first.
    image : array (H, W, 3) or (H, W)
        Or whatever else a metric takes.
    readout, pool
        As `Pooled`.
    """
    from visq.explain.pixels import array_of, peak_of
    from visq.extras import require
    from visq.ops.arrays import read_one

    torch = require("torch", "a network", "torch")
    pixels = array_of(image)
    planes = read_one(pixels, data_range=peak_of(pixels, None)).rgb(1.0).astype(np.float32)
    with torch.no_grad():
        found = backbone(backbone.normalise(torch.from_numpy(np.ascontiguousarray(planes))), tuple(taps))
    return Pooled([found[tap][0].double().numpy() for tap in taps], readout, pixels.shape[:2], pool)


__all__ = ["Merged", "Pool", "Pooled", "of_backbone", "pooled"]
