"""Everything that one table row says about a metric on a database."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from visq.errors import VisqWarning
from visq.evaluate import correlation, outliers
from visq.evaluate.inputs import Floats, constant, pair, share
from visq.evaluate.logistic import Fit, FitKind, fit_logistic
from visq.evaluate.resampling import Resampler, Statistic, content_sums, limits


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well predictions agree with scores.

    Attributes
    ----------
    n : int
        Items.
    srcc, krcc, plcc : float
        Correlations of the predictions as they are; positive where metric and people agree, NaN where undefined.
    rmse : float
        Of the numbers as given: means something only where the metric predicts on the scale of the scores.
    plcc_fitted, rmse_fitted : float
        After `fit`; those of the predictions themselves (PLCC with the sign of direction) where `fit.kind` is `none`.
    fit : Fit
        The mapping, from predictions as given to scores.
    outlier_ratio : float or None
        Of the fitted predictions; None without `std`.
    outlier_rule : str
        `standard deviation` or `standard error`: what an outlier is. Empty without `std`.
    intervals : dict of str to (float, float)
        Bootstrap intervals by the name of the number; empty where `samples` is 0 or there are fewer than 2 contents.
        Those of the fitted numbers hold the fit fixed.
    groups : int
        Contents, or items where no groups were given.
    unit : str
        `contents`, or `items`: then the intervals are too narrow if several items share a content.
    level : float
    samples, seed : int
    notes : tuple of str
        What else a reader must know.
    """

    n: int
    srcc: float
    krcc: float
    plcc: float
    rmse: float
    plcc_fitted: float
    rmse_fitted: float
    fit: Fit
    outlier_ratio: float | None = None
    outlier_rule: str = ""
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    groups: int = 0
    unit: str = "items"
    level: float = 0.95
    samples: int = 0
    seed: int = 0
    notes: tuple[str, ...] = ()


def agreement(
    predictions: Any,
    scores: Any,
    *,
    std: Any = None,
    votes: Any = None,
    groups: Any = None,
    lower_is_better: bool = False,
    scores_lower_is_better: bool = False,
    model: FitKind = "logistic5",
    level: float = 0.95,
    samples: int = 1000,
    seed: int = 0,
) -> Agreement:
    """SRCC, KRCC, PLCC and RMSE with and without a fit, outlier ratio, and intervals over contents.

    Parameters
    ----------
    predictions, scores : sequence of float, (n,)
        At least 3 pairs.
    std : float or sequence of float, (n,), optional
        Standard deviation of the votes for each item: gives the outlier ratio.
    votes : float or sequence of float, (n,), optional
        Number of votes for each item: turns the limit of an outlier from 2 std into VQEG's 2 std / sqrt(votes).
    groups : sequence, (n,), optional
        The content that each item was made from. Without it every item is its own content.
    lower_is_better, scores_lower_is_better : bool
        Whether predictions, or scores (DMOS), fall as quality rises. The sign of the correlations follows.
    model : str
        The fit tried first, as `fit_logistic` has it.
    level : float
        Of the intervals.
    samples, seed : int
        Resamples of the bootstrap, and the seed of their generator; 0 samples for no intervals.

    Returns
    -------
    Agreement

    Raises
    ------
    InputError
        Fewer than 3 pairs, lengths that differ, NaN or infinity.

    Warns
    -----
    VisqWarning
        Where all predictions or all scores are equal: correlations are NaN then, never 0.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> mos = np.repeat(np.linspace(1, 5, 20), 5)
    >>> found = agreement(10 * mos + rng.normal(0, 4, 100), mos, groups=np.tile(np.arange(20), 5))
    >>> found.n, found.groups, found.unit, found.fit.kind
    (100, 20, 'contents', 'logistic5')
    >>> low, high = found.intervals["srcc"]
    >>> low < found.srcc < high
    True
    """
    x, y = pair(predictions, scores)
    result = measured(
        x, y, std=std, votes=votes, groups=groups, lower_is_better=lower_is_better,
        scores_lower_is_better=scores_lower_is_better, model=model, level=level, samples=samples, seed=seed,
    )  # fmt: skip
    if math.isnan(result.srcc):
        warnings.warn(result.notes[0], VisqWarning, 2)
    return result


