"""Public names of a package that are imported when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from sys import modules
from typing import Any


def names(package: str, home: Mapping[str, str]) -> Callable[[str], Any]:
    """A `__getattr__` for a package.

    Parameters
    ----------
    package : str
        Its name.
    home : mapping of str to str
        The module of each name, within the package.

    Examples
    --------
    >>> lookup = names("visq.ops", {"check_choice": "choices"})
    >>> lookup("check_choice").__module__
    'visq.ops.choices'
    """

    def lookup(name: str) -> Any:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{home[name]}"), name)
        setattr(modules[package], name, value)
        return value

    return lookup
