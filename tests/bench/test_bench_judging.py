"""Metrics judged by rated pictures: numbers, directions, who is not judged, ranks and letters."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rated_folders import rated, write_csv
from visq.bench import judging, words
from visq.bench.overall import overall
from visq.bench.scoring import Scores
from visq.bench.timing import Time
from visq.run.tasks import request


@pytest.fixture
def verdict_of(folder, plan_of):
    """`verdict_of({metric: values}, ...)`: judged by the folder's scores, without reading a picture."""

    def make(values, *, root=folder, samples=200, times=None, **options):
        made = plan_of(root, ",".join(values), **options)
        given = {one.identity: np.asarray(v, float) for one, v in zip(made.requests, values.values(), strict=True)}
        n = len(made.dataset.samples)
        scores = Scores(given, (), tuple(f"{i:064x}" for i in range(n)), {"r": "0"})
        return judging.judge(made, scores, times, samples=samples)

    return make


def _people(folder, plan_of):
    return plan_of(folder).dataset.scores


def test_numbers_are_those_of_scipy(folder, plan_of, verdict_of):
    people = _people(folder, plan_of)
    rng = np.random.default_rng(3)
    quality, error = people + rng.normal(0, 0.5, 30), -people + rng.normal(0, 0.5, 30)
    found = verdict_of({"psnr": quality, "mse": error})
    for entry in found.entries:
        values = {"psnr": quality, "mse": -error}[entry.label]
        assert entry.agreement.srcc == pytest.approx(stats.spearmanr(values, people).statistic, abs=1e-12)
        assert entry.agreement.krcc == pytest.approx(stats.kendalltau(values, people).statistic, abs=1e-12)
        assert entry.agreement.plcc == pytest.approx(stats.pearsonr(values, people).statistic, abs=1e-12)
        assert entry.agreement.groups == 5
        assert set(entry.parts) == {"noise", "blur"}
        low, high = entry.agreement.intervals["srcc"]
        assert low <= entry.agreement.srcc <= high
        assert entry.agreement.outlier_ratio is not None


def test_scores_that_fall_with_quality_turn_the_sign_once(folder, plan_of, verdict_of):
    made = plan_of(folder, "psnr,mse")
    people = made.dataset.scores
    spec = dataclasses.replace(made.dataset.spec, lower_is_better=True)
    worse = dataclasses.replace(made, dataset=dataclasses.replace(made.dataset, spec=spec))
    values = {one.identity: people for one in made.requests}
    entries = judging.judge(worse, Scores(values, (), ("",) * 30, {}), samples=100).entries
    # People's scores are degradations here: an error that equals them agrees, a quality that equals them does not.
    assert {e.label: round(e.agreement.srcc) for e in entries} == {"mse": 1, "psnr": -1}


def test_a_clearly_better_metric_wins_and_equals_share_a_letter(tmp_path, plan_of, verdict_of):
    root = tmp_path / "many"
    rated(root, contents=12)
    people = plan_of(root).dataset.scores
    rng = np.random.default_rng(0)
    good = people + rng.normal(0, 0.05, people.size)
    values = {"psnr": good, "ssim": good + rng.normal(0, 1e-3, people.size), "gmsd": rng.normal(0, 1, people.size)}
    found = verdict_of(values, root=root)
    best, second, last = found.entries
    assert {best.label, second.label} == {"psnr", "ssim"}
    assert (best.rank, second.rank, last.rank) == (1, 1, 3)
    assert (best.letters, second.letters, last.letters) == ("a", "a", "b")
    assert (best.better, best.worse, last.better, last.worse) == (0, 1, 2, 0)
    assert found.matrix.names == tuple(e.request.identity for e in found.judged)


def test_metrics_with_too_few_scores_are_listed_and_not_judged(folder, plan_of, verdict_of):
    people = _people(folder, plan_of)
    half = np.where(np.arange(30) < 16, np.nan, people)
    few = np.where(np.arange(30) < 3, np.nan, people)
    found = verdict_of({"psnr": people, "ssim": half, "mse": few, "gmsd": np.full(30, 7.0)})
    assert [e.label for e in found.judged] == ["psnr", "mse"]
    assert found.common == 27
    rest = {e.label: e.why for e in found.entries if e.agreement is None}
    assert "14 of 30" in rest["ssim"]
    assert "equal" in rest["gmsd"]
    assert [e.scored for e in found.judged] == [30, 27]


def test_one_metric_alone_and_one_content_alone_have_no_matrix(folder, plan_of, verdict_of):
    people = _people(folder, plan_of)
    alone = verdict_of({"psnr": people})
    assert alone.matrix is None
    assert (alone.entries[0].rank, alone.entries[0].letters) == (1, "a")
    one = verdict_of({"psnr": people[:6], "ssim": people[:6] ** 2}, limit=1)
    assert one.matrix is None
    assert one.entries[0].agreement.intervals == {}
    assert [e.rank for e in one.entries] == [0, 0]


