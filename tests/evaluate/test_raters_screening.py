"""Screening of observers, and the estimate that needs none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from visq.errors import InputError
from visq.evaluate.raters import Votes, mos, recover, remove_bias, screen_bt500, screen_correlation

NAN = math.nan

# Twelve items (rows) and eight observers. Observer 7 leans the wrong way at times, observer 8 votes at random.
VOTES = np.array(
    [
        [5, 5, 4, 5, 4, 5, 3, 5], [4, 5, 4, 4, 3, 5, 4, 1], [4, 4, 3, 4, 3, 5, 2, 5], [3, 4, 3, 3, 2, 4, 5, 2],
        [3, NAN, 2, 3, 2, 4, 1, 4], [2, 3, 2, 2, 1, 3, 4, 1], [2, 3, 1, 2, 1, 3, 2, 5], [1, 2, 1, 1, 1, 2, NAN, 3],
        [5, 5, 5, 4, 4, 5, 1, 4], [3, 3, 3, 2, 2, 4, 3, 1], [4, 4, 3, 4, 2, 5, 5, 3], [1, 2, 1, 2, 1, 2, 2, 4],
    ]
).T  # fmt: skip


def test_recovery_gives_the_numbers_of_p910s_program():
    """Printed for these votes by itut_p910_demo/demo_p910.py of github.com/Netflix/sureal, commit 526715c."""
    found = recover(Votes.from_matrix(VOTES))
    quality = [
        4.630841463390929, 4.098728863456487, 3.854409521228454, 3.1200475280055824, 2.946009932085328,
        2.120047528005582, 2.04958056042238, 1.2267753874433935, 4.584248428155008, 2.820274048195339,
        3.7579136394741086, 1.3474944760745702,
    ]  # fmt: skip
    bias = [
        0.03696905200523644, 0.5808762323771057, -0.37969761466143015, -0.0463642813280969, -0.8796976146614303,
        0.8703023853385697, -0.3026905444085245, 0.12030238533856977,
    ]  # fmt: skip
    inconsistency = [
        0.2274777541206455, 0.3011344094839529, 0.44579712785943143, 0.37921127502599195, 0.3906159279695408,
        0.26858831380871095, 1.6734809758369882, 1.7703877871933766,
    ]  # fmt: skip
    spread = [
        0.19336411420666388, 0.38896003259232903, 0.2472261749516834, 0.3165267238059405, 0.2779888072679463,
        0.3165267238059405, 0.3503241845063043, 0.23449610873355073, 0.4139076139184374, 0.2763029693673632,
        0.26367853291450805, 0.3080034065821372,
    ]  # fmt: skip
    # The same steps in float64, up to the order of sums, through some hundred rounds of a contracting iteration.
    ours = (found.quality, found.bias, found.inconsistency, found.spread_error)
    for own, theirs in zip(ours, (quality, bias, inconsistency, spread), strict=True):
        np.testing.assert_allclose(own, theirs, rtol=0, atol=1e-10)
    low, high = found.interval()
    np.testing.assert_allclose((high - low) / 2, 1.959963984540054 * found.error, rtol=1e-12)


def _planted(seed):
    """30 observers, of whom four hardly look, 60 items, a quarter of the votes missing."""
    rng = np.random.default_rng(seed)
    quality, bias = rng.uniform(1, 5, 60), rng.normal(0, 0.5, 30)
    noise = rng.uniform(0.2, 1.5, 30)
    noise[:4] = 4.0
    matrix = quality + bias[:, None] + noise[:, None] * rng.normal(size=(30, 60))
    matrix[rng.random(matrix.shape) < 0.25] = NAN
    # The scale's origin is that of the mean observer.
    return Votes.from_matrix(matrix), quality + bias.mean(), bias, noise


@pytest.mark.parametrize("unbiased", [False, True])
def test_recovery_finds_what_was_planted(unbiased):
    votes, quality, bias, noise = _planted(5)
    found = recover(votes, unbiased=unbiased)
    # A bias is the mean of 45 votes, whose noise of 0.2 to 4 is not small against biases of 0.5.
    assert np.corrcoef(found.bias, bias)[0, 1] > 0.85
    assert np.corrcoef(found.inconsistency, noise)[0, 1] > 0.98
    assert found.bias.mean() == pytest.approx(0, abs=1e-12)
    own, plain = found.quality - quality, mos(votes).mean - quality
    assert own.std() < 0.4 * plain.std()
    # The model knows of no error in its weights, maximum likelihood takes itself for better than it is.
    assert 0.8 < np.std(own / found.error) < (1.2 if unbiased else 1.5)


def test_maximum_likelihood_collapses_onto_a_good_observer_and_the_correction_does_not():
    """Half of such studies do, without the correction. P.910's program gives quality as that observer said it."""
    for seed in range(4, 10):
        votes, quality, _, noise = _planted(seed)
        if seed in (4, 8, 9):
            with pytest.raises(InputError, match="collapsed onto"):
                recover(votes)
        else:
            recover(votes)
        found = recover(votes, unbiased=True)
        assert (found.quality - quality).std() < 0.6 * (mos(votes).mean - quality).std()
        assert np.mean(found.inconsistency / noise) == pytest.approx(1, abs=0.05)


