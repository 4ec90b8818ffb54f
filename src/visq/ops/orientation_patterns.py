"""How a pixel's orientation compares with those of its eight neighbours, and how often, over an image."""

from __future__ import annotations

import math

import numpy as np

from visq.errors import SizeError

PATTERNS = 9
MIN_SIDE = 5
# Slope, in levels a pixel, up to which a pixel has no orientation: rounding errors of single precision, not more.
_FLAT_SLOPE = 1e-3
# Scharr's taps 3, 10, 3 and a distance of two pixels: a slope of one level has a derivative of 32.
_GAIN = 32.0
_FLAT_VARIANCE = 1e-6


def pattern_histogram(x: np.ndarray, threshold: float = 6.0) -> np.ndarray:
    """Shares of the nine orientation patterns, weighted by contrast.

    The pattern of a pixel is how many of its 8 neighbours (0 to 8) have its gradient's orientation, which is the
    direction modulo 180 degrees, within `threshold`. Its weight is the variance of the 3 x 3 pixels.

    Parameters
    ----------
    x : array
        `(H, W)` luma in 0..255, NumPy, float64, sides of at least 5. A margin of two pixels is left out.
    threshold : float
        Degrees, 0 to 90, from which on two orientations differ.

    Returns
    -------
    (9,) array
        Sums to 1. A pixel without gradient has no orientation and counts as unlike every other. An image without any
        contrast is all of pattern 8, as what blur tends to.

    Examples
    --------
    >>> ramp = np.tile(np.arange(8.0), (8, 1))
    >>> pattern_histogram(ramp).tolist()
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    """
    height, width = x.shape
    if min(height, width) < MIN_SIDE:
        raise SizeError(
            "image is too small for orientation patterns", expected=f"at least {MIN_SIDE} pixels a side",
            got=f"{width}x{height}",
        )  # fmt: skip
    from visq.ops import _numba_orientation_patterns as engine

    sine = math.sin(math.radians(threshold)) ** 2
    weights = engine.pattern_weights(x, sine, (_FLAT_SLOPE * _GAIN) ** 2)
    total = float(weights.sum())
    if total <= _FLAT_VARIANCE * (height - 4) * (width - 4):
        return np.eye(PATTERNS)[-1]
    return weights / total


__all__ = ["PATTERNS", "pattern_histogram"]
