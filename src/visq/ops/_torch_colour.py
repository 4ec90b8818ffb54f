"""Torch engine of the luma conversion."""

from __future__ import annotations

from typing import Any


def round_level(x: Any) -> Any:
    """Round `x` to whole levels, halves up; the gradient passes straight through."""
    import torch

    return x + (torch.floor(x.detach() + 0.5) - x.detach())


def luma(data: Any, peak: float, scale: float, weights: tuple[float, float, float], rounded: bool, dtype: Any) -> Any:
    y = _weighted(data.to(dtype), weights)
    if rounded:
        y = y * (255.0 / peak)
        y = y + (_levels(data, peak, weights) - y.detach())
        return y if scale == 255.0 else y * (scale / 255.0)
    return y if peak == scale else y * (scale / peak)


def _weighted(x: Any, weights: tuple[float, float, float]) -> Any:
    return x[:, 0] if x.shape[1] == 1 else x[:, 0] * weights[0] + x[:, 1] * weights[1] + x[:, 2] * weights[2]


def _levels(data: Any, peak: float, weights: tuple[float, float, float]) -> Any:
    """Luma rounded to whole levels, without a gradient.

    In double precision, as MATLAB and the NumPy engine round it: single precision falls on the other side of a
    half for some colours (42 of all 8-bit ones with `rgb2gray`, 3712 with 0.299, 0.587, 0.114).
    """
    import torch

    x = data.detach()
    dtype = torch.float64 if x.dtype == torch.float64 or x.device.type != "mps" else torch.float32
    y = torch.floor(_weighted(x.to(dtype), weights) * (255.0 / peak) + 0.5)
    return y if x.dtype == torch.float64 else y.to(torch.float32)
