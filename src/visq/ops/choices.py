"""The checks of an option that takes a few names, and of names of options."""

from __future__ import annotations

from collections.abc import Iterable

from visq.errors import OptionError


def check_names(what: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Refuse the name of an option that there is none of.

    Raises
    ------
    visq.errors.OptionError
        With the name, and those that there are.

    Examples
    --------
    >>> check_names("the network", {"width": 3}, ("width", "depth"))
    >>> check_names("the network", {"with": 3}, ("width", "depth"))
    Traceback (most recent call last):
        ...
    visq.errors.OptionError: the network has no option 'with'; expected one of width, depth
    """
    allowed = tuple(known)
    for name in names:
        if name not in allowed:
            raise OptionError(f"{what} has no option {name!r}", expected=f"one of {', '.join(allowed)}")


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
