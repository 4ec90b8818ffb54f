"""The table of curves: one row a frame, written as the frames are scored."""

# Names stay the text that was given: pathlib would rewrite "./a".
# ruff: noqa: PTH105, PTH108, PTH110, PTH112, PTH118, PTH119, PTH120, PTH122, PTH123

from __future__ import annotations

import csv
import io
import json
import math
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import IO

from visq.errors import OptionError, StoreError
from visq.store.names import escape

SUFFIXES = (".csv", ".jsonl")
_FLUSH_SECONDS = 2.0


class CurveTable:
    """A CSV or JSONL file that takes its place when the block ends, however it ends, with whole rows.

    So it does when a run is interrupted or the disk is full; `rows` is then how many there are.

    Columns: video, reference, frame (its number), time (seconds, empty where unknown), then one for each metric, empty
    (null) where the frame could not be scored. Until the end the rows are in `.NAME.part` beside it.

    Parameters
    ----------
    path : str
        Ends in .csv or .jsonl.
    titles : sequence of str
        Of the metrics.
    overwrite : bool
        Whether a file of that name may be replaced.

    Raises
    ------
    OptionError
        Another ending.
    StoreError
        The file exists, or cannot be written.
    """

    def __init__(self, path: str, titles: Sequence[str], *, overwrite: bool = False) -> None:
        self.path = path
        self.rows = 0
        self._columns = ["video", "reference", "frame", "time", *titles]
        if os.path.splitext(path)[1].lower() not in SUFFIXES:
            raise OptionError(f"-o {path}: unknown kind of table", expected="a name ending in " + " or ".join(SUFFIXES))
        if os.path.isdir(path):
            raise StoreError(f"{path} is a folder", hint="Name a file: " + os.path.join(path, "curve.csv"))
        if os.path.exists(path) and not overwrite:
            raise StoreError(f"{path} exists already", hint="--overwrite replaces it.")
        self._json = path.lower().endswith(".jsonl")
        target = os.path.realpath(path)
        self._temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)}.part")
        self._flushed = time.monotonic()
        self._failed = False
        self._file: IO[str]

    def __enter__(self) -> CurveTable:
        try:
            self._file = open(self._temporary, "w", encoding="utf-8", newline="")
            if not self._json:
                self._file.write(_csv_line(self._columns))
        except OSError as error:
            raise self._problem(error) from error
        return self

    def row(self, video: str, reference: str, frame: int, seconds: float | None, values: Sequence[float]) -> None:
        """One frame; values that are NaN are missing."""
        cells = [escape(video), escape(reference), frame, None if seconds is None else round(seconds, 6)]
        cells += [None if math.isnan(v) else v for v in values]
        try:
            if self._json:
                line = json.dumps(dict(zip(self._columns, cells, strict=True)), ensure_ascii=False, allow_nan=False)
                self._file.write(line + "\n")
            else:
                self._file.write(
                    _csv_line(["" if c is None else repr(c) if isinstance(c, float) else c for c in cells])
                )
            self.rows += 1
            if time.monotonic() - self._flushed > _FLUSH_SECONDS:
                self._file.flush()
                self._flushed = time.monotonic()
        except OSError as error:
            self._failed = True
            raise self._problem(error) from error

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._failed:
                self._keep_whole_rows()
            elif self.rows or kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._file.close()
                os.replace(self._temporary, os.path.realpath(self.path))
        except OSError as problem:
            self._keep_whole_rows()
            if kind is None:
                raise self._problem(problem) from problem
        finally:
            with suppress(OSError):
                self._file.close()
            with suppress(OSError):
                os.unlink(self._temporary)

    def _keep_whole_rows(self) -> None:
        """What a full disk has taken, without a last row that is cut."""
        with suppress(OSError):
            self._file.close()
        with suppress(OSError), open(self._temporary, "r+b") as file:
            written = file.read()
            file.truncate(written.rfind(b"\n") + 1)
            self.rows = max(0, written.count(b"\n") - (not self._json))
            if self.rows:
                os.replace(self._temporary, os.path.realpath(self.path))

    def _problem(self, error: OSError) -> StoreError:
        return StoreError(
            f"{self.path} cannot be written: {error.strerror or error}", hint="Make room, or choose another place."
        )


def _csv_line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    shown = ["" if cell is None else repr(cell) if isinstance(cell, float) else cell for cell in cells]
    # The csv module leaves a bare carriage return unquoted, and readers take it for the end of a line.
    if any("\r" in cell for cell in cells if isinstance(cell, str)):
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(shown)
    else:
        csv.writer(text, lineterminator="\n").writerow(shown)
    return text.getvalue()
