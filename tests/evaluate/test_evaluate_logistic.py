"""The logistic fits: robust, deterministic, and honest about which one was used."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize

from visq.errors import InputError
from visq.evaluate import agreement, fit_logistic, plcc

_MODELS = ["logistic5", "logistic4", "poly3", "none"]


def _five(s, b1, b2, b3, b4, b5):
    return b1 * (0.5 - 1 / (1 + np.exp(b2 * (s - b3)))) + b4 * s + b5


def _four(s, b1, b2, b3, b4):
    return b2 + (b1 - b2) / (1 + np.exp(-(s - b3) / b4))


def _noisy(seed, n=400, noise=0.3):
    rng = np.random.default_rng(seed)
    s = rng.uniform(15, 45, n)
    return s, _five(s, 3.0, 0.35, 30.0, 0.02, 2.0) + rng.normal(0, noise, n)


def test_a_curve_without_noise_is_found_again():
    s, y = _noisy(0, noise=0)
    fit = fit_logistic(s, y)
    assert fit.kind == "logistic5"
    # 1e-6: where a least-squares search with a relative tolerance of 1e-10 on two unknowns stops.
    assert np.abs(fit(s) - y).max() < 1e-6
    assert fit.parameters == pytest.approx((3.0, 0.35, 30.0, 0.02, 2.0), rel=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_against_curve_fit_from_the_true_parameters(seed):
    """scipy's general fit started at the truth, which nobody has: the sum of squares must be the same."""
    s, y = _noisy(seed)
    best = optimize.curve_fit(_five, s, y, p0=(3.0, 0.35, 30.0, 0.02, 2.0), maxfev=20000)[0]
    fit = fit_logistic(s, y)
    assert np.sum((fit(s) - y) ** 2) <= np.sum((_five(s, *best) - y) ** 2) * (1 + 1e-9)
    four = optimize.curve_fit(_four, s, y, p0=(4.0, 1.0, 30.0, 3.0), maxfev=20000)[0]
    fit = fit_logistic(s, y, model="logistic4")
    assert np.sum((fit(s) - y) ** 2) <= np.sum((_four(s, *four) - y) ** 2) * (1 + 1e-9)


def test_cubic_against_numpy():
    s, y = _noisy(1)
    fit = fit_logistic(s, y, model="poly3")
    expected = np.polynomial.polynomial.polyfit(s, y, 3)
    assert fit.parameters == pytest.approx(expected, rel=1e-6)
    assert fit(s) == pytest.approx(np.polynomial.polynomial.polyval(s, expected), abs=1e-8)


@pytest.mark.parametrize(("model", "formula"), [("logistic5", _five), ("logistic4", _four)])
@pytest.mark.parametrize("turned", [1, -1])
def test_the_printed_formula_is_what_is_evaluated(model, formula, turned):
    s, y = _noisy(2)
    fit = fit_logistic(turned * s, y, model=model)
    assert fit.kind == model
    assert formula(turned * s, *fit.parameters) == pytest.approx(fit(turned * s), abs=1e-9)
    assert fit.falling == (turned < 0)


@pytest.mark.parametrize("change", [lambda s: 1e-6 * s, lambda s: 1e9 * s - 3e9, lambda s: -s, lambda s: s / 7 + 1e4])
@pytest.mark.parametrize("model", ["logistic5", "logistic4", "poly3"])
def test_scale_and_direction_do_not_matter(change, model):
    s, y = _noisy(3)
    straight = fit_logistic(s, y, model=model)(s)
    changed = fit_logistic(change(s), y, model=model)(change(s))
    assert changed == pytest.approx(straight, abs=1e-5)
    scaled = fit_logistic(s, 20 * y - 7, model=model)(s)
    assert scaled == pytest.approx(20 * straight - 7, abs=1e-4)