def measured(
    x: Floats,
    y: Floats,
    *,
    std: Any,
    votes: Any,
    groups: Any,
    lower_is_better: bool,
    scores_lower_is_better: bool,
    model: FitKind,
    level: float,
    samples: int,
    seed: int,
) -> Agreement:
    """`agreement` of checked arrays, without the warning."""
    sign = correlation.sign(lower_is_better, scores_lower_is_better)
    resampler = Resampler(x.size, groups, samples, seed)
    share(level, "level")
    fit = fit_logistic(x, y, model=model)
    mapped = fit(x)
    # A fit that was made has turned the predictions round already where they had to be.
    turn = sign if fit.kind == "none" else 1
    rule = "" if std is None else outliers.rule_of(votes, None)
    far = None if std is None else outliers.limits(x.size, std, votes, outliers.rule_of(votes, None))
    missed = None if far is None else outliers.misses(mapped, y, far)
    numbers = {name: Statistic(name, x, y, resampler) for name in ("srcc", "krcc", "plcc")}
    fitted = Statistic("plcc", mapped, y, resampler)
    intervals = {}
    error = correlation.root_mean_square(mapped, y)
    if samples and resampler.groups > 1:
        squares = (mapped / (error or 1.0) - y / (error or 1.0)) ** 2  # in units of the error: none is too large
        columns = np.stack(
            [np.ones_like(y), squares, np.zeros_like(y) if missed is None else missed.astype(np.float64)], 1
        )
        intervals = _intervals(numbers, fitted, content_sums(columns, resampler), resampler, level, sign, turn)
        low, high = intervals["rmse_fitted"]
        intervals["rmse_fitted"] = error * low, error * high
        if missed is None:
            del intervals["outlier_ratio"]
    return Agreement(
        n=x.size,
        srcc=sign * numbers["srcc"].estimate,
        krcc=sign * numbers["krcc"].estimate,
        plcc=sign * numbers["plcc"].estimate,
        rmse=correlation.root_mean_square(x, y),
        plcc_fitted=turn * fitted.estimate,
        rmse_fitted=error,
        fit=fit,
        outlier_ratio=None if missed is None else float(np.mean(missed)),
        outlier_rule=rule,
        intervals=intervals,
        groups=resampler.groups,
        unit=resampler.unit,
        level=level,
        samples=resampler.samples,
        seed=resampler.seed,
        notes=_notes(x, y, sign * numbers["srcc"].estimate, fit, sign),
    )


def _intervals(
    numbers: dict[str, Statistic],
    fitted: Statistic,
    sums: Floats,
    resampler: Resampler,
    level: float,
    sign: int,
    turn: int,
) -> dict[str, tuple[float, float]]:
    """All intervals from the same draws."""
    drawn: dict[str, list[Floats]] = {}
    for counts in resampler.counts():
        total, squares, missed = (counts @ sums).T
        values = {name: sign * statistic.of(counts) for name, statistic in numbers.items()}
        values["plcc_fitted"] = turn * fitted.of(counts)
        values["rmse_fitted"] = np.sqrt(squares / total)
        values["outlier_ratio"] = missed / total
        for name, block in values.items():
            drawn.setdefault(name, []).append(block)
    return {name: limits(np.concatenate(blocks), level) for name, blocks in drawn.items()}


def _notes(x: Floats, y: Floats, srcc: float, fit: Fit, sign: int) -> tuple[str, ...]:
    flat = [name for name, values in (("predictions", x), ("scores", y)) if constant(values)]
    if flat:
        return (f"all {' and all '.join(flat)} are equal: correlations are undefined (NaN)",)
    notes = []
    if srcc < 0:
        notes.append("the metric ranks against people; PLCC after a fit does not show it")
    if fit.kind != "none" and fit.falling == (sign > 0):
        notes.append("the fit runs against the stated direction")
    if fit.kind != "none" and not fit.monotone:
        notes.append("the fit is not monotone over the range of the predictions")
    if fit.kind == "none":
        notes.append(f"no fit: {fit.why}")
    return tuple(notes)
