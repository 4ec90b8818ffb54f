"""The trunks of the two encoders: ResNets of `visq.backbones`, begun with random parameters."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from visq.backbones import get
from visq.backbones.spec import INPUT, BackboneSpec

if TYPE_CHECKING:
    from torch import Tensor

    from visq.backbones.backbone import Backbone

_HALF = 2


@cache
def spec_of(trunk: str) -> BackboneSpec:
    """A network of the table, or the ResNet-18 with half of its channels (`resnet18_half`).

    >>> spec_of("resnet50").parameters, spec_of("resnet18_half").parameters
    (23508032, 2798880)
    """
    if trunk != "resnet18_half":
        return get(trunk)
    whole = get("resnet18")
    layers = tuple(
        one if one.name == INPUT else replace(one, channels=one.channels // _HALF) for one in whole.layers
    )  # fmt: skip
    return replace(
        whole, id=trunk, title="ResNet-18, half width", layers=layers, parameters=2_798_880, published_parameters=0,
        config=(*whole.config, ("width", layers[1].channels)), notes="32 channels in the stem, 256 in the last stage.",
    )  # fmt: skip


def empty(trunk: str) -> Backbone:
    """A trunk without memory for its parameters: names and shapes of them."""
    import torch

    from visq.backbones.resnet import ResNet

    spec = spec_of(trunk)
    with torch.device("meta"):
        return ResNet(spec, **dict(spec.config))


def make(trunk: str, seed: int) -> Backbone:
    """A trunk with random parameters that can be trained.

    Parameters
    ----------
    trunk : str
        As `spec_of` takes it.
    seed : int
        Of the parameters: He's initialisation, the same on every machine.
    """
    from visq.backbones.initial import random_state

    network = empty(trunk)
    network.load_state_dict(random_state(network.state_dict(), seed), assign=True)
    return network.requires_grad_(True)


def pooled(trunk: Backbone, planes: Tensor) -> Tensor:
    """What a trunk makes of whole pictures: the means of its last responses, `(N, F)` of `(N, 3, H, W)`."""
    last = trunk.spec.taps[-1]
    return trunk(planes, last)[last].mean((2, 3))


__all__ = ["empty", "make", "pooled", "spec_of"]
