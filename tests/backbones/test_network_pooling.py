"""The poolings that replace a maximum, against their formulas written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import correlate2d

torch = pytest.importorskip("torch")

from visq import backbones  # noqa: E402
from visq.backbones.parts import Blur, L2Pool  # noqa: E402

_SIZES = [(8, 8), (9, 12), (5, 7), (1, 2)]


def _values(height, width):
    return np.random.default_rng(4).normal(size=(2, 3, height, width))


def _each(values, work):
    return np.stack([[work(plane) for plane in image] for image in values])


@pytest.mark.parametrize("size", _SIZES)
def test_l2_pooling_is_the_formula_of_dists(size):
    """Root of the 3x3 Hann-weighted mean of squares, zeros around, every second position."""
    values = _values(*size)
    h = np.array([0.25, 0.5, 0.25])
    squares = _each(values**2, lambda plane: correlate2d(np.pad(plane, 1), np.outer(h, h), mode="valid")[::2, ::2])
    found = L2Pool().double()(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(found, np.sqrt(squares + 1e-12), rtol=1e-12)


def test_l2_pooling_of_black_has_a_finite_gradient():
    values = torch.zeros(1, 1, 4, 4, dtype=torch.float64, requires_grad=True)
    L2Pool().double()(values).sum().backward()
    assert torch.equal(values.grad, torch.zeros_like(values))
    values = torch.rand(1, 2, 5, 4, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    assert torch.autograd.gradcheck(L2Pool().double(), values.requires_grad_())


@pytest.mark.parametrize("size", _SIZES[:3])
@pytest.mark.parametrize(("taps", "row"), [(2, [1, 1]), (3, [1, 2, 1]), (4, [1, 3, 3, 1]), (5, [1, 4, 6, 4, 1])])
def test_blur_is_that_of_zhang(size, taps, row):
    """Binomial filter; borders reflected, the edge not repeated; with an even one, one more at the far end."""
    values = _values(*size)
    kernel = np.outer(row, row) / np.sum(row) ** 2
    ends = ((taps - 1) // 2, taps // 2)

    def blurred(plane):
        return correlate2d(np.pad(plane, (ends, ends), mode="reflect"), kernel, mode="valid")[::2, ::2]

    found = Blur(taps).double()(torch.from_numpy(values)).numpy()
    np.testing.assert_allclose(found, _each(values, blurred), rtol=0, atol=1e-14)


def test_vgg_with_each_pooling_differs_only_in_its_poolings():
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = {
        pooling: backbones.create("vgg16", weights="random", pooling=pooling)(images, ["relu1_2", "pool1"])
        for pooling in ("max", "average", "l2", "blur")
    }
    before = found["max"]["relu1_2"]
    assert all(torch.equal(taps["relu1_2"], before) for taps in found.values())
    torch.testing.assert_close(found["average"]["pool1"], before.unfold(2, 2, 2).unfold(3, 2, 2).mean((-1, -2)))
    assert torch.equal(found["l2"]["pool1"], L2Pool()(before))
    assert torch.equal(found["blur"]["pool1"], Blur(4)(torch.nn.functional.max_pool2d(before, 2, 1)))
    assert torch.equal(found["max"]["pool1"], before.unfold(2, 2, 2).unfold(3, 2, 2).amax((-1, -2)))


def test_the_average_of_a_border_window_is_over_pixels_of_the_image():
    network = backbones.create("resnet18", weights="random", pooling="average")
    ones = torch.ones(1, 64, 7, 9)
    assert torch.equal(network.maxpool(ones), torch.ones(1, 64, 4, 5))


@pytest.mark.parametrize("id", ["resnet18", "mobilenet_v2", "mobilenet_v1", "efficientnet_lite0", "vgg16"])
def test_anti_aliasing_makes_features_follow_a_shift(id):
    """What it is for: the deepest features of an image and of the same shifted by a pixel are nearer to each other."""
    rng = np.random.default_rng(0)
    picture = torch.from_numpy(rng.random((1, 3, 128 + 1, 128 + 1), dtype=np.float32))
    distances = {}
    for pooling in ("max", "blur"):
        network = backbones.create(id, weights="random", seed=2, pooling=pooling)
        last = network.taps[-1]
        one, two = (network(network.normalise(p), last)[last] for p in (picture[..., 1:, 1:], picture[..., :-1, :-1]))
        distances[pooling] = float((one - two).square().sum() / (one.square().sum() + two.square().sum()))
    assert distances["blur"] < distances["max"]


@pytest.mark.parametrize("pooling", ["average", "l2", "blur"])
def test_constants_are_in_no_file(pooling):
    """The state dict stays the published one, so that public parameters fit every variant."""
    plain = backbones.create("resnet18", weights="random").state_dict()
    assert list(backbones.create("resnet18", weights="random", pooling=pooling).state_dict()) == list(plain)
