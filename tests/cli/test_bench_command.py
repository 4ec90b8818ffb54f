"""`visq bench` from the command line."""

from __future__ import annotations

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time

import pytest

from rated_folders import rated, write_csv
from visq.cli import group, main

pytest.importorskip("jinja2")
pytest.importorskip("matplotlib")


@pytest.fixture
def bench(visq, monkeypatch):
    """`bench(arguments...)` in this process; scores are counted in `bench.scored`, times are made up."""
    from visq.bench import timing
    from visq.run.local import in_process
    from visq.run.shard import Scorer

    scored, real = [], Scorer.score

    class Pool:
        def __init__(self, requests, reading, **_):
            self._requests, self._reading = requests, reading

        def close(self):
            pass

        def run(self, tasks):
            return in_process(tasks, self._requests, self._reading)

    monkeypatch.setattr("visq.bench.scoring.Pool", Pool)
    monkeypatch.setattr(Scorer, "score", lambda self, task: (scored.append(task.image), real(self, task))[1])
    monkeypatch.setattr(
        timing, "_run", lambda requests, *_: {r.identity: {"0": 0.5} for r in requests} | {"": {"0": 1.0}}
    )

    def call(*arguments):
        scored.clear()
        return visq("bench", *arguments)

    call.scored = scored
    return call


@pytest.fixture
def folder(tmp_path):
    rated(tmp_path / "rated")
    return tmp_path / "rated"


def test_it_is_registered_with_its_help(visq):
    assert group.get_command(None, "bench").name == "bench"
    assert "DATASET" in visq("bench", "--help").out


def test_one_command_makes_every_output(bench, folder, tmp_path):
    done = bench("folder=rated", "-m", "psnr,ssim,mse", "-o", "out")
    assert done.code == 0
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "leaderboard.html", "leaderboard.md", "leaderboard.csv", "results.json", "scores",
    }  # fmt: skip
    assert "leaderboard.html" in done.err
    lines = list(csv.DictReader((tmp_path / "out/leaderboard.csv").read_text(encoding="utf-8").splitlines()))
    assert {line["metric"] for line in lines} == {"psnr", "ssim", "mse"}
    # PSNR and MSE are one order.
    values = {line["metric"]: float(line["srcc"]) for line in lines}
    assert values["psnr"] == values["mse"] > 0
    for line in lines:
        assert f"{float(line['srcc']):.3f}" in done.out
    assert len(bench.scored) == 30


def test_the_command_in_the_results_makes_them_again(bench, folder, tmp_path):
    bench("folder=rated", "-m", "psnr", "--metrics", "ssim:downsample=true", "-o", "out", "--seed", "3", "--no-html")
    path = tmp_path / "out/results.json"
    first = json.loads(path.read_text(encoding="utf-8"))
    assert first["made"]["command"] == (
        "visq bench folder=rated --metrics psnr --metrics ssim:downsample=true --output out --seed 3 --no-html"
    )
    path.unlink()
    assert main(shlex.split(first["made"]["command"])[1:]) == 0
    assert json.loads(path.read_text(encoding="utf-8")) == first


def test_it_goes_on_with_what_it_has(bench, folder):
    assert bench("folder=rated", "-m", "psnr", "-o", "out", "--no-html").code == 0
    assert len(bench.scored) == 30
    assert bench("folder=rated", "-m", "psnr", "-o", "out", "--no-html").code == 0
    assert bench.scored == []
    assert bench("folder=rated", "-m", "psnr,mse", "-o", "out", "--no-html").code == 0
    assert len(bench.scored) == 30


def test_a_trial_is_marked(bench, folder, tmp_path):
    done = bench("folder=rated", "-m", "psnr", "-o", "out", "--limit", "2")
    assert done.code == 0
    assert "trial" in done.out.lower()
    assert len(bench.scored) == 12
    assert "TRIAL" in (tmp_path / "out/leaderboard.html").read_text(encoding="utf-8")


def test_several_databases(bench, folder, tmp_path):
    rated(tmp_path / "alone", references=False)
    both = ("folder=rated", "folder=alone")
    done = bench(*both, "-m", "psnr,sharpness_laplacian", "-o", "out", "--no-html", "--no-speed")
    assert done.code == 0
    found = json.loads((tmp_path / "out/results.json").read_text(encoding="utf-8"))
    assert [d["name"] for d in found["databases"]] == ["folder-rated", "folder-alone"]
    metrics = [sorted(m["metric"] for m in d["metrics"]) for d in found["databases"]]
    assert metrics == [["psnr", "sharpness_laplacian"], ["sharpness_laplacian"]]
    databases = {row["label"]: row["databases"] for row in found["overall"]}
    assert databases == {"sharpness_laplacian": ["folder-rated", "folder-alone"], "psnr": ["folder-rated"]}


