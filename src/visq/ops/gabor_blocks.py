"""What MAD compares of two images: the shape of log-Gabor responses in blocks, NumPy or torch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from visq.ops.arrays import is_torch, namespace
from visq.ops.block_moments import shape_of_blocks
from visq.ops.numeric import safe_sqrt
from visq.ops.phase import LogGabor, angular_spread, log_gabor

BANK = LogGabor(scales=5, orientations=4, min_wavelength=3.0, multiplier=3.0, sigma_on_f=0.55, spacing_on_sigma=1.5)


def along_axis(length: int) -> np.ndarray:
    """Frequencies of an unshifted spectrum along one axis, in cycles a pixel, as `frequencies` has them."""
    return ((np.arange(length) + (length + 1) // 2) % length - length / 2) / length


def frequencies(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Radius in cycles a pixel and angle of an unshifted spectrum; odd axes lie half a step off, as in MAD's program.

    The radius of frequency zero is nil, whatever the axes.
    """
    y, x = along_axis(height), along_axis(width)
    radius = np.hypot(x[None, :], y[:, None])
    radius[0, 0] = 0.0
    return radius, np.arctan2(-y[:, None], x[None, :])


def wide(x: Any) -> Any:
    """`x` in float64, where the device has it: Apple's GPU has not."""
    if is_torch(x) and x.device.type == "mps":
        return x
    xp = namespace(x)
    return xp.astype(x, xp.float64)


def shape_differences(x: Any, y: Any, weights: tuple[float, ...]) -> Any:
    """Weighted sum over the bank of ``|std1 - std2| + 2 |skew1 - skew2| + |kurt1 - kurt2|`` of every block.

    Parameters
    ----------
    x, y : array
        `(H, W)` planes of any dtype; the work is done in float64.
    weights : tuple of float
        One a scale.

    Returns
    -------
    array
        One value a block of 16 x 16 pixels, 4 apart.
    """
    if is_torch(x):
        return _torch(x, y, weights)
    from visq.ops import _numba_gabor_blocks

    return _numba_gabor_blocks.shape_differences(x, y, BANK, weights)


def plain(x: np.ndarray, y: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    """`shape_differences` of NumPy planes from the plain operations: what the fused engine equals."""
    import torch

    return _torch(torch.from_numpy(x), torch.from_numpy(y), weights).numpy()


def _torch(x: Any, y: Any, weights: tuple[float, ...]) -> Any:
    import torch

    radius, angle = frequencies(int(x.shape[0]), int(x.shape[1]))
    dtype = wide(x).dtype
    sigma = math.pi / BANK.orientations / BANK.spacing_on_sigma
    spectra = [torch.fft.fft2(z - (z.detach().amax() + z.detach().amin()) / 2) for z in (wide(x), wide(y))]
    total: Any = 0.0
    for o in range(BANK.orientations):
        spread = angular_spread(angle, o * math.pi / BANK.orientations, sigma)
        for s, weight in enumerate(weights):
            radial = log_gabor(radius, BANK.min_wavelength * BANK.multiplier**s, BANK.sigma_on_f)
            gain = torch.as_tensor(radial * spread, dtype=dtype, device=x.device)
            a, b = (_shape(torch.fft.ifft2(z * gain)) for z in spectra)
            change = [torch.abs(p - q) for p, q in zip(a, b, strict=True)]
            total = total + weight * (change[0] + 2 * change[1] + change[2])
    return total


def _shape(response: Any) -> Any:
    return shape_of_blocks(safe_sqrt(response.real**2 + response.imag**2))


__all__ = ["BANK", "along_axis", "frequencies", "plain", "shape_differences", "wide"]
