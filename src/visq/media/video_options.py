"""What may be asked of a video, checked before it is opened."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from visq.errors import OptionError
from visq.media.video_container import Raw
from visq.media.video_pixels import check_names


def check_reading(plane: str, matrix: str | None, levels: str | None) -> None:
    """Raise `OptionError` for a plane, matrix or range that does not exist, or where they do not go together."""
    if plane not in ("rgb", "y"):
        raise OptionError("unknown plane", expected="'rgb' or 'y'", got=repr(plane))
    check_names(matrix, levels)
    if plane == "y" and (matrix or levels):
        raise OptionError(
            "the luma plane is taken as it was coded, without matrix and range",
            got=" and ".join(filter(None, (matrix, levels))),
            hint='Leave them out, or score R\'G\'B\': plane="rgb", --plane rgb.',
        )  # fmt: skip


def raw_of(size: Any, pix_fmt: str | None, rate: Any) -> Raw | None:
    """What is said of raw samples; None where no size is given, for then the file says it itself.

    Raises
    ------
    OptionError
        A size or rate that cannot be, or a pixel format or rate without a size.
    """
    if size is None:
        if pix_fmt is not None or rate is not None:
            raise OptionError(
                "pixel format and rate are those of raw samples, which need their size too (--size)",
                got=str(pix_fmt or rate), hint="Give the size, or leave these out: other files state their own.",
            )  # fmt: skip
        return None
    sides = tuple(size) if isinstance(size, (tuple, list)) else ()
    if len(sides) != 2 or not all(type(side) is int and side > 0 for side in sides):
        raise OptionError("size is not usable", expected="(width, height) in pixels", got=repr(size))
    return Raw(*sides, pix_fmt or "yuv420p", None if rate is None else _rate(rate))


def check_selection(start: int, every: int, count: int | None) -> None:
    """Raise `OptionError` unless they select frames."""
    for name, value, least in (("start", start, 0), ("every", every, 1), ("frames", count, 1)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
            raise OptionError(f"{name} is not usable", expected=f"a whole number of at least {least}", got=repr(value))


def _rate(rate: Any) -> Fraction:
    usable = isinstance(rate, (int, float, Fraction)) and 0 < rate < 10_000
    # Below 1/2002 nothing is left: FFmpeg would be told 25.
    found = Fraction(rate).limit_denominator(1001) if usable else Fraction(0)
    if not found:
        raise OptionError("rate is not usable", expected="frames a second, 0.001 to 10000", got=repr(rate))
    return found
