"""LPIPS: the formula on made-up parameters, corners, gradients, maps, weights."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from made_up import heads, trunk, uniform  # noqa: E402

import visq  # noqa: E402
from shared_data import lacking  # noqa: E402
from visq.errors import OptionError, SizeError, WeightsError  # noqa: E402
from visq.systems import lpips as module  # noqa: E402
from visq.systems.feature_distances import Lpips  # noqa: E402
from visq.systems.lpips import lpips, min_side  # noqa: E402

SIDES = {"alex": (40, 52), "vgg": (24, 33), "squeeze": (33, 40)}
NEEDS = [pytest.param(n, marks=lacking(visq.catalog.get(f"lpips{n}"))) for n in ("", "_vgg")]


def judge(net, dtype=torch.float64):
    _, name, taps = module._NETS[net]
    backbone = trunk(name, dtype)
    return Lpips(backbone, taps, [h.to(dtype) for h in heads(backbone, taps)])


@pytest.fixture(scope="module", params=SIDES)
def net(request):
    return request.param


def _by_hand(found, x, y):
    """The formula in NumPy, tap by tap: maps before they are enlarged."""
    sides = [found.backbone(found.backbone.normalise(z), found.taps) for z in (x, y)]
    maps = []
    for i, tap in enumerate(found.taps):
        a, b = (s[tap].numpy() for s in sides)
        a, b = (f / (np.sqrt((f**2).sum(1, keepdims=True)) + 1e-10) for f in (a, b))
        maps.append((found.get_buffer(f"head{i}").numpy() * (a - b) ** 2).sum(1))
    return maps


def test_the_formula(net):
    found = judge(net)
    x, y = uniform(2, 3, *SIDES[net]), uniform(2, 3, *SIDES[net], seed=1)
    expected = sum(m.mean((1, 2)) for m in _by_hand(found, x, y))
    np.testing.assert_allclose(found(x, y).numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(found.compare(x, y).numpy(), expected, rtol=1e-12)


def test_the_map_is_the_sum_of_the_enlarged_maps_of_the_layers(net):
    found = judge(net)
    x, y = uniform(1, 3, *SIDES[net]), uniform(1, 3, *SIDES[net], seed=1)
    values, maps = found.compare_with_map(x, y)
    enlarge = torch.nn.Upsample(size=SIDES[net], mode="bilinear", align_corners=False)
    expected = sum(enlarge(torch.from_numpy(m)[:, None])[:, 0] for m in _by_hand(found, x, y))
    torch.testing.assert_close(maps, expected, rtol=1e-12, atol=0)
    assert torch.equal(values, found.compare(x, y))


def test_the_score_of_a_picture_is_the_same_bits_in_any_batch(net):
    found = judge(net, torch.float32)
    x, y = (uniform(3, 3, *SIDES[net], seed=s, dtype=torch.float32) for s in (0, 1))
    single = torch.cat([found.compare(x[i : i + 1], y[i : i + 1]) for i in range(3)])
    assert torch.equal(found.compare(x, y), single)
    assert torch.equal(found.compare(x.flip(0), y.flip(0)), single.flip(0))


def test_an_identical_pair_costs_nothing_and_pulls_nowhere(net):
    found = judge(net, torch.float32)
    x = uniform(1, 3, *SIDES[net], dtype=torch.float32)
    leaf = x.clone().requires_grad_()
    value = found.compare(leaf, x)
    value.backward()
    assert value.item() == 0.0
    assert float(leaf.grad.abs().max()) == 0.0


@pytest.mark.parametrize("level", [0.0, 0.485, 1.0])
def test_gradients_are_finite_where_features_are_all_zero(net, level):
    found = judge(net, torch.float32)
    # Every unit of the first tap is switched off: the length of its vectors is 0.
    first = next(m for m in found.backbone.modules() if isinstance(m, torch.nn.Conv2d))
    with torch.no_grad():
        first.bias -= 1e3
    leaf, other = (torch.full((1, 3, *SIDES[net]), v).requires_grad_() for v in (level, 0.3))
    value = found.compare(leaf, other)
    value.backward()
    assert torch.isfinite(value).all()
    assert torch.isfinite(leaf.grad).all()
    assert torch.isfinite(other.grad).all()


def test_gradients_are_the_slopes(net):
    found = judge(net)
    pair = [uniform(1, 3, *SIDES[net], seed=s).requires_grad_() for s in (0, 1)]
    assert torch.autograd.gradcheck(found.compare, pair, fast_mode=True, eps=1e-7, rtol=1e-3, atol=1e-5)


def test_the_shortest_side_leaves_every_layer_a_value(net):
    least = min_side(net)
    assert least == visq.catalog.get(module._NETS[net][0]).min_side
    found = judge(net, torch.float32)
    x, y = (uniform(1, 3, least, least, seed=s, dtype=torch.float32) for s in (0, 1))
    assert float(found.compare(x, y)) > 0
    with pytest.raises(SizeError):
        lpips(*np.zeros((2, least - 1, 64, 3), np.uint8), net=net)


def test_another_network_is_refused():
    with pytest.raises(OptionError, match="net"):
        lpips(*np.zeros((2, 64, 64, 3), np.uint8), net="resnet")


def test_missing_weights_say_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("VISQ_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("VISQ_CACHE", str(tmp_path))
    module.network.cache_clear()
    with pytest.raises(WeightsError, match=r"lpips_v0\.1_lin_squeeze\.pth is missing.*visq weights fetch"):
        lpips(*np.zeros((2, 64, 64, 3), np.uint8), net="squeeze")
    with pytest.raises(WeightsError, match=r"lin_alex\.pth is missing.*`visq weights fetch lpips_v0\.1_lin_alex\.pth`"):
        lpips(*np.zeros((2, 64, 64, 3), np.uint8))


@pytest.mark.parametrize("name", NEEDS)
def test_references_are_computed_once(name, monkeypatch):
    from visq.systems import references

    references.clear()
    net = "alex" if not name else "vgg"
    found = module.network(net, "cpu", torch.float32)
    calls = []
    forward = type(found.backbone).forward
    monkeypatch.setattr(type(found.backbone), "forward", lambda *a: calls.append(1) or forward(*a))
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4, 40, 40, 3), dtype=np.uint8)
    metric = visq.metric(f"lpips{name}")
    one_by_one = [float(metric(i, images[0])) for i in images]
    assert len(calls) == 5
    assert one_by_one[0] == 0.0
    assert metric(images, np.stack([images[0]] * 4)).tolist() == one_by_one
    assert len(calls) == 9


@pytest.mark.parametrize("name", NEEDS)
def test_inference_mode_first_and_gradients_later(name):
    module.network.cache_clear()
    x, y = (uniform(1, 3, 40, 40, seed=s, dtype=torch.float32) for s in (0, 1))
    metric = visq.metric(f"lpips{name}")
    with torch.inference_mode():
        before = float(metric(x, y))
    leaf = x.clone().requires_grad_()
    value = visq.loss(f"lpips{name}")(leaf, y)
    value.backward()
    assert value.item() == before
    assert float(leaf.grad.abs().max()) > 0
