"""The maps of all metrics whose papers define one: where the damage is, as each of them sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq import catalog
from visq.api import Metric
from visq.errors import VisqError
from visq.explain.masking import as_metric
from visq.weights.stand_in import lacking


@dataclass(frozen=True, slots=True, eq=False)
class MetricMap:
    """What one metric says of every pixel.

    Attributes
    ----------
    metric : Metric
    score : float
        NaN where it could not be computed.
    values : (H, W) array, or None
        In the metric's own direction, `metric.spec.map_lower_is_better`.
    problem : str
        Why there is none; empty where there is.
    """

    metric: Metric
    score: float
    values: NDArray[Any] | None
    problem: str = ""

    @property
    def value_range(self) -> tuple[float, float]:
        """Of the map's values."""
        return self.metric.spec.map_range or self.metric.spec.value_range


def with_map(*, reference: bool, learned: bool = True) -> list[str]:
    """Metrics that have a map and can be computed here.

    >>> with_map(reference=False, learned=False)[:2]
    ['visq_nr', 'piqe']
    """
    kind = "fr" if reference else "nr"
    return [
        spec.id
        for spec in catalog.specs(kind)
        if spec.has_map and not lacking(spec) and (learned or not spec.extra)
    ]  # fmt: skip


def metric_maps(
    image: Any,
    reference: Any = None,
    metrics: Iterable[str | Metric] | None = None,
    *,
    data_range: float | None = None,
    on_step: Callable[[], None] = lambda: None,
    reduce: Callable[[NDArray[Any]], NDArray[Any]] = lambda values: values,
) -> dict[str, MetricMap]:
    """Scores and maps of every metric that has one: full reference with a reference, no reference without.

    Parameters
    ----------
    image, reference
        As metrics take them; files are opened once.
    metrics : names or Metrics, optional
        None: all of `with_map`.
    data_range : float, optional
        White in arrays of floats, if it is not 1.
    on_step : callable, optional
        Called after every metric.
    reduce : callable, optional
        What is kept of a map: those of a large picture are large.

    Returns
    -------
    dict of str to MetricMap
        A metric that does not take the picture has the reason in `problem`.

    Examples
    --------
    >>> reference = np.zeros((32, 32), np.uint8)
    >>> found = metric_maps(reference + np.uint8(2), reference, ["mse", "dss"])
    >>> float(found["mse"].values.max()), found["dss"].values is None
    (4.0, False)
    """
    from visq.explain.pixels import array_of

    chosen = [as_metric(m) for m in (with_map(reference=reference is not None) if metrics is None else metrics)]
    pictures = [array_of(image)] + ([] if reference is None else [array_of(reference, "reference")])
    found = {}
    for metric in chosen:
        try:
            score, values = metric.score_and_map(*pictures, data_range=data_range)
            found[metric.id] = MetricMap(metric, float(score), reduce(np.asarray(values)))
        except VisqError as error:
            found[metric.id] = MetricMap(metric, float("nan"), None, str(error))
        on_step()
    return found


__all__ = ["MetricMap", "metric_maps", "with_map"]
