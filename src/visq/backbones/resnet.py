"""Residual networks with torchvision's names of parameters."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn import functional

from visq.backbones.backbone import Backbone, Stage
from visq.backbones.parts import make_blur, make_pool
from visq.backbones.spec import BackboneSpec

_EXPANSION = 4


class Block(nn.Module):
    """Two 3x3 convolutions, or (bottleneck) 1x1, 3x3 and 1x1, added to what came in.

    With `pooling="blur"` a 3x3 convolution loses its stride and a blur follows its ReLU; the way around has one too.
    """

    def __init__(self, before: int, width: int, stride: int, *, bottleneck: bool, pooling: str, blur_size: int) -> None:
        super().__init__()
        after = width * _EXPANSION if bottleneck else width
        strided = 1 if pooling == "blur" else stride
        self.bottleneck = bottleneck
        self.blur = make_blur(stride, pooling, blur_size)
        kernel, first = (1, 1) if bottleneck else (3, strided)
        self.conv1 = nn.Conv2d(before, width, kernel, first, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, strided if bottleneck else 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        if bottleneck:
            self.conv3 = nn.Conv2d(width, after, 1, bias=False)
            self.bn3 = nn.BatchNorm2d(after)
        self.downsample = (
            nn.Sequential(nn.Conv2d(before, after, 1, strided, bias=False), nn.BatchNorm2d(after))
            if stride > 1 or before != after
            else None
        )

    def forward(self, values: Tensor) -> Tensor:
        """From `(N, before, H, W)` to what leaves the ReLU behind the addition."""
        out = functional.relu_(self.bn1(self.conv1(values)))
        if self.bottleneck:
            out = functional.relu_(self.bn2(self.conv2(out)))
            out = self.bn3(self.conv3(self.blur(out)))
        else:
            out = self.bn2(self.conv2(self.blur(out)))
        around = values if self.downsample is None else self.downsample(self.blur(values))
        return functional.relu_(out + around)


class ResNet(Backbone):
    """Stem and four stages of blocks.

    Parameters
    ----------
    depths : four ints
        Blocks of each stage.
    bottleneck : bool
        Which kind they are.
    width : int
        Channels of the stem; stage n has ``2^(n - 1)`` times as many. 64 as published.
    """

    def __init__(
        self,
        spec: BackboneSpec,
        *,
        depths: tuple[int, ...],
        bottleneck: bool,
        width: int = 64,
        pooling: str = "max",
        blur_size: int = 4,
    ) -> None:
        super().__init__(spec, pooling=pooling, blur_size=blur_size)
        self.conv1 = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        pool = next(layer.steps[0] for layer in spec.layers if layer.steps and layer.steps[0].kind == "pool")
        self.maxpool = make_pool(pool, pooling, blur_size)
        before = width
        for stage, depth in enumerate(depths):
            inner, blocks = width * 2**stage, []
            for block in range(depth):
                stride = 2 if stage and not block else 1
                blocks.append(Block(before, inner, stride, bottleneck=bottleneck, pooling=pooling, blur_size=blur_size))
                before = inner * _EXPANSION if bottleneck else inner
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.depth = len(depths)

    def stages(self, images: Tensor) -> Iterator[Stage]:  # noqa: ARG002
        yield Stage("conv1", self.conv1)
        yield Stage("relu1", lambda values: functional.relu_(self.bn1(values)))
        yield Stage("pool1", self.maxpool)
        for stage in range(1, self.depth + 1):
            blocks = self.get_submodule(f"layer{stage}")
            for number, block in blocks.named_children():
                yield Stage(f"layer{stage}.{number}.relu", block)
