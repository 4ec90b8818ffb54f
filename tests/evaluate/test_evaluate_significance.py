"""Comparisons of metrics: right on planted differences, honest about contents, corrected for many."""

from __future__ import annotations

import math

import numpy as np
import pytest

from visq.errors import InputError, VisqError, VisqWarning
from visq.evaluate import as_text, compare_metrics, meng, plcc, power, significance_matrix, srcc, steiger, williams

_METHODS = ["bootstrap", "williams", "meng", "steiger", "f", "pitman"]


def _study(seed, n=200, sigma=(0.7, 0.7), groups=20, shared=0.0):
    """Scores, and two metrics with errors of their own and errors that a content's items share."""
    rng = np.random.default_rng(seed)
    content = np.arange(n) % groups
    mos = rng.normal(size=n)
    metrics = [mos + s * rng.normal(size=n) + shared * rng.normal(size=groups)[content] for s in sigma]
    return *metrics, mos, content


@pytest.mark.parametrize("measure", ["srcc", "plcc"])
@pytest.mark.parametrize(("method", "test"), [("williams", williams), ("meng", meng), ("steiger", steiger)])
def test_closed_forms_get_the_right_correlations(measure, method, test):
    a, b, mos, _ = _study(0)
    of = {"srcc": srcc, "plcc": plcc}[measure]
    found = compare_metrics(a, b, mos, method=method, measure=measure)
    expected = test(of(a, mos), of(b, mos), of(a, b), 200)
    assert (found.statistic, found.p) == pytest.approx((expected.statistic, expected.p), abs=1e-12)
    assert found.difference == pytest.approx(of(a, mos) - of(b, mos), abs=1e-12)
    assert ("approximate" in found.notes[-1]) == (measure == "srcc")


@pytest.mark.parametrize("method", _METHODS)
def test_a_clear_difference_is_found_and_has_a_sign(method):
    good, poor, mos, content = _study(1, sigma=(0.5, 1.5))
    found = compare_metrics(good, poor, mos, groups=content, method=method)
    turned = compare_metrics(poor, good, mos, groups=content, method=method)
    assert found.p < 1e-4
    assert turned.p == pytest.approx(found.p, rel=1e-6)
    assert found.difference == pytest.approx(-turned.difference, abs=1e-12)
    assert (found.difference < 0) == (found.measure == "rmse_fitted")
    assert found.unit == ("contents" if method == "bootstrap" else "items")


@pytest.mark.parametrize("method", _METHODS)
def test_a_metric_against_itself(method):
    a, _, mos, content = _study(2)
    found = compare_metrics(a, a, mos, groups=content, method=method)
    assert found.p == 1.0
    assert found.difference == 0.0


@pytest.mark.parametrize("method", _METHODS)
def test_direction_is_that_of_each_metric(method):
    a, b, mos, content = _study(3)
    straight = compare_metrics(a, b, mos, groups=content, method=method)
    turned = compare_metrics(-a, b, mos, groups=content, method=method, lower_is_better=(True, False))
    both = compare_metrics(
        -a, -b, -mos, groups=content, method=method, lower_is_better=True, scores_lower_is_better=True
    )
    for other in (turned, both):
        assert (other.a, other.b, other.p) == pytest.approx((straight.a, straight.b, straight.p), abs=1e-7)


@pytest.mark.slow
def test_bootstrap_keeps_its_level():
    """Equal metrics, 300 items: differences at 5 % in 5 % of 4,000 studies; standard error 0.34 %, allowed 1 %."""
    found = [compare_metrics(*_study(s, 300)[:3], samples=200, measure="plcc").p < 0.05 for s in range(4000)]
    assert abs(np.mean(found) - 0.05) < 0.01


@pytest.mark.slow
def test_bootstrap_of_ranks_keeps_its_level():
    """Ranks of 300 items: 1,000 studies, standard error 0.7 %; they err on the safe side, 2 % allowed."""
    found = [compare_metrics(*_study(seed, 300)[:3], samples=200).p < 0.05 for seed in range(1000)]
    assert abs(np.mean(found) - 0.05) < 0.02


