"""Scores of a database: kept, gone on with, and taken anew where a file has changed."""

from __future__ import annotations

import shutil
import sqlite3

import numpy as np
import pytest
from PIL import Image

from rated_folders import SIDE, rated
from visq import metric
from visq.bench.scoring import Work, score
from visq.errors import StoreError
from visq.run.shard import Scorer
from visq.store.journal import Journal


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "scores"
    path.mkdir()
    return path


def test_scores_are_those_of_the_metrics(folder, store, plan_of, scored):
    made = plan_of(folder, "psnr,niqe")
    found = score(made, str(store))
    for i in (0, 7, 29):
        image, reference = made.dataset.paths(i)
        assert found.values[made.requests[0].identity][i] == float(metric("psnr")(image, reference))
    # NIQE needs larger pictures: every row is an error, said once a picture.
    assert np.isnan(found.values[made.requests[1].identity]).all()
    assert {f.identities for f in found.failures} == {(made.requests[1].identity,)}
    assert len(found.failures) == 30
    assert "needs" in found.failures[0].reason or "at least" in found.failures[0].reason
    assert found.failures[0].image.startswith("images/")
    assert len(set(found.hashes)) == 30
    assert set(found.references) == {f"references/c{c}.png" for c in range(5)}


def test_nothing_is_scored_twice(folder, store, plan_of, scored):
    first = score(plan_of(folder), str(store))
    assert len(scored) == 30
    scored.clear()
    again = score(plan_of(folder), str(store))
    assert scored == []
    for identity, values in first.values.items():
        np.testing.assert_array_equal(again.values[identity], values)
    more = score(plan_of(folder, "psnr,ssim,mse"), str(store))
    assert {metrics for _, metrics in scored} == {("ssim",)}
    assert all(np.isfinite(values).all() for values in more.values.values())
    scored.clear()
    assert set(score(plan_of(folder, "psnr", limit=1), str(store)).values) == {"psnr@1"}
    assert scored == []


def test_what_was_scored_before_an_interrupt_is_kept(folder, store, plan_of, scored, monkeypatch):
    real = Scorer.score

    def interrupted(self, task):
        if len(scored) == 12:
            raise KeyboardInterrupt
        return real(self, task)

    with monkeypatch.context() as patch:
        patch.setattr(Scorer, "score", interrupted)
        with pytest.raises(KeyboardInterrupt):
            score(plan_of(folder), str(store))
    scored.clear()
    found = score(plan_of(folder), str(store))
    assert len(scored) == 18
    assert all(np.isfinite(values).all() for values in found.values.values())


def test_a_picture_that_changed_is_scored_again(folder, store, plan_of, scored):
    before = score(plan_of(folder), str(store)).values["psnr@1"]
    scored.clear()
    Image.fromarray(np.zeros((SIDE, SIDE, 3), np.uint8)).save(folder / "images/c0_blur_1.png")
    after = score(plan_of(folder), str(store)).values["psnr@1"]
    assert [image for image, _ in scored] == [str(folder / "images/c0_blur_1.png")]
    assert (before != after).sum() == 1


def test_a_reference_that_changed_has_all_its_pictures_scored_again(folder, store, plan_of, scored):
    score(plan_of(folder), str(store))
    scored.clear()
    Image.fromarray(np.zeros((SIDE, SIDE, 3), np.uint8)).save(folder / "references/c1.png")
    score(plan_of(folder), str(store))
    assert {image.rpartition("/")[2][:2] for image, _ in scored} == {"c1"}
    assert len(scored) == 6


def test_a_database_may_be_moved(folder, store, plan_of, scored, tmp_path):
    score(plan_of(folder), str(store))
    scored.clear()
    moved = tmp_path / "elsewhere"
    shutil.move(folder, moved)
    score(plan_of(moved), str(store))
    assert scored == []


def test_another_folder_with_the_same_names_is_not_taken_for_it(folder, store, plan_of, scored, tmp_path):
    score(plan_of(folder), str(store))
    scored.clear()
    other = tmp_path / "other"
    rated(other, seed=1)
    for path in other.rglob("*.png"):  # as old as if it had been there before
        shutil.copystat(folder / path.relative_to(other), path)
    score(plan_of(other), str(store))
    # The references are the same; the noise is not, the blur is.
    assert {("noise" in image) for image, _ in scored} == {True}
    assert len(scored) == 15


def test_rows_hold_names_relative_to_the_database(folder, store, plan_of, scored):
    score(plan_of(folder), str(store))
    with sqlite3.connect(store / "folder.sqlite") as database:
        rows = database.execute("SELECT image, reference FROM scores WHERE metric = 'mse'").fetchall()
    database.close()
    assert len(rows) == 30
    assert all(i.startswith("images/") and r.startswith("references/") for i, r in rows)


def test_failures_are_rows_and_can_be_tried_again(folder, store, plan_of, scored):
    broken = folder / "images/c2_noise_3.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:200])
    found = score(plan_of(folder), str(store))
    [failure] = found.failures
    assert failure.image == "images/c2_noise_3.png"
    assert str(folder) not in failure.reason
    assert len(failure.identities) == 2
    assert np.isnan(found.values["psnr@1"]).sum() == 1
    broken.write_bytes(whole)
    scored.clear()
    score(plan_of(folder), str(store))
    assert scored == []
    again = score(plan_of(folder), str(store), Work(retry_errors=True))
    assert len(scored) == 1
    assert not again.failures


def test_a_missing_reference_is_said(folder, store, plan_of, scored):
    (folder / "references/c3.png").unlink()
    found = score(plan_of(folder), str(store))
    assert {f.image[:9] for f in found.failures} == {"images/c3"}
    assert all("reference" in f.reason for f in found.failures)
    assert found.references["references/c3.png"] == ""


def test_a_table_in_use_is_left_alone(folder, store, plan_of, scored):
    journal = Journal(str(store / "folder.sqlite"))
    try:
        with pytest.raises(StoreError, match="another run"):
            score(plan_of(folder), str(store))
    finally:
        journal.close()


def test_workers_give_the_same_scores(folder, store, plan_of, tmp_path):
    done = []
    alone, several = tmp_path / "alone", tmp_path / "several"
    for path, jobs in ((alone, 1), (several, 2)):
        path.mkdir()
        score(plan_of(folder, limit=2), str(path), Work(jobs, on_done=lambda: done.append(1)))
    assert len(done) == 24
    first, second = (score(plan_of(folder, limit=2), str(path)) for path in (alone, several))
    for identity, values in first.values.items():
        np.testing.assert_array_equal(values, second.values[identity])