def _adversarial(number):
    """Score sets of every sort that ever broke a fit."""
    rng = np.random.default_rng(number)
    n = int(rng.choice([3, 4, 5, 6, 7, 8, 12, 30, 200]))
    kind = number % 14
    x, y = rng.normal(size=n), rng.normal(size=n)
    if kind == 0:
        x = np.full(n, rng.normal())
    elif kind == 1:
        y = np.full(n, rng.normal())
    elif kind == 2:
        x, y = np.round(x), np.round(y)
    elif kind == 3:  # two clusters
        x = np.where(rng.random(n) < 0.5, 0.0, 1.0) + 1e-3 * x
        y = np.where(x > 0.5, 5.0, 1.0) + 0.1 * y
    elif kind == 4:  # outliers
        x[0], y[-1] = 1e6, -1e6
    elif kind == 5:
        x *= 10.0 ** rng.integers(-300, 300)
        y *= 10.0 ** rng.integers(-150, 150)
    elif kind == 6:  # hardly varies about a large value
        x = 1e9 + x * 1e-5
    elif kind == 7:  # a straight line
        y = 3 - 2 * x
    elif kind == 8:  # a step
        y = (x > 0).astype(float)
    elif kind == 9:  # binary predictions
        x = (x > 0).astype(float)
    elif kind == 10:  # a parabola: no order at all
        y = x**2
    elif kind == 11:
        x = np.exp(20 * x)
        y = np.log(x) + y
    elif kind == 12:  # one value apart from a pile
        x = np.zeros(n)
        x[-1] = 1.0
    else:  # saturates
        y = np.tanh(20 * x) + 1e-9 * y
    return x, y


@pytest.mark.parametrize("model", _MODELS)
def test_a_thousand_adversarial_sets(model):
    """Never a NaN, never a worse PLCC than without the fit (1e-9: rounding of the sums)."""
    kinds = set()
    for number in range(1000):
        x, y = _adversarial(number)
        fit = fit_logistic(x, y, model=model)
        mapped = fit(x)
        kinds.add(fit.kind)
        assert np.isfinite(mapped).all(), (number, fit)
        assert np.isfinite(fit.parameters).all(), (number, fit)
        assert fit.why
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            assert fit.kind == "none", number
            continue
        raw = plcc(x, y)
        gained = plcc(mapped, y)
        assert gained >= (raw if fit.kind == "none" else abs(raw)) - 1e-9, (number, fit, raw, gained)
    assert kinds == {"logistic5": {"logistic5", "logistic4", "none"}}.get(model, {model, "none"})


def test_agreement_of_adversarial_sets_has_no_surprise():
    """Correlations within -1 and 1, NaN only where something is constant."""
    for number in range(140):
        x, y = _adversarial(number)
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            continue
        found = agreement(x, y, samples=20)
        for value in (found.srcc, found.krcc, found.plcc, found.plcc_fitted):
            assert -1 <= value <= 1, number
        assert math.isfinite(found.rmse_fitted), number


def test_the_chain_says_why():
    few = fit_logistic([1, 2, 3, 4, 5], [1, 2, 3, 5, 4])
    assert few.kind == "logistic4"
    assert few.why == "logistic5 was not used: 5 distinct predictions for 5 parameters; logistic4 instead"
    fewer = fit_logistic([1, 2, 3, 4, 4], [1, 2, 3, 5, 4])
    assert fewer.kind == "none"
    assert "4 distinct predictions for 4 parameters" in fewer.why
    assert fit_logistic([1, 2, 3], [1, 2, 3], model="none").why == "no fit was asked for"
    assert "all scores are equal" in fit_logistic(range(9), [3] * 9).why


def test_none_gives_the_predictions_back():
    fit = fit_logistic([1, 1, 1], [1, 2, 3])
    assert fit([5.0, 7.0]).tolist() == [5.0, 7.0]


def test_a_curve_that_turns_is_reported():
    x = np.linspace(-1, 1, 60)
    fit = fit_logistic(x, x**3 - 0.4 * x, model="poly3")
    assert not fit.monotone
    assert fit_logistic(x, np.tanh(3 * x)).monotone


def test_a_metric_that_is_wrong_throughout_does_not_hide_in_the_fit():
    s, y = _noisy(5)
    found = agreement(s, y, lower_is_better=True, samples=0)
    assert found.srcc < -0.8 < 0.8 < found.plcc_fitted
    assert any("ranks against people" in note for note in found.notes)
    assert any("against the stated direction" in note for note in found.notes)


def test_the_same_twice():
    s, y = _noisy(6)
    assert fit_logistic(s, y) == fit_logistic(list(s), list(y))


def test_unknown_model():
    with pytest.raises(InputError, match="unknown model"):
        fit_logistic([1, 2, 3], [1, 2, 3], model="spline")
