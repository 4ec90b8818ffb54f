"""One HTML file with everything: tables, plots, tests, how it was made. Nothing is fetched, nothing is left outside.

Tables are HTML, so that they can be read aloud, sorted and copied; plots are SVG (`plots`). The template escapes every
text; its script sorts and highlights, and nothing is lost without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from visq.bench import plots, words
from visq.bench.judging import ALPHA, Entry, Verdict
from visq.bench.overall import Row
from visq.extras import require
from visq.media.source import printable
from visq.store.tables import replacing

#: Plots of single metrics on one page, from the top of the table down; a page of hundreds opens slowly.
SCATTERS = 60
_WHISKER = 142.0


def check() -> None:
    """Raise where no page can be made, before anything is scored.

    Raises
    ------
    MissingExtraError
        jinja2 or matplotlib is not installed.
    """
    _environment()
    plots.check()


def write(
    path: str,
    made: dict[str, Any],
    verdicts: Sequence[Verdict],
    rows: Sequence[Row],
    *,
    on_done: Callable[[], None] = lambda: None,
) -> None:
    """Write the page, whole or not at all. `on_done` is called after every plot of a metric.

    Raises
    ------
    MissingExtraError
        jinja2 or matplotlib is not installed.
    StoreError
        The file cannot be written.
    """
    page = _environment().get_template("leaderboard.html.j2")
    text = page.render(
        made={**made, "command": printable(made["command"])},
        databases=[_database(verdict, number, on_done) for number, verdict in enumerate(verdicts)],
        overall=rows,
        count=len(verdicts),
        trial=any(verdict.plan.limit for verdict in verdicts),
        alpha=ALPHA,
        numbers=words.NUMBERS,
        identities=dict.fromkeys(entry.request.identity for v in verdicts for entry in v.entries),
        style=template("leaderboard.css"),
        script=template("leaderboard.js"),
    )
    with replacing(path) as file:
        file.write(text.encode())


def _database(verdict: Verdict, number: int, on_done: Callable[[], None]) -> dict[str, Any]:
    judged = verdict.judged
    scatters = []
    for place, entry in enumerate(judged[:SCATTERS]):
        scatters.append((entry, plots.scatter(verdict, entry, f"d{number}s{place}")))
        on_done()
    timed = sum(e.time is not None for e in judged)
    return {
        "id": f"database-{number + 1}",
        "heading": words.heading(verdict),
        "facts": words.facts(verdict),
        "described": words.described(verdict),
        "remarks": words.remarks(verdict),
        "entries": judged,
        "whiskers": _whiskers(judged),
        "with_ratio": any(e.agreement and e.agreement.outlier_ratio is not None for e in judged),
        "kinds": _kinds(judged),
        "matrix": verdict.matrix,
        "test": words.test(verdict),
        "speed": plots.speed(verdict, f"d{number}t") if timed > 1 else "",
        "scatters": scatters,
        "hashes": verdict.hashes,
        "losses": words.losses(verdict),
        "lost": len(verdict.scores.failures),
    }


def _whiskers(judged: Sequence[Entry]) -> dict[str, dict[str, float]]:
    """Places of SRCC and the ends of its interval on a line, by identity; one scale for the whole table."""
    found = {e.request.identity: e.agreement for e in judged if e.agreement}
    ends = [v for a in found.values() for v in (a.srcc, *a.intervals.get("srcc", ())) if not math.isnan(v)]
    if not ends:
        return {}
    low, high = min(*ends, 0.0), max(*ends, 0.0)
    scale = _WHISKER / ((high - low) or 1.0)
    result = {}
    for identity, a in found.items():
        first, last = a.intervals.get("srcc", (a.srcc, a.srcc))
        places = {"at": a.srcc, "from": first, "to": last, "zero": 0.0}
        result[identity] = {k: 4 + (v - low) * scale for k, v in places.items() if not math.isnan(v)}
    return result


def _kinds(judged: Sequence[Entry]) -> list[str]:
    return list(dict.fromkeys(kind for e in judged for kind in e.parts))


def _environment() -> Any:
    jinja2 = require("jinja2", "the HTML leader-board", "report", otherwise="use --no-html")
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(template), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters |= {
        "figure": words.figure,
        "short": short, "duration": words.duration, "printable": printable, "shade": shade,
    }  # fmt: skip
    return environment


def short(value: float) -> str:
    """A correlation with two decimals.

    >>> short(-1e-17), short(0.456)
    ('0.00', '0.46')
    """
    return "-" if math.isnan(value) else f"{round(value, 2) + 0.0:.2f}"


def shade(value: float) -> str:
    """The background of a correlation: blue where positive, orange where negative, stronger the further from 0.

    >>> shade(0.5), shade(-1.0)
    ('rgb(var(--high) / 0.31)', 'rgb(var(--low) / 0.62)')
    """
    if math.isnan(value):
        return "transparent"
    return f"rgb(var({'--high' if value >= 0 else '--low'}) / {0.62 * min(abs(value), 1.0):.2f})"


def template(name: str) -> str:
    """One of the templates of a leader-board."""
    return files("visq.bench").joinpath("templates", Path(name).name).read_text(encoding="utf-8")
