"""Deep distance correlation as a module. Imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from visq.ops.numeric import safe_divide, safe_sqrt
from visq.ops.precision import wide
from visq.systems.references import Features, features_of


class DeepDC(nn.Module):
    """Distance correlation of the channels of two pictures; see `visq.systems.deepdc`.

    Parameters
    ----------
    backbone : visq.backbones.Backbone
        The network. It is given the pixels as they are, in 0..1.
    taps : sequence of str
        Its layers that are compared.
    """

    # Under the root of the distances, and added to both sides of the correlation.
    FLOOR, EPSILON = 1e-5, 1e-6
    # Below it a layer sees no structure: its correlation is that of rounding errors.
    LEAST = 1e-10

    def __init__(self, backbone: Any, taps: Sequence[str]) -> None:
        super().__init__()
        self.backbone = backbone
        self.taps = tuple(taps)

    def features(self, picture: torch.Tensor) -> Features:
        """Of pictures `(N, 3, H, W)`: the centred distances `(N, C, C)` between the channels of each layer."""
        found = self.backbone(picture, self.taps)
        return tuple(centred_distances(found[tap].flatten(2), self.FLOOR) for tap in self.taps)

    def departures(self, first: Features, second: Features) -> torch.Tensor:
        """One less the correlation of each layer, `(N, layers)`; exactly 0 where both are the same, never below.

        ``1 - (c + e) / (g + e)`` for the covariance `c` and the product of the norms `g` is ``(g - c) / (g + e)``, and
        ``g - c`` is g times half the squared distance of the matrices when both have norm 1: nothing is lost to
        rounding.
        """
        found = []
        for a, b in zip(first, second, strict=True):
            norm_a, norm_b = (safe_sqrt((v * v).sum((1, 2), keepdim=True)) for v in (a, b))
            apart = safe_divide(a, norm_a, 0.0) - safe_divide(b, norm_b, 0.0)
            product = norm_a * norm_b
            found.append(0.5 * product * (apart * apart).sum((1, 2), keepdim=True) / (product + self.EPSILON))
        return torch.cat(found, dim=1)[:, :, 0]

    def distance(self, first: Features, second: Features) -> torch.Tensor:
        """`(N,)` scores, float64."""
        return self.departures(first, second).mean(1)

    def forward(self, image: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """`(N,)` scores of pictures `(N, 3, H, W)`, pair by pair."""
        pairs = zip(image.split(1), reference.split(1), strict=True)
        return torch.cat([self.distance(self.features(x), self.features(y)) for x, y in pairs]).to(image.dtype)

    def compare(self, image: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """As `forward`, with the features of references that were seen before."""
        known = features_of((self.backbone, self.taps), reference, self.features)
        found = [self.distance(self.features(x), y) for x, y in zip(image.split(1), known, strict=True)]
        return torch.cat(found).to(image.dtype)

    def degenerate(self, features: Features) -> bool:
        """Whether a layer has next to no distances, so that its correlation says nothing."""
        return any(bool((a * a).sum() < self.LEAST) for a in features)


class DeepDCGraph(DeepDC):
    """The same for export: batches in one piece."""

    def forward(self, image: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
        """`(N,)` scores of pictures `(N, 3, H, W)`."""
        return self.distance(self.features(image), self.features(reference)).to(image.dtype)


def centred_distances(x: torch.Tensor, floor: float = DeepDC.FLOOR) -> torch.Tensor:
    """Distances between the rows of `x` `(..., D, M)`, less the means of row and column, plus the mean of all; float64.

    ``b_ij = sqrt(|x_i - x_j|^2 / D^2 + floor)``, on the diagonal too.

    Examples
    --------
    >>> centred_distances(torch.tensor([[0.0], [3.0], [3.0]]), floor=0.0)[0].tolist()  # of b = 0, 1, 1
    [-0.888..., 0.444..., 0.444...]
    """
    # What all rows share at a place is in no distance: without it the squares are smaller. Even so, the distances are
    # differences of products, and near an identical pair single precision leaves the score three digits.
    x = wide(x - x.mean(-2, keepdim=True))
    squares = (x * x).sum(-1)
    apart = squares[..., :, None] + squares[..., None, :] - 2.0 * (x @ x.transpose(-1, -2))
    b = safe_sqrt(apart.clamp_min(0.0) / x.shape[-2] ** 2 + floor)
    # The matrix is symmetric: its rows have the means of its columns.
    means = b.mean(-1)
    return b - means[..., :, None] - means[..., None, :] + means.mean(-1)[..., None, None]


__all__ = ["DeepDC", "DeepDCGraph", "centred_distances"]
