"""Votes, mean opinion scores and their intervals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from visq.errors import InputError, InputTypeError, ReadError
from visq.evaluate.raters import Votes, differential_votes, dmos, mos, read_votes, z_scores

# Student's sleep data (Biometrika 6, 1908): hours gained by the second drug over the first. R prints for them, in
# example(t.test) and t.test(extra ~ group, data = sleep, paired = TRUE): mean 1.58, 95 percent confidence interval
# 0.7001142 2.4598858.
SLEEP = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
NAN = math.nan


def test_the_interval_of_students_own_data():
    found = mos(Votes.from_matrix([[value] for value in SLEEP]))
    assert found.mean[0] == pytest.approx(1.58, abs=1e-12)
    # Seven digits are printed.
    assert (found.low[0], found.high[0]) == pytest.approx((0.7001142, 2.4598858), abs=5e-8)


def test_the_interval_is_scipys_where_votes_are_missing():
    rng = np.random.default_rng(1)
    matrix = rng.normal(3, 1, (15, 6))
    matrix[rng.random(matrix.shape) < 0.3] = NAN
    found = mos(Votes.from_matrix(matrix), level=0.9)
    for j, column in enumerate(matrix.T):
        given = column[~np.isnan(column)]
        low, high = stats.ttest_1samp(given, 0).confidence_interval(0.9)
        # Both sum fewer than 20 numbers near 3 in float64.
        assert (found.low[j], found.high[j], found.mean[j]) == pytest.approx((low, high, given.mean()), abs=1e-12)
        assert found.std[j] == pytest.approx(given.std(ddof=1), abs=1e-12)
        assert found.error[j] == pytest.approx(stats.sem(given), abs=1e-12)
    assert found.count.tolist() == (~np.isnan(matrix)).sum(axis=0).tolist()


def test_intervals_cover_what_they_say():
    """20,000 items with known quality: 95 % of the intervals hold it; those with 1.96 for t hold fewer, as said."""
    rng = np.random.default_rng(2)
    quality = rng.uniform(1, 5, 20_000)
    votes = Votes.from_matrix(quality + rng.normal(0, 0.8, (15, quality.size)))
    found = mos(votes)
    covered = np.mean((found.low <= quality) & (quality <= found.high))
    # Three standard errors of a share of 0.95 in 20,000.
    assert covered == pytest.approx(0.95, abs=0.0047)
    normal = np.mean(np.abs(found.mean - quality) <= 1.96 * found.error)
    assert normal == pytest.approx(0.93, abs=0.006)


def test_one_vote_has_a_mean_and_no_interval():
    found = mos(Votes.from_matrix([[4, 3], [NAN, 5]]))
    assert found.mean.tolist() == [4, 4]
    assert np.isnan([found.low[0], found.high[0], found.std[0]]).all()
    assert found.low[1] < 4 < found.high[1]


def test_observers_who_agree_have_an_interval_of_no_width():
    found = mos(Votes.from_matrix([[4], [4], [4]]))
    assert (found.low[0], found.high[0]) == (4, 4)


@pytest.mark.parametrize("level", [0, 1, 95, NAN])
def test_a_level_that_is_no_share(level):
    with pytest.raises(InputError, match="between 0 and 1"):
        mos(Votes.from_matrix([[1.0]]), level=level)


def test_differential_scores_of_hidden_references():
    """By hand: votes less that on the reference, plus 5 (ITU-T P.910, ACR with hidden reference)."""
    votes = Votes.from_matrix([[5, 3, 1], [4, 4, 2], [3, 4, NAN]], items=["ref", "a", "b"])
    found = differential_votes(votes, {"a": "ref", "b": "ref"})
    assert found.items == ("a", "b")
    np.testing.assert_array_equal(found.matrix, [[3, 1], [5, 3], [6, NAN]])
    np.testing.assert_allclose(dmos(votes, {"a": "ref"}).mean, [14 / 3], rtol=1e-15)
    # 7 d / (2 + d) for d = 6.
    assert differential_votes(votes, {"a": "ref"}, crush=True).matrix[2, 0] == 7 * 6 / 8
    falling = differential_votes(votes, {"a": "ref", "b": "ref"}, top=None)
    np.testing.assert_array_equal(falling.matrix, [[2, 4], [0, 2], [-1, NAN]])


def test_who_did_not_see_the_reference_is_left_out():
    votes = Votes.from_matrix([[NAN, 3], [4, 4]], ["ann", "bob"], ["ref", "a"])
    assert differential_votes(votes, {"a": "ref"}).observers == ("bob",)


def test_what_cannot_be_a_difference():
    votes = Votes.from_matrix([[1, 2]], items=["ref", "a"])
    with pytest.raises(InputError, match="without votes: missing"):
        differential_votes(votes, {"a": "missing"})
    with pytest.raises(InputError, match="no item is named"):
        differential_votes(votes, {})
    with pytest.raises(InputError, match="scale of 5"):
        differential_votes(votes, {"a": "ref"}, top=100, crush=True)


def test_z_scores_are_scipys():
    rng = np.random.default_rng(3)
    matrix = rng.normal(50, 20, (4, 9))
    np.testing.assert_allclose(
        z_scores(Votes.from_matrix(matrix)).matrix, stats.zscore(matrix, axis=1, ddof=1), rtol=0, atol=1e-12
    )
    with pytest.raises(InputError, match="bob"):
        z_scores(Votes.from_matrix([[1, 2], [3, 3]], ["ann", "bob"]))


# Votes ---------------------------------------------------------------------------------------------------------


def test_a_long_table():
    votes = Votes.from_table(["b", "a", "b"], ["y", "x", "x"], [1, 2, 3])
    assert (votes.observers, votes.items) == (("b", "a"), ("y", "x"))
    np.testing.assert_array_equal(votes.matrix, [[1, 3], [NAN, 2]])
    assert (votes.count, votes.missing) == (3, 1)


def test_two_votes_of_one_observer_on_one_item():
    table = ["a", "a", "a"], ["x", "x", "y"], [1, 4, NAN]
    with pytest.raises(InputError, match="'a' voted twice on 'x'"):
        Votes.from_table(*table)
    with pytest.raises(InputError, match="items without a vote: y"):
        Votes.from_table(*table, repeats="mean")
    assert Votes.from_table(["a"] * 2, ["x"] * 2, [1, 4], repeats="mean").matrix.tolist() == [[2.5]]


@pytest.mark.parametrize(
    ("matrix", "names", "match"),
    [
        ([1, 2], {}, "not a matrix"),
        ([[1, 2]], {"items": ["x"]}, "does not fit its names"),
        ([[1, 2]], {"items": ["x", "x"]}, "'x' comes twice"),
        ([[1, np.inf]], {}, "infinite"),
        ([[1, NAN]], {}, "items without a vote: item 2"),
        ([[1], [NAN]], {}, "observers without a vote: observer 2"),
        (np.empty((0, 3)), {}, "no votes"),
    ],
)
def test_what_is_no_matrix_of_votes(matrix, names, match):
    with pytest.raises(InputError, match=match):
        Votes.from_matrix(matrix, **names)


def test_votes_that_are_texts():
    with pytest.raises(InputTypeError, match="votes are not numbers"):
        Votes.from_matrix([["good", "bad"]])
    with pytest.raises(InputTypeError, match="votes are not numbers"):
        Votes.from_table(["a"], ["x"], ["good"])


def test_equal_marks_have_no_z_scores_whatever_their_mean_is_rounded_to():
    assert np.mean([0.1] * 3) != 0.1
    with pytest.raises(InputError, match="no spread in the votes of observer 2"):
        z_scores(Votes.from_matrix([[1, 2, 3], [0.1, 0.1, 0.1]]))


def test_leaving_observers_out():
    votes = Votes.from_matrix([[1, 2], [3, NAN]])
    assert votes.without(["observer 2"]).matrix.tolist() == [[1, 2]]
    with pytest.raises(InputError, match="no observer is called 'nobody'"):
        votes.without(["nobody"])
    with pytest.raises(InputError, match="items without a vote: item 2"):
        votes.without(["observer 1"])
    with pytest.raises(InputError, match="columns of votes differ"):
        Votes.from_table(["a"], ["x", "y"], [1, 2])


def test_files_of_votes(tmp_path):
    long, wide = tmp_path / "long.csv", tmp_path / "wide.csv"
    long.write_text(
        "\ufeffobserver,when,item,vote\nann,9:00,x.png,5\nbob,9:05,x.png,4\nann,9:01,y.png,\nbob,9:06,y.png,2\n"
    )
    wide.write_text("observer,x.png,y.png\nann,5,NA\nbob,4,2\n\n")
    first, second = read_votes(long), read_votes(str(wide))
    assert first.observers == second.observers == ("ann", "bob")
    assert first.items == second.items == ("x.png", "y.png")
    np.testing.assert_array_equal(first.matrix, [[5, NAN], [4, 2]])
    np.testing.assert_array_equal(second.matrix, first.matrix)
    long.write_text("who,what,mark\nann,x,1\n")
    assert read_votes(long, observer="who", item="what", vote="mark").matrix.tolist() == [[1]]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "no table of votes.*nothing"),
        ("a,b\n1,2\n", "no table of votes.*a, b"),
        ("observer,x\nann,five\n", "line 2: the vote is not a number.*'five'"),
        ("observer,x\nann,1,2\n", "line 2: 3 cells"),
        ("observer,item,vote\nann,x,1\nann,x,2\n", "voted twice"),
        ("observer,item,vote,vote\nann,x,1,5\n", "several columns called 'vote'"),
        ("observer,item,vote\nann,x,1_0\n", "not a number.*'1_0'"),
    ],
)
def test_files_that_hold_no_votes(tmp_path, text, match):
    path = tmp_path / "votes.csv"
    path.write_text(text)
    with pytest.raises((ReadError, InputError), match=match):
        read_votes(path)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ReadError, match="cannot be read"):
        read_votes(tmp_path / "none.csv")
    path = tmp_path / "binary.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ReadError, match="not a CSV file in UTF-8"):
        read_votes(path)
