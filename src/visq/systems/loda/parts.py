"""What LoDa learns: tokens of the CNN's maps, their way into the transformer's tokens, and the head."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from visq.backbones.vit import attention

#: Of the vectors that scale what is injected.
SPREAD = 0.02


class Mlp(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, before: int, hidden: int, after: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(before, hidden)
        self.fc2 = nn.Linear(hidden, after)

    def forward(self, tokens: Tensor) -> Tensor:
        """From `(N, T, before)` to `(N, T, after)`."""
        return self.fc2(functional.gelu(self.fc1(tokens)))


class Extractor(nn.Module):
    """Local distortion extractor of one map: 1x1 convolution, GELU, 3x3 convolution without bias, mean over a grid."""

    def __init__(self, channels: int, width: int, grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.narrow = nn.Conv2d(channels, width, 1)
        self.local = nn.Conv2d(width, width, 3, padding=1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """From `(N, C, h, w)` to tokens `(N, grid^2, width)`, row by row."""
        found = functional.gelu(self.narrow(maps))
        return local_means(found, self.local.weight, self.grid).flatten(1, 2)


def local_means(maps: Tensor, weight: Tensor, grid: int) -> Tensor:
    """Means over a grid of a 3x3 convolution with zeros around it: `(N, C, h, w)` to `(N, grid, grid, C')`.

    The mean of a convolution is its weights times the means of its input's nine shifts, so nothing is multiplied at
    the full size: of 56 x 56 pixels in 7 x 7 parts a sixty-fourth is left.

    >>> local_means(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 3, 3), 2)[..., 0].tolist()
    [[[6.25, 6.25], [6.25, 6.25]]]
    """
    high, wide = (_shifted_means(n, grid, maps) for n in (maps.shape[2], maps.shape[3]))
    # In memory the channels are last.
    pixels = maps.permute(0, 2, 3, 1)
    rows = (high @ pixels.flatten(2)).unflatten(2, pixels.shape[2:])
    means = (wide @ rows).unflatten(2, (3, grid)).unflatten(1, (3, grid))
    taps = means.permute(0, 2, 4, 1, 3, 5).flatten(3)
    return functional.linear(taps, weight.permute(0, 2, 3, 1).flatten(1))


def _shifted_means(count: int, grid: int, like: Tensor) -> Tensor:
    """`(3 grid, count)`: means over each part of a line of pixels that begins one earlier, as it is, one later."""
    line = functional.pad(torch.eye(count, dtype=like.dtype, device=like.device), (1, 1))
    shifts = [functional.adaptive_avg_pool1d(line[:, first : first + count], grid) for first in range(3)]
    return torch.cat(shifts, dim=1).T


class CrossAttention(nn.Module):
    """Tokens of the transformer ask those of the CNN. Queries, keys and values have no bias, what comes out has one."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(width, 2 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, query: Tensor, tokens: Tensor) -> Tensor:
        """From `(N, T, width)` and `(N, S, width)` to `(N, T, width)`; with S = 0 the bias is all that comes out."""
        if not tokens.shape[1]:
            return self.proj(torch.zeros_like(query))
        q = self._split(self.q(query))
        k, v = (self._split(part) for part in self.kv(tokens).chunk(2, dim=-1))
        mixed = attention(q, k, v)
        return self.proj(mixed.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        """`(N, heads, T, width / heads)`."""
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)


class Injector(nn.Module):
    """What is added to the transformer's tokens before a block.

    ``x + s * up(a + attention(a, Z))`` with ``a = down(x)``, without a normalisation; `add`: ``x + s * up(a + Z)``,
    where Z has a token for each of x.

    Parameters
    ----------
    outer, width : int
        Numbers of a token of the transformer, and in between.
    heads : int
        0 stands for `add`.
    """

    def __init__(self, outer: int, width: int, heads: int) -> None:
        super().__init__()
        self.down = Mlp(outer, width, width)
        self.attention = CrossAttention(width, heads) if heads else None
        self.up = Mlp(width, outer, outer)
        self.scale = nn.Parameter(torch.empty(outer))
        nn.init.trunc_normal_(self.scale, std=SPREAD)

    def forward(self, x: Tensor, tokens: Tensor) -> Tensor:
        """From `(N, T, outer)` and the CNN's tokens to `(N, T, outer)`."""
        low = self.down(x)
        low = low + (tokens if self.attention is None else self.attention(low, tokens))
        return x + self.scale * self.up(low)


class CosineHead(nn.Module):
    """The cosine of the angle between a vector and the learned one: ``<c, w> / (|c| |w|)``, in -1..1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        start = torch.empty(width).uniform_(-1.0, 1.0)
        self.weight = nn.Parameter((start / start.norm())[None])

    def forward(self, vectors: Tensor) -> Tensor:
        """From `(N, width)` to `(N,)`."""
        return functional.cosine_similarity(vectors, self.weight, dim=1)


__all__ = ["SPREAD", "CosineHead", "CrossAttention", "Extractor", "Injector", "Mlp", "local_means"]
