"""What a study found as JSON and CSV; the files that nobody else may have written are told by how they begin."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from visq.evaluate import Interval
from visq.explain.agreements import Agreement
from visq.explain.study.results import Judged, Results
from visq.explain.study.splits import Split
from visq.store.names import escape

FORMAT = "visq halves 1"
TITLE = "Does half of an image decide?"
COLUMNS = (
    "table", "judge", "chooser", "item", "against", "share", "border", "statistic", "estimate", "low", "high", "median",
    "pictures",
)  # fmt: skip
PICTURE_COLUMNS = (
    "image", "label", "model", "chooser", "full", "critical", "trivial", "random", "stability", "degenerate", "cells",
    "masks", "seconds",
)  # fmt: skip


def as_dict(found: Results) -> dict[str, Any]:
    """Everything but the numbers of single pictures; what is undefined is null."""
    models = [
        {
            **{k: v for k, v in asdict(one).items() if k not in ("curve", "agreement", "inside")},
            "curve": [{"share": s.share, "most": _ends(s.most), "least": _ends(s.least)} for s in one.curve],
            "agreement": _agreement(one.agreement),
            "agreement_without_border": _agreement(one.inside),
        }
        for one in found.models
    ]
    content = {
        "format": FORMAT,
        "made": found.made,
        "about": found.about,
        "pictures": len(found.pictures),
        "images": [escape(one.name) for one in found.pictures],
        "not_judged": [
            {"image": escape(one.picture), "by": one.model, "reason": escape(one.reason)} for one in found.failures
        ],
        "bootstrap": {"samples": found.samples, "seed": found.seed, "level": 0.95},
        "claims": [
            {
                "number": one.number, "claim": one.claim, "verdict": one.verdict, "reason": one.reason,
                "rule": one.rule,
                "evidence": [{"model": m, "verdict": v, "figures": t} for m, v, t in one.evidence],
            }
            for one in found.claims
        ],
        "models": models,
        "halves": [_split(one) for one in found.splits],
    }  # fmt: skip
    return _plain(content)


def as_csv(found: Results) -> str:
    """Every estimate with its interval, one a row: `COLUMNS`."""
    return _csv(COLUMNS, _rows(found))


def pictures_csv(found: Results) -> str:
    """Scores of every picture and its parts, in each metric's own direction: `PICTURE_COLUMNS`.

    With `chooser`, the halves are those that another model told apart.
    """

    def rows() -> Iterator[Sequence[Any]]:
        for picture in found.pictures:
            one = found.measured[picture.name]
            name = escape(picture.name)
            for model, own in one.own.items():
                m = own.importance
                yield (
                    name, picture.label, model, "", own.full, own.critical, own.trivial, float(own.random.mean()),
                    m.stability, str(m.degenerate).lower(), m.cells.count, m.calls, one.seconds[model],
                )  # fmt: skip
            for (judge, chooser), (critical, trivial) in one.cross.items():
                yield (name, picture.label, judge, chooser, one.own[judge].full, critical, trivial, *[""] * 6)

    return _csv(PICTURE_COLUMNS, rows())


def made_by_a_study(path: str) -> bool:
    """Whether a file is an output of `visq halves`."""
    try:
        with Path(path).open("rb") as file:
            start = file.read(2000).decode("utf-8", "replace")
    except OSError:
        return False
    marks = {
        ".csv": (",".join(COLUMNS) + "\n", ",".join(PICTURE_COLUMNS) + "\n"),
        ".json": (f'{{\n "format": "{FORMAT}"',),
        ".html": ("<!DOCTYPE html>",),
    }
    ending = os.path.splitext(path)[1].lower()  # noqa: PTH122 - a name that pathlib might alter
    ours = ending != ".html" or f"<title>{TITLE}" in start
    return ours and start.startswith(marks.get(ending, ("\0",)))


def _rows(found: Results) -> Iterator[Sequence[Any]]:
    n = len(found.pictures)
    for one in found.splits:
        who = (one.judge, one.chooser)
        for statistic in ("srcc", "plcc"):
            for part, interval in getattr(one, statistic).items():
                yield ("halves", *who, part, "", "", "", statistic, *_three(interval), "", n)
        for pair, interval in one.differences.items():
            first, second = pair.split(" - ")
            yield ("differences", *who, first, second, "", "", "srcc", *_three(interval), "", n)
        yield ("k", *who, "critical", "trivial", "", "", "ratio", *_three(one.ratio), "", n)
    for model in found.models:
        yield from _rows_of(model, n)


def _rows_of(model: Judged, n: int) -> Iterator[Sequence[Any]]:
    who = (model.name, model.name)
    for share in model.curve:
        for way in ("most", "least"):
            yield (
                "curve",
                *who,
                f"{way} important first",
                "",
                share.share,
                "",
                "srcc",
                *_three(getattr(share, way)),
                "",
                n,
            )
    for agreement, border in ((model.agreement, "with"), (model.inside, "without")):
        if agreement is None:
            continue
        for r in agreement.rows:
            yield (
                "measures",
                *who,
                r.measure,
                r.baseline,
                "",
                border,
                r.statistic,
                *_three(r.mean),
                r.median,
                r.images,
            )
        for v in agreement.verdicts:
            yield ("over baselines", *who, v.measure, v.baseline, "", border, v.statistic, *_three(v.difference), "", n)


def _three(one: Interval) -> tuple[float, float, float]:
    return one.estimate, one.low, one.high


def _ends(one: Interval) -> dict[str, float]:
    return dict(zip(("estimate", "low", "high"), _three(one), strict=True))


def _split(one: Split) -> dict[str, Any]:
    several = {name: {k: _ends(v) for k, v in getattr(one, name).items()} for name in ("srcc", "plcc", "differences")}
    return {"judge": one.judge, "chooser": one.chooser, **several, "k": _ends(one.ratio), "by_estimates": one.checks}


def _agreement(found: Agreement | None) -> dict[str, Any] | None:
    if found is None:
        return None
    rows = [
        {"measure": r.measure, "baseline": r.baseline, "statistic": r.statistic, "mean": _ends(r.mean),
         "median": r.median, "pictures": r.images}
        for r in found.rows
    ]  # fmt: skip
    over = [
        {"measure": v.measure, "baseline": v.baseline, "statistic": v.statistic, "difference": _ends(v.difference),
         "better": v.better}
        for v in found.verdicts
    ]  # fmt: skip
    return {"rows": rows, "over_baselines": over}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _csv(columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(v) for v in row] for row in rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ""
    return value


def write(path: str, found: Results) -> None:
    """One output by the ending of its name: .json, .csv, or .html.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    from visq.store.tables import replacing

    if path.lower().endswith(".html"):
        from visq.explain.study import page

        text = page.render(found)
    elif path.lower().endswith(".json"):
        text = json.dumps(as_dict(found), indent=1) + "\n"
    else:
        text = as_csv(found)
    with replacing(path) as file:
        file.write(text.encode())


def write_pictures(path: str, found: Results) -> None:
    """The numbers of every picture."""
    from visq.store.tables import replacing

    with replacing(path) as file:
        file.write(pictures_csv(found).encode())


__all__ = [
    "COLUMNS", "FORMAT", "PICTURE_COLUMNS", "TITLE", "as_csv", "as_dict", "made_by_a_study", "pictures_csv", "write",
    "write_pictures",
]  # fmt: skip
