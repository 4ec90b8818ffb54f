"""Correlations and RMSE against scipy and printed values; what is refused and what is undefined."""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy import stats

from visq.errors import InputError, InputTypeError, VisqWarning
from visq.evaluate import krcc, plcc, rmse, srcc

_ALL = [srcc, krcc, plcc]


def _samples(seed, n, *, levels=None):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = 0.7 * x + rng.normal(size=n)
    return (x, y) if levels is None else (np.round(x * levels), np.round(y * levels))


@pytest.mark.parametrize("levels", [None, 2, 1])
@pytest.mark.parametrize("n", [3, 4, 20, 500])
def test_against_scipy(n, levels):
    """1e-12: double precision, sums in another order."""
    x, y = _samples(n, n, levels=levels)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        x[0] += 1
        y[0] += 1
    assert srcc(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)
    assert krcc(x, y) == pytest.approx(stats.kendalltau(x, y).statistic, abs=1e-12)
    assert plcc(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)


def test_printed_values():
    """From vmaf's python/test/perf_metric_test.py, printed to 16 digits there."""
    assert srcc([1, 2, 5, 3], [1, 2, 3, 4]) == pytest.approx(0.8, abs=1e-12)
    assert krcc([1, 2, 5, 3], [1, 2, 3, 4]) == pytest.approx(0.66666666666666663, abs=1e-12)
    assert plcc([1, 2, 3, 5], [1, 2, 3, 4]) == pytest.approx(0.98270762982399085, abs=1e-12)
    assert rmse([1, 2, 3, 5], [1, 2, 3, 4]) == pytest.approx(0.5, abs=1e-12)


def test_ties_share_the_mean_of_their_ranks():
    # By hand: ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4.
    assert srcc([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(4.5 / math.sqrt(4.5 * 5), abs=1e-12)
    # By hand: 5 concordant pairs, 1 tied in the first: 5 / sqrt(5 * 6).
    assert krcc([1, 2, 2, 3], [1, 2, 3, 4]) == pytest.approx(5 / math.sqrt(30), abs=1e-12)


@pytest.mark.parametrize("measure", _ALL)
def test_direction(measure):
    x, y = _samples(0, 50)
    value = measure(x, y)
    assert value > 0
    assert measure(-x, y, lower_is_better=True) == pytest.approx(value, abs=1e-12)
    assert measure(x, -y, scores_lower_is_better=True) == pytest.approx(value, abs=1e-12)
    assert measure(-x, -y, lower_is_better=True, scores_lower_is_better=True) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("measure", _ALL)
def test_perfect_order_is_exactly_one(measure):
    x = np.random.default_rng(0).normal(size=1001)
    assert measure(x, 3 * x) == pytest.approx(1, abs=1e-12)
    assert measure(x, 3 * x) <= 1
    assert srcc(x, x**3) == 1.0
    assert krcc(x, x**3) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("measure", _ALL)
@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1e200, 1.7e307])
@pytest.mark.parametrize("offset", [0.0, 10.0])
def test_any_magnitude(measure, scale, offset):
    """Subnormal numbers keep 13 bits or so: 1e-3."""
    x, y = _samples(2, 60)
    changed = np.clip(x + offset, -10, 10.5 + offset) * (scale / 2)
    if scale > 1e300:
        changed = changed / 20
    expected = measure(np.clip(x + offset, -10, 10.5 + offset), y)
    assert measure(changed, y) == pytest.approx(expected, abs=1e-3 if scale < 1e-300 else 1e-10)


def test_a_large_offset_leaves_the_digits():
    x, y = _samples(3, 100)
    x = np.round(x * 2**20) / 2**20  # so that x + 2^30 is exact
    assert plcc(x + 2.0**30, y) == pytest.approx(plcc(x, y), abs=1e-12)


def test_largest_floats():
    x = np.array([-1.7e308, 1.7e308, 0.0, 1e308])
    assert plcc(x, x) == pytest.approx(1, abs=1e-12)
    assert rmse(x, np.zeros(4)) == pytest.approx(1.7e308 * math.sqrt((2 + (1 / 1.7) ** 2) / 4), rel=1e-12)


@pytest.mark.parametrize("measure", _ALL)
@pytest.mark.parametrize(
    ("x", "y", "named"),
    [([1, 1, 1], [1, 2, 3], "predictions"), ([1, 2, 3], [2, 2, 2], "scores"), ([0, 0, 0], [0, 0, 0], "and scores")],
)
def test_constants_are_undefined_and_said_so(measure, x, y, named):
    with pytest.warns(VisqWarning, match=named):
        assert math.isnan(measure(x, y))


@pytest.mark.parametrize("measure", [*_ALL, rmse])
@pytest.mark.parametrize(
    ("x", "y", "error", "text"),
    [
        ([1, 2], [1, 2], InputError, "at least 3; got 2"),
        ([], [], InputError, "at least 3; got 0"),
        ([1, 2, 3], [1, 2, 3, 4], InputError, "scores and predictions differ in length"),
        ([1, math.nan, 3], [1, 2, 3], InputError, "predictions has 1 values that are NaN"),
        ([1, 2, 3], [1, 2, math.inf], InputError, "inf at position 2"),
        ([1, None, 3], [1, 2, 3], InputError, "no value at position 1"),
        ([[1, 2, 3]], [1, 2, 3], InputError, "wrong shape"),
        (["1", "2", "3"], [1, 2, 3], InputTypeError, "not a sequence of numbers"),
        ([1, 2j, 3], [1, 2, 3], InputTypeError, "not a sequence of numbers"),
        (7, [1, 2, 3], InputError, "wrong shape"),
        (np.ma.masked_array([1, 2, 3], [0, 1, 0]), [1, 2, 3], InputError, "masked"),
    ],
)
def test_refused(measure, x, y, error, text):
    with pytest.raises(error, match=text):
        measure(x, y)


def test_any_sequence_will_do():
    assert srcc((1, 2, 3), range(3)) == 1.0
    assert srcc(np.array([1, 2, 3], np.float32), np.array([1, 2, 3], np.uint8)) == 1.0
    assert srcc(np.array([1, 2.5, 3], object), [True, True, False]) == pytest.approx(-math.sqrt(3) / 2)


@pytest.mark.parametrize(
    "values", [[10**400, 2, 3], torch.tensor([1.0, 2.0, 3.0], requires_grad=True), {1: 2, 3: 4, 5: 6}, ["1", "2", "3"]]
)
def test_what_is_no_sequence_of_numbers(values):
    with pytest.raises(InputTypeError, match="predictions is not a sequence of numbers"):
        srcc(values, [1, 2, 3])


@pytest.mark.parametrize("value", ["no", 1, None, (False, False)])
def test_a_direction_is_true_or_false(value):
    with pytest.raises(InputTypeError, match="neither True nor False"):
        srcc([1, 2, 3], [1, 2, 3], lower_is_better=value)


def test_threads_of_the_linear_algebra_library_change_nothing():
    code = (
        "import numpy as np; from visq.evaluate import plcc, srcc; r = np.random.default_rng(0); "
        "x = r.normal(size=60000); y = x + r.normal(size=60000); print(plcc(x, y).hex(), srcc(x, y).hex())"
    )
    printed = set()
    for threads in ("1", "2", "4"):
        env = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True, timeout=60
        )
        printed.add(done.stdout)
    assert len(printed) == 1
