"""What a study has measured, kept so that it can be killed and gone on with: an SQLite file.

A row is one thing measured of one picture, keyed by the content of the picture and by what measured it: metric,
version, options, parameters and the settings of the study. Names and places play no part.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.explain.cells import Cells, Floats
from visq.explain.estimators import most_important
from visq.explain.halving import Halved
from visq.explain.importances import DEGENERATE, Importance
from visq.explain.study.models import Model
from visq.probe.cache import Cache

#: A model's importance and parts of a picture, the halves another model chose, the measures on a grid.
OWN, CROSS, MEANING = "own", "cross", "meaning"
_SINGLE = 11
_ONE = "SELECT vector, seconds FROM measured WHERE source = ? AND tap = ? AND reduction = ? AND pair = ?"


class Journal(Cache):
    """As the cache of a probe, whose arguments and errors it has."""

    FORMAT = "visq halves cache 1"
    KIND = "cache of `visq halves`"

    def of(self, source: str, about: str, what: str, picture: str) -> tuple[Floats, float] | None:
        """What was measured of a picture, and how many seconds it took; None: nothing was yet."""
        self.flush()
        rows = list(self._select(_ONE, source, about, what, picture))
        return (np.frombuffer(rows[0][0], dtype="<f8").astype(np.float64), float(rows[0][1])) if rows else None


def packed(found: Halved) -> Floats:
    """Everything of a picture's parts as one vector."""
    one = found.importance
    rows, columns = one.cells.shape
    single = [
        rows, columns, one.factor, one.calls, len(found.random), one.stability, one.score, one.critical_score,
        one.trivial_score, found.full, len(found.most),
    ]  # fmt: skip
    parts: list[Any] = [
        single, [found.critical, found.trivial], one.cells.rows, one.cells.columns, one.map.ravel(), found.random,
        found.most, found.least,
    ]  # fmt: skip
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])


def unpacked(vector: Floats, model: Model) -> Halved:
    """What `packed` was given, bit by bit."""
    single, rest = vector[:_SINGLE], vector[_SINGLE:]
    rows, columns, factor, calls, draws, shares = (int(single[i]) for i in (0, 1, 2, 3, 4, 10))
    lengths = [2, rows + 1, columns + 1, rows * columns, draws, shares, shares]
    halves, down, across, values, random, most, least = np.split(rest, np.cumsum(lengths)[:-1])
    importance = Importance(
        map=values.reshape(rows, columns),
        critical=most_important(values).reshape(rows, columns),
        cells=Cells(down, across),
        score=float(single[6]),
        critical_score=float(single[7]),
        trivial_score=float(single[8]),
        stability=float(single[5]),
        degenerate=bool(np.ptp(values) < DEGENERATE),
        estimator=model.estimator,
        level=model.level,
        fill=model.fill,
        factor=factor,
        calls=calls,
        metric=model.identity,
    )
    return Halved(importance, float(single[9]), float(halves[0]), float(halves[1]), random, most, least)


__all__ = ["CROSS", "MEANING", "OWN", "Journal", "packed", "unpacked"]
