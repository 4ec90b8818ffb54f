"""DeepWSD and its siblings as a module. Imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from visq.systems.deepwsd.grouping import Grouping, fit, group
from visq.systems.deepwsd.transport import stage, stage_graph
from visq.systems.deepwsd.variants import Variant, score
from visq.systems.references import Features, features_of


class DeepWSD(nn.Module):
    """Distances of the stages of a network between two pictures; see `visq.systems.deepwsd.metric`.

    Parameters
    ----------
    backbone : visq.backbones.Backbone
        A network with L2 pooling. It is given the pixels as they are, in 0..1.
    variant : Variant
        Which stages, which measure, and how they are put together.
    grouping : {"released", "window"}
        How stages are cut into vectors.
    window : int
        Side of the windows.
    factor : int
        By how much the pictures were pooled: from 2 on the logarithm of 2022 is squared.
    logarithm : bool
        The score; False gives the mean distance of the stages itself.
    """

    def __init__(
        self,
        backbone: Any,
        variant: Variant,
        *,
        grouping: Grouping = "released",
        window: int | None = None,
        factor: int = 1,
        logarithm: bool = True,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.variant = variant
        self.grouping: Grouping = grouping
        self.window = variant.window or 4 if window is None else window
        self.factor = factor
        self.logarithm = logarithm

    def features(self, picture: torch.Tensor) -> Features:
        """The stages of one picture `(1, 3, H, W)`: itself, then the network's."""
        found = self.backbone(picture, self.variant.taps)
        return (picture, *(found[tap] for tap in self.variant.taps))

    def parts(self, first: Features, second: Features) -> tuple[torch.Tensor, torch.Tensor]:
        """What each stage adds, `(6,)` float64: distances of distributions, and weighted squared errors."""
        moved, weighted = zip(
            *(self._stage(x[0], y[0], stage) for x, y in zip(first, second, strict=True)), strict=True
        )
        return torch.stack(moved), torch.stack(weighted)

    def distance(self, first: Features, second: Features) -> torch.Tensor:
        """The score `(1,)` of one pair from the stages of both, float64."""
        moved, weighted = self.parts(first, second)
        return self._score((moved + weighted).mean())[None]

    def forward(self, image: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """`(N,)` scores of prepared pictures `(N, 3, H, W)`, pair by pair."""
        pairs = zip(image.split(1), reference.split(1), strict=True)
        return torch.cat([self.distance(self.features(x), self.features(y)) for x, y in pairs]).to(image.dtype)

    def compare(self, image: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """As `forward`, with the stages of references that were seen before."""
        known = features_of((self.backbone, self.variant.taps), reference, self.features)
        found = [self.distance(self.features(x), y) for x, y in zip(image.split(1), known, strict=True)]
        return torch.cat(found).to(image.dtype)

    def _stage(self, x: torch.Tensor, y: torch.Tensor, work: Any) -> tuple[torch.Tensor, torch.Tensor]:
        a, b = (group(fit(f, self.window), self.window, self.grouping) for f in (x, y))
        moved, weighted = work(a, b, self.variant.measure)
        share = 1.0 / a.shape[-1] if self.variant.mean else 1.0
        return moved * share, weighted * share

    def _score(self, distance: torch.Tensor) -> torch.Tensor:
        return score(distance, self.variant, self.factor) if self.logarithm else distance


class DeepWSDGraph(DeepWSD):
    """The same for export: batches in one piece, in operations that graphs have. Takes prepared pictures.

    Gives the score of pictures that were not pooled, and the distance itself, of which `variants.score` makes others.
    """

    def forward(self, image: torch.Tensor, reference: torch.Tensor) -> Any:
        """Scores and distances, `(N,)` each, of prepared pictures `(N, 3, H, W)`."""
        pairs = zip(self.features(image), self.features(reference), strict=True)
        total = torch.stack([torch.stack(self._stage(x, y, stage_graph)).sum(0) for x, y in pairs]).mean(0)
        return self._score(total).to(image.dtype), total.to(image.dtype)


__all__ = ["DeepWSD", "DeepWSDGraph"]
