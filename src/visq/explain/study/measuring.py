"""One picture after the other: importance and parts by each model, halves of the others, measures on each grid."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError, MissingExtraError, StoreError, VisqError, WeightsError
from visq.explain.cells import Cells, Floats
from visq.explain.halving import Halved, halved, on_cells
from visq.explain.masking import Masker
from visq.explain.measures import MEASURES, semantics
from visq.explain.pixels import array_of
from visq.explain.study.journal import CROSS, MEANING, OWN, Journal, packed, unpacked
from visq.explain.study.models import Model
from visq.explain.study.pictures import Picture

#: Those that the page tells of: the paper's three, and the other reading of the second.
MEANINGS = tuple(MEASURES)


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Work:
    """Settings of the measurements, and who hears of them.

    `on_done` is called after every picture by every model, `on_tick` often meanwhile.
    """

    seed: int = 0
    draws: int = 10
    shares: tuple[float, ...] = ()
    on_done: Callable[[], None] = _nothing
    on_tick: Callable[[], None] = _nothing

    @property
    def key(self) -> str:
        """What measurements hang on beside the model."""
        return f"seed {self.seed} draws {self.draws} shares {','.join(f'{s:g}' for s in self.shares)}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that a model did not take: it is left out for all of them."""

    picture: str
    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything of one picture.

    Attributes
    ----------
    own : dict of model to Halved
    cross : dict of (judge, chooser) to (critical, trivial)
        Scores by the judge of the halves that the chooser told apart.
    meanings : dict of model to dict of measure to (h, w) array
        On the model's own cells.
    seconds : dict of model to float
        Processor time of `own`.
    """

    own: dict[str, Halved]
    cross: dict[tuple[str, str], tuple[float, float]]
    meanings: dict[str, dict[str, Floats]]
    seconds: dict[str, float]


def measure(
    models: Sequence[Model], pictures: Sequence[Picture], store: Journal, work: Work
) -> tuple[dict[str, Measured], list[Failure]]:
    """Measure what the journal does not hold yet; what it holds is the same as what would be measured.

    Returns
    -------
    dict of picture's name to Measured, list of Failure
    """
    found: dict[str, Measured] = {}
    failures = []
    for picture in pictures:
        one = _One(picture, models, store, work)
        try:
            found[picture.name] = one.measured()
        except (MissingExtraError, StoreError, WeightsError):
            raise  # not this picture's doing
        except VisqError as error:
            failures.append(Failure(picture.name, one.asked, str(error)))
        except OSError as error:
            failures.append(Failure(picture.name, one.asked, error.strerror or str(error)))
        for _ in range(len(models) - one.done):
            work.on_done()
        store.tick()
    return found, failures


class _One:
    """One picture."""

    def __init__(self, picture: Picture, models: Sequence[Model], store: Journal, work: Work) -> None:
        self._picture, self._models, self._store, self._work = picture, models, store, work
        self._maskers: dict[str, Masker] = {}
        self._planes: dict[str, NDArray[Any]] = {}
        self.asked, self.done = "", 0

    @cached_property
    def _pixels(self) -> Any:
        return array_of(self._picture.source)

    def measured(self) -> Measured:
        own, seconds = {}, {}
        for model in self._models:
            self.asked = model.name
            own[model.name], seconds[model.name] = self._own(model)
            self.done += 1
            self._work.on_done()
            self._store.tick()
        cross = {}
        for judge in self._models:
            self.asked = judge.name
            for chooser in self._models:
                if chooser is not judge:
                    cross[judge.name, chooser.name] = self._cross(judge, chooser, own[chooser.name])
        self.asked = "the measures"
        meanings = {name: self._meanings(halves.importance.cells) for name, halves in own.items()}
        return Measured(own, cross, meanings, seconds)

    def _masker(self, model: Model) -> Masker:
        if model.name not in self._maskers:
            self._maskers[model.name] = model.opened(self._pixels, self._work.on_tick)
        return self._maskers[model.name]

    def _source(self, model: Model) -> str:
        return f"{model.key} {self._work.key}"

    def _own(self, model: Model) -> tuple[Halved, float]:
        known = self._store.of(self._source(model), "", OWN, self._picture.key)
        if known is None:
            start = time.process_time()
            masker = self._masker(model)
            found = halved(
                masker, draws=self._work.draws, fractions=self._work.shares, seed=self._picture.seed(self._work.seed),
                estimator=model.estimator, masks=model.masks_for(masker.cells.count), level=model.level,
                metric=model.identity,
            )  # fmt: skip
            vector = packed(found)
            if not np.isfinite(np.delete(vector, 5)).all():  # the stability, which not every map has
                raise InputError("the model gives no number for a part of the picture")
            known = vector, time.process_time() - start
            self._store.add(self._source(model), "", OWN, self._picture.key, *known)
        return unpacked(known[0], model), known[1]

    def _cross(self, judge: Model, chooser: Model, chosen: Halved) -> tuple[float, float]:
        """By the judge, of the halves that another model told apart."""
        place = (self._source(judge), self._source(chooser), CROSS, self._picture.key)
        known = self._store.of(*place)
        if known is None:
            start = time.process_time()
            masker = self._masker(judge)
            _, critical = on_cells(chosen.importance, masker.cells)
            scores = masker(np.stack([critical, ~critical]).reshape(-1, *masker.cells.shape))
            known = np.asarray(scores, dtype=np.float64), time.process_time() - start
            self._store.add(*place, *known)
        return float(known[0][0]), float(known[0][1])

    def _meanings(self, cells: Cells) -> dict[str, Floats]:
        edges = np.concatenate([cells.rows, cells.columns])
        grid = f"{cells.shape[0]}x{cells.shape[1]} {hashlib.sha256(edges.tobytes()).hexdigest()[:16]}"
        place = ("measures 1", grid, MEANING, self._picture.key)
        known = self._store.of(*place)
        if known is None:
            start = time.process_time()
            maps = semantics(self._pixels, cells, {name: self._plane(name) for name in MEANINGS})
            self._work.on_tick()
            vector = np.concatenate([maps[name].ravel() for name in MEANINGS])
            known = vector, time.process_time() - start
            self._store.add(*place, *known)
        several = known[0].reshape(len(MEANINGS), *cells.shape)
        return dict(zip(MEANINGS, several, strict=True))

    def _plane(self, name: str) -> Callable[[NDArray[np.float32]], NDArray[Any]]:
        """A measure that is computed once for all grids of this picture."""

        def of(image: NDArray[np.float32]) -> NDArray[Any]:
            if name not in self._planes:
                self._planes[name] = MEASURES[name](image)
            return self._planes[name]

        return of


__all__ = ["MEANINGS", "Failure", "Measured", "Work", "measure"]
