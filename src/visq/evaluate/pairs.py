"""Pairs of stimuli that people tell apart: does the metric tell them apart, and does it know which is better?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError
from visq.evaluate.correlation import sign as sign_of
from visq.evaluate.inputs import Codes, Floats, pair, positive, share, two_directions, vector, whole

_MOST = 2_000_000


@dataclass(frozen=True, slots=True)
class PairAnalysis:
    """What a metric says about pairs of stimuli.

    Attributes
    ----------
    auc_different : float
        Area under the ROC curve of |difference of the metric| for telling pairs that people tell apart from those they
        do not; 0.5 is chance, 1 perfect. NaN where there are none of either.
    auc_better : float
        Area under the ROC curve of the difference for telling better from worse, among pairs that people tell apart.
    correct : float
        Share of these in which the metric's order is right; ties are wrong.
    threshold : float
        95th percentile of |difference| among pairs that people do not tell apart: larger differences mean something.
    pairs, different : int
        Pairs that were looked at, and those that people tell apart.
    drawn : bool
        Whether the pairs are a random part of all.
    """

    auc_different: float
    auc_better: float
    correct: float
    threshold: float
    pairs: int
    different: int
    drawn: bool


@dataclass(frozen=True, slots=True)
class PairComparison:
    """Two metrics on the same pairs. The p-values are two-sided and hold the pairs to be independent, which pairs that
    share a stimulus are not: read them as a lower bound.

    Attributes
    ----------
    a, b : PairAnalysis
    p_different, p_better : float
        DeLong's test of the two areas.
    p_correct : float
        Binomial test of the two shares of correct orders, in the normal approximation.
    """

    a: PairAnalysis
    b: PairAnalysis
    p_different: float
    p_better: float
    p_correct: float


def pair_outcomes(
    scores: Any,
    std: Any,
    votes: Any,
    *,
    scores_lower_is_better: bool = False,
    confidence: float = 0.95,
    most: int = _MOST,
    seed: int = 0,
) -> tuple[Codes, Codes, NDArray[np.int64]]:
    """All pairs of stimuli and what people say about them.

    z = (MOS_i - MOS_j) / sqrt(std_i^2/votes_i + std_j^2/votes_j); stimuli are different where Phi(|z|) is at least
    `confidence` (ITU-T J.149).

    Parameters
    ----------
    scores, std, votes : sequence of float, (n,)
        Mean, standard deviation and number of the votes of each stimulus; std and votes may be one number.
    scores_lower_is_better : bool
    confidence : float
    most : int
        Where there are more pairs, this many are drawn at random.
    seed : int
        Of that draw.

    Returns
    -------
    first, second : ndarray of int, (p,)
        The two stimuli of each pair.
    outcome : ndarray of int, (p,)
        1 where the first is better, -1 where it is worse, 0 where people do not tell them apart.

    Examples
    --------
    >>> first, second, outcome = pair_outcomes([4.5, 4.4, 2.0], std=0.6, votes=16)
    >>> outcome.tolist()
    [0, 1, 1]
    """
    y = vector(scores, "scores")
    if y.size < 2:
        raise InputError("a pair needs two stimuli", expected="2 scores or more", got=str(y.size))
    spread, count = positive(std, y.size, "std", zero=True), positive(votes, y.size, "votes", zero=False)
    first, second = _pairs(y.size, whole(most, "most", minimum=1), seed)
    difference = (y[first] - y[second]) * sign_of(scores_lower_is_better, False)
    error = np.sqrt(spread**2 / count)
    both = np.hypot(error[first], error[second])
    from scipy.special import ndtri

    limit = float(ndtri(share(confidence, "confidence")))
    outcome = np.where((np.abs(difference) >= limit * both) & (difference != 0), np.sign(difference), 0)
    return first, second, outcome.astype(np.int64)


def pair_analysis(
    predictions: Any,
    scores: Any,
    std: Any,
    votes: Any,
    *,
    lower_is_better: bool = False,
    scores_lower_is_better: bool = False,
    confidence: float = 0.95,
    most: int = _MOST,
    seed: int = 0,
) -> PairAnalysis:
    """Different or similar, better or worse: the analysis of Krasula, Fliegel, Le Callet and Klima.

    Unlike a correlation it heeds how sure people are of each score, needs no fit, and can pool databases.

    Parameters
    ----------
    predictions : sequence of float, (n,)
    lower_is_better : bool
        Whether predictions fall as quality rises.
    scores, std, votes, scores_lower_is_better, confidence, most, seed
        As `pair_outcomes` has them.

    Returns
    -------
    PairAnalysis

    Notes
    -----
    L. Krasula, K. Fliegel, P. Le Callet, M. Klima, On the accuracy of objective image and video quality models: new
    methodology for performance evaluation, QoMEX 2016.

    Examples
    --------
    >>> found = pair_analysis([40.0, 39.0, 25.0, 28.0], [4.5, 4.4, 2.0, 2.6], std=0.6, votes=16)
    >>> found.auc_different, found.auc_better, found.correct, found.different
    (1.0, 1.0, 1.0, 5)
    """
    x, y = pair(predictions, scores, minimum=2)
    first, second, outcome = pair_outcomes(
        y, std, votes, scores_lower_is_better=scores_lower_is_better, confidence=confidence, most=most, seed=seed
    )
    return analyse((x[first] - x[second]) * sign_of(lower_is_better, False), outcome, drawn=_all(x.size) > first.size)


def compare_pairs(
    a: Any,
    b: Any,
    scores: Any,
    std: Any,
    votes: Any,
    *,
    lower_is_better: bool | tuple[bool, bool] = False,
    scores_lower_is_better: bool = False,
    confidence: float = 0.95,
    most: int = _MOST,
    seed: int = 0,
) -> PairComparison:
    """`pair_analysis` of two metrics on the same pairs, with the tests of its paper.

    Notes
    -----
    E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, Biometrics 44 (1988), 837-845, by mid-ranks as in X. Sun, W. Xu,
    IEEE Signal Processing Letters 21 (2014), 1389-1393.
    """
    x, y = pair(a, scores, minimum=2, names=("a", "scores"))
    z, _ = pair(b, scores, minimum=2, names=("b", "scores"))
    first, second, outcome = pair_outcomes(
        y, std, votes, scores_lower_is_better=scores_lower_is_better, confidence=confidence, most=most, seed=seed
    )
    x, z = (v * sign_of(lower, False) for v, lower in zip((x, z), two_directions(lower_is_better), strict=True))
    return compare(x[first] - x[second], z[first] - z[second], outcome, drawn=_all(x.size) > first.size)


def analyse(differences: Floats, outcome: NDArray[np.int64], *, drawn: bool = False) -> PairAnalysis:
    """The analysis of given pairs: what the metric says of each (first minus second, higher is better), and people."""
    apart, alike, better = _split(differences, outcome)
    return PairAnalysis(
        _area(apart, alike)[0],
        _area(better, -better)[0],
        float(np.mean(better > 0)) if better.size else math.nan,
        float(np.percentile(alike, 95)) if alike.size else math.nan,
        int(differences.size),
        int(better.size),
        drawn,
    )


def compare(a: Floats, b: Floats, outcome: NDArray[np.int64], *, drawn: bool = False) -> PairComparison:
    """The analysis of two metrics on given pairs, and its tests."""
    from scipy.special import ndtr

    (apart_a, alike_a, better_a), (apart_b, alike_b, better_b) = _split(a, outcome), _split(b, outcome)
    left, right = analyse(a, outcome, drawn=drawn), analyse(b, outcome, drawn=drawn)
    mean = (left.correct + right.correct) / 2
    # Each pair is counted in both orders, as the authors' program does.
    error = math.sqrt(mean * (1 - mean) * 2 / (2 * better_a.size)) if better_a.size else math.nan
    far = abs(left.correct - right.correct)
    return PairComparison(
        left,
        right,
        _delong(_area(apart_a, alike_a), _area(apart_b, alike_b)),
        _delong(_area(better_a, -better_a), _area(better_b, -better_b)),
        1.0 if far == 0 else float(2 * ndtr(-far / error)) if error else 0.0,
    )


def _split(differences: Floats, outcome: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """|difference| of pairs told apart and of the others, and the differences turned so that positive is right."""
    size, told = np.abs(differences), outcome != 0
    return size[told], size[~told], differences[told] * outcome[told]


def _area(positives: Floats, negatives: Floats) -> tuple[float, Floats, Floats]:
    """Area under the ROC curve, and each positive's and negative's part in it (mid-ranks)."""
    from scipy.stats import rankdata

    m, n = positives.size, negatives.size
    if m == 0 or n == 0:
        return math.nan, np.empty(0), np.empty(0)
    ranks = rankdata(np.concatenate([positives, negatives]))
    over = (ranks[:m] - rankdata(positives)) / n
    under = 1 - (ranks[m:] - rankdata(negatives)) / m
    return float(over.mean()), over, under


def _delong(a: tuple[float, Floats, Floats], b: tuple[float, Floats, Floats]) -> float:
    """Two-sided p-value of two areas on the same pairs."""
    from scipy.special import ndtr

    if math.isnan(a[0] - b[0]) or a[0] == b[0]:
        return math.nan if math.isnan(a[0] - b[0]) else 1.0
    variance = sum(np.var(u - v, ddof=1) / u.size for u, v in zip(a[1:], b[1:], strict=True) if u.size > 1)
    return float(2 * ndtr(-abs(a[0] - b[0]) / math.sqrt(variance))) if variance > 0 else 0.0


def _all(size: int) -> int:
    return size * (size - 1) // 2


def _pairs(size: int, most: int, seed: int) -> tuple[Codes, Codes]:
    """Every pair of stimuli once, or `most` of them drawn without replacement."""
    if _all(size) <= most:
        first, second = np.triu_indices(size, 1)
        return first, second
    rng = np.random.default_rng(whole(seed, "seed", minimum=0))
    flat = np.sort(rng.choice(_all(size), most, replace=False, shuffle=False))
    # Row i of the upper triangle starts at i (2 size - i - 1) / 2.
    starts = np.arange(size) * (2 * size - np.arange(size) - 1) // 2
    first = np.searchsorted(starts, flat, side="right") - 1
    return first, flat - starts[first] + first + 1
