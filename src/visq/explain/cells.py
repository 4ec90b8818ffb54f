"""The cells of a picture that are kept or hidden: where they lie, what is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError, OptionError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Sides of cells are multiples of it where the picture is large enough: edges of JPEG's blocks, and of most metrics'.
STEP = 16
#: More cells than this are told together: thousands of masks of thousands of cells answer no question.
MOST = 1024


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """A grid over a picture.

    Attributes
    ----------
    rows, columns : (h + 1,), (w + 1,) array
        Where cells begin and end, in pixels of the picture; the first is 0, the last the picture's side.

    Examples
    --------
    >>> Cells(np.array([0.0, 16, 30]), np.array([0.0, 16, 32, 40])).shape
    (2, 3)
    """

    rows: Floats
    columns: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of cells."""
        return len(self.rows) - 1, len(self.columns) - 1

    @property
    def count(self) -> int:
        """How many there are."""
        return self.shape[0] * self.shape[1]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the picture."""
        return int(self.rows[-1]), int(self.columns[-1])

    def expand(self, values: NDArray[Any], size: tuple[int, int] | None = None) -> NDArray[Any]:
        """`(H, W)` picture of `(h, w)` values: every pixel has that of the cell its middle lies in.

        Examples
        --------
        >>> Cells(np.array([0.0, 1, 2]), np.array([0.0, 2, 3])).expand(np.array([[1, 2], [3, 4]])).tolist()
        [[1, 1, 2], [3, 3, 4]]
        """
        height, width = size or self.size
        down, across = _cell_of(self.rows, height), _cell_of(self.columns, width)
        return values[down[:, None], across[None, :]]

    def boxes(self) -> list[tuple[int, int, int, int]]:
        """Top, bottom, left, right of every cell in whole pixels, row by row."""
        down, across = (np.rint(edges).astype(int) for edges in (self.rows, self.columns))
        return [
            (down[i], down[i + 1], across[j], across[j + 1])
            for i in range(self.shape[0])
            for j in range(self.shape[1])
        ]  # fmt: skip

    def means(self, plane: NDArray[Any]) -> Floats:
        """`(h, w)` means of a plane of any size that shows the same picture; a pixel counts by its area in a cell.

        Examples
        --------
        >>> Cells(np.array([0.0, 2]), np.array([0.0, 3, 4])).means(np.array([[1.0, 4.0]])).tolist()
        [[2.0, 4.0]]
        """
        found = np.asarray(plane, dtype=np.float64)
        for axis, edges in ((0, self.rows), (1, self.columns)):
            found = _between(found, edges / edges[-1] * found.shape[axis], axis)
        return found

    def onto(self, other: Cells, values: NDArray[Any]) -> NDArray[Any]:
        """Masks or values `(..., h, w)` on another grid: a cell has what the one here has that holds its middle."""
        places = [
            np.clip(np.searchsorted(mine / mine[-1], _middles(theirs), side="right") - 1, 0, len(mine) - 2)
            for mine, theirs in ((self.rows, other.rows), (self.columns, other.columns))
        ]
        return values[..., places[0][:, None], places[1][None, :]]

    def carried(self, other: Cells, values: NDArray[Any]) -> Floats:
        """Values `(h, w)` on another grid: means over the area of its cells; the values themselves on the same grid.

        Examples
        --------
        >>> regular((2, 2), (1, 2)).carried(regular((2, 2), (2, 1)), np.array([[1.0, 4.0]])).tolist()
        [[2.5], [2.5]]
        """
        if self.shape == other.shape:
            return values
        down, across = (
            _overlaps(mine / mine[-1], theirs / theirs[-1])
            for mine, theirs in ((self.rows, other.rows), (self.columns, other.columns))
        )
        return down @ values @ across.T


def regular(size: tuple[int, ...], shape: tuple[int, ...]) -> Cells:
    """A grid of so many equal rows and columns over a picture of `size`, height and width."""
    return Cells(*(np.linspace(0.0, n, count + 1) for n, count in zip(size, shape, strict=True)))


def squares(size: tuple[int, ...], most: int, step: int = STEP) -> Cells:
    """Nearly square cells of nearly one size, no more than `most`, whose edges are multiples of `step` pixels.

    In pictures with a side below twice that they are multiples of a half, a quarter, ... of it.

    Raises
    ------
    OptionError
        Fewer than 2 cells, or more than 1024.

    Examples
    --------
    >>> found = squares((384, 512), 48)
    >>> found.shape, found.rows[:3].tolist()
    ((6, 8), [0.0, 64.0, 128.0])
    """
    if not 2 <= most <= MOST:
        raise OptionError("no such number of cells", expected=f"2 to {MOST}", got=str(most))
    height, width = size
    while step > 1 and min(height, width) < 2 * step:
        step //= 2
    side = step
    while -(-height // side) * -(-width // side) > most:
        side += step
    return Cells(*(_even(n, -(-n // side), step) for n in (height, width)))


def checked_keeps(keeps: Any, shape: tuple[int, int]) -> Bools:
    """Masks `(K, h, w)` of a grid, each with a cell at least.

    Raises
    ------
    InputError
        Another shape or type, or a mask that keeps nothing.

    Examples
    --------
    >>> checked_keeps(np.zeros((2, 1, 3), bool), (1, 3))
    Traceback (most recent call last):
        ...
    visq.errors.InputError: mask 0 keeps no cell; expected at least one that is true
    """
    array = np.asarray(keeps)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[1:] != shape:
        raise InputError("the masks are of another grid", expected=f"(K, {shape[0]}, {shape[1]})", got=str(array.shape))
    if array.dtype != np.bool_:
        raise InputError("masks say which cells are kept", expected="an array of bool", got=str(array.dtype))
    empty = np.flatnonzero(~array.any(axis=(1, 2)))
    if empty.size:
        raise InputError(f"mask {empty[0]} keeps no cell", expected="at least one that is true")
    return array


def _even(length: int, count: int, step: int) -> Floats:
    """Edges as equal as multiples of `step` can be."""
    count = max(1, min(count, length // step))
    edges = np.floor(np.arange(count + 1) * (length / count / step) + 0.5) * step
    edges[-1] = length
    return edges


def _overlaps(mine: Floats, theirs: Floats) -> Floats:
    """How much of each of their cells lies in each of mine, `(theirs, mine)`; rows sum to 1."""
    first = np.maximum(theirs[:-1, None], mine[:-1])
    last = np.minimum(theirs[1:, None], mine[1:])
    return np.maximum(last - first, 0.0) / np.diff(theirs)[:, None]


def _cell_of(edges: Floats, length: int) -> NDArray[np.intp]:
    middles = (np.arange(length) + 0.5) * (edges[-1] / length)
    return np.clip(np.searchsorted(edges, middles, side="right") - 1, 0, len(edges) - 2)


def _middles(edges: Floats) -> Floats:
    return (edges[1:] + edges[:-1]) / (2 * edges[-1])


def _between(x: Floats, places: Floats, axis: int) -> Floats:
    """Means along an axis between neighbouring places, which may lie inside pixels."""
    x = np.moveaxis(x, axis, 0)
    total = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x, axis=0)])
    whole = np.minimum(places.astype(int), len(x) - 1)
    shape = (-1, *[1] * (x.ndim - 1))
    until = total[whole] + (places - whole).reshape(shape) * x[whole]
    return np.moveaxis(np.diff(until, axis=0) / np.diff(places).reshape(shape), 0, axis)


__all__ = ["MOST", "STEP", "Cells", "checked_keeps", "regular", "squares"]
