"""What a bench found, as JSON (everything), CSV and Markdown (the table), and the scores of every picture as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from visq.bench.judging import Entry, Verdict
from visq.bench.markdown import as_markdown
from visq.bench.overall import Row
from visq.bench.words import NUMBERS, counted, facts, remark
from visq.evaluate import as_dict
from visq.media.source import printable
from visq.store.tables import replacing

FORMAT = "visq bench 1"
_COLUMNS = (
    "database", "split", "trial", "metric", "identity", "rank", "letters", "better", "worse", "n", "contents", "srcc",
    "srcc_low", "srcc_high", "krcc", "krcc_low", "krcc_high", "plcc_fitted", "plcc_fitted_low", "plcc_fitted_high",
    "plcc", "plcc_low", "plcc_high", "rmse_fitted", "rmse_fitted_low", "rmse_fitted_high", "outlier_ratio", "fit",
    "seconds", "seconds_per_megapixel", "not_scored", "note",
)  # fmt: skip


def everything(made: dict[str, Any], verdicts: Sequence[Verdict], rows: Sequence[Row]) -> dict[str, Any]:
    """All results as plain data, ready for JSON: what is undefined is None, infinity "inf"."""
    found: dict[str, Any] = as_dict(
        {
            "format": FORMAT,
            "made": {**made, "command": printable(made["command"])},
            "databases": [_database(verdict) for verdict in verdicts],
            "overall": list(rows),
        }
    )
    return found


def write(folder: str, made: dict[str, Any], verdicts: Sequence[Verdict], rows: Sequence[Row]) -> list[str]:
    """results.json, leaderboard.csv, leaderboard.md, and scores/NAME.csv for each database; returns their paths."""
    texts = {
        "results.json": json.dumps(everything(made, verdicts, rows), indent=1, ensure_ascii=False) + "\n",
        "leaderboard.csv": as_csv(verdicts),
        "leaderboard.md": as_markdown(made, verdicts, rows),
    }
    for verdict in verdicts:
        trial = "-trial" if verdict.plan.limit else ""
        texts[f"scores/{verdict.plan.name}{trial}.csv"] = scores_as_csv(verdict)
    paths = []
    for name, text in texts.items():
        path = str(Path(folder) / name)
        with replacing(path) as file:
            file.write(text.encode())
        paths.append(path)
    return paths


def _database(verdict: Verdict) -> dict[str, Any]:
    names = {e.request.identity: e.label for e in verdict.entries}
    return {
        **facts(verdict),
        "metrics": [_metric(verdict, entry) for entry in verdict.entries],
        "significance": _significance(verdict),
        "not_scored": [
            {"image": printable(f.image), "metrics": [names[i] for i in f.identities], "reason": f.reason}
            for f in verdict.scores.failures
        ],
    }


def _significance(verdict: Verdict) -> dict[str, Any] | None:
    """The matrix, its metrics by the names they have here."""
    matrix = verdict.matrix
    if matrix is None:
        return None
    return {**as_dict(matrix), "names": [entry.label for entry in verdict.judged], "pictures": verdict.common}


def _metric(verdict: Verdict, entry: Entry) -> dict[str, Any]:
    spec = entry.request.spec
    return {
        "metric": entry.label,
        "identity": entry.request.identity,
        "kind": spec.kind,
        "lower_is_better": spec.lower_is_better,
        "n": entry.scored,
        "not_scored": entry.values.size - entry.scored,
        "remark": remark(verdict, entry),
        "rank": entry.rank or None,
        "significantly_better": entry.better,
        "significantly_worse": entry.worse,
        "letters": entry.letters,
        "agreement": entry.agreement,
        "by_distortion": {printable(name): part for name, part in entry.parts.items()},
        "time": entry.time,
    }


def as_csv(verdicts: Iterable[Verdict]) -> str:
    """The table, a line for each metric and database."""
    text = io.StringIO(newline="")
    lines = csv.DictWriter(text, _COLUMNS, lineterminator="\n", restval="")
    lines.writeheader()
    for verdict in verdicts:
        for entry in verdict.entries:
            lines.writerow(_line(verdict, entry))
    return text.getvalue()


def _line(verdict: Verdict, entry: Entry) -> dict[str, Any]:
    found = entry.agreement
    line: dict[str, Any] = {
        "database": verdict.plan.name,
        "split": printable(verdict.plan.split),
        "trial": f"trial on the first {counted(verdict.plan.limit, 'content')}" if verdict.plan.limit else "",
        "metric": entry.label,
        "identity": entry.request.identity,
        "n": entry.scored,
        "not_scored": entry.values.size - entry.scored,
        "note": remark(verdict, entry),
    }
    if entry.time is not None:
        line |= {"seconds": f"{entry.time.seconds:.6g}", "seconds_per_megapixel": f"{entry.time.per_megapixel:.6g}"}
    if found is None:
        return line
    line |= {"rank": entry.rank or "", "letters": entry.letters, "better": entry.better, "worse": entry.worse}
    line |= {"contents": found.groups, "fit": found.fit.kind}
    for name in NUMBERS:
        value = getattr(found, name)
        line[name] = "" if value is None or math.isnan(value) else f"{value:.6f}"
        for suffix, limit in zip(("low", "high"), found.intervals.get(name, ()), strict=False):
            if f"{name}_{suffix}" in _COLUMNS:
                line[f"{name}_{suffix}"] = "" if math.isnan(limit) else f"{limit:.6f}"
    return line


def scores_as_csv(verdict: Verdict) -> str:
    """A line for each picture: what people said, and what every metric gave."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["image", "reference", "group", "distortion", "level", "part", "score", "std"]
                   + [entry.label for entry in verdict.entries])  # fmt: skip
    for i, s in enumerate(verdict.plan.dataset.samples):
        known = [printable(name) for name in (s.image, s.reference, s.group, s.distortion, s.level, s.part)]
        given = [repr(float(s.score)), "" if math.isnan(s.std) else repr(float(s.std))]
        values = [entry.values[i] for entry in verdict.entries]
        lines.writerow([*known, *given, *("" if math.isnan(v) else repr(float(v)) for v in values)])
    return text.getvalue()
