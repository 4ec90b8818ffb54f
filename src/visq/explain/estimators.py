"""From scores of masked pictures to the importance of every cell: leave one out, exact halves, greedy removal."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from visq.errors import OptionError
from visq.evaluate.correlation import spearman
from visq.explain.cells import Bools, Floats

#: From masks `(K, n)` to scores `(K,)`.
Score = Callable[[Bools], Floats]
Estimator = Literal["half", "loo", "greedy"]

#: Masks of the estimator `half` for each cell, and how often that may be doubled where two sets of them disagree.
MASKS_PER_CELL = 20
DOUBLINGS = 2
RIDGE = 1e-2
#: Rank correlation of the maps of two disjoint sets of masks that is taken for the same map.
STABLE = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """What an estimator found.

    Attributes
    ----------
    values : (n,) array
        Importance.
    critical : (n,) bool array
        The half that matters more, exactly ``n // 2`` cells.
    stability : float
        `half` only: rank correlation of two maps from disjoint sets of masks; NaN otherwise.
    calls : int
        How many masked pictures were scored.
    """

    values: Floats
    critical: Bools
    stability: float
    calls: int


def most_important(values: Floats) -> Bools:
    """The ``n // 2`` largest; of equal ones those that come first.

    >>> most_important(np.array([1.0, 3.0, 3.0, 3.0, 0.0])).tolist()
    [False, True, True, False, False]
    """
    found = np.zeros(values.size, dtype=bool)
    found[np.argsort(-values, kind="stable")[: values.size // 2]] = True
    return found


def calls(estimator: Estimator, count: int, masks: int | None = None) -> int:
    """How many masks an estimator scores of so many cells; `half` may need more where it is not stable.

    >>> calls("loo", 48), calls("half", 48), calls("greedy", 4)
    (48, 960, 9)
    """
    if estimator == "loo":
        return count
    if estimator == "half":
        return _pairs(count, masks) * 2
    return sum(range(count // 2 + 1, count + 1)) + (count // 2 if count >= 4 else 0)


def _pairs(count: int, masks: int | None) -> int:
    wanted = MASKS_PER_CELL * count if masks is None else masks
    return 2 * math.ceil(wanted / 4)


def estimate(
    estimator: Estimator, score: Score, full: float, count: int, *, masks: int | None = None, seed: int = 0
) -> Estimate:
    """The importance of `count` cells to a score.

    With q(m) the score of the cells that mask m keeps, and D(m) = |q(m) - q(1)|:

    ``loo``     ``I_r = |q(1) - q(1 - e_r)|``: how far the score moves without cell r. Cells that say the same hide
                each other.
    ``half``    Masks that keep exactly ``n // 2`` cells, each with its complement; ``D(m) = c + sum b_r m_r`` by ridge
                regression (alpha 0.01), ``I_r = -b_r``: what keeps r holds the score in place.
    ``greedy``  The cell without which the score changes least is taken away, one after the other, until half is left;
                I_r is the order of removal, in 0..1. What is left is ordered by what taking it away would change.

    Parameters
    ----------
    estimator : {"half", "loo", "greedy"}
    score : callable
        Masks `(K, n)` to scores `(K,)`.
    full : float
        q(1).
    count : int
        n, at least 2.
    masks : int, optional
        `half`: how many, rounded up to a multiple of 4. None: 20 n, doubled at most twice while the maps of two
        disjoint sets agree by less than 0.7.
    seed : int
        Of the masks.

    Raises
    ------
    OptionError
        An unknown estimator, fewer than 2 cells, or too few masks.
    """
    if count < 2:
        raise OptionError("one cell has no importance among others", expected="2 cells or more", got=str(count))
    if estimator == "loo":
        values = np.abs(full - score(~np.eye(count, dtype=bool)))
        return Estimate(values, most_important(values), math.nan, count)
    if estimator == "greedy":
        return _greedy(score, full, count)
    if estimator != "half":
        raise OptionError("unknown estimator", expected="half, loo or greedy", got=repr(estimator))
    if masks is not None and masks < 4:
        raise OptionError("too few masks", expected="4 or more", got=str(masks))
    return _half(score, full, count, masks, np.random.default_rng(seed))


def halves(count: int, pairs: int, generator: np.random.Generator) -> Bools:
    """`(2 pairs, n)` masks of exactly ``n // 2`` cells, each followed by its complement.

    >>> found = halves(5, 3, np.random.default_rng(0))
    >>> found.sum(axis=1).tolist()
    [2, 3, 2, 3, 2, 3]
    """
    order = np.argsort(generator.random((pairs, count)), axis=1)
    kept = order.argsort(axis=1) < count // 2
    return np.stack([kept, ~kept], axis=1).reshape(2 * pairs, count)


def ridge(masks: Bools, values: Floats, alpha: float = RIDGE) -> Floats:
    """Slopes b of ``values = c + masks b``, the least of ``|residuals|^2 + alpha |b|^2``; c is free."""
    given = masks - masks.mean(axis=0)
    return np.linalg.solve(given.T @ given + alpha * np.eye(masks.shape[1]), given.T @ (values - values.mean()))


def _half(score: Score, full: float, count: int, masks: int | None, generator: np.random.Generator) -> Estimate:
    pairs = _pairs(count, masks)
    drawn, moved = np.empty((0, count), dtype=bool), np.empty(0)
    for _ in range(1 if masks is not None else DOUBLINGS + 1):
        more = halves(count, max(pairs - len(drawn) // 2, 2), generator)
        drawn, moved = np.concatenate([drawn, more]), np.concatenate([moved, np.abs(score(more) - full)])
        # Whole pairs, every second one.
        first = np.arange(len(drawn)) // 2 % 2 == 0
        stability = spearman(-ridge(drawn[first], moved[first]), -ridge(drawn[~first], moved[~first]))
        if stability >= STABLE or math.isnan(stability):
            break
        pairs *= 2
    values = -ridge(drawn, moved)
    return Estimate(values, most_important(values), stability, len(drawn))


def _greedy(score: Score, full: float, count: int) -> Estimate:
    kept, now, asked = np.ones(count, dtype=bool), full, 0
    removed: list[int] = []
    for found, trials in _removals(score, kept, count // 2):
        asked += len(trials)
        place = int(np.argmin(np.abs(found - now)))
        now = float(found[place])
        removed.append(int(trials[place]))
        kept[trials[place]] = False
    critical = kept.copy()
    rest = np.flatnonzero(kept)
    if rest.size > 1:
        changes = np.abs(score(_without(kept, rest)) - now)
        asked += rest.size
        rest = rest[np.argsort(changes, kind="stable")]
    values = np.empty(count)
    values[[*removed, *rest]] = np.linspace(0.0, 1.0, count)
    return Estimate(values, critical, math.nan, asked)


def _removals(score: Score, kept: Bools, until: int) -> Iterator[tuple[Floats, np.ndarray]]:
    """Scores without each of the cells that are still kept; the caller takes one away."""
    while kept.sum() > max(until, 1):
        trials = np.flatnonzero(kept)
        yield score(_without(kept, trials)), trials


def _without(kept: Bools, cells: np.ndarray) -> Bools:
    masks = np.repeat(kept[None], len(cells), axis=0)
    masks[np.arange(len(cells)), cells] = False
    return masks


__all__ = [
    "DOUBLINGS", "MASKS_PER_CELL", "RIDGE", "STABLE", "Estimate", "Estimator", "calls", "estimate", "halves",
    "most_important", "ridge",
]  # fmt: skip
