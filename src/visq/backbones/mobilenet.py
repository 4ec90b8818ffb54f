"""MobileNet as Keras 2.1 has it, and MobileNetV2 with torchvision's names of parameters."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from visq.backbones.backbone import Backbone, Stage
from visq.backbones.parts import make_blur, relu6_
from visq.backbones.spec import BackboneSpec

_STEM = 32
_KERAS_EPSILON = 1e-3


class Separable(nn.Sequential):
    """Depthwise 3x3 and 1x1 convolution, each normalised and cut off at 0 and 6; in files they are 0 to 3."""

    def __init__(self, before: int, after: int, stride: int, pooling: str, blur_size: int) -> None:
        strided = 1 if pooling == "blur" else stride
        super().__init__(
            nn.Conv2d(before, before, 3, strided, 1, groups=before, bias=False),
            nn.BatchNorm2d(before, eps=_KERAS_EPSILON),
            nn.Conv2d(before, after, 1, bias=False),
            nn.BatchNorm2d(after, eps=_KERAS_EPSILON),
        )
        self.blur = make_blur(stride, pooling, blur_size)

    def forward(self, values: Tensor) -> Tensor:
        """From `(N, before, H, W)` to what leaves the second ReLU6."""
        depthwise = self.blur(relu6_(self[1](self[0](values))))
        return relu6_(self[3](self[2](depthwise)))


class MobileNetV1(Backbone):
    """A convolution and thirteen separable ones. `blocks`: channels and stride of each."""

    def __init__(
        self, spec: BackboneSpec, *, blocks: tuple[tuple[int, int], ...], pooling: str = "max", blur_size: int = 4
    ) -> None:
        super().__init__(spec, pooling=pooling, blur_size=blur_size)
        self.stem = nn.Sequential(nn.Conv2d(3, _STEM, 3, 2, 1, bias=False), nn.BatchNorm2d(_STEM, eps=_KERAS_EPSILON))
        before, parts = _STEM, []
        for after, stride in blocks:
            parts.append(Separable(before, after, stride, pooling, blur_size))
            before = after
        self.blocks = nn.Sequential(*parts)

    def stages(self, images: Tensor) -> Iterator[Stage]:  # noqa: ARG002
        yield Stage("stem.conv", self.stem[0])
        yield Stage("stem.relu6", lambda values: relu6_(self.stem[1](values)))
        for number, block in enumerate(self.blocks):
            yield Stage(f"blocks.{number}.relu6", block)


class ConvNorm(nn.Sequential):
    """A convolution and its normalisation, 0 and 1 in files."""

    def __init__(self, before: int, after: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(before, after, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(after)
        )


class Inverted(nn.Module):
    """Inverted residual: 1x1 to many channels, depthwise 3x3, 1x1 to few, added to what came in where that fits."""

    def __init__(self, before: int, after: int, expansion: int, stride: int, pooling: str, blur_size: int) -> None:
        super().__init__()
        wide = before * expansion
        strided = 1 if pooling == "blur" else stride
        parts: list[nn.Module] = [ConvNorm(before, wide)] if expansion > 1 else []
        parts.append(ConvNorm(wide, wide, 3, strided, wide))
        self.conv = nn.Sequential(*parts, nn.Conv2d(wide, after, 1, bias=False), nn.BatchNorm2d(after))
        self.blur = make_blur(stride, pooling, blur_size)
        self.added = stride == 1 and before == after

    def forward(self, values: Tensor) -> Tensor:
        """From `(N, before, H, W)` to `(N, after, H / stride, W / stride)`, rounded up."""
        out = values
        *parts, project, norm = self.conv
        for part in parts:
            out = relu6_(part(out))
        out = norm(project(self.blur(out)))
        return out + values if self.added else out


class MobileNetV2(Backbone):
    """Stem, inverted residuals, a last 1x1 convolution. `rows`: expansion, channels, blocks and stride of a stage."""

    def __init__(
        self,
        spec: BackboneSpec,
        *,
        rows: tuple[tuple[int, int, int, int], ...],
        pooling: str = "max",
        blur_size: int = 4,
    ) -> None:
        super().__init__(spec, pooling=pooling, blur_size=blur_size)
        before = _STEM
        parts: list[nn.Module] = [ConvNorm(3, _STEM, 3, 2)]
        for expansion, after, count, stride in rows:
            for block in range(count):
                parts.append(Inverted(before, after, expansion, stride if not block else 1, pooling, blur_size))
                before = after
        parts.append(ConvNorm(before, spec.channels[-1]))
        self.features = nn.Sequential(*parts)

    def stages(self, images: Tensor) -> Iterator[Stage]:  # noqa: ARG002
        stem, *blocks, head = self.features
        conv, norm = stem.children()
        last_conv, last_norm = head.children()
        yield Stage("stem.conv", conv)
        yield Stage("stem.relu6", lambda values: relu6_(norm(values)))
        for number, block in enumerate(blocks, 1):
            yield Stage(f"block{number}", block)
        yield Stage("head.conv", last_conv)
        yield Stage("head.relu6", lambda values: relu6_(last_norm(values)))
