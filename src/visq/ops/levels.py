"""Luma in whole 8-bit levels, and how often each occurs: for measures that are defined on 8-bit pictures."""

from __future__ import annotations

import numpy as np

from visq.ops.arrays import Batch

LEVELS = 256


def eight_bit_luma(x: Batch) -> np.ndarray:
    """`(N, H, W)` uint8 luma of any batch, tensors included; values a little out of range are held to it.

    >>> from visq.ops.arrays import read_one
    >>> eight_bit_luma(read_one(np.array([[0.0, 0.5, 1.0]]))).tolist()
    [[[0, 128, 255]]]
    """
    if x.torch:
        import torch

        levels = x.luma(255.0, rounded=True).detach().clamp(0, 255)
        return levels.to("cpu", torch.uint8).numpy()
    if x.integer and x.peak >= (255.0 if x.eight_bit else 65535.0):
        return x.luma(255.0, rounded=True, keep_uint8=True)
    return np.clip(x.luma(255.0, rounded=True), 0, 255).astype(np.uint8)


def histogram(x: np.ndarray) -> np.ndarray:
    """`(N, 256)` counts of the levels of `(N, H, W)` uint8."""
    from visq.ops import _numba_levels

    return _numba_levels.histogram(x)
