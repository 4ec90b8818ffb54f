"""Residual networks: ResNet-18, 34 and 50."""

from __future__ import annotations

from visq.backbones.spec import INPUT, BackboneSpec, Layer, Step
from visq.backbones.table.sources import IMAGENET_MEAN, IMAGENET_STD, torchvision

_NAMES = "layerN.M.relu is what the Mth block of a stage gives after the addition and the ReLU behind it."
_BLUR = (
    "pooling='blur' leaves the first convolution its stride, as its author's networks do, and takes the maximum before "
    "the first blur over 2x2."
)


def _layers(depths: tuple[int, int, int, int], expansion: int) -> tuple[Layer, ...]:
    layers = [
        Layer(INPUT, 3),
        Layer("conv1", 64, (Step(7, 2, 6),)),
        Layer("relu1", 64),
        Layer("pool1", 64, (Step(3, 2, 2, kind="pool", blur_kernel=2),)),
    ]
    for stage, depth in enumerate(depths, 1):
        for block in range(depth):
            strided = stage > 1 and block == 0
            step = Step(3, 2, 2, kind="strided") if strided else Step(3, 1, 2)
            layers.append(Layer(f"layer{stage}.{block}.relu", 32 * 2**stage * expansion, (step,)))
    return tuple(layers)


def _resnet(depth: int, depths: tuple[int, int, int, int], counts: tuple[int, int], sha256: str) -> BackboneSpec:
    bottleneck = depth >= 50
    version = " v1.5" if bottleneck else ""
    strided = "The 3x3 convolution of a block has the stride, which is version 1.5. " if bottleneck else ""
    return BackboneSpec(
        id=f"resnet{depth}",
        title=f"ResNet-{depth}{version}",
        impl="visq.backbones.resnet:ResNet",
        layers=_layers(depths, 4 if bottleneck else 1),
        parameters=counts[0],
        published_parameters=counts[1],
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        weights=torchvision(f"resnet{depth}", sha256, f"ResNet-{depth}, ImageNet-1k, first recipe"),
        ignored=("fc.*",),
        config=(("depths", depths), ("bottleneck", bottleneck)),
        paper="He et al., Deep residual learning for image recognition, CVPR 2016",
        notes=f"{strided}{_NAMES} {_BLUR} The classifier is not built.",
    )


SPECS = (
    _resnet(
        18, (2, 2, 2, 2), (11_176_512, 11_689_512), "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec"
    ),
    _resnet(
        34, (3, 4, 6, 3), (21_284_672, 21_797_672), "b627a593bcbe140c234610266fe4f8ae95ea42fc881d091c9b6052e6b1d0590f"
    ),
    _resnet(
        50, (3, 4, 6, 3), (23_508_032, 25_557_032), "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a"
    ),
)
