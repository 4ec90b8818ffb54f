"""Torch engine of the spatial steerable pyramid."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from visq.ops.filters import pad


def correlate(x: torch.Tensor, quarter: np.ndarray, down: int, across: int, step: int) -> torch.Tensor:
    """`(N, H, W)` correlated with the kernel unfolded from its quarter, reflected border, every `step`-th pixel."""
    kernel = unfolded(quarter, down, across)
    half = kernel.shape[0] // 2
    padded = pad(x, half, half, half, half)[:, None]
    weights = torch.as_tensor(kernel, dtype=x.dtype, device=x.device)[None, None]
    return functional.conv2d(padded, weights, stride=step)[:, 0]


def unfolded(quarter: np.ndarray, down: int, across: int) -> np.ndarray:
    """The whole kernel: `down` and `across` are 1 where it is symmetric that way and -1 where it changes sign."""
    right = np.concatenate([across * quarter[:, :0:-1], quarter], axis=1)
    return np.concatenate([down * right[:0:-1], right], axis=0)
