"""Quality, observers' bias and observers' inconsistency, estimated together instead of leaving observers out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from visq.errors import InputError
from visq.evaluate.raters.votes import Votes

# Variance added to that of each observer: without it, one who hits every estimate has infinite weight.
_FLOOR = 1e-8
_CLOSE = 1e-8
_ROUNDS = 1000


def remove_bias(votes: Votes) -> tuple[Votes, np.ndarray]:
    """Votes less each observer's bias, and the biases: ITU-T P.913 (06/2021), 12.4.

    The bias of an observer is the mean of the votes given less the mean votes of all on the same items. The mean of
    each item stays as it was where nobody missed a vote; its interval becomes narrower.

    Examples
    --------
    >>> votes, bias = remove_bias(Votes.from_matrix([[5, 4, 3], [3, 2, 1]]))
    >>> bias.tolist(), votes.matrix.tolist()
    ([1.0, -1.0], [[4.0, 3.0, 2.0], [4.0, 3.0, 2.0]])
    """
    bias = np.nanmean(votes.matrix - np.nanmean(votes.matrix, axis=0), axis=1)
    return Votes(votes.observers, votes.items, votes.matrix - bias[:, None]), bias


@dataclass(frozen=True, eq=False)
class Recovered:
    """Quality of items and behaviour of observers.

    Attributes
    ----------
    observers, items : tuple of str
        Whose bias and inconsistency, and whose quality.
    quality : ndarray
        Of each item, in the unit of the votes: bias-subtracted, consistency-weighted MOS.
    error : ndarray
        Its standard error by the model, `1 / sqrt(sum of 1 / inconsistency ** 2)` over who voted.
    spread_error : ndarray
        Its standard error by the spread of the votes on the item about the model, `residual std / sqrt(n)`: what the
        program of P.910 prints as `sos_j`. Larger than `error` where an item divides the observers.
    bias : ndarray
        Of each observer; they have mean 0.
    inconsistency : ndarray
        Standard deviation of each observer's votes about quality plus bias.
    rounds : int
        How many rounds the estimate took.
    """

    observers: tuple[str, ...]
    items: tuple[str, ...]
    quality: np.ndarray
    error: np.ndarray
    spread_error: np.ndarray
    bias: np.ndarray
    inconsistency: np.ndarray
    rounds: int

    def interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Confidence interval of the quality, `quality +- z error`."""
        from scipy.special import ndtri

        if not 0 < level < 1:
            raise InputError("the level is no share", expected="between 0 and 1, as 0.95", got=repr(level))
        half = ndtri((1 + level) / 2) * self.error
        return self.quality - half, self.quality + half


