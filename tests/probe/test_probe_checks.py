"""The identities that a probe must keep, by the numbers its specification gives them (P1 to P8)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from probe_nets import KINDS, damaged, picture, rated, real, tiny
from visq.evaluate.correlation import spearman
from visq.probe import fit_relevance, made_pairs, run
from visq.probe.cache import Cache
from visq.probe.fitting import _METHODS, _slope, cross_validated, loss, rotations
from visq.probe.measuring import Work, measure
from visq.probe.reading import BY_NAME, DESCRIPTORS
from visq.probe.reductions import HEAD, REDUCTIONS, Bins, bins, gram, moments

PLAIN = [name for name, one in BY_NAME.items() if one.kind == "tap"]


@pytest.fixture(scope="module")
def pairs():
    return rated(contents=5)


def response(seed, channels=6, height=9, width=11):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.normal(size=(channels, height, width)).astype(np.float32))


def read_out(name, f, g):
    """One distance from two responses."""
    one = BY_NAME[name]
    reduction = REDUCTIONS[one.needs]
    return float(one.of(reduction.measure(reduction.prepare(f), f, g)[None])[0])


def test_p1_the_input_by_one_scale_orders_pairs_as_psnr_does(pairs):
    table = run(tiny(mean=0.45, std=0.22), layers="input", dataset=pairs, baselines=["psnr"], samples=0)
    [line] = table.where(layer="input")
    psnr = table.baseline("made", "psnr")
    assert abs(line.srcc - psnr.srcc) <= 1e-12
    # Baselines lie in the table turned round, so that all distances rise with damage.
    assert spearman(table.distances[line.key], -table.distances[psnr.key]) == -1.0


def test_p1_needs_the_single_scale(pairs):
    """The check can fail: a scale for each colour is another order."""
    scale = torch.tensor([0.1, 1.0, 3.0])[None, :, None, None]
    table = run(tiny(std=scale), layers="input", dataset=pairs, baselines=["psnr"], samples=0)
    assert table.rows[1].srcc != pytest.approx(table.rows[0].srcc, abs=1e-6)


@pytest.mark.parametrize("name", PLAIN)
def test_p2_identical_responses_are_at_distance_zero(name):
    assert read_out(name, response(0), response(0).clone()) == 0.0
    assert read_out(name, response(0), response(1)) > 0.0


def test_p2_identical_images_are_at_distance_zero_by_every_read_out():
    reference = [picture(i) for i in range(4) for _ in range(3)]
    images = [r if i % 3 == 0 else damaged(r, "noise", 2 * (i % 3), i) for i, r in enumerate(reference)]
    scores = [5.0 - i % 3 - 0.01 * i for i in range(12)]
    table = run(tiny(), readouts="all", dataset=made_pairs(reference, images, scores), samples=0)
    assert len({row.readout for row in table.rows}) == len(BY_NAME)
    for row in table.rows:
        assert (table.distances[row.key][::3] == 0.0).all(), row.key


@pytest.mark.parametrize("name", [name for name in PLAIN if name != "hist"])
def test_p3_distances_are_symmetric(name):
    there, back = read_out(name, response(0), response(1)), read_out(name, response(1), response(0))
    assert there == pytest.approx(back, rel=1e-6)


def test_p3_histograms_are_symmetric_where_the_bins_are_the_same():
    f, g = response(0), response(1)
    places = bins(f)
    there = np.linalg.norm(places.count(f) - places.count(g))
    assert there == np.linalg.norm(Bins(places.low, places.high).count(g) - places.count(f))
    assert read_out("hist", f, g) == float(there)


def test_p3_order_and_company_change_nothing(pairs):
    """Pictures go through the network one by one: bitwise the same whatever is measured beside them."""
    one = run(tiny(), readouts=("l2", "cosine", "gram"), dataset=pairs, samples=0)
    order = np.random.default_rng(0).permutation(len(pairs))[:40]
    turned = made_pairs(
        [pairs.pairs[i].reference for i in order], [pairs.pairs[i].image for i in order], pairs.scores[order],
        groups=pairs.groups[order], name="made",
    )  # fmt: skip
    other = run(tiny(), layers="relu2,pool3", readouts="gram,l2", dataset=turned, samples=0)
    for key, distances in other.distances.items():
        assert (distances == one.distances[key][order]).all()


def test_p4_concatenation_is_the_root_of_the_sum_of_squares(pairs):
    net = tiny()
    table = run(net, layers="relu1,relu2,pool3", readouts="l2,concat,concat(relu1+pool3)", dataset=pairs, samples=0)
    first = pairs.pairs[0]
    planes = [torch.from_numpy(p.transpose(2, 0, 1)[None] / np.float32(255)) for p in (first.reference, first.image)]
    f, g = (net.module(net.module.normalise(p), ["relu1", "relu2", "pool3"]) for p in planes)

    def joined(*taps):
        parts = [torch.cat([found[t].flatten().double() for t in taps]) for found in (f, g)]
        return float((parts[0] - parts[1]).norm())

    for last, taps in {"pool3": ("relu1", "relu2", "pool3"), "relu2": ("relu1", "relu2")}.items():
        found = table.distances["made", "tiny", last, "concat"][0]
        assert found == pytest.approx(joined(*taps), rel=1e-6)
    explicit = table.distances["made", "tiny", "pool3", "concat(relu1+pool3)"]
    assert explicit[0] == pytest.approx(joined("relu1", "pool3"), rel=1e-6)
    whole = sum(table.distances["made", "tiny", tap, "l2"] ** 2 for tap in ("relu1", "relu2", "pool3"))
    assert table.distances["made", "tiny", "pool3", "concat"] == pytest.approx(np.sqrt(whole), rel=1e-6)


@pytest.mark.parametrize("name", DESCRIPTORS)
def test_p5_descriptors_do_not_see_a_circular_shift(name):
    f = response(3)
    g = torch.roll(f, (2, 5), (1, 2))
    size = read_out(name, f, torch.zeros_like(f))
    assert read_out(name, f, g) <= 1e-6 * size
    assert read_out("l2", f, g) > 1.0


def test_p5_a_constant_response_has_no_deviation():
    flat = torch.full((4, 7, 5), 0.1)
    means, deviations = moments(flat)
    assert deviations.tolist() == [0.0] * 4
    assert means == pytest.approx([0.1] * 4, rel=1e-7)


def test_gram_is_that_of_the_definition_and_of_projections_beyond_512_channels():
    f = response(0, channels=5)
    a = f.flatten(1).double().numpy()
    expected = (a @ a.T / a.shape[1])[np.triu_indices(5)]
    assert gram(f).numpy() == pytest.approx(expected, rel=1e-5, abs=1e-6)
    assert gram(response(0, channels=513, height=3, width=3)).shape == (256 * 257 // 2,)


def test_read_outs_are_those_of_their_formulae():
    f, g = response(0), response(1)
    a, b = f.double().numpy(), g.double().numpy()
    d = np.abs(a - b)
    expected = {
        "l2": np.sqrt((d**2).sum()), "rms": np.sqrt((d**2).mean()), "minkowski_1": d.sum(),
        "minkowski_2": np.sqrt((d**2).sum()), "minkowski_4": (d**4).sum() ** 0.25,
        "cosine": 1 - (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum()),
        "lpips_style": ((a / np.sqrt((a * a).sum(0)) - b / np.sqrt((b * b).sum(0))) ** 2).sum(0).mean(),
        "stats_mean": np.linalg.norm(a.mean((1, 2)) - b.mean((1, 2))),
        "stats_std": np.linalg.norm(a.std((1, 2)) - b.std((1, 2))),
    }  # fmt: skip
    for name, value in expected.items():
        assert read_out(name, f, g) == pytest.approx(value, rel=1e-6), name


def test_l2_norm_divides_each_channel_by_its_mean_over_the_set(pairs):
    net = tiny()
    table = run(net, layers="relu2", readouts="l2_norm", dataset=pairs, samples=0)
    with Cache() as store:
        measure(net, pairs, ["relu2"], ["base"], store, Work())
        vectors, _, _ = store.vectors(net.identity, "relu2", "base", pairs.keys)
    D = vectors[:, HEAD:]
    D = D[:, D.mean(0) > 0]
    assert table.distances["made", "tiny", "relu2", "l2_norm"] == pytest.approx(np.sqrt((D / D.mean(0)).mean(1)))
    assert table.rows[0].transductive


@pytest.mark.parametrize("net", ["alexnet"])
def test_p6_distances_rise_with_the_level(net):
    opened = real(net)
    half = [tap for tap in opened.layers if 0 < opened.place(tap) <= 0.5]
    table = run(opened, layers=half, dataset=rated(contents=3, side=96), samples=0)
    for tap in half:
        steps = np.diff(table.distances["made", net, tap, "l2"].reshape(-1, 5), axis=1)
        assert steps.shape == (3 * len(KINDS), 4)
        assert (steps > 0).mean() >= 0.95, tap


@pytest.fixture(scope="module")
def measured():
    """A tap's D of 200 pairs of 10 contents."""
    net, pairs = tiny(), rated(contents=10)
    with Cache() as store:
        measure(net, pairs, ["relu2"], ["base"], store, Work())
        vectors, _, _ = store.vectors(net.identity, "relu2", "base", pairs.keys)
    return net, pairs, vectors[:, HEAD:]


