"""From CIELab back to sRGB: the inverse of `visq.ops.lab`, NumPy only."""

from __future__ import annotations

import numpy as np

from visq.ops.lab import LAB_KNEE, LAB_SLOPE, RGB_TO_RELATIVE_XYZ, SRGB_GAMMA, SRGB_KNEE, SRGB_OFFSET, SRGB_SLOPE

_TO_LINEAR = np.linalg.inv(RGB_TO_RELATIVE_XYZ)


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """L*, a*, b* of D65 to sRGB in 0..1; colours outside sRGB are clipped channel by channel in linear light.

    Parameters
    ----------
    lab : array
        `(3, H, W)`, float64.

    Returns
    -------
    array
        `(3, H, W)` in 0..1.

    Examples
    --------
    >>> from visq.ops.lab import rgb_to_lab
    >>> orange = np.array([1.0, 0.5, 0.25]).reshape(3, 1, 1)
    >>> lab_to_rgb(rgb_to_lab(orange)).ravel().round(6).tolist()
    [1.0, 0.5, 0.25]
    """
    fy = (lab[0] + 16.0) / 116.0
    f = np.stack([fy + lab[1] / 500.0, fy, fy - lab[2] / 200.0])
    xyz = np.where(f > LAB_KNEE ** (1 / 3), f * f * f, (116.0 * f - 16.0) / LAB_SLOPE)
    # Row by row instead of a matrix product, whose rounding depends on the library behind NumPy.
    linear = np.stack([row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2] for row in _TO_LINEAR])
    return linear_to_srgb(np.clip(linear, 0.0, 1.0, out=linear))


def linear_to_srgb(linear: np.ndarray) -> np.ndarray:
    """The sRGB transfer curve: 0..1 linear light to 0..1 code values.

    >>> linear_to_srgb(np.array([0.0, 0.5, 1.0])).round(4).tolist()
    [0.0, 0.7354, 1.0]
    """
    curve = (1 + SRGB_OFFSET) * np.maximum(linear, 0.0) ** (1 / SRGB_GAMMA) - SRGB_OFFSET
    return np.where(linear <= SRGB_KNEE / SRGB_SLOPE, linear * SRGB_SLOPE, curve)


__all__ = ["lab_to_rgb", "linear_to_srgb"]
