"""Least squares of `amplitude * tanh(rate (u - middle) / 2)` over a line or a constant, two unknowns at a time.

For a given rate and middle the rest of a logistic curve is linear, so it is solved exactly and taken out of the search
(variable projection: G. H. Golub, V. Pereyra, SIAM Journal on Numerical Analysis 10, 1973, 413-432; the Jacobian is
that of L. Kaufman, BIT 15, 1975, 49-57). What is left has two unknowns, is well scaled, and starts from a grid.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from visq.evaluate.inputs import Floats

# The grid is searched on at most this many means of neighbours: where a curve starts does not hang on single items.
_BINS = 256
# A step beyond the data's resolution, and a bend too slight for double precision.
_RATES = (math.log(1e-2), math.log(1e6))
# Below, tanh is a line or a constant over all items, as far as floats can tell.
_FLAT = 1e-15


class Curve(NamedTuple):
    """`amplitude tanh(rate (u - middle) / 2) + slope u + level`, for standardised values."""

    amplitude: float
    rate: float
    middle: float
    slope: float
    level: float

    def __call__(self, u: Floats) -> Floats:
        return self.amplitude * np.tanh(self.rate * (u - self.middle) / 2) + self.slope * u + self.level


class _Problem:
    """Residuals and Jacobian of the two unknowns, log(rate) and middle."""

    def __init__(self, u: Floats, y: Floats, *, line: bool) -> None:
        columns = [np.ones_like(u), u] if line else [np.ones_like(u)]
        self.u = u
        self.basis = np.linalg.qr(np.stack(columns, 1))[0]
        self.y = self.off(y)
        self._at: tuple[float, float] | None = None

    def off(self, columns: Floats) -> Floats:
        """What the line or the constant leaves over."""
        left: Floats = columns - self.basis @ (self.basis.T @ columns)
        return left

    def bend(self, unknowns: NDArray[np.float64]) -> tuple[Floats, Floats, float, float]:
        """tanh at all items, what is left of it, its square sum, and the amplitude that fits best."""
        key = (float(unknowns[0]), float(unknowns[1]))
        if self._at != key:
            rate = math.exp(min(max(key[0], _RATES[0]), _RATES[1]))
            tanh = np.tanh(rate * (self.u - key[1]) / 2)
            left = self.off(tanh)
            power = float(left @ left)
            usable = power > _FLAT * self.u.size
            self._bend = tanh, left, power, float(left @ self.y) / power if usable else 0.0
            self._at = key
        return self._bend

    def residuals(self, unknowns: NDArray[np.float64]) -> Floats:
        _, left, _, amplitude = self.bend(unknowns)
        return self.y - amplitude * left

    def jacobian(self, unknowns: NDArray[np.float64]) -> Floats:
        tanh, left, power, amplitude = self.bend(unknowns)
        if amplitude == 0.0:
            return np.zeros((self.u.size, 2))
        rate = math.exp(min(max(float(unknowns[0]), _RATES[0]), _RATES[1]))
        slope = (1 - tanh * tanh) * (rate / 2)
        columns = self.off(np.stack([slope * (self.u - unknowns[1]), -slope], 1))
        columns -= np.outer(left, left @ columns / power)
        result: Floats = -amplitude * columns
        return result


def fit_curve(u: Floats, y: Floats, *, line: bool) -> Curve:
    """The best curve for standardised predictions and scores; `line` adds a straight line to the logistic."""
    from scipy.optimize import least_squares

    problem = _Problem(u, y, line=line)
    best, error = np.zeros(2), math.inf
    for start in _starts(u, y, line=line):
        found = least_squares(
            problem.residuals, start, problem.jacobian, method="lm", ftol=1e-12, xtol=1e-10, gtol=1e-12, max_nfev=100
        )
        if float(found.cost) < error and np.isfinite(found.x).all():
            best, error = found.x, float(found.cost)
    return _curve(problem, best, y, line=line)


def _curve(problem: _Problem, unknowns: NDArray[np.float64], y: Floats, *, line: bool) -> Curve:
    tanh, _, _, amplitude = problem.bend(unknowns)
    rest = y - amplitude * tanh
    level = float(rest.mean())
    u = problem.u
    slope = float(u @ rest) / float(u @ u) if line else 0.0  # u has mean 0
    return Curve(
        amplitude, math.exp(min(max(float(unknowns[0]), _RATES[0]), _RATES[1])), float(unknowns[1]), slope, level
    )


def _starts(u: Floats, y: Floats, *, line: bool) -> list[NDArray[np.float64]]:
    """The best point of a grid, and the best elsewhere where it is nearly as good."""
    order = np.argsort(u, kind="stable")
    bins = np.linspace(0, u.size, min(u.size, _BINS) + 1).astype(np.int64)[:-1]
    counts = np.diff(np.append(bins, u.size))
    x, v = (np.add.reduceat(a[order], bins) / counts for a in (u, y))
    middles = np.unique(np.quantile(x, [0.03, 0.2, 0.35, 0.5, 0.65, 0.8, 0.97]))
    spans = [np.quantile(x, 0.75) - np.quantile(x, 0.25), np.quantile(x, 0.95) - np.quantile(x, 0.05), 2.0]
    rates = np.unique([r / span for span in spans if span > 1e-9 for r in (1.0, 3.0, 8.0, 25.0)])
    grid = np.stack([g.ravel() for g in np.meshgrid(np.log(rates), middles, indexing="ij")], 1)
    small = _Problem(x, v, line=line)
    bends = small.off(np.tanh(np.exp(grid[:, 0]) * (x[:, None] - grid[:, 1]) / 2))
    power = np.einsum("ij,ij->j", bends, bends)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(power > _FLAT * x.size, (small.y @ bends) ** 2 / power, 0.0)
    first = int(np.argmax(gain))
    elsewhere = np.where(np.abs(grid[:, 1] - grid[first, 1]) > 0.2 * np.ptp(middles), gain, -1.0)
    second = int(np.argmax(elsewhere))
    return [grid[first], grid[second]] if elsewhere[second] > 0.8 * gain[first] else [grid[first]]
