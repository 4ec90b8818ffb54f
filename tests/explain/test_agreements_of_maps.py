"""Agreement of measures with importance: statistics against loops, baselines, verdicts on planted answers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from visq.errors import InputError
from visq.explain.agreements import agreement, auc, centre, one, shifts
from visq.explain.cells import regular
from visq.explain.estimators import most_important
from visq.explain.importances import Importance


def _importance(values):
    values = np.asarray(values, float)
    return Importance(
        values, most_important(values.ravel()).reshape(values.shape), regular((64, 64), values.shape), 1.0, 1.0, 1.0,
        math.nan, bool(np.ptp(values) < 1e-7), "loo", "pixel", "mean", 1, 1, "made up",
    )  # fmt: skip


def test_auc_counts_pairs():
    rng = np.random.default_rng(0)
    values, critical = rng.integers(0, 5, 30).astype(float), rng.random(30) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in values[critical] for b in values[~critical]]
    assert auc(values, critical) == pytest.approx(np.mean(pairs))
    assert math.isnan(auc(values, np.ones(30, bool)))


def test_one_picture():
    rng = np.random.default_rng(1)
    importance, values = _importance(rng.random((5, 6))), rng.random((5, 6))
    found = one(importance, values)
    assert found["srcc"] == pytest.approx(spearmanr(importance.map.ravel(), values.ravel()).statistic)
    assert one(importance, importance.map) == {"srcc": 1.0, "auc": 1.0}
    assert all(math.isnan(v) for v in one(replace(importance, degenerate=True), values).values())
    assert math.isnan(one(importance, np.ones((5, 6)))["srcc"])


def test_the_outer_ring_can_be_left_out():
    rng = np.random.default_rng(3)
    importance, values = _importance(rng.random((5, 6))), rng.random((5, 6))
    found = one(importance, values, border=False)
    inner = [x[1:-1, 1:-1].ravel() for x in (importance.map, values, importance.critical)]
    assert found["srcc"] == pytest.approx(spearmanr(inner[0], inner[1]).statistic)
    assert found["auc"] == pytest.approx(auc(inner[1], inner[2]))
    importances, measures = _planted(6, 0.6)
    rows = [agreement(importances, measures, samples=20, border=b).rows[0].mean.estimate for b in (True, False)]
    assert rows[0] != rows[1]


def test_shifts_are_all_that_there_are_but_the_map_itself():
    rng = np.random.default_rng(2)
    importance, values = _importance(rng.random((3, 4))), rng.random((3, 4))
    found = [
        spearmanr(importance.map.ravel(), np.roll(values, (i, j), (0, 1)).ravel()).statistic
        for i in range(3)
        for j in range(4)
        if (i, j) != (0, 0)
    ]
    assert shifts(importance, values, 0.8) == pytest.approx(np.quantile(found, [0.1, 0.9]))
    assert all(math.isnan(v) for v in shifts(importance, np.ones((3, 4))))


def test_the_centre_is_largest_in_the_middle_and_falls_with_distance():
    found = centre(regular((100, 60), (5, 3)))
    assert found.argmax() == 7
    assert found[0, 0] == pytest.approx(-math.hypot(0.4, 1 / 3))
    np.testing.assert_allclose(found, found[::-1, ::-1], atol=1e-12)


def _planted(count, share, seed=0, shape=(6, 8)):
    """Importance that is `share` a measure of its own and for the rest nothing."""
    rng = np.random.default_rng(seed)
    measures = [{"told": rng.random(shape), "noise": rng.random(shape)} for _ in range(count)]
    maps = [share * m["told"] + (1 - share) * rng.random(shape) for m in measures]
    return [_importance(m) for m in maps], measures


def test_a_measure_that_tells_is_confirmed_and_one_that_does_not_is_not():
    found = agreement(*_planted(40, 0.6), samples=500)
    assert found.explains("told")
    assert found.claim("told") == "confirmed"
    assert not found.explains("noise")
    assert found.claim("noise") in ("undecided", "contradicted")
    rows = {(r.measure, r.baseline, r.statistic): r for r in found.rows}
    assert set(rows) >= {("told", "", "srcc"), ("told", "shuffled", "auc"), ("centre", "centre", "srcc")}
    assert rows["told", "", "srcc"].mean.estimate > 0.5
    assert rows["told", "", "srcc"].mean.unit == "items"
    assert abs(rows["told", "shuffled", "srcc"].mean.estimate) < 0.1
    assert rows["told", "shuffled", "auc"].mean.estimate == pytest.approx(0.5, abs=0.1)


def test_a_centred_importance_contradicts_a_measure_that_is_not_centred():
    importances, measures = _planted(20, 0.0)
    importances = [_importance(centre(i.cells) + 0.01 * i.map) for i in importances]
    found = agreement(importances, measures, samples=300)
    assert found.claim("told") == "contradicted"


def test_means_medians_and_intervals():
    importances, measures = _planted(15, 0.5)
    found = agreement(importances, measures, samples=2000, seed=4)
    values = [spearmanr(i.map.ravel(), m["told"].ravel()).statistic for i, m in zip(importances, measures, strict=True)]
    row = next(r for r in found.rows if (r.measure, r.baseline, r.statistic) == ("told", "", "srcc"))
    assert row.mean.estimate == pytest.approx(np.mean(values))
    assert row.median == pytest.approx(np.median(values))
    assert row.mean.samples == 2000
    # The interval of a mean of 15, against its standard error.
    error = np.std(values, ddof=1) / math.sqrt(15)
    assert row.mean.low == pytest.approx(np.mean(values) - 1.96 * error, abs=0.6 * error)
    assert row.mean.high == pytest.approx(np.mean(values) + 1.96 * error, abs=0.6 * error)


def test_pictures_are_never_paired_with_themselves():
    from visq.explain.agreements import _partners

    for count in (2, 3, 10):
        assert all(i != j for i, j in enumerate(_partners(count, 0)))


def test_pictures_of_several_grids_go_together():
    first, second = _planted(3, 0.5), _planted(3, 0.5, 1, (4, 4))
    found = agreement(first[0] + second[0], first[1] + second[1], samples=50)
    assert found.images == 6


def test_degenerate_maps_are_left_out_and_counted():
    importances, measures = _planted(6, 0.5)
    importances[2] = _importance(np.ones((6, 8)))
    found = agreement(importances, measures, samples=50)
    assert {r.images for r in found.rows if r.baseline == ""} == {5}


def test_what_does_not_belong_together_is_refused():
    importances, measures = _planted(3, 0.5)
    with pytest.raises(InputError, match="3 pictures"):
        agreement(importances, measures[:2])
    with pytest.raises(InputError, match="2 or more"):
        agreement(importances[0], measures[0])
    with pytest.raises(InputError, match="centre or shuffled"):
        agreement(importances, measures, ("random",))
    with pytest.raises(InputError, match="not on the grid"):
        agreement(importances, [measures[0], {"told": np.ones((2, 2)), "noise": np.ones((2, 2))}, measures[2]])
