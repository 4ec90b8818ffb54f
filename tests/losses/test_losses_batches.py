"""Batch KL, tolerance, distributions, learned variances, consistency: loops and the specifications' worked values."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from scipy.stats import norm, wasserstein_distance

torch = pytest.importorskip("torch")

from visq.errors import InputError, OptionError  # noqa: E402
from visq.losses.batch_kl import batch_kl  # noqa: E402
from visq.losses.consistency import consistency  # noqa: E402
from visq.losses.distribution import cross_entropy, emd, histogram  # noqa: E402
from visq.losses.tolerance import WEIGHTS, curriculum, tolerance  # noqa: E402
from visq.losses.uncertainty import gaussian_nll, uncertainty_weighted  # noqa: E402


def _tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def _softmax(values):
    top = max(values)
    powers = [math.exp(v - top) for v in values]
    return [power / sum(powers) for power in powers]


def _divergence(wanted, found):
    return math.fsum(a * math.log(a / b) for a, b in zip(wanted, found, strict=True))


@pytest.mark.parametrize("tau", [0.1, 0.3, 1.0])
def test_batch_kl(tau):
    p, y = np.random.default_rng(0).random((2, 16)).tolist()
    expected = _divergence(_softmax([v / tau for v in y]), _softmax([v / tau for v in p]))
    assert batch_kl(_tensor(p), _tensor(y), tau=tau).item() == pytest.approx(expected, rel=1e-9)

    rows = []
    for i in range(16):
        wanted, found = (_softmax([abs(v[i] - v[j]) / tau for j in range(16)]) for v in (y, p))
        rows.append(_divergence(wanted, found))
    found = batch_kl(_tensor(p), _tensor(y), tau=tau, pairwise_abs=True).item()
    assert found == pytest.approx(statistics.fmean(rows), rel=1e-9)


def test_batch_kl_is_that_of_the_relative_distances():
    """Row by row of the signed differences: every row is the distribution of the batch."""
    p, y = np.random.default_rng(1).random((2, 9)).tolist()
    whole = batch_kl(_tensor(p), _tensor(y)).item()
    for i in range(9):
        wanted, found = (_softmax([(v[j] - v[i]) / 0.1 for j in range(9)]) for v in (y, p))
        assert _divergence(wanted, found) == pytest.approx(whole, rel=1e-9)


def test_what_gsn_states_of_the_divergence():
    """0 for y + c, above 0 for 2y, above 1 for -y at tau 0.1; 7.7 there on a batch of 16, once."""
    costs = []
    for seed in range(20):
        y = torch.rand(16, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        assert abs(batch_kl(y + 3, y).item()) < 1e-9
        assert batch_kl(2 * y, y).item() > 0
        assert abs(batch_kl(-y, y, pairwise_abs=True).item()) < 1e-9
        costs.append(batch_kl(-y, y).item())
    assert min(costs) > 1
    assert min(costs) < 7.7 < max(costs)


@pytest.mark.parametrize("tau", [0.2, 1.0])
def test_for_small_residuals_it_is_their_variance(tau):
    """Var_P(e) / (2 tau^2), to second order: residuals of a thousandth leave a part of a hundredth."""
    y, e = np.random.default_rng(2).random((2, 16))
    e = 1e-3 * e
    weight = np.array(_softmax((y / tau).tolist()))
    variance = np.sum(weight * e**2) - np.sum(weight * e) ** 2
    found = batch_kl(_tensor(y + e), _tensor(y), tau=tau).item()
    assert found == pytest.approx(variance / (2 * tau**2), rel=0.01)


def test_labels_come_first():
    """KL(P || Q), not KL(Q || P): a peak of P that Q misses costs more than one of Q that P has not."""
    y, p = _tensor([0.0, 0.0, 1.0]), _tensor([0.0, 0.0, 0.0])
    assert batch_kl(p, y).item() == pytest.approx(math.log(3), rel=1e-2)  # P is on one of three
    assert batch_kl(y, p).item() == pytest.approx(10 * 2 / 3 - math.log(3), rel=1e-2)


def test_the_worked_value_of_the_tolerance():
    """REQA: y = 50, p = (54, 52, 50.5), weights C: (0 + 0 + 1.5 * 0.5) / 3 = 0.25."""
    p, y = _tensor([[54, 52, 50.5]]), _tensor([50])
    assert tolerance(p, y).item() == 0.25
    assert tolerance(p, y, weights=(0.5, 1.0, 1.5)).item() == 0.25
    assert tolerance(p, y, weights="A").item() == pytest.approx(0.5 * 0.5 / 3, rel=1e-12)


def test_tolerance():
    rng = np.random.default_rng(3)
    p, y = rng.normal(50, 6, (5, 3)).tolist(), rng.normal(50, 6, 5).tolist()
    for name, weights in WEIGHTS.items():
        costs = [
            w * max(0, abs(one - score) - t)
            for row, score in zip(p, y, strict=True)
            for one, w, t in zip(row, weights, (5, 2.5, 0), strict=True)
        ]
        assert tolerance(_tensor(p), _tensor(y), weights=name).item() == pytest.approx(sum(costs) / 15, rel=1e-12)


def test_tolerances_of_scores_in_0_to_1():
    p, y = _tensor([[0.54, 0.52, 0.505]]), _tensor([0.5])
    found = tolerance(p, y, thresholds=(0.05, 0.025, 0)).item()
    assert found == pytest.approx(0.0025, rel=1e-9)


@pytest.mark.parametrize(
    ("options", "kind"),
    [({"thresholds": (5, 0)}, InputError), ({"weights": (1, 2)}, InputError), ({"weights": "D"}, OptionError),
     ({"thresholds": 5}, OptionError), ({"weights": (1, -1, 1)}, OptionError)],
)  # fmt: skip
def test_levels_that_do_not_fit(options, kind):
    with pytest.raises(kind, match=next(iter(options))):
        tolerance(torch.ones(2, 3), torch.ones(2), **options)


def test_the_curriculum_tightens():
    assert [curriculum(epoch) for epoch in range(30)] == ["A"] * 11 + ["B"] * 10 + ["C"] * 9
    assert curriculum(3, switches=(1, 2)) == "C"


def _votes(rng, n=6, grades=10):
    values = rng.random((n, grades)) ** 3
    return values / values.sum(1, keepdims=True)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.5])
def test_emd(order):
    rng = np.random.default_rng(4)
    y, logits = _votes(rng), rng.normal(size=(6, 10))
    costs = []
    for row, votes in zip(logits.tolist(), y.tolist(), strict=True):
        shares = _softmax(row)
        apart = [abs(sum(shares[: k + 1]) - sum(votes[: k + 1])) ** order for k in range(10)]
        costs.append((sum(apart) / 10) ** (1 / order))
    assert emd(_tensor(logits), _tensor(y), order=order).item() == pytest.approx(statistics.fmean(costs), rel=1e-9)
    shares = torch.softmax(_tensor(logits), 1)
    assert emd(shares, _tensor(y), order=order, logits=False).item() == pytest.approx(statistics.fmean(costs), rel=1e-9)


def test_emd_of_order_one_is_the_transport_of_scipy():
    """SciPy moves mass over grades one apart; here the way is divided by the number of grades."""
    y, p = _votes(np.random.default_rng(5), 2)
    grades = np.arange(10)
    found = emd(_tensor([p.tolist()]), _tensor([y.tolist()]), order=1.0, logits=False).item()
    assert found == pytest.approx(wasserstein_distance(grades, grades, p, y) / 10, rel=1e-9)


def test_cross_entropy():
    rng = np.random.default_rng(6)
    y, logits = _votes(rng), rng.normal(size=(6, 10))
    costs = [
        -sum(t * math.log(s) for t, s in zip(votes, _softmax(row), strict=True))
        for row, votes in zip(logits.tolist(), y.tolist(), strict=True)
    ]
    assert cross_entropy(_tensor(logits), _tensor(y)).item() == pytest.approx(statistics.fmean(costs), rel=1e-12)
    found = cross_entropy(torch.softmax(_tensor(logits), 1), _tensor(y), logits=False).item()
    assert found == pytest.approx(statistics.fmean(costs), rel=1e-12)


def test_probabilities_of_nothing_have_a_finite_gradient():
    p = torch.tensor([[0.0, 1.0]], requires_grad=True)
    for loss in (emd, cross_entropy):
        cost = loss(p, torch.tensor([[0.5, 0.5]]), logits=False)
        cost.backward()
        assert torch.isfinite(cost)
        assert torch.isfinite(p.grad).all()


@pytest.mark.parametrize("loss", [emd, cross_entropy])
@pytest.mark.parametrize("votes", [[[3.0, 5.0]], [[-0.1, 1.1]], [[float("nan"), 1.0]]])
def test_what_is_no_distribution_of_votes(loss, votes):
    with pytest.raises(InputError, match="no distributions of votes"):
        loss(torch.zeros(1, 2), torch.tensor(votes))


def test_a_histogram_from_mean_and_spread():
    found = histogram(_tensor([3.0, 1.2]), _tensor([0.8, 0.5])).tolist()
    for row, mean, std in zip(found, (3.0, 1.2), (0.8, 0.5), strict=True):
        density = [norm.pdf(k, mean, std) for k in range(1, 6)]
        assert row == pytest.approx([d / sum(density) for d in density], rel=1e-9)
    assert histogram(_tensor([50.0]), _tensor([5.0]), low=0, high=100, grades=11).argmax() == 5
    with pytest.raises(InputError, match="std"):
        histogram(_tensor([3.0]), _tensor([0.0]))
    with pytest.raises(OptionError, match="grades"):
        histogram(_tensor([3.0]), _tensor([1.0]), grades=2.5)


@pytest.mark.parametrize("one", [False, True])
def test_gaussian_nll(one):
    rng = np.random.default_rng(7)
    p, y, s = rng.normal(size=(3, 8))
    s = np.full(8, s[0]) if one else s
    given = _tensor(s[0]) if one else _tensor(s)
    expected = -norm.logpdf(y, p, np.exp(s / 2)).mean()
    assert gaussian_nll(_tensor(p), _tensor(y), given, full=True).item() == pytest.approx(expected, rel=1e-12)
    found = gaussian_nll(_tensor(p), _tensor(y), given).item()
    assert found == pytest.approx(expected - math.log(2 * math.pi) / 2, rel=1e-12)
    with pytest.raises(InputError, match="log_variance"):
        gaussian_nll(_tensor(p), _tensor(y), torch.zeros(3))


def test_the_least_is_where_the_variance_is_the_squared_error():
    """4K-BIQA: e^s = m, reached by descent from 0."""
    m = 0.37
    s = torch.zeros((), dtype=torch.float64, requires_grad=True)
    for _ in range(300):
        (slope,) = torch.autograd.grad(uncertainty_weighted(_tensor(m), s, regression=True), s)
        s = (s - 0.5 * slope).detach().requires_grad_()
    assert math.exp(s.item()) == pytest.approx(m, rel=1e-6)


def test_tasks_weighted_by_uncertainty():
    """1/2 exp(-a) MSE + exp(-b) CE + (a + b)/2."""
    rng = np.random.default_rng(8)
    p, y = rng.normal(size=(2, 8))
    a, b, ce = 0.4, -0.7, 0.9
    mse = float(np.mean((p - y) ** 2))
    expected = math.exp(-a) * mse / 2 + math.exp(-b) * ce + (a + b) / 2
    first = uncertainty_weighted(_tensor(mse), _tensor(a), regression=True)
    assert (first + uncertainty_weighted(_tensor(ce), _tensor(b))).item() == pytest.approx(expected, rel=1e-12)
    assert first.item() == pytest.approx(gaussian_nll(_tensor(p), _tensor(y), _tensor(a)).item(), rel=1e-12)


@pytest.mark.parametrize("start", [-9.0, 9.0])
def test_a_variance_beyond_its_limit_counts_as_the_limit_and_can_come_back(start):
    s = torch.tensor(start, requires_grad=True)
    cost = uncertainty_weighted(torch.tensor(1.0), s)
    cost.backward()
    inside = math.copysign(5, start)
    assert cost.item() == pytest.approx(math.exp(-inside) + inside / 2, rel=1e-6)
    assert s.grad.item() == pytest.approx(0.5 - math.exp(-inside), rel=1e-6)
    assert (s.grad > 0) == (start > 0)  # descent leads back


@pytest.mark.parametrize("squared", [False, True])
def test_consistency(squared):
    a, b = np.random.default_rng(9).normal(size=(2, 3, 4))
    first, second = (torch.from_numpy(v).requires_grad_() for v in (a, b))
    expected = np.mean((a - b) ** 2) if squared else np.mean(np.abs(a - b))
    cost = consistency(first, second, squared=squared)
    cost.backward()
    assert cost.item() == pytest.approx(expected, rel=1e-12)
    assert second.grad is None
    whole = first.grad.clone()
    first.grad = None
    both = consistency(first, second, squared=squared, mutual=True)
    both.backward()
    assert both.item() == pytest.approx(expected, rel=1e-12)
    assert torch.allclose(first.grad, whole / 2)
    assert torch.allclose(second.grad, -whole / 2)


def test_consistency_of_two_costs():
    """TReS compares the ranking terms of a picture and of its mirror image: two single numbers."""
    assert consistency(torch.tensor(3.0), torch.tensor(5.0), mutual=True).item() == 2
