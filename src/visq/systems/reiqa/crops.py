"""Two overlapping crops of one place for a whole chunk of pictures, and which of their halves change sides.

With crops of side p the second lies (dy, dx) beside the first, and they share ``(p - dy)(p - dx) / p^2`` of their area:
a tenth to three tenths. What a query and its key have in common is then their quality, and little of their content.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from visq.errors import SizeError
from visq.train.data.draws import below, words

#: The least and the largest share of their area that two crops have in common, in tenths.
LEAST, MOST = 1, 3
PairKind = Literal["overlap", "isotropic", "identical"]


class Pair(NamedTuple):
    """Where two crops lie in a picture: top and left of the first and of the second, and their side."""

    first: tuple[int, int]
    second: tuple[int, int]
    side: int

    @property
    def overlap(self) -> float:
        """Share of its area that a crop has in common with the other.

        >>> Pair((0, 0), (128, 32), 160).overlap
        0.16
        """
        down, across = (abs(a - b) for a, b in zip(self.first, self.second, strict=True))
        return (self.side - down) * (self.side - across) / self.side**2


def offsets(patch: int, seed: int, *place: int) -> tuple[int, int]:
    """How far the second crop lies below the first and to the right of it, as the released code draws it.

    ``dy`` is a whole number in ``[0.7 p, 0.9 p)``, ``dx`` one in ``[0, (0.9 p^2 - p dy) / (p - dy))``, each value with
    the same chance. Their direction is always down, and a little to the right.

    Parameters
    ----------
    patch : int
        Side of the crops, p.
    seed : int
    *place : int
        As `visq.train.data.draws.words`: the same ones give the same draw.

    References
    ----------
    A. Saha, S. Mishra, A. C. Bovik, "Re-IQA", CVPR 2023, released code (commit 290632a), as a reader described it.

    Examples
    --------
    >>> dy, dx = offsets(160, 0, 3, 17)
    >>> 112 <= dy < 144, dx >= 0
    (True, True)
    """
    first, second = words("overlap", seed, 2, *place)
    low, high = -(-(10 - MOST) * patch // 10), (10 - LEAST) * patch // 10
    down = low + below(first, max(high - low, 1))
    # Whole numbers throughout: 10 (0.9 p^2 - p dy) / (10 (p - dy)).
    room = ((10 - LEAST) * patch**2 - 10 * patch * down) // (10 * (patch - down))
    return down, below(second, max(room, 1))


def reach(patch: int) -> int:
    """The largest side that the window of a pair may have.

    >>> reach(160), reach(64)
    (303, 120)
    """
    return patch + (10 - LEAST) * patch // 10 - 1


def draw_pair(size: tuple[int, int], patch: int, seed: int, *place: int, kind: PairKind = "overlap") -> Pair:
    """A pair of crops somewhere in a picture.

    Parameters
    ----------
    size : (height, width)
        Of the picture; both at least `reach(patch)`, so that no draw finds no room.
    patch : int
    seed, place
        As `offsets`.
    kind : {"overlap", "isotropic", "identical"}
        As released; with the two offsets exchanged half of the time and either of them turned round half of the time;
        or one crop twice, which is what the overlap is compared with.

    Raises
    ------
    SizeError
        A smaller picture.
    """
    if min(size) < reach(patch):
        raise SizeError(
            f"no room for two overlapping crops of {patch} pixels", expected=f"sides of {reach(patch)} pixels or more",
            got=f"{size[1]}x{size[0]}",
        )  # fmt: skip
    down, across = offsets(patch, seed, *place)
    window = patch + max(down, across)
    row, column, exchange, flip, mirror = words("window", seed, 5, *place)
    top, left = below(row, size[0] - window + 1), below(column, size[1] - window + 1)
    if kind == "identical":
        return Pair((top, left), (top, left), patch)
    if kind == "overlap":
        return Pair((top, left), (top + down, left + across), patch)
    if below(exchange, 2):
        down, across = across, down
    tops = (top + down, top) if below(flip, 2) else (top, top + down)
    lefts = (left + across, left) if below(mirror, 2) else (left, left + across)
    return Pair((tops[0], lefts[0]), (tops[1], lefts[1]), patch)


def cut(chunk: np.ndarray, pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """The first and the second crop of every picture of a chunk: copies, `(M, p, p, C)` each of `(M, H, W, C)`."""
    side = pair.side
    found = [
        chunk[:, top : top + side, left : left + side].copy()
        for top, left in (pair.first, pair.second)
    ]  # fmt: skip
    return found[0], found[1]


def swap_half(first: np.ndarray, second: np.ndarray, *, half_scale: bool) -> tuple[np.ndarray, np.ndarray]:
    """Exchange the two crops of one half of a chunk: of its beginning at full scale, of its end at half scale.

    With M pictures in the chunk, the first ``M // 2`` are its beginning. So some queries and some keys of a chunk show
    the same place in different quality, and must not match.

    Examples
    --------
    >>> first, second = np.arange(4), np.arange(4) + 10
    >>> [part.tolist() for part in swap_half(first, second, half_scale=False)]
    [[10, 11, 2, 3], [0, 1, 12, 13]]
    >>> [part.tolist() for part in swap_half(first, second, half_scale=True)]
    [[0, 1, 12, 13], [10, 11, 2, 3]]
    """
    middle = len(first) // 2
    part = slice(middle, None) if half_scale else slice(0, middle)
    first, second = first.copy(), second.copy()
    first[part], second[part] = second[part].copy(), first[part].copy()
    return first, second


__all__ = ["LEAST", "MOST", "Pair", "PairKind", "cut", "draw_pair", "offsets", "reach", "swap_half"]
