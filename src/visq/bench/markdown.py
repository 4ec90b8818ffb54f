"""The table of a bench as Markdown, for people and for repositories."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from visq.bench.judging import Verdict
from visq.bench.overall import Row
from visq.bench.words import NUMBERS, described, duration, figure, heading, losses, remarks
from visq.media.source import printable

_FAILURES = 10


def as_markdown(made: dict[str, Any], verdicts: Sequence[Verdict], rows: Sequence[Row]) -> str:
    """The tables for people, with how they were made."""
    parts = ["# Leader-board\n"]
    if rows:
        parts.append(_overall_markdown(verdicts, rows))
    parts += [_database_markdown(verdict) for verdict in verdicts]
    parts.append(_made_markdown(made, verdicts))
    return "\n".join(parts)


def _overall_markdown(verdicts: Sequence[Verdict], rows: Sequence[Row]) -> str:
    lines = [
        "## All databases\n",
        "Mean over databases, weighted by their numbers of pictures; the plain mean in brackets.\n",
        *_table(
            ["metric", "databases", "SRCC", "KRCC", "PLCC fitted"],
            [
                [_code(row.label), f"{len(row.databases)} of {len(verdicts)}",
                 *(f"{figure(row.weighted[n])} ({figure(row.plain[n])})" for n in ("srcc", "krcc", "plcc_fitted"))]
                for row in rows
            ],
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _database_markdown(verdict: Verdict) -> str:
    lines = [f"## {_cell(heading(verdict))}\n", *(f"{line}  " for line in described(verdict)), ""]
    with_ratio = any(e.agreement and e.agreement.outlier_ratio is not None for e in verdict.judged)
    shown = [n for n in NUMBERS if n != "outlier_ratio" or with_ratio]
    table = []
    for e in verdict.judged:
        found = e.agreement
        cells = [_with_interval(found, n) for n in shown]
        time = "" if e.time is None else duration(e.time.seconds)
        fit = found.fit.kind if found else ""
        table.append([str(e.rank or "-"), _code(e.label), e.letters, *cells, fit, str(e.scored), time])
    lines += _table(["rank", "metric", "group", *(NUMBERS[n] for n in shown), "fit", "n", "time"], table)
    lines.append("")
    lines += [f"- {_code(label)}: {_cell(text)}" for label, text in remarks(verdict)]
    lost = losses(verdict)
    for loss in lost[:_FAILURES]:
        which = _code(loss.image) + (f" and {loss.count - 1} more" if loss.count > 1 else "")
        lines.append(f"- Not scored: {which} by {_cell(loss.metrics)}: {_cell(loss.reason)}")
    if len(lost) > _FAILURES:
        lines.append(f"- ... and {len(lost) - _FAILURES} more reasons, in results.json.")
    return "\n".join(lines) + "\n"


def _made_markdown(made: dict[str, Any], verdicts: Sequence[Verdict]) -> str:
    machine = made["machine"]
    packages = ", ".join(f"{name} {v}" for name, v in made["packages"].items())
    lines = [
        "## How it was made\n",
        f"```sh\n{printable(made['command'])}\n```\n",
        f"- {made['date']}, visq {made['visq']}, Python {made['python']}, {packages}",
        f"- {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB, {machine['system']}",
    ]
    for verdict in verdicts:
        hashes = "; ".join(f"{name} {value}" for name, value in verdict.hashes.items())
        lines.append(f"- {_cell(verdict.plan.name)}: SHA-256 of {hashes}")
    identities = {e.request.identity: e.label for v in verdicts for e in v.entries}
    lines.append("- Scores: " + ", ".join(_code(identity) for identity in identities))
    return "\n".join(lines) + "\n"


def _with_interval(found: Any, name: str) -> str:
    value = getattr(found, name)
    if value is None:
        return ""
    low, high = found.intervals.get(name, (math.nan, math.nan))
    return figure(value, name) + ("" if math.isnan(low) else f" [{figure(low, name)}, {figure(high, name)}]")


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    line: Callable[[Sequence[str]], str] = lambda cells: "| " + " | ".join(cells) + " |"  # noqa: E731
    return [line(head), "|" + "---|" * len(head), *(line(row) for row in rows)]


def _cell(text: str) -> str:
    """A text on one line that ends no cell and begins no mark."""
    text = printable(text)
    for mark in "\\|<>*_`[]":
        text = text.replace(mark, f"\\{mark}" if mark not in "<>" else {"<": "&lt;", ">": "&gt;"}[mark])
    return text


def _code(text: str) -> str:
    """A name as code; one with a backquote or a bar as plain text."""
    text = printable(text)
    return _cell(text) if "`" in text or "|" in text else f"`{text}`"
