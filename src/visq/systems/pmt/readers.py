"""The half behind the trunk: from a grid of cells, some of them hidden, to a score.

Two of them with the same four methods: `Attention`, a transformer with a quality token, and `Mean`, its control.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from visq.systems.pmt.design import GRADES, LEGACY_ROWS, TABLE, Design

_EPSILON = 1e-6
_HIDDEN = -1e9
_SPREAD = 0.02


def hidden_keys(keep: Tensor, dtype: torch.dtype) -> Tensor:
    """What is added to the logits of attention, `(N, 1, 1, 1 + T)`: 0 for the quality token and for kept tokens.

    A very negative number for hidden ones; in half precision the least there is.

    Parameters
    ----------
    keep : (N, T) bool
    dtype : torch.dtype
        Of the logits.
    """
    least = _HIDDEN if dtype in (torch.float32, torch.float64) else torch.finfo(dtype).min
    bias = torch.zeros(keep.shape, dtype=dtype, device=keep.device).masked_fill(~keep, least)
    return functional.pad(bias, (1, 0))[:, None, None]


def widened(values: Tensor) -> Tensor:
    """In single precision at least: scores of half precision would be steps."""
    return values if values.dtype == torch.float64 else values.float()


class Block(nn.Module):
    """Self-attention of several heads, then two linear layers; each added to what came in and then normalised.

    ``x <- LN(x + Drop(MHA(x))); x <- LN(x + Drop(W2 relu(W1 x)))``
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        width = design.width
        self.heads = design.heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, eps=_EPSILON)
        self.wide = nn.Linear(width, design.forward)
        self.narrow = nn.Linear(design.forward, width)
        self.norm2 = nn.LayerNorm(width, eps=_EPSILON)
        self.dropout = nn.Dropout(design.dropout)
        for layer in (self.qkv, self.out, self.wide, self.narrow):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, tokens: Tensor, keep: Tensor | None = None, *, first: bool = False) -> Tensor:
        """From `(N, 1 + T, d)` to the same, or with `first` to what becomes of the quality token alone, `(N, 1, d)`.

        `keep` `(N, T)` bool: which tokens are looked at. Hidden ones are keys of nobody.
        """
        asking = tokens[:, :1] if first else tokens
        tokens = self.norm1(asking + self.dropout(self.out(self._attended(tokens, asking.shape[1], keep))))
        return self.norm2(tokens + self.dropout(self.narrow(functional.relu(self.wide(tokens)))))

    def _attended(self, tokens: Tensor, asking: int, keep: Tensor | None) -> Tensor:
        count, length, width = tokens.shape
        parts = self.qkv(tokens).reshape(count, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        logits = (parts[0][:, :, :asking] / math.sqrt(width // self.heads)) @ parts[1].transpose(-1, -2)
        if keep is not None:  # by addition, and not by a kernel of its own: all true is then no mask to the last bit
            logits = logits + hidden_keys(keep, logits.dtype)
        return (logits.softmax(-1) @ parts[2]).transpose(1, 2).reshape(count, asking, width)


class Positions(nn.Module):
    """What is added to tokens to tell where they are."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.legacy = design.legacy_positions
        shape = (1, LEGACY_ROWS, design.width) if self.legacy else (1, design.width, TABLE, TABLE)
        self.table = nn.Parameter(torch.randn(shape) * _SPREAD)

    def forward(self, rows: int, columns: int) -> Tensor:
        """`(1, 1 + rows columns, d)`: of the quality token, which has none of its own in the table of two sides, then
        of the cells row by row."""
        if self.legacy:
            return self.table[:, : 1 + rows * columns]
        size = (rows, columns)
        square = functional.interpolate(self.table, size, mode="bilinear", align_corners=False)
        return functional.pad(square.flatten(2).transpose(1, 2), (0, 0, 1, 0))


class Attention(nn.Module):
    """Cells as tokens beside a learned quality token, two blocks, and a distribution over five grades.

    Of the last block only what becomes of the quality token is computed: nothing else of it is read.
    """

    grades: Tensor

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.heads = design.heads
        self.project = nn.Conv2d(design.channels, design.width, 1)
        self.quality = nn.Parameter(torch.randn(1, 1, design.width) * _SPREAD)
        self.positions = Positions(design)
        self.dropout = nn.Dropout(design.dropout)
        self.blocks = nn.ModuleList(Block(design) for _ in range(design.blocks))
        self.hidden = nn.Linear(design.width, design.hidden)
        self.grade = nn.Linear(design.hidden, GRADES)
        self.register_buffer("grades", torch.arange(1.0, GRADES + 1.0), persistent=False)

    def tokens(self, cells: Tensor) -> Tensor:
        """`(N, 1 + T, d)`, positions added, of `(N, C, h, w)`."""
        flat = self.project(cells).flatten(2).transpose(1, 2)
        first = self.quality.expand(len(cells), -1, -1)
        return torch.cat([first, flat], dim=1) + self.positions(*cells.shape[-2:])

    def forward(self, tokens: Tensor, keep: Tensor | None = None) -> dict[str, Tensor]:
        """`score` `(N,)` in 1..5 and `logits` `(N, 5)` of tokens, of which `keep` `(N, T)` are looked at."""
        tokens = self.dropout(tokens)
        last = len(self.blocks) - 1
        for place, block in enumerate(self.blocks):
            tokens = block(tokens, keep, first=place == last)
        logits = widened(self.grade(self.dropout(functional.gelu(self.hidden(tokens[:, 0])))))
        return {"score": (logits.softmax(1) * self.grades).sum(1), "logits": logits}

    def parts(self, tokens: Tensor, keeps: Tensor) -> Tensor:
        """Scores `(K,)` of one picture's tokens `(1, 1 + T, d)` by masks `(K, T)` that all keep as many.

        Hidden tokens are left out, which is the same and cheaper: nobody would read them.
        """
        places = keeps.nonzero()[:, 1].reshape(len(keeps), -1)
        kept = tokens[0, 1:][places]
        return self(torch.cat([tokens[:, :1].expand(len(keeps), -1, -1), kept], dim=1))["score"]

    def room(self, kept: int) -> int:
        """Numbers that a mask needs at a time, of so many kept tokens: its logits, before and after the softmax."""
        return 2 * self.heads * (kept + 1) ** 2


class Mean(nn.Module):
    """The mean over the kept cells and a linear layer, whose one number is the score.

    With exactly half of the cells kept, the scores of the two halves have the mean of the score of all: dropping one
    half moves it as far as dropping the other, whatever the parameters and the halves.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.linear = nn.Linear(design.channels, 1)
        nn.init.constant_(self.linear.bias, (1.0 + GRADES) / 2.0)

    def tokens(self, cells: Tensor) -> Tensor:
        """`(N, T, C)`: the cells, row by row."""
        return cells.flatten(2).transpose(1, 2)

    def forward(self, tokens: Tensor, keep: Tensor | None = None) -> dict[str, Tensor]:
        """`score` `(N,)` of cells, of which `keep` `(N, T)` count."""
        if keep is None:
            return {"score": widened(self.linear(tokens.mean(1))[:, 0])}
        weight = keep.to(tokens.dtype)
        mean = (weight[:, None] @ tokens)[:, 0] / weight.sum(1, keepdim=True)
        return {"score": widened(self.linear(mean)[:, 0])}

    def parts(self, tokens: Tensor, keeps: Tensor) -> Tensor:
        """Scores `(K,)` of one picture's cells `(1, T, C)` by masks `(K, T)`."""
        weight = keeps.to(tokens.dtype)
        return self.linear(weight @ tokens[0] / weight.sum(1, keepdim=True))[:, 0]

    def room(self, kept: int) -> int:
        """As that of `Attention`."""
        return self.linear.in_features + kept


__all__ = ["Attention", "Block", "Mean", "Positions", "hidden_keys", "widened"]
