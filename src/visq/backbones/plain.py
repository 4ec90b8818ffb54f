"""Networks that are one chain: AlexNet, VGG and SqueezeNet, with torchvision's names of parameters."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from visq.backbones.backbone import Backbone, Stage
from visq.backbones.parts import make_pool
from visq.backbones.spec import BackboneSpec, Layer


class Chain(Backbone):
    """Convolutions, ReLUs and poolings one after the other, as the layers of the spec say: AlexNet, VGG."""

    def __init__(self, spec: BackboneSpec, *, pooling: str = "max", blur_size: int = 4) -> None:
        super().__init__(spec, pooling=pooling, blur_size=blur_size)
        before, parts = 3, []
        for layer in spec.layers[1:]:
            parts.append(self._part(before, layer))
            before = layer.channels
        self.features = nn.Sequential(*parts)

    def _part(self, before: int, layer: Layer) -> nn.Module:
        if not layer.steps:
            return nn.ReLU()
        step = layer.steps[0]
        if step.kind == "pool":
            return make_pool(step, self.pooling, self.blur_size)
        return nn.Conv2d(before, layer.channels, step.kernel, step.stride, step.padding // 2)

    def stages(self, images: Tensor) -> Iterator[Stage]:  # noqa: ARG002
        for layer, part in zip(self.spec.layers[1:], self.features, strict=True):
            yield Stage(layer.name, part, None if layer.steps else functional.relu_)


class Fire(nn.Module):
    """Few channels, then two convolutions side by side whose channels are joined."""

    def __init__(self, before: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(before, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        """From `(N, before, H, W)` to `(N, 2 * expanded, H, W)`."""
        squeezed = functional.relu_(self.squeeze(values))
        return functional.relu_(torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], 1))


class SqueezeNet(Chain):
    """SqueezeNet 1.1: fire modules between poolings."""

    def _part(self, before: int, layer: Layer) -> nn.Module:
        if not layer.steps:
            return nn.ReLU()
        step = layer.steps[0]
        if step.kind == "pool":
            return make_pool(step, self.pooling, self.blur_size, ceil=True)
        if step.stride > 1:
            return nn.Conv2d(before, layer.channels, step.kernel, step.stride)
        return Fire(before, layer.channels // 8, layer.channels // 2)
