"""The network of visq-nr in torch: moments against loops, folding, the read-out, what is trained."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.errors import OptionError

torch = pytest.importorskip("torch")

from visq import backbones  # noqa: E402
from visq.ops.arrays import Batch  # noqa: E402
from visq.systems.visq_nr import grid  # noqa: E402
from visq.systems.visq_nr.design import CHANNELS, SUBSCORES, TAPS, Design  # noqa: E402
from visq.systems.visq_nr.features import row_maker  # noqa: E402
from visq.systems.visq_nr.folding import folded  # noqa: E402
from visq.systems.visq_nr.network import Network, Readout, Trunk, network, pooled  # noqa: E402
from visq.systems.visq_nr.statistics import whole  # noqa: E402


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def made():
    return Network(Design(width=12), weights="random").eval()


def _tensor(*pictures):
    return torch.stack([torch.from_numpy(np.moveaxis(p, -1, 0).copy()) for p in pictures])


def _mean_of_cell(plane, ratio, row, column):
    """The trapezoid rule over a cell, position by position: those on a border count half, those outside not at all."""
    total = weight = 0.0
    for y in range(ratio * row - ratio // 2, ratio * row + ratio // 2 + 1):
        for x in range(ratio * column - ratio // 2, ratio * column + ratio // 2 + 1):
            if not (0 <= y < plane.shape[0] and 0 <= x < plane.shape[1]):
                continue
            share = 1.0
            for place, middle, last in ((y, row, plane.shape[0] - 1), (x, column, plane.shape[1] - 1)):
                ends = (max(0, ratio * middle - ratio // 2), min(last, ratio * middle + ratio // 2))
                share *= 0.5 if place in ends else 1.0
            total, weight = total + share * plane[y, x], weight + share
    return total / weight


@pytest.mark.parametrize("ratio", [2, 4, 16])
def test_cells_are_averaged_by_the_trapezoid_rule(ratio):
    plane = np.random.default_rng(ratio).random((2 * ratio + 1, 3 * ratio + 1))
    found = pooled(torch.from_numpy(plane)[None, None], ratio)[0, 0].numpy()
    wanted = [[_mean_of_cell(plane, ratio, i, j) for j in range(4)] for i in range(3)]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_statistics_are_those_of_the_responses_of_the_published_network(made):
    """On a picture that needs no extension, written from the taps of the backbone and the formula, in a loop."""
    picture = samples.picture(97, 65)
    trunk = backbones.create("efficientnet_lite0", weights="random")
    responses = trunk(trunk.normalise(_tensor(picture) / 255.0), TAPS)
    found = made.statistics(_tensor(picture))[0].numpy()
    count, place = sum(CHANNELS), 0
    down, across = (grid.weights(n, 1)[0] for n in picture.shape[:2])
    for tap, channels in zip(TAPS, CHANNELS, strict=True):
        values = responses[tap][0].double().numpy()
        for channel in (0, channels - 1):
            plane, ratio = values[channel], (values.shape[1] - 1) // 3
            moments = []
            for power in (1, 2):
                cell = [[_mean_of_cell(plane**power, ratio, i, j) for j in range(3)] for i in range(4)]
                moments.append(down @ np.array(cell) @ across / (97 * 65))
            spread = np.sqrt(moments[1] - moments[0] ** 2 + 1e-4)
            assert found[place + channel] == pytest.approx(moments[0], rel=1e-4, abs=1e-5)
            assert found[count + place + channel] == pytest.approx(spread, rel=1e-4)
        place += channels
    assert found.shape == (2 * 2 * count,)


def test_the_folded_trunk_gives_the_same_moments(made):
    trunk = Trunk("random")
    with torch.no_grad():  # normalisations that do something
        generator = torch.Generator().manual_seed(1)
        for module in trunk.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                for held in (module.weight, module.bias, module.running_mean, module.running_var):
                    held.add_(0.3 * torch.rand(held.shape, generator=generator))
    planes = 255 * torch.rand(1, 3, 65, 97, generator=generator)
    small = folded(trunk)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in small.modules())
    for one, two in zip(small(planes), trunk.eval()(planes), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4 * float(two.abs().max()))
    assert len(small(planes, 3)) == 3


def test_a_batch_gives_what_each_picture_gives(made):
    pictures = [samples.picture(70, 91), samples.noise(70, 91), samples.constant(70, 91, 200)]
    together = made(_tensor(*pictures))
    for n, picture in enumerate(pictures):
        for name, value in made(_tensor(picture)).items():
            torch.testing.assert_close(together[name][n : n + 1], value, rtol=1e-4, atol=1e-5)


def test_sub_scores_give_no_gradient_to_what_the_score_is_made_of():
    model = network({"width": 6, "weights": "random"}).train()
    images = _tensor(samples.picture(64, 64))
    found = model(images)
    sum(found[name].sum() for name in SUBSCORES).backward()
    assert model.readout.parts.weight.grad.abs().sum() > 0
    assert all(p.grad is None for p in model.trunk.parameters())
    model(images)["score"].sum().backward()
    assert model.trunk.network.conv_stem.weight.grad.abs().sum() > 0


def test_training_leaves_the_normalisations_alone():
    model = network({"width": 6, "weights": "random"}).train()
    before = {n: b.clone() for n, b in model.trunk.named_buffers()}
    model(_tensor(samples.picture(64, 64)))["score"].sum().backward()
    assert all(torch.equal(b, before[n]) for n, b in model.trunk.named_buffers())
    assert model.readout.hidden.weight.grad is not None


@pytest.mark.parametrize("engine", ["torch", "onnxruntime"])
def test_rows_of_a_feature_cache_are_the_statistics(engine):
    from visq.train.data.feature_extractors import computing

    pytest.importorskip("onnx")
    maker = row_maker(Design(native=3, half=1), weights="random", engine=engine)
    model = Network(Design(native=3, half=1), weights="random").eval()
    images = _tensor(samples.picture(70, 91), samples.noise(70, 91))
    with computing(maker):
        found = maker.rows(images / 255.0)
    torch.testing.assert_close(found, model.statistics(images), rtol=1e-4, atol=1e-4)
    assert len(maker.columns) == found.shape[1]
    assert str(maker.columns[17]) == "1/stage1/1/mean"
    assert maker.identity != row_maker(Design(native=3, half=2), weights="random", engine=engine).identity
    assert maker.identity == row_maker(Design(native=3, half=1, width=7), "random", engine=engine).identity


def test_mixed_precision_keeps_the_statistics_in_single(made):
    images = _tensor(samples.picture(97, 97))
    wanted = made.statistics(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = made.statistics(images)
    assert found.dtype == torch.float32
    # bfloat16 has 8 bits: a deviation out of moments of that precision would be off by its own size.
    assert float((found - wanted).abs().median() / wanted.abs().median()) < 0.02


def test_the_read_out_is_its_formula():
    design = Design(native=1, half=0, width=5)
    model = Readout(design).eval()
    rng = np.random.default_rng(0)
    given = torch.from_numpy(rng.normal(3.0, 2.0, (40, 32)).astype(np.float32))
    model.fit_scale(given)
    x = (given.numpy() - given.numpy().mean(0)) / given.numpy().std(0)
    w = {name: p.detach().numpy() for name, p in model.state_dict().items()}
    units = np.maximum(x @ w["hidden.weight"].T + w["hidden.bias"], 0)
    out = units @ w["score.weight"].T + w["score.bias"]
    found = model(given)
    np.testing.assert_allclose(found["score"].detach(), 1 / (1 + np.exp(-out[:, 0])), rtol=1e-4)
    np.testing.assert_allclose(found["log_scale"].detach(), out[:, 1], rtol=1e-3, atol=1e-5)
    parts = 1 / (1 + np.exp(-(x @ w["parts.weight"].T + w["parts.bias"])))
    np.testing.assert_allclose(torch.stack([found[n] for n in SUBSCORES], 1).detach(), parts, rtol=1e-4)


@pytest.mark.parametrize("options", [{"width": 0}, {"link": "linear"}, {"native": 3, "half": 7}, {"native": 0}])
def test_designs_have_as_many_statistics_as_they_say(options):
    model = Network(Design.of({"width": 4, **options}), weights="random").eval()
    visited = []
    batch = Batch(_tensor(samples.picture(64, 70)), 255.0, single=False)
    with torch.no_grad():
        statistics = whole(batch, model.design, model.trunk.run, lambda *given: visited.append(given[2].shape))
    assert visited == [(1, grid.cells(64), grid.cells(70), model.design.features)]
    assert statistics.shape == (1, model.design.features)
    assert model.readout(statistics)["score"].shape == (1,)


def test_options_that_there_are_none_of_are_refused():
    for wrong in ({"widht": 3}, {"native": 9}, {"native": 0, "half": 0}, {"dropout": 1.0}, {"link": "tanh"}):
        with pytest.raises(OptionError):
            Design.of(wrong)
