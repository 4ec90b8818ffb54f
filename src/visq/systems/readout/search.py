"""The strength of a ridge regression, chosen on parts of the training data that it was not fitted on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.datasets.splits import by_rule
from visq.errors import InputError, OptionError
from visq.evaluate.correlation import spearman
from visq.systems.readout.ridge import MINIMUM, Path, table
from visq.train.data.draws import check_seed
from visq.train.data.prefetch import check_whole

#: A hundred strengths from a thousandth to a thousand.
ALPHAS = "geom:1e-3:1e3:100"
#: Of the contents, in every division: of 70 / 10 / 20 without the test part.
VALIDATION = 0.125
SPLITS = 10


@dataclass(frozen=True, eq=False)
class Search:
    """What came of a search.

    Attributes
    ----------
    alpha : float
        That with the highest median; of several the largest.
    alphas : (A,) array
    values : (S, A) array
        SRCC of every strength on the validation part of every division.
    """

    alpha: float
    alphas: np.ndarray
    values: np.ndarray

    @property
    def medians(self) -> np.ndarray:
        """`(A,)`: over the divisions."""
        return np.median(self.values, axis=0)

    @property
    def srcc(self) -> float:
        """The median of the chosen strength."""
        return float(self.medians.max())

    @property
    def at_an_end(self) -> bool:
        """Whether the chosen strength is the least or the largest that was tried: others might do better."""
        return bool(self.alpha in (self.alphas.min(), self.alphas.max())) and len(self.alphas) > 1


def strengths(text: str) -> np.ndarray:
    """Strengths as text has them: `geom:LEAST:MOST:COUNT`, or numbers with commas between them.

    Raises
    ------
    OptionError
        Another form; a strength that is not above 0.

    Examples
    --------
    >>> strengths("geom:0.01:1:3").round(4).tolist(), strengths("0.1, 10").tolist()
    ([0.01, 0.1, 1.0], [0.1, 10.0])
    """
    try:
        if text.startswith("geom:"):
            least, most, count = text.removeprefix("geom:").split(":")
            found = np.geomspace(float(least), float(most), int(count))
        else:
            found = np.array([float(part) for part in text.split(",")])
    except ValueError:
        found = np.zeros(0)
    if not found.size or not np.isfinite(found).all() or (found <= 0).any():
        raise OptionError(
            "no strengths of a ridge regression", expected="geom:LEAST:MOST:COUNT, or 0.1,1,10, all above 0", got=text
        )
    return found


def search(
    rows: Any, scores: Any, *, groups: Sequence[Any] | None = None, alphas: str | Sequence[float] = ALPHAS,
    splits: int = SPLITS, validation: float = VALIDATION, seed: int = 0, standardise: bool = True,
) -> Search:  # fmt: skip
    """Fit on most of the contents, judge by the others, several times; the strength with the best median SRCC.

    Parameters
    ----------
    rows : (N, F) array
        Features of the training part: nothing else may be chosen by.
    scores : (N,) array
    groups : sequence, optional
        The content of each picture: none is on both sides. Not given: each is its own.
    alphas : str or sequence of float
        Strengths, as `strengths` takes them.
    splits : int
        Divisions.
    validation : float
        Share of the contents that judges.
    seed : int
        Of the divisions, by the rule of `visq.datasets.splits`.
    standardise : bool
        As `visq.systems.readout.ridge.Path`.

    Raises
    ------
    InputError
        Fewer than 20 pictures, all scores equal, one content alone, NaN.
    OptionError
        Strengths, shares or divisions that cannot be.
    """
    x, y = table(rows, scores)
    tried = strengths(alphas) if isinstance(alphas, str) else strengths(",".join(map(repr, map(float, alphas))))
    check_whole("the number of divisions", splits, least=1)
    if len(x) < MINIMUM:
        raise InputError("too few pictures for a read-out", expected=f"{MINIMUM} or more", got=str(len(x)))
    if not (isinstance(validation, float) and 0 < validation < 1):
        raise OptionError("validation is no share", expected="a number between 0 and 1", got=repr(validation))
    names = [str(i) for i in range(len(x))] if groups is None else [str(one) for one in groups]
    if len(names) != len(x):
        raise InputError("groups and pictures differ in number", expected=str(len(x)), got=str(len(names)))
    values = []
    for k in range(splits):
        judged = _held(names, k, check_seed(seed), validation)
        path = Path(x[~judged], y[~judged], standardise=standardise)
        values.append([_agreement(column, y[judged]) for column in path.predict(x[judged], tried.tolist()).T])
    found = np.array(values)
    medians = np.median(found, axis=0)
    return Search(float(tried[medians == medians.max()].max()), tried, found)


def _held(names: list[str], k: int, seed: int, share: float) -> np.ndarray:
    drawn = by_rule(f"readout/{seed}", names, k, (1.0 - share, share, 0.0))
    judged = np.array([drawn[name] == "val" for name in names])
    if judged.sum() < 3 or (~judged).sum() < 2:
        raise InputError(
            "the contents cannot be divided", expected="three pictures or more to judge by, and others to fit on",
            got=f"{len(set(names))} contents of {len(names)} pictures",
        )  # fmt: skip
    return judged


def _agreement(predictions: np.ndarray, scores: np.ndarray) -> float:
    """SRCC; 0 where one side is constant, which says as much as chance."""
    if predictions.min() == predictions.max() or scores.min() == scores.max():
        return 0.0
    found = spearman(predictions, scores)
    return found if math.isfinite(found) else 0.0


__all__ = ["ALPHAS", "SPLITS", "VALIDATION", "Search", "search", "strengths"]
