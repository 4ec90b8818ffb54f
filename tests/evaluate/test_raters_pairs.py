"""Bradley-Terry, Thurstone and Elo from choices between two items."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from visq.errors import InputError
from visq.evaluate.raters import Pairs, bradley_terry, count_pairs, elo, expected_score, thurstone

# Agresti, Categorical Data Analysis (2nd ed., 2002), p. 448, from Stigler 1994: how often the journal of the row was
# cited by that of the column (Biometrika, Communications in Statistics, JASA, JRSS-B).
CITED = np.array([[714, 730, 498, 221], [33, 425, 68, 17], [320, 813, 1072, 142], [284, 276, 325, 188]])

# Agresti, p. 437: home wins and losses of seven baseball teams in 1987, the home team in the row, in the order
# Milwaukee, Detroit, Toronto, New York, Boston, Cleveland, Baltimore.
HOME_WINS = np.array(
    [
        [0, 4, 4, 4, 6, 4, 6], [3, 0, 4, 4, 6, 6, 4], [2, 4, 0, 2, 4, 4, 6], [3, 5, 2, 0, 4, 4, 6],
        [5, 2, 3, 4, 0, 5, 6], [2, 3, 3, 4, 4, 0, 2], [2, 1, 1, 2, 1, 3, 0],
    ]
)  # fmt: skip
HOME_LOSSES = np.array(
    [
        [0, 3, 2, 3, 1, 2, 0], [3, 0, 2, 3, 0, 1, 3], [5, 3, 0, 4, 3, 2, 0], [3, 1, 5, 0, 3, 2, 1],
        [1, 5, 3, 2, 0, 2, 0], [5, 3, 4, 3, 2, 0, 4], [5, 5, 6, 4, 6, 4, 0],
    ]
)  # fmt: skip

# Davidson, JASA 65 (1970), example 2: six brands of chocolate pudding; brands of a pair, preferences for the one, for
# the other, for neither.
PUDDING = [
    (1, 2, 19, 22, 16), (1, 3, 16, 19, 12), (2, 3, 19, 19, 10), (1, 4, 18, 23, 13), (2, 4, 23, 19, 9),
    (3, 4, 19, 20, 15), (1, 5, 13, 19, 18), (2, 5, 16, 20, 12), (3, 5, 16, 15, 17), (4, 5, 17, 14, 16),
    (1, 6, 18, 21, 12), (2, 6, 22, 20, 12), (3, 6, 13, 18, 10), (4, 6, 14, 19, 18), (5, 6, 11, 21, 12),
]  # fmt: skip


def _pudding():
    wins, ties = np.zeros((6, 6)), np.zeros((6, 6))
    for i, j, won, lost, tied in PUDDING:
        wins[i - 1, j - 1], wins[j - 1, i - 1] = won, lost
        ties[i - 1, j - 1] = ties[j - 1, i - 1] = tied
    return Pairs.of(wins, ties)


# Published examples --------------------------------------------------------------------------------------------


def test_citations_of_journals():
    """Coefficients that BradleyTerry2 prints for them (Turner, Firth, JSS 48(9), 2012, section 2.1)."""
    scale = bradley_terry(CITED)
    np.testing.assert_allclose(scale.values[1:] - scale.values[0], [-2.9491, -0.4796, 0.2690], rtol=0, atol=5e-5)


def test_baseball():
    """Agresti's Table 10.11 as BradleyTerry2's tests have it: log-abilities over the last team, errors about 0.3."""
    names = ["Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore"]
    scale = bradley_terry(Pairs.of(HOME_WINS + HOME_LOSSES.T, items=names))
    found = [scale.difference(name, "Baltimore") for name in names[:-1]]
    assert [round(f[0], 2) for f in found] == [1.58, 1.44, 1.29, 1.25, 1.11, 0.68]
    assert [round(f[1], 1) for f in found] == [0.3] * 6


def test_the_example_of_choix():
    """Printed in choix's notebook intro-pairwise (version 0.4): three digits."""
    data = [(1, 0), (0, 4), (3, 1), (0, 2), (2, 4), (4, 3)]
    pairs = count_pairs(*zip(*[(str(w), str(l)) for w, l in data], strict=True), [1] * len(data))  # noqa: E741
    scale = bradley_terry(pairs)
    found = dict(zip(scale.items, scale.values, strict=True))
    np.testing.assert_allclose([found[str(i)] for i in range(5)], [0.583, 0.194, 0, -0.194, -0.583], rtol=0, atol=5e-4)
    assert scale.probability("1", "4") == pytest.approx(0.69, abs=5e-3)