def test_bootstrap_finds_a_planted_difference_as_often_as_stated():
    """Errors of 0.6 and 0.7 of the scores' deviation; 600 studies: standard error 2 %, allowed 5 %."""
    ra, rb = 1 / math.sqrt(1.36), 1 / math.sqrt(1.49)
    stated = power(ra, rb, ra * rb, 300)
    found = [
        compare_metrics(*_study(seed, 300, sigma=(0.6, 0.7))[:3], samples=200, measure="plcc").p < 0.05
        for seed in range(600)
    ]
    assert 0.4 < stated < 0.95
    assert abs(np.mean(found) - stated) < 0.05


@pytest.mark.parametrize("measure", ["srcc", "krcc", "plcc"])
def test_bootstrap_of_few_items_errs_on_the_safe_side(measure):
    """60 items, each its own content: at most 5 % false findings, 200 studies, standard error 1.5 %, 4 % allowed."""
    found = [compare_metrics(*_study(seed, 60)[:3], samples=100, measure=measure).p < 0.05 for seed in range(200)]
    assert np.mean(found) < 0.09


@pytest.mark.slow
def test_contents_matter():
    """Errors that a content's items share: tests of items find differences where there are none, contents do not.

    1,000 studies of 20 contents: standard error 0.7 %; the bootstrap is allowed 2 %.
    """
    over, items = [], []
    for seed in range(1000):
        a, b, mos, content = _study(seed, 160, shared=0.8)
        over.append(compare_metrics(a, b, mos, groups=content, samples=300, measure="plcc").p < 0.05)
        items.append(compare_metrics(a, b, mos, method="williams", measure="plcc").p < 0.05)
    assert abs(np.mean(over) - 0.05) < 0.02
    assert np.mean(items) > 0.08


def test_bootstrap_interval_and_p_go_together():
    for seed in range(30):
        a, b, mos, content = _study(seed, sigma=(0.6, 0.8))
        found = compare_metrics(a, b, mos, groups=content, samples=200)
        low, high = found.interval
        assert low < found.difference < high
        assert (found.p < 0.05) == (not low < 0 < high)


def test_the_same_seed_gives_the_same_result():
    a, b, mos, content = _study(0)
    assert compare_metrics(a, b, mos, groups=content) == compare_metrics(a, b, mos, groups=list(content))
    other = compare_metrics(a, b, mos, groups=content, seed=1)
    assert other != compare_metrics(a, b, mos, groups=content)
    assert other.p == pytest.approx(compare_metrics(a, b, mos, groups=content).p, abs=0.05)


def test_constant_metric():
    a, _, mos, content = _study(0)
    with pytest.warns(VisqWarning, match="b: all values are equal"):
        found = compare_metrics(a, np.ones(200), mos, groups=content)
    assert math.isnan(found.p)
    assert math.isnan(found.difference)
    assert not math.isnan(found.a)


def test_notes_say_what_was_taken_for_granted():
    a, b, mos, content = _study(0)
    assert not compare_metrics(a, b, mos, groups=content).notes
    assert "every item" in compare_metrics(a, b, mos).notes[0]
    heavy = mos + np.random.default_rng(0).standard_t(1.5, 200)
    assert any("not normal" in note for note in compare_metrics(a, heavy, mos, method="f").notes)


# Many metrics ------------------------------------------------------------------------------------------------


def _metrics(seed=0, n=150):
    rng = np.random.default_rng(seed)
    mos = rng.normal(size=n)
    noise = {"best": 0.4, "equal": 0.4, "middle": 0.9, "worst": 3.0}
    return {name: mos + s * rng.normal(size=n) for name, s in noise.items()}, mos, np.arange(n) % 25


@pytest.mark.parametrize("method", _METHODS)
def test_matrix_is_the_comparisons(method):
    metrics, mos, content = _metrics()
    found = significance_matrix(metrics, mos, groups=content, method=method, samples=300)
    assert found.names == tuple(metrics)
    assert (found.verdict == -found.verdict.T).all()
    assert (found.p == found.p.T).all()
    assert (found.adjusted >= found.p).all()
    assert found.verdict[0].tolist() == [0, 0, 1, 1]
    assert found.verdict[3].tolist() == [-1, -1, -1, 0]
    for i, j in ((0, 2), (1, 3)):
        one = compare_metrics(
            metrics[found.names[i]], metrics[found.names[j]], mos, groups=content, method=method, samples=300
        )
        assert found.p[i, j] == pytest.approx(one.p, rel=1e-9)
        assert found.difference[i, j] == pytest.approx(one.difference, rel=1e-9)


