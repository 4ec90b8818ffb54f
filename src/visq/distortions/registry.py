"""All distortions and banks, read from their tables when first asked for. No table imports an implementation."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from functools import cache
from importlib import import_module

from visq.distortions.spec import Bank, BankEntry, DistortionSpec
from visq.errors import OptionError, UnknownDistortionError

#: Modules of `visq.distortions.table`, one a family, in the order in which families are shown.
FAMILIES = (
    "blur",
    "sharpness",
    "noise",
    "tone",
    "colour",
    "spatial",
    "resampling",
    "compression",
    "sensor",
    "exposure",
    "weather",
    "underwater",
    "display",
    "screen",
)
#: Modules of `visq.distortions.table.banks`, one a database.
BANKS = ("reiqa", "kadid10k", "tid2013")


@cache
def _table() -> dict[str, DistortionSpec]:
    found: dict[str, DistortionSpec] = {}
    for family in FAMILIES:
        for spec in import_module(f"visq.distortions.table.{family}").SPECS:
            found[spec.id] = spec
    return found


@cache
def _aliases() -> dict[str, str]:
    return {alias: spec.id for spec in _table().values() for alias in spec.aliases}


@cache
def _banks() -> dict[str, Bank]:
    return {name: import_module(f"visq.distortions.table.banks.{name}").BANK for name in BANKS}


def ids(family: str | None = None) -> list[str]:
    """Names of all distortions, or of one family, family by family.

    >>> ids("blur")[:2]
    ['gaussian_blur', 'lens_blur']
    """
    return [spec.id for spec in specs(family)]


def specs(family: str | None = None) -> list[DistortionSpec]:
    """All distortions as data, or those of one family.

    Raises
    ------
    OptionError
        A family that there is none of.
    """
    if family is not None and family not in FAMILIES:
        raise OptionError("unknown family of distortions", expected=", ".join(FAMILIES), got=repr(family))
    return [spec for spec in _table().values() if family is None or spec.family == family]


def plain_name(name: object) -> str:
    """A name as the tables spell it: lower case, with `_` for `-` and blanks."""
    return "_".join(str(name).strip().lower().replace("-", "_").split())


def get(name: str) -> DistortionSpec:
    """One distortion by its id or alias; `-`, `_` and blanks, upper and lower case are the same.

    >>> get("Gaussian blur").unit
    'standard deviation in pixels'

    Raises
    ------
    UnknownDistortionError
        With the nearest names.
    """
    wanted = plain_name(name)
    found = _table().get(_aliases().get(wanted, wanted))
    if found is None:
        raise _unknown(f"no distortion is called {name!r}", wanted, [*_table(), *_aliases()])
    return found


def bank(name: str) -> Bank:
    """The distortions of one database by its id.

    >>> len(bank("kadid10k").entries)
    25

    Raises
    ------
    UnknownDistortionError
        With the banks that there are.
    """
    found = _banks().get(plain_name(name))
    if found is None:
        raise UnknownDistortionError(f"no bank is called {name!r}", expected=", ".join(_banks()))
    return found


def banks() -> list[Bank]:
    """Every bank."""
    return list(_banks().values())


def entry(of: Bank, name: str) -> BankEntry:
    """One entry of a bank by its number, its own name, or the distortion it stands for where that is unique.

    Raises
    ------
    UnknownDistortionError
        With the nearest names.
    """
    wanted = plain_name(name)
    by_number = {str(e.number): e for e in of.entries}
    found = by_number.get(wanted.lstrip("0")) if wanted.isdecimal() else None
    found = found or next((e for e in of.entries if plain_name(e.name) == wanted), None)
    meant = [e for e in of.entries if e.distortion == wanted]
    if found is None and len(meant) == 1:
        found = meant[0]
    if found is None:
        raise _unknown(f"bank {of.id} has no distortion {name!r}", wanted, [plain_name(e.name) for e in of.entries])
    return found


def _unknown(message: str, wanted: str, names: Iterable[str]) -> UnknownDistortionError:
    near = list(dict.fromkeys(difflib.get_close_matches(wanted, list(names), n=3, cutoff=0.5)))
    suggestion = f"Did you mean {', '.join(map(repr, near))}? " if near else ""
    return UnknownDistortionError(message, hint=f"{suggestion}`visq distort --list` shows all.")


__all__ = ["BANKS", "FAMILIES", "bank", "banks", "entry", "get", "ids", "plain_name", "specs"]