def test_ties_of_the_puddings():
    """Printed by PlackettLuce's vignette, which stops after 7 rounds, unconverged, to be where Davidson was.

    He printed fewer digits: so it is held to the fourth, not to the seventh.
    """
    scale = bradley_terry(_pudding(), ties="davidson")
    worth = np.exp(scale.values) / np.exp(scale.values).sum()
    printed = [0.1388005, 0.1729985, 0.1617420, 0.1653930, 0.1586805, 0.2023855]
    np.testing.assert_allclose(worth, printed, rtol=0, atol=5e-5)
    assert scale.tie == pytest.approx(0.7468147, abs=5e-5)
    assert scale.tie_error == pytest.approx(0.082499, abs=1e-6)
    # summary(mod, ref = NULL): log-worth about their mean, and standard errors.
    np.testing.assert_allclose(
        scale.values, [-0.176581, 0.043664, -0.023617, -0.001295, -0.042726, 0.200555], rtol=0, atol=2e-4
    )
    printed = [0.121949, 0.121818, 0.126823, 0.122003, 0.127054, 0.126594]
    np.testing.assert_allclose(scale.errors, printed, rtol=0, atol=1e-6)


def test_small_networks_of_plackettluce():
    """Printed by its vignette, section 2.3: three items, and four of which one lost all, with npseudo = 0.5."""
    wins = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]])
    three = bradley_terry(Pairs.of(wins[:3, :3], items="ABC"))
    found = [three.difference(x, "A")[:2] for x in "BC"]
    np.testing.assert_allclose(found, [(0.8392, 1.3596), (0.4196, 1.5973)], rtol=0, atol=5e-5)
    four = bradley_terry(Pairs.of(wins, items="ABCD"), prior=0.5)
    # It iterates until sufficient statistics agree to 1e-7 of their sum, which leaves 1e-6 of the values.
    np.testing.assert_allclose(four.values - four.values[0], [0, 0.5184185, 0.1354707, -1.1537565], rtol=0, atol=1e-6)


def test_thurstone_gives_the_numbers_of_eba():
    """R's eba::thurstone, a probit GLM, as printed for this matrix in a public study of image complexity (4 digits)."""
    wins = [
        [0, 8, 5, 9, 8, 1, 1, 2, 0, 0], [2, 0, 4, 5, 4, 0, 0, 0, 0, 0], [5, 6, 0, 9, 7, 0, 1, 1, 0, 0],
        [1, 5, 1, 0, 6, 0, 0, 1, 0, 0], [2, 6, 3, 4, 0, 0, 0, 0, 0, 0], [9, 10, 10, 10, 10, 0, 6, 3, 6, 1],
        [9, 10, 9, 10, 10, 4, 0, 8, 6, 2], [8, 10, 9, 9, 10, 7, 2, 0, 3, 1], [10, 10, 10, 10, 10, 4, 4, 7, 0, 3],
        [10, 10, 10, 10, 10, 9, 8, 9, 7, 0],
    ]  # fmt: skip
    scale = thurstone(wins)
    printed = [0.0000, -0.9244, -0.2390, -0.9631, -0.9276, 1.4222, 1.5450, 1.1193, 1.5818, 2.3927]
    np.testing.assert_allclose(scale.values - scale.values[0], printed, rtol=0, atol=5e-5)
    # Deviance printed: 21.15. It is twice what the saturated model has more of log-likelihood.
    w = np.array(wins, float)
    share = np.divide(w, w + w.T, out=np.ones_like(w), where=w + w.T > 0)
    saturated = (w * np.log(np.where(w > 0, share, 1))).sum()
    assert 2 * (saturated - scale.log_likelihood) == pytest.approx(21.15, abs=5e-3)


