"""Too much sharpening: overshoots and haloes along edges."""

from __future__ import annotations

import numpy as np

from visq.distortions.blur import gaussian
from visq.distortions.planes import like, rgb_planes
from visq.ops.lab import rgb_to_lab
from visq.ops.lab_inverse import lab_to_rgb


def sharpen(pixels: np.ndarray, strength: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Subtract `strength` times the second differences of lightness: ``L - a (L_xx + L_yy)``, held to 0..100.

    The second differences are those of central differences taken twice, ``(x[i+2] - 2 x[i] + x[i-2]) / 4`` inside the
    picture.

    >>> step = np.repeat([0.2, 0.8], 6).reshape(1, 12, 1)
    >>> sharp = sharpen(step, 1.0)[0, :, 0]
    >>> bool(sharp[5] < 0.2), bool(sharp[6] > 0.8)
    (True, True)
    """
    lab = rgb_to_lab(rgb_planes(pixels))
    curvature = _twice(lab[0], 0) + _twice(lab[0], 1)
    lab[0] = np.clip(lab[0] - strength * curvature, 0.0, 100.0)
    return like(lab_to_rgb(lab), pixels)


def unsharp_mask(
    pixels: np.ndarray, strength: float, *, rng: np.random.Generator | None = None, radius: float = 3.0
) -> np.ndarray:
    """Add `strength` times the difference of lightness to its own Gaussian blur, as MATLAB's `imsharpen` does.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    strength : float
        Share of the difference that is added.
    rng : numpy.random.Generator
        Not used.
    radius : float
        Standard deviation of the blur in pixels; its taps end at two of them.

    Returns
    -------
    array
        As `pixels`.
    """
    lab = rgb_to_lab(rgb_planes(pixels))
    lab[0] += strength * (lab[0] - gaussian(lab[0], radius, truncate=2.0))
    lab[0] = np.clip(lab[0], 0.0, 100.0)
    return like(lab_to_rgb(lab), pixels)


def _twice(plane: np.ndarray, axis: int) -> np.ndarray:
    if plane.shape[axis] < 2:
        return np.zeros_like(plane)
    return np.gradient(np.gradient(plane, axis=axis), axis=axis)


__all__ = ["sharpen", "unsharp_mask"]
