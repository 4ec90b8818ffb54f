"""Mappings from a metric's scores to people's: five-parameter logistic, four-parameter logistic, cubic, or none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from visq.evaluate.correlation import pearson
from visq.evaluate.inputs import Floats, choice, constant, pair, vector
from visq.evaluate.projection import Curve, fit_curve
from visq.evaluate.scaling import Frame, standardise

FitKind = Literal["logistic5", "logistic4", "poly3", "none"]
#: Parameters of each mapping. One more distinct prediction than parameters is needed.
PARAMETERS = {"logistic5": 5, "logistic4": 4, "poly3": 4, "none": 0}
_FALLBACK: dict[str, tuple[FitKind, ...]] = {
    "logistic5": ("logistic5", "logistic4", "none"),
    "logistic4": ("logistic4", "none"),
    "poly3": ("poly3", "none"),
    "none": ("none",),
}
# A fit may give the raw correlation back up to the rounding of its sums, and no less.
_ROUNDING = 1e-12
_GRID = 513
# A curve that goes back by this part of its whole way still counts as monotone.
_BACK = 0.01


@dataclass(frozen=True, slots=True)
class Fit:
    """A mapping that was fitted: call it with predictions to get them on the scale of the scores.

    Attributes
    ----------
    kind : str
        `logistic5`: b1 (1/2 - 1/(1 + exp(b2 (s - b3)))) + b4 s + b5.
        `logistic4`: b2 + (b1 - b2) / (1 + exp(-(s - b3) / b4)), VQEG's, monotone.
        `poly3`: p0 + p1 s + p2 s^2 + p3 s^3. `none`: s itself.
    parameters : tuple of float
        b1..b5, b1..b4, p0..p3, or empty, for predictions as they were given.
    why : str
        Why this one: that it was asked for, or what kept the one before from being used.
    monotone : bool
        Whether the curve rises throughout or falls throughout over the range of the predictions, but for a hundredth
        of its way. A five-parameter logistic and a cubic need not; where they do not, the fitted PLCC hides an order
        that is wrong.
    falling : bool
        Whether the curve as a whole goes down: higher predictions stand for lower scores.
    """

    kind: FitKind
    parameters: tuple[float, ...]
    why: str
    monotone: bool = True
    falling: bool = False
    standard: tuple[float, ...] = field(default=(), repr=False)
    x: Frame | None = field(default=None, repr=False)
    y: Frame | None = field(default=None, repr=False)

    def __call__(self, predictions: Any) -> Floats:
        """The predictions, `(n,)`, on the scale of the scores."""
        s = vector(predictions, "predictions")
        if self.x is None or self.y is None:
            return s
        return _evaluate(self.kind, self.standard, self.x.of(s)) * self.y.scale + self.y.centre


def fit_logistic(predictions: Any, scores: Any, *, model: FitKind = "logistic5") -> Fit:
    """Fits a logistic curve by least squares, and says which one it came to.

    The five-parameter logistic of Sheikh, Sabir and Bovik (IEEE TIP 15, 2006, 3440-3451) is tried first, then VQEG's
    four-parameter one, then none. A curve is passed over where there are not more distinct predictions than parameters,
    where it does not come out finite, or where its PLCC is below that of the predictions themselves. The search starts
    from a grid, not from one guess, so the answer does not hang on the scale of the metric or on its direction.

    Parameters
    ----------
    predictions, scores : sequence of float, (n,)
        In either direction; at least 3 pairs.
    model : str
        What to try first: `logistic5`, `logistic4`, `poly3` (a cubic, as in some challenges), or `none`.

    Returns
    -------
    Fit
        A callable with `kind`, `parameters` and `why`.

    Notes
    -----
    A least-squares curve goes up or down as the data do: its PLCC is never negative, even for a metric that is wrong
    throughout. `Fit.falling` says so, and SRCC shows it.

    Examples
    --------
    >>> import numpy as np
    >>> s = np.linspace(20, 50, 200)
    >>> fit = fit_logistic(s, 1 + 4 / (1 + np.exp(-(s - 33) / 3)))
    >>> fit.kind, fit.monotone
    ('logistic5', True)
    >>> [round(float(v), 2) for v in fit([33.0, 60.0])]
    [3.0, 5.0]
    """
    x, y = pair(predictions, scores)
    choice(model, list(_FALLBACK), "model")
    if constant(x) or constant(y):
        return Fit("none", (), f"{model} was not used: all {'predictions' if constant(x) else 'scores'} are equal")
    distinct, raw = np.unique(x).size, abs(pearson(x, y))
    reasons = []
    for kind in _FALLBACK[model]:
        if kind == "none":
            break
        if distinct <= PARAMETERS[kind]:
            reasons.append(f"{kind} was not used: {distinct} distinct predictions for {PARAMETERS[kind]} parameters")
            continue
        fit = _fitted(kind, x, y)
        if fit is None:
            reasons.append(f"{kind} was not used: its parameters are beyond what floats hold")
            continue
        if pearson(fit(x), y) >= raw - _ROUNDING:
            return replace(fit, why="; ".join([*reasons, f"{kind} {'as asked' if kind == model else 'instead'}"]))
        reasons.append(f"{kind} was not used: its PLCC would be below that of the predictions themselves")
    return Fit("none", (), "; ".join(reasons) or "no fit was asked for", falling=pearson(x, y) < 0)


def _fitted(kind: FitKind, x: Floats, y: Floats) -> Fit | None:
    """A fit in standardised numbers, and its parameters in those of the user; None where they do not fit a float."""
    (u, across), (v, along) = standardise(x), standardise(y)
    if across.scale == 0 or along.scale == 0:
        return None
    if kind == "poly3":
        standard: tuple[float, ...] = _cubic(u, v)
    else:
        standard = tuple(fit_curve(u, v, line=kind == "logistic5"))
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        parameters = _PARAMETERS[kind](standard, across, along)
    if not np.isfinite([*standard, *parameters]).all():
        return None
    grid = np.linspace(u.min(), u.max(), _GRID)
    steps = np.diff(_evaluate(kind, standard, grid))
    up, down = float(steps[steps > 0].sum()), -float(steps[steps < 0].sum())
    return Fit(
        kind,
        parameters,
        "",
        monotone=min(up, down) <= _BACK * (up + down),
        falling=down > up,
        standard=standard,
        x=across,
        y=along,
    )


def _evaluate(kind: FitKind, standard: tuple[float, ...], u: Floats) -> Floats:
    if kind == "poly3":
        cubic: Floats = np.polynomial.polynomial.polyval(u, np.array(standard))
        return cubic
    return Curve(*standard)(u)


def _cubic(u: Floats, v: Floats) -> tuple[float, ...]:
    """Least squares of 1, u, u^2, u^3."""
    reach = float(np.abs(u).max())
    solved = np.linalg.lstsq(np.vander(u / reach, 4, increasing=True), v, rcond=None)[0]
    return tuple(float(c) / reach**power for power, c in enumerate(solved))


def _five(standard: tuple[float, ...], u: Frame, v: Frame) -> tuple[float, ...]:
    """b1..b5 in the user's numbers; b2 is positive, b1 carries the direction."""
    curve = Curve(*standard)
    slope = curve.slope * (v.scale / u.scale)
    level = v.centre + v.scale * curve.level - slope * u.centre
    return 2 * curve.amplitude * v.scale, curve.rate / u.scale, u.centre + u.scale * curve.middle, slope, level


def _four(standard: tuple[float, ...], u: Frame, v: Frame) -> tuple[float, ...]:
    """b1..b4 in the user's numbers; b4 is positive, b1 - b2 carries the direction."""
    curve = Curve(*standard)
    level, half = v.centre + v.scale * curve.level, v.scale * curve.amplitude
    return level + half, level - half, u.centre + u.scale * curve.middle, u.scale / curve.rate


def _powers(standard: tuple[float, ...], u: Frame, v: Frame) -> tuple[float, ...]:
    """p0..p3 in the user's numbers, from the binomial expansion of ((s - centre) / scale)^k."""
    centre, scale = np.float64(u.centre), np.float64(u.scale)  # infinite, not an exception, where they overflow
    result = [np.float64(v.centre), *np.zeros(3)]
    for power, coefficient in enumerate(standard):
        for k in range(power + 1):
            shift = math.comb(power, k) * (-centre / scale) ** (power - k)
            result[k] += v.scale * coefficient * shift / scale**k
    return tuple(float(value) for value in result)


_PARAMETERS = {"logistic5": _five, "logistic4": _four, "poly3": _powers}
