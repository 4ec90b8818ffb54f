"""One picture explained: its score, what decides on it, what that is, and the maps that metrics have of their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.api import Metric
from visq.explain.agreements import centre, one, shifts
from visq.explain.cells import Floats
from visq.explain.estimators import Estimator
from visq.explain.importances import Importance, region_importance, steps
from visq.explain.masking import Level, as_metric, levels, one_by_one
from visq.explain.measures import CHOSEN, MEASURES, Measure, ranked, reduced, semantics
from visq.explain.pixels import Fill, array_of
from visq.explain.reference_maps import MetricMap, metric_maps, with_map

#: Longest side of what is shown.
SHOWN = 1200


@dataclass(frozen=True, slots=True)
class Agreeing:
    """How a measure agrees with importance in one picture.

    Attributes
    ----------
    srcc, auc : float
        Spearman's correlation, and the area under the ROC curve for the critical half; NaN where there is no order.
    low, high : float
        Between what the correlation lies in 95 of 100 pictures with such maps and nothing to do with each other: all
        shifts of the measure against the importance.
    """

    srcc: float
    auc: float
    low: float
    high: float

    @property
    def more_than_chance(self) -> bool:
        """Whether the correlation lies above what shifts give."""
        return self.srcc > self.high


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Everything about one picture and one metric.

    Attributes
    ----------
    name : str
        Of the picture.
    size : (int, int)
        Height and width.
    shown : (H, W, 3) uint8 array
        The picture, its longest side at most 1200 pixels.
    metric : Metric
    importance : Importance
    measures : dict of str to (h, w) array
        Ranks in 0..1 on the cells of the importance.
    agreeing : dict of str to Agreeing
        Of each measure, and of `centre`, the baseline.
    maps : dict of str to MetricMap
        Reduced to what is shown.
    notes : tuple of str
        What was altered on reading.
    """

    name: str
    size: tuple[int, int]
    shown: NDArray[np.uint8]
    metric: Metric
    importance: Importance
    measures: Mapping[str, Floats]
    agreeing: Mapping[str, Agreeing]
    maps: Mapping[str, MetricMap]
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Numbers and texts, for JSON; NaN and infinity as None."""
        found = self.importance
        h, w = found.cells.shape
        return {
            "image": self.name, "width": self.size[1], "height": self.size[0], "metric": self.metric.identity,
            "lower_is_better": self.metric.spec.lower_is_better, "score": found.score,
            "critical_score": found.critical_score, "trivial_score": found.trivial_score, "ratio": _json(found.ratio),
            "level": found.level, "fill": found.fill, "estimator": found.estimator, "cells": [h, w],
            "masks": found.calls, "tokens_a_side": found.factor, "stability": _json(found.stability),
            "degenerate": found.degenerate,
            "rows": [float(v) for v in found.cells.rows], "columns": [float(v) for v in found.cells.columns],
            "importance": [[float(v) for v in row] for row in found.map],
            "critical": [[bool(v) for v in row] for row in found.critical],
            "measures": {name: [[float(v) for v in row] for row in values] for name, values in self.measures.items()},
            "agreement": {
                name: {"srcc": _json(a.srcc), "auc": _json(a.auc), "chance": [_json(a.low), _json(a.high)]}
                for name, a in self.agreeing.items()
            },
            "maps": {name: {"score": _json(m.score), "problem": m.problem} for name, m in self.maps.items()},
            "notes": list(self.notes),
        }  # fmt: skip


def explain(
    model: str | Metric,
    image: Any,
    reference: Any = None,
    *,
    name: str = "",
    level: Level | None = None,
    estimator: Estimator | None = None,
    fill: Fill | None = None,
    cells: int | None = None,
    measures: Iterable[str] | Mapping[str, Measure] = CHOSEN,
    maps: bool = True,
    data_range: float | None = None,
    seed: int = 0,
    notes: tuple[str, ...] = (),
    on_total: Callable[[int], None] = lambda total: None,  # noqa: ARG005
    on_step: Callable[[], None] = lambda: None,
) -> Explanation:
    """Where the quality of one picture comes from.

    Parameters
    ----------
    model, image, reference, fill, cells, data_range, seed
        As `visq.explain.region_importance`.
    name : str
        What the picture is called.
    level : {"token", "pixel"}, optional
        None: `token` where the metric has tokens that can be hidden, else `pixel`.
    estimator : {"half", "loo", "greedy"}, optional
        None: `half` for tokens; `loo` for pixels, where each mask is a picture to score, for models whose every mask is
        a pass through the network (`loda`), and for those whose score is a mean over their tokens, of which halves tell
        nothing.
    measures : names or mapping
        As `visq.explain.semantics`.
    maps : bool
        Whether the maps of metrics that have one are computed: with a reference those of all full-reference metrics
        without networks, and the metric's own.
    notes : tuple of str
        What was altered on reading.
    on_total, on_step : callable, optional
        Told how many pieces of work there are, and called after each.

    Raises
    ------
    visq.errors.InputError, visq.errors.OptionError
        As `visq.explain.region_importance`.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> found = explain("tv", rng.integers(0, 255, (64, 64), dtype=np.uint8), cells=16, maps=False)
    >>> found.importance.level, found.importance.estimator, sorted(found.agreeing)
    ('pixel', 'loo', ['centre', 'frequency', 'objectness', 'saliency'])
    """
    metric = as_metric(model)
    pixels = array_of(image)
    chosen_level: Level = level or levels(metric)[0]
    halves = chosen_level == "token" and not one_by_one(metric, chosen_level)
    way: Estimator = estimator or ("half" if halves else "loo")
    chosen = dict(measures) if isinstance(measures, Mapping) else {m: MEASURES.get(m, m) for m in measures}
    drawn = _maps(metric, reference is not None) if maps else []
    settings: dict[str, Any] = {"estimator": way, "level": chosen_level, "cells": cells, "data_range": data_range}
    on_total(steps(metric, pixels, **settings) + len(chosen) + len(drawn))
    found = region_importance(metric, pixels, reference, fill=fill, seed=seed, on_step=on_step, **settings)
    meanings = semantics(
        pixels, found.cells, measures if isinstance(measures, Mapping) else list(chosen), data_range=data_range,
        on_step=on_step,
    )  # fmt: skip
    middle = ranked(centre(found.cells))
    agreeing = {key: _agreeing(found, values) for key, values in {**meanings, "centre": middle}.items()}
    with_maps = metric_maps(
        pixels, reference, drawn, data_range=data_range, on_step=on_step, reduce=_small
    ) if drawn else {}  # fmt: skip
    return Explanation(
        name, (int(pixels.shape[0]), int(pixels.shape[1])), _bytes(reduced(pixels, data_range, SHOWN)), metric, found,
        meanings, agreeing, with_maps, notes,
    )  # fmt: skip


def _maps(metric: Metric, reference: bool) -> list[Metric]:
    """The metric's own map first, with its options."""
    names = with_map(reference=True, learned=False) if reference else []
    own = [metric] if metric.spec.has_map else []
    return own + [as_metric(name) for name in names if name != metric.id]


def _agreeing(importance: Importance, values: Floats) -> Agreeing:
    found = one(importance, values)
    return Agreeing(found["srcc"], found["auc"], *shifts(importance, values))


def _small(values: NDArray[Any]) -> NDArray[np.float32]:
    """A map as it is shown: means over areas."""
    from visq.ops.resize import imresize

    values = np.asarray(values, dtype=np.float32)
    share = SHOWN / max(values.shape)
    if share >= 1:
        return values
    return imresize(values, size=tuple(max(1, round(n * share)) for n in values.shape), method="area")  # type: ignore[arg-type]


def _bytes(picture: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)


def _json(value: float) -> float | None:
    return value if math.isfinite(value) else None


__all__ = ["SHOWN", "Agreeing", "Explanation", "explain"]