def test_pictures_that_cannot_be_scored_make_the_code_1_and_are_said(bench, folder, tmp_path):
    (folder / "images/c1_blur_2.png").write_bytes(b"no picture")
    (folder / "images/c1_blur_3.png").unlink()
    done = bench("folder=rated", "-m", "psnr", "-o", "out", "--no-html")
    assert done.code == 1
    assert "images/c1_blur_2.png" in done.err
    assert "1 file missing, among them images/c1_blur_3.png" in done.err
    found = json.loads((tmp_path / "out/results.json").read_text(encoding="utf-8"))["databases"][0]
    assert {f["image"] for f in found["not_scored"]} == {"images/c1_blur_2.png", "images/c1_blur_3.png"}
    assert found["metrics"][0]["n"] == 28
    rated(folder)
    assert bench("folder=rated", "-m", "psnr", "-o", "out", "--no-html").code == 1
    assert bench("folder=rated", "-m", "psnr", "-o", "out", "--no-html", "--retry-errors").code == 0


def test_quiet_says_nothing_but_errors(bench, folder):
    done = bench("folder=rated", "-m", "psnr", "-o", "out", "--no-html", "-q")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["folder=rated"], "--output"),
        (["-o", "out"], "DATASET"),
        (["folder=nowhere", "-o", "out"], "nowhere"),
        (["no-such=rated", "-o", "out"], "no database is called"),
        (["folder=rated", "-o", "out", "-m", "pnsr"], "Did you mean"),
        (["folder=rated", "-o", "out", "-m", "st_rred"], "another kind"),
        (["folder=rated", "-o", "out", "--split", "x"], "--split"),
        (["folder=rated", "-o", "out", "--limit", "0"], "limit"),
        (["folder=rated", "-o", "out", "--jobs", "many"], "--jobs"),
        (["folder=rated", "-o", "taken"], "taken"),
    ],
)
def test_wrong_usage_scores_nothing(bench, folder, tmp_path, arguments, said):
    (tmp_path / "taken").write_text("a file")
    done = bench(*arguments)
    assert done.code == 2
    assert said in done.err
    assert bench.scored == []
    assert not (tmp_path / "out").exists()


def test_without_the_extra_nothing_is_scored_and_the_extra_is_named(bench, folder, monkeypatch):
    from visq.bench import page
    from visq.errors import MissingExtraError

    def missing():
        raise MissingExtraError("needs jinja2", hint="Run: pip install 'visq[report]', or use --no-html.")

    monkeypatch.setattr(page, "check", missing)
    done = bench("folder=rated", "-m", "psnr", "-o", "out")
    assert done.code == 2
    assert "--no-html" in done.err
    assert bench.scored == []
    assert bench("folder=rated", "-m", "psnr", "-o", "out", "--no-html").code == 0


def test_the_official_part_alone(bench, folder, tmp_path):
    assert bench("folder=rated", "-m", "psnr", "-o", "out", "--split", "official:test", "--no-html").code == 0
    found = json.loads((tmp_path / "out/results.json").read_text(encoding="utf-8"))["databases"][0]
    assert (found["pictures"], found["split"]) == (12, "official:test")
    assert len(bench.scored) == 12


def test_names_with_odd_characters_come_through(bench, folder, tmp_path):
    rows = rated(folder)
    for row in rows[:3]:
        odd = row["image"].replace("c0", "<b>ö&c0")
        os.rename(folder / row["image"], folder / odd)  # noqa: PTH104
        row["image"] = odd
    write_csv(folder, rows)
    assert bench("folder=rated", "-m", "psnr", "-o", "out").code == 0
    assert "<b>ö" not in (tmp_path / "out/leaderboard.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_interrupted_run_keeps_what_it_scored(folder, tmp_path, classical):
    """With real workers: interrupted in the middle, then gone on with."""
    program = [sys.executable, "-c", "import sys; from visq.cli import main; sys.exit(main())"]
    command = [*program, "bench", "folder=rated", "-m", "all", "-o", "out", "--no-html", "--no-speed"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    table = tmp_path / "out/scores/folder.sqlite"
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and (not table.exists() or table.stat().st_size < 20000):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode in (130, 0, 1)
    assert b"Traceback" not in said
    if process.returncode == 130:
        assert b"goes on" in said
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False, timeout=200)
    assert done.returncode in (0, 1)
    found = json.loads((tmp_path / "out/results.json").read_text(encoding="utf-8"))["databases"][0]
    assert all(m["n"] + m["not_scored"] == 30 for m in found["metrics"])


def test_what_cannot_be_computed_is_said_unless_it_is_to_be_quiet(bench, folder, tmp_path, monkeypatch):
    def computable(*kinds):
        return [name for kind, name in (("fr", "psnr"), ("nr", "piqe")) if kind in kinds], {
            "x.pth is not here": [f"deep_{kind}" for kind in kinds]
        }

    monkeypatch.setattr("visq.weights.stand_in.computable", computable)
    monkeypatch.setattr("visq.bench.plan.computable", computable)
    asked = ("folder=rated", "-m", "all", "-o", "out", "--no-html", "--no-speed")
    assert "visq: all: without deep_fr, deep_rr: x.pth is not here" in bench(*asked).err
    assert "without" not in bench(*asked, "-q").err
