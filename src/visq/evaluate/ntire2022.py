"""Scoring as in the NTIRE 2022 challenge on perceptual image quality assessment: PIPAL, two tracks, one main score.

The challenge ranks by `main = PLCC + SRCC` of all distorted images of a split pooled, whatever their reference. Whether
its server fitted a curve before PLCC was not found: participants' own scripts do not, and neither does this by default.

Splits, leader-boards and their sources are data in `visq.evaluate.ntire2022_tables`, a small simulated PIPAL to try
things on is `visq.evaluate.ntire2022_mini`.
"""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from visq.errors import InputError, VisqWarning
from visq.evaluate.correlation import kendall, pearson, spearman
from visq.evaluate.logistic import fit_logistic
from visq.evaluate.ntire2022_files import (
    PipalName,
    Readme,
    Submission,
    parse_name,
    parse_scores,
    read_labels,
    read_submission,
    write_submission,
)  # fmt: skip
from visq.evaluate.raters.votes import listed

_LEAST = 3

Scores = Mapping[str, float] | Iterable[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which images have a score, a label, or both.

    Attributes
    ----------
    matched : int
        Images with both.
    missing, extra, repeated : tuple of str
        Labelled without a score; scored without a label; scored more than once.
    """

    matched: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    repeated: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every label has one score and every score a label."""
        return not (self.missing or self.extra or self.repeated)

    def check(self) -> None:
        """Raise an InputError that lists the first five names of each kind, unless complete."""
        if self.complete:
            return
        kinds = (("without a score", self.missing), ("more than once", self.repeated), ("without a label", self.extra))
        facts = [f"{len(names)} {what}: {listed(names)}" for what, names in kinds if names]
        raise InputError(
            "the submission does not cover the split: " + "; ".join(facts), expected="one score for each labelled image"
        )


def coverage(predictions: Scores, labels: Mapping[str, float]) -> Coverage:
    """What a submission covers of a split; nothing is raised here."""
    names = [name for name, _ in _pairs(predictions)]
    times = Counter(names)
    return Coverage(
        matched=sum(name in times for name in labels),
        missing=tuple(name for name in labels if name not in times),
        extra=tuple(name for name in times if name not in labels),
        repeated=tuple(name for name, count in times.items() if count > 1),
    )


class ClassScore(NamedTuple):
    """One class of distortions: how many images, and SRCC over them (NaN where it is undefined)."""

    n: int
    srcc: float


@dataclass(frozen=True, slots=True)
class Ntire2022:
    """The challenge's numbers.

    Attributes
    ----------
    main : float
        `plcc + srcc`, higher is better, at most 2; NaN where predictions are constant.
    plcc, srcc, krcc : float
        Over all images pooled. Only the first two count.
    plcc_kind : str
        `raw`, or `poly3` after a cubic; `raw` too where the cubic could not be fitted.
    absolute : bool
        Whether the signs of the three correlations were taken off; those of the classes keep theirs.
    n : int
        Images.
    per_class : dict
        `ClassScore` by class code. A correlation within a class is not comparable with the pooled one.
    coverage : Coverage
        Complete, always; here to be printed.
    notes : tuple of str
        What a reader must know: the warnings given.
    """

    main: float
    plcc: float
    srcc: float
    krcc: float
    plcc_kind: str
    absolute: bool
    n: int
    per_class: dict[str, ClassScore]
    coverage: Coverage
    notes: tuple[str, ...] = ()


def main_score(
    predictions: Scores,
    labels: Mapping[str, float],
    *,
    plcc: Literal["raw", "poly3"] = "raw",
    absolute: bool = False,
    lower_is_better: bool = False,
) -> Ntire2022:
    """The challenge's main score of a submission: PLCC + SRCC over all images of the split.

    Parameters
    ----------
    predictions : mapping or pairs of (name, score)
        One score for each labelled image.
    labels : mapping
        Scores of people, higher is better.
    plcc : {"raw", "poly3"}
        Pearson's correlation of the scores as they are, or after a cubic fitted to the labels by least squares. The
        latter is never negative.
    absolute : bool
        Count correlations without their sign, as some servers do.
    lower_is_better : bool
        Negate the predictions first.

    Returns
    -------
    Ntire2022

    Raises
    ------
    InputError
        Images without a score or label, or scored twice (the first five are named); fewer than three; a score that is
        not finite; constant labels.

    Warns
    -----
    VisqWarning
        Predictions that are all the same: correlations and main score are NaN, not 0. Both correlations negative: the
        scores probably fall as quality rises.

    Examples
    --------
    >>> labels = {f"A0001_00_0{i}.bmp": 1400.0 + 20 * i for i in range(5)}
    >>> main_score({name: value / 1000 for name, value in labels.items()}, labels).main
    2.0
    """
    if plcc not in ("raw", "poly3"):
        raise InputError("plcc cannot be taken so", expected="'raw' or 'poly3'", got=repr(plcc))
    rows = _pairs(predictions)
    covered = coverage(rows, labels)
    covered.check()
    names, own = list(labels), dict(rows)
    x = np.array([own[name] for name in names], dtype=np.float64) * (-1 if lower_is_better else 1)
    y = np.array([labels[name] for name in names], dtype=np.float64)
    _check(names, x, y)
    linear, ranks = pearson(x, y), spearman(x, y)
    notes = []
    if math.isnan(linear):
        notes.append("all predictions are the same: correlations and main score are undefined")
    elif linear < 0 and ranks < 0 and not absolute:
        notes.append("both correlations are negative: do the scores fall as quality rises (lower_is_better=True)?")
    if plcc == "poly3" and not math.isnan(linear):
        fit = fit_logistic(x, y, model="poly3")
        linear = pearson(fit(x), y)
        if fit.kind != "poly3":
            plcc = "raw"
            notes.append(f"PLCC is that of the scores as they are, not after a cubic: {fit.why}")
    kinds = np.array([parse_name(name).kind for name in names])
    result = Ntire2022(
        math.nan, linear, ranks, kendall(x, y), plcc, absolute, len(names),
        {str(k): ClassScore(int((kinds == k).sum()), _within(x[kinds == k], y[kinds == k])) for k in np.unique(kinds)},
        covered, tuple(notes),
    )  # fmt: skip
    if absolute:
        result = replace(result, plcc=abs(linear), srcc=abs(ranks), krcc=abs(result.krcc))
    for note in notes:
        warnings.warn(note, VisqWarning, stacklevel=2)
    return replace(result, main=result.plcc + result.srcc)


def _check(names: Sequence[str], x: np.ndarray, y: np.ndarray) -> None:
    if len(names) < _LEAST:
        raise InputError("too few images for a correlation", expected=f"at least {_LEAST}", got=str(len(names)))
    for what, values in (("score", x), ("label", y)):
        wrong = [name for name, value in zip(names, values, strict=True) if not math.isfinite(value)]
        if wrong:
            raise InputError(f"the {what} of {listed(wrong)} is not finite", expected="finite numbers")
    if (y == y[0]).all():
        raise InputError("all labels are the same", expected="scores of people that differ")


def _within(x: np.ndarray, y: np.ndarray) -> float:
    return spearman(x, y) if len(x) >= _LEAST else math.nan


def _pairs(scores: Scores) -> list[tuple[str, float]]:
    return list(scores.items() if isinstance(scores, Mapping) else scores)


__all__ = [
    "ClassScore", "Coverage", "Ntire2022", "PipalName", "Readme", "Submission", "coverage", "main_score", "parse_name",
    "parse_scores", "read_labels", "read_submission", "write_submission",
]  # fmt: skip
