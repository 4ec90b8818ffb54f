"""The interval around a score: split-conformal, from pictures that were not trained on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.errors import InputError, OptionError


@dataclass(frozen=True, slots=True)
class Calibration:
    """What an interval is made of: ``score ± quantile exp(log_scale)``, cut to the range of scores.

    Attributes
    ----------
    level : float
        Share of the ratings that it is to hold.
    quantile : float
        Half its width on the scale 0..1, in units of the error's scale.
    """

    level: float = 0.9
    quantile: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.level < 1 and 0 < self.quantile < float("inf")):
            raise OptionError("no calibration", expected="a level between 0 and 1, a quantile above 0", got=repr(self))


def calibrate(scores: Any, log_scales: Any, ratings: Any, level: float = 0.9) -> Calibration:
    """The calibration by pictures that nothing was fitted to: `visq.evaluate.conformal_quantile` of the scaled errors.

    Parameters
    ----------
    scores, log_scales, ratings : sequences of n numbers
        The read-out's score and its logarithm of the error's scale, and what people said, in 0..1.
    level : float
        Share of the ratings of new pictures like these that an interval is to hold.

    Raises
    ------
    InputError
        Lengths that differ, NaN, or too few pictures for the level.

    Examples
    --------
    >>> calibrate([0.5] * 9, [0.0] * 9, [0.51, 0.52, 0.53, 0.54, 0.55, 0.56, 0.57, 0.58, 0.59]).quantile
    0.09
    """
    from visq.evaluate import conformal_quantile

    score, log_scale, rating = (np.asarray(x, dtype=np.float64) for x in (scores, log_scales, ratings))
    if not (score.ndim == 1 and score.shape == log_scale.shape == rating.shape):
        shapes = ", ".join(str(x.shape) for x in (score, log_scale, rating))
        raise InputError("scores, scales and ratings do not belong together", expected="one length", got=shapes)
    quantile = conformal_quantile(np.abs(score - rating) / np.exp(log_scale), level)
    return Calibration(level, round(quantile, 12))
