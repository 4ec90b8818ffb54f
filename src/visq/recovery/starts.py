"""The reference in the size that is worked in, and the picture that the descent begins with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from visq.distortions.apply import distort, generator
from visq.distortions.chain import parse
from visq.errors import OptionError, SizeError, UnknownDistortionError
from visq.media import open_image
from visq.ops.resize import imresize
from visq.recovery.results import Pixels
from visq.recovery.settings import STARTS, whole

_WORDS = {"white": 1.0, "grey": 0.5}


def read(picture: Any, size: int | None = None) -> tuple[Pixels, tuple[str, ...]]:
    """A picture as `(H, W)` or `(H, W, 3)`, float32 in 0..1, and what was altered on the way.

    Parameters
    ----------
    picture
        All that `visq.open_image` takes.
    size : int, optional
        The longest side; a larger picture is made smaller (bicubic, with anti-aliasing), which the notes say.

    Raises
    ------
    ReadError, FormatError, LimitError, InputError
        As `visq.open_image`.
    OptionError
        A size that is no whole number above 0.

    Examples
    --------
    >>> pixels, notes = read(np.zeros((10, 40), np.uint8), size=20)
    >>> pixels.shape, notes
    ((5, 20), ('resized: 40x10 to 20x5',))
    """
    opened = open_image(picture)
    pixels = opened.float32()
    pixels = pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels
    if size is None or max(pixels.shape[:2]) <= whole(size, "size", 1):
        return pixels, opened.meta.warnings
    height, width = pixels.shape[:2]
    share = size / max(height, width)
    target = max(1, round(height * share)), max(1, round(width * share))
    planes = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
    smaller = np.clip(imresize(np.ascontiguousarray(planes), size=target), 0.0, 1.0)
    pixels = smaller[0] if pixels.ndim == 2 else np.ascontiguousarray(smaller.transpose(1, 2, 0))
    return pixels, (*opened.meta.warnings, f"resized: {width}x{height} to {target[1]}x{target[0]}")


def begin(start: Any, reference: Pixels, *, seed: int = 0, size: int | None = None) -> Pixels:
    """The first picture, of the reference's size and channels: that of `opened` without what was altered.

    Examples
    --------
    >>> begin("grey", np.zeros((2, 2), np.float32)).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    return opened(start, reference, seed=seed, size=size)[0]


def opened(start: Any, reference: Pixels, *, seed: int = 0, size: int | None = None) -> tuple[Pixels, tuple[str, ...]]:
    """The first picture, of the reference's size and channels, and what was altered when it was read.

    Parameters
    ----------
    start
        `noise` (uniform in 0..1), `white`, `grey` (0.5), a distortion of the reference with its level or amount
        (`gaussian_blur:4`, `jpeg=10`, several joined by `+`), or a picture: a file, an array.
    reference : array
        From `read`.
    seed : int
        Of the noise, and of what is random in a distortion.
    size : int, optional
        As for the reference: a start of the reference's first size is made smaller as the reference was.

    Raises
    ------
    OptionError
        A word that is none of these, or a distortion without level and amount.
    SizeError
        A picture of another size.

    Examples
    --------
    >>> opened("white", np.zeros((1, 2), np.float32))[1]
    ()
    """
    if isinstance(start, str) and start in _WORDS:
        return np.full_like(reference, _WORDS[start]), ()
    if isinstance(start, str) and start == "noise":
        return generator(seed, "recovery", "").random(reference.shape, dtype=np.float32), ()
    # pathlib raises on names that are too long for a file, and a chain may be.
    if isinstance(start, str) and not os.path.exists(start):  # noqa: PTH110
        return _damaged(start, reference, seed), ()
    found, notes = read(start, size)
    if found.shape[:2] != reference.shape[:2]:
        raise SizeError(
            "the start and the reference differ in size",
            expected=f"{reference.shape[1]}x{reference.shape[0]}", got=f"{found.shape[1]}x{found.shape[0]}",
        )  # fmt: skip
    if found.ndim < reference.ndim:
        found = np.repeat(found[:, :, None], reference.shape[2], axis=2)
    if found.ndim > reference.ndim:
        raise OptionError("the start has colours and the reference has none", hint="Give a start in grey.")
    return found, tuple(f"start: {note}" for note in notes)


def _damaged(name: str, reference: Pixels, seed: int) -> Pixels:
    try:
        steps = parse(name)
    except UnknownDistortionError as error:
        if Path(name).suffix or os.sep in name:
            open_image(name)  # says that there is no such file
        words = ", ".join(STARTS)
        raise OptionError(
            f"{name!r} is nothing to start from", expected=f"{words}, a distortion as gaussian_blur:4, or a file",
            hint=error.hint,
        ) from None  # fmt: skip
    if all(step.level is None and step.amount is None for step in steps):
        raise OptionError(f"{name} does not say how strong", expected=f"a level 1 to 5 ({name}:3) or an amount")
    return np.asarray(distort(reference, name, seed=seed), np.float32)


__all__ = ["begin", "opened", "read"]
