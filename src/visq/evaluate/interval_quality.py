"""What intervals are worth: how often they hold the score, how wide they are, and both in one number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from visq.errors import InputError
from visq.evaluate.inputs import Floats, choice, pair, same_length, share, vector, whole

Method = Literal["wilson", "clopper-pearson"]
_SCIPY = {"wilson": "wilson", "clopper-pearson": "exact"}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often intervals held the score.

    Attributes
    ----------
    coverage : float
        Share of items whose score lies within, limits included.
    interval : (float, float)
        Of that share, for items that are independent of each other.
    n : int
    below, above : float
        Shares of items whose score lies below the lower and above the upper limit.
    width : float
        Mean of upper minus lower, in units of the scores.
    score : float
        Mean interval score at `nominal`: lower is better.
    nominal : float
        The coverage that the intervals were made for.
    level : float
        Of `interval`.
    method : str
    """

    coverage: float
    interval: tuple[float, float]
    n: int
    below: float
    above: float
    width: float
    score: float
    nominal: float
    level: float
    method: Method


def coverage(
    lower: Any,
    upper: Any,
    scores: Any,
    *,
    nominal: float = 0.9,
    level: float = 0.95,
    method: Method = "wilson",
) -> Coverage:
    """The share of scores that lie within their intervals, how sure that share is, and how wide the intervals are.

    Parameters
    ----------
    lower, upper, scores : sequence of float, (n,)
        An interval for each item, and what it turned out to be; 1 item or more.
    nominal : float
        The coverage that the intervals were made for: it enters the interval score alone.
    level : float
        Of the interval of the share.
    method : str
        `wilson` (E. B. Wilson, JASA 22, 1927, 209-212), near to its level on average; `clopper-pearson` (C. Clopper,
        E. S. Pearson, Biometrika 26, 1934, 404-413), never below it, and wider.

    Returns
    -------
    Coverage

    Raises
    ------
    InputError
        Lengths that differ, NaN, a lower limit above its upper one, no items.

    Examples
    --------
    >>> found = coverage([1, 2, 3, 4], [3, 4, 5, 6], [2, 3, 4, 9])
    >>> found.coverage, found.above, found.width
    (0.75, 0.25, 2.0)
    >>> [round(end, 4) for end in found.interval]
    [0.3006, 0.9544]
    """
    from scipy.stats import binomtest

    low, high, y = _limits(lower, upper, scores)
    choice(method, tuple(_SCIPY), "method")
    share(level, "level")
    under, over = y < low, y > high
    held = y.size - int(under.sum()) - int(over.sum())
    found = binomtest(held, y.size).proportion_ci(level, _SCIPY[method])
    return Coverage(
        held / y.size,
        (float(found.low), float(found.high)),
        y.size,
        float(under.mean()),
        float(over.mean()),
        float(np.mean(high - low)),
        float(_scored(low, high, y, nominal).mean()),
        float(nominal),
        float(level),
        method,
    )


def interval_score(lower: Any, upper: Any, scores: Any, *, nominal: float = 0.9) -> float:
    """Winkler's interval score, the mean of (u - l) + (2/a) max(0, l - y) + (2/a) max(0, y - u), a = 1 - nominal.

    Proper: it is least on average for the true quantiles at a/2 and 1 - a/2. Compares intervals of one nominal coverage
    on the same items; in units of the scores, 0 or more, lower is better.

    Raises
    ------
    InputError
        As `coverage`.

    Notes
    -----
    R. L. Winkler, JASA 67 (1972), 187-191; T. Gneiting, A. E. Raftery, JASA 102 (2007), 359-378, eq. 43.

    Examples
    --------
    >>> round(interval_score([1, 2], [3, 4], [2, 5], nominal=0.9), 6)  # (2 + (2 + 20 * 1)) / 2
    12.0
    """
    low, high, y = _limits(lower, upper, scores)
    return float(_scored(low, high, y, nominal).mean())


def expected_coverage(
    n: int, coverage: float = 0.9, *, items: int | None = None, level: float = 0.95
) -> tuple[float, float, float]:
    """What split-conformal intervals calibrated on n items will hold: the mean, and the limits of `level` of the cases.

    With k = ceil((n + 1) coverage) the share of all further items that are held is Beta(k, n + 1 - k), for residuals of
    which no two are equal; the share of `items` of them is beta-binomial. Says how many items to calibrate on.

    Parameters
    ----------
    n : int
        Items calibrated on; symmetric intervals without groups, or the items of one group.
    coverage : float
        As calibrated for.
    items : int, optional
        Items that it will be measured on; without it all that could be.
    level : float

    Returns
    -------
    (float, float, float)
        Mean, low, high, 0 to 1.

    Raises
    ------
    InputError
        `n` too small for the coverage, numbers out of range.

    Notes
    -----
    V. Vovk, Conditional validity of inductive conformal predictors, ACML 2012.

    Examples
    --------
    >>> [round(value, 3) for value in expected_coverage(1000)]
    [0.9, 0.881, 0.918]
    >>> [round(value, 3) for value in expected_coverage(1000, items=2000)]
    [0.9, 0.876, 0.922]
    """
    from scipy.stats import beta, betabinom

    from visq.evaluate.conformal import rank

    k = rank(whole(n, "n", minimum=1), coverage)
    tails = np.array([(1 - share(level, "level")) / 2, (1 + level) / 2])
    mean = k / (n + 1)
    if items is None:
        low, high = beta.ppf(tails, k, n + 1 - k)
    else:
        low, high = betabinom.ppf(tails, whole(items, "items", minimum=1), k, n + 1 - k) / items
    return mean, float(low), float(high)


def _limits(lower: Any, upper: Any, scores: Any) -> tuple[Floats, Floats, Floats]:
    low, high = pair(lower, upper, minimum=1, names=("lower", "upper"))
    y = vector(scores, "scores")
    same_length(y, low.size, "scores", "lower")
    wrong = np.flatnonzero(low > high)
    if wrong.size:
        at = wrong[0]
        raise InputError(
            "a lower limit lies above its upper one", expected="lower <= upper", got=f"{low[at]} and {high[at]} at {at}"
        )
    return low, high, y


def _scored(low: Floats, high: Floats, y: Floats, nominal: float) -> Floats:
    penalty = 2 / (1 - share(nominal, "nominal"))
    outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
    scored: Floats = high - low + penalty * outside
    return scored
