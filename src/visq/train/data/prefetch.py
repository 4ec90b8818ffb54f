"""Batches made ahead of who waits for them, and the numbers that say how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from numbers import Integral
from typing import Any, TypeVar

from visq.ahead import ahead
from visq.errors import OptionError
from visq.ops.threads import get_threads

_Result = TypeVar("_Result")


def batches(make: Callable[[int], _Result], length: int, number: int, start: int, threads: int) -> Iterator[_Result]:
    """Batches `start` to `length - 1` of epoch `number`, each `make(its index)`.

    Raises
    ------
    OptionError
        At once, where the epoch or the batch cannot be.
    """
    check_whole("the number of an epoch", number)
    check_whole("the first batch", start, most=length)
    return ahead(make, range(int(start), length), threads)


def check_threads(threads: int | None) -> int:
    """A number of threads, 0 or more; None stands for as many as visq uses elsewhere.

    Raises
    ------
    OptionError
    """
    return get_threads() if threads is None else check_whole("the number of threads", threads)


def check_whole(what: str, value: Any, *, least: int = 0, most: int | None = None) -> int:
    """`value` if it is a whole number within bounds.

    Raises
    ------
    OptionError
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or int(value) < least or (most is not None and int(value) > most):
        bounds = f"{least} or more" if most is None else f"{least} to {most}"
        raise OptionError(f"{what} cannot be that", expected=f"a whole number, {bounds}", got=repr(value))
    return int(value)


__all__ = ["batches", "check_threads", "check_whole"]
