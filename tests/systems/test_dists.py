"""DISTS: the formula on made-up parameters, corners, gradients, and how pictures are reduced."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from made_up import trunk, uniform  # noqa: E402

import samples  # noqa: E402
import visq  # noqa: E402
from shared_data import lacking  # noqa: E402
from visq.errors import OptionError, SizeError  # noqa: E402
from visq.systems.dists import CHANNELS, TAPS, dists, sized  # noqa: E402
from visq.systems.feature_distances import Dists  # noqa: E402

SIZE = (17, 22)
needs_weights = pytest.mark.parametrize("name", [pytest.param("dists", marks=lacking(visq.catalog.get("dists")))])


@pytest.fixture(scope="module")
def judge():
    backbone = trunk(pooling="l2")
    return Dists(backbone, TAPS, uniform(1, CHANNELS, 1, 1, seed=7), uniform(1, CHANNELS, 1, 1, seed=8))


def _by_hand(judge, x, y):
    """One less the weighted similarities, as the paper has it."""
    sides = [judge.backbone(judge.backbone.normalise(z), TAPS) for z in (x, y)]
    similarity, start = 0.0, 0
    alpha, beta = judge.get_buffer("alpha").numpy(), judge.get_buffer("beta").numpy()
    pairs = [(x.numpy(), y.numpy()), *((sides[0][tap].numpy(), sides[1][tap].numpy()) for tap in TAPS)]
    for a, b in pairs:
        end = start + a.shape[1]
        m1, m2 = a.mean((2, 3)), b.mean((2, 3))
        covariance = (a * b).mean((2, 3)) - m1 * m2
        texture = (2 * m1 * m2 + 1e-6) / (m1**2 + m2**2 + 1e-6)
        structure = (2 * covariance + 1e-6) / (a.var((2, 3)) + b.var((2, 3)) + 1e-6)
        similarity = similarity + texture @ alpha[start:end] + structure @ beta[start:end]
        start = end
    assert start == CHANNELS
    return 1 - similarity


def test_the_formula(judge):
    x, y = uniform(2, 3, *SIZE), uniform(2, 3, *SIZE, seed=1)
    # In double precision what is lost between nearly equal numbers does not matter.
    np.testing.assert_allclose(judge(x, y).numpy(), _by_hand(judge, x, y), atol=1e-9)
    np.testing.assert_allclose(judge.compare(x, y).numpy(), _by_hand(judge, x, y), atol=1e-9)


def test_the_weights_are_divided_by_their_sum(judge):
    total = judge.get_buffer("alpha").sum() + judge.get_buffer("beta").sum()
    assert float(total) == pytest.approx(1.0, abs=1e-12)


def test_an_identical_pair_costs_nothing_and_pulls_nowhere(judge):
    x = uniform(1, 3, *SIZE)
    leaf = x.clone().requires_grad_()
    value = judge.compare(leaf, x)
    value.backward()
    assert value.item() == 0.0
    assert float(leaf.grad.abs().max()) == 0.0


def test_flat_pictures_of_nearly_one_level_in_single_precision(judge):
    """Where variances are 0, the constant of the formula is all there is: rounding must not be compared with it."""
    found = Dists(trunk(pooling="l2", dtype=torch.float32), TAPS, torch.ones(CHANNELS), torch.ones(CHANNELS))
    double = Dists(trunk(pooling="l2"), TAPS, *torch.ones(2, CHANNELS, dtype=torch.float64))
    for levels in ((0.0, 1.0), (0.5, 0.5 + 1e-4), (0.9, 0.2)):
        x, y = (torch.full((1, 3, 32, 32), v) for v in levels)
        assert float(found.compare(x, y)) == pytest.approx(float(double.compare(x.double(), y.double())), abs=1e-5)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_gradients_are_finite_on_flat_pictures(judge, level):
    pair = [torch.full((1, 3, *SIZE), v, dtype=torch.float64).requires_grad_() for v in (level, 0.3)]
    judge.compare(*pair).backward()
    assert all(torch.isfinite(p.grad).all() for p in pair)


def test_gradients_are_the_slopes(judge):
    pair = [uniform(1, 3, 16, 18, seed=s).requires_grad_() for s in (0, 1)]
    assert torch.autograd.gradcheck(judge.compare, pair, fast_mode=True, eps=1e-7, rtol=1e-3, atol=1e-6)


# Reduction ---------------------------------------------------------------------------------------------------


def _planes(pixels, dtype=np.float32):
    return np.moveaxis(pixels.astype(dtype) / dtype(255), -1, 0)[None]


@pytest.mark.parametrize(("height", "width"), [(300, 400), (512, 257), (384, 512), (257, 257)])
@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_authors_reduce_as_pillow_does_to_the_last_level(height, width, kind):
    pixels = np.resize(samples.picture(320, 320), (height, width, 3))
    short = min(height, width)
    # As torchvision's Resize(256): the longer side is cut to whole pixels.
    size = (256, int(256 * height / width)) if width <= height else (int(256 * width / height), 256)
    theirs = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR))
    planes = _planes(pixels)
    ours = sized(torch.from_numpy(planes) if kind == "torch" else planes, "authors", whole=True)
    assert min(ours.shape[-2:]) == 256 < short
    np.testing.assert_array_equal(np.round(np.asarray(ours)[0] * 255), np.moveaxis(theirs, -1, 0))


def test_the_depth_of_the_container_changes_nothing_and_floats_are_not_rounded():
    pixels = samples.picture(300, 310)
    eight = sized(_planes(pixels), "authors", whole=True)
    wide = (np.moveaxis(pixels.astype(np.uint16) * 257, -1, 0)[None] / 65535).astype(np.float32)
    np.testing.assert_array_equal(sized(wide, "authors", whole=True), eight)
    smooth = sized(_planes(pixels), "authors")
    assert 0 < np.abs(smooth - eight).max() < 1.01 / 255


@pytest.mark.parametrize(("height", "width"), [(300, 400), (512, 257), (384, 512)])
def test_piq_reduces_as_torch_does_without_smoothing(height, width):
    planes = uniform(1, 3, height, width)
    theirs = torch.nn.functional.interpolate(
        planes, scale_factor=256 / min(height, width), recompute_scale_factor=False, mode="bilinear"
    )
    torch.testing.assert_close(sized(planes, "piq"), theirs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(sized(planes.numpy(), "piq"), theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize("how", ["none", "authors", "piq"])
def test_pictures_up_to_256_are_left_alone(how):
    planes = uniform(1, 3, 256, 300)
    assert sized(planes, how) is planes


@pytest.mark.parametrize("how", ["authors", "piq"])
def test_gradients_go_through_the_reduction(how):
    leaf = uniform(1, 3, 258, 300).requires_grad_()
    sized(leaf, how).sum().backward()
    assert torch.isfinite(leaf.grad).all()
    assert (leaf.grad > 0).all()


@needs_weights
def test_no_pair_is_better_than_an_identical_one_and_none_leaves_the_range(name):
    picture = samples.picture(64, 72)
    low, high = visq.catalog.get(name).value_range
    metric = visq.metric(name)
    assert metric(picture, picture.copy()) == 0.0
    for other in (255 - picture, np.zeros_like(picture), picture[::-1], samples.noise(64, 72)):
        assert low < float(metric(other, picture)) <= high


def test_what_is_refused():
    with pytest.raises(OptionError, match="resize"):
        dists(*np.zeros((2, 64, 64, 3), np.uint8), resize="half")
    with pytest.raises(SizeError, match="16"):
        dists(*np.zeros((2, 15, 64, 3), np.uint8))
