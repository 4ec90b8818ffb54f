"""Rank and linear correlation between predictions and people's scores, and the root mean square error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from visq.evaluate.inputs import Floats, constant, flag, pair, warn_constant
from visq.evaluate.scaling import standardise


def srcc(
    predictions: Any, scores: Any, *, lower_is_better: bool = False, scores_lower_is_better: bool = False
) -> float:
    """Spearman's rank correlation: Pearson's of the ranks, equal values sharing the mean of their ranks.

    Says whether images are put in the right order, wherever they lie; no fit changes it.

    Parameters
    ----------
    predictions, scores : sequence of float, (n,)
        What the metric gave and what people said, item by item; at least 3.
    lower_is_better, scores_lower_is_better : bool
        Whether predictions, or scores (DMOS), fall as quality rises.

    Returns
    -------
    float
        -1 to 1, 1 where metric and people agree on every pair. NaN, with a `VisqWarning`, where all predictions or all
        scores are equal.

    Raises
    ------
    InputError
        Fewer than 3 pairs, lengths that differ, NaN or infinity.

    Notes
    -----
    C. Spearman, American Journal of Psychology 15 (1904), 72-101. The same as `scipy.stats.spearmanr`.

    Examples
    --------
    >>> srcc([30.1, 34.9, 28.0, 40.2], [2.1, 3.0, 1.5, 4.4])
    1.0
    >>> srcc([0.2, 0.1, 0.4], [3.0, 4.0, 1.0], lower_is_better=True)
    1.0
    """
    x, y = pair(predictions, scores)
    if warn_constant(x, y, "SRCC"):
        return math.nan
    return sign(lower_is_better, scores_lower_is_better) * spearman(x, y)


def krcc(
    predictions: Any, scores: Any, *, lower_is_better: bool = False, scores_lower_is_better: bool = False
) -> float:
    """Kendall's tau-b: the share of pairs in the right order minus that in the wrong one, corrected for ties.

    tau_b = (C - D) / sqrt((C + D + X)(C + D + Y)) with C concordant and D discordant pairs, X tied in predictions only
    and Y tied in scores only. Parameters, range, warning and errors are those of `srcc`.

    Notes
    -----
    M. G. Kendall, Biometrika 33 (1945), 239-251. `scipy.stats.kendalltau`.

    Examples
    --------
    >>> round(krcc([1, 2, 3, 4], [1, 2, 4, 3]), 4)
    0.6667
    """
    x, y = pair(predictions, scores)
    if warn_constant(x, y, "KRCC"):
        return math.nan
    return sign(lower_is_better, scores_lower_is_better) * kendall(x, y)


def plcc(
    predictions: Any, scores: Any, *, lower_is_better: bool = False, scores_lower_is_better: bool = False
) -> float:
    """Pearson's linear correlation, of the numbers as they are.

    Most papers print it after a fit; that is `agreement(...).plcc_fitted`, or `plcc(fit(predictions), scores)` with
    `fit = fit_logistic(predictions, scores)`. Parameters, range, warning and errors are those of `srcc`.

    Examples
    --------
    >>> round(plcc([1, 2, 3, 4], [1, 2, 3, 5]), 6)
    0.982708
    """
    x, y = pair(predictions, scores)
    if warn_constant(x, y, "PLCC"):
        return math.nan
    return sign(lower_is_better, scores_lower_is_better) * pearson(x, y)


def rmse(predictions: Any, scores: Any) -> float:
    """Root mean square error sqrt(mean((prediction - score)^2)), in units of the scores.

    Means something only where predictions are on the scale of the scores: after a fit, or of a model trained on them.

    Examples
    --------
    >>> rmse([1, 2, 3, 4], [1, 2, 3, 5])
    0.5
    """
    x, y = pair(predictions, scores)
    return root_mean_square(x, y)


def sign(lower_is_better: bool, scores_lower_is_better: bool) -> int:
    """-1 where predictions and scores rise in opposite directions."""
    lower = flag(lower_is_better, "lower_is_better")
    return 1 if lower == flag(scores_lower_is_better, "scores_lower_is_better") else -1


def spearman(x: Floats, y: Floats) -> float:
    """SRCC of two arrays; NaN where one is constant."""
    from scipy.stats import rankdata

    return pearson(rankdata(x), rankdata(y))


def kendall(x: Floats, y: Floats) -> float:
    """KRCC of two arrays; NaN where one is constant."""
    from scipy.stats import kendalltau

    if constant(x) or constant(y):
        return math.nan
    return float(kendalltau(x, y, method="asymptotic").statistic)  # no exact p-value, which nobody asks for


def pearson(x: Floats, y: Floats) -> float:
    """PLCC of two arrays; NaN where one is constant."""
    (u, across), (v, along) = standardise(x), standardise(y)
    if across.deviation == 0 or along.deviation == 0:
        return math.nan
    # Sums anew, not 1: so that an order kept throughout gives 1 exactly. Not `@`, whose digits hang on the number of
    # threads.
    together = math.sqrt(float(np.sum(u * u)) * float(np.sum(v * v)))
    return max(-1.0, min(1.0, float(np.sum(u * v)) / together))


def root_mean_square(x: Floats, y: Floats) -> float:
    """RMSE of two arrays, without overflow on the way."""
    d = x / 2 - y / 2
    reach = float(np.abs(d).max())
    return 2 * reach * float(np.sqrt(np.mean((d / reach) ** 2))) if reach else 0.0