def recover(votes: Votes, *, unbiased: bool = False) -> Recovered:
    r"""Quality of items by the model `vote = quality + bias + inconsistency * noise`, by maximum likelihood.

    An observer who votes at random gets a large inconsistency and hardly any weight; nobody is thrown out and there is
    no threshold. Solved by alternating projection: quality is the mean of the votes less bias, weighted by
    `1 / inconsistency ** 2`; bias is the observer's mean residual; inconsistency the residuals' standard deviation;
    again, until quality changes by less than 1e-8.

    Parameters
    ----------
    votes : Votes
        Of at least two observers, each with at least two votes, who are joined by items that several have seen.
    unbiased : bool
        Divide an observer's squared residuals not by the number of votes but by what the observer's own weight leaves
        of it, the sum of `(1 - share of the weight on the item) (1 - 1 / votes)`. Not in the Recommendation.

        Maximum likelihood takes the part of the noise that an observer's own vote put into the quality for
        consistency. Where one observer has more than about a quarter of the weight of an item there is no useful
        maximum: the share grows from round to round until quality is what that observer said. Few observers, or one
        much better than the rest, are enough. This correction has its solution at the truth instead.

    Returns
    -------
    Recovered

    Raises
    ------
    InputError
        Fewer votes than that; no estimate after 1,000 rounds; or one that has collapsed onto one observer.

    Notes
    -----
    Li, Bampis, Krasula, Janowski, Katsavounidis, "A simple model for subject behavior in subjective experiments", HVEI
    2020, arXiv 2004.02067; ITU-T P.910 (11/21) Annex E, ITU-T P.913 (06/21) 12.6. As their likelihood has no upper
    bound (one observer whose votes are all hit has infinite weight), 1e-8 is added to the variances, as in the program
    of P.910 that the tests compare with; an estimate that lies there all the same is refused, where that program gives
    it. Why a quarter: where the others' votes on an item have the information W and are known, an observer of variance
    v is a solution of x + 2 + 1 / x = v W + 1, x = (estimate of v) W, which has one only for v W of 3 or more.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> noise = np.array([0.5] * 14 + [3.0])
    >>> votes = Votes.from_matrix(np.linspace(1, 5, 40) + noise[:, None] * rng.normal(size=(15, 40)))
    >>> found = recover(votes)
    >>> found.observers[int(found.inconsistency.argmax())], round(float(np.median(found.inconsistency)), 1)
    ('observer 15', 0.5)
    """
    matrix, has = votes.matrix, ~np.isnan(votes.matrix)
    few = [votes.observers[i] for i in np.flatnonzero(has.sum(axis=1) < 2)]
    if few or len(votes.observers) < 2:
        raise InputError(
            "too few votes to tell observers from items",
            expected="at least 2 observers with at least 2 votes each",
            got=f"one vote of {few[0]!r}" if few else "one observer",
        )
    _check_joined(votes, has)
    quality = np.nanmean(matrix, axis=0)
    bias = np.nanmean(matrix - quality, axis=1)
    weight = has.astype(np.float64)
    for rounds in range(1, _ROUNDS + 1):  # noqa: B007
        residual = matrix - quality - bias[:, None]
        spread = np.nanstd(residual, axis=1)
        if unbiased:
            spread *= np.sqrt(_inflation(weight, has))
        weight = has / (spread**2 + _FLOOR)[:, None]
        before, quality = quality, np.nansum((matrix - bias[:, None]) * weight, axis=0) / weight.sum(axis=0)
        bias = np.nanmean(matrix - quality, axis=1)
        if np.linalg.norm(quality - before) < _CLOSE:
            break
    else:
        raise InputError(f"the estimate did not settle in {_ROUNDS} rounds", hint=_hint(unbiased))
    _check_spread(votes, spread, unbiased)
    by_item = np.nanstd(residual, axis=0)
    shift = bias.mean()
    return Recovered(
        votes.observers, votes.items, quality + shift, 1 / np.sqrt(weight.sum(axis=0)),
        by_item / np.sqrt(has.sum(axis=0)), bias - shift, spread, rounds,
    )  # fmt: skip


def _inflation(weight: np.ndarray, has: np.ndarray) -> np.ndarray:
    """Votes of each observer over what quality and bias leave of them free to vary."""
    count = has.sum(axis=1)
    left = (has - weight / weight.sum(axis=0)).sum(axis=1) * (1 - 1 / count)
    return count / np.maximum(left, _FLOOR)


def _hint(unbiased: bool) -> str:
    return "Use " + ("" if unbiased else "recover(votes, unbiased=True) or ") + "mos(remove_bias(votes)[0])."


def _check_spread(votes: Votes, spread: np.ndarray, unbiased: bool) -> None:
    """Refuse the singular maximum, where quality is what one observer said and the others count for nothing."""
    hit = spread**2 < 100 * _FLOOR
    if hit.any() and not hit.all():
        raise InputError(
            f"the estimate has collapsed onto {votes.observers[int(np.argmax(hit))]!r}, whose every vote it hits",
            got=f"{len(votes.observers)} observers and {len(votes.items)} items",
            hint=_hint(unbiased),
        )


def _check_joined(votes: Votes, has: np.ndarray) -> None:
    """Refuse groups of observers who share no item: nothing tells the bias of one from the quality of its items."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    shared = csr_array(has.astype(np.int64) @ has.T.astype(np.int64))
    groups, label = connected_components(shared, directed=False)
    if groups > 1:
        first, other = (votes.observers[int(np.flatnonzero(label == g)[0])] for g in (0, 1))
        raise InputError(
            f"the observers fall into {groups} groups that share no item: {first!r} is in one, {other!r} in another",
            hint="Recover each group by itself; their scales cannot be compared.",
        )
