"""LPIPS, DISTS, content and style against lpips and piq themselves, both with the same made-up parameters."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest

torch = pytest.importorskip("torch")

from torchvision_here import library  # noqa: E402
from visq import backbones  # noqa: E402
from visq.systems import lpips as lpips_module  # noqa: E402
from visq.systems.dists import CHANNELS, TAPS, sized  # noqa: E402
from visq.systems.feature_distances import Content, Dists, Lpips, Style  # noqa: E402

SIZES = ((64, 80), (75, 97))
POOLINGS = ("max", "average", "l2")


def _pair(size, batch=2):
    generator = torch.Generator().manual_seed(1)
    reference = torch.rand(batch, 3, *size, generator=generator, dtype=torch.float64)
    noise = 0.2 * torch.randn(reference.shape, generator=generator, dtype=torch.float64)
    return (reference + noise).clamp(0, 1), reference


def _random(*shape, seed=5):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# The authors' package ----------------------------------------------------------------------------------------


def _trunk_alone(make):
    """torchvision's network without its classifier, most of whose numbers would only be drawn to be thrown away."""

    def build(**_):
        with torch.device("meta"):
            network = make()
        return SimpleNamespace(features=network.features.to_empty(device="cpu"))

    return build


@pytest.fixture(scope="module", params=["alex", "vgg", "squeeze"])
def both(request):
    """Our LPIPS and theirs, with one network, and a random network and random heads in both."""
    lpips = library("lpips")
    models = pytest.importorskip("torchvision.models")
    with pytest.MonkeyPatch.context() as patch:
        for network in ("alexnet", "vgg16", "squeezenet1_1"):
            patch.setattr(models, network, _trunk_alone(getattr(models, network)))
        return _both(lpips, request.param)


def _both(lpips, kind):
    _, name, taps = lpips_module._NETS[kind]
    trunk = backbones.create(name, weights="random", seed=3).double()
    channels = dict(zip(trunk.spec.taps, trunk.spec.channels, strict=True))
    heads = [_random(1, channels[tap], 1, 1, seed=i) for i, tap in enumerate(taps)]
    theirs = {}
    for spatial in (False, True):
        net = lpips.LPIPS(net=kind, pretrained=False, pnet_rand=True, spatial=spatial, verbose=False).double()
        state = trunk.state_dict()
        # `slice2.3.weight` there is `features.3.weight` of torchvision, and here.
        net.net.load_state_dict({k: state["features." + k.partition(".")[2]] for k in net.net.state_dict()})
        for lin, head in zip(net.lins, heads, strict=True):
            lin.model[-1].weight.data = head.clone()
        theirs[spatial] = net.eval()
    return Lpips(trunk, taps, heads), theirs


@pytest.mark.filterwarnings("ignore")  # torchvision's about its own arguments
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_lpips(both, size):
    ours, theirs = both
    x, y = _pair(size)
    with torch.no_grad():
        expected = theirs[False](2 * x - 1, 2 * y - 1)[:, 0, 0, 0]
        # Measured 2e-8: it scales colours in numbers of single precision.
        torch.testing.assert_close(ours.compare(x, y), expected, rtol=1e-6, atol=0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_map_of_lpips(both, size):
    ours, theirs = both
    x, y = _pair(size)
    with torch.no_grad():
        _, maps = ours.compare_with_map(x, y)
        torch.testing.assert_close(maps, theirs[True](2 * x - 1, 2 * y - 1)[:, 0], rtol=1e-5, atol=1e-8)


# piq ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trunks():
    """VGG-16 with one set of random parameters, pooled in three ways."""
    options = {"weights": "random", "seed": 3}
    return {pooling: backbones.create("vgg16", pooling=pooling, **options).double() for pooling in POOLINGS}


@pytest.fixture
def piq(monkeypatch, trunks):
    """The library, its VGG-16 replaced by a random one and its downloads by random heads, and those heads."""
    loaded = library("piq")
    perceptual = pytest.importorskip("piq.perceptual")
    trunk = trunks["max"]
    monkeypatch.setattr(perceptual, "vgg16", lambda **_: SimpleNamespace(features=copy.deepcopy(trunk.features)))
    alpha, beta = (_random(1, CHANNELS, 1, 1, seed=s) for s in (7, 8))
    # It does not divide by their sum, as the authors' program does: its file sums to 1.
    total = alpha.sum() + beta.sum()
    found = {"alpha": alpha / total, "beta": beta / total}
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda *_, **__: found)
    return loaded, found


@pytest.mark.parametrize("size", [*SIZES, (260, 300)], ids=str)
def test_dists(piq, trunks, size):
    loaded, found = piq
    x, y = _pair(size, batch=1)
    with torch.no_grad():
        expected = loaded.DISTS(reduction="none")(x, y)
        ours = Dists(trunks["l2"], TAPS, found["alpha"], found["beta"]).compare(*(sized(z, "piq") for z in (x, y)))
    torch.testing.assert_close(ours, expected.reshape(-1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("norm", ["mse", "mae"])
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_content_and_style(piq, trunks, norm, unit, pooling):
    loaded, _ = piq
    x, y = _pair(SIZES[1])
    layer = "relu3_3" if norm == "mse" else "relu2_2"
    for ours, theirs in ((Content, loaded.ContentLoss), (Style, loaded.StyleLoss)):
        judge = theirs(
            layers=(layer,), distance=norm, normalize_features=unit, replace_pooling=pooling == "average",
            reduction="none",
        )  # fmt: skip
        with torch.no_grad():
            expected = judge(x, y)
            torch.testing.assert_close(
                ours(trunks[pooling], (layer,), norm, unit).compare(x, y), expected, rtol=1e-6, atol=0
            )
