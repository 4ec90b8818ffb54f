"""Where crops lie: random ones, and the fixed ones that networks are judged by. Nothing is resized or padded.

A resized picture is sharper or softer than it was, and has other noise and other blocks: it has another quality. A
crop is an exact part of the picture, at most mirrored left to right, which changes the quality of no photograph;
upside-down ones have none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from visq.errors import OptionError, SizeError
from visq.train.data.draws import below, words

#: Fixed crops by name, and how many there are of each.
FIXED = {"centre": 1, "corners": 5}


class Crop(NamedTuple):
    """A part of a picture; `flip`: mirrored left to right."""

    top: int
    left: int
    height: int
    width: int
    flip: bool = False


def take(pixels: np.ndarray, crop: Crop) -> np.ndarray:
    """The part itself, a view: `(H, W, ...)` to `(height, width, ...)`.

    >>> take(np.arange(12).reshape(3, 4), Crop(1, 1, 2, 2, flip=True)).tolist()
    [[6, 5], [10, 9]]
    """
    part = pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
    return part[:, ::-1] if crop.flip else part


def copy_into(out: np.ndarray, pixels: np.ndarray) -> None:
    """`out[...] = pixels` of `(H, W, C)`, quick where `pixels` is mirrored.

    NumPy copies what runs backwards element by element, and three times as long runs where a channel is copied alone:
    a mirrored crop of 384 pixels takes 0.14 ms so, and 1.2 ms at once.
    """
    if pixels.strides[1] >= 0:
        out[...] = pixels
        return
    for channel in range(pixels.shape[2]):
        out[..., channel] = pixels[..., channel]


def random_crop(size: tuple[int, int], side: int, seed: int, *place: int, flip: bool = True) -> Crop:
    """A square part, every place with the same chance, mirrored half of the time.

    Parameters
    ----------
    size : (height, width)
        Of the picture, in pixels.
    side : int
    seed : int
    *place : int
        Epoch, number of the picture, number of the crop: the same ones give the same crop.
    flip : bool
        Whether it may be mirrored. The place does not depend on it.

    Raises
    ------
    SizeError
        The picture is smaller.

    Examples
    --------
    >>> random_crop((100, 120), 64, 0, 3, 17) == random_crop((100, 120), 64, 0, 3, 17)
    True
    """
    rows, columns = _room(size, side)
    row, column, mirror = words("crop", seed, 3, *place)
    return Crop(below(row, rows + 1), below(column, columns + 1), side, side, flip and bool(below(mirror, 2)))


def fixed_crops(size: tuple[int, int], side: int, where: str | tuple[int, int]) -> tuple[Crop, ...]:
    """The crops of an evaluation.

    Parameters
    ----------
    size : (height, width)
    side : int
    where : str or (rows, columns)
        `centre`; `corners`, the four of them and the centre; or a grid, evenly from border to border, a single row or
        column in the middle.

    Raises
    ------
    SizeError
        The picture is smaller.
    OptionError
        Another word.

    Examples
    --------
    >>> [crop[:2] for crop in fixed_crops((100, 120), 50, (2, 3))]
    [(0, 0), (0, 35), (0, 70), (50, 0), (50, 35), (50, 70)]
    >>> [crop[:2] for crop in fixed_crops((100, 121), 50, "centre")]
    [(25, 35)]
    """
    count_fixed(where)
    rows, columns = _room(size, side)
    centre = Crop(rows // 2, columns // 2, side, side)
    if where == "centre":
        return (centre,)
    if where == "corners":
        return (*(Crop(top, left, side, side) for top in (0, rows) for left in (0, columns)), centre)
    tops, lefts = _spread(rows, int(where[0])), _spread(columns, int(where[1]))
    return tuple(Crop(top, left, side, side) for top in tops for left in lefts)


def count_fixed(where: str | tuple[int, int]) -> int:
    """How many crops `fixed_crops` gives of a picture.

    Raises
    ------
    OptionError
    """
    if isinstance(where, str):
        if where not in FIXED:
            raise OptionError("no such place of crops", expected="centre, corners or (rows, columns)", got=repr(where))
        return FIXED[where]
    whole = len(where) == 2 and all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in where)
    if not whole:
        raise OptionError("no grid of crops", expected="(rows, columns), one or more each", got=repr(where))
    return where[0] * where[1]


def _spread(room: int, count: int) -> list[int]:
    if count == 1:
        return [room // 2]
    return [(2 * i * room + count - 1) // (2 * (count - 1)) for i in range(count)]


def _room(size: tuple[int, int], side: int) -> tuple[int, int]:
    if isinstance(side, bool) or not isinstance(side, int) or side < 1:
        raise OptionError("no side of a crop", expected="a whole number of pixels, 1 or more", got=repr(side))
    if min(size) < side:
        raise SizeError(
            "the picture is smaller than the crop", expected=f"sides of {side} pixels or more",
            got=f"{size[1]}x{size[0]}", hint="Nothing is enlarged or padded: take smaller crops, or leave it out.",
        )  # fmt: skip
    return size[0] - side, size[1] - side


__all__ = ["FIXED", "Crop", "copy_into", "count_fixed", "fixed_crops", "random_crop", "take"]
