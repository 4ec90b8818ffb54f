"""The table of networks: what it says, against published numbers, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from visq import backbones
from visq.errors import OptionError

# Whole networks: torchvision's `num_params`, timm's `param_count` (rounded there to 0.01 million), Keras's trainable
# parameters of MobileNet. Trunks: what is left without the classifier, (features + 1) * 1000 for most.
_PARAMETERS = {
    "alexnet": (61_100_840, 2_469_696),
    "vgg16": (138_357_544, 14_714_688),
    "vgg19": (143_667_240, 20_024_384),
    "squeezenet1_1": (1_235_496, 1_235_496 - 513_000),
    "resnet18": (11_689_512, 11_689_512 - 513_000),
    "resnet34": (21_797_672, 21_797_672 - 513_000),
    "resnet50": (25_557_032, 23_508_032),
    "mobilenet_v1": (4_231_976, 4_231_976 - 1_025_000),
    "mobilenet_v2": (3_504_872, 3_504_872 - 1_281_000),
    "efficientnet_lite0": (4_652_008, 4_652_008 - 1_281_000),
    "vit_tiny": (5_717_416, 5_717_416 - 193_000),
    "vit_small": (22_050_664, 22_050_664 - 385_000),
    "vit_base": (86_567_656, 86_567_656 - 769_000),
}
# The tables of the papers (and of torchvision's files where they differ): channels, height and width of a tap.
_SHAPES = {
    ("alexnet", 224, 224): {"relu1": (64, 55, 55), "pool1": (64, 27, 27), "relu5": (256, 13, 13), "pool5": (256, 6, 6)},
    ("vgg16", 384, 512): {"pool1": (64, 192, 256), "relu4_3": (512, 48, 64), "pool5": (512, 12, 16)},
    ("vgg19", 224, 224): {"relu3_4": (256, 56, 56), "relu5_4": (512, 14, 14), "pool5": (512, 7, 7)},
    ("squeezenet1_1", 224, 224): {"relu1": (64, 111, 111), "pool1": (64, 55, 55), "fire9": (512, 13, 13)},
    ("resnet18", 224, 224): {"conv1": (64, 112, 112), "pool1": (64, 56, 56), "layer4.1.relu": (512, 7, 7)},
    ("resnet34", 224, 224): {"layer1.2.relu": (64, 56, 56), "layer3.5.relu": (256, 14, 14)},
    ("resnet50", 224, 224): {"layer1.2.relu": (256, 56, 56), "layer4.2.relu": (2048, 7, 7)},
    ("mobilenet_v1", 224, 224): {"stem.relu6": (32, 112, 112), "blocks.12.relu6": (1024, 7, 7)},
    ("mobilenet_v2", 224, 224): {"block1": (16, 112, 112), "block13": (96, 14, 14), "head.relu6": (1280, 7, 7)},
    ("efficientnet_lite0", 224, 224): {"blocks.2.1": (40, 28, 28), "head.relu6": (1280, 7, 7)},
    ("vit_small", 224, 224): {"patch_embed": (384, 14, 14), "norm": (384, 14, 14)},
}


def test_parameters_are_the_published_ones():
    found = {spec.id: (spec.published_parameters, spec.parameters) for spec in backbones.specs()}
    assert found == _PARAMETERS


@pytest.mark.parametrize(("id", "height", "width"), list(_SHAPES))
def test_shapes_are_the_published_ones(id, height, width):
    spec = backbones.get(id)
    assert {tap: spec.shape(tap, height, width) for tap in _SHAPES[id, height, width]} == _SHAPES[id, height, width]


def test_vgg16_has_every_layer_as_a_tap():
    taps = backbones.get("vgg16").taps
    assert taps[:6] == ("input", "conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1")
    assert len([t for t in taps if t.startswith("conv")]) == 13
    assert taps[-3:] == ("conv5_3", "relu5_3", "pool5")


def test_alexnet_pools_after_the_first_second_and_fifth_convolution():
    spec = backbones.get("alexnet")
    assert [t for t in spec.taps if t.startswith("pool")] == ["pool1", "pool2", "pool5"]
    assert spec.strides[spec.index("relu5")] == 16


@pytest.mark.parametrize("spec", backbones.specs(), ids=lambda spec: spec.id)
def test_every_entry_is_complete(spec):
    assert spec.taps[0] == "input"
    assert len(set(spec.taps)) == len(spec.taps) == len(spec.strides) == len(spec.channels)
    assert list(spec.strides) == sorted(spec.strides)
    assert all(s > 0 for s in spec.std)
    assert spec.paper
    for file in (spec.weights, *spec.alternatives):
        assert file.licence
        assert file.origin
        assert not file.ships
        # A file of torchvision carries the digits in its name.
        if file.url:
            assert file.filename.endswith(f"-{file.sha256[:8]}.pth")
        assert len(file.sha256) in ((0, 64) if file.hub else (64,))


@pytest.mark.parametrize("name", ["VGG-16", "vgg_16", " vgg16 "])
def test_names_are_taken_loosely(name):
    assert backbones.get(name).id == "vgg16"


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(OptionError, match="resnet50"):
        backbones.get("resnet51")
    with pytest.raises(OptionError, match=r"relu5_3.*got 'relu6_1'"):
        backbones.get("vgg16").min_side("relu6_1")


@pytest.mark.parametrize(
    ("id", "tap", "side"),
    [("alexnet", "relu5", 31), ("alexnet", "pool5", 63), ("vgg16", "relu5_3", 16), ("vgg16", "pool5", 32),
     ("resnet18", "layer4.1.relu", 32), ("vit_base", "norm", 16), ("vgg16", "input", 1)],
)  # fmt: skip
def test_smallest_sides(id, tap, side):
    """AlexNet by hand: a maximum over 3 at the end needs 3, so 3 - 1 strides of 2 and 3 before it, and so on."""
    assert backbones.get(id).min_side(tap) == side


def test_the_table_loads_no_numerical_library():
    code = (
        "import sys\nfrom visq import backbones\n"
        "[(s.taps, s.strides, s.min_side()) for s in backbones.specs()]\n"
        "print(sorted({'numpy', 'torch', 'scipy', 'PIL', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "[]", "")
