"""The table of databases: one row each, collected from the modules in `visq.datasets.table`."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module

from visq.datasets.spec import DatasetSpec
from visq.datasets.table import MODULES
from visq.errors import UnknownDatasetError


@cache
def _table() -> dict[str, DatasetSpec]:
    rows = [spec for module in MODULES for spec in import_module(f"visq.datasets.table.{module}").SPECS]
    return {spec.id: spec for spec in rows}


@cache
def _aliases() -> dict[str, str]:
    return {alias: spec.id for spec in _table().values() for alias in spec.aliases}


def ids(kind: str | None = None) -> list[str]:
    """Names of all databases, or of one kind (`fr`, `nr`, `pairs`, `stereo`, `video`), in the order of the table."""
    return [spec.id for spec in specs(kind)]


def specs(kind: str | None = None) -> list[DatasetSpec]:
    """All rows of the table, or those of one kind."""
    return [spec for spec in _table().values() if kind is None or spec.kind == kind]


def get(name: str) -> DatasetSpec:
    """The row of a database by name or alias; `-`, ` ` and `_`, upper and lower case are the same.

    Raises
    ------
    UnknownDatasetError
        With the nearest names.

    Examples
    --------
    >>> get("KADID-10k").count
    10125
    """
    wanted = str(name).strip().lower().replace("-", "_").replace(" ", "_")
    found = _table().get(_aliases().get(wanted, wanted))
    if found is not None:
        return found
    near = difflib.get_close_matches(wanted, [*_table(), *_aliases()], n=3, cutoff=0.5)
    near = list(dict.fromkeys(_aliases().get(n, n) for n in near))
    suggestion = f"Did you mean {', '.join(map(repr, near))}? " if near else ""
    raise UnknownDatasetError(f"no database is called {name!r}", hint=f"{suggestion}`visq dataset list` shows all.")
