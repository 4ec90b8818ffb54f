"""Torch engine of the luma conversion."""

from __future__ import annotations

from typing import Any


def round_level(x: Any, levels: float) -> Any:
    """Round `x` in 0..levels to whole levels, halves up; the gradient passes straight through."""
    import torch

    return x + (torch.floor(x.detach() + 0.5) - x.detach()) if levels else x


def luma(data: Any, peak: float, scale: float, weights: tuple[float, float, float], rounded: bool, dtype: Any) -> Any:
    x = data.to(dtype)
    y = x[:, 0] if x.shape[1] == 1 else x[:, 0] * weights[0] + x[:, 1] * weights[1] + x[:, 2] * weights[2]
    if rounded:
        y = round_level(y * (255.0 / peak), 255.0)
        return y if scale == 255.0 else y * (scale / 255.0)
    return y if peak == scale else y * (scale / peak)
