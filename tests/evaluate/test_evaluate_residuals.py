"""Residual tests and the outlier ratio."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from visq.errors import InputError
from visq.evaluate import outlier_ratio, pitman_morgan, residual_f_test


def test_f_against_a_printed_table():
    """The 5 % point of F for 10 and 20 degrees of freedom is 2.348 in every table: two-sided p is 0.10."""
    a, b = np.zeros((2, 22))
    a[0], b[0] = math.sqrt(23.48), math.sqrt(20)
    found = residual_f_test(a, b, parameters=(12, 2))
    assert found.freedom == (10, 20)
    assert found.statistic == pytest.approx(2.348, rel=1e-12)
    assert found.p == pytest.approx(0.10, abs=4e-4)  # the table's own digits


@pytest.mark.parametrize("test", [residual_f_test, pitman_morgan])
def test_false_positives_of_independent_residuals(test):
    """4,000 repetitions: standard error 0.34 %, allowed 1 %."""
    rng = np.random.default_rng(0)
    share = np.mean([test(*rng.normal(size=(2, 60))).p < 0.05 for _ in range(4000)])
    assert abs(share - 0.05) < 0.01


def test_residuals_that_go_together():
    """Two metrics that miss the same images: the F-test finds too little, Pitman and Morgan's keeps its level."""
    rng = np.random.default_rng(1)
    found = np.zeros(2)
    for _ in range(3000):
        shared = rng.normal(size=60)
        a, b = shared + 0.6 * rng.normal(size=(2, 60))
        found += [residual_f_test(a, b).p < 0.05, pitman_morgan(a, b).p < 0.05]
    assert found[0] / 3000 < 0.03
    assert abs(found[1] / 3000 - 0.05) < 0.012


def test_power_of_the_f_test():
    """A true ratio of 2 with 60 and 60: the power by the F distribution itself; 3,000 repetitions, 2 %."""
    low, high = stats.f.ppf([0.025, 0.975], 59, 59)
    stated = stats.f.sf(high / 2, 59, 59) + stats.f.cdf(low / 2, 59, 59)
    rng = np.random.default_rng(2)
    draws = [rng.normal(size=(2, 60)) * [[math.sqrt(2)], [1]] for _ in range(3000)]
    # Residuals of a fit have mean 0, which is the one parameter that the test counts.
    share = np.mean([residual_f_test(*(d - d.mean(1, keepdims=True))).p < 0.05 for d in draws])
    assert abs(share - stated) < 0.02


def test_which_leaves_more():
    rng = np.random.default_rng(3)
    a, b = rng.normal(0, 2, 80), rng.normal(0, 1, 80)
    assert residual_f_test(a, b).statistic > 1 > residual_f_test(b, a).statistic
    assert residual_f_test(a, b).p == pytest.approx(residual_f_test(b, a).p, rel=1e-9)
    assert pitman_morgan(a, b).statistic > 0 > pitman_morgan(b, a).statistic
    assert residual_f_test(a, a).p == pitman_morgan(a, a).p == 1.0


def test_kurtosis_decides_what_is_normal():
    rng = np.random.default_rng(4)
    normal, heavy = rng.normal(size=500), rng.standard_t(2, 500)
    found = residual_f_test(normal, heavy)
    assert found.kurtosis[0] == pytest.approx(stats.kurtosis(normal, fisher=False), rel=1e-9)
    assert not found.normal
    assert residual_f_test(normal, normal[::-1]).normal


def test_f_needs_items():
    with pytest.raises(InputError, match="too few items"):
        residual_f_test([1, 2, 3], [1, 2, 3], parameters=(5, 5))
    with pytest.raises(InputError, match="a number for each metric"):
        residual_f_test([1, 2, 3], [1, 2, 3], parameters=5)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_f_of_any_magnitude(scale):
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=50), rng.normal(0, 2, 50)
    plain, scaled = residual_f_test(a, b), residual_f_test(a * scale, b * scale)
    assert scaled.statistic == pytest.approx(plain.statistic, rel=1e-12)  # rounding of 50 products
    assert scaled.kurtosis == pytest.approx(plain.kurtosis, rel=1e-12)


# The outlier ratio ---------------------------------------------------------------------------------------------


def test_rules_by_hand():
    predictions, scores = [1.0, 2.9, 3.0, 6.5], [1.0, 2.0, 3.0, 4.0]
    assert outlier_ratio(predictions, scores, 1.0) == 0.25
    assert outlier_ratio(predictions, scores, [1, 1, 1, 2]) == 0.0
    assert outlier_ratio(predictions, scores, 1.0, votes=16) == 0.5
    # t(0.975, 3) = 3.182: 1.591 for four votes, where two standard errors are 1.
    assert outlier_ratio([0, 0, 1.55], [0, 0, 0], 1.0, votes=4) == pytest.approx(1 / 3)
    assert outlier_ratio([0, 0, 1.55], [0, 0, 0], 1.0, votes=4, rule="confidence interval") == 0.0
    assert outlier_ratio(predictions, scores, 1.0, votes=16, rule="standard deviation") == 0.25


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"std": -1}, "std out of range"),
        ({"std": [1, 2]}, "differ in length"),
        ({"std": 1, "rule": "standard error"}, "needs the number of votes"),
        ({"std": 1, "votes": 0}, "votes out of range"),
        ({"std": 1, "votes": 1, "rule": "confidence interval"}, "two votes"),
        ({"std": 1, "rule": "two sigma"}, "unknown rule"),
    ],
)
def test_outliers_refused(options, text):
    with pytest.raises(InputError, match=text):
        outlier_ratio([1, 2, 3], [1, 2, 3], **options)
