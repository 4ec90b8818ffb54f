"""What a study found: tables, verdicts, and the numbers of every picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from visq.errors import InputError
from visq.explain.agreements import Agreement, agreement
from visq.explain.estimators import STABLE
from visq.explain.study.claims import Claim, Told, claims
from visq.explain.study.measuring import Failure, Measured
from visq.explain.study.models import Family, Model
from visq.explain.study.pictures import Picture, groups_of
from visq.explain.study.splits import Drawn, Scores, Share, Split, curve, split

FEWEST = 3


@dataclass(frozen=True, slots=True)
class Judged:
    """A model and what was found of it.

    Attributes
    ----------
    name, identity, family, level, fill, estimator
        As `Model` has them.
    lower_is_better : bool
    cells : int
        Of a picture, the median.
    masks : int
        Masked pictures of the importance of a picture, the median.
    stability : float
        Rank correlation of the maps of two disjoint sets of masks, the median over pictures; NaN where no masks were
        drawn (`loo`).
    unstable : int
        Pictures where it is below 0.7.
    degenerate : int
        Pictures whose importance has no order.
    seconds : float
        Processor time of a picture, the median; of what another run measured, its.
    curve : tuple of Share
    agreement, inside : Agreement or None
        With the measures; `inside` without the outer ring of cells. None: too few pictures have an order, or a grid
        has no inside.
    """

    name: str
    identity: str
    family: Family
    level: str
    fill: str
    estimator: str
    lower_is_better: bool
    cells: int
    masks: int
    stability: float
    unstable: int
    degenerate: int
    seconds: float
    curve: tuple[Share, ...]
    agreement: Agreement | None
    inside: Agreement | None


@dataclass(frozen=True)
class Results:
    """Everything.

    Attributes
    ----------
    about : dict
        Database, part, seed, how many pictures were chosen of how many: what the outputs say of the pictures.
    pictures : tuple of Picture
        Those that every model took.
    models : tuple of Judged
    splits : tuple of Split
        A model's own halves first, then those of the others.
    failures : tuple of Failure
    samples, seed : int
        Of the bootstrap; `seed` of all else, too.
    made : dict
        Command, day, versions, machine.
    """

    about: dict[str, Any]
    pictures: tuple[Picture, ...]
    models: tuple[Judged, ...]
    splits: tuple[Split, ...]
    failures: tuple[Failure, ...]
    samples: int
    seed: int
    measured: Mapping[str, Measured] = field(repr=False)
    made: dict[str, Any] = field(default_factory=dict)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The paper's four, each with its verdict."""
        told = [Told(m.name, m.family, m.stability, self.own(m.name), m.agreement) for m in self.models]
        return claims(told, len(self.pictures))

    def own(self, name: str) -> Split:
        """Of the halves that a model told apart itself."""
        return next(one for one in self.splits if one.judge == one.chooser == name)


def results(
    models: Sequence[Model],
    pictures: Sequence[Picture],
    measured: Mapping[str, Measured],
    failures: Sequence[Failure],
    *,
    labels_lower_is_better: bool = False,
    shares: Sequence[float],
    samples: int = 2000,
    seed: int = 0,
    about: Mapping[str, Any] | None = None,
) -> Results:
    """Tables out of what was measured.

    Raises
    ------
    InputError
        Fewer than 3 pictures that every model took.
    """
    here = [one for one in pictures if one.name in measured]
    if len(here) < FEWEST:
        first = f": {failures[0].picture}: {failures[0].reason}" if failures else ""
        raise InputError(f"too few pictures were judged by every model{first}", expected=f"{FEWEST} or more",
                         got=str(len(here)))  # fmt: skip
    labels = np.array([one.label for one in here]) * (-1.0 if labels_lower_is_better else 1.0)
    drawn = Drawn(labels, groups_of(here), samples, seed)
    whole = [measured[one.name] for one in here]
    parts = {model.name: _scores(model, whole) for model in models}
    splits = [split(model.name, model.name, parts[model.name], drawn) for model in models]
    for judge in models:
        for chooser in models:
            if chooser is not judge:
                splits.append(split(judge.name, chooser.name, _crossed(judge, chooser, whole, parts), drawn))
    judged = [_judged(model, whole, shares, drawn, samples, seed) for model in models]
    return Results(
        dict(about or {}), tuple(here), tuple(judged), tuple(splits), tuple(failures), samples, seed,
        {one.name: measured[one.name] for one in here},
    )  # fmt: skip


def _sign(model: Model) -> float:
    return -1.0 if model.lower_is_better else 1.0


def _scores(model: Model, whole: Sequence[Measured]) -> Scores:
    several = [one.own[model.name] for one in whole]
    full, critical, trivial = (
        _sign(model) * np.array([getattr(h, part) for h in several]) for part in ("full", "critical", "trivial")
    )
    return Scores(full, critical, trivial, _sign(model) * np.stack([h.random for h in several], axis=1))


def _crossed(judge: Model, chooser: Model, whole: Sequence[Measured], parts: Mapping[str, Scores]) -> Scores:
    """Wholes and random halves are the judge's own: the same masks, whoever chose."""
    scores = _sign(judge) * np.array([one.cross[judge.name, chooser.name] for one in whole]).T
    own = parts[judge.name]
    return Scores(own.full, scores[0], scores[1], own.random)


def _judged(
    model: Model, whole: Sequence[Measured], shares: Sequence[float], drawn: Drawn, samples: int, seed: int
) -> Judged:
    several = [one.own[model.name] for one in whole]
    importances = [h.importance for h in several]
    stability = np.array([one.stability for one in importances])
    known = stability[np.isfinite(stability)]
    most, least = (_sign(model) * np.stack([getattr(h, way) for h in several], axis=1) for way in ("most", "least"))
    return Judged(
        model.name, model.identity, model.family, model.level, model.fill, model.estimator, model.lower_is_better,
        cells=int(np.median([one.cells.count for one in importances])),
        masks=int(np.median([one.calls for one in importances])),
        stability=float(np.median(known)) if known.size else float("nan"),
        unstable=int((known < STABLE).sum()),
        degenerate=sum(one.degenerate for one in importances),
        seconds=float(np.median([one.seconds[model.name] for one in whole])),
        curve=curve(shares, most, least, drawn),
        agreement=_agreement(model, whole, samples, seed, border=True),
        inside=_agreement(model, whole, samples, seed, border=False),
    )  # fmt: skip


def _agreement(model: Model, whole: Sequence[Measured], samples: int, seed: int, *, border: bool) -> Agreement | None:
    """None where too few maps have an order, or have cells that are not on the border."""
    importances = [one.own[model.name].importance for one in whole]
    meanings = [one.meanings[model.name] for one in whole]
    try:
        return agreement(importances, meanings, samples=samples, seed=seed, border=border)
    except InputError:
        return None


__all__ = ["Judged", "Results", "results"]
