"""A contrast sensitivity function as a filter in the frequency plane, NumPy or torch."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from visq.ops.arrays import is_torch


def contrast_sensitivity(height: int, width: int, highest: float = 32.0) -> np.ndarray:
    """Gain at the `rfft2` frequencies: Mannos and Sakrison's band-pass, flat below its peak, 3 dB less on diagonals.

    ``2.6 (0.0192 + 0.114 f) exp(-(0.114 f)^1.1)``, and 0.9809 below 7.8909 cycles a degree; `highest` is
    the frequency at half a cycle a pixel along the width. As in MAD's program frequencies lie half a step off the grid:
    the real part that it takes of the filtered image is the mean of the gains at a frequency and at its opposite.

    >>> contrast_sensitivity(64, 64).shape, float(contrast_sensitivity(64, 64)[0, 0].round(4))
    ((64, 33), 0.9809)
    """
    rows, columns = np.arange(height), np.arange(width // 2 + 1)
    gains = [
        _gain(_centred(sign * rows, height)[:, None], _centred(sign * columns, width)[None], 2 * highest / width)
        for sign in (1, -1)
    ]
    return (gains[0] + gains[1]) / 2


def _centred(index: np.ndarray, length: int) -> np.ndarray:
    return (index % length + length // 2) % length - length / 2 + 0.5


def _gain(y: np.ndarray, x: np.ndarray, step: float) -> np.ndarray:
    frequency = np.hypot(x, y) * step / (0.15 * np.cos(4 * np.arctan2(y, x)) + 0.85)
    scaled = 0.114 * frequency
    return np.where(frequency < 7.8909, 0.9809, 2.6 * (0.0192 + scaled) * np.exp(-(scaled**1.1)))


_kept = lru_cache(maxsize=2)(contrast_sensitivity)
_KEPT_PIXELS = 1 << 20


def filter_by_sensitivity(x: Any) -> Any:
    """`(..., H, W)` seen through `contrast_sensitivity`."""
    height, width = int(x.shape[-2]), int(x.shape[-1])
    gain = (_kept if height * width <= _KEPT_PIXELS else contrast_sensitivity)(height, width)
    if is_torch(x):
        import torch

        spectrum = torch.fft.rfft2(x) * torch.as_tensor(gain, dtype=x.dtype, device=x.device)
        return torch.fft.irfft2(spectrum, s=(height, width))
    from scipy import fft

    spectrum = fft.rfft2(x, workers=1)
    spectrum *= gain
    return fft.irfft2(spectrum, s=(height, width), workers=1, overwrite_x=True)


__all__ = ["contrast_sensitivity", "filter_by_sensitivity"]
