"""What every loss on scores asks of its tensors, and roots whose slope stays finite."""

from __future__ import annotations

import math
import warnings
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from visq.errors import InputError, InputTypeError, OptionError, VisqWarning

#: Standard deviation, as a part of the mean or of 1, up to which a batch counts as constant: the rounding of float32.
FLAT = 1e-6
_HALF = (torch.float16, torch.bfloat16)
_NAMES = ("predictions", "scores")


def pair(
    predictions: Any, scores: Any, *, minimum: int = 1, axes: int = 1, names: tuple[str, str] = _NAMES
) -> tuple[Tensor, Tensor]:
    """Predictions and scores as floating tensors of one shape, type and device.

    Half precision is computed in float32; scores are taken in the type of the predictions.

    Parameters
    ----------
    predictions, scores : Tensor
    minimum : int
        Of items.
    axes : int
        1 for `(N,)`, 2 for `(N, K)`, 0 for any.
    names : (str, str)
        What they are called in errors.

    Raises
    ------
    InputTypeError
        No tensors, or predictions that are whole numbers.
    InputError
        Another rank, shapes or devices that differ, fewer than `minimum` items.

    Examples
    --------
    >>> import torch
    >>> p, y = pair(torch.ones(3, dtype=torch.float16), torch.tensor([1, 2, 3]))
    >>> p.dtype, y.dtype
    (torch.float32, torch.float32)
    >>> pair(torch.ones(3, 1), torch.ones(3))
    Traceback (most recent call last):
        ...
    visq.errors.InputError: predictions has the wrong shape; expected (N,); got (3, 1). ...
    """
    first = floating(predictions, names[0], axes=axes)
    second = other(scores, first, names[1])
    if first.shape != second.shape:
        raise InputError(
            f"{names[0]} and {names[1]} differ in shape", expected=str(tuple(first.shape)), got=str(tuple(second.shape))
        )
    enough(first, minimum, names[0])
    return first, second


def floating(values: Any, name: str, *, axes: int) -> Tensor:
    """A tensor that can carry a gradient, half precision as float32."""
    tensor = _tensor(values, name)
    if not tensor.is_floating_point():
        raise InputTypeError(f"{name} cannot carry a gradient", expected="a floating tensor", got=str(tensor.dtype))
    if axes and tensor.ndim != axes:
        raise InputError(
            f"{name} has the wrong shape",
            expected="(N,)" if axes == 1 else "(N, K)",
            got=str(tuple(tensor.shape)),
            hint="An axis too many would compare every item with every other: take it away with squeeze(1).",
        )
    return tensor.float() if tensor.dtype in _HALF else tensor


def other(values: Any, like: Tensor, name: str) -> Tensor:
    """A second tensor of the same device, in the type of the first."""
    return _beside(values, like, name).to(like.dtype)


def per_item(values: Any, like: Tensor, name: str) -> Tensor:
    """One number an item, `(N,)`, in the type and on the device of `like`."""
    return labels(values, like, name).to(like.dtype)


def labels(values: Any, like: Tensor, name: str) -> Tensor:
    """One label an item, `(N,)`, in its own type, on the device of `like`."""
    tensor = _beside(values, like, name)
    if tensor.shape != like.shape[:1]:
        raise InputError(f"{name} takes one value an item", expected=f"({len(like)},)", got=str(tuple(tensor.shape)))
    return tensor


def enough(values: Tensor, minimum: int, name: str) -> None:
    """Raises an InputError where the batch holds fewer than `minimum` items."""
    if values.ndim and len(values) < minimum:
        raise InputError(
            "the batch is too small for this loss",
            expected=f"{minimum} {name} or more",
            got=str(len(values)),
            hint="Use a larger batch, and drop an incomplete last one.",
        )


def warn_alone(values: Tensor, what: str) -> None:
    """Warns where a batch of one leaves a loss of pairs nothing to compare."""
    if len(values) == 1:
        warnings.warn(f"{what}: a batch of one item holds no pairs, so this loss is 0", VisqWarning, stacklevel=3)


