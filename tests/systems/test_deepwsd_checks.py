"""DeepWSD as a whole: identity, order, symmetry and recovery, with random weights and with VGG-16's own.

The authors' scores are in `tests/golden/deepwsd.toml`.
"""

from __future__ import annotations

import numpy as np
import pytest

import samples
from shared_data import lacking
from visq import catalog

torch = pytest.importorskip("torch")

from small_vgg import psnr, small_vgg, tensor  # noqa: E402

from visq import backbones  # noqa: E402
from visq.systems.deepwsd import LATER, ORIGINAL, Variant, deepwsd, deepwsd_parts  # noqa: E402
from visq.systems.deepwsd.network import DeepWSD  # noqa: E402

_PUBLIC = pytest.param("public", marks=lacking(catalog.get("deepwsd")))

LEVELS = {
    "noise": lambda p: [samples.noisy(p, s) for s in (5, 10, 20, 40, 80)],
    "blur": lambda p: [samples.blurred(p, s) for s in (0.5, 1, 2, 3, 5)],
    "jpeg": lambda p: [samples.jpeg(p, q) for q in (90, 70, 40, 20, 8)],
}


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _network(name, weights):
    return backbones.shared(name, weights=weights, pooling="l2")


# An identical pair.
@pytest.mark.parametrize("grouping", ["released", "window"])
@pytest.mark.parametrize("variant", [ORIGINAL, *LATER.values()], ids=lambda v: v.entry)
def test_an_identical_pair_is_exactly_zero(variant, grouping):
    x = tensor(samples.picture(70, 66))
    judge = DeepWSD(_network(variant.backbone, "random"), variant, grouping=grouping)
    assert float(judge(x, x.clone())) == 0.0
    black = torch.zeros_like(x)
    assert float(judge(black, black.clone())) == 0.0
    assert torch.isfinite(judge(black, x)).all()


# Every level of damage is worse than the one before, and so is either part of the distance.
@pytest.mark.parametrize("weights", ["random", _PUBLIC])
@pytest.mark.parametrize("damage", list(LEVELS))
def test_the_distance_and_both_its_parts_rise_with_the_damage(damage, weights):
    reference = samples.picture(64, 64)
    network = _network("vgg16", weights)
    moved, weighted = [], []
    for image in LEVELS[damage](reference):
        parts = deepwsd_parts(image, reference, backbone=network)
        moved.append(parts.transport.sum())
        weighted.append(parts.errors.sum())
    assert moved[0] > 0
    assert np.all(np.diff(moved) > 0), moved
    assert np.all(np.diff(weighted) > 0), weighted


@pytest.mark.parametrize("variant", [v for k, v in LATER.items() if k != "transport"], ids=lambda v: v.entry)
def test_the_siblings_rise_with_noise(variant):
    reference = samples.picture(80, 80)
    network = small_vgg((16, 32, 48, 64, 64), (2, 2, 4, 4, 4), pooling="l2")
    moved = [
        deepwsd_parts(image, reference, variant=variant, backbone=network).transport.sum()
        for image in LEVELS["noise"](reference)
    ]
    assert np.all(np.diff(moved) > 0), moved


# The other way round.
@pytest.mark.parametrize("weights", ["random", _PUBLIC])
def test_it_is_symmetric(weights):
    y = samples.picture(72, 90)
    x, y = tensor(samples.blurred(y, 1.5)), tensor(y)
    for grouping in ("released", "window"):
        judge = DeepWSD(_network("vgg16", weights), ORIGINAL, grouping=grouping)
        assert float(judge(x, y)) == pytest.approx(float(judge(y, x)), rel=1e-6)


# A picture is recovered from white by descending the distance.
@pytest.mark.slow
def test_a_picture_is_recovered():
    network = small_vgg((32, 64, 128), (2, 2, 3), pooling="l2")
    variant = Variant("small", "", ("relu1_2", "relu2_2", "relu3_3"), "transport", None, False, None)
    judge = DeepWSD(network, variant, logarithm=False)
    reference = tensor(samples.picture(48, 48))
    image = torch.ones_like(reference, requires_grad=True)
    optimiser = torch.optim.Adam([image], lr=1e-2)
    distances = []
    for _ in range(300):
        optimiser.zero_grad()
        distance = judge(image, reference)
        distance.sum().backward()
        assert torch.isfinite(image.grad).all()
        optimiser.step()
        with torch.no_grad():
            image.clamp_(0, 1)
        distances.append(float(distance.detach()))
    assert distances[0] / distances[-1] >= 50
    assert psnr(image.detach(), reference) >= 30


@pytest.mark.parametrize("_", [_PUBLIC])
def test_doubles_and_batches_agree(_):
    reference = samples.picture(40, 46)
    images = [samples.noisy(reference, s) for s in (3, 30)]
    singles = [deepwsd(i, reference) for i in images]
    np.testing.assert_allclose(deepwsd(np.stack(images), np.stack([reference] * 2)), singles, rtol=1e-6)
    assert deepwsd(images[0] / 255, reference / 255) == pytest.approx(singles[0], rel=1e-5)
