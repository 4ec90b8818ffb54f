"""Vision transformers with timm's names of parameters."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from visq.backbones.backbone import Backbone, Stage
from visq.backbones.spec import BackboneSpec

_EPSILON = 1e-6


def attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """``softmax(q k' / sqrt(d)) v`` of `(N, heads, T, d)`, `(N, heads, S, d)` twice; to `(N, heads, T, d)`.

    torch's own, but where it is learned through on a processor in bfloat16: there its way back takes twice the time of
    the three products written out (torch 2.13, T = S = 197).
    """
    slow = query.device.type == "cpu" and query.dtype == torch.bfloat16 and torch.is_grad_enabled()
    if not (slow and (query.requires_grad or key.requires_grad or value.requires_grad)):
        return functional.scaled_dot_product_attention(query, key, value)
    weights = torch.softmax((query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1), dim=-1)
    return weights.to(value.dtype) @ value


class Attention(nn.Module):
    """Self-attention of several heads."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """From `(N, T, C)` to the same."""
        count, length, width = tokens.shape
        parts = self.qkv(tokens).reshape(count, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = attention(parts[0], parts[1], parts[2])
        return self.proj(mixed.transpose(1, 2).reshape(count, length, width))


class Mlp(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """From `(N, T, C)` to the same."""
        return self.fc2(functional.gelu(self.fc1(tokens)))


class Block(nn.Module):
    """Attention, then the two linear layers, each behind a normalisation and added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=_EPSILON)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=_EPSILON)
        self.mlp = Mlp(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """From `(N, T, C)` to the same."""
        tokens = tokens + self.attn(self.norm1(tokens))
        return tokens + self.mlp(self.norm2(tokens))


class PatchEmbed(nn.Module):
    """Each square of pixels as one token."""

    def __init__(self, patch: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, patch)

    def forward(self, images: Tensor) -> Tensor:
        """From `(N, 3, H, W)` to `(N, H W / patch^2, C)`."""
        return self.proj(images).flatten(2).transpose(1, 2)


class VisionTransformer(Backbone):
    """Patches, positions, blocks, a last normalisation.

    Parameters
    ----------
    width, heads, depth : int
        Numbers of a token; heads of a block; blocks.
    patch, side : int
        Sides of a patch, and of the images whose positions the parameters hold.
    class_token : {"drop", "keep"}
        Whether taps are the patches as a map `(N, C, h, w)`, or all tokens `(N, T, C)`: class, registers, patches.
    registers : int
        Tokens that belong to no patch (Darcet et al., ICLR 2024). With them, positions belong to patches alone.
    """

    def __init__(
        self,
        spec: BackboneSpec,
        *,
        width: int,
        heads: int,
        depth: int,
        patch: int,
        side: int,
        pooling: str = "max",
        class_token: str = "drop",
        registers: int = 0,
    ) -> None:
        super().__init__(spec, pooling=pooling)
        self.class_token = class_token
        self.prefix = 1 + registers
        self.grid = side // patch
        self.patch_embed = PatchEmbed(patch, width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        if registers:
            self.reg_token = nn.Parameter(torch.zeros(1, registers, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, self.grid**2 + (not registers), width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=_EPSILON)

    def stages(self, images: Tensor) -> Iterator[Stage]:
        patch = self.spec.multiple
        height, width = images.shape[2] // patch, images.shape[3] // patch

        def patches(tokens: Tensor) -> Tensor:
            return tokens.transpose(1, 2).unflatten(2, (height, width))

        drop = self.class_token == "drop"
        yield Stage("patch_embed", self.patch_embed, show=patches if drop else None)
        show = (lambda tokens: patches(tokens[:, self.prefix :])) if drop else None
        yield Stage("pos_embed", lambda tokens: self._placed(tokens, height, width), show=show)
        for number, block in enumerate(self.blocks):
            yield Stage(f"blocks.{number}", block, show=show)
        yield Stage("norm", self.norm, show=show)

    def _placed(self, tokens: Tensor, height: int, width: int) -> Tensor:
        """Tokens with their positions, behind the class token and the registers."""
        first = self.cls_token.expand(tokens.shape[0], -1, -1)
        positions = resample(self.pos_embed, self.grid, height, width)
        if self.prefix == 1:
            return torch.cat([first, tokens], 1) + positions
        others = self.reg_token.expand(tokens.shape[0], -1, -1)
        return torch.cat([first, others, tokens + positions], 1)


def resample(positions: Tensor, grid: int, height: int, width: int) -> Tensor:
    """Positions of a square grid for another one: bicubic, anti-aliased; what belongs to no patch stays.

    Parameters
    ----------
    positions : (1, P + grid * grid, C)
        Those of the P tokens that are no patches come first.
    grid, height, width : int
        Patches along a side, before and after.
    """
    if (height, width) == (grid, grid):
        return positions
    others = positions.shape[1] - grid * grid
    first, rest = positions[:, :others], positions[:, others:]
    square = rest.transpose(1, 2).unflatten(2, (grid, grid))
    if square.dtype not in (torch.float32, torch.float64):
        square = square.float()
    resized = functional.interpolate(square, (height, width), mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([first, resized.to(positions.dtype).flatten(2).transpose(1, 2)], 1)