# Properties ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fit", [bradley_terry, thurstone])
def test_two_items_by_hand(fit):
    """With two items the model fits exactly: 75 of 100 is logit(0.75), or the normal deviate of 0.75."""
    scale = fit([[0, 75], [25, 0]])
    estimate, error, low, high = scale.difference("1", "2")
    deviate = stats.norm.ppf(0.75)
    if fit is bradley_terry:
        assert estimate == pytest.approx(np.log(3), abs=1e-12)
        assert error == pytest.approx(np.sqrt(1 / 75 + 1 / 25), abs=1e-12)
    else:
        assert estimate == pytest.approx(deviate, abs=1e-12)
        # The delta method: sqrt(p (1 - p) / n) over the density.
        assert error == pytest.approx(np.sqrt(0.75 * 0.25 / 100) / stats.norm.pdf(deviate), abs=1e-12)
        assert fit([[0, 75], [25, 0]], unit="jod").difference("1", "2")[0] == pytest.approx(1, abs=1e-12)
        assert fit([[0, 75], [25, 0]], unit="jod").probability("1", "2") == pytest.approx(0.75, abs=1e-12)
    assert (low, high) == pytest.approx((estimate - 1.959964 * error, estimate + 1.959964 * error), abs=1e-6)
    assert scale.probability("1", "2") == pytest.approx(0.75, abs=1e-12)
    assert scale.values.sum() == pytest.approx(0, abs=1e-12)


def test_the_maximum_is_one():
    """Expected wins and ties are the observed ones (the likelihood equations of Davidson 1970)."""
    pairs = _pudding()
    scale = bradley_terry(pairs, ties="davidson")
    p = np.exp(scale.values)
    root = scale.tie * np.sqrt(np.outer(p, p))
    norm = p[:, None] + p + root
    count = pairs.wins + pairs.wins.T + pairs.ties
    np.fill_diagonal(count, 0)
    expected = (count * (p[:, None] + root / 2) / norm).sum(axis=1)
    np.testing.assert_allclose(expected, (pairs.wins + pairs.ties / 2).sum(axis=1), rtol=1e-9)
    assert (count * root / norm).sum() == pytest.approx(pairs.ties.sum(), rel=1e-9)


def test_half_a_win_for_each():
    tied = bradley_terry(Pairs.of([[0, 6], [2, 0]], [[0, 4], [4, 0]]))
    plain = bradley_terry([[0, 8], [4, 0]])
    np.testing.assert_allclose(tied.values, plain.values, atol=1e-12)
    assert (tied.comparisons, tied.tie) == (12, None)


def _simulated(rng, values, each, link):
    size = len(values)
    wins = np.zeros((size, size))
    for i in range(size):
        for j in range(i + 1, size):
            wins[i, j] = rng.binomial(each, link(values[i] - values[j]))
            wins[j, i] = each - wins[i, j]
    return wins


@pytest.mark.parametrize(("fit", "link"), [(bradley_terry, stats.logistic.cdf), (thurstone, stats.norm.cdf)])
def test_intervals_cover_planted_differences(fit, link):
    """400 studies of 6 items: 95 % intervals of a difference hold it; 3 standard errors of the share are 3.3 %."""
    rng = np.random.default_rng(13)
    values = np.array([-0.8, -0.3, 0.0, 0.1, 0.4, 0.6])
    covered = 0
    for _ in range(400):
        _, _, low, high = fit(_simulated(rng, values, 40, link)).difference("1", "5")
        covered += low <= values[0] - values[4] <= high
    assert covered / 400 == pytest.approx(0.95, abs=0.033)


def test_jods_are_standard_deviations_in_another_unit():
    """75 % choose the better of two that lie the normal distribution's upper quartile apart."""
    answers = [[0, 30, 41], [20, 0, 33], [9, 17, 0]]
    sd, jod = thurstone(answers), thurstone(answers, unit="jod")
    for ours, other in ((jod.values, sd.values), (jod.errors, sd.errors), (jod.interval()[0], sd.interval()[0])):
        np.testing.assert_allclose(ours * stats.norm.ppf(0.75), other, rtol=1e-12)
    assert jod.probability("1", "3") == pytest.approx(sd.probability("1", "3"), rel=1e-12)


def test_an_incomplete_design_is_enough():
    """200 items, each compared with its neighbours on a ring and a few others."""
    rng = np.random.default_rng(14)
    values = rng.normal(0, 1, 200)
    wins = np.zeros((200, 200))
    for step in (1, 2, 7, 31):
        for i in range(200):
            j = (i + step) % 200
            wins[i, j] = rng.binomial(60, stats.logistic.cdf(values[i] - values[j]))
            wins[j, i] = 60 - wins[i, j]
    scale = bradley_terry(wins)
    assert np.corrcoef(scale.values, values)[0, 1] > 0.98
    standard = (scale.values - (values - values.mean())) / scale.errors
    assert 0.85 < standard.std() < 1.15


