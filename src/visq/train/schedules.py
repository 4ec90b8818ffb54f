"""The learning rate over time, as a factor of the recipe's: pure functions of the step, and of past validations.

Steps count from 0; `step` is the one about to be made. Each is a formula without memory, so that a training that is
gone on with needs none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from visq.train.recipe import Schedule


def factor(
    schedule: Schedule, step: int, steps: int, per_epoch: int, history: Sequence[float] = (), *,
    higher_is_better: bool = True,
) -> float:  # fmt: skip
    """What the learning rate of a step is multiplied by.

    Parameters
    ----------
    schedule : Schedule
    step, steps : int
        The step from 0, and how many there are in all.
    per_epoch : int
        Steps in an epoch, the unit of the schedule's times.
    history : sequence of float
        The deciding measure of every validation so far, for `plateau`.
    higher_is_better : bool
        Which way it points.

    Examples
    --------
    >>> [round(factor(Schedule(warm_up=2), step, 10, 1), 3) for step in range(10)]
    [0.5, 1.0, 1.0, 0.962, 0.854, 0.691, 0.5, 0.309, 0.146, 0.038]
    """
    warm_up = round(schedule.warm_up * per_epoch)
    rising = warming(step, warm_up)
    if schedule.kind == "cosine":
        return rising * cosine(step - warm_up, steps - warm_up, floor=schedule.floor)
    if schedule.kind == "step":
        return rising * stepped(step / per_epoch, schedule.every, schedule.factor, floor=schedule.floor)
    if schedule.kind == "plateau":
        return rising * plateau(
            history, schedule.patience, schedule.factor, floor=schedule.floor, higher_is_better=higher_is_better
        )
    return rising


def warming(step: int, warm_up: int) -> float:
    """``min(1, (step + 1) / warm_up)``: from the first step on something is learned.

    >>> [warming(step, 4) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    return min(1.0, (step + 1) / warm_up) if warm_up > 0 else 1.0


def cosine(step: int, steps: int, *, floor: float = 0.0) -> float:
    """``floor + (1 - floor) (1 + cos(pi step / steps)) / 2``; 1 before step 0, `floor` from `steps` on.

    References
    ----------
    I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017, equation 5 without
    restarts.

    Examples
    --------
    >>> cosine(0, 8), round(cosine(4, 8, floor=0.1), 3), cosine(8, 8)
    (1.0, 0.55, 0.0)
    """
    part = 0.0 if step < 0 else min(step / steps, 1.0) if steps > 0 else 1.0
    return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * part))


def stepped(epoch: float, every: float, multiplier: float, *, floor: float = 0.0) -> float:
    """``max(floor, multiplier ^ floor(epoch / every))``.

    >>> [round(stepped(epoch, 2, 0.1), 4) for epoch in (0, 1.5, 2, 4.5)]
    [1.0, 1.0, 0.1, 0.01]
    """
    return max(floor, multiplier ** math.floor(epoch / every))


def plateau(
    history: Sequence[float], patience: int, multiplier: float, *, floor: float = 0.0, higher_is_better: bool = True
) -> float:
    """``max(floor, multiplier ^ n)``; `n` counts the times that `patience` validations in a row were not a new best.

    After each time the counting of validations in a row begins anew, that of the best does not.

    >>> plateau([0.5, 0.6, 0.6, 0.55], 2, 0.5), plateau([0.5, 0.6, 0.6, 0.7], 2, 0.5)
    (0.5, 1.0)
    """
    times = waited = 0
    best = math.nan
    for value in history:
        if better(value, best, higher_is_better=higher_is_better):
            best, waited = value, 0
            continue
        waited += 1
        if waited == patience:
            times, waited = times + 1, 0
    return max(floor, multiplier**times)


def better(value: float, best: float, *, higher_is_better: bool = True) -> bool:
    """Whether a measure is a new best. NaN never is, and anything else is better than NaN.

    >>> better(0.7, 0.6), better(0.6, 0.6), better(float("nan"), 0.1), better(0.1, float("nan"))
    (True, False, False, True)
    """
    if math.isnan(value) or math.isnan(best):
        return math.isnan(best) and not math.isnan(value)
    return value > best if higher_is_better else value < best


def best_of(history: Sequence[float], *, higher_is_better: bool = True) -> int:
    """The place of the best measure, the first of equal ones; -1 where there is none but NaN.

    >>> best_of([0.2, 0.5, 0.5]), best_of([3.0, 1.0], higher_is_better=False), best_of([float("nan")])
    (1, 1, -1)
    """
    place, best = -1, math.nan
    for k, value in enumerate(history):
        if better(value, best, higher_is_better=higher_is_better):
            place, best = k, value
    return place


def stalled(history: Sequence[float], patience: int | None, *, higher_is_better: bool = True) -> bool:
    """Whether the last `patience` validations were none of them a new best.

    >>> stalled([0.5, 0.4, 0.4], 2), stalled([0.5, 0.4, 0.6], 2), stalled([0.5] * 9, None)
    (True, False, False)
    """
    if patience is None:
        return False
    return len(history) - 1 - best_of(history, higher_is_better=higher_is_better) >= patience and bool(history)


__all__ = ["best_of", "better", "cosine", "factor", "plateau", "stalled", "stepped", "warming"]
