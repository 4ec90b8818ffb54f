"""Mean opinion scores with their confidence intervals, from raw votes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from visq.errors import InputError
from visq.evaluate.raters.votes import Votes, differential_votes


@dataclass(frozen=True, eq=False)
class MeanOpinion:
    """The mean of the votes on each item, and how well it is known.

    Attributes
    ----------
    items : tuple of str
        What was voted on.
    mean : ndarray
        MOS, or DMOS.
    std : ndarray
        Standard deviation of the votes, with n - 1; NaN for one vote.
    count : ndarray of int
        Votes on the item.
    low, high : ndarray
        Confidence interval of the mean; NaN for one vote.
    level : float
        Of the interval.
    """

    items: tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray
    count: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float

    @property
    def error(self) -> np.ndarray:
        """Standard error of the mean, `std / sqrt(count)`."""
        return self.std / np.sqrt(self.count)


def mos(votes: Votes, *, level: float = 0.95) -> MeanOpinion:
    r"""Mean opinion score of every item with Student's interval, `mean +- t std / sqrt(n)` with n - 1 degrees.

    Missing votes lower n. ITU-R BT.500 writes 1.96 instead of t, which is the limit for many observers and too narrow
    for few: with 15 it covers 93 %, not 95. An interval of t may reach beyond the scale, since it does not know of it.

    Parameters
    ----------
    votes : Votes
        In any unit.
    level : float
        Between 0 and 1.

    Returns
    -------
    MeanOpinion

    Raises
    ------
    InputError
        A level that is none.

    Notes
    -----
    Methodology: ITU-T P.913 (06/2021) clause 12, ITU-R BT.500-15 Annex 1; Student's interval as in any textbook.

    Examples
    --------
    >>> import numpy as np
    >>> votes = Votes.from_matrix([[5, 2], [4, 3], [5, np.nan]])
    >>> result = mos(votes)
    >>> [round(float(v), 3) for v in (result.mean[0], result.low[0], result.high[0])]
    [4.667, 3.232, 6.101]
    >>> result.count.tolist()
    [3, 2]
    """
    from scipy.special import stdtrit

    if not 0 < level < 1:
        raise InputError("the level is no share", expected="between 0 and 1, as 0.95", got=repr(level))
    count = (~np.isnan(votes.matrix)).sum(axis=0)
    mean = np.nanmean(votes.matrix, axis=0)
    squares = np.nansum((votes.matrix - mean) ** 2, axis=0)
    several = count > 1
    degrees = np.where(several, count - 1, 1)
    std = np.where(several, np.sqrt(squares / degrees), np.nan)
    half = stdtrit(degrees.astype(np.float64), (1 + level) / 2) * std / np.sqrt(count)
    return MeanOpinion(votes.items, mean, std, count, mean - half, mean + half, level)


def dmos(
    votes: Votes,
    reference: Mapping[str, str],
    *,
    top: float | None = 5.0,
    crush: bool = False,
    level: float = 0.95,
) -> MeanOpinion:
    """Mean differential opinion score: `mos` of `differential_votes`.

    Taking each observer's own vote on the reference away removes the observer's habit and the content's charm from the
    score, before the mean is taken. With `top` the result rises with quality, with `top=None` it falls.

    Examples
    --------
    >>> votes = Votes.from_matrix([[5, 4], [4, 4], [5, 3]], items=["original", "copy"])
    >>> float(dmos(votes, {"copy": "original"}).mean[0]), float(dmos(votes, {"copy": "original"}, top=None).mean[0])
    (4.0, 1.0)
    """
    return mos(differential_votes(votes, reference, top=top, crush=crush), level=level)
