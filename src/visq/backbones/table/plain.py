"""Networks that are one chain of convolutions: AlexNet, VGG, SqueezeNet."""

from __future__ import annotations

from visq.backbones.spec import INPUT, BackboneSpec, Layer, Step
from visq.backbones.table.sources import IMAGENET_MEAN, IMAGENET_STD, converted, torchvision

_NO_CLASSIFIER = "The classifier, which needs images of one size, is not built."


def _alexnet() -> tuple[Layer, ...]:
    pool = Step(3, 2, kind="pool")
    rows = (
        (64, Step(11, 4, 4), True),
        (192, Step(5, 1, 4), True),
        (384, Step(3, 1, 2), False),
        (256, Step(3, 1, 2), False),
        (256, Step(3, 1, 2), True),
    )
    layers = [Layer(INPUT, 3)]
    for number, (channels, step, pooled) in enumerate(rows, 1):
        layers += [Layer(f"conv{number}", channels, (step,)), Layer(f"relu{number}", channels)]
        if pooled:
            layers.append(Layer(f"pool{number}", channels, (pool,)))
    return tuple(layers)


def _vgg(*convolutions: int) -> tuple[Layer, ...]:
    """`convolutions` in each of the five blocks."""
    layers = [Layer(INPUT, 3)]
    for block, (count, channels) in enumerate(zip(convolutions, (64, 128, 256, 512, 512), strict=True), 1):
        for number in range(1, count + 1):
            layers.append(Layer(f"conv{block}_{number}", channels, (Step(3, 1, 2),)))
            layers.append(Layer(f"relu{block}_{number}", channels))
        layers.append(Layer(f"pool{block}", channels, (Step(2, 2, kind="pool"),)))
    return tuple(layers)


def _squeezenet() -> tuple[Layer, ...]:
    # A window that hangs over the end counts: the padding of one at the far end.
    pool = Step(3, 2, 1, kind="pool")
    fire = (Step(3, 1, 2),)
    return (
        Layer(INPUT, 3),
        Layer("conv1", 64, (Step(3, 2),)),
        Layer("relu1", 64),
        Layer("pool1", 64, (pool,)),
        Layer("fire2", 128, fire),
        Layer("fire3", 128, fire),
        Layer("pool3", 128, (pool,)),
        Layer("fire4", 256, fire),
        Layer("fire5", 256, fire),
        Layer("pool5", 256, (pool,)),
        Layer("fire6", 384, fire),
        Layer("fire7", 384, fire),
        Layer("fire8", 512, fire),
        Layer("fire9", 512, fire),
    )


SPECS = (
    BackboneSpec(
        id="alexnet",
        title="AlexNet",
        impl="visq.backbones.plain:Chain",
        layers=_alexnet(),
        parameters=2_469_696,
        published_parameters=61_100_840,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        weights=converted(
            "alexnet_features_torchvision.safetensors",
            "159cc9990a3696ae09926e5e00b249d2aa1c22c91ee08b52fa0c8bd565d45d2a",
            "AlexNet",
        ),
        alternatives=(
            torchvision(
                "alexnet-owt",
                "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
                "AlexNet, ImageNet-1k",
            ),
        ),
        ignored=("classifier.*",),
        paper="Krizhevsky, One weird trick for parallelizing convolutional neural networks, arXiv 1404.5997",
        notes=_NO_CLASSIFIER,
    ),
    BackboneSpec(
        id="vgg16",
        title="VGG-16",
        impl="visq.backbones.plain:Chain",
        layers=_vgg(2, 2, 3, 3, 3),
        parameters=14_714_688,
        published_parameters=138_357_544,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        weights=converted(
            "vgg16_features_torchvision.safetensors",
            "b93457e1b22063240f9e4d1b1c19fd57e7f14255027f515724fbae2c4d023402",
            "VGG-16",
        ),
        alternatives=(
            torchvision(
                "vgg16", "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0", "VGG-16, ImageNet-1k"
            ),
        ),
        ignored=("classifier.*",),
        paper="Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition, ICLR 2015",
        notes=_NO_CLASSIFIER,
    ),
    BackboneSpec(
        id="vgg19",
        title="VGG-19",
        impl="visq.backbones.plain:Chain",
        layers=_vgg(2, 2, 4, 4, 4),
        parameters=20_024_384,
        published_parameters=143_667_240,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        weights=torchvision(
            "vgg19", "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44", "VGG-19, ImageNet-1k"
        ),
        ignored=("classifier.*",),
        paper="Simonyan and Zisserman, Very deep convolutional networks for large-scale image recognition, ICLR 2015",
        notes=_NO_CLASSIFIER,
    ),
    BackboneSpec(
        id="squeezenet1_1",
        title="SqueezeNet 1.1",
        impl="visq.backbones.plain:SqueezeNet",
        layers=_squeezenet(),
        parameters=722_496,
        published_parameters=1_235_496,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        weights=torchvision(
            "squeezenet1_1",
            "b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
            "SqueezeNet 1.1, ImageNet-1k",
        ),
        ignored=("classifier.*",),
        paper="Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters, arXiv 1602.07360",
        notes="Fire modules have the paper's numbers, 2 to 9. The classifier (a convolution) is not built.",
    ),
)
