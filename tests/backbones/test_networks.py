"""What every network owes: its taps as the table says, nothing computed or kept in vain, clear refusals."""

from __future__ import annotations

import copy
import weakref

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from visq import backbones  # noqa: E402
from visq.errors import InputError, OptionError, SizeError  # noqa: E402

# The large ones do nothing that their smaller siblings do not, but for the width.
_SMALL = ["alexnet", "squeezenet1_1", "resnet18", "mobilenet_v1", "mobilenet_v2", "efficientnet_lite0", "vit_tiny"]
# Another order of the same sums. Up to 52 layers turn the last digit (6e-8 and 1e-16) at random, and nothing in an
# untrained network damps what they do to each other: some ten times the digits themselves.
_PRECISIONS = [(torch.float64, 1e-13), (torch.float32, 5e-5)]


def _network(id, **options):
    return backbones.shared(id, weights="random", seed=1, **options)


def _images(height=64, width=96, count=1, dtype=torch.float32):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0), dtype=dtype)


def _variants():
    for id in _SMALL:
        option = next(o for o in backbones.get(id).options if o.name == "pooling")
        for pooling in option.choices:
            yield id, pooling


@pytest.mark.parametrize("id", backbones.ids())
def test_parameters_are_counted(id):
    network = backbones.create(id, weights="random")
    assert sum(p.numel() for p in network.parameters()) == network.spec.parameters
    assert not network.training
    assert not any(p.requires_grad for p in network.parameters())


@pytest.mark.parametrize("id", [*_SMALL, "vgg16", "resnet50"])
def test_taps_are_what_the_table_says(id):
    network = _network(id)
    height, width = (64, 96) if network.spec.multiple > 1 else (71, 97)
    found = network(network.normalise(_images(height, width)))
    assert tuple(found) == network.taps == network.spec.taps
    assert {t: tuple(v.shape[1:]) for t, v in found.items()} == {
        t: network.spec.shape(t, height, width) for t in network.taps
    }
    assert all(bool(torch.isfinite(v).all()) for v in found.values())


