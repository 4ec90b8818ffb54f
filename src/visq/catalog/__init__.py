"""What visq can measure, as data. Listing, help, documentation and the command line are made from here.

Nothing in this package imports an implementation or a numerical library.

>>> get("ssim").lower_is_better
False
>>> get("simm")
Traceback (most recent call last):
    ...
visq.errors.UnknownMetricError: no metric is called 'simm'. Did you mean 'ssim', ...
"""

from __future__ import annotations

import difflib
import os
from importlib import import_module
from numbers import Integral, Real
from typing import Any

from visq.catalog.full_reference import SPECS as _FULL_REFERENCE
from visq.catalog.learned import SPECS as _LEARNED
from visq.catalog.learned.visq_nr import SPECS as _OURS
from visq.catalog.no_reference import SPECS as _NO_REFERENCE
from visq.catalog.reduced_reference import SPECS as _REDUCED_REFERENCE
from visq.catalog.video import SPECS as _VIDEO
from visq.errors import OptionError, UnknownMetricError
from visq.types import MetricSpec, Option

# The metric that images are judged by alone where none is named comes first of its kind.
_TABLES = (*_FULL_REFERENCE, *_REDUCED_REFERENCE, *_OURS, *_NO_REFERENCE, *_LEARNED, *_VIDEO)
_SPECS: dict[str, MetricSpec] = {spec.id: spec for spec in _TABLES}
#: Systems that are in no list while no parameters of theirs ship: `get` knows them, and a file of one's own makes them
#: metrics all the same (`ridge:model=FILE`).
UNLISTED = ("ridge", "reiqa_fr")
_ALIASES: dict[str, str] = {alias: spec.id for spec in _SPECS.values() for alias in spec.aliases}

# Whole numbers beyond are no setting of anything; those of hundreds of digits cannot even be printed.
_LARGEST = 2**63
# How None is spelled; a file of such a name is ./none.
_NONE = ("none", "null")
#: What `visq score` and `visq compare` measure when no metric is named; so do the commands and functions for videos.
DEFAULT_NO_REFERENCE = ("visq_nr",)
DEFAULT_FULL_REFERENCE = ("psnr", "ssim", "ms_ssim", "haarpsi")
#: What `visq bench` judges beside them: a leader-board of one metric compares nothing.
CLASSICAL_NO_REFERENCE = ("niqe", "brisque", "piqe")


def ids(kind: str | None = None) -> list[str]:
    """Names of all metrics, or of one kind (`fr`, `rr`, `nr`, `video`), in catalogue order."""
    return [spec.id for spec in specs(kind)]


def specs(kind: str | None = None) -> list[MetricSpec]:
    """All specs, or those of one kind."""
    return [spec for spec in _SPECS.values() if kind is None or spec.kind == kind]


def get(name: str) -> MetricSpec:
    """The spec of a metric by id or alias, or of one of `UNLISTED`; `-` and `_`, upper and lower case are the same.

    Raises
    ------
    UnknownMetricError
        With the nearest names.
    """
    wanted = str(name).strip().lower().replace("-", "_")
    found = _SPECS.get(_ALIASES.get(wanted, wanted))
    if found is not None:
        return found
    if wanted in UNLISTED:
        unlisted: MetricSpec = import_module(f"visq.catalog.learned.{wanted}").SPEC
        return unlisted
    near = difflib.get_close_matches(wanted, [*_SPECS, *_ALIASES], n=3, cutoff=0.5)
    near = list(dict.fromkeys(_ALIASES.get(n, n) for n in near))
    suggestion = f"Did you mean {', '.join(map(repr, near))}? " if near else ""
    raise UnknownMetricError(f"no metric is called {name!r}", hint=f"{suggestion}`visq list` shows all.")


def check_options(spec: MetricSpec, options: dict[str, Any]) -> dict[str, Any]:
    """Options with their values checked and converted to their types, so that one setting has one identity.

    A text stands for the value it spells. A whole number is welcome where a fraction is, 0 and 1 where yes or no
    is, and a NumPy number where a Python one is. `like` stands for the options that give another program's number;
    what is given beside it comes on top.

    Raises
    ------
    OptionError
        An option the metric does not have (with the nearest), or a value it does not take.
    """
    known = {option.name: option for option in spec.options}
    if "like" in options and "like" not in known:
        options = _as_like(spec, options)
    return {name: _convert(spec, known, name, value) for name, value in options.items()}


def _as_like(spec: MetricSpec, options: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in options.items() if name != "like"}
    wanted = options["like"]
    if wanted is None:
        return given
    for like in spec.likes:
        if like.name == str(wanted).strip().lower().replace("_", "-"):
            return {**dict(like.options), **given}
    names = [like.name for like in spec.likes]
    if not names:
        raise OptionError(f"{spec.id} takes no `like`: no other program is known to differ from it")
    near = difflib.get_close_matches(str(wanted).strip().lower(), names, n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    raise OptionError(
        f"{spec.id}: like={wanted!r} is no program whose number it can give",
        expected=f"one of {', '.join(names)}",
        hint=f"{hint}`visq show {spec.id}` tells what each does otherwise.",
    )


def _convert(spec: MetricSpec, known: dict[str, Option], name: str, value: Any) -> Any:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        listing = ", ".join(known) or "none"
        raise OptionError(f"{spec.id} has no option {name!r}", hint=f"{hint}Its options: {listing}.")
    option = known[name]
    if isinstance(value, str) and option.type not in ("str", "path"):
        value = _parse(spec, option, value)
    if isinstance(value, str) and option.type == "path" and value.strip().lower() in _NONE:
        value = None
    value = _typed(spec, option, value)
    if option.least is not None and value is not None and value < option.least:
        raise OptionError(f"{spec.id}: {name} cannot be {value!r}", expected=f"{option.least:g} or more")
    if option.choices and value is not None and value not in option.choices:
        raise OptionError(
            f"{spec.id}: {name} cannot be {value!r}", expected=" or ".join(repr(c) for c in option.choices)
        )
    return value


def _parse(spec: MetricSpec, option: Option, text: str) -> Any:
    lowered = text.strip().lower()
    try:
        if lowered in _NONE:
            return None
        if option.type == "bool":
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[lowered]
        return int(text) if option.type == "int" else float(text)
    except (KeyError, ValueError):
        raise OptionError(f"{spec.id}: {option.name} is not readable", expected=option.type, got=repr(text)) from None


def _typed(spec: MetricSpec, option: Option, value: Any) -> Any:
    if value is None and (option.optional or option.default is None):
        return None
    if isinstance(value, Integral) and abs(int(value)) >= _LARGEST:
        raise OptionError(f"{spec.id}: {option.name} is too large", expected=f"less than {_LARGEST:.0e}")
    if option.type == "bool" and isinstance(value, Integral) and value in (0, 1):
        return bool(value)
    if option.type == "bool" and type(value).__name__ in ("bool", "bool_"):  # NumPy's is no Integral
        return bool(value)
    if option.type in ("int", "float") and isinstance(value, Real) and not isinstance(value, bool):
        if option.type == "float":
            return float(value)
        if float(value).is_integer():
            return int(value) if isinstance(value, Integral) else int(float(value))
    if option.type == "str" and isinstance(value, str):
        return value
    if option.type == "path" and isinstance(value, (str, os.PathLike)):
        return value
    raise OptionError(f"{spec.id}: {option.name} cannot be {value!r}", expected=option.type)
