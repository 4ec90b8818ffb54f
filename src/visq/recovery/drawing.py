"""The strip: what each metric made of the start, step by step, and the reference at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from visq.distortions.sheet import Sheet
from visq.errors import InputError
from visq.recovery.results import Pixels, Recovery, eight_bit, measured

if TYPE_CHECKING:
    from PIL import Image

#: Pictures are shown between these longest sides: enlarged by whole numbers, or made smaller.
_SMALL, _LARGE = 192, 224
# The room that the words under a picture take.
_LEAST_WIDTH = 108
_FRAME = 205


def strip(
    recoveries: Sequence[tuple[str, Recovery]], reference: Pixels, *, title: str, start: str = "start"
) -> Image.Image:
    """One row for each metric: its pictures with step, loss, PSNR and SSIM, and the reference in the last column.

    Parameters
    ----------
    recoveries : sequence of (str, Recovery)
        Label of the row, usually the metric's name, and what it led to. The reason why one could not go on is told.
    reference : numpy.ndarray
        `(H, W)` or `(H, W, 3)`, float in 0..1.
    title : str
        Above all.
    start : str
        Above the first column.

    Raises
    ------
    InputError
        No recovery, or nothing in any of them.

    Examples
    --------
    >>> from visq.recovery import recover
    >>> grey = np.full((16, 16), 0.5, np.float32)
    >>> walk = recover(grey, "mse", start="white", steps=3)
    >>> strip([("mse", walk)], grey, title="grey").size[0] > 4 * 108
    True
    """
    if not any(one.snapshots for _, one in recoveries):
        raise InputError("there is nothing to draw", expected="a recovery with a picture at least")
    longest = max(len(one.snapshots) for _, one in recoveries)
    scale, said = _scale(reference)
    columns = [start, *[""] * (longest - 1), "reference"]
    sheet = Sheet(f"{title}{said}", columns, tile=_LARGE + 2)
    for label, one in recoveries:
        row = label if one.finished or not one.snapshots else f"{label}\n{_ended(one)}"
        if not one.snapshots:
            sheet.add(row, 0, None, one.problem)
        for column, kept in enumerate(one.snapshots):
            sheet.add(row, column, _tile(kept.image, scale), f"step {kept.at.step}\n{measured(kept.at)}")
        sheet.add(row, longest, _tile(reference, scale))
    return sheet.draw()


def _ended(one: Recovery) -> str:
    return one.problem or f"stopped after {one.last.step} of {one.steps} steps"


def _scale(picture: Pixels) -> tuple[float, str]:
    """How much larger pictures are shown, and the words for it."""
    side = max(picture.shape[:2])
    if side > _LARGE:
        share = _LARGE / side
        return share, f", shown at {share:.0%}"
    times = max(1, _SMALL // side)
    return float(times), f", shown {times} times as large" if times > 1 else ""


def _tile(picture: Pixels, scale: float) -> NDArray[np.uint8]:
    from PIL import Image

    pixels = eight_bit(picture)
    if scale >= 1:
        times = int(scale)
        pixels = pixels.repeat(times, axis=0).repeat(times, axis=1)
    else:
        size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
        pixels = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
    # White pictures have to end somewhere on a white sheet.
    pixels = np.pad(pixels, ((1, 1), (1, 1), *[(0, 0)] * (pixels.ndim - 2)), constant_values=_FRAME)
    missing = _LEAST_WIDTH - pixels.shape[1]
    if missing > 0:
        pixels = np.pad(pixels, ((0, 0), (0, missing), *[(0, 0)] * (pixels.ndim - 2)), constant_values=255)
    return pixels


__all__ = ["strip"]
