"""The convolutional half: from pixels to a map, as a part that stays as it was published and a part that is trained."""

from __future__ import annotations

import os
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from visq import backbones
from visq.backbones.efficientnet import EfficientNetLite, Inverted
from visq.backbones.spec import INPUT
from visq.errors import OptionError
from visq.systems.pmt.design import Design
from visq.systems.pmt.layout import Layout


class Trunk(nn.Module):
    """A network of `visq.backbones` up to a layer; what lies behind it is left out.

    The statistics of its batch normalisations never move: batches are small, and their pictures of one size.

    Parameters
    ----------
    design : Design
    weights : {"public", "random"} or path
        As `visq.backbones.create` takes it.
    frozen_to : str
        The last layer that is not trained: `input`, and all of it is trained, up to `design.tap`, and nothing is.
    seed : int
        Of `random`.
    depthwise : bool
        Whether depthwise filters behind `frozen_to` are trained, with the normalisation of each. Their gradient takes
        the longest of all: a third of a step on a processor.
    """

    def __init__(
        self, design: Design, weights: str | os.PathLike[str] = "public", *, frozen_to: str = INPUT, seed: int = 0,
        depthwise: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.design, self.frozen_to = design, frozen_to
        network = backbones.create(design.backbone, weights=weights, seed=seed)
        spec = network.spec
        if spec.index(frozen_to) > spec.index(design.tap):
            raise OptionError(
                "frozen_to lies behind the layer that is read", expected=f"{design.tap} or before it", got=frozen_to
            )
        self.network = network
        used = {id(p) for module in self._modules_to(design.tap) for p in module.parameters()}
        for name, child in list(_leaves(network)):
            if all(id(p) not in used for p in child.parameters()):
                parent, _, last = name.rpartition(".")
                setattr(network.get_submodule(parent), last, nn.Identity())
        frozen = {id(p) for module in self._modules_to(frozen_to) for p in module.parameters()}
        for parameter in network.parameters():
            parameter.requires_grad_(id(parameter) not in frozen)
        for block in network.modules():
            if isinstance(block, Inverted) and not depthwise:
                block.conv_dw.requires_grad_(False)
                block.bn2.requires_grad_(False)
        if isinstance(network, EfficientNetLite):
            network.fold()  # after what is found out above: folded, a batch normalisation does not run

    def _modules_to(self, tap: str) -> list[nn.Module]:
        """The modules that run on the way to a layer."""
        found: list[nn.Module] = []
        hooks = [m.register_forward_pre_hook(lambda m, _: found.append(m)) for _, m in _leaves(self.network)]
        side = max(self.network.min_side(tap), 32)
        try:
            with torch.no_grad():
                self.network(torch.zeros(1, 3, side, side), [tap])
        finally:
            for hook in hooks:
                hook.remove()
        return found

    def pixels(self, images: Tensor) -> Tensor:
        """What the network is fed, of `(N, 3, H, W)` bytes or numbers in 0..1."""
        planes = images.float() / 255.0 if images.dtype == torch.uint8 else images
        return 2.0 * planes - 1.0 if self.design.scaling == "symmetric" else self.network.normalise(planes)

    def front(self, images: Tensor) -> Tensor:
        """The map of the part that is not trained, without gradients."""
        with torch.no_grad():
            return self.network(self.pixels(images), [self.frozen_to])[self.frozen_to]

    def back(self, maps: Tensor) -> Tensor:
        """From that map to the one that is read, `(N, C, h, w)`."""
        return self.after(self.frozen_to, maps)

    def after(self, tap: str, maps: Tensor) -> Tensor:
        """From the map of any layer on the way to the one that is read."""
        spec = self.network.spec
        first, last = spec.index(tap), spec.index(self.design.tap)
        # The stages of a network are all layers but the first, which is what it is fed.
        for place, stage in enumerate(self.network.stages(maps), 1):
            if place > last:
                break
            if place > first:
                maps = stage.run(maps)
        return maps

    def forward(self, images: Tensor) -> Tensor:
        """From pixels to the map that is read; with gradients for the images where `frozen_to` is `input`."""
        return self.network(self.pixels(images), [self.design.tap])[self.design.tap]

    def train(self, mode: bool = True) -> Trunk:
        """As `torch.nn.Module`; batch normalisations judge."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def gridded(maps: Tensor, where: Layout) -> Tensor:
    """`(N, C, rows, columns)`, a place a token, of the trunk's map."""
    if where.pooled:
        maps = functional.max_pool2d(maps, 2, 2)
    if where.factor > 1:
        maps = functional.avg_pool2d(maps, where.factor, where.factor, ceil_mode=True, count_include_pad=False)
    return maps


def _leaves(network: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Modules with parameters of their own."""
    return ((n, m) for n, m in network.named_modules() if n and next(m.parameters(recurse=False), None) is not None)


__all__ = ["Trunk", "gridded"]
