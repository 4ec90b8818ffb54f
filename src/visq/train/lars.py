"""LARS: momentum whose step is scaled, tensor by tensor, to the length of the tensor. For batches of thousands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

#: Step over weight that a tensor moves by, at a rate of 1.
TRUST = 1e-3


class LARS(torch.optim.Optimizer):
    """Layer-wise adaptive rate scaling.

    For a tensor w with gradient g, decay d and trust t, with ``u = g + d w``::

        u <- t |w| / |u| u       where w has two sides or more and neither length is 0
        m <- mu m + u            w <- w - rate m

    Vectors (biases, scales of normalisations) are moved by plain momentum: their length says nothing of how far they
    may go.

    Parameters
    ----------
    params : iterable
        Parameters, or groups of them with `lr` and `weight_decay`.
    lr : float
    momentum : float
        mu.
    weight_decay : float
        d, of groups that do not say it.
    trust : float
        t.

    References
    ----------
    Y. You, I. Gitman, B. Ginsburg, "Large batch training of convolutional networks", arXiv 1708.03888, 2017.

    Examples
    --------
    >>> weight = torch.nn.Parameter(torch.full((1, 1), 2.0))
    >>> weight.grad = torch.full((1, 1), 100.0)
    >>> LARS([weight], lr=1.0).step()
    >>> round(weight.item(), 6)
    1.998
    """

    def __init__(
        self, params: Iterable[Any], lr: float = 1.0, *, momentum: float = 0.9, weight_decay: float = 0.0,
        trust: float = TRUST,
    ) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "trust": trust})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every parameter that has a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._move(weight, group)
        return loss

    def _move(self, weight: torch.Tensor, group: dict[str, Any]) -> None:
        update = weight.grad.add(weight, alpha=group["weight_decay"])  # type: ignore[union-attr]
        if weight.ndim > 1:
            length, step = torch.linalg.vector_norm(weight), torch.linalg.vector_norm(update)
            # Without a comparison in Python a GPU need not be waited for.
            scale = torch.where((length > 0) & (step > 0), group["trust"] * length / step, torch.ones_like(length))
            update.mul_(scale)
        state = self.state[weight]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(weight)
        velocity = state["velocity"]
        velocity.mul_(group["momentum"]).add_(update)
        weight.add_(velocity, alpha=-group["lr"])


__all__ = ["LARS", "TRUST"]
