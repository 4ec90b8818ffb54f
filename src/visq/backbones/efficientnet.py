"""EfficientNet-Lite0 with timm's names of parameters, and what those of the PyPI package are in them."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn
from torch.nn import functional

from visq.backbones.backbone import Backbone, Stage
from visq.backbones.parts import make_blur, normalised, relu6_
from visq.backbones.spec import BackboneSpec
from visq.backbones.table.mobile import EFFICIENTNET_LITE0

_STEM = 32
# TensorFlow's.
_EPSILON = 1e-3

# From the names in the package's file to timm's: outside the blocks, in the first block, in the others.
_OUTSIDE = {"_conv_stem": "conv_stem", "_bn0": "bn1", "_conv_head": "conv_head", "_bn1": "bn2", "_fc": "classifier"}
_FIRST = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_OTHERS = {
    "_expand_conv": "conv_pw", "_bn0": "bn1", "_depthwise_conv": "conv_dw", "_bn1": "bn2", "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}  # fmt: skip
_PLACES = [(stage, block) for stage, row in enumerate(EFFICIENTNET_LITE0) for block in range(row[2])]


def timm_name(name: str) -> str:
    """timm's name of a parameter of the PyPI package's file; what is none of these stays.

    >>> timm_name("_blocks.1._expand_conv.weight"), timm_name("_bn1.bias"), timm_name("blocks.0.0.bn1.weight")
    ('blocks.1.0.conv_pw.weight', 'bn2.bias', 'blocks.0.0.bn1.weight')
    """
    head, *rest = name.split(".")
    if head == "_blocks" and len(rest) == 3 and rest[0].isdecimal() and int(rest[0]) < len(_PLACES):
        place = int(rest[0])
        part = (_OTHERS if place else _FIRST).get(rest[1], rest[1])
        return ".".join(("blocks", *map(str, _PLACES[place]), part, rest[2]))
    return ".".join((_OUTSIDE.get(head, head), *rest))


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow pads: to `ceil(n / stride)`, an odd zero more at the far end."""

    def _conv_forward(self, values: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """From `(N, C, H, W)` to `(N, C', ceil(H / stride), ceil(W / stride))`."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        ends = []
        for n in (values.shape[3], values.shape[2]):
            total = max((-(-n // stride) - 1) * stride + kernel - n, 0)
            ends += [total // 2, total - total // 2]
        return super()._conv_forward(functional.pad(values, ends), weight, bias)


def _conv(before: int, after: int, kernel: int, stride: int, groups: int = 1) -> nn.Conv2d:
    if stride == 1:
        return nn.Conv2d(before, after, kernel, 1, kernel // 2, groups=groups, bias=False)
    return SameConv(before, after, kernel, stride, groups=groups, bias=False)


class Separable(nn.Module):
    """Depthwise and 1x1 convolution, the first block of all."""

    folded = False

    def __init__(self, before: int, after: int, kernel: int) -> None:
        super().__init__()
        self.conv_dw = _conv(before, before, kernel, 1, before)
        self.bn1 = nn.BatchNorm2d(before, eps=_EPSILON)
        self.conv_pw = nn.Conv2d(before, after, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after, eps=_EPSILON)

    def forward(self, values: Tensor) -> Tensor:
        """From `(N, before, H, W)` to `(N, after, H, W)`."""
        wide = relu6_(normalised(self.conv_dw, self.bn1, values, folded=self.folded))
        return normalised(self.conv_pw, self.bn2, wide, folded=self.folded)


class Inverted(nn.Module):
    """Inverted residual: 1x1 to many channels, depthwise, 1x1 to few, added to what came in where that fits."""

    folded = False

    def __init__(
        self, before: int, after: int, expansion: int, kernel: int, stride: int, pooling: str, blur_size: int
    ) -> None:
        super().__init__()
        wide = before * expansion
        self.conv_pw = nn.Conv2d(before, wide, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide, eps=_EPSILON)
        self.conv_dw = _conv(wide, wide, kernel, 1 if pooling == "blur" else stride, wide)
        self.bn2 = nn.BatchNorm2d(wide, eps=_EPSILON)
        self.conv_pwl = nn.Conv2d(wide, after, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(after, eps=_EPSILON)
        self.blur = make_blur(stride, pooling, blur_size)
        self.added = stride == 1 and before == after

    def forward(self, values: Tensor) -> Tensor:
        """From `(N, before, H, W)` to `(N, after, H / stride, W / stride)`, rounded up."""
        wide = relu6_(normalised(self.conv_pw, self.bn1, values, folded=self.folded))
        wide = self.blur(relu6_(normalised(self.conv_dw, self.bn2, wide, folded=self.folded)))
        out = normalised(self.conv_pwl, self.bn3, wide, folded=self.folded)
        return out + values if self.added else out


class EfficientNetLite(Backbone):
    """Stem, stages of blocks, a last 1x1 convolution.

    `rows`: expansion, channels, blocks, stride and size of the kernel of a stage.
    """

    def __init__(
        self,
        spec: BackboneSpec,
        *,
        rows: tuple[tuple[int, int, int, int, int], ...],
        pooling: str = "max",
        blur_size: int = 4,
    ) -> None:
        super().__init__(spec, pooling=pooling, blur_size=blur_size)
        last = spec.channels[-1]
        self.conv_stem = _conv(3, _STEM, 3, 2)
        self.bn1 = nn.BatchNorm2d(_STEM, eps=_EPSILON)
        before, stages = _STEM, []
        for expansion, after, count, stride, kernel in rows:
            blocks: list[nn.Module] = []
            for block in range(count):
                blocks.append(
                    Separable(before, after, kernel)
                    if expansion == 1
                    else Inverted(before, after, expansion, kernel, 1 if block else stride, pooling, blur_size)
                )
                before = after
            stages.append(nn.Sequential(*blocks))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = nn.Conv2d(before, last, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(last, eps=_EPSILON)

    def fold(self) -> EfficientNetLite:
        """From now on let each block compute a convolution and its batch normalisation as one, see `normalised`.

        Rounding changes, by 1e-6 of the largest response; parameters and their names do not.
        """
        for module in self.blocks.modules():
            if isinstance(module, Separable | Inverted):
                module.folded = True
        return self

    def stages(self, images: Tensor) -> Iterator[Stage]:  # noqa: ARG002
        yield Stage("stem.conv", self.conv_stem)
        yield Stage("stem.relu6", lambda values: relu6_(self.bn1(values)))
        for number, stage in enumerate(self.blocks):
            for place, block in enumerate(stage.children()):
                yield Stage(f"blocks.{number}.{place}", block)
        yield Stage("head.conv", self.conv_head)
        yield Stage("head.relu6", lambda values: relu6_(self.bn2(values)))
