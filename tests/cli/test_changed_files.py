"""A resumed run scores files again that are no longer those its table holds scores of, and only those."""

from __future__ import annotations

import json
import os
import time

import pytest

from visq.api import metric
from visq.run.local import in_process

_OLD = 1_000_000_000


def _values(done):
    return {(r["image"], r["metric"]): r["value"] for r in json.loads(done.out)}


def _score(path, name="tv"):
    return float(metric(name)(path))


@pytest.mark.parametrize("table", ["t.csv", "t.sqlite"])
def test_a_file_with_another_content_is_scored_and_told(visq, picture, scored, table):
    for name in ("a.png", "b.png"):
        picture(name)
    visq("score", "a.png", "b.png", "-m", "tv", "-o", table)
    scored.clear()
    picture("b.png", seed=7)
    done = visq("score", "a.png", "b.png", "-m", "tv", "-o", table, "--resume", "--json")
    assert scored == ["b.png"]
    assert _values(done) == {("a.png", "tv"): _score("a.png"), ("b.png", "tv"): _score("b.png")}
    assert "1 image (or its reference) changed" in done.err


def test_a_file_replaced_by_an_older_one_is_scored(visq, picture, scored):
    picture("a.png")
    visq("score", "a.png", "-m", "tv", "-o", "t.csv")
    scored.clear()
    older = picture("older.png", seed=7)
    os.utime(older, (_OLD, _OLD))
    older.replace("a.png")
    done = visq("score", "a.png", "-m", "tv", "-o", "t.csv", "--resume", "--json")
    assert _values(done) == {("a.png", "tv"): _score("a.png")}


def test_a_file_only_touched_is_not_scored(visq, picture, scored, tmp_path):
    path = picture("a.png")
    visq("score", "a.png", "-m", "tv", "-o", "t.csv")
    before = (tmp_path / "t.csv").read_bytes()
    scored.clear()
    later = time.time() + 60
    os.utime(path, (later, later))
    done = visq("score", "a.png", "-m", "tv", "-o", "t.csv", "--resume")
    assert scored == []
    assert "changed" not in done.err
    assert (tmp_path / "t.csv").read_bytes() == before


def test_a_file_that_has_gone_keeps_its_score(visq, picture, scored):
    path = picture("a.png")
    value = _score(path)
    visq("score", "a.png", "-m", "tv", "-o", "t.csv")
    path.unlink()
    done = visq("score", "a.png", "-m", "tv", "-o", "t.csv", "--resume", "--json")
    assert done.code == 0
    assert _values(done) == {("a.png", "tv"): value}


def test_scores_of_an_earlier_content_are_not_taken_up_by_a_later_run(visq, picture, scored):
    picture("a.png")
    visq("score", "a.png", "-m", "tv,uciqe", "-o", "t.csv")
    picture("a.png", seed=7)
    visq("score", "a.png", "-m", "tv", "-o", "t.csv", "--resume")
    scored.clear()
    done = visq("score", "a.png", "-m", "tv,uciqe", "-o", "t.csv", "--resume", "--json")
    assert scored == ["a.png"]
    assert _values(done) == {("a.png", "tv"): _score("a.png"), ("a.png", "uciqe"): _score("a.png", "uciqe")}


@pytest.mark.parametrize("table", ["t.csv", "t.sqlite"])
def test_a_resumed_run_that_is_interrupted_forgets_no_change(visq, picture, scored, monkeypatch, table):
    names = ["a.png", "b.png", "c.png"]
    for name in names:
        picture(name)
    visq("score", *names, "-m", "tv", "-o", table)
    picture("a.png", seed=7)
    picture("c.png", seed=7)
    time.sleep(0.05)  # the journal of the next run is younger than both

    class Pool:
        def __init__(self, requests, reading, **_):
            self.settings = requests, reading

        def close(self):
            pass

        def run(self, tasks):
            yield next(in_process(tasks, *self.settings))
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("visq.cli.session.Pool", Pool)
        assert visq("score", *names, "-m", "tv", "-o", table, "--resume").code == 130
    scored.clear()
    time.sleep(0.05)
    done = visq("score", *names, "-m", "tv", "-o", table, "--resume", "--json")
    assert scored == ["c.png"]
    assert _values(done) == {(name, "tv"): _score(name) for name in names}


def test_a_reference_written_since_gives_new_scores(visq, picture, scored):
    for name in ("ref.png", "a.png"):
        picture(name)
    picture("b.png", seed=1)
    visq("compare", "ref.png", "a.png", "-m", "mse", "-o", "t.csv")
    later = time.time() + 60
    os.utime(picture("ref.png", seed=3), (later, later))
    scored.clear()
    done = visq("compare", "ref.png", "a.png", "b.png", "-m", "mse", "-o", "t.csv", "--resume", "--json")
    assert scored == ["a.png", "b.png"]
    assert _values(done)["a.png", "mse"] == float(metric("mse")("a.png", "ref.png"))
