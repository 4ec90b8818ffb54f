"""Scores as text: a table for people, lines for programs, a summary for many images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from visq.cli.metric_option import labels

if TYPE_CHECKING:
    from visq.run.tasks import Request
    from visq.store.journal import Journal

WORST = 5
_BLOCK = 1000


def name(stored: str) -> str:
    """A name of the table on one line of printable characters."""
    from visq.media.source import printable

    return printable(stored)


def count_images(journal: Journal) -> int:
    """Inputs of this run."""
    [[count]] = journal.query("SELECT count(*) FROM (SELECT DISTINCT image, reference FROM current)")
    return int(count)


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


def scores_for_terminal(journal: Journal, requests: Sequence[Request]) -> None:
    """A table with one row an image."""
    titles = labels(requests)
    table = _table("image", *(_title(titles[one.identity], one) for one in requests))
    for image, values in by_image(journal, requests):
        table.add_row(_cell(name(image)), *(number(v) if v is not None else "[red]error[/]" for v in values))
    _print(table, to_stderr=False)


def summary(journal: Journal, requests: Sequence[Request], *, to_stderr: bool) -> None:
    """Mean, median, errors and the worst images of each metric."""
    import sys

    rows = [(one, *_figures(journal, one)) for one in requests]
    titles = labels(requests)
    if (sys.stderr if to_stderr else sys.stdout).isatty():
        table = _table("metric", "scored", "errors", "mean", "median", f"worst {WORST}", right=5)
        for one, scored, failures, mean, median, worst in rows:
            width = max((len(number(v)) for _, v in worst), default=0)
            listing = "\n".join(f"{number(v):<{width}}  {name(i)}" for i, v in worst)
            failed = f"[red]{failures}[/]" if failures else "0"
            title = _title(titles[one.identity], one)
            table.add_row(title, str(scored), failed, _or_dash(mean), _or_dash(median), _cell(listing))
        _print(table, to_stderr=to_stderr)
        return
    for one, scored, failures, mean, median, worst in rows:
        direction = "lower" if one.spec.lower_is_better else "higher"
        click.echo(
            f"{titles[one.identity]} ({direction} is better): {scored} scored, {failures} errors, "
            f"mean {_or_dash(mean)}, median {_or_dash(median)}",
            err=to_stderr,
        )
        for image, value in worst:
            click.echo(f"  worst {number(value)}  {name(image)}", err=to_stderr)


def _figures(journal: Journal, one: Request) -> tuple[int, int, float | None, float | None, list[tuple[str, float]]]:
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


def _or_dash(value: float | None) -> str:
    return "-" if value is None else number(value)


def _title(label: str, one: Request) -> str:
    return f"{label} {'↓' if one.spec.lower_is_better else '↑'}"


def _table(*titles: str, right: int | None = None) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, title in enumerate(titles):
        numeric = place > 0 and (right is None or place < right)
        table.add_column(title, justify="right" if numeric else "left", overflow="fold")
    return table


def _cell(plain: str) -> Any:
    from rich.text import Text

    return Text(plain)


def _print(table: Any, *, to_stderr: bool) -> None:
    from rich.console import Console

    Console(stderr=to_stderr, highlight=False).print(table)
