"""What happens to the pixels before the network sees them: the resize of the loader, the pooling, the window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from visq.errors import SizeError
from visq.ops.blocks import block_mean
from visq.ops.pillow_resize import resize_pictures

# The loader of 2022 brings pictures whose longer side lies between these to a square, and leaves the others.
_ABOVE, _BELOW, _SQUARE = 512, 1000, (256, 256)
# Pictures are pooled to about this length, and much larger ones get the larger window.
_LENGTH = 256
_SMALL_WINDOW, _LARGE_WINDOW, _LARGE_FROM = 4, 16, 5
# Poolings of the network before its last stage.
_HALVINGS = 4


@dataclass(frozen=True, slots=True)
class Plan:
    """How pictures of one size are prepared.

    Attributes
    ----------
    size : (int, int)
        Height and width after the loader's resize.
    factor : int
        Side of the blocks that are averaged then.
    window : int
        Side of the windows; vectors have ``window ** 2`` entries.
    """

    size: tuple[int, int]
    factor: int
    window: int

    @property
    def pooled(self) -> tuple[int, int]:
        """Height and width of what the network is given."""
        return self.size[0] // self.factor, self.size[1] // self.factor


def plan(size: tuple[int, int], *, resize: bool, window: int | None = None) -> Plan:
    """How pictures of a height and width are prepared.

    Parameters
    ----------
    size : (int, int)
        Height and width.
    resize : bool
        Apply the rule of the loader of 2022: 512 < longer side < 1000 becomes 256 x 256, the proportions lost.
    window : int, optional
        Side of the windows. None: 4, and 16 from pictures on that are pooled by 5 or more.

    Raises
    ------
    SizeError
        A side that leaves less than half a window in the last stage: long and thin pictures, pooled by the longer.

    Examples
    --------
    >>> plan((384, 512), resize=True)
    Plan(size=(384, 512), factor=2, window=4)
    >>> plan((512, 768), resize=True), plan((512, 768), resize=False).factor
    (Plan(size=(256, 256), factor=1, window=4), 3)
    >>> plan((1080, 1920), resize=True)
    Plan(size=(1080, 1920), factor=8, window=16)
    """
    if resize and _ABOVE < max(size) < _BELOW:
        size = _SQUARE
    factor = max(1, round(max(size) / _LENGTH))
    if window is None:
        window = _LARGE_WINDOW if factor >= _LARGE_FROM else _SMALL_WINDOW
    found = Plan(size, factor, window)
    least = least_side(window)
    if min(found.pooled) < least:
        raise SizeError(
            "the shorter side is too short for the longer one, by which pictures are pooled",
            expected=f"at least {least * factor} pixels",
            got=f"{size[1]}x{size[0]}",
            hint="Crop the picture to less extreme proportions.",
        )
    return found


def least_side(window: int) -> int:
    """The shortest side, after pooling, whose last stage fills more than half a window.

    >>> [least_side(n) for n in (4, 8, 16)]
    [33, 65, 129]
    """
    # Each pooling halves, rounded up; a stage of exactly half a window would be rounded down to none.
    return (window // 2) * 2**_HALVINGS + 1


def prepare(pictures: Any, steps: Plan, *, integer: bool) -> Any:
    """Pictures `(N, 3, H, W)` in 0..1, NumPy or torch, as the network is given them.

    `integer` says that the pixels were integers, which the loader's resize rounds to whole levels.
    """
    pictures = resize_pictures(pictures, steps.size, integer=integer)
    height, width = (n * steps.factor for n in steps.pooled)
    return block_mean(pictures[..., :height, :width], steps.factor)


__all__ = ["Plan", "least_side", "plan", "prepare"]
