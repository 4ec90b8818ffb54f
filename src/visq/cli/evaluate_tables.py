"""Tables that `visq evaluate` reads: those of `visq score` and `visq compare`, and anybody's CSV."""

# Names stay the text that was given: pathlib would rewrite "./a".
# ruff: noqa: PTH122, PTH123

from __future__ import annotations

import csv
import json
import math
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from visq.errors import MissingExtraError, OptionError, ReadError, VisqError
from visq.evaluate.cells import cell_number

_OURS = {"image", "metric", "value", "status"}
_SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".parquet", ".sqlite", ".sqlite3", ".db")
#: Columns of a file that names none.
_UNNAMED = ("image", "value")


@dataclass(frozen=True)
class Table:
    """Columns and rows of a file; cells are texts, numbers or None."""

    path: str
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    @property
    def ours(self) -> bool:
        """Whether visq wrote it: one row for each metric on each image."""
        return set(self.columns) >= _OURS

    def column(self, name: str) -> list[Any]:
        """Cells of one column.

        Raises
        ------
        OptionError
            There is none of this name.
        """
        if name not in self.columns:
            raise OptionError(f"{self.path} has no column {name!r}", expected=", ".join(self.columns))
        place = self.columns.index(name)
        return [row[place] for row in self.rows]

    def numeric(self, leave_out: Sequence[str]) -> list[str]:
        """Columns all of whose cells are numbers or empty, and some are numbers."""
        found = []
        for place, name in enumerate(self.columns):
            if name in leave_out:
                continue
            cells = [_as_number(row[place]) for row in self.rows]
            if None not in cells and any(not math.isnan(c) for c in cells if c is not None):
                found.append(name)
        return found


@dataclass
class Scores:
    """What one metric gave: values by image, and what it could not score."""

    label: str
    identity: str
    lower_is_better: bool | None
    values: list[tuple[str, float]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


def read(path: str) -> Table:
    """The table in a file, by its extension.

    Raises
    ------
    ReadError
        No such file, empty, or not what its extension says.
    OptionError
        An extension that is none of the known ones.
    MissingExtraError
        Parquet without the `tables` extra.
    """
    suffix = os.path.splitext(path)[1].lower()
    if suffix not in _SUFFIXES:
        raise OptionError(f"{path}: unknown kind of table", expected="a name ending in " + ", ".join(_SUFFIXES))
    try:
        if suffix in (".csv", ".tsv", ".txt"):
            table = _separated(path)
        elif suffix == ".parquet":
            table = _parquet(path)
        elif suffix in (".json", ".jsonl"):
            table = _objects(path, _json_rows(path, lines=suffix == ".jsonl"))
        else:
            table = _sqlite(path)
    except VisqError:  # a ReadError is an OSError too
        raise
    except OSError as error:
        raise ReadError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError, csv.Error, sqlite3.Error) as error:
        hint = "Save it as UTF-8." if isinstance(error, UnicodeDecodeError) else ""
        raise ReadError(f"{path} is not a {suffix} table ({' '.join(str(error).split())})", hint=hint) from error
    if not table.rows:
        raise ReadError(f"{path}: no rows in it")
    twice = sorted({name for name in table.columns if table.columns.count(name) > 1})
    if twice:
        raise ReadError(f"{path} has several columns called {twice[0]!r}")
    return table


def _separated(path: str) -> Table:
    with open(path, encoding="utf-8-sig", newline="") as file:
        start = file.readline()
        file.seek(0)
        lines = list(csv.reader(file, delimiter="\t" if "\t" in start else ",", skipinitialspace=True))
    rows = [(number, [cell.strip() for cell in row]) for number, row in enumerate(lines, start=1)]
    rows = [(number, row) for number, row in rows if any(row)]
    if not rows:
        raise ReadError(f"{path}: nothing in it")
    header = tuple(rows[0][1])
    if len(header) == 1 and ";" in header[0]:
        raise ReadError(
            f"{path} seems to be separated by semicolons", expected="commas or tabs, and a point in decimal numbers"
        )
    if len(header) == 2 and _as_number(header[1]) is not None and header[1]:
        header = _UNNAMED
    else:
        rows = rows[1:]
    for number, row in rows:
        if len(row) != len(header):
            raise ReadError(f"{path}, line {number}: {len(row)} cells", expected=f"{len(header)}, as in the first line")
    return Table(path, header, [tuple(row) for _, row in rows])


def _json_rows(path: str, *, lines: bool) -> list[dict[str, Any]]:
    with open(path, encoding="utf-8") as file:
        found = [json.loads(line) for line in file if line.strip()] if lines else json.load(file)
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise ReadError(f"{path} holds no list of records", expected="one JSON object for each row")
    return found