def planted(pairs, D, seed=0):
    """An observer who looks at two channels alone: of those that respond to every content, the least plain ones."""
    rng = np.random.default_rng(seed)
    shares = np.stack([D[pairs.groups == group].sum(0) for group in pairs.contents])
    # What responds to one content only cannot be learned from the others.
    usual = np.flatnonzero(shares.max(0) < 0.3 * shares.sum(0))
    agreement = [spearman(D[:, c], D.sum(1)) for c in usual]
    w = np.zeros(D.shape[1])
    for c in usual[np.argsort(agreement)[:2]]:
        w[c] = 1 / D[:, c].mean()
    seen = np.sqrt(D @ w)
    return -seen + rng.normal(0, 0.1 * seen.std(), seen.size)


def with_scores(pairs, scores):
    return made_pairs(
        [p.reference for p in pairs.pairs], [p.image for p in pairs.pairs], scores, groups=pairs.groups, name="planted"
    )


def test_p7_fitted_relevance_finds_a_planted_observer(measured):
    net, pairs, D = measured
    weights, report = fit_relevance(net, "relu2", with_scores(pairs, planted(pairs, D)), samples=200)
    assert report.srcc >= 0.95
    assert report.gain >= 0.05
    assert report.interval[0] > 0
    assert report.gain == pytest.approx(report.srcc - report.plain, abs=1e-12)
    assert (weights >= 0).all()
    assert report.contents == 10


