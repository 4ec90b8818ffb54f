"""Label files as rows of texts: CSV, text in columns, spreadsheets, MATLAB, NumPy."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from visq.datasets.folder import Folder
from visq.datasets.spec import Table
from visq.errors import DatasetError, WeightsError
from visq.extras import require

Row = dict[str, str]


def matching(folder: Folder, table: Table) -> list[str]:
    """The label files of a table, in order."""
    return [path for pattern in table.file.split("|") for path in folder.glob(pattern)]


def read(folder: Folder, table: Table) -> list[Row]:
    """The rows of all files of a table, each with `file`, `folder`, `folder2` and `folder3` beside its columns.

    Raises
    ------
    DatasetError
        No such file, or one that is not as the table says.
    MissingExtraError
        A spreadsheet, and the library that reads them is not installed.
    """
    paths = matching(folder, table)
    if not paths:
        raise DatasetError(
            f"{folder.root} holds no label file of this database",
            expected=table.file.replace("|", " or "),
            hint="Name the folder into which the database was unpacked.",
        )
    rows: list[Row] = []
    for path in paths:
        try:
            found = _READERS[table.reader](folder.root / path, table)
        except OSError as error:
            raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from None
        except (UnicodeDecodeError, csv.Error) as error:
            raise DatasetError(f"{path} is no {table.reader} file in {table.encoding}: {error}") from None
        place = _place(path)
        rows += [{**place, **row} for row in found]
    return rows


def _place(path: str) -> Row:
    *folders, name = path.split("/")
    stem = name.rpartition(".")[0] or name
    above = [*reversed(folders), "", "", ""]
    return {"file": stem, "folder": above[0], "folder2": above[1], "folder3": above[2]}


def _csv(path: Path, table: Table) -> list[Row]:
    with path.open(encoding=table.encoding, newline="") as stream:
        lines = csv.reader(islice(stream, table.skip, None), delimiter=table.delimiter, skipinitialspace=True)
        return _named(path, table, lines)


def _text(path: Path, table: Table) -> list[Row]:
    with path.open(encoding=table.encoding) as stream:
        return _named(path, table, (line.split() for line in islice(stream, table.skip, None)))


def _xlsx(path: Path, table: Table) -> list[Row]:
    openpyxl = require("openpyxl", f"the spreadsheet {path.name}", "datasets")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            if table.sheet and table.sheet not in book.sheetnames:
                raise DatasetError(f"{path.name} has no sheet {table.sheet!r}", got=", ".join(book.sheetnames))
            sheet = book[table.sheet] if table.sheet else book.worksheets[0]
            lines = [[plain(cell) for cell in line] for line in sheet.iter_rows(values_only=True)]
        finally:
            book.close()
    except (OSError, DatasetError):
        raise
    except Exception as error:  # openpyxl lets through whatever zipfile, its XML parser and itself meet
        raise DatasetError(f"{path.name} is no spreadsheet that can be read: {error}") from None
    return _named(path, table, lines[table.skip :])


def _named(path: Path, table: Table, lines: Iterable[Sequence[str]]) -> list[Row]:
    """Lines of cells with the names of their columns: those of the table, or those of the first line."""
    filled = ((number, cells) for number, cells in enumerate(lines, table.skip + 1) if any(c.strip() for c in cells))
    names: Sequence[str] = table.names
    if not names:
        _, first = next(filled, (0, []))
        names = [cell.strip() for cell in first]
        twice = sorted({name for name in names if name and names.count(name) > 1})
        if twice:
            raise DatasetError(f"{path.name} has several columns called {twice[0]!r}")
    rows = []
    for number, cells in filled:
        if any(cell.strip() for cell in cells[len(names) :]):
            raise DatasetError(
                f"{path.name}, line {number} has too many columns", expected=str(len(names)), got=str(len(cells))
            )
        padded = [*(cell.strip() for cell in cells), *[""] * (len(names) - len(cells))]
        rows.append({name: cell for name, cell in zip(names, padded, strict=False) if name})
    if not rows:
        raise DatasetError(f"{path.name} holds no rows")
    return rows


def plain(value: Any) -> str:
    """A cell or number as text; a whole number has no decimal point."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def _mat(path: Path, table: Table) -> list[Row]:
    from visq.weights import matlab

    found: dict[str, list[str]] = {}
    try:
        held = matlab.read_variables(path)
        with matlab.reading(path):
            for name in table.names:
                variable = held.get(name.removesuffix("(:)"))
                if variable is None:
                    raise DatasetError(f"{path.name} has no variable {name!r}", got=", ".join(sorted(held)))
                found |= _variable_columns(name, variable)
    except WeightsError as error:
        raise DatasetError(error.message, expected=error.expected, got=error.got, hint=error.hint) from None
    lengths = {name: len(values) for name, values in found.items()}
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DatasetError(f"{path.name}: the variables are not of one length", got=got)
    return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]


def _variable_columns(name: str, variable: Any) -> dict[str, list[str]]:
    if variable.kind == "cell":
        values = [_entry_text(entry) for entry in variable.entries()]
    elif variable.kind == "char":
        values = variable.texts()
        return {name: values}
    else:
        values = [plain(value) for value in _numbers(variable).ravel(order="F").tolist()]
    rows = variable.shape[0]
    if name.endswith("(:)"):
        return {name.removesuffix("(:)"): values}
    if rows == 1 or len(values) == rows:
        return {name: values}
    return {f"{name}_{i + 1}": values[i * rows : (i + 1) * rows] for i in range(len(values) // rows)}


def _entry_text(entry: Any) -> str:
    """One entry of a cell array: a text, one number, or a cell array with one of these."""
    if entry.kind == "cell":
        inner = entry.entries()
        entry = inner[0] if len(inner) == 1 else entry
    if entry.kind == "char":
        return " ".join(entry.texts())
    values = _numbers(entry).ravel().tolist()
    return plain(values[0]) if len(values) == 1 else ""


def _numbers(variable: Any) -> Any:
    """Its numbers; true and false, which lie in the file as bytes, are 1 and 0."""
    return (replace(variable, kind="uint8") if variable.kind == "logical" else variable).array()


def _npy(path: Path, table: Table) -> list[Row]:
    import numpy as np

    try:
        values = np.load(path, allow_pickle=False).ravel().tolist()
    except (ValueError, EOFError) as error:
        raise DatasetError(f"{path.name} is no NumPy file of numbers: {error}") from None
    if len(values) != 1:
        raise DatasetError(f"{path.name} does not hold one number", got=f"{len(values)} numbers")
    return [{table.names[0]: plain(values[0])}]


_READERS: dict[str, Callable[[Path, Table], list[Row]]] = {
    "csv": _csv, "text": _text, "xlsx": _xlsx, "mat": _mat, "npy": _npy,
}  # fmt: skip
