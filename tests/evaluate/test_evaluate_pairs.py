"""Different or similar, better or worse; and two-alternative choices."""

from __future__ import annotations

import math

import numpy as np
import pytest

from visq.errors import InputError
from visq.evaluate import compare_pairs, pair_analysis, pair_outcomes, pairs, two_alternative


def _vmaf_example():
    """All 16 ordered pairs of four stimuli, with themselves, as vmaf's test builds them; |z| > 2 is different."""
    votes = np.random.RandomState(1).normal(0, 1.0, [4, 10]) + np.array([[1], [2], [3], [4]])
    mean, error = votes.mean(1), votes.var(1, ddof=1) / 10
    z = (mean[:, None] - mean) / np.sqrt(error[:, None] + error)
    outcome = np.where(np.abs(z) > 2, np.sign(z), 0).astype(int).ravel()
    return outcome, [(np.subtract.outer(p, p)).ravel() for p in (np.array([1.0, 2, 3, 4]), np.array([3.0, 1, 2, 4]))]


def test_printed_by_vmaf():
    """python/test/perf_metric_test.py of vmaf, test_auc_perf_multiple_metrics: 6 digits, p-values 8."""
    outcome, (a, b) = _vmaf_example()
    found = pairs.compare(a, b, outcome)
    for analysis, expected in [(found.a, (0.9375, 1.0, 1.0, 1.0)), (found.b, (0.6250, 0.8125, 0.75, 2.0))]:
        values = (analysis.auc_different, analysis.auc_better, analysis.correct, analysis.threshold)
        assert values == pytest.approx(expected, abs=5e-7)
    assert found.p_different == pytest.approx(0.02746864, abs=5e-9)
    assert found.p_better == pytest.approx(0.06136883, abs=5e-9)
    assert found.p_correct == pytest.approx(0.03250944, abs=5e-9)


def test_outcomes_by_hand():
    # sqrt(2) 0.5 / sqrt(25) = 0.1414; Phi(z) >= 0.95 from z = 1.645: 0.2326.
    first, second, outcome = pair_outcomes([3.0, 3.2, 3.25], std=0.5, votes=25)
    assert list(zip(first.tolist(), second.tolist(), outcome.tolist(), strict=True)) == [
        (0, 1, 0),
        (0, 2, -1),
        (1, 2, 0),
    ]
    turned = pair_outcomes([3.0, 3.2, 3.25], std=0.5, votes=25, scores_lower_is_better=True)[2]
    assert turned.tolist() == [0, 1, 0]
    certain = pair_outcomes([3.0, 3.0, 3.1], std=0.0, votes=5)[2]
    assert certain.tolist() == [0, -1, -1]


def _study(n=40, seed=0):
    rng = np.random.default_rng(seed)
    mos = rng.uniform(1, 5, n)
    return mos, rng.uniform(0.4, 0.9, n), rng.integers(15, 30, n), mos + rng.normal(0, 0.4, n), rng.normal(size=n)


def test_areas_against_counting():
    """The area is the share of (different, similar) couples in the right order; counted one by one."""
    mos, std, votes, good, _ = _study()
    first, second, outcome = pair_outcomes(mos, std, votes)
    found = pair_analysis(good, mos, std, votes)
    size = np.abs(good[first] - good[second])
    apart, alike = size[outcome != 0], size[outcome == 0]
    assert found.auc_different == pytest.approx((apart[:, None] > alike).mean(), abs=1e-12)
    right = ((good[first] - good[second]) * outcome)[outcome != 0]
    assert found.auc_better == pytest.approx((right[:, None] > -right).mean(), abs=1e-12)
    assert found.correct == pytest.approx((right > 0).mean(), abs=1e-12)
    assert found.pairs == 40 * 39 // 2
    assert not found.drawn


def test_good_and_useless_metrics():
    mos, std, votes, good, noise = _study(60)
    found = compare_pairs(good, noise, mos, std, votes)
    assert found.a.auc_better > 0.95
    assert abs(found.b.auc_better - 0.5) < 0.15
    assert found.p_better < 1e-6
    turned = pair_analysis(-good, mos, std, votes, lower_is_better=True)
    assert turned == found.a
    same = compare_pairs(good, good, mos, std, votes)
    assert (same.p_different, same.p_better, same.p_correct) == (1.0, 1.0, 1.0)


def test_part_of_the_pairs():
    mos, std, votes, good, _ = _study(50)
    everything = pair_analysis(good, mos, std, votes)
    part = pair_analysis(good, mos, std, votes, most=600, seed=1)
    assert part.drawn
    assert part.pairs == 600
    assert part.auc_better == pytest.approx(everything.auc_better, abs=0.05)
    assert part == pair_analysis(good, mos, std, votes, most=600, seed=1)
    first, second, _ = pair_outcomes(mos, std, votes, most=600, seed=1)
    assert len(set(zip(first.tolist(), second.tolist(), strict=True))) == 600
    assert (first < second).all()
    assert second.max() < 50


def test_nothing_to_tell_apart():
    found = pair_analysis([1.0, 2.0, 3.0], [3.0, 3.0, 3.0], std=0.5, votes=10)
    assert math.isnan(found.auc_different)
    assert math.isnan(found.auc_better)
    assert found.different == 0


@pytest.mark.parametrize(
    ("std", "votes", "text"),
    [(-1.0, 10, "std out of range"), (1.0, 0, "votes out of range"), ([1.0], 10, "differ in length")],
)
def test_refused(std, votes, text):
    with pytest.raises(InputError, match=text):
        pair_analysis([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], std, votes)


def test_bapps_formula():
    """As LPIPS scores BAPPS: (d0 < d1)(1 - judge) + (d1 < d0) judge + (d0 == d1)/2, judge the share for the second."""
    rng = np.random.default_rng(0)
    d0, d1, judge = rng.integers(0, 4, 300) / 4, rng.integers(0, 4, 300) / 4, rng.integers(0, 6, 300) / 5
    expected = ((d0 < d1) * (1 - judge) + (d1 < d0) * judge + (d0 == d1) * 0.5).mean()
    found = two_alternative(d0, d1, 1 - judge, lower_is_better=True)
    assert found.score == pytest.approx(expected, abs=1e-12)
    assert found.ties == (d0 == d1).sum()
    assert found.interval[0] < found.score < found.interval[1]
    assert two_alternative(-d0, -d1, 1 - judge).score == pytest.approx(expected, abs=1e-12)


def test_bapps_limits():
    shares = np.array([1.0, 0.6, 0.0, 0.5])
    best = two_alternative(shares, 1 - shares, shares, samples=0)
    assert best.score == pytest.approx(best.ceiling, abs=1e-12) == pytest.approx((1 + 0.6 + 1 + 0.5) / 4)
    assert best.people == pytest.approx((1 + 0.52 + 1 + 0.5) / 4)
    assert math.isnan(best.interval[0])
    with pytest.raises(InputError, match="no share"):
        two_alternative([1.0], [2.0], [1.2])


def test_choices_by_content():
    rng = np.random.default_rng(0)
    first, second, chosen = rng.normal(size=(3, 200))
    found = two_alternative(first, second, (chosen > 0).astype(float), groups=np.arange(200) // 20)
    assert (found.groups, found.unit, found.n) == (10, "contents", 200)
