"""Tests of what two metrics leave unexplained, after each was fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.errors import InputError
from visq.evaluate.correlation import pearson
from visq.evaluate.inputs import Floats, constant, pair, whole

#: Kurtosis of residuals that pass as normal; a normal distribution has 3.
NORMAL_KURTOSIS = (2.0, 4.0)


@dataclass(frozen=True, slots=True)
class ResidualTest:
    """A test of `variance of residuals of a = that of b`.

    Attributes
    ----------
    statistic : float
        F for the F-test (above 1 where a leaves more), t for Pitman and Morgan's (positive where a leaves more).
    p : float
        Two-sided.
    freedom : tuple of float
    kurtosis : (float, float)
        Of each metric's residuals.
    normal : bool
        Whether both lie between 2 and 4. Where they do not, the p-value of the F-test is not to be trusted.
    """

    statistic: float
    p: float
    freedom: tuple[float, ...]
    kurtosis: tuple[float, float]
    normal: bool


def residual_f_test(residuals_a: Any, residuals_b: Any, *, parameters: tuple[int, int] = (1, 1)) -> ResidualTest:
    """VQEG's F-test: whether one metric leaves a larger variance than the other.

    F = (sum ra^2 / (n - ka)) / (sum rb^2 / (n - kb)), two-sided.

    Parameters
    ----------
    residuals_a, residuals_b : sequence of float, (n,)
        Fitted predictions minus scores, for the same items.
    parameters : (int, int)
        Degrees of freedom each fit took (5 for a five-parameter logistic); 1 as VQEG counts, for the mean.

    Returns
    -------
    ResidualTest

    Raises
    ------
    InputError
        Lengths that differ, NaN, or no more items than parameters.

    Notes
    -----
    VQEG, Final report on the validation of objective models, phase I (2000) and II (2003); as used for images by H. R.
    Sheikh, M. F. Sabir, A. C. Bovik, IEEE TIP 15 (2006), 3440-3451, who call residuals normal where their kurtosis lies
    between 2 and 4 (recalled). The test holds residuals to be normal and independent of each other. Two metrics miss
    the same images, so they rarely are: then it finds too little (`pitman_morgan` does not mind).

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> found = residual_f_test(rng.normal(0, 2, 100), rng.normal(0, 1, 100))
    >>> found.statistic > 1, found.p < 0.001, found.normal
    (True, True, True)
    """
    from scipy.stats import f

    a, b = pair(residuals_a, residuals_b, names=("residuals_a", "residuals_b"))
    if not isinstance(parameters, tuple | list) or len(parameters) != 2:
        raise InputError("parameters takes a number for each metric", expected="(ka, kb)", got=repr(parameters))
    freedom = tuple(a.size - whole(k, "parameters", minimum=0) for k in parameters)
    if min(freedom) < 1:
        raise InputError("too few items for these parameters", expected=f"more than {max(parameters)}", got=str(a.size))
    reach = float(max(np.abs(a).max(), np.abs(b).max())) or 1.0  # squares neither overflow nor vanish
    a, b = a / reach, b / reach
    squares = float(np.sum(a * a)) / freedom[0], float(np.sum(b * b)) / freedom[1]
    kurtosis = kurtosis_of(a), kurtosis_of(b)
    if squares[0] == squares[1]:
        return ResidualTest(1.0, 1.0, freedom, kurtosis, _normal(kurtosis))
    statistic = squares[0] / squares[1] if squares[1] else math.inf
    tails = float(f.cdf(statistic, *freedom)), float(f.sf(statistic, *freedom))
    return ResidualTest(statistic, min(1.0, 2 * min(tails)), freedom, kurtosis, _normal(kurtosis))


def pitman_morgan(residuals_a: Any, residuals_b: Any) -> ResidualTest:
    """Pitman and Morgan's test of two variances of paired values: allows for residuals that go together.

    The correlation r of sums and differences is 0 where the variances are equal; t = r sqrt((n - 2)/(1 - r^2)).

    Notes
    -----
    E. J. G. Pitman, Biometrika 31 (1939), 9-12; W. A. Morgan, ibid., 13-19.

    Examples
    --------
    >>> pitman_morgan([3.0, -2.0, 4.0, -5.0], [1.0, -1.0, 1.0, -1.0]).statistic > 0
    True
    """
    from scipy.stats import t

    a, b = pair(residuals_a, residuals_b, names=("residuals_a", "residuals_b"))
    kurtosis = kurtosis_of(a), kurtosis_of(b)
    freedom = (float(a.size - 2),)
    if constant(a + b) or constant(a - b):
        return ResidualTest(0.0, 1.0, freedom, kurtosis, _normal(kurtosis))
    r = pearson(a + b, a - b)
    statistic = r * math.sqrt(freedom[0] / (1 - r * r)) if abs(r) < 1 else math.copysign(math.inf, r)
    return ResidualTest(statistic, float(2 * t.sf(abs(statistic), freedom[0])), freedom, kurtosis, _normal(kurtosis))


def kurtosis_of(residuals: Floats) -> float:
    """Fourth moment over the squared second, 3 for a normal distribution; NaN where all are equal."""
    d = residuals - residuals.mean()
    d = d / (float(np.abs(d).max()) or 1.0)
    second = float(np.mean(d**2))
    return float(np.mean(d**4)) / second**2 if second > 0 else math.nan


def _normal(kurtosis: tuple[float, float]) -> bool:
    return all(NORMAL_KURTOSIS[0] <= k <= NORMAL_KURTOSIS[1] for k in kurtosis)
