"""Estimators of importance against loops from their definitions, and the theorem on models that average."""

from __future__ import annotations

import math

import numpy as np
import pytest

from visq.errors import OptionError
from visq.explain.estimators import calls, estimate, halves, most_important, ridge
from visq.explain.importances import of_masker
from visq.explain.pooling import Pooled


def _attention(count, seed, spread=2.0):
    """One layer of attention pooling over random values: what the specification's simulation has."""
    rng = np.random.default_rng(seed)
    values, weights = rng.normal(size=count), np.exp(rng.normal(scale=spread, size=count))

    def score(masks):
        return (masks * weights * values).sum(axis=1) / (masks * weights).sum(axis=1)

    return score


def _full(score, count):
    return float(score(np.ones((1, count), bool))[0])


def test_leaving_one_out_is_what_it_says():
    score = _attention(12, 0)
    found = estimate("loo", score, _full(score, 12), 12)
    for r in range(12):
        keep = np.ones((1, 12), bool)
        keep[0, r] = False
        assert found.values[r] == pytest.approx(abs(_full(score, 12) - score(keep)[0]), rel=1e-12)
    assert math.isnan(found.stability)


def test_half_masks_keep_exactly_half_and_come_with_their_complements():
    for count in (2, 7, 48):
        found = halves(count, 30, np.random.default_rng(1))
        assert (found[::2].sum(axis=1) == count // 2).all()
        assert (found[1::2] == ~found[::2]).all()
    assert not (halves(48, 2, np.random.default_rng(1))[0] == halves(48, 2, np.random.default_rng(1))[2]).all()


def test_ridge_is_the_least_of_its_sum():
    """The gradient of |y - c - M b|^2 + alpha |b|^2 is zero there, in b and in c."""
    rng = np.random.default_rng(2)
    masks, y = halves(10, 40, rng), rng.normal(size=80)
    b = ridge(masks, y, 0.3)
    c = np.mean(y - masks @ b)
    residual = y - c - masks @ b
    assert np.abs(masks.T @ residual - 0.3 * b).max() < 1e-10
    assert abs(residual.sum()) < 1e-10


def test_half_finds_the_cells_that_hold_the_score_in_place():
    """D is additive here, so that the slopes are known: keeping a cell that matters lowers the distance."""
    worth = np.linspace(0.1, 2.0, 20)

    def score(masks):
        return 100.0 - (~masks) @ worth

    found = estimate("half", score, 100.0, 20, seed=3)
    # Masks of one size cannot tell a common slope: only differences are found.
    assert found.values - found.values.mean() == pytest.approx(worth - worth.mean(), abs=0.01)
    assert (found.critical == (worth > np.median(worth))).all()
    assert found.stability > 0.99
    assert found.calls == 400


def test_two_disjoint_sets_of_masks_give_the_same_map():
    """T9 of the specification, with attention over 48 cells."""
    for seed in range(3):
        score = _attention(48, seed)
        assert estimate("half", score, _full(score, 48), 48, seed=seed).stability >= 0.7


def test_masks_are_added_while_two_sets_disagree():
    noise = np.random.default_rng(0)
    found = estimate("half", lambda masks: noise.normal(size=len(masks)), 0.0, 12)
    assert found.stability < 0.7
    assert found.calls == 4 * 240
    assert estimate("half", lambda masks: noise.normal(size=len(masks)), 0.0, 12, masks=50).calls == 52


def test_greedy_removes_what_changes_least_until_half_is_left():
    score = _attention(9, 5)
    kept, now, order = np.ones(9, bool), _full(score, 9), []
    while kept.sum() > 4:
        changes = {}
        for r in np.flatnonzero(kept):
            trial = kept.copy()
            trial[r] = False
            changes[r] = abs(score(trial[None])[0] - now)
        least = min(changes, key=changes.get)
        order.append(least)
        kept[least] = False
        now = score(kept[None])[0]
    found = estimate("greedy", score, _full(score, 9), 9)
    assert (found.critical == kept).all()
    assert np.argsort(found.values)[:5].tolist() == order
    assert sorted(found.values) == pytest.approx(np.linspace(0, 1, 9))
    assert found.calls == calls("greedy", 9)


@pytest.mark.parametrize("count", [2, 3, 8, 13])
def test_calls_are_counted_before_they_are_made(count):
    for estimator in ("loo", "greedy"):
        score = _attention(count, 1)
        assert estimate(estimator, score, _full(score, count), count).calls == calls(estimator, count)


def test_ties_are_broken_by_place_and_exactly_half_is_critical():
    assert most_important(np.ones(5)).tolist() == [True, True, False, False, False]
    for count in range(2, 30):
        assert most_important(np.random.default_rng(count).random(count)).sum() == count // 2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cells", [(4, 4), (6, 8)])
def test_theorem_for_models_that_average(seed, cells):
    """T4: exact halves of any split move the score of a mean-pooling linear model by the same amount."""
    rng = np.random.default_rng(seed)
    maps, weights = rng.normal(size=(7, *cells)), rng.normal(size=7)
    model = Pooled([maps], lambda features: features @ weights + 3.0, (64, 64))
    full = model(np.ones((1, *cells), bool))[0]
    split = rng.permutation(np.arange(cells[0] * cells[1]) % 2 == 0).reshape(cells)
    critical, trivial = model(np.stack([split, ~split]))
    assert (critical + trivial) / 2 == pytest.approx(full, abs=1e-5)
    assert abs(critical - full) == pytest.approx(abs(trivial - full), abs=1e-5)
    for estimator in ("half", "loo", "greedy"):
        assert of_masker(model, estimator=estimator).ratio == pytest.approx(1.0, abs=1e-5)


def test_without_dividing_by_what_is_kept_the_theorem_does_not_hold():
    rng = np.random.default_rng(0)
    maps = rng.random((1, 6, 8)) ** 6
    model = Pooled([maps], lambda features: features[:, 0], (64, 64), "sum")
    assert of_masker(model, estimator="loo").ratio > 1.5


def test_random_attention_makes_large_ratios_by_itself():
    """The specification's simulation: 48 cells, logits of deviation 0.5, 1, 2 give k of about 1.3, 2.1, 5."""
    found = []
    for spread in (0.5, 2.0):
        moved = np.zeros(2)
        for seed in range(30):
            score = _attention(48, seed, spread)
            one = estimate("half", score, _full(score, 48), 48, seed=seed)
            moved += [abs(score(m[None])[0] - _full(score, 48)) for m in (~one.critical, one.critical)]
        found.append(moved[0] / moved[1])
    assert 1.0 < found[0] < 2.5
    assert found[1] > 3.0
    assert found[1] > 1.5 * found[0]


def test_what_cannot_be_estimated_is_refused():
    score = _attention(4, 0)
    for given, pattern in ((("loo", 1), "2 cells"), (("all", 4), "half, loo or greedy")):
        with pytest.raises(OptionError, match=pattern):
            estimate(given[0], score, 0.0, given[1])
    with pytest.raises(OptionError, match="4 or more"):
        estimate("half", score, 0.0, 4, masks=3)


def test_a_model_that_does_not_look_is_degenerate():
    found = of_masker(Pooled([np.ones((2, 4, 4))], lambda features: features[:, 0], (32, 32)), estimator="half")
    assert found.degenerate
    assert math.isnan(found.ratio)
    assert found.critical.sum() == 8