@pytest.mark.parametrize("method", ["relevance", "relevance_nnls", "relevance_greedy"])
def test_scores_of_the_tested_contents_have_no_part_in_the_weights(measured, method):
    """Bitwise: the lowest impairment of all lies among the tested pairs, and then the highest."""
    _, pairs, D = measured
    y = pairs.impairment
    seen, validation, test = rotations(pairs.groups)[0]
    expected = _METHODS[method](D, y, seen, validation)
    for other in (-1e3, 1e3):
        changed = np.where(test, other, y)
        found = _METHODS[method](D, changed, seen, validation)
        assert (found.weights == expected.weights).all()
        assert found.chosen == expected.chosen


def test_the_gradient_is_that_of_the_loss():
    """By central differences of the loss."""
    rng = np.random.default_rng(0)
    X, y, u = rng.uniform(0.1, 2, (30, 5)), rng.normal(size=30), rng.uniform(0.3, 2, (5, 2))
    penalty, step = np.array([0.0, 0.3]), 1e-6
    for c in range(5):
        move = np.zeros_like(u)
        move[c] = step
        expected = (loss(X, y, u + move, penalty) - loss(X, y, u - move, penalty)) / (2 * step)
        assert _slope(X, y, u, penalty)[c] == pytest.approx(expected, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("where", ["reference", "image"])
@pytest.mark.parametrize("name", list(REDUCTIONS))
def test_responses_that_are_not_finite_never_become_a_distance(name, where, value):
    reduction = REDUCTIONS[name]
    for turned in (False, True):
        pair = {"reference": response(0), "image": response(1)}
        pair[where][2, 3, 4] = value
        f, g = (r.permute(1, 2, 0).contiguous().permute(2, 0, 1) if turned else r for r in pair.values())
        with np.errstate(invalid="ignore"):
            assert not np.isfinite(reduction.measure(reduction.prepare(f), f, g)).all()


def test_p8_shuffled_scores_agree_with_nothing(measured):
    net, pairs, D = measured
    found, gains = [], []
    for seed in range(6):
        scores = np.random.default_rng(seed).permutation(pairs.scores)
        plain = np.sqrt(D.sum(1))
        fitted, _ = cross_validated(D, -scores, pairs.groups)
        found.append(abs(spearman(plain, -scores)))
        gains.append(spearman(fitted, -scores) - spearman(plain, -scores))
    assert np.mean(found) < 0.1
    # Two standard errors of the mean gain reach 0: nothing was learned.
    assert np.mean(gains) - 2 * np.std(gains, ddof=1) / np.sqrt(len(gains)) <= 0
    _, report = fit_relevance(
        net, "relu2", with_scores(pairs, np.random.default_rng(3).permutation(pairs.scores)), samples=500
    )
    assert report.interval[0] <= 0


def test_histograms_count_what_numpy_counts():
    f, g = response(0), response(1)
    places = bins(f)
    for c in range(f.shape[0]):
        values = np.clip(g[c].numpy().astype(np.float64), places.low[c], places.high[c])
        expected, _ = np.histogram(values, 16, (places.low[c], places.high[c]))
        assert places.count(g)[c] == pytest.approx(expected / values.size, abs=1e-12)
    flat = torch.full((1, 3, 3), 2.0)
    assert bins(flat).count(flat)[0].tolist() == [1.0, *[0.0] * 15]
    assert bins(flat).count(flat + 1)[0].tolist() == [*[0.0] * 15, 1.0]


@pytest.mark.parametrize("name", PLAIN)
def test_the_layout_in_memory_changes_nothing(name):
    f, g = response(0, 7), response(1, 7)
    turned = [r.permute(1, 2, 0).contiguous().permute(2, 0, 1) for r in (f, g)]
    assert not turned[0].is_contiguous()
    expected = read_out(name, f, g)
    exact = BY_NAME[name].needs in ("base", "stats", "hist")
    for pair in (turned, (f, turned[1])):
        found = read_out(name, *pair)
        assert found == expected if exact else found == pytest.approx(expected, rel=1e-6)
