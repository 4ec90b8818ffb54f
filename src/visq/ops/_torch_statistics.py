"""Torch engine of the scene statistics: the same sums with tensor operations, in float64, without gradients."""

from __future__ import annotations

import numpy as np
import torch

from visq.ops import _torch_filters

_SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))


@torch.no_grad()
def coefficients(
    x: torch.Tensor, taps: np.ndarray, border: str, constant: float, flat: np.ndarray
) -> tuple[torch.Tensor, torch.Tensor]:
    """Normalised coefficients and local deviation of `(..., H, W)`, float64."""
    x = x.double()
    mean = _torch_filters.separable(x, taps, taps, border)
    variance = (_torch_filters.separable(x * x, taps, taps, border) - mean * mean).abs()
    deviation = variance.sqrt()
    difference = x - mean
    signs = torch.as_tensor(flat[2:], dtype=x.dtype, device=x.device)
    residue = flat[0] * signs[(x + 0.5).floor().clamp(0, 255).long()]
    return torch.where(difference.abs() < flat[1], residue, difference / (deviation + constant)), deviation


@torch.no_grad()
def block_sums(
    x: torch.Tensor, height: int, width: int, taps: np.ndarray, border: str, constant: float, flat: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the five maps in every block of one `(H, W)` plane, and the mean deviation of every block."""
    y, deviation = coefficients(x, taps, border, constant, flat)
    down, across = x.shape[-2] // height, x.shape[-1] // width

    def blocks(plane: torch.Tensor) -> torch.Tensor:
        return plane.reshape(down, height, across, width).transpose(1, 2)

    y = blocks(y)
    maps = torch.stack([y, *(y * torch.roll(y, shift, (2, 3)) for shift in _SHIFTS)], dim=2)
    square = maps * maps
    zero = torch.zeros_like(maps)
    parts = (
        (maps < 0).to(maps.dtype),
        (maps > 0).to(maps.dtype),
        maps.abs(),
        torch.where(maps < 0, square, zero),
        torch.where(maps > 0, square, zero),
    )
    sums = torch.stack([part.sum(dim=(3, 4)) for part in parts], dim=-1)
    return sums.cpu().numpy(), blocks(deviation).mean(dim=(2, 3)).cpu().numpy()
