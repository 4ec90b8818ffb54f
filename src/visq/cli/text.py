"""Scores as text: a table for people, lines for programs, a summary for many images."""

from __future__ import annotations

import json
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeAlias

import click

from visq.catalog.naming import labels
from visq.cli import layout
from visq.cli.messages import counted

if TYPE_CHECKING:
    from visq.run.tasks import Request
    from visq.store.journal import Journal
    from visq.types import MetricSpec

WORST = 5
_BLOCK = 1000

#: scored, errors, mean, median, and the worst with their values
_Figures: TypeAlias = "tuple[int, int, float | None, float | None, list[tuple[str, float]]]"


def name(stored: str) -> str:
    """A name of the table on one line of printable characters."""
    from visq.media.source import printable

    return printable(stored)


def count_images(journal: Journal) -> int:
    """Inputs of this run."""
    [[count]] = journal.query("SELECT count(*) FROM (SELECT DISTINCT image, reference FROM current)")
    return int(count)


def alterations(journal: Journal) -> tuple[int, list[tuple[str, int]]]:
    """How many inputs were read with warnings, and how many with each code, the most frequent first."""
    codes: Counter[str] = Counter()
    images = 0
    for (warnings,) in journal.query(
        "SELECT max(warnings) FROM current WHERE warnings <> '[]' GROUP BY image, reference"
    ):
        images += 1
        codes.update({warning.partition(":")[0] for warning in json.loads(warnings)})
    return images, codes.most_common()


def errors(journal: Journal) -> Iterator[tuple[str, list[str], str]]:
    """(image, metrics, reason) for each input and reason, in the order of the inputs."""
    rows = journal.query(
        "SELECT image, group_concat(metric, char(10)), error FROM current WHERE status = 'error'"
        " GROUP BY item, image, reference, error ORDER BY item, min(position)"
    )
    for image, metrics, error in rows:
        yield image, metrics.split("\n"), error


def by_image(journal: Journal, requests: Sequence[Request]) -> Iterator[tuple[str, list[float | None]]]:
    """(image, value of each metric or None) in the order of the inputs."""
    place = {one.identity: i for i, one in enumerate(requests)}
    last: tuple[str, str] | None = None
    values: list[float | None] = [None] * len(place)
    for image, reference, identity, value in journal.query(
        "SELECT image, reference, identity, value FROM current ORDER BY item, position"
    ):
        if (image, reference) != last:
            if last is not None:
                yield last[0], values
            last, values = (image, reference), [None] * len(place)
        if identity in place:
            values[place[identity]] = value
    if last is not None:
        yield last[0], values


def number(value: float | None) -> str:
    """Six significant digits; `error` where there is no score."""
    return "error" if value is None else f"{value:.6g}"


def scores_as_lines(journal: Journal, requests: Sequence[Request]) -> None:
    """Tab-separated: a header, then a line for each image. Names are printed on one line each."""
    titles = labels(requests)
    header = "\t".join(["image", *(titles[one.identity] for one in requests)]) + "\n"
    rows = by_image(journal, requests)
    lines = ("\t".join([name(i), *("error" if v is None else repr(v) for v in values)]) + "\n" for i, values in rows)
    write(chain([header], lines))


def write(pieces: Iterable[str]) -> None:
    """Text to standard output, UTF-8 whatever the terminal's setting, in blocks."""
    rest = iter(pieces)
    while block := "".join(islice(rest, _BLOCK)):
        click.echo(block.encode(), nl=False)


def beside(journal: Journal, requests: Sequence[Request], *, to_stderr: bool) -> None:
    """Of a single image: the interval and the sub-scores of each metric that gives them."""
    titles = labels(requests)
    rows = {i: json.loads(held) for i, held in journal.query("SELECT identity, extras FROM current")}
    found = [(titles[one.identity], one.spec, rows[one.identity]) for one in requests if rows.get(one.identity)]
    label = max((layout.length(title) for title, _, _ in found), default=0)
    lines = (f"{title:<{label}}  {line}" for title, spec, held in found for line in _beside(spec, held))
    if (sys.stderr if to_stderr else sys.stdout).isatty():
        width = max(layout.terminal_width(to_stderr=to_stderr), 2 * label + 20)
        indent = " " * (label + 2)
        lines = (part for line in lines for part in textwrap.wrap(line, width, subsequent_indent=indent))
    layout.show(lines, to_stderr=to_stderr)


