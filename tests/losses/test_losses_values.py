"""Regression, correlation and norm-in-norm against loops written from their formulas."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest
from scipy.stats import pearsonr

torch = pytest.importorskip("torch")

from visq.losses.correlation import plcc, plcc_induced  # noqa: E402
from visq.losses.norm_in_norm import norm_in_norm  # noqa: E402
from visq.losses.regression import huber, l1, l2, smooth_l1  # noqa: E402

_SIZES = [2, 3, 17]


def _draw(n, seed=0):
    rng = np.random.default_rng(seed + n)
    return rng.normal(2, 3, n).tolist(), rng.normal(1, 2, n).tolist()


def _tensors(*lists):
    return [torch.tensor(values, dtype=torch.float64) for values in lists]


def _huber(d, delta):
    return d * d / 2 if abs(d) <= delta else delta * (abs(d) - delta / 2)


@pytest.mark.parametrize("n", [1, *_SIZES])
@pytest.mark.parametrize("bend", [0.3, 1.0, 4.0])
def test_regression(n, bend):
    p, y = _draw(n)
    tensors = _tensors(p, y)
    d = [a - b for a, b in zip(p, y, strict=True)]
    assert l1(*tensors).item() == pytest.approx(statistics.fmean(map(abs, d)), rel=1e-12)
    assert l2(*tensors).item() == pytest.approx(statistics.fmean(x * x for x in d), rel=1e-12)
    assert huber(*tensors, delta=bend).item() == pytest.approx(statistics.fmean(_huber(x, bend) for x in d), rel=1e-12)
    expected = statistics.fmean(_huber(x, bend) / bend for x in d)
    assert smooth_l1(*tensors, beta=bend).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n", _SIZES)
def test_plcc(n):
    p, y = _draw(n)
    r = statistics.correlation(p, y)
    assert plcc(*_tensors(p, y)).item() == pytest.approx(1 - r, rel=1e-12)
    assert plcc(*_tensors(p, y), half=True).item() == pytest.approx((1 - r) / 2, rel=1e-12)


def _loda(p, y):
    """The two parts as their program has them: values over their population standard deviation."""
    n = len(p)

    def standard(values):
        mean = math.fsum(values) / n
        deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / n)
        return [(v - mean) / (deviation + 1e-8) for v in values]

    a, b = standard(p), standard(y)
    first = math.fsum((x - t) ** 2 for x, t in zip(a, b, strict=True)) / n / 4
    rho = math.fsum(x * t for x, t in zip(a, b, strict=True)) / n
    second = math.fsum((rho * x - t) ** 2 for x, t in zip(a, b, strict=True)) / n / 4
    return (first + second) / 2


@pytest.mark.parametrize("n", _SIZES)
def test_plcc_induced_is_what_loda_minimises(n):
    """1e-7: their standard deviations have 1e-8 added."""
    p, y = _draw(n)
    r = pearsonr(p, y).statistic
    found = plcc_induced(*_tensors(p, y)).item()
    assert found == pytest.approx(_loda(p, y), abs=1e-7)
    assert found == pytest.approx((1 - r) * (3 + r) / 8, rel=1e-9)
    assert found == pytest.approx(norm_in_norm(*_tensors(p, y)).item(), rel=1e-9)


def test_plcc_induced_at_the_corners_of_the_correlation():
    y = torch.tensor([-1.0, 1.0, -1.0, 1.0], dtype=torch.float64)
    apart = torch.tensor([-1.0, -1.0, 1.0, 1.0], dtype=torch.float64)
    assert [plcc_induced(p, y).item() for p in (y, apart, -y)] == pytest.approx([0, 3 / 8, 1 / 2], abs=1e-12)


@pytest.mark.parametrize("loss", [plcc, plcc_induced, norm_in_norm])
def test_scale_and_offset_of_predictions_and_scores_change_nothing(loss):
    p, y = _tensors(*_draw(17))
    for q, t in ((7 * p - 100, y), (p, 0.01 * y + 5), (1e-3 * p + 2, 40 * y)):
        assert loss(q, t).item() == pytest.approx(loss(p, y).item(), rel=1e-9)


def test_an_inverted_start_is_left_by_plcc_but_not_by_the_induced_form():
    """The slope along -y: -1/2 times dr for the linear form, -(1 + r)/4 times dr, 0 at r = -1, for the other."""
    y = torch.tensor([0.1, 0.5, 0.2, 0.9, 0.6], dtype=torch.float64)
    noise = torch.tensor([0.1, -0.2, 0.3, 0.0, -0.2], dtype=torch.float64)
    slopes = {}
    for name, loss in (("linear", lambda p, t: plcc(p, t, half=True)), ("induced", plcc_induced)):
        p = (noise * 1e-3 - y).requires_grad_()
        loss(p, y).backward()
        slopes[name] = p.grad.norm().item()
    r = pearsonr((noise * 1e-3 - y).numpy(), y.numpy()).statistic
    # Both are r's own slope times a number: 1/2 and (1 + r)/4.
    assert slopes["induced"] / slopes["linear"] == pytest.approx((1 + r) / 2, rel=1e-6)
    assert slopes["induced"] < 1e-5 * slopes["linear"]


def test_equal_predictions_are_led_towards_the_scores():
    y = torch.tensor([0.1, 0.5, 0.2, 0.9])
    for value in (0.0, 0.3, 250.0):
        p = torch.full((4,), value, requires_grad=True)
        cost = plcc(p, y)
        cost.backward()
        assert cost.item() == pytest.approx(1, abs=0.01)
        assert pearsonr(-p.grad.numpy(), y.numpy()).statistic > 0.999
        assert p.grad.abs().max() <= 1e6


def test_one_level_among_large_values_is_not_taken_for_equal():
    """A spread of 1 about 1e5 is 1e-5 of it, ten times what counts as flat."""
    y = torch.tensor([1.0, 2.0, 3.0, 4.0])
    assert plcc(y + 1e5, y).item() == pytest.approx(0, abs=1e-3)


def _norm_in_norm(x, y, p, q, share):
    n = len(x)

    def brought_to_one(values):
        mean = math.fsum(values) / n
        norm = math.fsum(abs(v - mean) ** q for v in values) ** (1 / q)
        return [(v - mean) / norm for v in values]

    u, v = brought_to_one(x), brought_to_one(y)
    cosine = math.fsum(a * b for a, b in zip(u, v, strict=True))
    cosine /= math.sqrt(math.fsum(a * a for a in u) * math.fsum(b * b for b in v))
    largest = 2 ** max(1, 1 / q) * n ** max(0, 1 / p - 1 / q)

    def part(factor):
        norm = math.fsum(abs(factor * a - b) ** p for a, b in zip(u, v, strict=True)) ** (1 / p)
        return (norm / largest) ** p

    return share * part(1) + (1 - share) * part(cosine)


@pytest.mark.parametrize("n", _SIZES)
@pytest.mark.parametrize(("p", "q"), [(2, 2), (1, 2), (2, 1), (1, 1), (1.5, 3), (4, 2)])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_norm_in_norm(n, p, q, share):
    x, y = _draw(n)
    found = norm_in_norm(*_tensors(x, y), p=p, q=q, share=share).item()
    assert found == pytest.approx(_norm_in_norm(x, y, p, q, share), rel=1e-9, abs=1e-12)
    assert 0 <= found <= 1


@pytest.mark.parametrize("n", _SIZES)
def test_norm_in_norm_of_order_two_is_pearson(n):
    """(1 - r)/2 and (1 - r^2)/4, r by SciPy."""
    x, y = _draw(n)
    r = pearsonr(x, y).statistic
    tensors = _tensors(x, y)
    assert norm_in_norm(*tensors, share=1.0).item() == pytest.approx((1 - r) / 2, abs=1e-12)
    assert norm_in_norm(*tensors, share=0.0).item() == pytest.approx((1 - r * r) / 4, abs=1e-12)


@pytest.mark.parametrize(("p", "q"), [(1, 2), (2, 2), (1, 1)])
def test_norm_in_norm_reaches_its_bound_where_two_items_are_upside_down(p, q):
    y = torch.tensor([0.0, 1.0], dtype=torch.float64)
    assert norm_in_norm(-y, y, p=p, q=q, share=1.0).item() == pytest.approx(1, rel=1e-12)
