"""Lightness and contrast: curves, shifts, coarse steps. Nothing here is random."""

from __future__ import annotations

import numpy as np

from visq.distortions.planes import like, rgb_planes
from visq.ops.lab import rgb_to_lab
from visq.ops.lab_inverse import lab_to_rgb


def brighten(pixels: np.ndarray, amount: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Raise the middle tones: twice a curve on R'G'B' and once the same curve on lightness, divided by 3.

    The curve is the parabola through (0, 0), (0.5, 0.5 + a/2), (1, 1), held to 0..1.

    >>> brighten(np.array([[[0.0], [0.5], [1.0]]]), 0.2).ravel().round(3).tolist()
    [0.0, 0.6, 1.0]
    """
    lab = rgb_to_lab(rgb_planes(pixels))
    lab[0] = 100.0 * _parabola(lab[0] / 100.0, 0.5 + amount / 2)
    return (2.0 * _parabola(pixels, 0.5 + amount / 2) + like(lab_to_rgb(lab), pixels)) / 3.0


def darken(pixels: np.ndarray, amount: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Lower the middle tones by the parabola through (0, 0), (0.5, 0.5 - a/2), (1, 1), held to 0..1.

    >>> darken(np.array([[[0.0], [0.5], [1.0]]]), 0.2).ravel().round(3).tolist()
    [0.0, 0.4, 1.0]
    """
    return _parabola(pixels, 0.5 - amount / 2)


def mean_shift(pixels: np.ndarray, amount: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Add `amount` to every value, in units of white."""
    return np.clip(pixels + amount, 0.0, 1.0)


def contrast_curve(pixels: np.ndarray, amount: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """A smooth curve through (0, 0), (0.3, 0.25 - a/4), (0.5, 0.5), (0.7, 0.75 + a/4), (1, 1), held to 0..1.

    The curve is MATLAB's `spline`: cubic, with no knot at the second and the last but one point. Above 0 contrast
    grows, below it falls; 0 is an S-curve of its own, and not the identity.

    >>> contrast_curve(np.array([[[0.0], [0.3], [0.5], [0.7], [1.0]]]), 0.2).ravel().round(3).tolist()
    [0.0, 0.2, 0.5, 0.8, 1.0]
    """
    from scipy.interpolate import CubicSpline

    points = [0.0, 0.25 - amount / 4, 0.5, 0.75 + amount / 4, 1.0]
    return np.clip(CubicSpline([0.0, 0.3, 0.5, 0.7, 1.0], points, bc_type="not-a-knot")(pixels), 0.0, 1.0)


def contrast(pixels: np.ndarray, gain: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Stretch all values about the mean of the picture, all channels together: ``m + gain (x - m)``.

    Below 1 contrast falls, above it grows.

    >>> contrast(np.array([[[0.25], [0.75]]]), 0.5).ravel().tolist()
    [0.375, 0.625]
    """
    middle = float(np.mean(pixels))
    return middle + gain * (pixels - middle)


def quantize(pixels: np.ndarray, step: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Round every value to a multiple of `step` 8-bit levels, and hold it to 0..1.

    >>> quantize(np.array([[[0.0], [0.4], [1.0]]]), 51.0).ravel().round(3).tolist()
    [0.0, 0.4, 1.0]
    """
    # Whole 8-bit levels are made whole again, so that those half-way between two multiples are rounded to the even one.
    codes = np.round(pixels * 255.0, 6)
    return np.clip(np.rint(codes / step) * (step / 255.0), 0.0, 1.0)


def quantize_adaptive(pixels: np.ndarray, thresholds: float, *, rng: np.random.Generator | None = None) -> np.ndarray:
    """Cut the values of all channels into classes at the thresholds that leave the least variance within classes.

    Otsu's criterion for many thresholds, exactly: by dynamic programming over 256 levels. As in KADID-10k, what lies
    below the first threshold becomes black, what lies above the last white, and every other class takes the threshold
    at its upper end.

    Parameters
    ----------
    pixels : array
        `(H, W, C)` float64 in 0..1.
    thresholds : float
        Their number, rounded to a whole one.
    rng : numpy.random.Generator
        Not used.

    Returns
    -------
    array
        As `pixels`.

    References
    ----------
    N. Otsu, "A threshold selection method from gray-level histograms", IEEE Trans. SMC 9(1), 1979.

    Examples
    --------
    >>> quantize_adaptive(np.array([[[0.1], [0.2], [0.8], [0.9]]]), 1).ravel().tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    codes = np.rint(np.clip(pixels, 0.0, 1.0) * 255.0).astype(np.int64)
    edges = _otsu(np.bincount(codes.ravel(), minlength=256), round(thresholds))
    values = np.concatenate([[0.0], edges[1:] / 255.0, [1.0]])
    return values[np.searchsorted(edges, codes, side="left")]


def _parabola(x: np.ndarray, middle: float) -> np.ndarray:
    return np.clip(((2.0 - 4.0 * middle) * x + (4.0 * middle - 1.0)) * x, 0.0, 1.0)


def _otsu(histogram: np.ndarray, count: int) -> np.ndarray:
    """`count` levels, rising, each the last of its class; fewer where the picture has fewer values."""
    values = np.flatnonzero(histogram)
    count = max(1, min(count, len(values) - 1))
    if len(values) < 2:
        return values.astype(np.float64)
    weight = histogram[values].astype(np.float64)
    mass = np.concatenate([[0.0], np.cumsum(weight)])
    first = np.concatenate([[0.0], np.cumsum(weight * values)])
    # between[i, j]: the share in the variance between classes of a class of the values i to j - 1.
    total = mass[None, :] - mass[:, None]
    moment = first[None, :] - first[:, None]
    between = np.full(total.shape, -np.inf)
    np.divide(moment**2, total, out=between, where=total > 0)
    best, chosen = between[0].copy(), []
    for _ in range(count):
        candidates = best[:, None] + between
        chosen.append(np.argmax(candidates, axis=0))
        best = np.max(candidates, axis=0)
    ends, at = [], len(values)
    for cut in reversed(chosen):
        at = int(cut[at])
        ends.append(values[at - 1])
    return np.array(ends[::-1], dtype=np.float64)


__all__ = [
    "brighten",
    "contrast",
    "contrast_curve",
    "darken",
    "mean_shift",
    "quantize",
    "quantize_adaptive",
]
