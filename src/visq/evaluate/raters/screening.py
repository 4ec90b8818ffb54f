"""Which observers to leave out, by the rules of ITU-R BT.500 and ITU-T P.913.

A rule says who votes unlike the others, not who is wrong. Report how many were left out and by which rule, and compare
with `recover`, which leaves nobody out but weighs everybody by consistency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visq.errors import InputError
from visq.evaluate.raters.votes import Votes, listed

_ROOT_20 = 20**0.5


@dataclass(frozen=True, eq=False)
class Bt500Screening:
    """What the rule of BT.500 found about each observer.

    Attributes
    ----------
    rejected : tuple of str
        Observers to leave out.
    votes : Votes
        Of the others.
    above, below : ndarray of int
        P and Q: how many votes of the observer lie above and below the bounds of the item.
    share : ndarray
        `(P + Q) / votes of the observer`; more than 0.05 is suspect.
    balance : ndarray
        `|P - Q| / (P + Q)`; below 0.3 the observer errs to both sides, and is not merely strict or kind. NaN where no
        vote is outside.
    kurtosis : ndarray
        Of the votes on each item, `m4 / m2 ** 2`; NaN where all agree.
    """

    rejected: tuple[str, ...]
    votes: Votes
    above: np.ndarray
    below: np.ndarray
    share: np.ndarray
    balance: np.ndarray
    kurtosis: np.ndarray


def screen_bt500(votes: Votes, *, ddof: int = 1) -> Bt500Screening:
    """Observers whose votes lie far outside, on both sides: ITU-R BT.500, "screening of the observers".

    Votes on an item count as normally distributed where their kurtosis is between 2 and 4; then the bounds are two
    standard deviations from the mean, else `sqrt(20)` of them. An observer is rejected where more than 5 % of the votes
    are on or beyond a bound and `|P - Q| / (P + Q)` is below 0.3. The Recommendation applies it once, not again to what
    is left, and to experiments of few observers.

    The rule is weak against many inattentive observers, since they widen the bounds, and never rejects who errs to one
    side only. On items that everybody votes alike nobody is outside.

    Parameters
    ----------
    votes : Votes
        Of at least three observers.
    ddof : int
        1: the standard deviation has n - 1, as the Recommendation writes it. 0: it has n, as in sureal.

    Returns
    -------
    Bt500Screening

    Raises
    ------
    InputError
        Fewer than three observers; fewer than two, or an item without a vote, would be left.

    Notes
    -----
    ITU-R BT.500-14 (10/2019), Annex 1, 2.3.1. The text was not at hand: the rule is as sureal 0.9 (Netflix) and the
    MATLAB programs of NTIA (Pinson) have it, which agree.
    """
    if len(votes.observers) < 3:
        raise InputError("too few observers to screen", expected="at least 3", got=str(len(votes.observers)))
    matrix = votes.matrix
    count = (~np.isnan(matrix)).sum(axis=0)
    offset = matrix - np.nanmean(matrix, axis=0)
    second = np.nansum(offset**2, axis=0) / count
    fourth = np.nansum(offset**4, axis=0) / count
    spread = np.nanmax(matrix, axis=0) > np.nanmin(matrix, axis=0)
    kurtosis = np.divide(fourth, second**2, out=np.full(second.shape, np.nan), where=spread)
    std = np.sqrt(second * count / np.maximum(count - ddof, 1))
    bound = np.where((kurtosis >= 2) & (kurtosis <= 4), 2.0, _ROOT_20) * std
    above = ((offset >= bound) & spread).sum(axis=1)
    below = ((offset <= -bound) & spread).sum(axis=1)
    outside = above + below
    share = outside / (~np.isnan(matrix)).sum(axis=1)
    balance = np.divide(np.abs(above - below), outside, out=np.full(share.shape, np.nan), where=outside > 0)
    bad = (share > 0.05) & (balance < 0.3)
    rejected = tuple(name for name, out in zip(votes.observers, bad, strict=True) if out)
    return Bt500Screening(rejected, _left(votes, rejected), above, below, share, balance, kurtosis)


@dataclass(frozen=True, eq=False)
class CorrelationScreening:
    """What the rule by correlation found.

    Attributes
    ----------
    rejected : tuple of str
        Observers to leave out, in the order in which they went.
    votes : Votes
        Of the others.
    by_item : ndarray
        r1 of every observer of `votes`: Pearson's correlation of the votes with the mean of all.
    by_condition : ndarray or None
        r2, the same over the means of conditions.
    """

    rejected: tuple[str, ...]
    votes: Votes
    by_item: np.ndarray
    by_condition: np.ndarray | None


def screen_correlation(
    votes: Votes,
    conditions: Sequence[str] | None = None,
    *,
    by_item: float = 0.75,
    by_condition: float = 0.8,
) -> CorrelationScreening:
    """Observers who do not vote along with the mean of all: ITU-T P.913, screening by Pearson's correlation.

    An observer is out where the correlation with the mean votes of all is below `by_item` and, where conditions are
    given, that of the means of conditions is below `by_condition` too. The worst goes first (the least mean of the
    two), then all is computed again, until nobody is out: one very bad observer does not drag others along.

    Parameters
    ----------
    votes : Votes
        Of at least three observers.
    conditions : sequence of str, optional
        The condition (hypothetical reference circuit: codec and rate, distortion and level) of each item.
    by_item, by_condition : float
        Thresholds.

    Returns
    -------
    CorrelationScreening

    Raises
    ------
    InputError
        Fewer than three observers or items; conditions that do not fit the items; fewer than two observers, or an item
        without a vote, would be left.

    Notes
    -----
    The thresholds are those of the VQEG Multimedia test plan, Annex VI (0.75 and 0.8) and of the VQEG HDTV test plan,
    Annex I (0.75 alone), read in the MATLAB programs of NTIA (Pinson). That P.913 Annex A has the same ones and removes
    one observer at a time is recalled, not read.
    """
    if conditions is not None and len(conditions) != len(votes.items):
        raise InputError(
            "conditions do not fit the items", expected=f"{len(votes.items)}, one an item", got=str(len(conditions))
        )
    if len(votes.observers) < 3 or len(votes.items) < 3:
        raise InputError(
            "too few votes to screen",
            expected="at least 3 observers and 3 items",
            got=f"{len(votes.observers)} and {len(votes.items)}",
        )
    names = None if conditions is None else list(dict.fromkeys(conditions))
    groups = None if conditions is None or names is None else np.array([names.index(c) for c in conditions])
    kept, rejected = votes, list[str]()
    while True:
        first = _with_the_mean(kept.matrix)
        second = None if groups is None else _with_the_mean(_by_group(kept.matrix, groups))
        out = ~(first >= by_item)
        worth = np.nan_to_num(first, nan=-1.0)
        if second is not None:
            out &= ~(second >= by_condition)
            worth = (worth + np.nan_to_num(second, nan=-1.0)) / 2
        if not out.any():
            return CorrelationScreening(tuple(rejected), kept, first, second)
        worst = kept.observers[int(np.argmin(np.where(out, worth, np.inf)))]
        rejected.append(worst)
        kept = _left(kept, (worst,))


def _with_the_mean(matrix: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each row with the mean of all rows, over what the row has; NaN for a flat row."""
    mean = np.nanmean(matrix, axis=0)
    found = np.full(len(matrix), np.nan)
    for i, row in enumerate(matrix):
        has = ~np.isnan(row)
        own, other = row[has] - row[has].mean(), mean[has] - mean[has].mean()
        scale = np.sqrt((own @ own) * (other @ other))
        if row[has].min() < row[has].max() and scale > 0:  # a flat row need not have exactly its mean
            found[i] = own @ other / scale
    return found


def _by_group(matrix: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Means over the items of each group; NaN where an observer has none."""
    has = ~np.isnan(matrix)
    member = np.eye(groups.max() + 1)[groups]
    count = has @ member
    return np.divide(np.where(has, matrix, 0) @ member, count, out=np.full(count.shape, np.nan), where=count > 0)


def _left(votes: Votes, rejected: Sequence[str]) -> Votes:
    if rejected and len(votes.observers) - len(rejected) < 2:
        raise InputError(
            "the rule would leave nobody to agree with",
            expected="at least 2 observers",
            hint="The observers do not agree at all: look at the items and the votes.",
        )
    if not rejected:
        return votes
    kept = [i for i, name in enumerate(votes.observers) if name not in rejected]
    bare = [votes.items[j] for j in np.flatnonzero(np.isnan(votes.matrix[kept]).all(axis=0))]
    if bare:
        raise InputError(
            f"nobody but the rejected {listed(rejected)} voted on {listed(bare)}", hint="Leave out these items first."
        )
    return votes.without(rejected)
