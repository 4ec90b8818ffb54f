"""What `visq evaluate` prints and writes."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

import visq
from visq.cli import layout
from visq.cli.evaluate_join import Joined, Labels, listed
from visq.cli.evaluate_tables import Scores
from visq.cli.messages import counted
from visq.cli.text import name as printed
from visq.evaluate import Agreement, SignificanceMatrix, as_dict, as_text
from visq.evaluate.ntire2022 import Ntire2022

_NUMBERS = ("srcc", "krcc", "plcc", "plcc_fitted", "rmse", "rmse_fitted", "outlier_ratio")
_INTERVALS = ("srcc", "plcc_fitted", "rmse_fitted")
#: Options that a reader needs to do it again.
_SETTINGS = (
    "label_column", "key", "groups", "by", "std_column", "labels_lower_is_better", "match", "model", "level", "samples",
    "seed", "compare", "method", "measure", "correction", "protocol", "plcc", "absolute",
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """One metric: what was joined, its agreement, and that within each label of each column."""

    joined: Joined
    whole: Agreement
    parts: dict[str, dict[str, Agreement]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Name and direction."""
        return _title(self.joined.scores)

    def rows(self) -> Iterator[tuple[str, str, Agreement]]:
        """(column, label, agreement): the whole first, with empty texts."""
        yield "", "", self.whole
        for column, found in self.parts.items():
            for label, part in found.items():
                yield column, label, part


@dataclass(frozen=True)
class Result:
    """Everything a call found."""

    scores: str
    labels: str
    given: dict[str, Any]
    label_column: str
    measured: list[Measured]
    matrix: SignificanceMatrix | None

    def labels_shown(self) -> list[str]:
        """Names of the metrics."""
        return [one.joined.scores.label for one in self.measured]

    def notes(self) -> list[str]:
        """What a reader must know beside the numbers."""
        found = [f"{one.joined.scores.label}: {note}" for one in self.measured for note in one.whole.notes]
        if self.matrix is not None:
            found += [f"--compare: {note}" for note in self.matrix.notes]
            if len({one.whole.n for one in self.measured} | {self.matrix.n}) > 1:
                found.append(f"--compare: on the {self.matrix.n} images that all metrics have scored")
        if self.given["samples"] and self.measured[0].whole.unit == "items":
            found.append("intervals take every image for a content of its own; --groups names the column of contents")
        return found

    def show(self) -> None:
        """Print to standard output: tables on a terminal, lines for programs in a pipe."""
        if self.given["as_json"]:
            click.echo(_json(self.record()))
        elif sys.stdout.isatty():
            layout.show(self._for_terminal(), to_stderr=False)
        else:
            for line in self._lines():
                click.echo(line.encode())

    def write(self, path: str) -> None:
        """Write all of it as JSON, or the table as CSV."""
        _write(path, _json(self.record()) if path.lower().endswith(".json") else _csv(self._table()))

    def record(self) -> dict[str, Any]:
        """Everything as plain data."""
        metrics = []
        for one in self.measured:
            joined = one.joined
            metrics.append({
                "metric": joined.scores.label, "identity": joined.scores.identity,
                "lower_is_better": bool(joined.scores.lower_is_better),
                "coverage": {
                    "labelled": len(joined.values), "matched": joined.matched, "missing": joined.missing,
                    "failed": dict(joined.failed), "extra": joined.extra,
                },
                "agreement": as_dict(one.whole), "breakdown": as_dict(one.parts),
            })  # fmt: skip
        head = _head(self.scores, self.labels, self.given) | {"label_column": self.label_column}
        return head | {"metrics": metrics, "comparison": as_dict(self.matrix)}

    def _columns(self) -> list[str]:
        columns = ["metric", *(["by", "label"] if self.given["by"] else []), "n", "groups"]
        for number in _NUMBERS:
            if number == "outlier_ratio" and not self.given["std_column"]:
                continue
            columns += [number, *([f"{number}_low", f"{number}_high"] if number in _INTERVALS else [])]
        return [*columns, "fit", "lower_is_better", "missing", "extra"]

    def _table(self) -> list[list[Any]]:
        columns = self._columns()
        rows: list[list[Any]] = [list(columns)]
        for one in self.measured:
            for column, label, part in one.rows():
                cells = {
                    "metric": one.joined.scores.label, "by": column, "label": label, "n": part.n, "groups": part.groups,
                    "fit": part.fit.kind, "lower_is_better": str(bool(one.joined.scores.lower_is_better)).lower(),
                    "missing": "" if column else len(one.joined.missing),
                    "extra": "" if column else len(one.joined.extra),
                }  # fmt: skip
                for number in _NUMBERS:
                    cells[number] = _cell(getattr(part, number))
                    low, high = part.intervals.get(number, (math.nan, math.nan))
                    cells[f"{number}_low"], cells[f"{number}_high"] = _cell(low), _cell(high)
                rows.append([cells[name] for name in columns])
        return rows

    def _lines(self) -> Iterator[str]:
        for row in self._table():
            yield "\t".join(printed(str(cell)) for cell in row)
        if self.matrix is not None:
            yield ""
            yield "\t".join(["a", "b", "difference", "p", "p_adjusted", "verdict"])
            names = self.matrix.names
            for i, one in enumerate(names):
                for j in range(i + 1, len(names)):
                    verdict = {1: "a", 0: "same", -1: "b"}[int(self.matrix.verdict[i, j])]
                    numbers = (m[i, j] for m in (self.matrix.difference, self.matrix.p, self.matrix.adjusted))
                    yield "\t".join([one, names[j], *(str(_cell(float(v))) for v in numbers), verdict])

    def _for_terminal(self) -> Iterator[str]:
        width = layout.terminal_width(to_stderr=False)
        titles = self._titles()
        yield from layout.names_and_numbers(
            "metric", titles, [(one.title, self._cells(one.whole)) for one in self.measured], width
        )
        for one in self.measured:
            for column, found in one.parts.items():
                yield ""
                rows = [(printed(label), self._cells(part)) for label, part in found.items()]
                yield from layout.names_and_numbers(f"{one.title}, by {column}", titles, rows, width)
        if self.matrix is not None:
            yield ""
            yield from as_text(self.matrix).splitlines()

    def _titles(self) -> list[str]:
        interval = [f"{100 * self.given['level']:g} %"] if self._intervals else []
        outliers = ["outliers"] if self.given["std_column"] else []
        return ["n", "SRCC", *interval, "KRCC", "PLCC", "PLCC fit", *interval, "RMSE fit", *outliers, "fit"]

    @property
    def _intervals(self) -> bool:
        return any(one.whole.intervals for one in self.measured)

    def _cells(self, part: Agreement) -> list[str]:
        def interval(number: str) -> list[str]:
            low, high = part.intervals.get(number, (math.nan, math.nan))
            return [f"{_short(low)}..{_short(high)}" if low == low else "-"] if self._intervals else []

        outliers = [_short(part.outlier_ratio)] if self.given["std_column"] else []
        return [
            str(part.n), _short(part.srcc), *interval("srcc"), _short(part.krcc), _short(part.plcc),
            _short(part.plcc_fitted), *interval("plcc_fitted"), f"{part.rmse_fitted:.4g}", *outliers, part.fit.kind,
        ]  # fmt: skip


