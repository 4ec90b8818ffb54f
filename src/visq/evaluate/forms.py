"""Results as plain data, JSON and text."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from visq.evaluate.agreements import Agreement
from visq.evaluate.logistic import Fit
from visq.evaluate.significance import Comparison, SignificanceMatrix

_TITLES = {
    "srcc": "SRCC", "krcc": "KRCC", "plcc": "PLCC", "plcc_fitted": "PLCC fitted", "rmse": "RMSE",
    "rmse_fitted": "RMSE fitted", "outlier_ratio": "outlier ratio",
}  # fmt: skip


def as_dict(result: Any) -> Any:
    """A result of this package as dicts, lists, numbers and texts; what is undefined is None, infinity "inf".

    Examples
    --------
    >>> from visq.evaluate import two_alternative
    >>> as_dict(two_alternative([2.0], [1.0], [0.75], samples=0))["interval"]
    [None, None]
    """
    if isinstance(result, Fit):
        return {name: as_dict(getattr(result, name)) for name in ("kind", "parameters", "why", "monotone", "falling")}
    if is_dataclass(result) and not isinstance(result, type):
        return {field.name: as_dict(getattr(result, field.name)) for field in fields(result)}
    if isinstance(result, dict):
        return {str(key): as_dict(value) for key, value in result.items()}
    if isinstance(result, tuple | list):
        return [as_dict(value) for value in result]
    if isinstance(result, np.ndarray | np.generic):
        return as_dict(result.tolist())
    if isinstance(result, float) and not math.isfinite(result):
        return None if math.isnan(result) else ("inf" if result > 0 else "-inf")
    return result


def as_json(result: Any, *, indent: int | None = 2) -> str:
    """`as_dict` as JSON text: NaN is null, infinity the text "inf".

    Examples
    --------
    >>> from visq.evaluate import williams
    >>> as_json(williams(0.3, 0.4, 0.5, 100).interval, indent=None)
    '[null, null]'
    """
    return json.dumps(as_dict(result), indent=indent, ensure_ascii=False, allow_nan=False)


def as_text(result: Any) -> str:
    """A result for people to read: an agreement, a breakdown, a comparison or a matrix; other results as JSON.

    Examples
    --------
    >>> from visq.evaluate import agreement
    >>> print(as_text(agreement([1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 7, 6], samples=0)))
    7 items
    SRCC           0.9643
    ...
    """
    if isinstance(result, Agreement):
        return _agreement(result)
    if isinstance(result, dict) and all(isinstance(value, Agreement) for value in result.values()):
        return _breakdown(result)
    if isinstance(result, Comparison):
        return _comparison(result)
    if isinstance(result, SignificanceMatrix):
        return _matrix(result)
    return as_json(result)


def _number(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.4f}"


def _items(result: Agreement | Comparison | SignificanceMatrix) -> str:
    return f"{result.n} items" + (f" of {result.groups} contents" if result.unit == "contents" else "")


def _agreement(result: Agreement) -> str:
    lines = [_items(result)]
    for name, title in _TITLES.items():
        value = getattr(result, name)
        if value is None:
            continue
        low, high = result.intervals.get(name, (math.nan, math.nan))
        beside = "" if math.isnan(low) else f"  [{_number(low)}, {_number(high)}]"
        lines.append(f"{title:<14} {_number(value):>8}{beside}")
    lines.append(f"fit            {result.fit.kind} ({result.fit.why})")
    if result.outlier_rule:
        lines.append(f"outliers       beyond 2 {result.outlier_rule}s of the votes")
    if result.intervals:
        of = "contents" if result.unit == "contents" else "items, each taken for a content of its own"
        lines.append(f"intervals      {result.level:.0%}, {result.samples} resamples of {of}, seed {result.seed}")
    return "\n".join([*lines, *(f"note           {note}" for note in result.notes)])


def _breakdown(result: dict[Any, Agreement]) -> str:
    width = max([len(str(label)) for label in result], default=0)
    head = f"{'':<{width}}  {'n':>6} {'SRCC':>8} {'KRCC':>8} {'PLCC':>8} {'fitted':>8}  fit"
    rows = [
        f"{label!s:<{width}}  {part.n:>6} {_number(part.srcc):>8} {_number(part.krcc):>8} {_number(part.plcc):>8} "
        f"{_number(part.plcc_fitted):>8}  {part.fit.kind}"
        for label, part in result.items()
    ]
    return "\n".join([head, *rows])


def _comparison(result: Comparison) -> str:
    low, high = result.interval
    of = "difference of Fisher's z" if result.method in ("meng", "steiger") else "difference"
    lines = [
        _items(result),
        f"{result.measure}: {_number(result.a)} and {_number(result.b)}, difference {result.difference:+.4f}",
        f"{result.method}: statistic {result.statistic:.3f}, p {result.p:.3g}",
    ]
    if not math.isnan(low):
        lines.append(f"95 % interval of the {of}: [{_number(low)}, {_number(high)}]")
    return "\n".join([*lines, *(f"note: {note}" for note in result.notes)])


def _matrix(result: SignificanceMatrix) -> str:
    width = max(len(str(name)) for name in result.names)
    marks = {1: "+", 0: "=", -1: "-"}
    lines = [
        f"{result.measure}, {_items(result)}; {result.method}, {result.correction}, alpha {result.alpha:g}",
        "+ the row is better than the column, - worse, = not told apart",
    ]
    for i, name in enumerate(result.names):
        row = " ".join("." if i == j else marks[int(mark)] for j, mark in enumerate(result.verdict[i]))
        lines.append(f"{name!s:<{width}}  {_number(result.values[i]):>8}  {row}")
    return "\n".join([*lines, *(f"note: {note}" for note in result.notes)])
