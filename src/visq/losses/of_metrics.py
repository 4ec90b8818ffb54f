"""Losses made of metrics: values that fall as quality rises, for gradient descent in torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from visq import catalog
from visq.api import Metric
from visq.errors import InputTypeError, OptionError

_REDUCERS = ("mean", "sum", "none")


def loss(name: str, *, reduction: Literal["mean", "sum", "none"] = "mean", **options: Any) -> Callable[..., Any]:
    """A differentiable metric as a loss over torch tensors: lower is always better.

    A metric that falls with quality is used as it is. One that rises is subtracted from its best value, so that
    an identical pair costs exactly 0 with the metric's default options; a no-reference one, which has no best value,
    is negated. Where a score may exceed that of an identical pair (VIFp), the loss may be negative.

    Parameters
    ----------
    name : str
        A differentiable metric of the catalogue.
    reduction : {"mean", "sum", "none"}
        Over the batch.
    **options
        Options of the metric.

    Returns
    -------
    callable
        ``loss(image, reference, data_range=None)`` for full-reference, ``loss(image)`` for no-reference metrics;
        tensors `(N, C, H, W)`.

    Raises
    ------
    OptionError
        The metric has no gradient.
    InputTypeError
        Something other than torch tensors was given.

    Examples
    --------
    >>> import torch
    >>> image = torch.full((1, 3, 16, 16), 0.5, requires_grad=True)
    >>> cost = loss("mse")(image, torch.full((1, 3, 16, 16), 0.25))
    >>> cost.backward()
    >>> round(cost.item(), 2), tuple(image.grad.shape)
    (4064.06, (1, 3, 16, 16))
    """
    metric = Metric(catalog.get(name), options)
    spec = metric.spec
    if not spec.differentiable:
        able = ", ".join(s.id for s in catalog.specs() if s.differentiable)
        raise OptionError(f"{spec.id} has no gradient and cannot be a loss", hint=f"Those that can: {able}.")
    if spec.graph and metric.options.get("model") is not None:
        raise OptionError(f"{spec.id}: a graph has no gradient", hint="Leave model out: torch runs the network.")
    if reduction not in _REDUCERS:
        raise OptionError("unknown reduction", expected=", ".join(_REDUCERS), got=repr(reduction))
    best = spec.best if spec.best is not None else 0.0

    def compute(image: Any, reference: Any = None, *, data_range: float | None = None) -> Any:
        from visq.ops.arrays import is_torch

        if not is_torch(image):
            raise InputTypeError("a loss takes torch tensors", expected="torch.Tensor", got=type(image).__name__)
        values = metric(image, reference, data_range=data_range)
        values = values if spec.lower_is_better else best - values
        return values if reduction == "none" else getattr(values, reduction)()

    return compute