@dataclass(frozen=True)
class ChallengeResult:
    """The main score of the NTIRE 2022 challenge for each metric."""

    scores: str
    labels: str
    given: dict[str, Any]
    rows: list[tuple[Scores, Ntire2022]]

    def labels_shown(self) -> list[str]:
        """Names of the metrics."""
        return [one.label for one, _ in self.rows]

    def notes(self) -> list[str]:
        """The warnings of the score."""
        return [f"{one.label}: {note}" for one, outcome in self.rows for note in outcome.notes]

    def show(self) -> None:
        """Print to standard output."""
        if self.given["as_json"]:
            click.echo(_json(self.record()))
        elif sys.stdout.isatty():
            titles, *rows = self._table()
            cells = [(_title(one), [_shown(c) for c in row[1:]]) for (one, _), row in zip(self.rows, rows, strict=True)]
            width = layout.terminal_width(to_stderr=False)
            layout.show(layout.names_and_numbers("metric", titles[1:], cells, width), to_stderr=False)
        else:
            for row in self._table():
                click.echo("\t".join(printed(str(cell)) for cell in row).encode())

    def write(self, path: str) -> None:
        """Write all of it as JSON, or the table as CSV."""
        _write(path, _json(self.record()) if path.lower().endswith(".json") else _csv(self._table()))

    def record(self) -> dict[str, Any]:
        """Everything as plain data."""
        metrics = [
            {"metric": one.label, "identity": one.identity, "lower_is_better": bool(one.lower_is_better),
             "ntire2022": as_dict(outcome)}
            for one, outcome in self.rows
        ]  # fmt: skip
        return _head(self.scores, self.labels, self.given) | {"metrics": metrics}

    def _table(self) -> list[list[Any]]:
        kinds = sorted({kind for _, outcome in self.rows for kind in outcome.per_class})
        rows: list[list[Any]] = [["metric", "n", "main", "plcc", "srcc", "krcc", *(f"srcc_{kind}" for kind in kinds)]]
        for one, outcome in self.rows:
            numbers = (outcome.main, outcome.plcc, outcome.srcc, outcome.krcc)
            within = [_cell(outcome.per_class[k].srcc) if k in outcome.per_class else "" for k in kinds]
            rows.append([one.label, outcome.n, *map(_cell, numbers), *within])
        return rows


def coverage_lines(joined: Sequence[Joined], people: Labels) -> list[str]:
    """What has no partner, with the first five names of each kind; said once where it is the same for all metrics."""
    labelled = len(people.names)
    found: dict[str, list[str]] = {}
    for one in joined:
        lines = []
        if one.missing:
            lines.append(
                f"{counted(len(one.missing), 'labelled image')} of {labelled} without a score: {listed(one.missing)}"
            )
        lines += [f"{printed(name)}: {reason}" for name, reason in one.failed[:5]]
        if one.extra:
            lines.append(f"{counted(len(one.extra), 'scored image')} without a label: {listed(one.extra)}")
        for line in lines:
            found.setdefault(line, []).append(one.scores.label)
    rated = (
        [f"{counted(len(people.unrated), 'label')} empty or infinite, left out: {listed(people.unrated)}"]
        if people.unrated
        else []
    )
    return rated + [line if len(who) == len(joined) else f"{', '.join(who)}: {line}" for line, who in found.items()]


def _head(scores: str, labels: str, given: dict[str, Any]) -> dict[str, Any]:
    settings = {name: list(v) if isinstance(v := given[name], tuple) else v for name in _SETTINGS}
    return {"visq": visq.__version__, "scores": scores, "labels": labels, "settings": settings}


def _title(scores: Scores) -> str:
    return f"{printed(scores.label)} {'↓' if scores.lower_is_better else '↑'}"


def _cell(value: float | None) -> float | str:
    """A number with all its digits; empty where it is undefined."""
    return "" if value is None or math.isnan(value) else value


def _short(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value:.4f}"


def _shown(cell: Any) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else str(cell) or "-"


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _write(path: str, text: str) -> None:
    from visq.store.tables import replacing

    with replacing(path) as file:
        file.write(text.encode() if text.endswith("\n") else f"{text}\n".encode())
