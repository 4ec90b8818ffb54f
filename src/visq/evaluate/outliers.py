"""The share of predictions that miss by more than the people's own spread."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError
from visq.evaluate.inputs import Floats, choice, pair, positive

OutlierRule = Literal["standard deviation", "standard error", "confidence interval"]
RULES: tuple[OutlierRule, ...] = ("standard deviation", "standard error", "confidence interval")


def outlier_ratio(
    predictions: Any, scores: Any, std: Any, *, votes: Any = None, rule: OutlierRule | None = None
) -> float:
    """Share of items whose prediction lies further from the score than people's spread allows.

    An item is an outlier where |prediction - score| > limit, with limit by `rule`:

    - `standard deviation`: 2 std, std that of the votes for this item. What papers on image quality print.
    - `standard error`: 2 std / sqrt(votes). VQEG's, which is much stricter.
    - `confidence interval`: t std / sqrt(votes) with t the two-sided 95 % point of Student's t of votes - 1 degrees of
      freedom, as ITU-T P.1401 has it for few votes.

    Parameters
    ----------
    predictions : sequence of float, (n,)
        On the scale of the scores: after a fit.
    scores : sequence of float, (n,)
    std : float or sequence of float, (n,)
        Standard deviation of the votes for each item, 0 or more.
    votes : float or sequence of float, (n,), optional
        Number of votes for each item.
    rule : str, optional
        By default `standard error` where `votes` are given and `standard deviation` otherwise.

    Returns
    -------
    float
        0 (none) to 1; lower is better.

    Raises
    ------
    InputError
        Lengths that differ, NaN, negative `std`, a rule that needs votes without them.

    Notes
    -----
    VQEG, Final report on the validation of objective models of video quality assessment, phase II, 2003; ITU-T P.1401,
    2020, 7.5.2.2. The factors are recalled from these reports.

    Examples
    --------
    >>> outlier_ratio([1.0, 2.0, 3.0, 4.0], [1.0, 2.5, 3.0, 9.0], std=1.0)
    0.25
    >>> outlier_ratio([1.0, 2.0, 3.0, 4.0], [1.0, 2.5, 3.0, 9.0], std=1.0, votes=25)
    0.5
    """
    x, y = pair(predictions, scores)
    return float(np.mean(misses(x, y, limits(y.size, std, votes, rule_of(votes, rule)))))


def rule_of(votes: Any, rule: OutlierRule | None) -> OutlierRule:
    """The rule that is meant."""
    if rule is None:
        return "standard deviation" if votes is None else "standard error"
    choice(rule, RULES, "rule")
    if votes is None and rule != "standard deviation":
        raise InputError(f"the {rule} needs the number of votes", hint="Give votes=, one number or one an item.")
    return rule


def limits(length: int, std: Any, votes: Any, rule: OutlierRule) -> Floats:
    """How far a prediction may lie from each score."""
    spread = positive(std, length, "std", zero=True)
    if rule == "standard deviation":
        return 2 * spread
    count = positive(votes, length, "votes", zero=False)
    error = spread / np.sqrt(count)
    if rule == "standard error":
        return 2 * error
    from scipy.stats import t

    if count.min() < 2:
        raise InputError("a confidence interval needs two votes", expected="votes from 2 on", got=str(count.min()))
    interval: Floats = t.ppf(0.975, count - 1) * error
    return interval


def misses(x: Floats, y: Floats, limit: Floats) -> NDArray[np.bool_]:
    """Which items are outliers."""
    missed: NDArray[np.bool_] = np.abs(x - y) > limit
    return missed
