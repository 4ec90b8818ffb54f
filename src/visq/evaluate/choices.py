"""Two-alternative choices: how often a metric prefers what people prefer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.errors import InputError
from visq.evaluate.inputs import flag, pair, same_length, share, vector
from visq.evaluate.resampling import Resampler, content_sums, limits


@dataclass(frozen=True, slots=True)
class TwoAlternative:
    """Agreement of a metric with choices between two images.

    Attributes
    ----------
    score : float
        Mean share of people who chose what the metric prefers; a tie of the metric counts half.
    ceiling : float
        What a metric that always sides with the majority would reach.
    people : float
        What a person drawn from the same people would reach against another.
    n, ties : int
        Choices, and those in which the metric gave both images the same.
    interval : (float, float)
        Bootstrap interval of the score over contents; NaN with no samples or fewer than 2 contents.
    groups : int
    unit : str
        `contents`, or `items` where no groups were given.
    """

    score: float
    ceiling: float
    people: float
    n: int
    ties: int
    interval: tuple[float, float]
    groups: int
    unit: str


def two_alternative(
    first: Any,
    second: Any,
    preference: Any,
    *,
    lower_is_better: bool = False,
    groups: Any = None,
    level: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
) -> TwoAlternative:
    """The 2AFC score of BAPPS.

    For each choice the metric earns the share of people who preferred the same image, or half for a tie; the score is
    the mean.

    Parameters
    ----------
    first, second : sequence of float, (n,)
        What the metric gave for the two images.
    preference : sequence of float, (n,)
        Share of people who preferred the first, 0 to 1. BAPPS stores the share for the second: `1 - judge`.
    lower_is_better : bool
        Whether the metric falls as quality rises, as a distance does.
    groups : sequence, (n,), optional
        The content of each choice.
    level, samples, seed
        Of the bootstrap interval.

    Returns
    -------
    TwoAlternative

    Raises
    ------
    InputError
        Lengths that differ, NaN, a preference outside 0 to 1, no choices.

    Notes
    -----
    R. Zhang, P. Isola, A. A. Efros, E. Shechtman, O. Wang, The unreasonable effectiveness of deep features as a
    perceptual metric, CVPR 2018.

    Examples
    --------
    >>> found = two_alternative([0.1, 0.5, 0.3], [0.4, 0.2, 0.3], [1.0, 0.2, 0.9], lower_is_better=True)
    >>> round(found.score, 3), round(found.ceiling, 3), found.ties
    (0.767, 0.9, 1)
    """
    x, y = pair(first, second, minimum=1, names=("first", "second"))
    chosen = vector(preference, "preference")
    same_length(chosen, x.size, "preference", "first")
    if chosen.min() < 0 or chosen.max() > 1:
        raise InputError("preference is no share", expected="0 to 1", got=f"{chosen.min()} to {chosen.max()}")
    better = (x < y) if flag(lower_is_better, "lower_is_better") else (x > y)
    tied = x == y
    earned = np.where(tied, 0.5, np.where(better, chosen, 1 - chosen))
    resampler = Resampler(x.size, groups, samples, seed)
    share(level, "level")
    interval = (float("nan"), float("nan"))
    if samples and resampler.groups > 1:
        sums = content_sums(np.stack([earned, np.ones_like(earned)], 1), resampler)
        drawn = np.concatenate([counts @ sums for counts in resampler.counts()])
        interval = limits(drawn[:, 0] / drawn[:, 1], level)
    return TwoAlternative(
        float(earned.mean()),
        float(np.maximum(chosen, 1 - chosen).mean()),
        float((chosen**2 + (1 - chosen) ** 2).mean()),
        int(x.size),
        int(tied.sum()),
        interval,
        resampler.groups,
        resampler.unit,
    )
