"""Networks in plain torch whose layers the deep metrics look at: a registry as data, and what builds them.

Parameters have the names under which torchvision and timm publish them, so that public files drop in. The classifier
is not built. Every layer is a named tap:

>>> spec = get("vgg16")
>>> spec.parameters, spec.taps[:4], spec.strides[-1]
(14714688, ('input', 'conv1_1', 'relu1_1', 'conv1_2'), 32)
>>> import torch
>>> network = create("alexnet", weights="random", seed=1)
>>> features = network(network.normalise(torch.zeros(1, 3, 64, 64)), ["relu1", "relu5"])
>>> {tap: tuple(values.shape) for tap, values in features.items()}
{'relu1': (1, 64, 15, 15), 'relu5': (1, 256, 3, 3)}

Importing this package loads no numerical library; `create` needs the extra `torch`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from visq.backbones.build import available, create, shared
from visq.backbones.registry import get, ids, specs
from visq.backbones.spec import BackboneSpec, Layer, Step

if TYPE_CHECKING:
    from visq.backbones.backbone import Backbone

__all__ = ["Backbone", "BackboneSpec", "Layer", "Step", "available", "create", "get", "ids", "shared", "specs"]


def __getattr__(name: str) -> Any:
    if name == "Backbone":
        from visq.backbones.backbone import Backbone

        return Backbone
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
