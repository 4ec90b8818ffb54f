"""Finished tables back into rows, so that a run can be resumed when only its table is left."""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH123

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

from visq.errors import StoreError
from visq.store.journal import COLUMNS
from visq.store.names import unescape
from visq.store.tables import WARNING_SEPARATOR
from visq.types import ScoreRecord


def read_table(path: str, suffix: str) -> Iterator[ScoreRecord]:
    """Records of a CSV, JSON-lines or Parquet table, in its order.

    Raises
    ------
    StoreError
        Not a table that visq wrote, or damaged.
    """
    reader = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}[suffix]
    try:
        for values in reader(path):
            yield _record(values)
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error
    except Exception as error:
        raise StoreError(
            f"{path} is not a table of scores, or is damaged ({' '.join(str(error).split())})",
            hint="--overwrite replaces it.",
        ) from error


def _csv(path: str) -> Iterator[dict[str, Any]]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.reader(file, strict=True)
        header = tuple(next(rows, ()))
        if header[: len(COLUMNS)] != COLUMNS or len(set(header)) != len(header):
            raise StoreError(
                f"{path} is not a table of scores",
                expected=f"the columns {', '.join(COLUMNS)}",
                got=", ".join(header)[:200] or "nothing",
                hint="--overwrite replaces it.",
            )
        for row in rows:
            values: dict[str, Any] = dict(zip(header, row, strict=True))
            for name in header[len(COLUMNS) :]:
                values[name] = float(values[name]) if values[name] else None
            for name in ("width", "height", "bit_depth"):
                values[name] = int(values[name]) if values[name] else None
            values["value"] = float(values["value"]) if values["value"] else None
            values["lower_is_better"] = {"true": True, "false": False}[values["lower_is_better"]]
            joined = values["warnings"]
            values["warnings"] = joined.split(WARNING_SEPARATOR) if joined else []
            yield values


def _jsonl(path: str) -> Iterator[dict[str, Any]]:
    with open(path, "rb") as file:
        for line in file:
            yield json.loads(line)


def _parquet(path: str) -> Iterator[dict[str, Any]]:
    import polars as pl

    yield from pl.read_parquet(path).iter_rows(named=True)


def _record(values: dict[str, Any]) -> ScoreRecord:
    fields = {name: values[name] for name in COLUMNS}
    fields["image"] = unescape(fields["image"])
    fields["reference"] = unescape(fields["reference"])
    fields["warnings"] = tuple(fields["warnings"])
    fields["extras"] = {name: _finite(value) for name, value in values.items()
                        if name not in COLUMNS and value is not None}  # fmt: skip
    if isinstance(fields["value"], float) and not math.isfinite(fields["value"]):
        raise StoreError(f"the score of {fields['image']!r} is {fields['value']}, which is no number to compare")
    if (fields["status"] == "ok") != (fields["value"] is not None) or fields["status"] not in ("ok", "error"):
        raise StoreError(f"the row of {fields['image']!r} has neither a score nor an error")
    return ScoreRecord(**fields)


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise StoreError(f"{number} stands beside a score, which is no number to compare")
    return number
