"""Whether one metric agrees with people better than another on the same items."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError
from visq.evaluate import correlation, dependent
from visq.evaluate.inputs import Floats, choice, pair, share, two_directions, warn_constant, whole
from visq.evaluate.logistic import PARAMETERS, FitKind, fit_logistic
from visq.evaluate.multiple import CORRECTIONS, Correction, adjust
from visq.evaluate.resampling import Resampler, Statistic
from visq.evaluate.residuals import pitman_morgan, residual_f_test

Method = Literal["bootstrap", "williams", "meng", "steiger", "f", "pitman"]
METHODS: tuple[Method, ...] = ("bootstrap", "williams", "meng", "steiger", "f", "pitman")
_CLOSED = {"williams": dependent.williams, "meng": dependent.meng, "steiger": dependent.steiger}
_LEVEL = 0.95
# One metric in two units gives correlations that differ by the rounding of their sums, which is no difference.
_ROUNDING = 1e-12
# What a fit leaves of one metric in two units differs by the tolerance of its search: up to 1e-7 was seen.
_SETTLED = 1e-6


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two metrics on the same items.

    Attributes
    ----------
    measure : str
        What is compared: `srcc`, `krcc`, `plcc`, or `rmse_fitted` for the tests of residuals.
    a, b : float
        That of each metric; correlations are positive where metric and people agree.
    difference : float
        `a - b`.
    statistic : float
        t, z or F, as the method has it.
    p : float
        Two-sided, for one comparison; NaN where undefined.
    interval : (float, float)
        95 % interval of the difference (bootstrap), of the difference of Fisher's z values (Meng, Steiger), else NaN.
    method : str
    n, groups : int
        Items, and how many contents the test took for independent.
    unit : str
        `contents` or `items`.
    notes : tuple of str
        What the test takes for granted and may not be so.
    """

    measure: str
    a: float
    b: float
    difference: float
    statistic: float
    p: float
    interval: tuple[float, float]
    method: Method
    n: int
    groups: int
    unit: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignificanceMatrix:
    """All pairs of several metrics.

    Attributes
    ----------
    names : tuple of str
    values : tuple of float
        The measure of each metric.
    difference, p, adjusted : ndarray, (m, m)
        Row minus column; p-values of single comparisons, and corrected for all of them. The diagonal is 0 and 1.
    verdict : ndarray of int, (m, m)
        1 where the metric of the row is significantly better than that of the column, -1 where worse, 0 otherwise.
    measure, method, correction, alpha, n, groups, unit, notes
        As `Comparison` and `adjust` have them.
    """

    names: tuple[str, ...]
    values: tuple[float, ...]
    difference: Floats
    p: Floats
    adjusted: Floats
    verdict: NDArray[np.int64]
    measure: str
    method: Method
    correction: Correction
    alpha: float
    n: int
    groups: int
    unit: str
    notes: tuple[str, ...] = ()


