"""A picture at half of its size, as the library resizes that the authors' programme reads pictures by (Pillow)."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

_LEVELS = 255.0
_ROUNDING = 1e-3


def half(planes: Tensor) -> Tensor:
    """`(N, 3, H // 2, W // 2)` of `(N, 3, H, W)` in 0..1: bicubic with smoothing, cut to 0..1.

    Pictures of 8 bit (every value a 255th, whatever holds it) come out as Pillow's do, to the last level. Others are
    not rounded. The gradient is that of the resizing without rounding.

    Examples
    --------
    >>> half(torch.full((1, 3, 65, 64), 0.5)).shape
    torch.Size([1, 3, 32, 32])
    """
    return resized(planes, (planes.shape[2] // 2, planes.shape[3] // 2))


def shrunk(planes: Tensor, long_side: int) -> Tensor:
    """Pictures whose longer side is longer than `long_side` brought to it, as `half` does; 0 leaves all as they are."""
    height, width = planes.shape[2:]
    longest = max(height, width)
    if not long_side or longest <= long_side:
        return planes
    return resized(planes, tuple(max(1, round(n * long_side / longest)) for n in (height, width)))


def resized(planes: Tensor, size: tuple[int, ...]) -> Tensor:
    """Pictures at another size: see `half`."""
    given = planes.detach() * _LEVELS
    levels = given.round()
    # Single precision has k / 255 up to 3e-5 of a level, by whatever way it was computed.
    whole = bool(((given - levels).abs() < _ROUNDING).all())
    recorded = torch.is_grad_enabled() and planes.requires_grad
    if not whole or recorded:
        smooth = functional.interpolate(planes, size=size, mode="bicubic", antialias=True, align_corners=False)
        smooth = smooth.clamp(0.0, 1.0)
        if not whole:
            return smooth
    made = torch.stack([_by_pillow(one, size) for one in levels.to("cpu", torch.uint8)])
    rounded = made.to(planes.device, planes.dtype) / _LEVELS
    return smooth + (rounded - smooth).detach() if recorded else rounded


def _by_pillow(levels: Tensor, size: tuple[int, ...]) -> Tensor:
    picture = Image.fromarray(np.ascontiguousarray(levels.permute(1, 2, 0).numpy()))
    made = picture.resize((size[1], size[0]), Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(made)).permute(2, 0, 1)


__all__ = ["half", "resized", "shrunk"]
