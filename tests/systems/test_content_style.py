"""Content and style distance: the formulae on made-up parameters, options, gradients."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from made_up import trunk, uniform  # noqa: E402

import visq  # noqa: E402
from shared_data import lacking  # noqa: E402
from visq.errors import OptionError, SizeError  # noqa: E402
from visq.systems.content_style import content, style  # noqa: E402
from visq.systems.feature_distances import Content, Style  # noqa: E402

SIZE = (20, 27)
KINDS = {"content": Content, "style": Style}
FUNCTIONS = {"content": content, "style": style}


@pytest.fixture(scope="module", params=["max", "average"])
def backbone(request):
    return trunk(pooling=request.param)


def _by_hand(kind, backbone, layer, norm, unit, x, y):
    found = []
    for z in (x, y):
        f = backbone(backbone.normalise(z), layer)[layer].numpy()
        if unit:
            f = f / (np.sqrt((f**2).sum(1, keepdims=True)) + 1e-10)
        if kind == "style":
            flat = f.reshape(*f.shape[:2], -1)
            f = np.einsum("nci,ndi->ncd", flat, flat)[:, None]
        found.append(f)
    apart = np.abs(found[0] - found[1]) ** (2 if norm == "mse" else 1)
    return apart.mean((2, 3)).sum(1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("norm", ["mse", "mae"])
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("layer", ["relu1_2", "relu3_3"])
def test_the_formula(backbone, kind, norm, unit, layer):
    judge = KINDS[kind](backbone, (layer,), norm, unit)
    x, y = uniform(2, 3, *SIZE), uniform(2, 3, *SIZE, seed=1)
    expected = _by_hand(kind, backbone, layer, norm, unit, x, y)
    np.testing.assert_allclose(judge(x, y).numpy(), expected, rtol=1e-10)
    np.testing.assert_allclose(judge.compare(x, y).numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("norm", ["mse", "mae"])
def test_an_identical_pair_costs_nothing_and_pulls_nowhere(backbone, kind, norm):
    judge = KINDS[kind](backbone, ("relu3_3",), norm, True)
    x = uniform(1, 3, *SIZE)
    leaf = x.clone().requires_grad_()
    value = judge.compare(leaf, x)
    value.backward()
    assert value.item() == 0.0
    assert float(leaf.grad.abs().max()) == 0.0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unit", [False, True])
def test_gradients_are_the_slopes(backbone, kind, unit):
    judge = KINDS[kind](backbone, ("relu2_2",), "mse", unit)
    pair = [uniform(1, 3, 9, 10, seed=s).requires_grad_() for s in (0, 1)]
    assert torch.autograd.gradcheck(judge.compare, pair, fast_mode=True, eps=1e-7, rtol=1e-3, atol=1e-4)


def test_style_does_not_see_where_things_are_and_content_does():
    """One layer deep and with the picture rolled, nothing changes but at the border."""
    backbone = trunk()
    x = uniform(1, 3, 64, 64)
    rolled = x.roll((7, 11), (2, 3))
    other = uniform(1, 3, 64, 64, seed=1) ** 3
    for kind, smaller in (("style", True), ("content", False)):
        judge = KINDS[kind](backbone, ("relu1_1",))
        ratio = float(judge.compare(rolled, x) / judge.compare(other, x))
        assert (ratio < 0.05) == smaller, kind


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_refused(kind):
    function = FUNCTIONS[kind]
    images = np.zeros((2, 64, 64, 3), np.uint8)
    for wrong in ({"layer": "pool3"}, {"layer": "input"}, {"distance": "l3"}, {"pooling": "l2"}):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            function(*images, **wrong)
    with pytest.raises(SizeError, match="4"):
        function(*images[:, :3])
    with pytest.raises(SizeError, match="16"):
        function(*images[:, :15], layer="relu5_1")


@pytest.mark.parametrize("kind", [pytest.param(k, marks=lacking(visq.catalog.get(k))) for k in KINDS])
def test_options_change_the_score_and_its_identity(kind):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    found = {}
    for options in ({}, {"layer": "relu4_2"}, {"distance": "mae"}, {"pooling": "average"}, {"unit": True}):
        metric = visq.metric(kind, **options)
        found[metric.identity] = float(metric(x, y))
    assert len(set(found.values())) == len(found) == 5
