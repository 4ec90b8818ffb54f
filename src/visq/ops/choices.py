"""The one check of an option that takes a few names."""

from __future__ import annotations

from collections.abc import Iterable

from visq.errors import OptionError


def check_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Refuse a value that is none of the choices.

    Raises
    ------
    visq.errors.OptionError
        With the name of the option, the choices and the value.

    Examples
    --------
    >>> check_choice("luma", "bt601", ("rgb2gray", "bt601"))
    >>> check_choice("luma", "bt999", ("rgb2gray", "bt601"))
    Traceback (most recent call last):
        ...
    visq.errors.OptionError: unknown luma; expected 'rgb2gray' or 'bt601'; got 'bt999'
    """
    allowed = tuple(choices)
    if value not in allowed:
        raise OptionError(f"unknown {name}", expected=" or ".join(map(repr, allowed)), got=repr(value))