def _objects(path: str, records: Iterable[dict[str, Any]]) -> Table:
    rows = list(records)
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(path, columns, [tuple(row.get(name) for name in columns) for row in rows])


def _parquet(path: str) -> Table:
    try:
        import polars as pl
    except ImportError:
        raise MissingExtraError(f"{path}: Parquet tables need polars", hint='Run: pip install "visq[tables]"') from None
    with open(path, "rb"):  # polars has no plain words for a folder
        pass
    try:
        frame = pl.read_parquet(path)
    except OSError:
        raise
    except Exception as error:
        raise ReadError(f"{path} is not a Parquet table ({' '.join(str(error).split())[:200]})") from error
    return Table(path, tuple(frame.columns), frame.rows())


def _sqlite(path: str) -> Table:
    from contextlib import closing
    from pathlib import Path

    from visq.store.journal import COLUMNS

    with open(path, "rb"):  # sqlite3 says neither that there is no such file nor that it is a folder
        pass
    with closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as database:
        rows = database.execute(f"SELECT {', '.join(COLUMNS)} FROM scores ORDER BY item, position").fetchall()
    return Table(path, COLUMNS, rows)


def scores_of(table: Table, key: str, wanted: Sequence[str], leave_out: Sequence[str] = ()) -> list[Scores]:
    """What each metric of a table gave, in the order of the table, or in that of `wanted`.

    Where none is wanted by name, it is every column of numbers but those to `leave_out`.

    Raises
    ------
    OptionError
        A metric or column that the table has not.
    ReadError
        A cell of a column that was asked for is no number.
    """
    found = list(_from_ours(table) if table.ours else _from_columns(table, key, wanted, leave_out))
    if not wanted:
        return found
    chosen = []
    for name in wanted:
        fitting = [one for one in found if name in (one.label, one.identity)]
        if not fitting:
            raise OptionError(
                f"{table.path} has no scores of {name!r}", expected=", ".join(one.label for one in found) or "none"
            )
        chosen += [one for one in fitting if one not in chosen]
    return chosen


def _from_ours(table: Table) -> list[Scores]:
    from visq.store.names import unescape

    found: dict[str, Scores] = {}
    place = {name: table.columns.index(name) for name in table.columns}
    for row in table.rows:
        metric = str(row[place["metric"]])
        identity = str(row[place["identity"]] if "identity" in place else "") or metric
        lower = _as_bool(row[place["lower_is_better"]]) if "lower_is_better" in place else None
        one = found.setdefault(identity, Scores(metric, identity, lower))
        image = unescape(str(row[place["image"]]))
        value = _as_number(row[place["value"]])
        if value is None:
            raise ReadError(f"{table.path}: the score of {image} is no number", got=repr(row[place["value"]]))
        if math.isnan(value):
            one.failed.append((image, str(row[place["error"]] if "error" in place else "no score")))
        else:
            one.values.append((image, value))
    several = {one.label for one in found.values() if sum(other.label == one.label for other in found.values()) > 1}
    for one in found.values():
        if one.label in several:
            one.label = one.identity
    return list(found.values())


def _from_columns(table: Table, key: str, wanted: Sequence[str], leave_out: Sequence[str]) -> Iterator[Scores]:
    names = table.column(key)
    for column in dict.fromkeys(wanted or table.numeric([key, *leave_out])):
        one = Scores(column, column, None)
        for name, cell in zip(names, table.column(column), strict=True):
            value = _as_number(cell)
            if value is None:
                raise ReadError(f"{table.path}: {column} of {name} is no number", got=repr(cell))
            if math.isinf(value):
                raise ReadError(
                    f"{table.path}: {column} of {name} is infinite",
                    hint="Leave such images out of the table and say so.",
                )
            if math.isnan(value):
                one.failed.append((str(name), "the cell is empty"))
            else:
                one.values.append((str(name), value))
        yield one


def _as_number(cell: Any) -> float | None:
    """A number; NaN for an empty cell; None for what is neither."""
    if cell is None:
        return math.nan
    if isinstance(cell, bool):
        return None
    if isinstance(cell, int | float):
        try:
            return float(cell)
        except OverflowError:  # a whole number of more than 308 digits
            return math.inf if cell > 0 else -math.inf
    return cell_number(str(cell))


def _as_bool(cell: Any) -> bool:
    return cell.strip().lower() in ("true", "1") if isinstance(cell, str) else bool(cell)


def number_of(cell: Any) -> float:
    """A cell as a number, NaN where it is empty or none."""
    value = _as_number(cell)
    return math.nan if value is None else value
