"""The filters of FLIP: contrast sensitivity of three opponent channels, and detectors of edges and points.

All are separable; one with two Gaussians is the sum of two products.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

# Amplitude and width (degrees squared) of the Gaussians: luminance, red-green, blue-yellow (two).
_LUMINANCE, _RED_GREEN = 0.0047, 0.0053
_BLUE_YELLOW = ((34.1, 0.04), (13.5, 0.025))
# Two standard deviations of the edge detector of the eye, in degrees.
_DETECTOR = 0.082
# Taps this much below the largest are left out.
_NEGLIGIBLE = 1e-12


class FlipFilters(NamedTuple):
    """Each with an odd number of taps.

    `luminance`, `red_green` and the pair `blue_yellow` are smoothing filters for both axes. `smooth`, `first` and
    `second` are a Gaussian and its derivatives, the positive and the negative taps of which sum to 1 and -1.
    """

    luminance: np.ndarray
    red_green: np.ndarray
    blue_yellow: tuple[np.ndarray, np.ndarray]
    smooth: np.ndarray
    first: np.ndarray
    second: np.ndarray

    @property
    def radius(self) -> int:
        """Of the widest."""
        return max(len(self.blue_yellow[0]), len(self.luminance), len(self.smooth)) // 2


@lru_cache(maxsize=16)
def flip_filters(ppd: float) -> FlipFilters:
    """Filters for `ppd` pixels per degree of visual angle.

    >>> [len(f) // 2 for f in (flip_filters(67.0206).blue_yellow[0], flip_filters(67.0206).smooth)]
    [10, 9]
    """
    radius = math.ceil(3 * math.sqrt(_BLUE_YELLOW[0][1] / (2 * math.pi**2)) * ppd)
    square = (np.arange(-radius, radius + 1) / ppd) ** 2
    luminance, red_green = (np.exp(-(math.pi**2) * square / width) for width in (_LUMINANCE, _RED_GREEN))
    wide = [
        np.sqrt(amplitude * math.sqrt(math.pi / width)) * np.exp(-(math.pi**2) * square / width)
        for amplitude, width in _BLUE_YELLOW
    ]
    volume = math.sqrt(sum(float(g.sum()) ** 2 for g in wide))
    deviation = 0.5 * _DETECTOR * ppd
    reach = math.ceil(3 * deviation)
    x = np.arange(-reach, reach + 1, dtype=np.float64)
    gaussian = np.exp(-(x**2) / (2 * deviation**2))
    return FlipFilters(
        _trimmed(luminance / luminance.sum()),
        _trimmed(red_green / red_green.sum()),
        (wide[0] / volume, wide[1] / volume),
        gaussian / gaussian.sum(),
        _balanced(-x * gaussian),
        _balanced((x**2 / deviation**2 - 1) * gaussian),
    )


def _trimmed(taps: np.ndarray) -> np.ndarray:
    kept = np.flatnonzero(taps > _NEGLIGIBLE * taps.max())
    return taps[kept[0] : kept[-1] + 1]


def _balanced(taps: np.ndarray) -> np.ndarray:
    above, below = taps[taps > 0].sum(), -taps[taps < 0].sum()
    return np.where(taps > 0, taps / (above or 1.0), taps / (below or 1.0))
