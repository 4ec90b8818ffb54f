"""NumPy engine that makes R'G'B' of a decoded frame's Y'CbCr planes: one pass, chroma interpolated on the way.

Chroma samples lie on the first column of the luma samples they stand for and midway between their rows (the place
that MPEG-2, H.264, HEVC and AV1 take when a stream says nothing); between them values are linear, and beyond the
outermost ones constant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from visq.ops.threads import run_strips


class Code(NamedTuple):
    """How code values stand for colour: subsampling (shifts), shares of red and blue in luma, zero points and steps."""

    across: int
    down: int
    red: float
    blue: float
    black: float
    luma_steps: float
    neutral: float
    chroma_steps: float


@njit(cache=True, nogil=True)
def _level(value, white):  # type: ignore[no-untyped-def]
    return int(min(max(value, 0.0), white) + 0.5)


@njit(cache=True, nogil=True)
def _rows(luma, first, second, out, code, start, stop):  # type: ignore[no-untyped-def]
    width = luma.shape[1]
    rows, columns = first.shape
    white = 255.0 if out.itemsize == 1 else 65535.0
    green = 1.0 - code.red - code.blue
    to_red, to_blue = 2.0 * (1.0 - code.red), 2.0 * (1.0 - code.blue)
    red_to_green, blue_to_green = code.red / green * to_red, code.blue / green * to_blue
    luma_scale, chroma_scale = white / code.luma_steps, white / code.chroma_steps
    step_across, step_down = 1.0 / (1 << code.across), 1.0 / (1 << code.down)
    inside = (1 << code.across) - 1
    # One sample more than there are: the last column has a right neighbour like the others.
    blues, reds = np.empty(columns + 1), np.empty(columns + 1)
    for r in range(start, stop):
        at = min(max((r + 0.5) * step_down - 0.5, 0.0), rows - 1.0)
        top = int(at)
        bottom = min(top + 1, rows - 1)
        v = at - top
        for c in range(columns):
            blues[c] = ((1.0 - v) * first[top, c] + v * first[bottom, c] - code.neutral) * chroma_scale
            reds[c] = ((1.0 - v) * second[top, c] + v * second[bottom, c] - code.neutral) * chroma_scale
        blues[columns], reds[columns] = blues[columns - 1], reds[columns - 1]
        for c in range(width):
            left = c >> code.across
            h = (c & inside) * step_across
            cb = blues[left] + h * (blues[left + 1] - blues[left])
            cr = reds[left] + h * (reds[left + 1] - reds[left])
            y = (luma[r, c] - code.black) * luma_scale
            out[r, c, 0] = _level(y + to_red * cr, white)
            out[r, c, 1] = _level(y - blue_to_green * cb - red_to_green * cr, white)
            out[r, c, 2] = _level(y + to_blue * cb, white)


def to_rgb(luma: np.ndarray, cb: np.ndarray, cr: np.ndarray, code: Code) -> np.ndarray:
    """`(H, W, 3)` R'G'B' from Y' `(H, W)` and the two chroma planes, in the dtype of luma scaled to its whole range.

    Values are rounded to the nearest level, and colours outside of R'G'B' take its nearest edge, each channel by
    itself.

    Examples
    --------
    >>> plane = lambda value: np.full((2, 2), value, np.uint8)
    >>> to_rgb(plane(235), plane(128), plane(128), Code(0, 0, 0.299, 0.114, 16, 219, 128, 224))[0, 0].tolist()
    [255, 255, 255]
    """
    out = np.empty((*luma.shape, 3), luma.dtype)
    run_strips(lambda start, stop, _: _rows(luma, cb, cr, out, code, start, stop), luma.shape[0])
    return out
