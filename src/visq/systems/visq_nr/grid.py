"""The grid of cells that statistics are taken on: how a picture of any size comes to it, tiles, and windows.

A picture is extended by reflection, alike on both sides, to ``32 m + 1`` pixels. Every stride of 2 then has its
positions symmetric about the middle (0, 2, ... of an odd number), so that a mirrored picture is sampled at the mirrored
places, and the last stage has ``m + 1`` positions, 32 pixels apart, the middles of the cells. A cell counts by the area
of the picture that lies in it: a row more or less changes weights a little, and not the number of equal cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

CELL = 32
#: At half size a picture of so many pixels still has two cells a side.
MIN_SIDE = 64
#: Pictures with more pixels (after extension) are computed in tiles of no more.
TILE_PIXELS = 2_400_000
#: Cells around a tile that are computed and not counted.
MARGIN = 6
#: Side of the windows of the map.
WINDOW = 5 * CELL


def cells(length: int) -> int:
    """Cells along a side.

    >>> [cells(n) for n in (33, 34, 64, 65, 512)]
    [2, 3, 3, 3, 17]
    """
    return -(-(length - 1) // CELL) + 1


def before(length: int) -> int:
    """Pixels that are reflected before the first: half of what is missing, rounded down.

    >>> [before(n) for n in (33, 34, 64, 65, 512)]
    [0, 15, 0, 0, 0]
    """
    return (CELL * (cells(length) - 1) + 1 - length) // 2


def sized(length: int, scale: int) -> int:
    """A side at a scale: an odd last row or column stands for two."""
    return -(-length // scale)


@dataclass(frozen=True, slots=True)
class Span:
    """Cells of one side that are counted, and the wider ones that are computed for them: first and end."""

    first: int
    end: int
    outer_first: int
    outer_end: int

    @property
    def pixels(self) -> tuple[int, int]:
        """First and end of what is computed, in pixels of the extended side."""
        return CELL * self.outer_first, CELL * (self.outer_end - 1) + 1

    def mirrored(self, count: int) -> Span:
        """The same cells in the mirror image of a side of `count` cells."""
        return Span(count - self.end, count - self.first, count - self.outer_end, count - self.outer_first)

    @property
    def own(self) -> slice:
        """Where the counted cells lie among the computed ones."""
        return slice(self.first - self.outer_first, self.end - self.outer_first)


def tiles(height: int, width: int, limit: int = TILE_PIXELS, margin: int = MARGIN) -> list[tuple[Span, Span]]:
    """How a picture is cut: one tile where it has no more than `limit` pixels, else as little computed as possible.

    The cut depends on the size of the picture alone.

    >>> len(tiles(1080, 1920)), len(tiles(2160, 3840)), len(tiles(8000, 12500))
    (1, 6, 72)
    """
    grid = cells(height), cells(width)
    best: tuple[int, int, int] | None = None
    for down in range(1, grid[0] + 1):
        high = _largest(grid[0], down, margin)
        across = _fewest(grid[1], limit // _pixels(high), margin)
        if across:
            cost = down * across * _pixels(high) * _pixels(_largest(grid[1], across, margin))
            best = min(best or (cost, down, across), (cost, down, across))
        if down == 1 and across == 1:
            break
    _, down, across = best or (0, *grid)
    columns = _spans(grid[1], across, margin)
    return [(row, column) for row in _spans(grid[0], down, margin) for column in columns]


def _pixels(count: int) -> int:
    return CELL * (count - 1) + 1


def _largest(count: int, parts: int, margin: int) -> int:
    """Computed cells of the largest of so many parts."""
    return min(count, -(-count // parts) + min(parts - 1, 2) * margin)


def _fewest(count: int, pixels: int, margin: int) -> int:
    """The fewest parts none of which has more than `pixels` along the side; 0 if there are none."""
    return next((n for n in range(1, count + 1) if _pixels(_largest(count, n, margin)) <= pixels), 0)


def _spans(count: int, parts: int, margin: int) -> list[Span]:
    bounds = [i * count // parts for i in range(parts + 1)]
    return [Span(first, end, max(0, first - margin), min(count, end + margin)) for first, end in pairwise(bounds)]


def edges(length: int, scale: int) -> Any:
    """`(cells, 2)`: where the cells of a side begin and end, in pixels of the picture at native size."""
    size = sized(length, scale)
    middle = CELL * np.arange(cells(size)) - before(size) + 0.5
    return scale * np.stack([middle - CELL / 2, middle + CELL / 2], axis=1)


def weights(length: int, scale: int, windows: Any = None) -> Any:
    """`(windows, cells)`: how much of each cell lies in each window and in the picture; one window for all, if None.

    >>> weights(64, 2).tolist()
    [[33.0, 31.0]]
    """
    low, high = edges(length, scale).T
    begin, end = (np.array([[0.0]]), np.array([[float(length)]])) if windows is None else np.split(windows, 2, axis=1)
    inside = np.minimum(np.minimum(end, length), high) - np.maximum(np.maximum(begin, 0.0), low)
    return np.maximum(inside, 0.0)


def around(length: int, span: Span, side: int = WINDOW) -> Any:
    """`(cells, 2)`: windows of `side` pixels about the middles of the counted cells at native size."""
    middle = edges(length, 1)[span.first : span.end].mean(axis=1)
    return np.stack([middle - side / 2, middle + side / 2], axis=1)
