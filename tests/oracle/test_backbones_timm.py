"""Every network against that of torchvision or timm: the same names, the same shapes, the same numbers.

Parameters are random, so that no file is needed; the statistics of batch normalisations are too, or a wrong epsilon or
a left-out normalisation would not show.
"""

from __future__ import annotations

from functools import partial

import pytest

torch = pytest.importorskip("torch")

from torchvision_here import library  # noqa: E402
from visq import backbones  # noqa: E402


@pytest.fixture(scope="module")
def torchvision():
    library("torchvision")
    return pytest.importorskip("torchvision.models")


@pytest.fixture(scope="module")
def timm():
    library("torchvision")
    return library("timm")


def _pair(id, make, head, rename=None, **options):
    """Our network and theirs without its `head`, in float64, with the same parameters, and what theirs has in all."""
    ours = backbones.create(id, weights="random", seed=3, **options)
    generator = torch.Generator().manual_seed(5)
    state = ours.state_dict()
    for name, values in state.items():
        if name.endswith(("running_mean", "bias")):
            values.copy_(0.1 * torch.randn(values.shape, generator=generator))
        elif name.endswith("running_var") or (name.endswith("weight") and values.ndim == 1):
            values.copy_(0.5 + torch.rand(values.shape, generator=generator))
    # Without memory until the classifier, most of it in VGG, is gone.
    with torch.device("meta"):
        theirs = make()
    total = sum(p.numel() for p in theirs.parameters())
    setattr(theirs, head, torch.nn.Identity())
    theirs = theirs.to_empty(device="cpu").requires_grad_(False).double().eval()
    theirs.load_state_dict({(rename or str)(name): values for name, values in state.items()}, strict=True)
    return ours.double(), theirs, total


def _images(height, width):
    return torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


def _close(ours, theirs):
    assert ours.shape == theirs.shape
    # Double precision on both sides; only the order of sums may differ.
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9 * float(theirs.abs().max()))


