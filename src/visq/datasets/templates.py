"""The templates of the table: `str.format` with alternatives and a few conversions of paths."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from functools import cache

from visq.errors import DatasetError

#: Text before a column, its name (empty at the end of a template), its conversion, its format.
Piece = tuple[str, str, str, str]


def _without_extension(path: str) -> str:
    folder, slash, name = path.replace("\\", "/").rpartition("/")
    stem, dot, _ = name.rpartition(".")
    return f"{folder}{slash}{stem if dot else name}"


_CONVERSIONS: dict[str, Callable[[str], str]] = {
    "": str,
    "x": _without_extension,
    "n": lambda path: path.replace("\\", "/").rpartition("/")[2],
    "t": lambda path: path.replace("\\", "/").partition("/")[2],
    "l": str.lower,
    "u": str.upper,
}


#: Columns that every row has beside those of its label file.
ADDED = frozenset(("row", "file", "folder", "folder2", "folder3"))


@cache
def _pieces(template: str) -> tuple[tuple[frozenset[str], tuple[Piece, ...]], ...]:
    """The alternatives of a template, taken apart, with their columns. Names of columns may hold blanks and dots."""
    choices = [
        tuple((before, name or "", conversion or "", spec or "") for before, name, spec, conversion in parsed)
        for parsed in map(string.Formatter().parse, template.split("|"))
    ]
    return tuple((frozenset(name for _, name, _, _ in choice if name), choice) for choice in choices)


def columns(template: str) -> list[str]:
    """Names of the columns that a template uses."""
    return [name for _, choice in _pieces(template) for _, name, _, _ in choice if name]


def fill(template: str, row: Mapping[str, str]) -> str:
    """What a template gives for a row of columns.

    Raises
    ------
    DatasetError
        No alternative has all its columns.

    Examples
    --------
    >>> fill("{image}.{level:0>2}.png", {"image": "1600", "level": "3"})
    '1600.03.png'
    >>> fill("{a}|{b}", {"a": "", "b": "0.5"})
    '0.5'
    """
    known = False
    for names, choice in _pieces(template):
        if row.keys() >= names:
            known = True
            if all(map(row.__getitem__, names)):
                return "".join([
                    before + format(_CONVERSIONS[conversion](row[name]), spec) if name else before
                    for before, name, conversion, spec in choice
                ])  # fmt: skip
    if known:
        return ""
    missing = next(name for name in columns(template.split("|")[0]) if name not in row)
    raise DatasetError(f"the labels have no column {missing!r}", got=", ".join(sorted(row.keys() - ADDED)))
