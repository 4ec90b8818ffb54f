"""Values of settings against their annotations: what a type is called, whether a value is of it, how text becomes one.

Types that a setting may have: bool, int, float, str, `Literal`, None, tuples of one of these, unions, `Any`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

_NAMES: dict[Any, str] = {
    bool: "true or false", int: "a whole number", float: "a number", str: "text", NoneType: "none", Any: "anything",
    Callable: "a function", Mapping: "a table",
}  # fmt: skip


def describe(hint: Any) -> str:
    """What a type is called in a message.

    >>> describe(float | None), describe(tuple[float, ...]), describe(Literal["cosine", "step"])
    ('a number or none', 'a list, each a number', "'cosine' or 'step'")
    """
    origin = get_origin(hint)
    if origin is Literal:
        return " or ".join(map(repr, get_args(hint)))
    if origin in (Union, UnionType):
        return " or ".join(describe(one) for one in get_args(hint))
    if origin is tuple:
        parts = get_args(hint)
        if parts[-1] is Ellipsis:
            return f"a list, each {describe(parts[0])}"
        return f"a list of {len(parts)}, each {describe(parts[0])}"
    return str(_NAMES.get(hint) or _NAMES.get(origin) or getattr(hint, "__name__", hint))


def matches(value: Any, hint: Any) -> bool:
    """Whether a value is of a type. Whole numbers are numbers; true and false are neither; NaN and infinity are none.

    >>> matches(3, float), matches(True, int), matches("a", Literal["a", "b"]), matches((1, 2.5), tuple[float, ...])
    (True, False, True, True)
    """
    origin = get_origin(hint)
    if hint is Any:
        return True
    if origin is Literal:
        return value in get_args(hint)
    if origin in (Union, UnionType):
        return any(matches(value, one) for one in get_args(hint))
    if origin is tuple:
        parts = get_args(hint)
        if not isinstance(value, tuple):
            return False
        if parts[-1] is Ellipsis:
            return all(matches(one, parts[0]) for one in value)
        return len(value) == len(parts) and all(map(matches, value, parts))
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if (origin or hint) is Callable:
        return callable(value)
    return isinstance(value, origin or hint)


def parse(text: str, hint: Any) -> Any:
    """The value that a text stands for.

    Lists are separated by commas, with or without brackets. Text is taken as it stands, without quotes.

    Raises
    ------
    ValueError
        The text stands for no value of the type.

    Examples
    --------
    >>> parse("1e-4", float), parse("none", float | None), parse("0.9,0.99", tuple[float, float]), parse("no", bool)
    (0.0001, None, (0.9, 0.99), False)
    >>> parse("1.5", int)
    Traceback (most recent call last):
        ...
    ValueError: 1.5
    """
    origin, stripped = get_origin(hint), text.strip()
    if hint is Any:
        return _literal(stripped)
    if origin in (Union, UnionType):
        return _first(text, sorted(get_args(hint), key=lambda one: one is str))
    if origin is tuple:
        return _list(stripped, get_args(hint))
    if hint is bool:
        return _WORDS[stripped.lower()] if stripped.lower() in _WORDS else _refuse(text)
    if hint in (int, float):
        value = hint(stripped)
    elif hint is NoneType:
        value = None if stripped.lower() in ("none", "null") else text
    elif origin is Literal:
        value = next((one for one in get_args(hint) if str(one) == stripped), text)
    else:
        value = text
    return value if matches(value, hint) else _refuse(text)


_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def hint_of(value: Any) -> Any:
    """The type that another value in the place of this one must have.

    >>> hint_of(3), hint_of((1.5, 2.5)), hint_of(None)
    (<class 'int'>, tuple[float, ...], typing.Any)
    """
    if value is None:
        return Any
    if isinstance(value, tuple | list):
        kinds = {hint_of(one) for one in value}
        return tuple[kinds.pop(), ...] if len(kinds) == 1 else tuple[Any, ...]  # type: ignore[misc]
    return type(value)


def _first(text: str, hints: list[Any]) -> Any:
    for hint in hints:
        try:
            return parse(text, hint)
        except ValueError:
            continue
    return _refuse(text)


def _list(text: str, hints: tuple[Any, ...]) -> tuple[Any, ...]:
    if text[:1] in ("(", "[") and text[-1:] in (")", "]"):
        text = text[1:-1]
    parts = [part.strip().strip("'\"") for part in text.split(",") if part.strip()]
    if hints[-1] is Ellipsis:
        return tuple(parse(part, hints[0]) for part in parts)
    if len(parts) != len(hints):
        return _refuse(text)
    return tuple(map(parse, parts, hints))


def _literal(text: str) -> Any:
    if text.lower() in ("none", "null"):
        return None
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _refuse(text: str) -> Any:
    raise ValueError(text)


__all__ = ["describe", "hint_of", "matches", "parse"]
