"""DeepWSD's parts: preparation, grouping, the distance of a stage; and what the functions promise."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq import catalog
from visq.errors import OptionError, SizeError
from visq.systems.deepwsd.preparation import least_side, plan, prepare

torch = pytest.importorskip("torch")

from small_vgg import small_vgg, tensor  # noqa: E402

from visq.systems.deepwsd import LATER, ORIGINAL, Variant, deepwsd, deepwsd2024, deepwsd_parts  # noqa: E402
from visq.systems.deepwsd.grouping import fit, group, whole_windows  # noqa: E402
from visq.systems.deepwsd.network import DeepWSD, DeepWSDGraph  # noqa: E402
from visq.systems.deepwsd.transport import stage, stage_graph  # noqa: E402
from visq.systems.deepwsd.variants import score  # noqa: E402

THREE = Variant("small", "", ("relu1_2", "relu2_2", "relu3_2"), "transport", None, False, None)


@pytest.fixture(scope="module")
def network():
    return small_vgg((8, 12, 16), (2, 2, 2), pooling="l2", dtype=torch.float64)


# Preparation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "resized", "factor", "window"),
    [
        ((384, 512), (384, 512), 2, 4),  # not above 512
        ((384, 513), (256, 256), 1, 4),
        ((512, 768), (256, 256), 1, 4),
        ((999, 40), (256, 256), 1, 4),
        ((1000, 600), (1000, 600), 4, 4),
        ((384, 384), (384, 384), 2, 4),  # 1.5 is rounded to the even 2
        ((640, 640), (256, 256), 1, 4),
        ((1152, 1152), (1152, 1152), 4, 4),  # 4.5 too
        ((1153, 1153), (1153, 1153), 5, 16),
        ((1080, 1920), (1080, 1920), 8, 16),
    ],
    ids=str,
)
def test_pictures_are_prepared_by_their_longer_side(size, resized, factor, window):
    found = plan(size, resize=True)
    assert (found.size, found.factor, found.window) == (resized, factor, window)


def test_without_the_loader_only_blocks_are_averaged():
    assert plan((512, 768), resize=False).factor == 3
    x = np.random.default_rng(0).random((1, 3, 515, 770))
    steps = plan((515, 770), resize=False, window=8)
    found = prepare(x, steps, integer=True)
    assert found.shape == (1, 3, 171, 256)
    np.testing.assert_allclose(found[0, 1, 170, 255], x[0, 1, 510:513, 765:768].mean())
    theirs = torch.nn.functional.avg_pool2d(torch.from_numpy(x), 3)
    np.testing.assert_allclose(found, theirs.numpy(), atol=1e-12)
    np.testing.assert_allclose(prepare(torch.from_numpy(x), steps, integer=True).numpy(), found, atol=1e-12)


@pytest.mark.parametrize("window", [4, 8, 16])
def test_the_least_side_is_the_one_that_leaves_a_window(window):
    least = least_side(window)
    for side, there in ((least, True), (least - 1, False)):
        # Four poolings, each of which rounds up.
        assert (round(-(-side // 16) / window) > 0) == there


def test_a_window_of_another_size_is_a_wrong_option():
    spec = catalog.get("deepwsd")
    for given in (5, "5", 0):
        with pytest.raises(OptionError, match=r"deepwsd: window cannot be \d; expected 4 or 8 or 16"):
            catalog.check_options(spec, {"window": given})
    found = [catalog.check_options(spec, {"window": given})["window"] for given in (None, "none", 4, "16")]
    assert found == [None, None, 4, 16]


def test_long_and_thin_pictures_are_refused_with_the_side_they_need():
    with pytest.raises(SizeError, match="at least 645 pixels"):
        plan((200, 1200), resize=True)
    with pytest.raises(SizeError, match="at least 132"):
        plan((131, 1100), resize=True)
    assert plan((132, 1100), resize=True).pooled == (33, 275)


# Grouping ----------------------------------------------------------------------------------------------------


def test_whole_windows_are_those_of_pythons_round():
    for window in (4, 8, 16):
        assert [whole_windows(n, window) for n in range(1, 200)] == [round(n / window) * window for n in range(1, 200)]


def test_stages_are_padded_on_the_left_and_at_the_bottom_or_cropped_there():
    x = torch.arange(1.0, 5 * 7 + 1).reshape(1, 5, 7)
    found = fit(x, 4)
    assert found.shape == (1, 4, 8)
    assert not found[0, :, 0].any()
    torch.testing.assert_close(found[0, :, 1:], x[0, :4])
    assert fit(torch.ones(1, 7, 5), 4)[0].tolist() == [[1.0] * 4] * 7 + [[0.0] * 4]
    assert fit(x[:, :4, :4], 4).shape == (1, 4, 4)


def test_the_released_grouping_takes_values_that_lie_far_apart():
    c, h, w = 6, 8, 12
    found = group(torch.arange(c * h * w).reshape(c, h, w), 4, "released")
    m = c * h * w // 16
    assert found.shape == (16, m)
    assert found[:, 0].tolist() == [i * m for i in range(16)]
    assert found[:, m - 1].tolist() == [i * m + m - 1 for i in range(16)]


def test_the_window_grouping_takes_windows():
    c, h, w = 6, 8, 12
    x = torch.arange(c * h * w).reshape(c, h, w)
    found = group(x, 4, "window")
    assert found.shape == (16, c * 6)
    assert found[:, 0].tolist() == x[0, :4, :4].flatten().tolist()
    assert found[:, 1].tolist() == x[0, :4, 4:8].flatten().tolist()
    assert found[:, 3].tolist() == x[0, 4:, :4].flatten().tolist()
    assert found[:, -1].tolist() == x[5, 4:, 8:].flatten().tolist()
    for grouping in ("released", "window"):
        batch = group(torch.stack([x, x + 1]), 4, grouping)
        torch.testing.assert_close(batch[1], group(x + 1, 4, grouping))


# The distance of a stage ---------------------------------------------------------------------------------------


def _vectors(n=16, m=25, seed=0):
    rng = np.random.default_rng(seed)
    return [np.maximum(rng.normal(0.3, 1.0, (n, m)), 0.0) for _ in range(2)]


def _written_out(x, y, distances):
    """The sums over the vectors, one by one."""
    moved = weighted = 0.0
    for a, b, w in zip(x.T, y.T, distances, strict=True):
        moved += w
        weighted += np.exp(1 / (2 * (w + 10))) / (w + 10) ** 2 * ((a - b) ** 2).sum()
    return moved, weighted


def _transport(x, y):
    """Of unnormalised masses, by the quantiles of both on a fine grid of mass."""
    found = []
    a, b = (v**2 / (v.sum() + 1e-6) for v in (x, y))
    for p, q in zip(a.T, b.T, strict=True):
        above = np.cumsum(p), np.cumsum(q)
        levels = np.sort(np.concatenate([[0.0], *above]))
        middle = (levels[1:] + levels[:-1]) / 2
        i, j = (np.minimum(np.searchsorted(s, middle), len(p) - 1) for s in above)
        found.append((np.diff(levels) * (i - j) ** 2).sum())
    return found


def test_the_stage_of_2022_is_the_formula():
    x, y = _vectors()
    found = [float(v) for v in stage(torch.from_numpy(x), torch.from_numpy(y))]
    np.testing.assert_allclose(found, _written_out(x, y, _transport(x, y)), rtol=1e-12)
    assert found[0] > 0


def test_the_divergences_are_scipys():
    from scipy.spatial.distance import jensenshannon
    from scipy.special import softmax
    from scipy.stats import entropy

    x, y = _vectors(64)
    p, q = softmax(x, 0), softmax(y, 0)
    wanted = {
        "jsd": jensenshannon(p, q, axis=0) ** 2,  # SciPy gives its root
        "skld": 0.5 * (entropy(p, q, axis=0) + entropy(q, p, axis=0)),
    }
    for measure, distances in wanted.items():
        found = [float(v) for v in stage(torch.from_numpy(x), torch.from_numpy(y), measure)]
        np.testing.assert_allclose(found, _written_out(x, y, distances), rtol=1e-10)


@pytest.mark.parametrize("measure", list(LATER))
def test_equal_stages_have_no_distance_and_large_features_a_finite_one(measure):
    x, y = (torch.from_numpy(1e4 * v) for v in _vectors(64))
    assert [float(v) for v in stage(x, x.clone(), measure)] == [0.0, 0.0]
    assert all(torch.isfinite(v) and v > 0 for v in stage(x, y, measure))
    for first, second in ((x, y), (x, x.clone())):
        leaf = first.clone().requires_grad_()
        sum(stage(leaf, second, measure)).backward()
        assert torch.isfinite(leaf.grad).all()


@pytest.mark.parametrize("measure", list(LATER))
def test_pieces_and_graphs_are_the_stage(measure, monkeypatch):
    from visq.systems.deepwsd import transport

    x, y = (torch.from_numpy(v) for v in _vectors(16, 100))
    whole = torch.stack(stage(x, y, measure))
    monkeypatch.setattr(transport, "_PIECE", 16 * 7)
    torch.testing.assert_close(torch.stack(stage(x, y, measure)), whole, rtol=1e-12, atol=1e-14)
    batch = torch.stack(stage_graph(torch.stack([x, y]), torch.stack([y, y]), measure))
    torch.testing.assert_close(batch[:, 0], whole, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(batch[:, 1], torch.zeros(2, dtype=torch.float64), rtol=0, atol=1e-12)


# The whole -----------------------------------------------------------------------------------------------------


def _pair(dtype=torch.float64, height=41, width=53):
    reference = samples.picture(height, width)
    return tensor(samples.noisy(reference, 12), dtype), tensor(reference, dtype)


@pytest.mark.parametrize("grouping", ["released", "window"])
def test_the_module_puts_the_stages_together(network, grouping):
    x, y = _pair()
    judge = DeepWSD(network, THREE, grouping=grouping, logarithm=False)
    wanted = 0.0
    for pair in zip(judge.features(x), judge.features(y), strict=True):
        a, b = (np.asarray(group(fit(v[0], 4), 4, grouping)) for v in pair)
        wanted += sum(_written_out(a, b, _transport(a, b))) / 4
    assert float(judge(x, y)) == pytest.approx(wanted, rel=1e-10)
    for factor, power in ((1, 1), (2, 2), (5, 2)):
        found = float(DeepWSD(network, THREE, grouping=grouping, factor=factor)(x, y))
        assert found == pytest.approx(np.log1p(wanted) ** power, rel=1e-10)


@pytest.mark.parametrize("measure", list(LATER))
def test_the_forms_of_2024_take_means_and_a_fourth_root(network, measure):
    import dataclasses

    x, y = _pair(height=70, width=90)
    variant = dataclasses.replace(LATER[measure], taps=THREE.taps)
    judge = DeepWSD(network, variant)
    assert judge.window == 8
    wanted = 0.0
    for pair in zip(judge.features(x), judge.features(y), strict=True):
        a, b = (group(fit(v[0], 8), 8, "released") for v in pair)
        wanted += float(sum(stage(a, b, measure))) / a.shape[1] / 4
    assert float(judge(x, y)) == pytest.approx(np.log1p(wanted) ** 0.25, rel=1e-10)
    graph = DeepWSDGraph(network, variant)(torch.cat([x, y]), torch.cat([y, y]))
    assert float(graph[0][0]) == pytest.approx(float(judge(x, y)), rel=1e-9)
    assert float(graph[1][0]) == pytest.approx(wanted, rel=1e-9)


def test_scores_are_those_of_arrays_too():
    for factor in (1, 3):
        for variant in (ORIGINAL, *LATER.values()):
            values = np.array([0.0, 1e-9, 0.5, 1e4])
            np.testing.assert_allclose(
                score(values, variant, factor), score(torch.from_numpy(values), variant, factor).numpy(), rtol=1e-12
            )


@pytest.mark.parametrize("variant", [THREE, *LATER.values()], ids=lambda v: v.entry)
def test_gradients(network, variant):
    """The slope of the score, and finite ones where the formula has corners."""
    import dataclasses

    variant = dataclasses.replace(variant, taps=THREE.taps)
    judge = DeepWSD(network, variant)
    x, y = _pair(height=33, width=40) if variant is THREE else _pair(height=65, width=70)
    assert torch.autograd.gradcheck(
        judge, (x.requires_grad_(), y.requires_grad_()), fast_mode=True, atol=1e-4, rtol=1e-3
    )
    black = torch.zeros_like(y)
    for image, reference in ((y, y), (black, y), (y, black), (black, black), (0 * y + 1, y)):
        leaf, other = (v.detach().clone().requires_grad_() for v in (image, reference))
        judge(leaf, other).sum().backward()
        assert torch.isfinite(leaf.grad).all()
        assert torch.isfinite(other.grad).all()


def test_an_identical_pair_and_the_other_way_round(network):
    x, y = _pair(torch.float32)
    single = small_vgg((8, 12, 16), (2, 2, 2), pooling="l2")
    for grouping in ("released", "window"):
        judge = DeepWSD(single, THREE, grouping=grouping)
        assert float(judge(y, y.clone())) == 0.0
        assert float(judge(x, y)) == pytest.approx(float(judge(y, x)), rel=1e-6)
        assert judge(x, y).dtype == torch.float32


def test_stages_of_a_reference_are_computed_once(network):
    x, y = _pair(height=40, width=44)
    judge = DeepWSD(network, THREE)
    calls = []
    handle = network.features[0].register_forward_hook(lambda *_: calls.append(1))
    try:
        found = judge.compare(torch.cat([x, y, x]), y.expand(3, -1, -1, -1))
    finally:
        handle.remove()
    assert len(calls) == 4
    torch.testing.assert_close(found, judge(torch.cat([x, y, x]), y.expand(3, -1, -1, -1)))
    assert found[0] == found[2] != found[1] == 0


def test_parts_add_up(network):
    image, reference = (np.asarray(v[0].permute(1, 2, 0)) for v in _pair())
    parts = deepwsd_parts(image, reference, variant=THREE, backbone=network)
    assert parts.transport.shape == parts.errors.shape == (4,)
    total = float((parts.transport + parts.errors).mean())
    x, y = _pair()
    assert total == pytest.approx(float(DeepWSD(network, THREE, logarithm=False)(x, y)), rel=1e-9)


def test_wrong_options_are_refused():
    image = samples.picture(70, 70)
    for function, options in (
        (deepwsd, {"grouping": "none"}),
        (deepwsd, {"window": 5}),
        (deepwsd2024, {"grouping": "none"}),
        (deepwsd2024, {"measure": "kld"}),
    ):
        with pytest.raises(OptionError, match=next(iter(options))):
            function(image, image, **options)
    with pytest.raises(SizeError, match="at least 33x33"):
        deepwsd(image[:32], image[:32])
    with pytest.raises(SizeError, match="at least 65x65"):
        deepwsd2024(image[:64], image[:64])
    with pytest.raises(SizeError, match="at least 129x129"):
        deepwsd(image, image, window=16)


def test_the_loader_resizes_files_as_pillow_does():
    """Above 512 pixels: the score is that of the pictures which Pillow makes of them."""
    from PIL import Image

    network = small_vgg((4, 4, 4, 4, 4), (2, 2, 3, 3, 3), pooling="l2")
    reference = samples.picture(300, 530)
    image = samples.noisy(reference, 10)
    small = [np.asarray(Image.fromarray(p).resize((256, 256), Image.Resampling.BILINEAR)) for p in (image, reference)]
    wide = [p.astype(np.uint16) * 257 for p in (image, reference)]
    found = deepwsd_parts(image, reference, backbone=network).errors
    for others in (small, wide):
        np.testing.assert_allclose(deepwsd_parts(*others, backbone=network).errors, found, rtol=1e-5)
    whole = deepwsd_parts(image, reference, backbone=network, resize=False).errors
    assert abs(whole.sum() / found.sum() - 1) > 0.1
