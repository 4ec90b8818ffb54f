"""Rows of a journal as CSV, JSON, JSON lines or Parquet: same columns, same order, whole or not at all.

Columns, in every format: image, reference, metric, version, value, status (`ok` or `error`), error, identity,
lower_is_better, width, height, bit_depth, sha256, warnings; behind them one for each number that the metrics of the
table give beside a score (an interval, sub-scores). A `.sqlite` table has them in its table `scores`, those numbers as
a JSON object in the column `extras`. A row has a value or an error, never NaN. In CSV a missing number is an empty
cell, true and false are `true` and `false`, and warnings are joined by `; `; in JSON and Parquet they are a list. Names
are kept as `visq.store.names` says.
"""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH105, PTH108, PTH110, PTH118, PTH119, PTH120, PTH123

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from visq.errors import StoreError, VisqError
from visq.store.journal import COLUMNS

Row = tuple[Any, ...]

WARNING_SEPARATOR = "; "
_DIRECTION = COLUMNS.index("lower_is_better")
_WARNINGS = COLUMNS.index("warnings")
_PARQUET_CHUNK = 100_000


def as_object(row: Row, extras: Sequence[str] = ()) -> dict[str, Any]:
    """A row of the journal as a JSON object; `extras` names the numbers that stand beside the scores."""
    *cells, held = row
    record = dict(zip(COLUMNS, cells, strict=True))
    record["lower_is_better"] = bool(record["lower_is_better"])
    record["warnings"] = json.loads(record["warnings"])
    return record | _beside(held, extras)


def _beside(held: str, extras: Sequence[str]) -> dict[str, float | None]:
    """Every number that stands beside scores of the table, None where this one has it not."""
    numbers = json.loads(held) if extras else {}
    return {name: numbers.get(name) for name in extras}


def json_array(rows: Iterable[Row], extras: Sequence[str] = ()) -> Iterator[str]:
    """Pieces of one JSON array with one record a line."""
    start = "[\n"
    for row in rows:
        yield start + _dumped(row, extras)
        start = ",\n"
    yield "[]\n" if start == "[\n" else "\n]\n"


def write_jsonl(rows: Iterable[Row], file: IO[bytes], extras: Sequence[str] = ()) -> None:
    """One JSON object a line, UTF-8."""
    for row in rows:
        file.write(_dumped(row, extras).encode() + b"\n")


def write_csv(rows: Iterable[Row], file: IO[bytes], extras: Sequence[str] = ()) -> None:
    """UTF-8, a header line, cells quoted where they hold a comma, a quote or a line break."""
    import io

    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    plain = csv.writer(text, lineterminator="\n")
    # The csv module leaves a bare carriage return unquoted, and readers take it for the end of a line.
    quoted = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL)
    plain.writerow([*COLUMNS, *extras])
    for row in rows:
        cells = [*row[:-1], *_beside(row[-1], extras).values()]
        cells[_DIRECTION] = "true" if row[_DIRECTION] else "false"
        cells[_WARNINGS] = WARNING_SEPARATOR.join(json.loads(row[_WARNINGS]))
        (quoted if any("\r" in c for c in cells if isinstance(c, str)) else plain).writerow(cells)
    text.detach()


def write_parquet(rows: Iterable[Row], file: IO[bytes], extras: Sequence[str] = ()) -> None:
    """A Parquet file with typed columns, through polars."""
    import polars as pl

    frames: list[pl.DataFrame] = []
    chunk: list[dict[str, Any]] = []
    schema = parquet_schema(extras)
    for row in rows:
        chunk.append(as_object(row, extras))
        if len(chunk) == _PARQUET_CHUNK:
            frames.append(pl.DataFrame(chunk, schema=schema))
            chunk = []
    frames.append(pl.DataFrame(chunk, schema=schema))
    pl.concat(frames).write_parquet(file)


def parquet_schema(extras: Sequence[str] = ()) -> dict[str, Any]:
    """Types of the columns."""
    import polars as pl

    special = {
        "value": pl.Float64, "lower_is_better": pl.Boolean, "width": pl.Int64, "height": pl.Int64,
        "bit_depth": pl.Int64, "warnings": pl.List(pl.String),
    }  # fmt: skip
    return {name: special.get(name, pl.String) for name in COLUMNS} | dict.fromkeys(extras, pl.Float64)


WRITERS: dict[str, Callable[[Iterable[Row], IO[bytes], Sequence[str]], None]] = {
    ".csv": write_csv,
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}


@contextmanager
def replacing(path: str, *, hint: str = "Make room, or choose a place you may write to.") -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` when the block ends well, and leaves no trace when it does not.

    Written beside it, flushed to the disk, renamed: a reader sees the old table or the new one, never half of one. The
    temporary name is always the same, so that one left by a killed run is taken over by the next.

    Raises
    ------
    StoreError
        It cannot be written; `hint` says what to do then.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".{os.path.basename(target)}.tmp")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        _sync_folder(folder)
    except VisqError:
        raise  # some of them are OSErrors: what was to be written could not be made
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}", hint=hint) from error
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _sync_folder(folder: str) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _dumped(row: Row, extras: Sequence[str]) -> str:
    return json.dumps(as_object(row, extras), ensure_ascii=False, allow_nan=False)
