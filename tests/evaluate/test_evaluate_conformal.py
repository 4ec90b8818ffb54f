"""Conformal intervals: exact ranks, coverage in simulation, and what intervals are worth."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from visq.errors import InputError, InputTypeError
from visq.evaluate import (
    as_dict,
    as_json,
    conformal_intervals,
    conformal_quantile,
    coverage,
    expected_coverage,
    interval_score,
)
from visq.evaluate.conformal import rank


@pytest.mark.parametrize(
    ("n", "share", "expected"),
    [(9, 0.9, 9), (10, 0.9, 10), (19, 0.95, 19), (99, 0.9, 90), (100, 0.9, 91), (999, 0.9, 900), (1, 0.5, 1),
     (69, 0.9, 63), (199, 0.95, 190), (999, 0.999, 999), (29, 0.7, 21)],
)  # fmt: skip
def test_the_rank_is_that_of_the_written_fraction(n, share, expected):
    """Ceilings by hand; 30 * 0.7 is 21, whatever the nearest floats multiply to."""
    assert rank(n, share) == expected


def test_the_quantile_is_the_residual_of_that_rank():
    values = np.random.default_rng(0).normal(size=137)
    for share in (0.1, 0.5, 0.8, 0.9, 0.95, 0.99):
        k = math.ceil(round(138 * share, 9))
        assert conformal_quantile(values, share) == sorted(values)[k - 1]
        # NumPy's quantile without interpolation at k/n, for those who have it that way.
        assert conformal_quantile(values, share) == np.quantile(values, k / 137, method="inverted_cdf")


@pytest.mark.parametrize(("share", "least"), [(0.5, 1), (0.8, 4), (0.9, 9), (0.95, 19), (0.99, 99)])
def test_too_few_residuals(share, least):
    values = np.arange(least, dtype=float)
    assert conformal_quantile(values, share) == least - 1
    with pytest.raises(InputError, match=f"too few items for a probability of {share:g}; expected {least} or more"):
        conformal_quantile(values[1:], share)


@pytest.mark.parametrize("share", [0, 1, -0.1, 90, "0.9", None])
def test_a_coverage_that_is_none(share):
    with pytest.raises(InputError, match="coverage out of range"):
        conformal_quantile([1.0] * 20, share)


def test_residuals_that_are_none():
    with pytest.raises(InputError, match="NaN or infinite"):
        conformal_quantile([1.0] * 20 + [math.nan])
    with pytest.raises(InputTypeError):
        conformal_quantile(["1"] * 20)


def test_symmetric_and_asymmetric_intervals_by_hand():
    x, residuals = np.zeros(19), np.array([*range(-9, 10)], float)
    low, high = conformal_intervals(x, residuals)([10.0])
    assert (low[0], high[0]) == (1, 19)  # rank 18 of |r|: 0, 1, 1, ..., 9, 9
    low, high = conformal_intervals(x, residuals + 1, kind="asymmetric")([10.0])
    assert (low[0], high[0]) == (2, 20)  # rank 19 of both: the extremes, -8 and 10
    with pytest.raises(InputError, match=r"probability of 0\.95; expected 19"):
        conformal_intervals(x[1:], residuals[1:], kind="asymmetric")


@pytest.mark.parametrize("kind", ["symmetric", "asymmetric"])
@pytest.mark.parametrize("scaled", [False, True])
def test_intervals_hold_the_items_that_all_calibrating_ones_equal(kind, scaled):
    """Scores of one or two decimals: y - x is rounded, and x + (y - x) would miss y in one case of twelve."""
    rng = np.random.default_rng(11)
    for _ in range(500):
        x, y, s = rng.integers(0, 101, 3) / (100, 10, 50) + (0, 0, 0.02)
        extra = {"scale": [s] * 19} if scaled else {}
        found = conformal_intervals([x] * 19, [y] * 19, kind=kind, **extra)
        low, high = found([x], **({"scale": s} if scaled else {}))
        assert low[0] <= y <= high[0]
        assert high[0] - low[0] == pytest.approx(2 * abs(y - x) if kind == "symmetric" else 0, rel=1e-12, abs=1e-14)


def _skewed(rng, n):
    truth = rng.uniform(0, 100, n)
    spread = rng.uniform(1, 9, n)
    return truth + spread * (rng.gamma(1.5, 1, n) - 1.5), truth, spread


@pytest.mark.parametrize(
    "options",
    [{}, {"kind": "asymmetric"}, {"coverage": 0.5}, {"coverage": 0.95, "scale": True}, {"groups": True},
     {"edges": (30.0, 70.0)}, {"kind": "asymmetric", "scale": True, "groups": True}],
    ids=str,
)  # fmt: skip
def test_coverage_in_simulation(options):
    """600 calibrations on 150 items, 50 tried on each.

    Of continuous residuals the k-th of n leaves a new one above it with probability 1 - k/(n + 1): on one side, or on
    both where each has its own quantile. The share held over all tries is a mean of 600 (times groups) beta-binomials,
    with a variance below c (1 - c) (1/50 + 1/30) / 600: a standard deviation of 0.0028 for c = 0.9. Allowed: four.
    """
    rng = np.random.default_rng(3)
    wanted, two = options.get("coverage", 0.9), options.get("kind") == "asymmetric"
    held, expected = [], []
    for _ in range(600):
        x, y, spread = _skewed(rng, 200)
        label = rng.integers(0, 3, 200)
        keys = {k: v for k, v in options.items() if k not in ("scale", "groups")}

        def extra(part, spread=spread, label=label):
            given = {"scale": spread[part]} if "scale" in options else {}
            return given | ({"groups": label[part]} if "groups" in options else {})

        calibration, new = slice(0, 150), slice(150, None)
        found = conformal_intervals(x[calibration], y[calibration], **keys, **extra(calibration))
        low, high = found(x[new], **extra(new))
        held.append(np.mean((low <= y[new]) & (y[new] <= high)))
        misses = {name: 1 - rank(n, (1 + wanted) / 2 if two else wanted) / (n + 1) for name, n in found.n.items()}
        of = label[new] if "groups" in options else np.digitize(x[new], options.get("edges", ()))
        expected.append(np.mean([1 - (1 + two) * misses[name if len(misses) > 1 else "all"] for name in of]))
    deviation = math.sqrt(wanted * (1 - wanted) * (1 / 50 + 1 / 30) / 600)
    assert np.mean(expected) >= wanted
    assert abs(np.mean(held) - np.mean(expected)) < 4 * deviation


def test_a_scale_makes_intervals_narrower_and_right_in_each_part():
    """Where the spread is known, coverage holds in wide and narrow parts alike; a constant width is wrong in both.

    4,000 items a part: a standard error of 0.5 %, that of calibration on 4,000 as large; allowed 2 %.
    """
    rng = np.random.default_rng(4)
    spread = np.repeat([1.0, 8.0], 4000)
    truth = rng.uniform(0, 100, (2, 8000))
    x = truth + spread * rng.normal(size=(2, 8000))
    plain = conformal_intervals(x[0], truth[0])(x[1])
    scaled = conformal_intervals(x[0], truth[0], scale=3 * spread)(x[1], scale=3 * spread)
    shares = [[coverage(low[p], high[p], truth[1][p]).coverage for p in (slice(0, 4000), slice(4000, None))]
              for low, high in (plain, scaled)]  # fmt: skip
    assert shares[0][0] > 0.99
    assert shares[0][1] < 0.83
    assert all(abs(share - 0.9) < 0.02 for share in shares[1])
    assert interval_score(*scaled, truth[1]) < interval_score(*plain, truth[1])


def test_groups_are_calibrated_by_themselves():
    """A loop over the groups gives the same. Edges make groups of predictions; an edge belongs to the upper one."""
    rng = np.random.default_rng(5)
    x = rng.uniform(0, 100, 300)
    y = x + rng.normal(size=300) * (1 + x / 20)
    names = np.where(x < 40, "low", np.where(x < 60, "mid", "high"))
    grouped, binned = conformal_intervals(x, y, groups=names), conformal_intervals(x, y, edges=[40, 60])
    for number, name in enumerate(("low", "mid", "high")):
        own = names == name
        reach = conformal_quantile(np.abs(y - x)[own])
        assert grouped.above[name] == grouped.below[name] == reach == binned.above[number]
        assert grouped.n[name] == binned.n[number] == own.sum()
    new = [10.0, 40.0, 59.9, 60.0, -5.0]
    labels = ["low", "mid", "mid", "high", "low"]
    np.testing.assert_array_equal(binned(new), grouped(new, groups=labels))


def test_bounds_hold_what_they_cut():
    rng = np.random.default_rng(6)
    y = rng.uniform(0, 100, 500)
    x = y + rng.normal(0, 15, 500)
    free, bounded = conformal_intervals(x, y)(x), conformal_intervals(x, y, bounds=(0, 100))(x)
    assert bounded[0].min() == 0
    assert bounded[1].max() == 100
    assert coverage(*bounded, y).coverage == coverage(*free, y).coverage
    assert coverage(*bounded, y).width < coverage(*free, y).width


def test_calibrations_that_cannot_be():
    x = np.arange(30.0)
    with pytest.raises(InputError, match=r"group 'b': too few items.*expected 9 or more; got 5"):
        conformal_intervals(x, x, groups=["a"] * 25 + ["b"] * 5)
    with pytest.raises(InputError, match=r"bin holds no item.*bin 2 of 3"):
        conformal_intervals(x, x, edges=[10, 99])
    with pytest.raises(InputError, match="exclude each other"):
        conformal_intervals(x, x, edges=[10], groups=x)
    with pytest.raises(InputError, match="edges out of order"):
        conformal_intervals(x, x, edges=[20, 10])
    for bounds in ((100, 0), (0,), 5):
        with pytest.raises(InputError, match="bounds"):
            conformal_intervals(x, x, bounds=bounds)
    with pytest.raises(InputError, match="outside bounds"):
        conformal_intervals(x, x, bounds=(0, 10))
    with pytest.raises(InputError, match="scale out of range"):
        conformal_intervals(x, x, scale=x)
    with pytest.raises(InputError, match="unknown kind"):
        conformal_intervals(x, x, kind="both")
    with pytest.raises(InputError, match="differ in length"):
        conformal_intervals(x, x[1:])
    with pytest.raises(InputError, match="too few pairs"):
        conformal_intervals([], [])


def test_what_was_calibrated_with_has_to_be_given_again():
    x = np.arange(30.0)
    plain, scaled = conformal_intervals(x, x + 1), conformal_intervals(x, x + 1, scale=x + 1)
    grouped = conformal_intervals(x, x + 1, groups=["a"] * 15 + ["b"] * 15)
    with pytest.raises(InputError, match="with a scale"):
        scaled(x)
    with pytest.raises(InputError, match="without a scale"):
        plain(x, scale=x + 1)
    with pytest.raises(InputError, match="with groups"):
        grouped(x)
    with pytest.raises(InputError, match="without groups"):
        plain(x, groups=x)
    with pytest.raises(InputError, match="with groups"):
        conformal_intervals(x, x + 1, groups=["all"] * 30)(x)
    with pytest.raises(InputError, match=r"not calibrated; expected one of 'a', 'b'; got 'c'"):
        grouped([1.0], groups=["c"])
    assert all(limit.shape == (0,) for limit in plain([]))


def test_calibrated_intervals_are_plain_data():
    x = np.arange(40.0)
    found = as_dict(conformal_intervals(x, x + 1, edges=[20], bounds=(0, 100)))
    assert found["below"] == {"0": 1.0, "1": 1.0}
    assert found["bounds"] == [0, 100]
    assert found["edges"] == [20]
    assert json.loads(as_json(conformal_intervals(x, x + 1)))["n"] == {"all": 40}


def test_coverage_against_a_loop():
    rng = np.random.default_rng(7)
    y = rng.normal(size=211)
    low = y + rng.normal(-1, 0.8, 211)
    high = low + rng.uniform(0, 3, 211)
    found = coverage(low, high, y, nominal=0.8)
    held = below = above = width = score = 0.0
    for a, b, one in zip(low, high, y, strict=True):
        below, above, held = below + (one < a), above + (one > b), held + (a <= one <= b)
        width += b - a
        score += b - a + 10 * max(0, a - one) + 10 * max(0, one - b)
    expected = [value / 211 for value in (held, below, above, width, score)]
    assert [found.coverage, found.below, found.above, found.width, found.score] == pytest.approx(expected, rel=1e-12)
    assert interval_score(low, high, y, nominal=0.8) == pytest.approx(expected[-1], rel=1e-12)


def test_intervals_of_the_share():
    """Wilson from his formula; Clopper and Pearson from the beta distribution."""
    y = np.array([0.0] * 92 + [9.0] * 8)
    z, p, n = stats.norm.ppf(0.975), 0.92, 100
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    expected = [(centre - half) / (1 + z * z / n), (centre + half) / (1 + z * z / n)]
    assert coverage(y * 0 - 1, y * 0 + 1, y).interval == pytest.approx(expected, rel=1e-9)
    exact = coverage(y * 0 - 1, y * 0 + 1, y, method="clopper-pearson", level=0.9).interval
    assert exact == pytest.approx([stats.beta.ppf(0.05, 92, 9), stats.beta.ppf(0.95, 93, 8)], rel=1e-9)


def test_limits_belong_to_the_interval():
    assert coverage([1, 1], [2, 2], [1, 2]).coverage == 1


def test_intervals_that_are_none():
    with pytest.raises(InputError, match=r"lies above its upper one.*at 1"):
        coverage([1, 3], [2, 2], [1, 1])
    with pytest.raises(InputError, match="differ in length"):
        coverage([1, 1], [2, 2], [1])
    with pytest.raises(InputError, match="unknown method"):
        coverage([1], [2], [1], method="wald")
    with pytest.raises(InputError, match="too few pairs"):
        coverage([], [], [])
    with pytest.raises(InputError, match="nominal out of range"):
        interval_score([1], [2], [1], nominal=1)


def test_the_interval_score_is_least_for_the_true_quantiles():
    """Proper: of 20,000 normal values, intervals at other quantiles, moved, or of another width score worse."""
    y = np.random.default_rng(8).normal(size=20000)
    z = stats.norm.ppf(0.95)

    def score(low, high):
        return interval_score(np.full(20000, low), np.full(20000, high), y)

    best = score(-z, z)
    assert all(score(*other) > best for other in [(-z - 0.3, z), (-z, z - 0.3), (-z + 0.3, z + 0.3), (-3, 3), (-1, 1)])


@pytest.mark.parametrize("items", [None, 100])
def test_what_coverage_to_expect(items):
    """Beta and beta-binomial against 20,000 calibrations on 50 uniform residuals: standard error 0.15 % of a tail."""
    rng = np.random.default_rng(9)
    mean, low, high = expected_coverage(50, 0.9, items=items)
    limit = np.sort(rng.random((20000, 50)), 1)[:, rank(50, 0.9) - 1]
    held = limit if items is None else rng.binomial(items, limit) / items
    assert mean == rank(50, 0.9) / 51 == pytest.approx(held.mean(), abs=0.002)
    # Of the discrete law the limits hold at least as much as asked.
    within = np.mean((held >= low) & (held <= high))
    assert within == pytest.approx(0.95, abs=0.006) if items is None else 0.944 < within < 0.985


def test_more_items_than_there_are():
    with pytest.raises(InputError, match="too few items"):
        expected_coverage(8, 0.9)
    with pytest.raises(InputError, match="items out of range"):
        expected_coverage(50, 0.9, items=0)
