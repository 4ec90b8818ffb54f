"""Settings of a recipe changed by text, as the command line has them: `optimiser.rate=1e-4`. Strict, all at once."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from visq.errors import OptionError
from visq.train.recipe import Recipe, hints
from visq.train.values import describe, hint_of, parse

#: Fields that are no settings.
_FIXED = ("source",)


def override(recipe: Recipe, *settings: str) -> Recipe:
    """The recipe with settings changed.

    Parameters
    ----------
    recipe : Recipe
    *settings : str
        `KEY=VALUE`. Dots lead into parts (`schedule.warm_up`), tables (`options.width`) and lists by number
        (`optimiser.groups.0.rate`). A value has the type of the field, of an option that of the value it takes the
        place of; lists are separated by commas, `none` is no value.

    Returns
    -------
    Recipe

    Raises
    ------
    OptionError
        Keys that there are none of, with the nearest; values of the wrong type; the same key twice; a recipe that
        would not be one. All mistakes are told at once.

    Examples
    --------
    >>> from visq.train import load
    >>> changed = override(load("example"), "epochs=3", "optimiser.rate=1e-2", "schedule.kind=constant")
    >>> changed.epochs, changed.optimiser.rate, changed.schedule.kind
    (3, 0.01, 'constant')
    >>> override(changed, "epoch=3", "seed=one")
    Traceback (most recent call last):
        ...
    visq.errors.OptionError: 2 settings cannot be taken: epoch: ...did you mean 'epochs'?; seed: ...
    """
    wrong: list[str] = []
    seen: set[str] = set()
    changed: dict[str, Any] = {}
    for text in settings:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals or not key:
            wrong.append(f"{text!r} is not KEY=VALUE")
        elif key in seen:
            wrong.append(f"{key} is given twice")
        else:
            try:
                taken = _value(recipe, key, value)
                if any(f"{key}.".startswith(f"{other}.") or f"{other}.".startswith(f"{key}.") for other in seen):
                    raise ValueError(f"{key} is given both as a whole and in part")
                _place(changed, key.split("."), taken)
            except ValueError as error:
                wrong.append(str(error))
        seen.add(key)
    if not wrong:
        try:
            return _changed(recipe, changed)
        except OptionError as error:
            wrong.append(error.message)
    count = f"{len(wrong)} settings cannot" if len(wrong) > 1 else "a setting cannot"
    raise OptionError(f"{count} be taken: {'; '.join(wrong)}")


def _value(recipe: Recipe, key: str, text: str) -> Any:
    """The value of a setting, parsed by the type of what it replaces."""
    current: Any = recipe
    hint: Any = Recipe
    parts = key.split(".")
    for depth, part in enumerate(parts):
        below = _below(current)
        if part not in below:
            raise ValueError(_unknown(".".join(parts[:depth]), part, list(below), key))
        current, hint = below[part]
    if isinstance(current, Mapping) or is_dataclass(current):
        raise ValueError(
            f"{key} is a part of its own: set one of {', '.join(f'{key}.{name}' for name in _below(current))}"
        )
    try:
        return parse(text, hint)
    except ValueError:
        raise ValueError(f"{key}: expected {describe(hint)}, got {text!r}") from None


def _below(value: Any) -> dict[str, tuple[Any, Any]]:
    """What a dot leads to: for each name the value there and its type."""
    if is_dataclass(value) and not isinstance(value, type):
        kinds = hints(type(value))
        return {f.name: (getattr(value, f.name), kinds[f.name]) for f in fields(value) if f.name not in _FIXED}
    if isinstance(value, Mapping):
        return {name: (one, hint_of(one)) for name, one in value.items()}
    if isinstance(value, tuple | list):
        return {str(k): (one, hint_of(one)) for k, one in enumerate(value)}
    return {}


def _unknown(parent: str, part: str, known: list[str], key: str) -> str:
    if not known:
        return f"{key}: {parent} has no parts"
    near = difflib.get_close_matches(part, known, n=1, cutoff=0.5)
    prefix = f"{parent}." if parent else ""
    hint = f"did you mean {prefix + near[0]!r}?" if near else f"there are {', '.join(known)}"
    return f"{key}: no such setting; {hint}"


def _place(tree: dict[str, Any], parts: list[str], value: Any) -> None:
    for part in parts[:-1]:
        tree = tree.setdefault(part, {})
    tree[parts[-1]] = _Leaf(value)


class _Leaf:
    """A value among the tables that lead to it."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _changed(value: Any, tree: Any) -> Any:
    if isinstance(tree, _Leaf):
        return tree.value
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{name: _changed(getattr(value, name), part) for name, part in tree.items()})
    if isinstance(value, Mapping):
        return {**value, **{name: _changed(value[name], part) for name, part in tree.items()}}
    return tuple(_changed(one, tree[str(k)]) if str(k) in tree else one for k, one in enumerate(value))


__all__ = ["override"]
