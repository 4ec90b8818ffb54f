"""Elo ratings from choices between two items, as PIPAL made its mean opinion scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visq.errors import InputError
from visq.evaluate.raters.pairs import answered

#: As recalled of PIPAL; its paper was not at hand to verify them.
START, SCALE, STEP = 1400.0, 400.0, 16.0
# Of ten; beyond it a share of wins is 0 as far as doubles can tell, and the power would overflow.
_FAR = 300.0


@dataclass(frozen=True, eq=False)
class EloRatings:
    """Ratings of items.

    Attributes
    ----------
    items : tuple of str
        In the order in which they come first.
    ratings : ndarray
        Higher is better. Their mean is `start`: what one wins the other loses.
    spread : ndarray
        Standard deviation of the ratings over the orders; 0 for one order.
    comparisons : ndarray of int
        Of each item.
    """

    items: tuple[str, ...]
    ratings: np.ndarray
    spread: np.ndarray
    comparisons: np.ndarray


def expected_score(rating: float, other: float, *, scale: float = SCALE) -> float:
    """Expected share of wins against another rating: `1 / (1 + 10 ** ((other - rating) / scale))`.

    >>> expected_score(1400, 1400), round(expected_score(1800, 1400), 6)
    (0.5, 0.909091)
    """
    return float(1 / (1 + 10 ** min((other - rating) / scale, _FAR)))


def elo(
    first: Sequence[str],
    second: Sequence[str],
    preference: Sequence[float],
    *,
    start: float = START,
    step: float = STEP,
    scale: float = SCALE,
    orders: int = 1,
    rng: np.random.Generator | None = None,
) -> EloRatings:
    """Elo ratings: after each comparison the winner gets `step * (1 - expected)` of the loser's rating.

    Ratings begin at `start` and depend on the order of the comparisons. With `orders` above 1 the comparisons are gone
    through so many times, each time from the start and in another random order, and the ratings are averaged, which
    takes that dependence away. Elo is Bradley-Terry estimated by a walk with steps of fixed size: it is drawn towards
    `start` where an item has few comparisons, and it never settles; `bradley_terry` has neither fault and knows its
    error. Use Elo to make labels like PIPAL's.

    Parameters
    ----------
    first, second : sequence of str
        What was compared, one comparison each.
    preference : sequence of float
        1: the first was preferred, 0: the second, 0.5: neither.
    start, step, scale : float
        Rating at the beginning, K, and the difference at which the odds are 10 to 1. The defaults are recalled of
        PIPAL.
    orders : int
        1: the comparisons in the order given.
    rng : Generator, optional
        Makes the other orders; needed for more than one.

    Returns
    -------
    EloRatings

    Raises
    ------
    InputError
        As `count_pairs`; no comparisons; orders that cannot be made; a step or scale that is not positive.

    Notes
    -----
    Elo, The Rating of Chessplayers, 1978; Gu et al., "PIPAL: a large-scale image quality assessment dataset for
    perceptual image restoration", ECCV 2020. How PIPAL averaged is not known here.

    Examples
    --------
    >>> result = elo(["a", "a"], ["b", "b"], [1, 1])
    >>> result.items, [round(float(r), 2) for r in result.ratings]
    (('a', 'b'), [1415.63, 1384.37])
    """
    if orders < 1 or (orders > 1 and rng is None):
        raise InputError(
            "the orders cannot be made", expected="1, or more with a generator as rng", got=f"orders={orders}"
        )
    if not (step > 0 and scale > 0):
        raise InputError("no such Elo", expected="positive step and scale", got=f"step={step}, scale={scale}")
    if not np.isfinite(start):
        raise InputError("no such Elo", expected="a finite start", got=f"start={start}")
    items, one, other, answers = answered(first, second, preference)
    if len(items) < 2:
        raise InputError("there are no comparisons", expected="at least one of two items")
    order: Sequence[int] = range(len(answers))
    found = np.empty((orders, len(items)))
    for number in range(orders):
        if orders > 1 and rng is not None:
            order = rng.permutation(len(answers)).tolist()
        found[number] = _walk(order, one, other, answers, len(items), start, step, scale)
    comparisons = np.bincount([*one, *other], minlength=len(items))
    return EloRatings(items, found.mean(axis=0), found.std(axis=0), comparisons)


def _walk(
    order: Sequence[int], one: Sequence[int], other: Sequence[int], answers: Sequence[float], size: int,
    start: float, step: float, scale: float,
) -> list[float]:  # fmt: skip
    ratings = [start] * size
    for k in order:
        i, j = one[k], other[k]
        gain = step * (answers[k] - 1 / (1 + 10 ** min((ratings[j] - ratings[i]) / scale, _FAR)))
        ratings[i] += gain
        ratings[j] -= gain
    return ratings
