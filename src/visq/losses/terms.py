"""Losses on scores by name: what there is, as data, and a loss made from its name and options.

>>> [term.id for term in specs("line")]
['plcc', 'plcc_induced', 'norm_in_norm']
>>> get("batch_kl").options
{'tau': 0.1, 'pairwise_abs': False}
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib import import_module
from numbers import Real
from typing import TYPE_CHECKING, Any

from visq.errors import OptionError
from visq.extras import require
from visq.losses.spec import SENSES, Setting, Term
from visq.losses.table import TERMS

if TYPE_CHECKING:
    from torch import Tensor

#: A row of a recipe: the name of a loss, its weight, its options.
Row = tuple[str, float, Mapping[str, Any]]

_TERMS = {term.id: term for term in TERMS}


def ids(sense: str | None = None) -> list[str]:
    """Names of all losses, or of those of one sense."""
    return [term.id for term in specs(sense)]


def specs(sense: str | None = None) -> list[Term]:
    """All losses as data, or those of one sense (a key of `spec.SENSES`).

    Raises
    ------
    OptionError
        A sense that there is none of.
    """
    if sense is not None and sense not in SENSES:
        raise OptionError("unknown sense of losses", expected=", ".join(SENSES), got=repr(sense))
    return [term for term in TERMS if sense in (None, term.sense)]


def get(name: str) -> Term:
    """What a loss is, by its name.

    Raises
    ------
    OptionError
        There is none of that name; with the nearest.

    Examples
    --------
    >>> get("norm-in-norm").minimum
    2
    >>> get("plc")
    Traceback (most recent call last):
        ...
    visq.errors.OptionError: no loss is called 'plc'. Did you mean 'plcc'? ...
    """
    found = _TERMS.get(str(name).strip().lower().replace("-", "_"))
    if found is None:
        raise OptionError(f"no loss is called {name!r}", hint=f"{_near(name, _TERMS)}Losses: {', '.join(_TERMS)}.")
    return found


def make(name: str, **options: Any) -> Callable[..., Tensor]:
    """A loss with its options bound: call it with the tensors that `get(name).takes` lists.

    Parameters
    ----------
    name : str
    **options
        As `get(name).options` lists them.

    Returns
    -------
    callable
        ``loss(predictions, scores) -> Tensor, ()`` for most; keywords are those of `get(name).also`.

    Raises
    ------
    OptionError
        An unknown loss or option, with the nearest; a value of another kind than the default's. A number out of range
        is refused by the loss itself.
    MissingExtraError
        torch is not installed.

    Examples
    --------
    >>> import torch
    >>> make("huber", delta=0.5)(torch.tensor([3.0]), torch.tensor([0.0])).item()
    1.375
    >>> make("huber", detla=0.5)
    Traceback (most recent call last):
        ...
    visq.errors.OptionError: huber has no option 'detla'. Did you mean 'delta'? ...
    """
    term = get(name)
    bound = check(term, options)
    require("torch", "a loss", "torch")
    module, _, function = term.impl.partition(":")
    compute: Callable[..., Tensor] = getattr(import_module(module), function)
    return partial(compute, **bound)


def check(term: Term, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options in the kinds that the loss takes; raises an OptionError as `make` does, without loading torch.

    Examples
    --------
    >>> check(get("tolerance"), {"thresholds": [4, 2, 0]})
    {'thresholds': (4.0, 2.0, 0.0)}
    """
    known = {setting.name: setting for setting in term.settings}
    for name in options:
        if name not in known:
            raise OptionError(
                f"{term.id} has no option {name!r}",
                hint=f"{_near(name, known)}Its options: {', '.join(known) or 'none'}.",
            )
    return {name: _converted(term, known[name], value) for name, value in options.items()}


def weighted(rows: Iterable[Row]) -> Callable[..., dict[str, Tensor]]:
    """An objective of several losses on the same predictions and scores.

    Parameters
    ----------
    rows : sequence of (name, weight, options)
        Losses that take predictions and scores, `(N,)` each; weights above 0.

    Returns
    -------
    callable
        ``objective(predictions, scores, **tensors)``: each loss times its weight, by name, to be added up. A name that
        comes again is numbered. `tensors` are handed to those losses that take them (`groups`, `std`).

    Raises
    ------
    OptionError
        As `make`; a loss of other tensors, a weight that is not above 0, no rows, a tensor that no loss takes.

    Examples
    --------
    >>> import torch
    >>> objective = weighted([("l1", 1.0, {}), ("plcc", 0.5, {"half": True})])
    >>> y = torch.tensor([0.0, 1.0, 2.0])
    >>> {name: round(value.item(), 4) for name, value in objective(2 - y, y).items()}
    {'l1': 1.3333, 'plcc': 0.5}
    """
    parts: dict[str, tuple[Term, float, Callable[..., Tensor]]] = {}
    for row in rows:
        if isinstance(row, str) or len(row) != 3:
            raise OptionError("a row of an objective has three entries", expected="(name, weight, {})", got=repr(row))
        name, weight, options = row
        term = get(name)
        if not term.plain:
            raise OptionError(
                f"{term.id} cannot stand beside others",
                expected="a loss of predictions and scores",
                got=f"one of {', '.join(term.takes)}",
                hint="Make it alone, with make(), and add it where its tensors are at hand.",
            )
        if isinstance(weight, bool) or not isinstance(weight, Real) or not 0 < weight < float("inf"):
            raise OptionError(f"{term.id}: weight out of range", expected="a number above 0", got=repr(weight))
        count = sum(one.id == term.id for one, _, _ in parts.values())
        parts[f"{term.id}_{count + 1}" if count else term.id] = term, float(weight), make(name, **options)
    if not parts:
        raise OptionError("an objective of no losses", expected="one row or more")

    def objective(predictions: Tensor, scores: Tensor, **tensors: Tensor) -> dict[str, Tensor]:
        taken = {name for term, _, _ in parts.values() for name in term.also}
        for name in tensors:
            if name not in taken:
                listing = f"Those taken: {', '.join(sorted(taken)) or 'none'}."
                raise OptionError(f"no loss of this objective takes {name!r}", hint=f"{_near(name, taken)}{listing}")
        return {
            name: weight * compute(predictions, scores, **{k: v for k, v in tensors.items() if k in term.also})
            for name, (term, weight, compute) in parts.items()
        }

    return objective


def _near(name: object, names: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name).strip().lower(), list(names), n=1, cutoff=0.5)
    return f"Did you mean {near[0]!r}? " if near else ""


def _converted(term: Term, setting: Setting, value: Any) -> Any:
    """`value` in the kind of the default; a whole number where a fraction is wanted, a list where a tuple is."""
    default, where = setting.default, f"{term.id}: {setting.name}"
    if setting.choices and isinstance(value, str):
        if value in setting.choices:
            return value
        raise OptionError(f"{where} cannot be {value!r}", expected=" or ".join(map(repr, setting.choices)))
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise OptionError(f"{where} is neither True nor False", got=repr(value))
    if setting.many and isinstance(value, list | tuple):
        return tuple(_number(item, where) for item in value)
    if isinstance(default, float) or default is None:
        return None if value is None and default is None else _number(value, where)
    raise OptionError(f"{where} cannot be {value!r}", expected=f"a value such as {default!r}")


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise OptionError(f"{where} is no number", got=repr(value))
    return float(value)