def test_corrections_are_applied_over_all_pairs():
    metrics, mos, _ = _metrics(1)
    raw = significance_matrix(metrics, mos, method="williams", correction="none")
    for correction in ("bonferroni", "holm", "bh"):
        found = significance_matrix(metrics, mos, method="williams", correction=correction)
        upper = np.triu_indices(4, 1)
        assert (found.adjusted[upper] >= raw.p[upper]).all()
    assert found.adjusted[0, 1] <= min(1, 6 * raw.p[0, 1])


def test_holm_keeps_the_chance_of_any_false_finding():
    """Five equal metrics, ten pairs: some pair differs at 5 % in many studies, after Holm in at most 5 % (+ 2 %)."""
    any_raw = any_holm = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        mos = rng.normal(size=80)
        metrics = {str(k): mos + rng.normal(size=80) for k in range(5)}
        found = significance_matrix(metrics, mos, method="williams", measure="plcc")
        any_raw += (found.p < 0.05).any()
        any_holm += found.verdict.any()
    assert any_raw / 400 > 0.15
    assert any_holm / 400 < 0.07


def test_directions_by_name():
    metrics, mos, content = _metrics()
    turned = metrics | {"best": -metrics["best"]}
    directions = dict.fromkeys(metrics, False) | {"best": True}
    found = significance_matrix(turned, mos, groups=content, samples=100, lower_is_better=directions)
    straight = significance_matrix(metrics, mos, groups=content, samples=100)
    assert found.values == pytest.approx(straight.values, abs=1e-12)
    assert (found.verdict == straight.verdict).all()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"method": "t"}, "unknown method"),
        ({"measure": "rmse"}, "unknown measure"),
        ({"method": "meng", "measure": "krcc"}, "unknown measure"),
        ({"groups": [1] * 10}, "needs several"),
        ({"samples": 2}, "samples out of range"),
        ({"lower_is_better": (True, False, True)}, "one for a and one for b"),
    ],
)
def test_refused(options, text):
    with pytest.raises(InputError, match=text):
        compare_metrics(range(10), range(10), range(10), **options)


def test_matrix_refused():
    with pytest.raises(InputError, match="2 or more"):
        significance_matrix({"a": [1, 2, 3, 4]}, [1, 2, 3, 4])
    with pytest.raises(InputError, match="does not name the metrics"):
        significance_matrix({"a": [1, 2, 3, 4], "b": [1, 2, 4, 3]}, [1, 2, 3, 4], lower_is_better={"a": True})
    with pytest.raises(InputError, match=r"scores and psnr differ in length"):
        significance_matrix({"ssim": [1, 2, 3, 4], "psnr": [1, 2, 3]}, [1, 2, 3, 4])


@pytest.mark.parametrize("method", _METHODS)
def test_a_metric_in_other_units_is_no_other_metric(method):
    """PLCC and what a fit leaves differ by rounding alone, which no test may take for a difference."""
    for seed in range(6):
        a, _, mos, content = _study(seed)
        for b in (a / 3 - 7, 1.1 * a, 2e-3 * a + 5):
            found = compare_metrics(a, b, mos, groups=content, method=method, measure="plcc", samples=50)
            assert found.p > 0.999, (seed, found)


@pytest.mark.parametrize("method", ["f", "pitman"])
def test_a_constant_metric_has_no_residuals(method):
    _, b, mos, _ = _study(0)
    with pytest.warns(VisqWarning, match="undefined"):
        found = compare_metrics(np.ones(mos.size), b, mos, method=method)
    assert math.isnan(found.a)
    assert math.isnan(found.p)
    assert not math.isnan(found.b)


def test_what_could_not_be_fitted_is_noted():
    coarse = np.tile([1.0, 2.0, 3.0], 20)
    mos = coarse + np.random.default_rng(0).normal(size=60)
    assert any("could not be fitted" in n for n in compare_metrics(coarse, mos**3, mos, method="f").notes)


@pytest.mark.parametrize("value", [1, None, "no", (True,)])
def test_directions_are_true_or_false(value):
    with pytest.raises(VisqError, match="lower_is_better"):
        compare_metrics([1, 2, 3, 4], [1, 2, 4, 3], [1, 2, 3, 4], lower_is_better=value)


def test_names_need_not_be_texts():
    a, b, mos, _ = _study(0, sigma=(0.3, 2.0))
    assert as_text(significance_matrix({1: a, 2: b}, mos, method="williams")).splitlines()[2].startswith("1 ")