def number(
    value: Any, name: str, *, above: float | None = None, least: float | None = None, most: float | None = None
) -> float:
    """An option that is a finite number, above a bound, or from one on up to another.

    Raises
    ------
    OptionError
        Anything else.

    Examples
    --------
    >>> number(0, "tau", above=0)
    Traceback (most recent call last):
        ...
    visq.errors.OptionError: tau out of range; expected a number above 0; got 0
    """
    real = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    low = -math.inf if least is None else least
    high = math.inf if most is None else most
    if real and low <= value <= high and (above is None or value > above):
        return float(value)
    bounds = [f"above {above:g}"] if above is not None else []
    bounds += [f"from {low:g} on"] if least is not None else []
    bounds += [f"up to {high:g}"] if most is not None else []
    raise OptionError(f"{name} out of range", expected=" ".join(["a number", *bounds]), got=repr(value))


def root(values: Tensor, order: float = 2.0) -> Tensor:
    """The `order`-th root of values from 0 on, of slope 0 at 0 where the root itself has an infinite one.

    Examples
    --------
    >>> import torch
    >>> x = torch.tensor([0.0, 4.0], requires_grad=True)
    >>> root(x).sum().backward()
    >>> x.grad
    tensor([0.0000, 0.2500])
    """
    # The slope at a subnormal number may be more than a number can say.
    nothing = values <= torch.finfo(values.dtype).tiny
    safe = torch.where(nothing, torch.ones_like(values), values)
    power = safe.sqrt() if order == 2 else safe ** (1 / order)
    return torch.where(nothing, torch.zeros_like(values), power)


def norm(values: Tensor, order: float = 2.0, *, mean: bool = False) -> Tensor:
    """The `order`-norm along the last axis, or the same with a mean instead of the sum; of slope 0 at 0, as `root`.

    Examples
    --------
    >>> import torch
    >>> round(norm(torch.tensor([0.3, 0.1, 0.3]), 500.0).item(), 4)  # 0.3^500 is 0 in float32
    0.3004
    """
    if order == 2:
        power = values.square()
        return root(power.mean(-1) if mean else power.sum(-1))
    # The largest is taken out, so that none of the powers that count leaves the range of the type.
    largest = values.detach().abs().amax(-1, keepdim=True)
    largest = torch.where(largest > 0, largest, torch.ones_like(largest))
    power = (values / largest).abs() ** order
    return largest.squeeze(-1) * root(power.mean(-1) if mean else power.sum(-1), order)


def rounding(values: Tensor) -> float:
    """Difference from the mean, as a part of it or of 1, up to which values of this type count as equal.

    That of float32 for it and for float64, the one of its own for half precision: a slope beyond it is noise, and
    more than float16 can say.
    """
    return float(torch.finfo(values.dtype).eps) if values.dtype in _HALF else FLAT


def mean_of(values: Tensor, chosen: Tensor) -> Tensor:
    """Mean of the chosen values; 0, with a gradient of 0, where none is."""
    kept = torch.where(chosen, values, torch.zeros_like(values))
    return kept.sum() / chosen.sum().clamp(min=1)


def _beside(values: Any, like: Tensor, name: str) -> Tensor:
    tensor = _tensor(values, name)
    if tensor.device != like.device:
        raise InputError(
            f"{name} lies on another device", expected=str(like.device), got=str(tensor.device), hint="Use .to(device)."
        )
    return tensor


def _tensor(values: Any, name: str) -> Tensor:
    if not isinstance(values, Tensor):
        raise InputTypeError(f"{name} is no tensor", expected="torch.Tensor", got=type(values).__name__)
    if values.is_complex() or values.numel() == 0:
        raise InputError(
            f"{name} is complex" if values.is_complex() else f"{name} is empty", expected="real numbers, one or more"
        )
    return values
