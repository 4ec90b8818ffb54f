"""Losses of pairs and triplets against loops written from their formulas, and the specifications' worked values."""

from __future__ import annotations

import itertools
import math
import statistics

import numpy as np
import pytest
from scipy.stats import norm

torch = pytest.importorskip("torch")

from visq.errors import InputError, OptionError  # noqa: E402
from visq.losses.ordering import below_reference, ordered  # noqa: E402
from visq.losses.rank_gradient import rank_gradient  # noqa: E402
from visq.losses.ranking import fidelity, margin_rank, ranknet  # noqa: E402
from visq.losses.triplet import margin_triplet, relative_triplet  # noqa: E402

_GROUPS = [0, 0, 1, 1, 0, 1, 0, 0, 1]


def _draw(n=9, seed=0):
    """Scores of a few levels, so that there are ties."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, 1, n).tolist(), (rng.integers(0, 5, n) / 4).tolist()


def _tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def _pairs(y, within, groups):
    """Ordered pairs of which the first is the better one."""
    for i, j in itertools.permutations(range(len(y)), 2):
        if y[i] > y[j] and (within is None or y[i] - y[j] < within) and (groups is None or groups[i] == groups[j]):
            yield i, j


@pytest.mark.parametrize("groups", [None, _GROUPS])
@pytest.mark.parametrize("within", [None, 0.6])
@pytest.mark.parametrize("seed", [0, 1])
def test_pairs(groups, within, seed):
    p, y = _draw(seed=seed)
    chosen = list(_pairs(y, within, groups))
    keys = {"within": within, "groups": None if groups is None else torch.tensor(groups)}
    tensors = _tensor(p), _tensor(y)

    hinge = [max(0, 0.1 + 0.5 * (y[i] - y[j]) - (p[i] - p[j])) for i, j in chosen]
    found = margin_rank(*tensors, margin=0.1, slope=0.5, **keys).item()
    assert found == pytest.approx(statistics.fmean(hinge), rel=1e-12)

    logistic = [math.log(1 + math.exp(-(p[i] - p[j]) / 0.4)) for i, j in chosen]
    found = ranknet(*tensors, temperature=0.4, **keys).item()
    assert found == pytest.approx(statistics.fmean(logistic), rel=1e-12)

    hard = [1 - math.sqrt(norm.cdf((p[i] - p[j]) / (math.sqrt(2) * 0.7))) for i, j in chosen]
    found = fidelity(*tensors, spread=0.7, **keys).item()
    assert found == pytest.approx(statistics.fmean(hard), rel=1e-12)


def test_fidelity_with_the_spread_of_the_scores():
    """Each pair once, ties with P = 1/2 among them."""
    p, y = _draw()
    s = np.random.default_rng(5).uniform(0.1, 0.6, len(y)).tolist()
    costs = []
    for i, j in itertools.combinations(range(len(y)), 2):
        wanted = norm.cdf((y[i] - y[j]) / math.sqrt(s[i] ** 2 + s[j] ** 2))
        found = norm.cdf((p[i] - p[j]) / math.sqrt(2))
        costs.append(1 - math.sqrt(wanted * found) - math.sqrt((1 - wanted) * (1 - found)))
    found = fidelity(_tensor(p), _tensor(y), std=_tensor(s)).item()
    assert found == pytest.approx(statistics.fmean(costs), rel=1e-9)


def test_fidelity_of_scores_without_spread_is_that_of_certain_orders():
    p, y = torch.rand(6, dtype=torch.float64), torch.arange(6, dtype=torch.float64)
    assert fidelity(p, y, std=torch.zeros(6)).item() == pytest.approx(fidelity(p, y).item(), rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("far", [5.0, 40.0, 1e3, 1e20])
def test_fidelity_of_pairs_that_are_far_apart_stays_finite(dtype, far):
    y = torch.tensor([0.0, 1.0], dtype=dtype)
    for sign, cost in ((1, 0.0), (-1, 1.0)):
        p = (sign * far * y).requires_grad_()
        found = fidelity(p, y)
        found.backward()
        assert found.item() == pytest.approx(cost, abs=0.02)
        assert torch.isfinite(p.grad).all()


def test_the_worked_example_of_hard_pairs():
    """CenseoQoE: y = (.2, .5, .9), p = (.5, .2, .9), threshold .35: only the first pair is hard, and costs .3."""
    p, y = _tensor([0.5, 0.2, 0.9]), _tensor([0.2, 0.5, 0.9])
    assert margin_rank(p, y, margin=0.0, within=0.35).item() == pytest.approx(0.3, rel=1e-12)
    assert margin_rank(p, y, margin=0.0, slope=1.0, within=0.35).item() == pytest.approx(0.6, rel=1e-12)
    assert margin_rank(y, y, margin=0.0).item() == 0


@pytest.mark.parametrize("loss", [margin_rank, ranknet, fidelity, rank_gradient])
def test_equal_scores_cost_nothing(loss):
    p = torch.rand(5, requires_grad=True)
    cost = loss(p, torch.ones(5))
    cost.backward()
    assert cost == 0
    assert (p.grad == 0).all()


def test_groups_whose_numbers_a_float_cannot_hold_are_kept_apart():
    label = torch.tensor([2**60, 2**60 + 1])
    assert margin_rank(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]), groups=label) == 0
    with pytest.raises(InputError, match="groups takes one value an item"):
        margin_rank(torch.ones(2), torch.ones(2), groups=label[:1])


@pytest.mark.parametrize(("p", "cost"), [((1, 2, 3), 0), ((3, 2, 1), 9.7771), ((2, 1, 3), 2.4442), ((1, 1, 1), 0)])
def test_the_worked_values_of_reqa(p, cost):
    """Four digits as printed there."""
    predictions = _tensor(p).requires_grad_()
    found = rank_gradient(predictions, _tensor([10, 20, 30]))
    found.backward()
    assert found.item() == pytest.approx(cost, abs=5e-5)
    assert (cost > 0) == bool((predictions.grad != 0).any())


@pytest.mark.parametrize("stable", [False, True])
def test_rank_gradient(stable):
    p, y = _draw()
    total = 0.0
    for i, j in itertools.product(range(len(p)), repeat=2):
        dp, dy = p[i] - p[j], y[i] - y[j]
        z = max(0, -dp * dy)
        total += z / (abs(dp) + 1e-4) + z / (abs(dy) + 1e-4)
    found = rank_gradient(_tensor(p), _tensor(y), stable=stable).item()
    assert found == pytest.approx(total / len(p) ** 2, rel=1e-12)


def test_the_slope_of_a_near_tie():
    """REQA: 1.8e4 as published; 10 at most where it is held."""
    y, steep = _tensor([10, 20, 30]), {}
    for stable in (False, True):
        p = _tensor([1.00001, 1, 3]).requires_grad_()
        rank_gradient(p, y, stable=stable).backward()
        steep[stable] = p.grad.abs().max().item()
    assert steep[False] == pytest.approx(1.8e4, rel=0.05)
    assert 0 < steep[True] <= 10


def test_a_held_slope_is_the_published_one_where_that_is_not_steep():
    p, y = _draw()
    slopes = []
    for stable in (False, True):
        predictions = (_tensor(p) * 10).requires_grad_()
        rank_gradient(predictions, _tensor(y), stable=stable).backward()
        slopes.append(predictions.grad)
    assert torch.allclose(*slopes, rtol=1e-9)


def test_ordered_levels():
    p, _ = _draw()
    levels = [0, 1, 2, 0, 3, 2, 5, 4, 1]
    better = list(_pairs([-level for level in levels], None, _GROUPS))
    expected = statistics.fmean(max(0, 0.05 + 0.01 * (levels[j] - levels[i]) - (p[i] - p[j])) for i, j in better)
    groups = torch.tensor(_GROUPS)
    level = torch.tensor(levels, dtype=torch.uint8)
    found = ordered(_tensor(p), level, margin=0.05, slope=0.01, groups=groups)
    assert found.item() == pytest.approx(expected, rel=1e-12)

    near = [(i, j) for i, j in better if levels[j] - levels[i] == 1]
    expected = statistics.fmean(math.log1p(math.exp(-(p[i] - p[j]))) for i, j in near)
    found = ordered(_tensor(p), level, form="logistic", within=1.5, groups=groups)
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_falling_ladders_cost_nothing_and_others_are_turned():
    level, ladder = torch.tensor([0, 1, 2, 3, 4, 5]), torch.linspace(1, 0, 6)
    assert ordered(ladder, level, margin=0.1) == 0
    p = ladder.flip(0).requires_grad_()
    ordered(p, level).backward()
    assert p.grad[0] < 0 < p.grad[-1]  # descent raises the untouched picture and lowers the worst


def test_below_the_reference():
    q, r, y = [0.5, 0.98, 0.7], [0.9, 0.95, 0.6], [0.2, 0.95, 0.5]
    costs = [max(0, a - b + 0.05) for a, b in zip(q, r, strict=True)]
    assert below_reference(_tensor(q), _tensor(r)).item() == pytest.approx(statistics.fmean(costs), rel=1e-12)
    found = below_reference(_tensor(q), _tensor(r), scores=_tensor(y)).item()
    assert found == pytest.approx((costs[0] + costs[2]) / 2, rel=1e-12)
    assert below_reference(_tensor(q), _tensor(r), scores=torch.ones(3)).item() == 0


def test_the_worked_values_of_tres():
    """0 for predictions that are the scores, 40 for equal ones, 0 too upside down."""
    y = _tensor([30, 10, 40, 20])
    assert [relative_triplet(p, y).item() for p in (y, torch.ones(4, dtype=torch.float64), 50 - y)] == [0, 40, 0]


@pytest.mark.parametrize("seed", range(4))
def test_relative_triplet(seed):
    p, y = _draw(seed=seed)
    # Python's sort is stable too.
    (pw, yw), (pw2, yw2), *_, (pb2, yb2), (pb, yb) = sorted(zip(p, y, strict=True), key=lambda item: item[1])
    low = max(0, abs(pw - pw2) - abs(pw - pb) + (yb - yw2))
    high = max(0, abs(pb - pb2) - abs(pb - pw) + (yb2 - yw))
    assert relative_triplet(_tensor(p), _tensor(y)).item() == pytest.approx(low + high, rel=1e-12)


@pytest.mark.parametrize(("over", "dims"), [("last", 1), ("flat", 3)])
def test_margin_triplet(over, dims):
    a, p, n = np.random.default_rng(2).normal(size=(3, 4, 2, 3, 5))
    axes = tuple(range(-dims, 0))
    near, far = (np.sqrt(((a - other) ** 2).sum(axes)) for other in (p, n))
    found = margin_triplet(*map(torch.from_numpy, (a, p, n)), margin=0.5, over=over).item()
    assert found == pytest.approx(np.maximum(0, near - far + 0.5).mean(), rel=1e-12)
    with pytest.raises(InputError, match="no features of one shape"):
        margin_triplet(*map(torch.from_numpy, (a, p, n[:2])))
    with pytest.raises(OptionError, match="over"):
        margin_triplet(*map(torch.from_numpy, (a, p, n)), over="first")
