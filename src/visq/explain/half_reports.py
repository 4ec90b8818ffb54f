"""Does half of a picture decide? Agreement with people of whole pictures, critical, trivial and random halves."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from visq.api import Metric
from visq.datasets.reader import Dataset
from visq.errors import InputError, VisqWarning
from visq.evaluate import Interval, bootstrap, plcc, srcc
from visq.explain.cells import Floats
from visq.explain.estimators import Estimator
from visq.explain.halving import DRAWS, FRACTIONS, Halved, halves_of
from visq.explain.importances import of_masker
from visq.explain.masking import Level, Masker, as_metric, prepared
from visq.explain.pixels import Fill

#: What the claim asks of the correlations: near the whole's, and well below it.
NEAR, BELOW = 0.05, 0.10
PARTS = ("full", "critical", "trivial", "random")


@dataclass(frozen=True, slots=True)
class HalvesReport:
    """Whether halves decide, over pictures that people rated.

    Attributes
    ----------
    srcc, plcc : dict of str to Interval
        Agreement with people of `full`, `critical`, `trivial`, `random` (mean over the draws).
    ratio : Interval
        k: mean distance of the score without the critical halves, over that without the trivial ones.
    curve : list of (share, most, least)
        SRCC of growing shares, the most important cells first, and the least important ones.
    images : int
    degenerate : int
        Pictures whose importance has no order.
    cross_model : bool
        Whether another model chose the halves.
    """

    srcc: dict[str, Interval]
    plcc: dict[str, Interval]
    ratio: Interval
    curve: list[tuple[float, float, float]]
    images: int
    degenerate: int
    cross_model: bool = False
    checks: dict[str, bool] = field(default_factory=dict)

    @property
    def claim(self) -> str:
        """`confirmed` where critical halves agree nearly as well as wholes, trivial ones far less, random ones between.

        `contradicted` where trivial halves agree as well as critical ones or better; else `undecided`.
        """
        if all(self.checks.values()):
            return "confirmed"
        gap = self.srcc["critical"].estimate - self.srcc["trivial"].estimate
        return "contradicted" if gap <= 0 else "undecided"


def report_of(
    found: Sequence[Halved],
    labels: Any,
    *,
    lower_is_better: bool = False,
    labels_lower_is_better: bool = False,
    groups: Any = None,
    fractions: Sequence[float] = FRACTIONS,
    samples: int = 1000,
    seed: int = 0,
    cross_model: bool = False,
) -> HalvesReport:
    """Agreement with people of wholes and halves.

    Parameters
    ----------
    found : sequence of Halved
        Of each picture; `halves_of` makes them.
    labels : sequence of float
        What people said.
    lower_is_better, labels_lower_is_better : bool
        Directions of scores and labels.
    groups : sequence, optional
        The content of each picture, for the bootstrap.
    fractions : sequence of float
        Those that `halved` was given.
    samples, seed
        Of the bootstrap.
    cross_model : bool
        Whether the halves were chosen by another model: said in the report. With the same model and the same masks a
        critical half always looks good.

    Raises
    ------
    InputError
        Fewer than 3 pictures, or another number of labels.
    """
    said = np.asarray(labels, dtype=np.float64)
    if said.shape != (len(found),) or len(found) < 3:
        raise InputError("pictures and labels do not belong together", expected="as many labels as pictures, 3 or more",
                         got=f"{len(found)} and {said.shape}")  # fmt: skip
    sign = -1.0 if lower_is_better != labels_lower_is_better else 1.0
    full, critical, trivial = (np.array([getattr(one, name) for one in found]) for name in PARTS[:3])
    draws = np.stack([one.random for one in found], axis=1)
    settings: dict[str, Any] = {"groups": groups, "samples": samples, "seed": seed}
    agreements: dict[str, dict[str, Interval]] = {}
    for name, statistic in (("srcc", srcc), ("plcc", plcc)):
        several = {part: _interval(name, sign * x, said, settings)
                   for part, x in (("full", full), ("critical", critical), ("trivial", trivial))}  # fmt: skip
        several["random"] = _of_draws(statistic, sign * draws, said, settings)
        agreements[name] = several
    ratio = bootstrap(ratio_of_means, np.abs(trivial - full), np.abs(critical - full), **settings)

    def of_share(way: str, i: int) -> float:
        return _quiet(srcc, sign * np.array([getattr(one, way)[i] for one in found]), said)

    curve = [(f, of_share("most", i), of_share("least", i)) for i, f in enumerate(fractions)]
    values = {part: interval.estimate for part, interval in agreements["srcc"].items()}
    checks = {
        f"full - critical <= {NEAR}": values["full"] - values["critical"] <= NEAR,
        f"full - trivial >= {BELOW}": values["full"] - values["trivial"] >= BELOW,
        "trivial < random < critical": values["trivial"] < values["random"] < values["critical"],
    }
    return HalvesReport(
        agreements["srcc"], agreements["plcc"], ratio, curve, len(found),
        sum(one.importance.degenerate for one in found), cross_model, checks,
    )  # fmt: skip


def halves_report(
    model: str | Metric,
    images: Dataset | Sequence[Any],
    labels: Any = None,
    *,
    references: Sequence[Any] | None = None,
    cross_model: str | Metric | None = None,
    labels_lower_is_better: bool | None = None,
    level: Level = "token",
    estimator: Estimator = "half",
    fill: Fill | None = None,
    cells: int | None = None,
    draws: int = DRAWS,
    groups: Any = None,
    samples: int = 1000,
    seed: int = 0,
    on_step: Callable[[], None] = lambda: None,
) -> HalvesReport:
    """Does half of a picture decide on what a metric says of it? Told by agreement with people, over rated pictures.

    Parameters
    ----------
    model : str or Metric
        Whose scores are told.
    images : Dataset, or sequence
        A rated database, or a part of one, as `visq.dataset` gives it; or paths, or whatever else a metric takes.
    labels : sequence of float, optional
        What people said; None: what the database says.
    references : sequence, optional
        For metrics that compare; None: those of the database.
    cross_model : str or Metric, optional
        Who chooses the halves; None: `model`, of which a critical half always looks good.
    labels_lower_is_better : bool, optional
        None: what the database says, and False without one.
    level, estimator, fill, cells
        As `visq.explain.region_importance`.
    draws, groups, samples, seed, on_step
        As `halved`, `report_of` and `halves_of`.

    Returns
    -------
    HalvesReport

    Raises
    ------
    visq.errors.InputError
        Fewer than 3 pictures, numbers that differ, pictures that a metric does not take.
    """
    metric = as_metric(model)
    falling = bool(labels_lower_is_better)
    if isinstance(images, Dataset):
        paths = [images.paths(i) for i in range(len(images))]
        labels = images.scores if labels is None else labels
        groups = images.groups if groups is None else groups
        falling = images.spec.lower_is_better if labels_lower_is_better is None else falling
        images, references = [image for image, _ in paths], references or [reference for _, reference in paths]
    if labels is None:
        raise InputError("nobody said anything of these pictures", expected="labels, one for each")
    others = [None] * len(images) if references is None else list(references)
    if len(others) != len(images):
        raise InputError(
            "references and images do not belong together", expected=str(len(images)), got=str(len(others))
        )

    def maskers(one: Metric) -> Iterator[Masker]:
        for image, reference in zip(images, others, strict=True):
            given = reference if one.spec.takes_reference else None
            yield prepared(one, image, given, level=level, fill=fill, cells=cells, seed=seed)

    importances = None
    if cross_model is not None:
        importances = (
            of_masker(m, estimator=estimator, seed=seed, level=level) for m in maskers(as_metric(cross_model))
        )
    options = {} if importances is not None else {"estimator": estimator, "level": level}
    found = halves_of(maskers(metric), importances, on_step=on_step, seed=seed, draws=draws, **options)
    return report_of(
        found, labels, lower_is_better=metric.spec.lower_is_better, labels_lower_is_better=falling,
        groups=groups, samples=samples, seed=seed, cross_model=cross_model is not None,
    )  # fmt: skip


def ratio_of_means(without_critical: Floats, without_trivial: Floats) -> float:
    """k: how far scores move without critical halves, over how far without trivial ones; NaN where they do not."""
    below = float(np.mean(without_trivial))
    return float(np.mean(without_critical)) / below if below > 0 else math.nan


def _quiet(statistic: Callable[..., float], x: Floats, y: Floats) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VisqWarning)  # constant scores: NaN says it
        return statistic(x, y)


def _interval(name: str, x: Floats, y: Floats, settings: dict[str, Any]) -> Interval:
    return bootstrap(name, x, y, **settings)


def _of_draws(statistic: Callable[..., float], draws: Floats, labels: Floats, settings: dict[str, Any]) -> Interval:
    """The mean over draws of random halves of their agreement."""

    def mean(*columns: Floats) -> float:
        *scores, said = columns
        return float(np.mean([_quiet(statistic, x, said) for x in scores]))

    return bootstrap(mean, *draws, labels, **settings)


__all__ = ["BELOW", "NEAR", "HalvesReport", "halves_report", "ratio_of_means", "report_of"]
