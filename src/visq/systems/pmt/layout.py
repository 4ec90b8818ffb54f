"""Which grid of tokens a picture has, by its size alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visq import backbones
from visq.errors import SizeError
from visq.explain.cells import Cells
from visq.systems.pmt.design import LEGACY_ROWS, MOST_TOKENS, Design


@dataclass(frozen=True, slots=True)
class Layout:
    """The tokens of a picture.

    Attributes
    ----------
    rows, columns : int
        The grid.
    pooled : bool
        Whether each token is the maximum over 2 x 2 positions of the trunk's map.
    factor : int
        After that, over how many positions a side each token is a mean; above 1 where a picture has more than 1024.
    cell : int
        Pixels from one token to the next.
    """

    rows: int
    columns: int
    pooled: bool
    factor: int
    cell: int

    @property
    def tokens(self) -> int:
        """How many there are, without the quality token."""
        return self.rows * self.columns

    def cells(self, height: int, width: int) -> Cells:
        """Where in a picture of that size the tokens lie; what is left over at the end belongs to the last ones."""
        return Cells(*(_edges(n, count, self.cell) for n, count in ((height, self.rows), (width, self.columns))))


def layout(design: Design, height: int, width: int) -> Layout:
    """The tokens of a picture of `height` x `width` pixels.

    Raises
    ------
    SizeError
        More tokens than the 193 learned positions of `legacy_positions` have room for.

    Examples
    --------
    >>> from visq.systems.pmt.design import VARIANTS
    >>> full, small = VARIANTS["triq-r50"], VARIANTS["small"]
    >>> [(p.rows, p.columns, p.cell) for p in (layout(full, 384, 512), layout(full, 1024, 768))]
    [(12, 16, 32), (16, 12, 64)]
    >>> layout(small, 3000, 4000).factor
    4
    """
    _, rows, columns = backbones.get(design.backbone).shape(design.tap, height, width)
    pooled = 0 < design.pool_from <= rows and min(rows, columns) > 1
    cell = design.stride
    if pooled:
        rows, columns, cell = rows // 2, columns // 2, cell * 2
    factor = 1
    while -(-rows // factor) * -(-columns // factor) > MOST_TOKENS:
        factor += 1
    found = Layout(-(-rows // factor), -(-columns // factor), pooled, factor, cell * factor)
    if design.legacy_positions and found.tokens >= LEGACY_ROWS:
        raise SizeError(
            "the picture has more tokens than there are learned positions", expected=f"{LEGACY_ROWS - 1} or fewer",
            got=f"{found.rows} x {found.columns}", hint="legacy_positions=False has room for any grid.",
        )  # fmt: skip
    return found


def _edges(length: int, count: int, cell: int) -> np.ndarray:
    return np.array([*np.arange(count) * float(cell), float(length)])


__all__ = ["Layout", "layout"]
