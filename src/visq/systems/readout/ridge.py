"""Ridge regression on features that may be more than the pictures: one decomposition serves every strength."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import eigh

from visq.errors import InputError, OptionError
from visq.evaluate.inputs import vector

#: Pictures that a read-out is fitted on, at least.
MINIMUM = 20


@dataclass(frozen=True, eq=False)
class Ridge:
    """A line through features: ``y = intercept + w . (x - centre) / spread``.

    Attributes
    ----------
    centre, spread, weights : (F,) float64
        Mean and standard deviation of the features that it was fitted on (1 where all were equal, 0 and 1 where it was
        fitted without them), and w.
    intercept : float
        What it gives at the centre.
    alpha : float
        Its strength.
    """

    centre: np.ndarray
    spread: np.ndarray
    weights: np.ndarray
    intercept: float
    alpha: float

    @property
    def line(self) -> tuple[np.ndarray, float]:
        """Weights and intercept for features as they are, neither centred nor scaled."""
        slope = self.weights / self.spread
        return slope, self.intercept - float(slope @ self.centre)

    def predict(self, rows: Any) -> np.ndarray:
        """Scores of features: `(...)` of `(..., F)`.

        Raises
        ------
        InputError
            Another number of features.
        """
        given = np.asarray(rows, dtype=np.float64)
        if given.shape[-1:] != self.weights.shape:
            raise InputError(
                "features of another number than the read-out was fitted on", expected=f"{len(self.weights)} in a row",
                got=str(given.shape),
            )  # fmt: skip
        return ((given - self.centre) / self.spread) @ self.weights + self.intercept


class Path:
    """Ridge regressions of one table, of any strength.

    ``min_w |y - b - X w|^2 + alpha |w|^2``, with X standardised by its own mean and standard deviation; b, the
    intercept, is not held down.

    Parameters
    ----------
    rows : (N, F) array
    scores : (N,) array
    standardise : bool
        False leaves the features as they are, but for their mean, which the intercept takes.

    Raises
    ------
    InputError
        Not such a table, or NaN in it; all scores equal.

    Notes
    -----
    With ``X X' = U diag(s) U'`` (or ``X' X = V diag(s) V'``, whichever is smaller) every alpha costs two products of a
    matrix and a vector.

    Examples
    --------
    >>> line = Path([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0], standardise=False).at(1e-9)
    >>> round(float(line.predict([3.0])), 6), round(float(line.weights[0]), 6)
    (7.0, 2.0)
    """

    def __init__(self, rows: Any, scores: Any, *, standardise: bool = True) -> None:
        x, y = table(rows, scores)
        self.centre = x.mean(axis=0)
        spread = x.std(axis=0) if standardise else np.ones(x.shape[1])
        # A feature whose values differ by rounding alone says nothing: it stays near 0 instead of being blown up.
        noise = 1e-9 * np.maximum(np.abs(self.centre), np.abs(x).max(axis=0, initial=0.0))
        self.spread = np.where(spread > noise, spread, 1.0)
        self._x = (x - self.centre) / self.spread
        self.intercept = float(y.mean())
        residual = y - self.intercept
        self._dual = len(x) <= x.shape[1]
        gram = self._x @ self._x.T if self._dual else self._x.T @ self._x
        values, self._vectors = eigh(gram, overwrite_a=True, check_finite=False)
        self._values = np.maximum(values, 0.0)
        self._target = self._vectors.T @ (residual if self._dual else self._x.T @ residual)

    def weights(self, alphas: Sequence[float]) -> np.ndarray:
        """w of each strength, `(F, A)`.

        Raises
        ------
        OptionError
            A strength that is not above 0.
        """
        strengths = np.asarray(alphas, dtype=np.float64)
        if strengths.ndim != 1 or not np.isfinite(strengths).all() or (strengths <= 0).any():
            raise OptionError("alpha is no strength", expected="a number above 0", got=str(alphas))
        solved = self._vectors @ (self._target[:, None] / (self._values[:, None] + strengths))
        return self._x.T @ solved if self._dual else solved

    def predict(self, rows: Any, alphas: Sequence[float]) -> np.ndarray:
        """What each strength gives for other features: `(M, A)` of `(M, F)`."""
        return ((np.asarray(rows, dtype=np.float64) - self.centre) / self.spread) @ self.weights(
            alphas
        ) + self.intercept

    def at(self, alpha: float) -> Ridge:
        """The regression of one strength."""
        return Ridge(self.centre, self.spread, self.weights([alpha])[:, 0], self.intercept, float(alpha))


def fit(rows: Any, scores: Any, alpha: float, *, standardise: bool = True) -> Ridge:
    """One regression; arguments and errors as `Path`."""
    return Path(rows, scores, standardise=standardise).at(alpha)


def table(rows: Any, scores: Any) -> tuple[np.ndarray, np.ndarray]:
    """Features and scores as float64, checked.

    Raises
    ------
    InputError
        Not `(N, F)` and `(N,)`; NaN or infinity; all scores equal: there is no order to learn.
    """
    x, y = np.asarray(rows, dtype=np.float64), vector(scores, "scores")
    if x.ndim != 2 or len(x) != len(y) or not x.size:
        raise InputError("no table of features", expected=f"(N, F) with N = {len(y)} scores", got=str(x.shape))
    if not np.isfinite(x).all():
        raise InputError("features are NaN or infinite", expected="finite numbers")
    if y.min() == y.max():
        raise InputError(
            "all scores are equal", expected="at least two that differ", hint="There is no order to learn."
        )
    return x, y


__all__ = ["MINIMUM", "Path", "Ridge", "fit", "table"]