def test_pictures_without_a_spread_have_no_outlier_ratio(tmp_path, plan_of, verdict_of):
    rows = [row | {"std": "" if i == 4 else row["std"]} for i, row in enumerate(rated(tmp_path / "r"))]
    write_csv(tmp_path / "r", rows)
    people = plan_of(tmp_path / "r").dataset.scores
    assert verdict_of({"psnr": people}, root=tmp_path / "r").entries[0].agreement.outlier_ratio is None


def test_the_hashes_change_with_scores_and_with_pictures(folder, plan_of, verdict_of):
    people = _people(folder, plan_of)
    first = verdict_of({"psnr": people})
    assert verdict_of({"psnr": people[::-1]}).hashes == first.hashes
    scores = dataclasses.replace(first.scores, hashes=("f" * 64, *first.scores.hashes[1:]))
    other = judging.judge(first.plan, scores, samples=100).hashes
    assert other["labels"] == first.hashes["labels"]
    assert other["images"] != first.hashes["images"]
    rows = rated(folder)
    write_csv(folder, [rows[0] | {"score": "1.25"}, *rows[1:]])
    changed = verdict_of({"psnr": people}).hashes
    assert changed["labels"] != first.hashes["labels"]
    assert changed["images"] == first.hashes["images"]


def test_a_metric_whose_parameters_come_from_the_database_says_so(folder, plan_of):
    made = plan_of(folder, "brisque,niqe")
    people = made.dataset.scores
    scores = Scores({one.identity: -people for one in made.requests}, (), ("",) * 30, {})
    elsewhere = judging.judge(made, scores, samples=100)
    assert [words.remark(elsewhere, e) for e in elsewhere.entries] == ["", ""]
    spec = dataclasses.replace(made.dataset.spec, id="biq2021", title="BIQ2021")
    there = dataclasses.replace(made, dataset=dataclasses.replace(made.dataset, spec=spec))
    verdict = judging.judge(there, scores, samples=100)
    found = {e.label: words.remark(verdict, e) for e in verdict.entries}
    assert "parameters from this database" in found["brisque"]
    assert "training part of BIQ2021" in found["brisque"]
    assert found["niqe"] == ""
    # With parameters of the user's own, those that ship are not in it.
    own = dataclasses.replace(verdict.judged[0].request, options={"model": "mine.npz"})
    assert words.remark(verdict, dataclasses.replace(verdict.judged[0], request=own)) == ""


@given(st.integers(1, 9), st.integers(0, 2**32 - 1), st.floats(0, 1))
def test_metrics_share_a_letter_if_and_only_if_they_do_not_differ(n, seed, share):
    rng = np.random.default_rng(seed)
    differs = np.triu(rng.random((n, n)) < share, 1)
    differs |= differs.T
    found = judging.letters(differs)
    assert all(found)
    for i, j in itertools.combinations(range(n), 2):
        assert bool(set(found[i]) & set(found[j])) == (not differs[i, j])


def test_letters_where_only_neighbours_are_alike():
    differs = np.abs(np.subtract.outer(range(5), range(5))) >= 2
    assert judging.letters(differs) == ["a", "ab", "bc", "cd", "d"]


def test_means_over_databases_are_weighted_by_pictures(tmp_path, plan_of, verdict_of):
    verdicts = []
    for name, contents in (("small", 2), ("large", 6)):
        rated(tmp_path / name, contents=contents)
        people = plan_of(tmp_path / name).dataset.scores
        rng = np.random.default_rng(contents)
        values = {"psnr": people + rng.normal(0, 0.8, people.size)}
        if name == "large":
            values["ssim"] = people
        verdicts.append(verdict_of(values, root=tmp_path / name))
    assert overall(verdicts[:1]) == ()
    both, alone = overall(verdicts)
    srccs = [v.entries[-1].agreement.srcc for v in verdicts]
    assert both.label == "psnr"
    assert both.images == 48
    assert both.plain["srcc"] == pytest.approx(sum(srccs) / 2, abs=1e-12)
    assert both.weighted["srcc"] == pytest.approx((12 * srccs[0] + 36 * srccs[1]) / 48, abs=1e-12)
    # SSIM does better, but on one of two databases: it comes last and says so.
    assert (alone.label, len(alone.databases)) == ("ssim", 1)
    assert alone.weighted["srcc"] > both.weighted["srcc"]


def test_times_go_to_their_metrics(folder, plan_of, verdict_of):
    people = _people(folder, plan_of)
    times = {request("mse").identity: Time(0.002, 0.5, 5)}
    found = {e.label: e.time for e in verdict_of({"psnr": people, "mse": -people}, times=times).entries}
    assert found == {"psnr": None, "mse": Time(0.002, 0.5, 5)}