def test_the_correction_finds_the_variance_of_few_votes():
    """Eight votes each, of variance 1: the mean over 40 studies has a standard error of 0.015."""
    rng = np.random.default_rng(1)
    studies = [np.linspace(1, 5, 8) + rng.normal(size=(25, 8)) for _ in range(40)]
    found = [recover(Votes.from_matrix(study), unbiased=True).inconsistency for study in studies]
    assert np.mean(np.square(found)) == pytest.approx(1, abs=0.06)


def test_observers_alike_give_the_plain_mean():
    """With 200 of one kind; their weights scatter by a tenth, and that of the mean's error of 0.035 is 0.004."""
    rng = np.random.default_rng(5)
    quality = rng.uniform(1, 5, 40)
    votes = Votes.from_matrix(quality + rng.normal(0, 0.5, (200, 40)))
    for unbiased in (False, True):
        found = recover(votes, unbiased=unbiased)
        np.testing.assert_allclose(found.quality, mos(votes).mean, atol=0.03)
    assert np.mean(found.inconsistency**2) == pytest.approx(0.25, rel=0.02)


@pytest.mark.parametrize(
    ("matrix", "match"),
    [
        ([[1, 2, 3]], "one observer"),
        ([[1, 2], [1, NAN]], "one vote of 'observer 2'"),
        ([[1, 2, NAN, NAN], [2, 3, NAN, NAN], [NAN, NAN, 1, 2], [NAN, NAN, 2, 4]], "2 groups that share no item"),
        (
            [[5, 4, 2], [4, 3, 2], [5, 4, 3], [1, 5, 1]],
            "collapsed onto 'observer .'.*4 observers and 3 items.*unbiased=True",
        ),
    ],
)
def test_what_cannot_be_recovered(matrix, match):
    with pytest.raises(InputError, match=match):
        recover(Votes.from_matrix(matrix))


def test_observers_who_differ_by_their_bias_alone_are_no_collapse():
    found = recover(Votes.from_matrix([[5, 4, 2], [4, 3, 1], [3, 2, 0]]))
    np.testing.assert_allclose(found.quality, [4, 3, 1], atol=1e-9)
    np.testing.assert_allclose(found.bias, [1, 0, -1], atol=1e-9)


def test_bias_removal_leaves_the_means_and_narrows_the_intervals():
    """Hand-checked in the docstring; here on votes with planted biases, none missing."""
    rng = np.random.default_rng(6)
    bias = rng.normal(0, 1, 20)
    votes = Votes.from_matrix(rng.uniform(1, 5, 30) + bias[:, None] + rng.normal(0, 0.3, (20, 30)))
    clean, found = remove_bias(votes)
    np.testing.assert_allclose(found, bias - bias.mean(), atol=0.3)
    np.testing.assert_allclose(mos(clean).mean, mos(votes).mean, atol=1e-12)
    assert (mos(clean).error < mos(votes).error).all()


# BT.500 --------------------------------------------------------------------------------------------------------


def _by_the_text(matrix, ddof):
    """The rule of BT.500 vote by vote, as it reads."""
    observers, items = matrix.shape
    above, below = np.zeros(observers, int), np.zeros(observers, int)
    for j in range(items):
        votes = [v for v in matrix[:, j] if not math.isnan(v)]
        mean = sum(votes) / len(votes)
        m2 = sum((v - mean) ** 2 for v in votes) / len(votes)
        m4 = sum((v - mean) ** 4 for v in votes) / len(votes)
        if m2 == 0:
            continue
        s = math.sqrt(sum((v - mean) ** 2 for v in votes) / (len(votes) - ddof))
        width = 2 * s if 2 <= m4 / m2**2 <= 4 else math.sqrt(20) * s
        for i, v in enumerate(matrix[:, j]):
            above[i] += v - mean >= width
            below[i] += v - mean <= -width
    return above, below