def test_a_prior_draws_values_together_and_makes_them_finite():
    wins = [[0, 10], [0, 0]]
    with pytest.raises(InputError, match=r"1: won every comparison.*prior=0\.5"):
        thurstone(wins)
    for fit in (bradley_terry, thurstone):
        weak, strong = (fit(wins, prior=p).difference("1", "2")[0] for p in (0.5, 5))
        assert np.isfinite(weak)
        assert weak > strong > 0


# What cannot be scaled -----------------------------------------------------------------------------------------


def test_comparisons_that_do_not_join():
    apart = Pairs.of(np.kron(np.eye(2), [[0, 3], [2, 0]]), items=["a", "b", "c", "d"])
    assert [sorted(group) for group in apart.groups()] == [["a", "b"], ["c", "d"]]
    with pytest.raises(InputError, match="never compared with the other items"):
        bradley_terry(apart)
    winner = [[0, 2, 3], [0, 0, 1], [0, 1, 0]]
    with pytest.raises(InputError, match="1: won every comparison"):
        bradley_terry(winner)
    # One tie is a chain both ways.
    bradley_terry(Pairs.of(winner, [[0, 1, 0], [1, 0, 0], [0, 0, 0]]))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([1, 2],), "no square"),
        (([[0, 1, 2], [1, 0, 2]],), "do not fit|square"),
        (([[0, -1], [1, 0]],), "no count"),
        (([[0, np.nan], [1, 0]],), "no count"),
        (([[0, 1], [1, 0]], [[0, 1], [2, 0]]), "not symmetric"),
        (([[0, 1], [1, 0]], None, ["a", "a"]), "told apart"),
        (([[0]],), "told apart"),
    ],
)
def test_what_are_no_counts(arguments, match):
    with pytest.raises(InputError, match=match):
        Pairs.of(*arguments)


