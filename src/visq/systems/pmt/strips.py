"""Large pictures through the first layers of a trunk strip by strip: what is computed is the same, in less memory.

The first layers are those that need the room: their maps are a quarter of the picture, in dozens of channels. A strip
reaches farther up and down than its layers look, and begins and ends where strides of the whole picture fall.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from visq.systems.pmt.trunk import Trunk

#: Pictures of more pixels are cut; their size alone decides.
LARGE = 2_400_000
#: Of a trunk: the last layer of the strips, its stride, and a multiple of that no less than it looks up or down.
EARLY: dict[str, tuple[str, int, int]] = {
    "efficientnet_lite0": ("blocks.2.1", 8, 48),
    "resnet18": ("layer1.1.relu", 4, 32),
    "resnet50": ("layer1.2.relu", 4, 32),
}
ROWS = 512


def count(height: int, width: int) -> int:
    """How often `mapped` calls `on_step` for a picture: its strips, or 1.

    >>> count(512, 512), count(3000, 4000)
    (1, 6)
    """
    return 1 if height * width <= LARGE else -(-height // ROWS)


def mapped(
    trunk: Trunk, images: Tensor, *, large: int = LARGE, rows: int = ROWS, on_step: Callable[[], None] = lambda: None
) -> Tensor:
    """What `trunk(images)` gives; where a picture is large and no gradient is recorded, in strips.

    Parameters
    ----------
    trunk : Trunk
        In evaluation mode.
    images : (N, 3, H, W)
    large : int
        Pixels of a picture from which on it is cut.
    rows : int
        Of a strip, in pixels, a multiple of 8.
    on_step : callable, optional
        Called after every strip.
    """
    height, width = images.shape[-2:]
    recorded = torch.is_grad_enabled() and (images.requires_grad or any(p.requires_grad for p in trunk.parameters()))
    if height * width <= large or recorded or trunk.design.backbone not in EARLY:
        found: Tensor = trunk(images)
        on_step()
        return found
    tap, stride, margin = EARLY[trunk.design.backbone]
    strips = []
    for first in range(0, height, rows):
        top, end = max(0, first - margin), min(height, first + rows + margin)
        # As many rows over a multiple of the stride as the whole has: padding depends on it.
        end += (height - end) % stride
        strip = trunk.network(trunk.pixels(images[:, :, top:end]), [tap])[tap]
        begin = (first - top) // stride
        strips.append(strip[:, :, begin : begin + rows // stride].clone())
        on_step()
    return trunk.after(tap, torch.cat(strips, dim=2))


__all__ = ["EARLY", "LARGE", "ROWS", "count", "mapped"]