def test_bt500_counts_as_the_text_says():
    rng = np.random.default_rng(7)
    matrix = np.clip(np.round(rng.uniform(1, 5, 50) + rng.normal(0, 0.7, (18, 50))), 1, 5)
    matrix[3] = rng.integers(1, 6, 50)
    matrix[:, 7] = 4
    matrix[rng.random(matrix.shape) < 0.1] = NAN
    for ddof in (0, 1):
        found = screen_bt500(Votes.from_matrix(matrix), ddof=ddof)
        above, below = _by_the_text(matrix, ddof)
        np.testing.assert_array_equal(found.above, above)
        np.testing.assert_array_equal(found.below, below)
    assert math.isnan(found.kurtosis[7])


def test_bt500_and_bias_removal_give_the_numbers_of_sureal():
    """SubjrejMosModel and BiasremvMosModel of github.com/Netflix/sureal, 0.9.0 (commit 526715c), on these votes.

    Its P and Q are counts and must be equal. Its standard deviation has n, not n - 1 as in the Recommendation: with
    that observer 4 is out too. The other numbers are sums over 50 items of means in float64.
    """
    rng = np.random.default_rng(7)
    matrix = np.clip(np.round(rng.uniform(1, 5, 50) + rng.normal(0, 0.7, (18, 50))), 1, 5)
    matrix[3] = rng.integers(1, 6, 50)
    matrix[11] = np.clip(matrix[11] + 2 * rng.choice([-1, 1], 50), 1, 5)
    matrix[rng.random(matrix.shape) < 0.1] = NAN
    votes = Votes.from_matrix(matrix)
    found = screen_bt500(votes, ddof=0)
    assert found.above.tolist() == [0, 2, 0, 2, 0, 0, 0, 0, 0, 0, 1, 6, 0, 0, 0, 0, 2, 0]
    assert found.below.tolist() == [0, 1, 1, 3, 0, 0, 0, 0, 0, 0, 0, 6, 0, 1, 1, 0, 0, 0]
    assert found.rejected == ("observer 4", "observer 12")
    assert found.votes.observers == tuple(f"observer {i}" for i in range(1, 19) if i not in (4, 12))
    assert screen_bt500(votes).rejected == ("observer 12",)
    assert mos(found.votes).mean.sum() == pytest.approx(146.98456959706962, abs=1e-9)
    clean, bias = remove_bias(votes)
    assert np.abs(bias).sum() == pytest.approx(1.7238321205960856, abs=1e-9)
    assert mos(clean).mean.sum() == pytest.approx(147.93867177620248, abs=1e-9)
    assert mos(clean).error.sum() == pytest.approx(9.873675317190717, abs=1e-9)


def test_bt500_counts_votes_on_the_bound():
    """Mean 0, standard deviation 1 and kurtosis 4 without rounding: the bounds are 2 and -2 themselves."""
    found = screen_bt500(Votes.from_matrix(np.array([[2.0, -2, 0, 0, 0, 0, 0, 0]]).T), ddof=0)
    assert found.kurtosis.tolist() == [4]
    assert (found.above.tolist(), found.below.tolist()) == ([1] + [0] * 7, [0, 1] + [0] * 6)


def test_bt500_leaves_whoever_is_merely_strict():
    """Someone who marks lower throughout is outside often, on one side: kept. The rule is made so."""
    rng = np.random.default_rng(8)
    matrix = rng.uniform(2, 5, 40) + rng.normal(0, 0.5, (20, 40))
    matrix[0] -= 1.3
    found = screen_bt500(Votes.from_matrix(matrix))
    assert found.share[0] > 0.25
    assert found.balance[0] == 1
    assert found.rejected == ()
    assert found.votes.observers[0] == "observer 1"


def test_screening_finds_planted_random_observers_and_hardly_anybody_else():
    """100 studies of 20 observers with two that vote at random: BT.500 finds two of three, correlation all."""
    rng = np.random.default_rng(9)
    hit = wrong = by_correlation = wrong_by_correlation = 0
    for _ in range(100):
        matrix = np.clip(np.round(rng.uniform(1, 5, 60) + rng.normal(0, 0.6, (20, 60))), 1, 5)
        matrix[:2] = rng.integers(1, 6, (2, 60))
        votes = Votes.from_matrix(matrix)
        for rejected, first in ((screen_bt500(votes).rejected, True), (screen_correlation(votes).rejected, False)):
            right = len({"observer 1", "observer 2"} & set(rejected))
            if first:
                hit, wrong = hit + right, wrong + len(rejected) - right
            else:
                by_correlation += right
                wrong_by_correlation += len(rejected) - right
    assert 110 <= hit <= 160
    assert by_correlation == 200
    assert wrong <= 18  # of 1,800: 1 %
    assert wrong_by_correlation <= 9


