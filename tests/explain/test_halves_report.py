"""Halves against people: parts of pictures, correlations, verdicts, models that choose halves for others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

import samples
import visq
from rated_folders import rated
from visq.errors import InputError
from visq.explain.half_reports import halves_report, report_of
from visq.explain.halving import halved, halves_of
from visq.explain.importances import of_masker
from visq.explain.pooling import Pooled

SHAPE = (6, 8)


def _mean(values, shape=SHAPE):
    return Pooled([np.asarray(values).reshape(1, *shape)], lambda features: features[:, 0], (64, 64))


class _Attention:
    """Weighted mean of values: the model looks at some cells alone."""

    factor = 1

    def __init__(self, values, weights, shape=SHAPE):
        self.values, self.weights = values, weights
        self.cells = _mean(np.zeros(shape), shape).cells

    def __call__(self, keeps):
        kept = keeps.reshape(len(keeps), -1)
        return (kept * self.weights * self.values).sum(1) / (kept * self.weights).sum(1)


def _pictures(count, seed=0):
    """Quality sits in half of the cells, which are those the model looks at; the rest is noise."""
    rng = np.random.default_rng(seed)
    labels, models = rng.normal(size=count), []
    for label in labels:
        decisive = rng.permutation(48) < 24
        values = np.where(decisive, label + 0.7 * rng.normal(size=48), rng.normal(scale=2, size=48))
        models.append(_Attention(values, np.where(decisive, 1.0, 0.02)))
    return labels, models


def test_parts_are_what_they_are_called():
    model = _Attention(np.arange(48.0), np.ones(48))
    importance = of_masker(model, estimator="loo")
    found = halved(model, importance, draws=4, seed=1)
    values = np.arange(48.0).reshape(SHAPE)
    assert found.full == pytest.approx(values.mean())
    assert found.critical == pytest.approx(values[importance.critical].mean())
    assert found.trivial == pytest.approx(values[~importance.critical].mean())
    assert found.random.shape == (4,)
    assert len(set(found.random.tolist())) == 4
    order = np.argsort(-importance.map.ravel(), kind="stable")
    assert found.most[2] == pytest.approx(np.arange(48.0)[order[:14]].mean())
    assert found.least[2] == pytest.approx(np.arange(48.0)[order[::-1][:14]].mean())
    assert found.most[-1] == found.least[-1] == pytest.approx(found.full)


def test_a_claim_that_is_true_is_confirmed():
    labels, models = _pictures(60)
    # Importance by weight, as a perfect estimator would have it: halves are not what is tested here.
    importances = []
    for model in models:
        one = of_masker(model, estimator="loo")
        chosen = (model.weights > 0.5).reshape(SHAPE)
        importances.append(one.__class__(**{**_fields(one), "map": chosen * 1.0, "critical": chosen}))
    found = halves_of(models, importances)
    report = report_of(found, labels, samples=200)
    assert report.claim == "confirmed"
    assert all(report.checks.values())
    for part in ("full", "critical", "trivial"):
        wanted = spearmanr([getattr(one, part) for one in found], labels).statistic
        assert report.srcc[part].estimate == pytest.approx(wanted)
        assert report.srcc[part].low <= wanted <= report.srcc[part].high
    wanted = np.mean([spearmanr([one.random[d] for one in found], labels).statistic for d in range(10)])
    assert report.srcc["random"].estimate == pytest.approx(wanted)
    moved = [np.mean([abs(getattr(o, part) - o.full) for o in found]) for part in ("trivial", "critical")]
    assert report.ratio.estimate == pytest.approx(moved[0] / moved[1])
    assert report.ratio.low > 1
    assert [share for share, _, _ in report.curve] == pytest.approx(np.arange(1, 11) / 10)
    assert report.curve[4][1] > report.curve[4][2]


def _fields(one):
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def test_a_claim_that_is_not_true_is_not_confirmed():
    """Quality everywhere alike: halves agree as well, whichever they are."""
    rng = np.random.default_rng(3)
    labels = rng.normal(size=50)
    models = [_mean(label + 0.1 * rng.normal(size=48)) for label in labels]
    report = report_of(halves_of(models, estimator="loo", draws=3), labels, samples=50)
    assert report.claim != "confirmed"
    assert not report.checks["full - trivial >= 0.1"]
    assert report.ratio.estimate == pytest.approx(1.0, abs=1e-6)


def test_halves_of_one_model_are_shown_to_another():
    labels, models = _pictures(30, 5)
    coarse = [Pooled([m.values.reshape(1, *SHAPE)[:, ::2, ::2]], lambda f: f[:, 0], (64, 64)) for m in models]
    importances = [of_masker(m, estimator="half") for m in models]
    found = halves_of(coarse, importances, draws=2)
    assert found[0].importance.map.shape == SHAPE
    report = report_of(found, labels, samples=50, cross_model=True)
    assert report.cross_model
    with pytest.raises(InputError, match="fewer importances"):
        halves_of(coarse, importances[:3], draws=2)


def test_directions_of_scores_and_labels():
    labels, models = _pictures(30)
    found = halves_of(models, estimator="loo", draws=2)
    up = report_of(found, labels, samples=0).srcc["full"].estimate
    down = report_of(found, labels, samples=0, lower_is_better=True).srcc["full"].estimate
    both = report_of(found, -labels, samples=0, labels_lower_is_better=True).srcc["full"].estimate
    assert up == pytest.approx(-down)
    assert up == pytest.approx(both)
    with pytest.raises(InputError, match="as many labels"):
        report_of(found, labels[:5])


def test_a_database_brings_labels_references_contents_and_directions(tmp_path):
    rated(tmp_path)
    database = visq.dataset("folder", tmp_path).subset(range(8))
    options = {"level": "pixel", "estimator": "loo", "cells": 4, "draws": 2, "samples": 10}
    found = halves_report("mse", database, **options)
    assert found.images == 8
    values = [float(visq.metric("mse")(*database.paths(i))) for i in range(8)]
    sign = 1 if database.spec.lower_is_better else -1  # MSE falls as quality rises
    assert found.srcc["full"].estimate == pytest.approx(sign * spearmanr(values, database.scores).statistic)
    assert found.srcc["full"].unit == "contents"
    with pytest.raises(InputError, match="nobody said"):
        halves_report("mse", [samples.picture(64, 64)] * 3, **options)


def test_metrics_of_the_catalogue_are_reported():
    pictures = [samples.blurred(samples.picture(96, 96), s) for s in (0.5, 1.0, 2.0, 3.0)]
    options = {"level": "pixel", "estimator": "loo", "cells": 9, "draws": 2, "samples": 20}
    report = halves_report("tenengrad", pictures, [4, 3, 2, 1], cross_model="tv", **options)
    assert report.images == 4
    assert report.cross_model
    assert report.srcc["full"].estimate == pytest.approx(1.0)
    original = samples.picture(96, 96)
    compared = halves_report("mse", pictures, [4, 3, 2, 1], references=[original] * 4, **options)
    assert compared.srcc["full"].estimate == pytest.approx(1.0)
