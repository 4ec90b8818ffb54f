"""Rows of labels: the label files of one set joined, counted columns added, words replaced, rows chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import product

from visq.datasets.folder import Folder
from visq.datasets.spec import Labels, Table
from visq.datasets.tables import Row, matching, read
from visq.datasets.templates import ADDED, fill
from visq.errors import DatasetError

Rewrites = dict[str, dict[str, str]]


def present(folder: Folder, labels: Labels) -> bool:
    """Whether the files of a set of labels are there."""
    return all(table.optional or matching(folder, table) for table in labels.tables)


def rows_of(folder: Folder, labels: Labels) -> list[Row]:
    """All rows of a set of labels, in the order of the files; words are replaced, nothing is left out."""
    if labels.rows:
        module, _, name = labels.rows.partition(":")
        special: Callable[[Folder], Iterator[Row]] = getattr(import_module(module), name)
        rows = list(special(folder))
    else:
        first, *others = labels.tables
        rows = read(folder, first)
        for table in others:
            _join(folder, rows, table)
    for number, row in enumerate(rows, 1):
        row["row"] = str(number)
    for names in (_counted(labels, len(rows)), _run(labels, len(rows))):
        for row, more in zip(rows, names, strict=True):
            row.update(more)
    return rows


def _join(folder: Folder, rows: list[Row], table: Table) -> None:
    """Columns of a further table, by key or row by row."""
    if table.optional and not matching(folder, table):
        missing = [name for name in table.names if name]
        more = [dict.fromkeys(missing, "")] * len(rows)
    elif table.key:
        more = _by_key(rows, read(folder, table), table)
    else:
        more = read(folder, table)
        if len(more) != len(rows):
            raise DatasetError(
                f"{table.file} belongs row by row to another label file, and is not as long",
                expected=f"{len(rows)} rows",
                got=str(len(more)),
            )
    for row, added in zip(rows, more, strict=True):
        for name, value in added.items():
            row.setdefault(name, value)


def _by_key(rows: list[Row], more: list[Row], table: Table) -> list[Row]:
    found: dict[str, Row] = {}
    for row in more:
        if table.key not in row:
            raise DatasetError(f"{table.file} has no column {table.key!r}", got=", ".join(row))
        other = found.setdefault(row[table.key], row)
        if any(other[name] != cell for name, cell in row.items() if name not in ADDED):
            raise DatasetError(f"{table.file} has two different rows for {row[table.key]!r}")
    empty = dict.fromkeys(more[0], "")
    wanted = [row.get(table.key, "") for row in rows]
    lacking = [key for key in wanted if key not in found]
    if lacking and not table.optional:
        raise DatasetError(
            f"{table.file} has no row for {len(lacking)} of {len(rows)} rows", got=f"{lacking[0]!r}, ..."
        )
    return [found.get(key, empty) for key in wanted]


def _counted(labels: Labels, length: int) -> Iterator[Row]:
    """The columns of nested loops."""
    names = [name for name, _ in labels.counters]
    ranges = [
        [str(i + 1) for i in range(values)] if isinstance(values, int) else values for _, values in labels.counters
    ]
    if not names:
        return (Row() for _ in range(length))
    total = 1
    for one in ranges:
        total *= len(one)
    _check_length(total, length)
    return (dict(zip(names, values, strict=True)) for values in product(*ranges))


def _run(labels: Labels, length: int) -> Iterator[Row]:
    """The columns of runs of rows."""
    if labels.runs is None:
        return (Row() for _ in range(length))
    name, runs = labels.runs
    _check_length(sum(count for _, count in runs), length)
    return ({name: value, f"{name}_row": str(i + 1)} for value, count in runs for i in range(count))


def _check_length(expected: int, got: int) -> None:
    if expected != got:
        raise DatasetError(
            "the label file has no names, and its length is not that of the database",
            expected=f"{expected} rows",
            got=str(got),
        )


def rewrites(*tables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]) -> Rewrites:
    """The words of several tables, ready to be looked up."""
    found: Rewrites = {}
    for table in tables:
        for name, words in table:
            found.setdefault(name, {}).update({old.casefold(): new for old, new in words})
    return found


def reworded(words: Rewrites, name: str, value: str) -> str:
    """A value, or the word that stands for it."""
    table = words.get(name)
    return table.get(value.casefold(), value) if table else value


def holds(test: tuple[str, str], row: Row) -> bool:
    """Whether a row's column, or a template, matches a regular expression in full, without regard to case."""
    what, expression = test
    value = fill(what, row) if "{" in what else row.get(what, "")
    return re.fullmatch(expression, value, re.IGNORECASE) is not None