def test_when_davidsons_model_has_a_maximum():
    """Two items, two wins and a tie: the less the loss is possible the better, so nu and the distance grow together.

    Three in a chain of wins, tied all round, have one: first and last would lie 4 apart by the wins, 2 by their tie.
    """
    pair = Pairs.of([[0, 2], [0, 0]], [[0, 1], [1, 0]])
    with pytest.raises(InputError, match=r"nu cannot be estimated.*between neighbours.*prior=0\.5"):
        bradley_terry(pair, ties="davidson")
    assert np.isfinite(bradley_terry(pair, ties="davidson", prior=0.5).errors).all()
    chain = [[0, 2, 0], [0, 0, 2], [0, 0, 0]]
    scale = bradley_terry(Pairs.of(chain, 1 - np.eye(3)), ties="davidson")
    assert scale.values[0] > scale.values[1] == pytest.approx(0, abs=1e-9)
    assert scale.values[0] == pytest.approx(-scale.values[2], abs=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_random_studies_have_a_scale_or_an_error_that_says_why(seed):
    """Small, sparse, one-sided or tied throughout: finite values and errors, or an InputError; never anything else."""
    rng = np.random.default_rng(seed)
    size, most = int(rng.integers(2, 7)), (2, 5, 1000)[seed % 3]
    ties = np.triu(rng.integers(0, 3, (size, size)), 1)
    pairs = Pairs.of(rng.integers(0, most, (size, size)), ties + ties.T)
    found = []
    for prior in (0, 1e-6, 0.5):
        for fit, options in ((bradley_terry, {}), (bradley_terry, {"ties": "davidson"}), (thurstone, {})):
            try:
                found.append(fit(pairs, prior=prior, **options))
            except InputError as error:
                assert "settle" not in str(error)  # noqa: PT017
                assert prior == 0 or options
    assert all(np.isfinite(scale.values).all() and np.isfinite(scale.errors).all() for scale in found)
    assert len(found) >= 4


def test_options_that_there_are_none_of():
    good = [[0, 2], [1, 0]]
    with pytest.raises(InputError, match="preferences only"):
        bradley_terry(good, ties="davidson")
    with pytest.raises(InputError, match="ties only"):
        bradley_terry(Pairs.of(np.zeros((2, 2)), good := np.array([[0, 2], [2, 0]])), ties="davidson")
    with pytest.raises(InputError, match="'half' or 'davidson'"):
        bradley_terry(good, ties="rao")
    with pytest.raises(InputError, match="pseudo-comparisons"):
        bradley_terry(good, prior=-1)
    with pytest.raises(InputError, match="'sd' or 'jod'"):
        thurstone(good, unit="jnd")
    with pytest.raises(InputError, match="no item is called 'x'"):
        thurstone(good).difference("1", "x")
    with pytest.raises(InputError, match="between 0 and 1"):
        thurstone(good).interval(2)


def test_counting_answers():
    pairs = count_pairs(["a", "b", "a", "c"], ["b", "a", "c", "a"], [1, 1, 0.5, 0.5])
    assert pairs.items == ("a", "b", "c")
    assert pairs.wins.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert pairs.ties.tolist() == [[0, 0, 2], [0, 0, 0], [2, 0, 0]]
    for arguments, match in (
        ((["a"], ["b"], [0.7]), r"comparison 1: no preference.*got 0\.7"),
        ((["a"], ["a"], [1]), "compared with itself"),
        ((["a"], ["b"], []), "differ in length"),
    ):
        with pytest.raises(InputError, match=match):
            count_pairs(*arguments)


# Elo -----------------------------------------------------------------------------------------------------------


def test_elo_by_hand():
    """FIDE's example scale: 400 points are odds of 10 to 1; the first win between equals gives half of K."""
    assert expected_score(1800, 1400) == pytest.approx(10 / 11)
    found = elo(["a", "a"], ["b", "c"], [1, 0])
    after = 1400 + 16 * 0.5
    share = 1 / (1 + 10 ** ((1400 - after) / 400))
    assert found.ratings.tolist() == pytest.approx([after - 16 * share, 1392, 1400 + 16 * share])
    assert found.comparisons.tolist() == [2, 1, 1]
    assert found.ratings.mean() == pytest.approx(1400)


def test_elo_and_bradley_terry_agree_in_the_long_run():
    """Elo's model is Bradley-Terry in units of 400 / ln 10: with many comparisons both find the same scale."""
    rng = np.random.default_rng(15)
    values = np.array([-1.0, -0.4, 0.0, 0.3, 1.1])
    one = rng.integers(0, 5, 20_000)
    other = (one + rng.integers(1, 5, one.size)) % 5
    answers = (rng.random(one.size) < stats.logistic.cdf(values[one] - values[other])).astype(float)
    first, second = one.astype(str).tolist(), other.astype(str).tolist()
    found = elo(first, second, answers.tolist(), orders=20, rng=rng)
    scale = bradley_terry(count_pairs(first, second, answers.tolist()))
    ours = dict(zip(scale.items, scale.values * 400 / np.log(10) + 1400, strict=True))
    np.testing.assert_allclose(found.ratings, [ours[name] for name in found.items], atol=15)
    assert (found.spread > 0).all()


def test_elo_is_made_again_from_its_seed():
    answers = ["a", "b", "c"] * 9, ["b", "c", "a"] * 9, [1, 0, 1] * 9
    first, second = (elo(*answers, orders=5, rng=np.random.default_rng(1)).ratings for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert (elo(*answers).spread == 0).all()
    with pytest.raises(InputError, match="generator"):
        elo(*answers, orders=5)
    with pytest.raises(InputError, match="positive step"):
        elo(*answers, step=0)
    with pytest.raises(InputError, match="no comparisons"):
        elo([], [], [])


def test_elo_is_the_mean_of_its_orders():
    first, second, answers = ["a", "b", "c", "a"] * 3, ["b", "c", "a", "c"] * 3, [1, 0, 1, 1] * 3
    found = elo(first, second, answers, orders=4, rng=np.random.default_rng(2))
    rng = np.random.default_rng(2)
    alone = []
    for _ in range(4):
        order = rng.permutation(12)
        one = elo(*([column[k] for k in order] for column in (first, second, answers)))
        alone.append([one.ratings[one.items.index(name)] for name in found.items])
    np.testing.assert_allclose(found.ratings, np.mean(alone, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.spread, np.std(alone, axis=0), rtol=1e-9)


def test_elo_takes_as_many_items_as_pipal_has():
    """A square of counts of 23,200 items would take 4 GB."""
    names = [str(i) for i in range(23_200)]
    tracemalloc.start()
    found = elo(names[:-1], names[1:], [1.0] * (len(names) - 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
    assert found.comparisons.sum() == 2 * (len(names) - 1)


def test_elo_of_a_distance_beyond_the_doubles():
    assert (expected_score(0, 1e6, scale=1), expected_score(1e6, 0, scale=1)) == (pytest.approx(0), 1)
    found = elo(["a"] * 3, ["b"] * 3, [1, 1, 1], step=1000, scale=0.5)
    assert found.ratings.tolist() == [1900, 900]
