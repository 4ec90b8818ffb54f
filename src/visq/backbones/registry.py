"""The table of networks: one row each, collected from the modules in `visq.backbones.table`."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module

from visq.backbones.spec import BackboneSpec
from visq.backbones.table import MODULES
from visq.errors import OptionError


@cache
def _table() -> dict[str, BackboneSpec]:
    rows = [spec for module in MODULES for spec in import_module(f"visq.backbones.table.{module}").SPECS]
    return {spec.id: spec for spec in rows}


def ids() -> list[str]:
    """Names of all networks, in the order of the table.

    >>> ids()[:3]
    ['alexnet', 'vgg16', 'vgg19']
    """
    return list(_table())


def specs() -> list[BackboneSpec]:
    """All networks as data."""
    return list(_table().values())


def get(name: str) -> BackboneSpec:
    """One network by its id; `-` and blanks are left out, upper and lower case are the same.

    Raises
    ------
    OptionError
        With the nearest names.

    Examples
    --------
    >>> get("VGG-16").parameters
    14714688
    """
    found = {_plain(id): id for id in ids()}
    wanted = _plain(str(name))
    if wanted not in found:
        near = difflib.get_close_matches(wanted, list(found), n=3, cutoff=0.5)
        hint = f"Did you mean {', '.join(repr(found[n]) for n in near)}?" if near else ""
        raise OptionError(f"no network is called {name!r}", expected=f"one of {', '.join(ids())}", hint=hint)
    return _table()[found[wanted]]


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "").replace("_", "").replace(" ", "").replace(".", "")