# Correlation ---------------------------------------------------------------------------------------------------


def test_the_correlations_are_numpys():
    rng = np.random.default_rng(10)
    matrix = rng.uniform(1, 5, 25) + rng.normal(0, 0.6, (8, 25))
    conditions = [f"c{j % 5}" for j in range(25)]
    found = screen_correlation(Votes.from_matrix(matrix), conditions)
    assert found.rejected == ()
    expected = [np.corrcoef(row, matrix.mean(axis=0))[0, 1] for row in matrix]
    np.testing.assert_allclose(found.by_item, expected, atol=1e-12)
    by = np.stack([matrix[:, k::5].mean(axis=1) for k in range(5)], axis=1)
    expected = [np.corrcoef(row, by.mean(axis=0))[0, 1] for row in by]
    np.testing.assert_allclose(found.by_condition, expected, atol=1e-12)


def test_the_worst_goes_first_and_alone():
    """Observers 7 and 8 of the votes above are out; taken at once with the raw mean, observer 7 would look better."""
    found = screen_correlation(Votes.from_matrix(VOTES))
    assert found.rejected == ("observer 7", "observer 8")
    assert found.by_item.min() > 0.9


def test_conditions_forgive_who_is_right_on_average():
    """A noisy observer whose means of conditions are right stays where conditions are given, and goes without them."""
    rng = np.random.default_rng(11)
    quality = np.repeat(np.linspace(1, 5, 6), 40)
    matrix = quality + rng.normal(0, 0.3, (10, 240))
    matrix[0] = quality + rng.normal(0, 2.5, 240)
    votes = Votes.from_matrix(matrix)
    conditions = [str(c) for c in np.repeat(range(6), 40)]
    assert screen_correlation(votes).rejected == ("observer 1",)
    assert screen_correlation(votes, conditions).rejected == ()


def test_an_observer_who_gives_one_mark_is_out():
    matrix = np.array([[1.0, 2, 3, 4], [1, 2, 3, 5], [2, 2, 4, 5], [3, 3, 3, 3]])
    found = screen_correlation(Votes.from_matrix(matrix))
    assert found.rejected == ("observer 4",)


def test_equal_marks_have_no_correlation_and_no_kurtosis_whatever_their_mean_is_rounded_to():
    matrix = np.array([[0.1, 2, 3], [0.1, 2.5, 3.5], [0.1, 0.1, 0.1]])
    assert matrix[:, 0].mean() != 0.1
    assert matrix[2].mean() != 0.1
    votes = Votes.from_matrix(matrix)
    assert np.isnan(screen_bt500(votes).kurtosis).tolist() == [True, False, False]
    assert screen_correlation(votes).rejected == ("observer 3",)


@pytest.mark.parametrize("screen", [screen_bt500, screen_correlation])
def test_too_few_to_screen(screen):
    with pytest.raises(InputError, match="too few"):
        screen(Votes.from_matrix([[1, 2, 3], [3, 2, 1]]))


def test_observers_who_do_not_agree_at_all():
    rng = np.random.default_rng(12)
    votes = Votes.from_matrix(rng.normal(size=(6, 200)))
    with pytest.raises(InputError, match="leave nobody"):
        screen_correlation(votes, by_item=0.99)
    with pytest.raises(InputError, match="conditions do not fit"):
        screen_correlation(votes, ["a"])


@pytest.mark.parametrize("seed", range(20))
def test_small_studies_have_a_result_or_an_error_that_says_why(seed):
    """One to six observers and items, votes that are equal, huge, or missing: finite numbers or an InputError."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 7, 2))
    kinds = (rng.integers(1, 6, shape), np.full(shape, 3.0), rng.normal(0, 1e8, shape), rng.integers(1, 3, shape))
    for kind in kinds:
        matrix = kind.astype(float)
        matrix[rng.random(shape) < 0.2] = NAN
        try:
            votes = Votes.from_matrix(matrix)
        except InputError:
            continue
        assert np.isfinite(mos(votes).mean).all()
        assert np.isfinite(remove_bias(votes)[1]).all()
        for rule in (screen_bt500, screen_correlation):
            try:
                assert set(rule(votes).rejected) < set(votes.observers)
            except InputError as error:
                expected = ("too few", "leave nobody", "nobody but the rejected")
                assert any(why in str(error) for why in expected)  # noqa: PT017
        for unbiased in (False, True):
            try:
                found = recover(votes, unbiased=unbiased)
            except InputError:
                continue
            assert np.isfinite([*found.quality, *found.error, *found.inconsistency]).all()
