"""Tests of correlations that share a variable, against the examples printed in the literature.

The figures are those that the tests of R's cocor 1.1 (tests/testthat) quote, each with its book or paper.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from visq.errors import InputError
from visq.evaluate import meng, power, steiger, williams


def test_depcor():
    """N. C. Silver, J. B. Hittner, K. May, Applied Psychological Measurement 30 (2006), 152-153: program depcor."""
    for test, statistic, p in [(williams, -1.0767, 0.2843), (meng, -1.0707, 0.2843), (steiger, -1.0718, 0.2838)]:
        found = test(0.3, 0.4, 0.5, 100)
        assert round(found.statistic, 4) == statistic
        assert round(found.p, 4) == p


def test_steiger_1980_case_a():
    """Steiger's paper prints -0.8913 from rounded z values; cocor gives -0.8887185 for its formula."""
    found = steiger(0.4, 0.5, 0.1, 103)
    assert found.statistic == pytest.approx(-0.8887185, abs=5e-8)


def test_meng_rosenthal_rubin_1992():
    """Their example: z = 1.68, one-sided p = 0.047, interval -0.129 to 1.672 (1.671 in the paper)."""
    found = meng(0.63, -0.03, -0.19, 15)
    assert round(found.statistic, 2) == 1.68
    assert round(found.p / 2, 3) == 0.047
    assert [round(limit, 3) for limit in found.interval] == [-0.129, 1.672]


@pytest.mark.parametrize(
    ("ra", "rb", "printed"),
    [
        (0.5, 0.2, [1.62, 1.70, 1.80, 1.91, 2.06, 2.245, 2.50, 2.87, 3.50]),
        (0.7, 0.4, [2.03, 2.10, 2.20, 2.32, 2.47, 2.66, 2.94, 3.35, 4.05]),
    ],
)
def test_may_and_hittner_1997(ra, rb, printed):
    """K. May, J. B. Hittner, Psychological Reports 80 (1997), 475-480: Meng's z at n = 50, correlations 0 to 0.8."""
    for tenth, value in enumerate(printed):
        digits = 3 if value == 2.245 else 2
        assert round(meng(ra, rb, tenth / 10, 50).statistic, digits) == value


@pytest.mark.parametrize("test", [williams, meng, steiger])
def test_order_and_sign(test):
    found, turned = test(0.6, 0.5, 0.7, 60), test(0.5, 0.6, 0.7, 60)
    assert found.statistic > 0
    assert found.statistic == pytest.approx(-turned.statistic, abs=1e-12)
    assert found.p == pytest.approx(turned.p, abs=1e-12)
    assert test(0.6, 0.6, 0.7, 60).p == 1.0


@pytest.mark.parametrize("test", [williams, meng, steiger])
def test_at_the_edges(test):
    assert test(1.0, 1.0, 1.0, 10).p == 1.0
    assert test(1.0, 0.5, 0.5, 30).p < 1e-6
    assert test(0.5, -0.5, -0.4, 30).statistic > 0


@pytest.mark.parametrize("test", [williams, meng, steiger])
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((1.2, 0.1, 0.1, 10), "ra is no correlation"),
        ((0.1, math.nan, 0.1, 10), "rb is no correlation"),
        ((0.9, -0.9, 0.9, 10), "no three variables"),
        ((0.1, 0.2, 0.3, 3), "from 4 on"),
        ((0.1, 0.2, 0.3, 10.0), "whole number"),
    ],
)
def test_refused(test, arguments, text):
    with pytest.raises(InputError, match=text):
        test(*arguments)


def _rejections(truth, n, repetitions, seed):
    """Share of samples of three normal variables in which each test finds a difference at 5 %."""
    ra, rb, rab = truth
    root = np.linalg.cholesky(np.array([[1, ra, rb], [ra, 1, rab], [rb, rab, 1]]))
    rng = np.random.default_rng(seed)
    found = {williams: 0, meng: 0, steiger: 0}
    for _ in range(repetitions):
        r = np.corrcoef(root @ rng.normal(size=(3, n)))
        for test in found:
            found[test] += test(r[0, 1], r[0, 2], r[1, 2], n).p < 0.05
    return {test: count / repetitions for test, count in found.items()}


@pytest.mark.parametrize("truth", [(0.5, 0.5, 0.3), (0.9, 0.9, 0.85)])
def test_false_positives_are_five_per_cent(truth):
    """Two metrics that agree equally well. 4,000 repetitions: standard error 0.34 %, allowed 1 %."""
    for test, share in _rejections(truth, 100, 4000, 1).items():
        assert abs(share - 0.05) < 0.01, test


@pytest.mark.parametrize(("truth", "n"), [((0.6, 0.5, 0.6), 200), ((0.9, 0.87, 0.85), 250), ((0.9, 0.85, 0.8), 100)])
def test_a_planted_difference_is_found_as_often_as_stated(truth, n):
    """2,000 repetitions: standard error 1.1 %; the power is itself an approximation for large n: 3 %."""
    stated = power(*truth, n)
    assert 0.4 < stated < 0.95
    for test, share in _rejections(truth, n, 2000, 2).items():
        assert abs(share - stated) < 0.03, (test, share, stated)


def test_power_without_a_difference_is_the_level():
    assert power(0.5, 0.5, 0.3, 100) == pytest.approx(0.05, abs=1e-12)
    assert power(0.5, 0.5, 0.3, 100, alpha=0.01) == pytest.approx(0.01, abs=1e-12)
    assert power(0.9, 0.5, 0.5, 1000) > 0.999


def test_equal_correlations_still_have_an_interval():
    """Meng's interval about 0 by hand: q = 0.36, f = 0.5/(2 0.64), h = (1 - f q)/0.64, 1.96 sqrt(2 0.5 h/47)."""
    low, high = meng(0.6, 0.6, 0.5, 50).interval
    assert (low, high) == pytest.approx((-0.331284, 0.331284), abs=1e-6)
    low, high = steiger(0.6, 0.6, 0.5, 50).interval
    assert low == -high < -0.1


@pytest.mark.parametrize("test", [williams, meng, steiger])
def test_rounding_is_no_difference(test):
    found = test(0.9, math.nextafter(0.9, 1), 1.0, 100)
    assert (found.statistic, found.p) == (0.0, 1.0)
    with pytest.raises(InputError, match="ra is no correlation"):
        test("0.9", 0.9, 0.5, 100)
