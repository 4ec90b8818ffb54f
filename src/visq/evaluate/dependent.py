"""Tests of two correlations that share the people's scores: Williams, Meng-Rosenthal-Rubin, Steiger; and their power.

All take three correlations and the number of items: of metric a with the scores, of metric b with the scores, and of
the two metrics with each other. They hold the items to be independent; images made from one photograph are not, so
prefer `compare_metrics(..., groups=contents)` where contents are known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np

from visq.errors import InputError
from visq.evaluate.inputs import share, whole

_FEWEST = 4
# Correlations of one metric in two units differ by the rounding of their sums, which is no difference.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class CorrelationTest:
    """A test of `ra = rb`.

    Attributes
    ----------
    statistic : float
        Positive where a's correlation is the higher one.
    p : float
        Two-sided.
    freedom : float
        Degrees of freedom of Student's t; infinite for a normal statistic.
    interval : (float, float)
        95 % interval of the difference of Fisher's z values; NaN where the test has none.
    """

    statistic: float
    p: float
    freedom: float
    interval: tuple[float, float] = (math.nan, math.nan)


def williams(ra: float, rb: float, rab: float, n: int) -> CorrelationTest:
    """Williams' t for two correlations with one variable in common.

    t = (ra - rb) sqrt((n - 1)(1 + rab) / (2 (n - 1)/(n - 3) |R| + m^2 (1 - rab)^3)), m = (ra + rb)/2,
    |R| = 1 - ra^2 - rb^2 - rab^2 + 2 ra rb rab, with n - 3 degrees of freedom.

    Parameters
    ----------
    ra, rb : float
        Correlation of each metric with the scores.
    rab : float
        Correlation of the two metrics.
    n : int
        Items, from 4 on.

    Raises
    ------
    InputError
        A correlation outside [-1, 1], three that cannot belong together, fewer than 4 items.

    Notes
    -----
    E. J. Williams, Journal of the Royal Statistical Society B 21 (1959), 396-399; recommended by J. H. Steiger,
    Psychological Bulletin 87 (1980), 245-251. Made for Pearson's correlation of normal variables; with rank
    correlations it is an approximation.

    Examples
    --------
    >>> found = williams(0.3, 0.4, 0.5, 100)
    >>> round(found.statistic, 4), round(found.p, 4)
    (-1.0767, 0.2843)
    """
    from scipy.stats import t

    determinant = _checked(ra, rb, rab, n)
    if abs(ra - rb) <= _ROUNDING:
        return CorrelationTest(0.0, 1.0, n - 3)
    mean = (ra + rb) / 2
    below = 2 * (n - 1) / (n - 3) * determinant + mean**2 * (1 - rab) ** 3
    statistic = (ra - rb) * math.sqrt((n - 1) * (1 + rab) / below) if below > 0 else math.copysign(math.inf, ra - rb)
    return CorrelationTest(statistic, float(2 * t.sf(abs(statistic), n - 3)), n - 3)


def meng(ra: float, rb: float, rab: float, n: int) -> CorrelationTest:
    """Meng, Rosenthal and Rubin's z for two correlations with one variable in common.

    z = (za - zb) sqrt((n - 3) / (2 (1 - rab) h)), h = (1 - f q)/(1 - q), q = (ra^2 + rb^2)/2,
    f = min(1, (1 - rab) / (2 (1 - q))), z values by Fisher.

    Parameters and errors are those of `williams`; `interval` holds the difference of the z values.

    Notes
    -----
    X.-L. Meng, R. Rosenthal, D. B. Rubin, Psychological Bulletin 111 (1992), 172-175.

    Examples
    --------
    >>> found = meng(0.63, -0.03, -0.19, 15)
    >>> round(found.statistic, 2), round(found.p / 2, 3)
    (1.68, 0.047)
    """
    _checked(ra, rb, rab, n)
    square = (ra**2 + rb**2) / 2
    if square == 1 or 1 - rab <= _ROUNDING:
        return _same(ra, rb)
    factor = min(1.0, (1 - rab) / (2 * (1 - square)))
    h = (1 - factor * square) / (1 - square)
    return _normal(ra, rb, math.sqrt(2 * (1 - rab) * h / (n - 3)))


def steiger(ra: float, rb: float, rab: float, n: int) -> CorrelationTest:
    """Steiger's z for two correlations with one variable in common, with the covariance at their mean.

    z = (za - zb) sqrt((n - 3) / (2 - 2 c)), c = (rab (1 - 2 m^2) - m^2 (1 - 2 m^2 - rab^2)/2) / (1 - m^2)^2,
    m = (ra + rb)/2. Parameters and errors are those of `williams`; `interval` holds the difference of the z values.

    Notes
    -----
    J. H. Steiger, Psychological Bulletin 87 (1980), 245-251, equation 14 with the pooled estimate.

    Examples
    --------
    >>> round(steiger(0.4, 0.5, 0.1, 103).statistic, 4)
    -0.8887
    """
    _checked(ra, rb, rab, n)
    square = ((ra + rb) / 2) ** 2
    if square == 1 or 1 - rab <= _ROUNDING:
        return _same(ra, rb)
    covariance = (rab * (1 - 2 * square) - square * (1 - 2 * square - rab**2) / 2) / (1 - square) ** 2
    return _normal(ra, rb, math.sqrt(max(0.0, 2 - 2 * covariance) / (n - 3)))


def power(ra: float, rb: float, rab: float, n: int, *, alpha: float = 0.05) -> float:
    """How often a two-sided test at `alpha` finds that ra and rb differ, if these are the true correlations.

    Normal approximation with the standard error of Meng, Rosenthal and Rubin's test. Solve for n to plan a study.

    Examples
    --------
    >>> round(power(0.90, 0.88, 0.85, 500), 2)
    0.56
    """
    from scipy.special import ndtr, ndtri

    _checked(ra, rb, rab, n)
    limit = -float(ndtri(share(alpha, "alpha") / 2))
    shift = meng(ra, rb, rab, n).statistic
    return float(ndtr(shift - limit) + ndtr(-shift - limit))


def _checked(ra: float, rb: float, rab: float, n: int) -> float:
    """Determinant of the correlations, where they can belong together."""
    whole(n, "n", minimum=_FEWEST)
    for name, r in (("ra", ra), ("rb", rb), ("rab", rab)):
        if not isinstance(r, Real) or not -1 <= r <= 1:
            raise InputError(f"{name} is no correlation", expected="-1 to 1", got=repr(r))
    determinant = 1 - ra**2 - rb**2 - rab**2 + 2 * ra * rb * rab
    if determinant < -1e-9:
        raise InputError("no three variables have these correlations", got=f"ra {ra}, rb {rb}, rab {rab}")
    return max(0.0, determinant)


def _same(ra: float, rb: float) -> CorrelationTest:
    """Metrics that give the same order: no difference, or one beyond doubt."""
    if abs(ra - rb) <= _ROUNDING:
        return CorrelationTest(0.0, 1.0, math.inf, (0.0, 0.0))
    return CorrelationTest(math.copysign(math.inf, ra - rb), 0.0, math.inf)


def _normal(ra: float, rb: float, error: float) -> CorrelationTest:
    from scipy.special import ndtr, ndtri

    with np.errstate(divide="ignore"):
        difference = float(np.arctanh(ra) - np.arctanh(rb))
    if error == 0 or math.isinf(difference):
        return _same(ra, rb)
    statistic, reach = difference / error, float(ndtri(0.975)) * error
    return CorrelationTest(
        statistic, float(2 * ndtr(-abs(statistic))), math.inf, (difference - reach, difference + reach)
    )
