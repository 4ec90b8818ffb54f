"""Distances between the features of two images as modules: LPIPS, DISTS, content and style. Imports torch.

Each takes pixels `(N, 3, H, W)` in 0..1 and gives `(N,)`. `features` is what is needed of one side alone, so that it
can be kept for a reference; `distance` compares two of them; `forward` does both, for gradients and for graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import nn

from visq.systems.references import Features, features_of

_Result = TypeVar("_Result")

# Added to the length of a feature vector before it is divided by it.
_EPSILON = 1e-10


class FeatureDistance(nn.Module):
    """A distance between what a network makes of two images.

    Parameters
    ----------
    backbone : visq.backbones.Backbone
        The network.
    taps : sequence of str
        Which of its layers are compared.
    """

    def __init__(self, backbone: Any, taps: Sequence[str]) -> None:
        super().__init__()
        self.backbone = backbone
        self.taps = tuple(taps)

    def features(self, images: torch.Tensor) -> Features:
        """What is needed of one side, layer by layer: tensors whose first axis is the batch."""
        pixels = self.backbone.normalise(images).contiguous(memory_format=_layout(images.device))
        found = self.backbone(pixels, self.taps)
        return tuple(found[tap] for tap in self.taps)

    def distance(self, first: Features, second: Features) -> torch.Tensor:
        """`(N,)` of the features of both sides; exactly 0 where they are the same."""
        raise NotImplementedError

    def forward(self, images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
        """`(N,)` distances."""
        return self.distance(self.features(images), self.features(references))

    def compare(self, images: torch.Tensor, references: torch.Tensor) -> torch.Tensor:
        """As `forward`, one image after the other, with the features of references that were seen before.

        Sums in a convolution are cut otherwise for another size of batch: one by one, a score does not depend on its
        neighbours, and the features of a picture are the same bits on either side.
        """
        return torch.cat(self.each(images, references, self.distance))

    def each(
        self, images: torch.Tensor, references: torch.Tensor, work: Callable[[Features, Features], _Result]
    ) -> list[_Result]:
        """`work` of the features of each image and its reference."""
        known = features_of(self, references, self.features)
        return [work(self.features(x), y) for x, y in zip(images.split(1), known, strict=True)]


class Lpips(FeatureDistance):
    """LPIPS: squared distance of unit-length features, weighted by channel; see `visq.systems.lpips`.

    Parameters
    ----------
    backbone, taps
        As `FeatureDistance`.
    heads : sequence of torch.Tensor
        `(1, C, 1, 1)` weights of each tap, not negative.
    """

    def __init__(self, backbone: Any, taps: Sequence[str], heads: Sequence[torch.Tensor]) -> None:
        super().__init__(backbone, taps)
        for i, head in enumerate(heads):
            self.register_buffer(f"head{i}", head)

    def features(self, images: torch.Tensor) -> Features:
        """The taps, each vector of channels divided by its length."""
        return tuple(_unit(f) for f in super().features(images))

    def maps(self, first: Features, second: Features) -> list[torch.Tensor]:
        """`(N, 1, h, w)` weighted squared differences of each tap."""
        pairs = enumerate(zip(first, second, strict=True))
        return [nn.functional.conv2d(_squared(a - b), self.get_buffer(f"head{i}")) for i, (a, b) in pairs]

    def distance(self, first: Features, second: Features) -> torch.Tensor:
        """Sum over the taps of the mean of their maps."""
        return self.pooled(self.maps(first, second))

    @staticmethod
    def pooled(maps: Sequence[torch.Tensor]) -> torch.Tensor:
        """`(N,)` of the maps of all taps."""
        return torch.stack([m.mean(dim=(1, 2, 3)) for m in maps]).sum(dim=0)

    def with_map(self, first: Features, second: Features, size: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """`distance`, and the `(N, H, W)` sum of the maps, each brought to the size of the pictures bilinearly."""
        maps = self.maps(first, second)
        large = [nn.functional.interpolate(m, size, mode="bilinear", align_corners=False)[:, 0] for m in maps]
        return self.pooled(maps), torch.stack(large).sum(dim=0)

    def compare_with_map(self, images: torch.Tensor, references: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """As `compare`, `(N,)` distances and `(N, H, W)` maps."""
        found = self.each(images, references, lambda a, b: self.with_map(a, b, images.shape[2:]))
        values, maps = zip(*found, strict=True)
        return torch.cat(values), torch.cat(maps)


class LpipsWithMap(nn.Module):
    """LPIPS with its map as second result, for graphs."""

    def __init__(self, judge: Lpips) -> None:
        super().__init__()
        self.judge = judge

    def forward(self, images: torch.Tensor, references: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """`(N,)` distances and `(N, H, W)` maps."""
        return self.judge.with_map(self.judge.features(images), self.judge.features(references), images.shape[2:])


class Dists(FeatureDistance):
    """DISTS: similarity of the means and of the structure of feature maps; see `visq.systems.dists`.

    Parameters
    ----------
    backbone, taps
        As `FeatureDistance`. The picture itself is compared too, before the taps.
    alpha, beta : torch.Tensor
        Weights of texture and structure of every channel, the picture's first. They are divided by the sum of all.
    """

    C1 = C2 = 1e-6

    def __init__(self, backbone: Any, taps: Sequence[str], alpha: torch.Tensor, beta: torch.Tensor) -> None:
        super().__init__(backbone, taps)
        total = alpha.sum() + beta.sum()
        self.register_buffer("alpha", alpha.reshape(-1) / total)
        self.register_buffer("beta", beta.reshape(-1) / total)

    def features(self, images: torch.Tensor) -> Features:
        """Of all maps together `(N, C)` means and `(N, C)` variances, then the maps less their means."""
        means, variances, centred = [], [], []
        for f in (images, *super().features(images)):
            mean = f.mean(dim=(2, 3), keepdim=True)
            rest = f - mean
            means.append(mean.flatten(1))
            variances.append(rest.square().mean(dim=(2, 3)))
            centred.append(rest)
        return (torch.cat(means, dim=1), torch.cat(variances, dim=1), *centred)

    def distance(self, first: Features, second: Features) -> torch.Tensor:
        """One less the weighted similarities, taken as weighted dissimilarities: nothing is lost to rounding."""
        (m1, v1, *f1), (m2, v2, *f2) = first, second
        texture = (m1 - m2).square() / (m1.square() + m2.square() + self.C1)
        apart = torch.cat([_squared(a - b).mean(dim=(2, 3)) for a, b in zip(f1, f2, strict=True)], dim=1)
        structure = apart / (v1 + v2 + self.C2)
        return texture @ self.get_buffer("alpha") + structure @ self.get_buffer("beta")


class Content(FeatureDistance):
    """Content distance: difference of feature maps; see `visq.systems.content_style`.

    Parameters
    ----------
    backbone, taps
        As `FeatureDistance`.
    norm : {"mse", "mae"}
        Squares or sizes of the differences.
    unit : bool
        Divide each vector of channels by its length first.
    """

    def __init__(self, backbone: Any, taps: Sequence[str], norm: str = "mse", unit: bool = False) -> None:
        super().__init__(backbone, taps)
        self.norm = norm
        self.unit = unit

    def features(self, images: torch.Tensor) -> Features:
        """The taps, brought to unit length where that is asked for."""
        found = super().features(images)
        return tuple(_unit(f) for f in found) if self.unit else found

    def distance(self, first: Features, second: Features) -> torch.Tensor:
        """Mean over the places, summed over the channels and the taps."""
        found = [self._apart(a - b).mean(dim=(2, 3)).sum(dim=1) for a, b in zip(first, second, strict=True)]
        return torch.stack(found).sum(dim=0)

    def _apart(self, difference: torch.Tensor) -> torch.Tensor:
        return _squared(difference) if self.norm == "mse" else difference.abs()


class Style(Content):
    """Style distance: difference of the Gram matrices of feature maps; see `visq.systems.content_style`."""

    def features(self, images: torch.Tensor) -> Features:
        """`(N, 1, C, C)` products of the channels, summed over the places and divided by nothing."""
        flat = (f.permute(0, 2, 3, 1).flatten(1, 2) for f in super().features(images))
        return tuple((f.transpose(1, 2) @ f).unsqueeze(1) for f in flat)


def _layout(device: torch.device) -> torch.memory_format:
    return torch.channels_last if device.type == "cpu" else torch.contiguous_format


def _unit(x: torch.Tensor) -> torch.Tensor:
    """Each vector of channels divided by its length, in place where no gradient remembers what was there."""
    # Where a vector is 0, torch's norm has gradient 0, which the root of a sum of squares has not.
    length = torch.linalg.vector_norm(x, dim=1, keepdim=True) + _EPSILON
    return x / length if _recorded(x) else x.div_(length)


def _squared(x: torch.Tensor) -> torch.Tensor:
    """Squares of a difference that nobody else needs."""
    return x.square() if _recorded(x) else x.square_()


def _recorded(x: torch.Tensor) -> bool:
    return torch.is_grad_enabled() and x.requires_grad