@pytest.mark.parametrize(("id", "pooling"), list(_variants()))
def test_the_smallest_image_is_taken_and_a_smaller_one_refused(id, pooling):
    network = _network(id, pooling=pooling)
    for tap in {network.taps[-1], network.taps[len(network.taps) // 2]}:
        side = network.min_side(tap)
        found = network(_images(side, side), tap)[tap]
        assert min(found.shape[2:]) >= 1
        with pytest.raises(SizeError, match=f"too small for the tap {tap}.*{side} pixels"):
            network(_images(side - 1, side + 31), tap)


@pytest.mark.parametrize("id", _SMALL)
def test_nothing_behind_the_deepest_tap_is_computed_and_nothing_else_is_kept(id):
    network = copy.deepcopy(_network(id))
    asked = [network.taps[1], network.taps[3]]
    seen = []

    def hook(module, inputs, output):
        seen.append(weakref.ref(output))

    for module in network.modules():
        if module is not network and not list(module.children()):
            module.register_forward_hook(hook)
    with torch.no_grad():
        network(_images())
        everything = len(seen)
        seen.clear()
        found = network(_images(), asked)
    assert 0 < len(seen) < everything
    kept = {id_ for id_ in (one().data_ptr() for one in seen if one() is not None)}
    assert kept <= {v.data_ptr() for v in found.values()}


@pytest.mark.parametrize("id", [*_SMALL, "vgg16"])
def test_a_tap_is_the_same_whatever_else_is_asked_for(id):
    """A ReLU writes over its input where nobody asked for that: never over a tap or over the image."""
    network, images = _network(id), _images()
    before = images.clone()
    everything = network(images)
    assert torch.equal(images, before)
    assert everything["input"] is images
    for tap in network.taps:
        alone = network(images, [tap])
        assert tuple(alone) == (tap,)
        assert torch.equal(alone[tap], everything[tap]), tap


def test_taps_come_in_the_order_asked_for():
    network = _network("alexnet")
    assert tuple(network(_images(), ["relu3", "input", "relu1"])) == ("relu3", "input", "relu1")
    assert tuple(network(_images(), "relu3")) == ("relu3",)
    assert network(_images(), []) == {}


def test_a_relu_is_the_positive_part_of_the_tap_before_it():
    found = _network("vgg16")(_images(32, 32))
    for tap in (t for t in found if t.startswith("relu")):
        assert torch.equal(found[tap], found[tap.replace("relu", "conv")].clamp(min=0))
        assert float(found[tap.replace("relu", "conv")].min()) < 0


@pytest.mark.parametrize("id", _SMALL)
def test_a_batch_gives_what_its_images_give(id):
    for dtype, within in _PRECISIONS:
        network, images = _network(id, dtype=dtype), _images(64, 64, count=3, dtype=dtype)
        last = network.taps[-1]
        together = network(images, last)[last]
        apart = torch.cat([network(images[i : i + 1], last)[last] for i in range(3)])
        assert float((together - apart).abs().max()) <= within * float(together.abs().max())


@pytest.mark.parametrize("id", _SMALL)
def test_the_order_of_memory_changes_nothing(id):
    for dtype, within in _PRECISIONS:
        network, images = _network(id, dtype=dtype), _images(64, 64, count=2, dtype=dtype)
        last = network.taps[-1]
        expected = network(images, last)[last]
        pixels = network(images.to(memory_format=torch.channels_last), last)[last]
        turned = copy.deepcopy(network).to(memory_format=torch.contiguous_format)(images, last)[last]
        for other in (pixels, turned):
            assert float((expected - other).abs().max()) <= within * float(expected.abs().max())


@pytest.mark.parametrize(("id", "pooling"), list(_variants()))
def test_gradients_reach_the_image_and_are_finite(id, pooling):
    network = _network(id, pooling=pooling)
    side = -(-network.min_side() // 16) * 16
    for pixels in (_images(side, side), torch.zeros(1, 3, side, side), torch.ones(1, 3, side, side)):
        images = pixels.requires_grad_()
        total = sum(values.square().mean() for values in network(network.normalise(images)).values())
        (gradient,) = torch.autograd.grad(total, images)
        assert bool(torch.isfinite(gradient).all())
        assert float(gradient.abs().max()) > 0


def test_normalisation_is_that_of_the_table():
    pixels = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    assert float(_network("vgg16").normalise(pixels).abs().max()) < 1e-6
    white = _network("vgg16").normalise(torch.ones(1, 3, 1, 1)).flatten()
    np.testing.assert_allclose(white, [(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225], rtol=1e-6)
    levels = torch.tensor([0.0, 127 / 255, 1.0]).view(1, 1, 1, 3).expand(1, 3, 1, 3)
    scaled = _network("efficientnet_lite0").normalise(levels)[0, 0, 0]
    np.testing.assert_allclose(scaled, [-127 / 128, 0, 1], atol=1e-6)


def test_class_token_and_registers():
    images = _images(32, 48)
    maps = _network("vit_tiny")(images)
    tokens = _network("vit_tiny", class_token="keep")(images)
    assert tokens["norm"].shape == (1, 1 + 2 * 3, 192)
    assert tokens["patch_embed"].shape == (1, 2 * 3, 192)
    for tap in ("pos_embed", "blocks.5", "norm"):
        assert torch.equal(tokens[tap][:, 1:].transpose(1, 2).reshape(maps[tap].shape), maps[tap])
    registers = _network("vit_tiny", class_token="keep", registers=4)
    assert registers(images, "norm")["norm"].shape == (1, 1 + 4 + 2 * 3, 192)
    assert registers.pos_embed.shape == (1, 14 * 14, 192)
    assert _network("vit_tiny", registers=4)(images, "norm")["norm"].shape == (1, 192, 2, 3)


@pytest.mark.parametrize("bad", [torch.zeros(3, 64, 64), torch.zeros(1, 1, 64, 64), np.zeros((1, 3, 64, 64)), None])
def test_what_is_no_batch_of_colour_images_is_refused(bad):
    with pytest.raises(InputError, match=r"\(N, 3, H, W\)"):
        _network("alexnet")(bad)


def test_bad_taps_sizes_and_options_are_refused():
    with pytest.raises(OptionError, match="alexnet has no tap 'relu6'; expected one of input, conv1, relu1"):
        _network("alexnet")(_images(), ["relu1", "relu6"])
    with pytest.raises(SizeError, match="multiples of 16; got 64x70"):
        _network("vit_tiny")(_images(64, 70))
    assert _network("vit_tiny")(_images(64, 70), "input")["input"].shape == (1, 3, 64, 70)
    for options, said in (
        ({"pooling": "median"}, "'blur'"), ({"colour": 1}, "no option 'colour'"), ({"blur_size": 9}, "blur_size"),
        ({"seed": -1}, "seed"),
    ):  # fmt: skip
        with pytest.raises(OptionError, match=said):
            backbones.create("alexnet", weights="random", **options)
    with pytest.raises(OptionError, match="registers"):
        backbones.create("vit_tiny", weights="random", registers=-1)
    with pytest.raises(OptionError, match="'max', 'blur'"):
        backbones.create("mobilenet_v2", weights="random", pooling="l2")


def test_shared_networks_are_made_once():
    one = backbones.shared("squeezenet1_1", weights="random", seed=1)
    assert backbones.shared("SqueezeNet 1.1", weights="random", seed=1, pooling="max") is one
    assert backbones.shared("squeezenet1_1", weights="random", seed=2) is not one
    assert next(backbones.shared("squeezenet1_1", weights="random", dtype=torch.float64).parameters()).dtype == (
        torch.float64
    )
