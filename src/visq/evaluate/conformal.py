"""Intervals that hold the score of a new item with a stated probability: split-conformal prediction.

Whatever the predictions are worth, an interval calibrated on n items that were not trained on holds the score of
another item of the same kind with a probability of at least `coverage`, and of at most `coverage` + 1/(n + 1) where no
two residuals are equal. That is an average over calibrations and items: it says nothing of one kind of picture, and
nothing at all of pictures of another kind than those calibrated on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from visq.errors import InputError
from visq.evaluate.inputs import Floats, choice, labels, pair, positive, share, vector

Kind = Literal["symmetric", "asymmetric"]
KINDS: tuple[Kind, ...] = ("symmetric", "asymmetric")
_WHOLE = "all"
_ADVICE = "Calibrate on more items, in fewer groups, or for a lower coverage."


def conformal_quantile(residuals: Any, coverage: float = 0.9) -> float:
    """The residual that another one does not exceed with a probability of at least `coverage`.

    The k-th smallest of n, k = ceil((n + 1) coverage): among n + 1 residuals of one kind each is as likely as another
    to be the new one, so it is among the k smallest with probability k/(n + 1).

    Parameters
    ----------
    residuals : sequence of float, (n,)
        Of items that were not trained on: absolute ones, or signed ones for one side.
    coverage : float
        Above 0 and below 1.

    Returns
    -------
    float
        One of the residuals, in their units.

    Raises
    ------
    InputError
        Too few residuals: `coverage` asks for coverage/(1 - coverage), 9 for 0.9, 19 for 0.95. NaN or infinity.

    Notes
    -----
    V. Vovk, A. Gammerman, G. Shafer, Algorithmic Learning in a Random World, Springer 2005; J. Lei et al., JASA 113
    (2018), 1094-1111.

    Examples
    --------
    >>> conformal_quantile([0.3, 0.1, 0.7, 0.2, 0.5, 0.4, 0.9, 0.6, 0.8], 0.9)
    0.9
    >>> conformal_quantile([0.3, 0.1, 0.7, 0.2, 0.5, 0.4, 0.9, 0.6, 0.8], 0.5)
    0.5
    """
    return _quantile(vector(residuals, "residuals"), _decimal(coverage), "")


def rank(n: int, coverage: float) -> int:
    """Which of n residuals, counted from the smallest and from 1, `conformal_quantile` takes.

    >>> rank(9, 0.9), rank(99, 0.9)
    (9, 90)
    """
    return _rank(n, _decimal(coverage), "")


@dataclass(frozen=True, slots=True)
class Conformal:
    """Calibrated intervals: call it with predictions to get their lower and upper limits.

    Attributes
    ----------
    coverage : float
        The probability that was asked for.
    kind : str
        `symmetric`: one quantile of the absolute residuals. `asymmetric`: one of each side.
    below, above : dict of group to float
        How far the interval reaches below and above a prediction, in units of the scores, or of the scale where one is
        used. The only group is `all` where there are none, and the number of the bin where `edges` are given.
    n : dict of group to int
        Items calibrated on.
    scaled : bool
        Whether reaches are multiplied by a scale for each item.
    grouped : bool
        Whether each item has to come with its group.
    edges : tuple of float
        Predictions at which one bin ends and the next begins.
    bounds : (float, float) or None
        Ends of the scale of the scores, beyond which no interval reaches.
    """

    coverage: float
    kind: Kind
    below: dict[Any, float]
    above: dict[Any, float]
    n: dict[Any, int]
    scaled: bool = False
    grouped: bool = False
    edges: tuple[float, ...] = ()
    bounds: tuple[float, float] | None = None

    def __call__(self, predictions: Any, *, scale: Any = None, groups: Any = None) -> tuple[Floats, Floats]:
        """Lower and upper limits, `(n,)` each.

        Parameters
        ----------
        predictions : sequence of float, (n,)
        scale : float or sequence of float, (n,)
            Above 0; needed where the calibration had one, and refused where it had none.
        groups : sequence, (n,)
            Needed where the calibration had them.

        Raises
        ------
        InputError
            A scale or groups missing or too many, a group that was not calibrated.
        """
        x = vector(predictions, "predictions")
        _agree(self.scaled, scale, "a scale")
        _agree(self.grouped, groups, "groups")
        factor = positive(scale, x.size, "scale", zero=False) if self.scaled else 1.0
        codes, names = _groups(x, groups, self.edges)
        unknown = next((name for name in names if name not in self.n), None)
        if unknown is not None:
            listing = ", ".join(map(repr, self.n))
            raise InputError("a group was not calibrated", expected=f"one of {listing}", got=repr(unknown))
        low = x - factor * np.array([self.below[name] for name in names] or [0.0])[codes]
        high = x + factor * np.array([self.above[name] for name in names] or [0.0])[codes]
        return (low, high) if self.bounds is None else (np.clip(low, *self.bounds), np.clip(high, *self.bounds))


def conformal_intervals(
    predictions: Any, scores: Any, *, coverage: float = 0.9, kind: Kind = "symmetric", scale: Any = None,
    groups: Any = None, edges: Any = None, bounds: tuple[float, float] | None = None,
) -> Conformal:  # fmt: skip
    """Calibrates intervals about predictions on items that were used neither for training nor for choosing a model.

    Symmetric: prediction +- the `conformal_quantile` of |score - prediction|. Asymmetric: that of score - prediction
    above and of prediction - score below, each at 1 - (1 - coverage)/2. With a scale residuals are divided by it and
    reaches multiplied: intervals are wide where the scale is.

    Parameters
    ----------
    predictions, scores : sequence of float, (n,)
        On one scale.
    coverage : float
        Above 0 and below 1.
    kind : str
        `symmetric` or `asymmetric`; the second where a model misses more to one side, and wider otherwise.
    scale : sequence of float, (n,), optional
        Above 0: the spread that was predicted for each item, up to a factor.
    groups : sequence, (n,), optional
        Labels; each group is calibrated by itself, and coverage holds within each (Mondrian).
    edges : sequence of float, optional
        Instead of groups: bins of the predictions, ending below each edge. Choose them before looking at these scores.
    bounds : (float, float), optional
        Ends of the scale of the scores. Limits are brought within; scores within lose nothing by that.

    Returns
    -------
    Conformal
        Call it with new predictions.

    Raises
    ------
    InputError
        Lengths that differ, NaN, a group of too few items (9 for 0.9, asymmetric 19), scores outside `bounds`.

    Notes
    -----
    The scaled form: H. Papadopoulos et al., Normalized nonconformity measures, 2008; J. Lei et al., JASA 113 (2018).
    Two sides: Y. Romano, E. Patterson, E. Candes, NeurIPS 2019. Groups: V. Vovk et al., 2005. Items from one photograph
    are not independent of each other: calibrate on as many contents as can be had, and none that was trained on.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> truth = rng.uniform(20, 80, 4000)
    >>> predicted = truth + rng.normal(0, 5, 4000)
    >>> interval = conformal_intervals(predicted[:2000], truth[:2000], bounds=(0, 100))
    >>> low, high = interval(predicted[2000:])
    >>> round(float(np.mean((low <= truth[2000:]) & (truth[2000:] <= high))), 1)
    0.9
    """
    x, y = pair(predictions, scores, minimum=1)
    choice(kind, KINDS, "kind")
    level = _decimal(coverage)
    side = level if kind == "symmetric" else (1 + level) / 2
    limits = _bounds(bounds, y)
    cuts = _edges(edges, groups)
    factor = 1.0 if scale is None else positive(scale, x.size, "scale", zero=False)
    above, below = (_needed(x, y, factor, way) for way in (1, -1))
    codes, names = _groups(x, groups, cuts)
    if cuts and len(names) <= len(cuts):
        empty = min(set(range(len(cuts) + 1)) - set(names))
        raise InputError("a bin holds no item to calibrate on", got=f"bin {empty} of {len(cuts) + 1}", hint=_ADVICE)
    members = {name: codes == code for code, name in enumerate(names)}
    reaches = {name: _reaches(below[own], above[own], name, side, kind) for name, own in members.items()}
    return Conformal(
        float(coverage), kind, {name: reach[0] for name, reach in reaches.items()},
        {name: reach[1] for name, reach in reaches.items()}, {name: int(own.sum()) for name, own in members.items()},
        scale is not None, groups is not None, cuts, limits,
    )  # fmt: skip


def _needed(x: Floats, y: Floats, factor: Floats | float, way: int) -> Floats:
    """How far an interval has to reach above (`way` 1) or below (-1) each prediction to hold its score.

    That is the residual, or a little more where the limit, rounded, would stop short of the score. Without that an
    interval leaves out the items that it was calibrated on, and all that are equal to them.
    """
    reach = way * (y - x) / factor
    step = np.spacing(np.abs(reach))
    while (short := way * (x + way * (factor * reach)) < way * y).any():
        reach, step = np.where(short, reach + step, reach), 2 * step
    return reach


def _reaches(below: Floats, above: Floats, name: Any, side: Fraction, kind: Kind) -> tuple[float, float]:
    """How far the interval of one group goes below and above a prediction."""
    where = "" if name == _WHOLE else f"group {name!r}: "
    if kind == "symmetric":
        reach = _quantile(np.maximum(below, above), side, where)
        return reach, reach
    return _quantile(below, side, where), _quantile(above, side, where)


def _quantile(values: Floats, level: Fraction, where: str) -> float:
    k = _rank(values.size, level, where)
    return float(np.partition(values, k - 1)[k - 1])


def _rank(n: int, level: Fraction, where: str) -> int:
    k = math.ceil((n + 1) * level)
    if k > n:
        raise InputError(
            f"{where}too few items for a probability of {float(level):g}",
            expected=f"{math.ceil(level / (1 - level))} or more",
            got=str(n),
            hint=_ADVICE,
        )
    return k


def _decimal(coverage: float) -> Fraction:
    """The fraction that is written, 9/10 for 0.9, and not the one that a float holds: 0.9 of 10 is 9 exactly."""
    return Fraction(repr(share(coverage, "coverage")))


def _groups(x: Floats, groups: Any, edges: tuple[float, ...]) -> tuple[np.ndarray, list[Any]]:
    """A code for each item, and the name of each code."""
    if edges:
        found, codes = np.unique(np.searchsorted(edges, x, side="right"), return_inverse=True)
        return codes, [int(number) for number in found]
    if groups is None:
        return np.zeros(x.size, np.int64), [_WHOLE]
    return labels(groups, x.size, "groups")


def _edges(edges: Any, groups: Any) -> tuple[float, ...]:
    if edges is None:
        return ()
    if groups is not None:
        raise InputError("groups and edges exclude each other", hint="Give one of them.")
    cuts = vector(edges, "edges")
    if cuts.size == 0 or (np.diff(cuts) <= 0).any():
        raise InputError("edges out of order", expected="one number or more, rising", got=str(cuts.tolist()))
    return tuple(float(cut) for cut in cuts)


def _bounds(bounds: Any, y: Floats) -> tuple[float, float] | None:
    if bounds is None:
        return None
    ends = vector(bounds, "bounds")
    if ends.size != 2 or not ends[0] < ends[1]:
        raise InputError("bounds out of order", expected="(low, high)", got=repr(bounds))
    low, high = float(ends[0]), float(ends[1])
    if y.min() < low or y.max() > high:
        raise InputError(
            "scores lie outside bounds", expected=f"{low:g} to {high:g}", got=f"{y.min():g} to {y.max():g}"
        )
    return low, high


def _agree(wanted: bool, given: Any, what: str) -> None:
    if wanted and given is None:
        raise InputError(f"these intervals were calibrated with {what}", hint=f"Give {what} for these items too.")
    if not wanted and given is not None:
        raise InputError(f"these intervals were calibrated without {what}", hint="Leave it out.")
