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


@cache
def _pieces(template: str) -> tuple[tuple[Piece, ...], ...]:
    """The alternatives of a template, taken apart. Names of columns may hold blanks and dots."""
    return tuple(
        tuple((before, name or "", conversion or "", spec or "") for before, name, spec, conversion in parsed)
        for parsed in map(string.Formatter().parse, template.split("|"))
    )


def columns(template: str) -> list[str]:
    """Names of the columns that a template uses."""
    return [name for choice in _pieces(template) for _, name, _, _ in choice if name]


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
    choices = _pieces(template)
    known = [choice for choice in choices if all(not name or name in row for _, name, _, _ in choice)]
    for choice in known:
        if all(not name or row[name] for _, name, _, _ in choice):
            return "".join(
                before + format(_CONVERSIONS[conversion](row[name]), spec) if name else before
                for before, name, conversion, spec in choice
            )
    if known:
        return ""
    missing = next(name for _, name, _, _ in choices[0] if name and name not in row)
    raise DatasetError(f"the labels have no column {missing!r}", got=", ".join(sorted(row)))
