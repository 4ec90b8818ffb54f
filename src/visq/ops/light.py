"""Linear light in double precision, for metrics that are defined on it."""

from __future__ import annotations

from typing import Any

from visq.ops.arrays import Batch
from visq.ops.lab import srgb_to_linear


def encoded(batch: Batch) -> Any:
    """`(N, 3, H, W)` sRGB in 0..1 of a batch of tensors, float64 where the device has it."""
    xp = batch.xp
    wide = xp.float64 if batch.data.device.type != "mps" else xp.float32
    planes = batch.data.to(wide) / batch.peak
    return xp.concat([planes, planes, planes], axis=1) if batch.grey else planes


def linear(batch: Batch) -> Any:
    """`(N, 3, H, W)` linear light in 0..1 of a batch of tensors, float64 where the device has it.

    The gradient reaches the tensor in its own precision.
    """
    return srgb_to_linear(encoded(batch))
