"""What a training writes down while it lasts: JSON lines, CSV, and TensorBoard where that is installed.

======================  ========================================================================
file                    rows
======================  ========================================================================
`log.jsonl`             every step and validation, a JSON object each
`train.csv`             every step: step, epoch, rate, gradient_norm, loss, and the loss's terms
`validation.csv`        every validation: step, epoch, and what was measured
`tensorboard/`          the same, for TensorBoard
======================  ========================================================================

Numbers that are not finite are null, and empty cells in CSV. Nothing in the first three files depends on the time or
the machine's name: a training that was killed and gone on with writes the same bytes as one that was not. A checkpoint
keeps how long they are, and whoever goes on from it cuts off what was written later.
"""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from io import FileIO
from pathlib import Path
from typing import Any, Literal

from visq.errors import InputError, StoreError

Kind = Literal["train", "validation"]
Row = Mapping[str, float | int | None]

LOG = "log.jsonl"
TABLES: dict[Kind, str] = {"train": "train.csv", "validation": "validation.csv"}
TENSORBOARD = "tensorboard"
_LONGEST_LINE = 1 << 20


class Trackers:
    """The logs of one training, open for adding to.

    Parameters
    ----------
    folder : Path
        Where they lie; it is there.
    sizes : mapping of str to int
        How long each file was at the step that is gone on from; files that lack are begun anew.
    step : int
        That step.
    tensorboard : bool
        Write its files too, where it is installed.

    Raises
    ------
    StoreError
        A file cannot be written.
    """

    def __init__(
        self, folder: Path, sizes: Mapping[str, int] | None = None, step: int = 0, *, tensorboard: bool = True
    ) -> None:
        self.folder = folder
        self._columns: dict[Kind, list[str]] = {}
        self._files: dict[str, FileIO] = {}
        self._board: Any = None
        try:
            for name in (LOG, *TABLES.values()):
                self._files[name] = _opened(folder / name, (sizes or {}).get(name, 0))
        except OSError as error:
            self.close()
            raise StoreError(f"{folder} cannot be written: {error.strerror or error}") from error
        for kind, name in TABLES.items():
            with (folder / name).open(encoding="utf-8", errors="replace", newline="") as table:
                self._columns[kind] = next(csv.reader(table), [])
        if tensorboard and find_spec("tensorboard") is not None:
            try:
                self._board = _board(folder / TENSORBOARD, step)
            except OSError as error:
                self.close()
                raise StoreError(
                    f"{folder / TENSORBOARD} cannot be written: {error.strerror or error}",
                    hint="--no-tensorboard (tensorboard=False) does without it.",
                ) from error

    def write(self, kind: Kind, row: Row) -> None:
        """Add a row, which has a `step`.

        Raises
        ------
        InputError
            A row with other columns than those before.
        StoreError
            No room.
        """
        plain = {name: None if isinstance(v, float) and not math.isfinite(v) else v for name, v in row.items()}
        text = json.dumps({"kind": kind, **plain}, allow_nan=False)
        try:
            self._add(LOG, text + "\n")
            self._add(TABLES[kind], self._line(kind, plain))
            if self._board is not None:
                step = int(row["step"] or 0)
                for name, value in plain.items():
                    if name not in ("step", "epoch") and value is not None:
                        self._board.add_scalar(f"{kind}/{name}", value, step)
        except OSError as error:
            raise self._unwritten(error) from error

    def sizes(self) -> dict[str, int]:
        """How long the files are, once all of it is on the disk.

        Raises
        ------
        StoreError
            No room.
        """
        try:
            for file in self._files.values():
                os.fsync(file.fileno())
            if self._board is not None:
                self._board.flush()
        except OSError as error:
            raise self._unwritten(error) from error
        return {name: file.tell() for name, file in self._files.items()}

    def close(self) -> None:
        """Close all files."""
        for file in self._files.values():
            file.close()
        if self._board is not None:
            # It tries once more what could not be written, which has been told.
            with suppress(OSError):
                self._board.close()

    def _unwritten(self, error: OSError) -> StoreError:
        return StoreError(f"{self.folder}: a log cannot be written: {error.strerror or error}")

    def _line(self, kind: Kind, row: Row) -> str:
        head = ""
        if not self._columns[kind]:
            self._columns[kind] = list(row)
            head = _cells(self._columns[kind])
        if list(row) != self._columns[kind]:
            raise InputError(
                f"a row of {TABLES[kind]} has other columns than those before", expected=", ".join(self._columns[kind]),
                got=", ".join(row), hint="objective and measure give the same names every time.",
            )  # fmt: skip
        return head + _cells(["" if value is None else value for value in row.values()])

    def _add(self, name: str, text: str) -> None:
        left = text.encode()
        while left:
            left = left[self._files[name].write(left) :]


def _opened(path: Path, size: int) -> FileIO:
    """The file, cut to the whole lines within `size`, to be added to."""
    # Without a buffer, whose rest would be written when it is closed, after an error too.
    file = path.open("a+b", buffering=0)
    try:
        length = min(size, file.tell())
        # A file that was altered meanwhile may end within a line.
        start = file.seek(max(0, length - _LONGEST_LINE))
        whole = start + file.read(length - start).rfind(b"\n") + 1
        file.truncate(whole)
        file.seek(0, os.SEEK_END)
    except OSError:
        file.close()
        raise
    return file


def _cells(values: list[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


def _board(folder: Path, step: int) -> Any:
    import warnings

    with warnings.catch_warnings():
        # Of the libraries that it loads, none of which concerns the training.
        warnings.simplefilter("ignore")
        from torch.utils.tensorboard import SummaryWriter

        # What was written of later steps is hidden.
        return SummaryWriter(str(folder), purge_step=step + 1 if folder.exists() else None)


__all__ = ["LOG", "TABLES", "TENSORBOARD", "Kind", "Row", "Trackers"]
