"""Two sequences into two arrays, or an error that says what is wrong with them."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError, InputTypeError, VisqWarning

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


def vector(values: Any, name: str) -> Floats:
    """A sequence of finite numbers as float64 `(n,)`.

    Raises
    ------
    InputTypeError
        What is not a sequence of real numbers.
    InputError
        Another rank than one, NaN or infinity, masked entries.
    """
    if np.ma.is_masked(values):
        raise InputError(f"{name} has masked entries", hint="Leave them out of every sequence.")
    floats = numbers(values, name)
    wrong = np.flatnonzero(~np.isfinite(floats))
    if wrong.size:
        raise InputError(
            f"{name} has {wrong.size} values that are NaN or infinite",
            expected="finite numbers",
            got=f"{floats[wrong[0]]} at position {wrong[0]}",
            hint="Leave these items out of every sequence, and say so where the result is printed.",
        )
    return floats


def numbers(values: Any, name: str) -> Floats:
    """A sequence of real numbers as float64 `(n,)`; NaN and infinity are let through."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: a tensor that records gradients
        raise InputTypeError(f"{name} is not a sequence of numbers", got=str(error)) from error
    if array.dtype == object or array.dtype.kind not in "fiub":
        array = _from_objects(array, name)
    if array.ndim != 1:
        raise InputError(f"{name} has the wrong shape", expected="one number an item, (n,)", got=str(array.shape))
    return array.astype(np.float64)


def _from_objects(array: NDArray[Any], name: str) -> NDArray[Any]:
    """Numbers that hide in an array of objects; texts are refused even where they spell numbers."""
    if array.dtype == object:
        gap = next((i for i, value in enumerate(array.ravel()) if value is None), None)
        if gap is not None:
            raise InputError(f"{name} has no value at position {gap}", expected="one number an item")
        if not any(isinstance(value, str | bytes | complex) for value in array.ravel()):
            try:
                return array.astype(np.float64)
            except (TypeError, ValueError, OverflowError):
                pass
    raise InputTypeError(f"{name} is not a sequence of numbers", expected="real numbers", got=str(array.dtype))


def pair(
    predictions: Any, scores: Any, *, minimum: int = 3, names: tuple[str, str] = ("predictions", "scores")
) -> tuple[Floats, Floats]:
    """Predictions and scores as two arrays of one length.

    Raises
    ------
    InputError
        Lengths that differ, or fewer than `minimum` pairs.
    """
    x, y = vector(predictions, names[0]), vector(scores, names[1])
    same_length(y, x.size, names[1], names[0])
    if x.size < minimum:
        raise InputError(f"too few pairs of {names[0]} and {names[1]}", expected=f"at least {minimum}", got=str(x.size))
    return x, y


def same_length(values: Sequence[Any] | NDArray[Any], length: int, name: str, other: str) -> None:
    """Raises an InputError where `values` has not `length` entries."""
    if len(values) != length:
        raise InputError(f"{name} and {other} differ in length", expected=f"{length} as {other}", got=str(len(values)))


def positive(values: Any, length: int, name: str, *, zero: bool) -> Floats:
    """One number for all items, or one an item: finite, above 0, or from 0 on."""
    single = getattr(values, "ndim", 0 if np.isscalar(values) or values is None else 1) == 0
    array = np.full(length, float(vector([values], name)[0])) if single else vector(values, name)
    same_length(array, length, name, "scores")
    if array.size and (array.min() < 0 or (not zero and array.min() == 0)):
        raise InputError(f"{name} out of range", expected="0 or more" if zero else "above 0", got=str(array.min()))
    return array


def labels(values: Any, length: int, name: str, other: str = "predictions") -> tuple[Codes, list[Any]]:
    """Whole numbers from 0 in the order of first appearance, and the label that each stands for.

    Raises
    ------
    InputError
        Another length than the items, a missing label (None or NaN), or one that cannot be a key.
    """
    try:
        # Tensors too: two of their elements are never equal as objects, whatever they hold.
        items = values.tolist() if hasattr(values, "tolist") else list(values)
    except TypeError as error:
        raise InputTypeError(f"{name} is not a sequence of labels", got=repr(values)) from error
    if not isinstance(items, list):
        raise InputError(f"{name} is not a sequence of labels", expected="one label an item", got=repr(values))
    same_length(items, length, name, other)
    known: dict[Hashable, int] = {}
    codes = np.empty(length, np.int64)
    for position, label in enumerate(items):
        try:
            codes[position] = known.setdefault(label, len(known))
            missing = label is None or bool(label != label)  # NaN alone differs from itself
        except TypeError as error:
            if type(label).__name__ == "NAType":  # of pandas, which has no answer to that
                raise InputError(f"{name} has no label at position {position}", expected="one label an item") from error
            raise InputError(f"{name} has a label that cannot be compared", got=repr(label)) from error
        if missing:
            raise InputError(f"{name} has no label at position {position}", expected="one label an item")
    return codes, list(known)


def constant(values: Floats) -> bool:
    """Whether all values are one."""
    return bool(values.size == 0 or (values == values[0]).all())


def warn_constant(x: Floats, y: Floats, what: str, names: tuple[str, str] = ("predictions", "scores")) -> bool:
    """Whether a correlation is undefined; warns where it is."""
    flat = [name for name, values in zip(names, (x, y), strict=True) if constant(values)]
    if flat:
        warnings.warn(f"{' and '.join(flat)}: all values are equal, so {what} is undefined (NaN)", VisqWarning, 3)
    return bool(flat)


def two_directions(value: Any) -> tuple[bool, bool]:
    """`lower_is_better` of two metrics, where one bool may stand for both."""
    given = value if isinstance(value, tuple | list) else (value, value)
    if len(given) != 2:
        raise InputError("lower_is_better takes one bool, or one for a and one for b", got=str(value))
    return flag(given[0], "lower_is_better"), flag(given[1], "lower_is_better")


def flag(value: Any, name: str) -> bool:
    """A bool: anything else would turn a correlation round unseen, as the text "no" does."""
    if not isinstance(value, bool | np.bool_):
        raise InputTypeError(f"{name} is neither True nor False", got=repr(value))
    return bool(value)


def choice(value: str, allowed: Sequence[str], name: str) -> str:
    """`value`, where it is one of the allowed ones."""
    if not isinstance(value, str) or value not in allowed:
        raise InputError(f"unknown {name}", expected=" or ".join(allowed), got=repr(value))
    return value


def whole(value: int, name: str, *, minimum: int) -> int:
    """A whole number from `minimum` on."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < minimum:
        raise InputError(f"{name} out of range", expected=f"a whole number from {minimum} on", got=repr(value))
    return int(value)


def share(value: float, name: str) -> float:
    """A number between 0 and 1, both excluded."""
    if not isinstance(value, int | float | np.number) or not 0 < value < 1:
        raise InputError(f"{name} out of range", expected="above 0 and below 1", got=repr(value))
    return float(value)
