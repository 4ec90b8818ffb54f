"""Agreement, breakdown and range effect: complete, labelled, and the same as their parts."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch

from visq import evaluate
from visq.errors import InputError, VisqError, VisqWarning
from visq.evaluate import (
    agreement,
    as_dict,
    as_json,
    as_text,
    bootstrap,
    breakdown,
    compare_metrics,
    fit_logistic,
    krcc,
    outlier_ratio,
    plcc,
    range_effect,
    rmse,
    significance_matrix,
    srcc,
)


def _database(seed=0, contents=20, levels=10):
    """DMOS of contents at levels, and a metric of its own scale; both fall with quality or not as asked."""
    rng = np.random.default_rng(seed)
    level = np.tile(np.arange(levels), contents) / levels
    content = np.repeat(np.arange(contents), levels)
    mos = 5 - 4 * level + rng.normal(0, 0.15, level.size)
    metric = 20 + 25 * (1 - level) ** 2 + rng.normal(0, 1, contents)[content] + rng.normal(0, 1, level.size)
    return metric, mos, content


def test_each_number_is_that_of_its_function():
    metric, mos, content = _database()
    found = agreement(metric, mos, std=0.3, groups=content, samples=300, seed=4)
    fit = fit_logistic(metric, mos)
    assert found.fit == fit
    assert (found.srcc, found.krcc, found.plcc) == (srcc(metric, mos), krcc(metric, mos), plcc(metric, mos))
    assert found.rmse == rmse(metric, mos)
    assert found.plcc_fitted == plcc(fit(metric), mos)
    assert found.rmse_fitted == rmse(fit(metric), mos)
    assert found.outlier_ratio == outlier_ratio(fit(metric), mos, 0.3)
    assert found.outlier_rule == "standard deviation"
    for name in ("srcc", "krcc", "plcc"):
        one = bootstrap(name, metric, mos, groups=content, samples=300, seed=4)
        assert found.intervals[name] == pytest.approx((one.low, one.high), abs=1e-12)
    held = bootstrap(plcc, fit(metric), mos, groups=content, samples=300, seed=4)
    assert found.intervals["plcc_fitted"] == pytest.approx((held.low, held.high), abs=1e-10)
    held = bootstrap(rmse, fit(metric), mos, groups=content, samples=300, seed=4)
    assert found.intervals["rmse_fitted"] == pytest.approx((held.low, held.high), abs=1e-10)
    assert set(found.intervals) == {"srcc", "krcc", "plcc", "plcc_fitted", "rmse_fitted", "outlier_ratio"}
    assert (found.n, found.groups, found.unit, found.samples, found.seed) == (200, 20, "contents", 300, 4)


def test_directions_change_signs_and_nothing_else():
    metric, mos, content = _database()
    straight = agreement(metric, mos, groups=content, samples=100)
    turned = agreement(-metric, mos, groups=content, samples=100, lower_is_better=True)
    for name in ("srcc", "krcc", "plcc", "plcc_fitted", "rmse_fitted"):
        assert getattr(turned, name) == pytest.approx(getattr(straight, name), abs=1e-9)
        assert turned.intervals[name] == pytest.approx(straight.intervals[name], abs=1e-9)
    assert turned.fit.falling
    assert not turned.notes
    difference = agreement(
        -metric, 6 - mos, groups=content, samples=0, lower_is_better=True, scores_lower_is_better=True
    )
    assert difference.srcc == pytest.approx(straight.srcc, abs=1e-12)
    unsaid = agreement(-metric, mos, samples=0)
    assert unsaid.srcc == pytest.approx(-straight.srcc, abs=1e-12)


def test_without_a_fit_the_sign_is_kept():
    found = agreement([1, 2, 3], [3, 2, 1], samples=0)
    assert found.fit.kind == "none"
    assert found.plcc_fitted == found.plcc == -1.0
    turned = agreement([1, 2, 3], [3, 2, 1], samples=0, lower_is_better=True)
    assert turned.plcc_fitted == turned.plcc == 1.0


def test_without_groups_every_item_is_its_own_content():
    metric, mos, _ = _database()
    found = agreement(metric, mos, samples=50)
    assert (found.unit, found.groups) == ("items", 200)
    assert "each taken for a content of its own" in as_text(found)


def test_one_content_has_no_interval():
    metric, mos, _ = _database()
    assert agreement(metric, mos, groups=[0] * 200).intervals == {}
    assert agreement(metric, mos, samples=0).intervals == {}


def test_constant_predictions_are_undefined_and_said_so():
    with pytest.warns(VisqWarning, match="all predictions are equal"):
        found = agreement([2.0] * 20, np.arange(20.0))
    assert all(math.isnan(v) for v in (found.srcc, found.krcc, found.plcc, found.plcc_fitted))
    assert all(math.isnan(v) for v in found.intervals["srcc"])
    assert found.notes[0].endswith("undefined (NaN)")
    assert json.loads(as_json(found))["srcc"] is None


@pytest.mark.parametrize("std", [-1, [0.1] * 3, math.nan])
def test_std_is_checked(std):
    metric, mos, _ = _database()
    with pytest.raises(InputError, match="std"):
        agreement(metric, mos, std=std)


def test_votes_make_the_outlier_rule_stricter():
    metric, mos, _ = _database()
    loose, strict = (agreement(metric, mos, std=0.4, votes=v, samples=0) for v in (None, 25))
    assert strict.outlier_rule == "standard error"
    assert strict.outlier_ratio > loose.outlier_ratio


# Breakdown -----------------------------------------------------------------------------------------------------


def test_breakdown_is_agreement_of_each_part():
    metric, mos, content = _database()
    kind = np.where(np.arange(200) % 3 == 0, "blur", "noise")
    found = breakdown(metric, mos, kind, groups=content, std=np.linspace(0.1, 0.5, 200), samples=50)
    assert list(found) == ["blur", "noise"]
    of = kind == "noise"
    expected = agreement(metric[of], mos[of], groups=content[of], std=np.linspace(0.1, 0.5, 200)[of], samples=50)
    assert found["noise"] == expected
    assert sum(part.n for part in found.values()) == 200


def test_small_and_constant_parts_are_kept_with_a_note():
    by = ["a"] * 4 + ["few"] * 2 + ["flat"] * 4
    with pytest.warns(VisqWarning, match="few, flat"):
        found = breakdown([1, 2, 3, 4, 5, 6, 7, 7, 7, 7], [1, 2, 4, 3, 1, 2, 1, 2, 3, 4], by, samples=0)
    assert math.isnan(found["few"].srcc)
    assert found["few"].n == 2
    assert "only 2 items" in found["few"].notes[0]
    assert math.isnan(found["flat"].srcc)
    assert found["a"].srcc == pytest.approx(0.8)
    assert "few" in as_text(found)


def test_breakdown_labels_are_checked():
    with pytest.raises(InputError, match="by and predictions differ in length"):
        breakdown([1, 2, 3], [1, 2, 3], ["a"])


# Range effect --------------------------------------------------------------------------------------------------


def test_ranges_of_equal_count_by_hand():
    found = range_effect([1, 2, 3, 6, 5, 4], [1, 2, 3, 4, 5, 6], bins=2)
    assert found.within == pytest.approx((1.0, -1.0))
    assert found.ranges == ((1.0, 3.0), (4.0, 6.0))
    assert found.counts == (3, 3)
    assert found.fine == pytest.approx(0.0)
    assert found.overall == pytest.approx(srcc([1, 2, 3, 6, 5, 4], [1, 2, 3, 4, 5, 6]))
    assert found.gap == pytest.approx(found.overall)


def test_ranges_of_equal_width():
    found = range_effect(range(10), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 8, 9, 10], bins=2, rule="width")
    assert found.counts == (7, 3)
    assert found.within == pytest.approx((1.0, 1.0))
    empty = range_effect(range(6), [0, 0.1, 0.2, 9.8, 9.9, 10], bins=4, rule="width")
    assert empty.counts == (3, 0, 0, 3)
    assert math.isnan(empty.within[1])
    assert empty.fine == pytest.approx(1.0)


def test_the_effect_is_there_and_has_the_right_size():
    """Half of the standard deviation of a uniform score as noise: SRCC 0.89 over all, 0.31 within fifths.

    The figures are Pearson's of the two variances, 1/(1 + 0.25) and (1/25)/(1/25 + 0.25); 0.06 for ranks and chance.
    """
    rng = np.random.default_rng(0)
    mos = rng.uniform(-math.sqrt(3), math.sqrt(3), 5000)
    found = range_effect(mos + 0.5 * rng.normal(size=5000), mos)
    assert found.overall == pytest.approx(math.sqrt(1 / 1.25), abs=0.02)
    assert found.fine == pytest.approx(math.sqrt(0.04 / 0.29), abs=0.06)
    turned = range_effect(-mos - 0.5 * rng.normal(size=5000), mos, lower_is_better=True)
    assert turned.fine == pytest.approx(found.fine, abs=0.06)


def test_ranges_refused():
    with pytest.raises(InputError, match="too few items for 5 ranges"):
        range_effect(range(10), range(10))
    with pytest.raises(InputError, match="bins"):
        range_effect(range(10), range(10), bins=1)


# Forms, package and cost ---------------------------------------------------------------------------------------


def test_forms_of_every_result():
    metric, mos, content = _database()
    results = [
        agreement(metric, mos, groups=content, samples=50, std=0.3),
        compare_metrics(metric, mos + metric, mos, groups=content, samples=50),
        significance_matrix({"a": metric, "b": -metric}, mos, method="meng"),
        breakdown(metric, mos, content // 10, samples=0),
        range_effect(metric, mos),
        bootstrap("plcc", metric, mos, samples=50),
        evaluate.pair_analysis(metric, mos, 0.4, 20),
        evaluate.williams(0.5, 0.4, 0.3, 50),
    ]
    for result in results:
        data = json.loads(as_json(result))
        assert data == json.loads(json.dumps(as_dict(result)))
        assert as_text(result)
    text = as_text(results[0])
    for word in ("200 items of 20 contents", "SRCC", "PLCC fitted", "logistic5", "50 resamples of contents, seed 0"):
        assert word in text
    assert data["statistic"] == results[-1].statistic


def test_public_names_are_there_and_modules_do_not_hide_them():
    for name in evaluate.__all__:
        value = getattr(evaluate, name)
        assert callable(value), name
        assert value.__doc__, name
    assert set(evaluate.__all__) <= set(dir(evaluate))
    with pytest.raises(AttributeError, match="no attribute 'pearsonr'"):
        _ = evaluate.pearsonr


def test_importing_loads_nothing_heavy():
    code = "import sys, visq.evaluate; print(sorted({'numpy', 'scipy', 'numba', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_groups_of_a_tensor_are_those_of_its_numbers():
    """Elements of a tensor are never equal as objects: each item would be a content of its own."""
    x, y = np.arange(20.0), np.random.default_rng(0).normal(size=20)
    found = agreement(x, y, groups=torch.arange(20) // 5, samples=20)
    assert (found.groups, found.unit) == (4, "contents")


@pytest.mark.parametrize("groups", [5, [np.zeros(2)] * 3, np.int64(4)])
def test_what_are_no_groups(groups):
    with pytest.raises(VisqError, match="groups"):
        agreement([1, 2, 3], [1, 2, 3], groups=groups)