def _beside(spec: MetricSpec, held: dict[str, float]) -> Iterator[str]:
    if spec.interval:
        yield f"{100 * held['level']:g} % interval: {held['lower']:.3g} to {held['upper']:.3g}"
    if spec.parts:
        better = "lower" if spec.lower_is_better else "higher"
        shown = ", ".join(f"{part.name} {held[part.name]:.3g}" for part in spec.parts)
        yield f"{shown} ({better} is better)"


def scores_for_terminal(journal: Journal, requests: Sequence[Request]) -> None:
    """A table with one row an image."""
    titles = labels(requests)
    rows = [(name(image), [number(v) for v in values]) for image, values in by_image(journal, requests)]
    head = [_title(titles[one.identity], one) for one in requests]
    lines = layout.names_and_numbers("image", head, rows, layout.terminal_width(to_stderr=False))
    layout.show(lines, to_stderr=False)


def summary(journal: Journal, requests: Sequence[Request], *, to_stderr: bool, worst: bool = True) -> None:
    """Mean, median, errors and, unless `worst` is false, the worst images of each metric."""
    titles = labels(requests)
    rows = [(titles[one.identity], one, _figures(journal, one)) for one in requests]
    if (sys.stderr if to_stderr else sys.stdout).isatty():
        width = layout.terminal_width(to_stderr=to_stderr)
        layout.show(_summary_table(rows, width, worst=worst), to_stderr=to_stderr)
        return
    for label, one, (scored, failures, mean, median, lowest) in rows:
        direction = "lower" if one.spec.lower_is_better else "higher"
        middle = "" if mean is None else f", mean {number(mean)}, median {number(median)}"
        text = f"{label} ({direction} is better): {scored} scored, {counted(failures, 'error')}{middle}"
        click.echo(text, err=to_stderr)
        for image, value in lowest if worst else ():
            click.echo(f"  worst {number(value)}  {name(image)}", err=to_stderr)


def _summary_table(rows: Sequence[tuple[str, Request, _Figures]], width: int, *, worst: bool) -> Iterator[str]:
    figures = [
        (_title(label, one), [str(scored), str(failures), *("-" if v is None else number(v) for v in (mean, median))])
        for label, one, (scored, failures, mean, median, _) in rows
    ]
    yield ""
    for title, cells in figures if len(figures) == 1 else ():
        numbers = ("scored", "errors", "mean", "median")
        yield f"{title}: " + ", ".join(f"{n} {c}" for n, c in zip(numbers, cells, strict=True) if c != "-")
    if len(figures) > 1:
        titles = ["scored", "errors", "mean", "median"]
        yield from layout.names_and_numbers("metric", titles, figures, width)
    for label, one, (*_, lowest) in rows if worst else ():
        if not lowest:
            continue
        yield from ("", layout.bold(f"worst {len(lowest)} by {_title(label, one)}"))
        place = max(len(number(value)) for _, value in lowest)
        room = max(10, width - place - 4)
        for image, value in lowest:
            yield f"  {number(value):<{place}}  {layout.shortened(name(image), room)}"


def _figures(journal: Journal, one: Request) -> _Figures:
    chosen = "FROM current WHERE identity = ?"
    [[every, scored, mean]] = journal.query(f"SELECT count(*), count(value), avg(value) {chosen}", (one.identity,))
    middle = journal.query(
        f"SELECT avg(value) FROM (SELECT value {chosen} AND status = 'ok' ORDER BY value LIMIT ? OFFSET ?)",
        (one.identity, 2 - scored % 2, max(0, (scored - 1) // 2)),
    )
    [[median]] = middle
    order = "DESC" if one.spec.lower_is_better else "ASC"
    worst = journal.query(
        f"SELECT image, value {chosen} AND status = 'ok' ORDER BY value {order}, item LIMIT {WORST}", (one.identity,)
    )
    return scored, every - scored, mean, median, list(worst)


def _title(label: str, one: Request) -> str:
    return f"{label} {'↓' if one.spec.lower_is_better else '↑'}"
