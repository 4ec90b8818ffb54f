"""The moving average of weights, which is steadier than the weights of any one step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def decay_at(update: int, decay: float) -> float:
    """The weight of the former average in update `update`, counted from 1: ``d (1 - d^(t-1)) / (1 - d^t)``.

    With it the average after `t` updates is ``sum_i d^(t-i) (1-d) w_i / (1 - d^t)``: the exponential average without
    the weight that the first value would have for long (the bias correction of Adam). The first average is the first
    value.

    References
    ----------
    D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015, section 3.

    Examples
    --------
    >>> decay_at(1, 0.9), round(decay_at(2, 0.9), 4), round(decay_at(1000, 0.9), 4)
    (0.0, 0.4737, 0.9)
    """
    return decay * (1.0 - decay ** (update - 1)) / (1.0 - decay**update)


class Average:
    """An exponential moving average of every parameter and every floating-point buffer of a network.

    Whole numbers (counters of batch normalisations) are copied as they are.

    Parameters
    ----------
    network : torch.nn.Module
        Whose state it begins with.
    decay : float
        ``d`` of `decay_at`.

    Attributes
    ----------
    tensors : dict of str to torch.Tensor
        The average, by the names of the network's `state_dict`.
    updates : int
        How many states went into it.

    Examples
    --------
    >>> layer = nn.Linear(1, 1)
    >>> average = Average(layer, 0.5)
    >>> for value in (1.0, 4.0):
    ...     _ = nn.init.constant_(layer.bias, value)
    ...     average.update(layer)
    >>> average.tensors["bias"].tolist()
    [3.0]
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        # Layers that share a weight share its average: it is taken in once, and torch refuses two for one.
        first: dict[int, str] = {}
        self._shared: dict[str, str] = {}
        self.tensors: dict[str, Tensor] = {}
        for name, value in network.state_dict(keep_vars=True).items():
            other = first.setdefault(id(value), name)
            if other != name:
                self._shared[name] = other
            self.tensors[name] = self.tensors[other] if other != name else value.detach().clone()

    def update(self, network: nn.Module) -> None:
        """Take the state of a network in."""
        self.updates += 1
        share = 1.0 - decay_at(self.updates, self.decay)
        for name, value in network.state_dict().items():
            if name in self._shared:
                continue
            mean = self.tensors[name]
            if mean.is_floating_point():
                mean.lerp_(value.detach(), share)
            else:
                mean.copy_(value)

    def load(self, tensors: Mapping[str, Tensor], updates: int) -> None:
        """Go on from an average that was kept."""
        for name, mean in self.tensors.items():
            mean.copy_(tensors[name])
        self.updates = updates

    def call(self, network: nn.Module, *inputs: Any) -> Any:
        """What the network gives with the average in place of its weights."""
        return torch.func.functional_call(network, self.tensors, inputs)


__all__ = ["Average", "decay_at"]
