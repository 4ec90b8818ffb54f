"""Which metrics a picture can be recovered under."""

from __future__ import annotations

from visq import catalog
from visq.api import Metric
from visq.catalog.naming import parse
from visq.errors import OptionError
from visq.weights.stand_in import check


def usable(metric: str | Metric) -> Metric:
    """A metric that a picture can be recovered under.

    Raises
    ------
    OptionError
        A metric without gradient, or of another kind than full-reference; several in one text.
    UnknownMetricError
    WeightsError, MissingExtraError
        What it rests on is not here.
    """
    if isinstance(metric, str):
        named = parse(metric)
        if len(named) != 1:
            raise OptionError("one recovery has one metric", expected="one name", got=metric)
        metric = Metric(catalog.get(named[0][0]), named[0][1])
    spec = metric.spec
    if spec.kind != "fr" or not spec.differentiable:
        why = "has no gradient" if spec.kind == "fr" else "is no full-reference metric"
        able = ", ".join(candidates())
        raise OptionError(f"{spec.id} {why}: nothing can be recovered under it", hint=f"Those that can: {able}.")
    check(spec, metric.options)
    return metric


def candidates() -> list[str]:
    """Every metric that a picture can be recovered under.

    >>> "mse" in candidates(), "niqe" in candidates()
    (True, False)
    """
    return [spec.id for spec in catalog.specs("fr") if spec.differentiable]


__all__ = ["candidates", "usable"]