def compare_metrics(
    a: Any,
    b: Any,
    scores: Any,
    *,
    groups: Any = None,
    method: Method = "bootstrap",
    measure: str = "srcc",
    lower_is_better: bool | tuple[bool, bool] = False,
    scores_lower_is_better: bool = False,
    model: FitKind = "logistic5",
    samples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Tests whether metric `a` and metric `b` agree equally well with people.

    Parameters
    ----------
    a, b, scores : sequence of float, (n,)
        Predictions of two metrics for the same items, and the scores; at least 4.
    groups : sequence, (n,), optional
        The content of each item. Only the bootstrap heeds it.
    method : str
        `bootstrap`: contents are drawn and both metrics measured on the same draws; t = difference / error, error the
        standard deviation of the drawn differences times sqrt(g/(g - 1)), with g - 1 degrees of freedom for g contents.
        `williams`, `meng`, `steiger`: closed forms for correlations that share the scores. `f`, `pitman`: of the
        variances left after each metric's fit.
    measure : str
        `srcc`, `plcc`, or `krcc` (bootstrap only). The tests of residuals have their own.
    lower_is_better : bool or (bool, bool)
        Whether predictions fall as quality rises: of both metrics, or of each.
    scores_lower_is_better : bool
        Whether scores (DMOS) fall as quality rises.
    model : str
        The fit before a test of residuals.
    samples, seed : int
        Of the bootstrap.

    Returns
    -------
    Comparison

    Raises
    ------
    InputError
        Lengths that differ, NaN, too few items, fewer than 2 contents, an unknown method or measure.

    Warns
    -----
    VisqWarning
        Where a metric or the scores are constant: the result is NaN then.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> mos = rng.uniform(1, 5, 300)
    >>> good, poor = mos + rng.normal(0, 0.5, 300), mos + rng.normal(0, 1.5, 300)
    >>> found = compare_metrics(good, poor, mos, groups=np.arange(300) // 10)
    >>> found.difference > 0.1, found.p < 0.001, found.groups
    (True, True, 30)
    """
    directions = two_directions(lower_is_better)
    found = _Field(
        {"a": a, "b": b}, scores, dict(zip("ab", directions, strict=True)), scores_lower_is_better, groups, method,
        measure, model, samples, seed,
    )  # fmt: skip
    return found.compare("a", "b")


def significance_matrix(
    predictions: Mapping[str, Any],
    scores: Any,
    *,
    groups: Any = None,
    method: Method = "bootstrap",
    measure: str = "srcc",
    lower_is_better: bool | Mapping[str, bool] = False,
    scores_lower_is_better: bool = False,
    model: FitKind = "logistic5",
    correction: Correction = "holm",
    alpha: float = 0.05,
    samples: int = 2000,
    seed: int = 0,
) -> SignificanceMatrix:
    """`compare_metrics` of all pairs, with correction for the number of pairs.

    Parameters
    ----------
    predictions : mapping of str to sequence of float, (n,)
        Two metrics or more.
    lower_is_better : bool or mapping of str to bool
        For all metrics, or for each by name.
    correction : str
        `holm`, `bonferroni`, `bh` or `none`, as `adjust` has them.
    alpha : float
        Level of the verdicts.
    scores, groups, method, measure, scores_lower_is_better, model, samples, seed
        As `compare_metrics` has them.

    Returns
    -------
    SignificanceMatrix

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> mos = rng.uniform(1, 5, 300)
    >>> noisy = {name: mos + rng.normal(0, sigma, 300) for name, sigma in [("a", 0.5), ("b", 0.5), ("c", 2.0)]}
    >>> significance_matrix(noisy, mos, method="williams").verdict.tolist()
    [[0, 0, 1], [0, 0, 1], [-1, -1, 0]]
    """
    choice(correction, CORRECTIONS, "correction")
    share(alpha, "alpha")
    if not isinstance(predictions, Mapping) or len(predictions) < 2:
        raise InputError("a matrix needs metrics by name", expected="a mapping of 2 or more")
    found = _Field(
        predictions, scores, _directions(predictions, lower_is_better), scores_lower_is_better, groups, method, measure,
        model, samples, seed,
    )  # fmt: skip
    names, size = tuple(predictions), len(predictions)
    upper = [(i, j) for i in range(size) for j in range(i + 1, size)]
    rows = [found.compare(names[i], names[j]) for i, j in upper]
    adjusted = adjust([row.p for row in rows], correction)
    difference, raw, corrected = np.zeros((size, size)), np.eye(size), np.eye(size)
    for (i, j), row, value in zip(upper, rows, adjusted, strict=True):
        difference[i, j], difference[j, i] = row.difference, -row.difference
        raw[i, j] = raw[j, i] = row.p
        corrected[i, j] = corrected[j, i] = value
    # Less of an error is better, more of a correlation is.
    better = difference * (-1 if method in ("f", "pitman") else 1)
    verdict = np.where(corrected < alpha, np.sign(np.nan_to_num(better)), 0).astype(np.int64)
    notes = tuple(dict.fromkeys(note for row in rows for note in row.notes))
    return SignificanceMatrix(
        names, tuple(found.value(name) for name in names), difference, raw, corrected, verdict, rows[0].measure, method,
        correction, alpha, rows[0].n, rows[0].groups, rows[0].unit, notes,
    )  # fmt: skip


def _directions(predictions: Mapping[str, Any], given: bool | Mapping[str, bool]) -> dict[str, bool]:
    if isinstance(given, bool | np.bool_):
        return dict.fromkeys(predictions, bool(given))
    if not isinstance(given, Mapping) or set(given) != set(predictions):
        raise InputError("lower_is_better does not name the metrics", expected=", ".join(map(str, predictions)))
    return {name: bool(value) for name, value in given.items()}


class _Field:
    """Metrics on the same items, each prepared once for all comparisons."""

    def __init__(
        self,
        predictions: Mapping[str, Any],
        scores: Any,
        directions: dict[str, bool],
        scores_lower_is_better: bool,
        groups: Any,
        method: Method,
        measure: str,
        model: FitKind,
        samples: int,
        seed: int,
    ) -> None:
        choice(method, METHODS, "method")
        self.method, self.model = method, model
        allowed = ("srcc", "krcc", "plcc") if method == "bootstrap" else ("srcc", "plcc")
        self.residual = method in ("f", "pitman")
        self.measure = "rmse_fitted" if self.residual else choice(measure, allowed, "measure")
        self.x: dict[str, Floats] = {}
        self.undefined: set[str] = set()
        for name, values in predictions.items():
            x, self.y = pair(values, scores, minimum=4, names=(str(name), "scores"))
            if warn_constant(x, self.y, self.measure.upper(), (str(name), "scores")):
                self.x[name] = np.zeros_like(x)
                self.undefined.add(name)
            else:
                self.x[name] = x * correlation.sign(directions[name], scores_lower_is_better)
        self.resampler = Resampler(self.y.size, groups, whole(samples, "samples", minimum=10), seed)
        self.values: dict[str, float] = {}
        self.drawn: dict[str, Floats] = {}
        self.left: dict[str, tuple[Floats, int]] = {}
        if method == "bootstrap":
            self._draw()

    def _draw(self) -> None:
        """The measure of every metric in the same resamples."""
        if self.resampler.groups < 2:
            raise InputError("a bootstrap over contents needs several", expected="2 or more", got="1")
        prepared = {name: Statistic(self.measure, x, self.y, self.resampler) for name, x in self.x.items()}
        blocks = [{name: s.of(counts) for name, s in prepared.items()} for counts in self.resampler.counts()]
        self.drawn = {name: np.concatenate([block[name] for block in blocks]) for name in prepared}
        self.values = {name: s.estimate for name, s in prepared.items()}

    def value(self, name: str) -> float:
        """The measure of one metric."""
        if name not in self.values:
            if name in self.undefined:
                self.values[name] = math.nan
            elif self.residual:
                self.values[name] = correlation.root_mean_square(self._residuals(name)[0], np.zeros_like(self.y))
            else:
                self.values[name] = self._correlation(self.x[name], self.y)
        return self.values[name]

    def _correlation(self, x: Floats, y: Floats) -> float:
        return correlation.spearman(x, y) if self.measure == "srcc" else correlation.pearson(x, y)

    def _residuals(self, name: str) -> tuple[Floats, int]:
        """What is left after the fit, and the degrees of freedom it took."""
        if name not in self.left:
            fit = fit_logistic(self.x[name], self.y, model=self.model)
            self.left[name] = fit(self.x[name]) - self.y, PARAMETERS[fit.kind]
        return self.left[name]

    def compare(self, a: str, b: str) -> Comparison:
        values = self.value(a), self.value(b)
        nothing = (math.nan, math.nan)
        notes: tuple[str, ...] = ()
        if math.isnan(values[0] - values[1]):
            statistic, p, interval = math.nan, math.nan, nothing
        elif self.method == "bootstrap":
            statistic, p, interval = _paired(
                values[0] - values[1], self.drawn[a] - self.drawn[b], self.resampler.groups
            )
            if self.resampler.unit == "items":
                notes = ("no contents were given: every item was taken for independent",)
        elif self.residual:
            statistic, p, notes = self._of_residuals(a, b)
            interval = nothing
        else:
            between = self._correlation(self.x[a], self.x[b])
            found = _CLOSED[self.method](*values, between, self.y.size)
            statistic, p, interval = found.statistic, found.p, found.interval
            notes = ("every item was taken for independent",)
            if self.measure == "srcc":
                notes += ("the test was made for Pearson's correlation: with ranks it is approximate",)
        heeded = self.method == "bootstrap"
        return Comparison(
            self.measure, *values, values[0] - values[1], statistic, p, interval, self.method, self.y.size,
            self.resampler.groups if heeded else self.y.size, self.resampler.unit if heeded else "items", notes,
        )  # fmt: skip

    def _of_residuals(self, a: str, b: str) -> tuple[float, float, tuple[str, ...]]:
        (left, ka), (right, kb) = self._residuals(a), self._residuals(b)
        if np.abs(left - right).max() <= _SETTLED * np.abs(left).max():
            right = left
        if self.method == "f":
            found = residual_f_test(left, right, parameters=(max(1, ka), max(1, kb)))
            notes = ["the residuals of the two metrics were taken for independent of each other"]
        else:
            found, notes = pitman_morgan(left, right), []
        notes.append("every item was taken for independent")
        if self.model != "none" and 0 in (ka, kb):
            notes.append("a metric could not be fitted: its predictions were taken as they are")
        if not found.normal:
            notes.append("residuals are not normal by their kurtosis: do not trust the p-value")
        return found.statistic, found.p, tuple(notes)


def _paired(difference: float, drawn: Floats, groups: int) -> tuple[float, float, tuple[float, float]]:
    """t, p and interval of a difference from its resampled values."""
    from scipy.stats import t

    asked, drawn = drawn.size, drawn[~np.isnan(drawn)]
    # A bootstrap of few contents makes the error too small by this factor, as dividing by n does a variance.
    error = math.sqrt(groups / (groups - 1)) * float(np.std(drawn, ddof=1)) if drawn.size > 1 else math.nan
    if math.isnan(error) or 2 * drawn.size < asked:
        return math.nan, math.nan, (math.nan, math.nan)
    if error <= _ROUNDING and abs(difference) <= _ROUNDING:
        return 0.0, 1.0, (0.0, 0.0)
    if error == 0:
        return math.copysign(math.inf, difference), 0.0, (difference, difference)
    reach = float(t.ppf((1 + _LEVEL) / 2, groups - 1)) * error
    statistic = difference / error
    return statistic, float(2 * t.sf(abs(statistic), groups - 1)), (difference - reach, difference + reach)
