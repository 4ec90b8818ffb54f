"""The network of LoDa: crops to one number each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from visq.backbones.backbone import Backbone
from visq.backbones.table.sources import IMAGENET_MEAN, IMAGENET_STD
from visq.errors import SizeError
from visq.systems.loda import trunks
from visq.systems.loda.design import Design
from visq.systems.loda.parts import CosineHead, Extractor, Injector
from visq.systems.loda.sealed import Sealed

# Taps of the transformer: before a block, and where its tokens have their positions.
_BLOCK, _PLACED = "blocks.", "pos_embed"


class LoDa(Sealed):
    """A frozen transformer, a frozen CNN, and the adapter between them.

    Parameters
    ----------
    design : Design
    vit, cnn : {"public", "random"} or path
        Where the frozen parameters come from, as `visq.systems.loda.trunks.transformer` takes it.
    seed : int
        Of random ones.

    Examples
    --------
    >>> design = Design(vit="distilled", vit_width=24, vit_depth=2, vit_heads=3, side=32, cnn="efficientnet_lite0")
    >>> network = LoDa(design, vit="random", cnn="random").eval()
    >>> tuple(network(torch.zeros(2, 3, 32, 32, dtype=torch.uint8)).shape)
    (2,)
    """

    def __init__(
        self, design: Design, vit: str | os.PathLike[str] = "public", cnn: str | os.PathLike[str] = "public",
        seed: int = 0,
    ) -> None:  # fmt: skip
        super().__init__()
        self.design = design
        outer, depth, _, _ = design.shape
        add, probe = design.variant == "add", design.variant == "probe"
        self.vit = trunks.transformer(design, vit, seed)
        self.cnn = trunks.cnn(design, cnn, seed) if design.looks else None
        grid = design.patches if add else design.grid
        channels = design.channels if design.looks else ()
        self.extractors = nn.ModuleList(Extractor(c, design.width, grid) for c in channels)
        heads = 0 if add else design.heads
        self.injectors = nn.ModuleList(Injector(outer, design.width, heads) for _ in range(0 if probe else depth))
        self.dropout = nn.Dropout(design.dropout)
        self.head = CosineHead(outer)
        self.seal(*(("vit", "cnn") if design.looks else ("vit",)))

    def train(self, mode: bool = True) -> LoDa:
        """Of the trunks the CNN's batch normalisations alone move, and they only with ``bn="adapt"``."""
        super().train(mode)
        self.vit.eval()
        if self.cnn is not None:
            self.cnn.train(mode and self.design.bn == "adapt")
        return self

    def forward(self, images: Tensor) -> Tensor:
        """`(N,)` in -1..1 of crops `(N, 3, side, side)`, uint8 or floats in 0..1.

        Raises
        ------
        SizeError
            Crops of another size: the positions of the transformer are those of this one.
        """
        return self.head(self.dropout(self.feature(images)))

    def feature(self, images: Tensor) -> Tensor:
        """The class token behind the last normalisation, `(N, C)`."""
        planes = images if images.is_floating_point() else images.float() / 255.0
        self._check(planes)
        return self.read(planes, self.tokens(planes))

    def read(self, planes: Tensor, tokens: Tensor, patches: Tensor | None = None) -> Tensor:
        """The class token of crops in 0..1, given the CNN's tokens.

        Parameters
        ----------
        planes : (N, 3, side, side)
        tokens : (N, S, width)
            As `tokens` gives them, or some of them.
        patches : (P,), optional
            Numbers of the patches that there are, row by row; the others are left out, which for the class token is
            what hiding them from every question is.
        """
        if self.cnn is None:
            # All of them are zero: one says what all of them do.
            tokens = tokens[:, :1]
        values = normalised(self.vit, planes, self.design)
        for stage in self.vit.stages(values):
            if stage.tap.startswith(_BLOCK) and len(self.injectors):
                values = self.injectors[int(stage.tap.removeprefix(_BLOCK))](values, tokens)
            values = stage.run(values)
            if stage.tap == _PLACED and patches is not None:
                values = torch.cat([values[:, :1], values[:, 1 + patches]], dim=1)
        return values[:, 0]

    def tokens(self, planes: Tensor) -> Tensor:
        """What the transformer looks at, of crops in 0..1: `(N, 4 grid^2, width)`, the coarsest map last.

        Zeros without the CNN; with `add` as many as the transformer has: the sum of the four maps for each patch, and
        zeros for the class token.
        """
        count, width = planes.shape[0], self.design.width
        if self.cnn is None:
            return planes.new_zeros(count, self.design.tokens, width)
        maps = self.cnn(normalised(self.cnn, planes, self.design), self.design.taps)
        found = [extract(one) for extract, one in zip(self.extractors, maps.values(), strict=True)]
        if self.design.variant == "add":
            patches = torch.stack(found).sum(0)
            return torch.cat([patches.new_zeros(count, 1, width), patches], dim=1)
        return torch.cat(found, dim=1)

    def _check(self, planes: Tensor) -> None:
        side = self.design.side
        if planes.ndim != 4 or tuple(planes.shape[1:]) != (3, side, side):
            raise SizeError(
                "these are no crops for the network", expected=f"(N, 3, {side}, {side})", got=str(tuple(planes.shape))
            )

    def trained(self) -> int:
        """Numbers that are learned."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)


def normalised(trunk: Backbone, planes: Tensor, design: Design) -> Tensor:
    """Pixels in 0..1 as a trunk is fed them."""
    if design.normalise == "own":
        return trunk.normalise(planes)
    mean, std = (planes.new_tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    return (planes - mean) / std


def network(options: Mapping[str, Any]) -> LoDa:
    """The network that a recipe's options name: `design`, and `vit` and `cnn`, where the frozen parameters are."""
    return LoDa(Design.of(options["design"]), options.get("vit", "public"), options.get("cnn", "public"))


__all__ = ["LoDa", "network", "normalised"]
