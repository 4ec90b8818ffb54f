"""Mean 0 and standard deviation 1, safely at every magnitude that a float holds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from visq.evaluate.inputs import Floats

_HUGE = 1e300
_SHRINK = 2.0**-10


class Frame(NamedTuple):
    """`((x shrink - origin) / reach - mean) / deviation`.

    The first value is subtracted before anything is multiplied: differences of near neighbours are exact, so what is
    large but hardly varies keeps its digits. A `deviation` of 0 stands for values that are all equal.
    """

    shrink: float
    origin: float
    reach: float
    mean: float
    deviation: float

    @property
    def centre(self) -> float:
        """The mean of the values, rounded to a float."""
        return (self.origin + self.reach * self.mean) / self.shrink

    @property
    def scale(self) -> float:
        """The standard deviation of the values, divided by n."""
        return self.reach * self.deviation / self.shrink

    def of(self, x: Floats) -> Floats:
        """Values in this frame: the very same numbers for those it was made from."""
        if self.deviation == 0:
            return np.zeros_like(x)
        result: Floats = ((x * self.shrink - self.origin) / self.reach - self.mean) / self.deviation
        return result


def standardise(x: Floats) -> tuple[Floats, Frame]:
    """The values with mean 0 and standard deviation 1, and how they became so."""
    shrink = _SHRINK if np.abs(x).max() > _HUGE else 1.0  # differences must not overflow
    d = x * shrink - x[0] * shrink
    reach = float(np.abs(d).max())
    if reach == 0:
        return np.zeros_like(x), Frame(shrink, float(x[0]) * shrink, 1.0, 0.0, 0.0)
    d = d / reach
    mean = float(d.mean())
    d = d - mean
    deviation = float(np.sqrt(np.mean(d * d)))
    return d / deviation, Frame(shrink, float(x[0]) * shrink, reach, mean, deviation)