def _single(network, theirs, images, call, tap=None):
    """The deepest tap in single precision, as networks are used."""
    tap = tap or network.taps[-1]
    ours, expected = network.float()(images.float(), tap)[tap], call(theirs.float(), images.float())
    assert float((ours - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


_FEATURES = ["alexnet", "vgg16", "vgg19", "squeezenet1_1"]


@pytest.mark.parametrize("id", _FEATURES)
@pytest.mark.parametrize("size", [(65, 78), (97, 64)])
def test_chains_of_torchvision(torchvision, id, size):
    ours, theirs, total = _pair(id, getattr(torchvision, id), "classifier")
    assert backbones.get(id).published_parameters == total
    images = _images(*size)
    found, values = ours(images), images
    for tap, part in zip(ours.taps[1:], theirs.features, strict=True):
        values = part(values)
        _close(found[tap], values.clone())
    _single(ours, theirs, images, lambda net, x: net.features(x))


@pytest.mark.parametrize("id", ["resnet18", "resnet34", "resnet50"])
@pytest.mark.parametrize("size", [(49, 64), (40, 57)])
def test_residual_networks_of_torchvision(torchvision, id, size):
    ours, theirs, total = _pair(id, getattr(torchvision, id), "fc")
    assert backbones.get(id).published_parameters == total
    images = _images(*size)
    found = ours(images)
    values = theirs.conv1(images)
    _close(found["conv1"], values)
    values = theirs.relu(theirs.bn1(values))
    _close(found["relu1"], values)
    values = theirs.maxpool(values)
    _close(found["pool1"], values)
    for stage in range(1, 5):
        for block, part in enumerate(getattr(theirs, f"layer{stage}")):
            values = part(values)
            _close(found[f"layer{stage}.{block}.relu"], values)
    theirs.avgpool = torch.nn.Identity()
    _single(ours, theirs, images, lambda net, x: net(x).unflatten(1, found["layer4.1.relu"].shape[1:]))


@pytest.mark.parametrize("size", [(49, 64), (40, 57)])
def test_mobilenet_v2_of_torchvision(torchvision, size):
    ours, theirs, total = _pair("mobilenet_v2", torchvision.mobilenet_v2, "classifier")
    assert backbones.get("mobilenet_v2").published_parameters == total
    images = _images(*size)
    found, values = ours(images), images
    names = ["stem.relu6", *(f"block{n}" for n in range(1, 18)), "head.relu6"]
    for tap, part in zip(names, theirs.features, strict=True):
        values = part(values)
        _close(found[tap], values)
    _single(ours, theirs, images, lambda net, x: net.features(x))


@pytest.mark.parametrize("size", [(64, 64), (49, 66), (37, 51)])
def test_efficientnet_lite0_of_timm(timm, size):
    ours, theirs, total = _pair("efficientnet_lite0", partial(timm.create_model, "tf_efficientnet_lite0"), "classifier")
    assert backbones.get("efficientnet_lite0").published_parameters == total
    images = _images(*size)
    found = ours(images)
    values = theirs.bn1(theirs.conv_stem(images))
    _close(found["stem.relu6"], values)
    for stage, blocks in enumerate(theirs.blocks):
        for block, part in enumerate(blocks):
            values = part(values)
            _close(found[f"blocks.{stage}.{block}"], values)
    _close(found["head.relu6"], theirs.forward_features(images))
    _single(ours, theirs, images, lambda net, x: net.forward_features(x))


@pytest.mark.parametrize("size", [(64, 96), (49, 66)])
def test_mobilenet_v1_of_timm(timm, size):
    places = [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), *((3, n) for n in range(6)), (4, 0), (4, 1)]
    parts = {"0": "conv_dw", "1": "bn1", "2": "conv_pw", "3": "bn2"}

    def rename(name):
        group, number, *rest = name.split(".")
        if group == "stem":
            return ".".join(("conv_stem" if number == "0" else "bn1", *rest))
        stage, block = places[int(number)]
        return ".".join(("blocks", str(stage), str(block), parts[rest[0]], rest[1]))

    make = partial(timm.create_model, "mobilenetv1_100", bn_eps=1e-3)
    ours, theirs, total = _pair("mobilenet_v1", make, "classifier", rename)
    assert backbones.get("mobilenet_v1").published_parameters == total
    images = _images(*size)
    _close(ours(images, "blocks.12.relu6")["blocks.12.relu6"], theirs.forward_features(images))
    _single(ours, theirs, images, lambda net, x: net.forward_features(x))


_SIZES = [(224, 224), (64, 96), (240, 176)]


@pytest.mark.parametrize(
    ("id", "registers", "size"),
    [
        *(("vit_tiny", registers, size) for registers in (0, 4) for size in _SIZES),
        ("vit_small", 0, (64, 96)),
        ("vit_base", 0, (64, 96)),
    ],
)
def test_vision_transformers_of_timm(timm, id, registers, size):
    options = {"dynamic_img_size": True, "reg_tokens": registers, "no_embed_class": registers > 0}
    make = partial(timm.create_model, f"{id}_patch16_224", **options)
    ours, theirs, total = _pair(id, make, "head", registers=registers, class_token="keep")
    assert registers or backbones.get(id).published_parameters == total
    images = _images(*size)[:1]
    found = ours(images)
    # timm resamples positions in single precision: float32 of numbers about 0.02, through twelve blocks.
    expected = theirs.forward_features(images)
    exact = size == (224, 224)
    torch.testing.assert_close(found["norm"], expected, rtol=0, atol=1e-9 if exact else 1e-5)
    values = theirs.norm_pre(theirs.patch_drop(theirs._pos_embed(theirs.patch_embed(images))))
    torch.testing.assert_close(found["pos_embed"], values, rtol=0, atol=1e-12 if exact else 1e-7)
    values = theirs.blocks[0](values)
    torch.testing.assert_close(found["blocks.0"], values, rtol=0, atol=1e-9 if exact else 1e-5)
    _single(ours, theirs, images, lambda net, x: net.forward_features(x))


def test_l2_pooling_of_piq():
    library("torchvision")
    piq = library("piq.functional")
    from visq.backbones.parts import L2Pool

    pool = piq.L2Pool2d(kernel_size=3, stride=2, padding=1)
    for size in ((8, 8), (9, 12), (5, 7)):
        values = torch.rand(2, 4, *size, generator=torch.Generator().manual_seed(1))
        torch.testing.assert_close(L2Pool()(values), pool(values), rtol=0, atol=1e-6)
