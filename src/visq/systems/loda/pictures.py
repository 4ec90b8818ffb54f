"""From a picture of any size to crops: its shorter side is brought to 384 pixels, and squares are cut out of that."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from visq.errors import SizeError, VisqWarning
from visq.ops.choices import check_choice
from visq.train.data.crops import Crop, fixed_crops, random_crop

if TYPE_CHECKING:
    from torch import Tensor

Filter = Literal["bicubic", "bilinear"]
Crops = Literal["grid15", "random15", "corners"]

#: The shorter side, in pixels, that pictures are trained on and judged at.
SHORT = 384
#: Below this many pixels nothing is enlarged.
LEAST = 32
COUNT = 15
_LONG, _ACROSS = 5, 3
#: Beyond this proportion all crops lie in one row.
_ELONGATED = 4


def sized(height: int, width: int, short: int = SHORT) -> tuple[int, int]:
    """Height and width after the resize: ``floor(short * longer / shorter)`` is the longer side.

    Raises
    ------
    SizeError
        The shorter side has fewer than 32 pixels.

    Examples
    --------
    >>> sized(768, 1024), sized(500, 333), sized(384, 384)
    ((384, 512), (576, 384), (384, 384))
    """
    least = min(height, width)
    if least < LEAST:
        raise SizeError("image is too small", expected=f"at least {LEAST}x{LEAST} pixels", got=f"{width}x{height}")
    return (short, short * width // least) if height <= width else (short * height // least, short)


def resized(pixels: np.ndarray, short: int = SHORT, filter: Filter = "bicubic") -> np.ndarray:
    """8-bit pixels `(H, W, 3)` resized by Pillow, as the authors store them; themselves where nothing changes."""
    from PIL import Image

    check_choice("filter", filter, get_args(Filter))
    height, width = sized(pixels.shape[0], pixels.shape[1], short)
    if (height, width) == pixels.shape[:2]:
        return pixels
    kind = Image.Resampling.BICUBIC if filter == "bicubic" else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize((width, height), kind))


def resized_planes(planes: Tensor, integer: bool, short: int = SHORT, filter: Filter = "bicubic") -> Tensor:
    """`(1, 3, H, W)` in 0..1, resized.

    Parameters
    ----------
    planes : Tensor
    integer : bool
        The nearest levels of 8 bit are resized, and the result is Pillow's to the last level; gradients pass straight
        through the rounding. Otherwise nothing is rounded, and what the filter overshoots is cut off.
    short : int
    filter : {"bicubic", "bilinear"}
    """
    import torch
    from torch.nn import functional

    check_choice("filter", filter, get_args(Filter))
    size = sized(int(planes.shape[2]), int(planes.shape[3]), short)
    if size == tuple(planes.shape[2:]):
        return planes
    learning = planes.requires_grad and torch.is_grad_enabled()
    if learning or not integer:
        smooth = functional.interpolate(planes, size, mode=filter, antialias=True, align_corners=False).clamp(0.0, 1.0)
    if not integer:
        return smooth
    levels = (planes[0].detach() * 255.0).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
    found = torch.from_numpy(np.array(resized(levels, short, filter))).permute(2, 0, 1)[None]
    stepped = found.to(device=planes.device, dtype=planes.dtype) / 255.0
    return smooth + (stepped - smooth).detach() if learning else stepped


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of the fifteen crops: five along the longer side, or all where it is over four times longer.

    >>> grid(384, 512), grid(512, 384), grid(384, 384), grid(384, 1600)
    ((3, 5), (5, 3), (3, 5), (1, 15))
    """
    along, across = (COUNT, 1) if max(height, width) > _ELONGATED * min(height, width) else (_LONG, _ACROSS)
    return (across, along) if height <= width else (along, across)


def crops_of(size: tuple[int, int], side: int, kind: Crops, seed: int = 0, key: int = 0) -> tuple[Crop, ...]:
    """The crops of a resized picture that are judged: fifteen, or five.

    Parameters
    ----------
    size : (height, width)
    side : int
    kind : {"grid15", "random15", "corners"}
        Evenly spread from border to border; at random places, as the authors test; or the four corners and the centre,
        a third of the work.
    seed, key : int
        Of random places; `key` stands for the picture (`key_of`), so that no two have the same ones.

    Warns
    -----
    VisqWarning
        One side is more than four times as long as the other.
    """
    check_choice("crops", kind, get_args(Crops))
    if max(size) > _ELONGATED * min(size):
        warnings.warn(
            f"a picture of {size[1]}x{size[0]} (resized) is judged by "
            f"{'five crops' if kind == 'corners' else 'crops in one row'}: none like it was trained on",
            VisqWarning,
            stacklevel=3,
        )
    if kind == "grid15":
        return fixed_crops(size, side, grid(*size))
    if kind == "corners":
        return fixed_crops(size, side, kind)
    return tuple(random_crop(size, side, seed, 0, key, number, flip=False) for number in range(COUNT))


def key_of(pixels: Any) -> int:
    """63 bits of the hash of pixels: what a picture's random crops depend on."""
    values = np.ascontiguousarray(pixels)
    return int.from_bytes(hashlib.sha256(f"{values.shape}".encode() + values.tobytes()).digest()[:8], "big") >> 1


__all__ = [
    "COUNT", "LEAST", "SHORT", "Crops", "Filter", "crops_of", "grid", "key_of", "resized", "resized_planes", "sized",
]  # fmt: skip
