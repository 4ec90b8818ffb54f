"""What `visq score` does where no metric is named: the network that ships, its interval and its sub-scores."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import samples
from visq import catalog, metric
from visq.store.journal import COLUMNS
from visq.systems.visq_nr import opinion

_NUMBERS = ("lower", "upper", "level", "sharpness", "noise", "exposure", "compression")


@pytest.fixture
def photo(tmp_path):
    def make(name, seed=0, size=(70, 90)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.roll(samples.picture(*size), 5 * seed, axis=1) if seed else samples.picture(*size)
        Image.fromarray(pixels).save(path)
        return pixels

    return make


def test_a_photo_has_its_score_in_the_line_and_the_rest_beside_it(visq, photo):
    found = opinion(photo("a.png"))
    done = visq("score", "a.png")
    assert (done.code, done.out) == (0, f"image\tvisq_nr\na.png\t{found.score!r}\n")
    assert done.err.splitlines() == [
        f"visq_nr  90 % interval: {found.lower:.3g} to {found.upper:.3g}",
        f"visq_nr  sharpness {found.sharpness:.3g}, noise {found.noise:.3g}, exposure {found.exposure:.3g}, "
        f"compression {found.compression:.3g} (higher is better)",
    ]
    assert visq("score", "a.png", "-q").err == ""
    assert visq("score", "a.png", "-m", "tv").err == ""


def test_on_a_terminal_all_of_it_is_one_answer(visq, photo, monkeypatch):
    photo("a.png")
    monkeypatch.setattr("visq.cli.report.sys.stdout.isatty", lambda: True)
    done = visq("score", "a.png", "-m", "tv,visq_nr")
    assert "90 % interval" in done.out
    assert "visq_nr  sharpness" in done.out
    assert done.err == ""


def test_several_photos_are_summed_up_without_it(visq, photo):
    photo("p/a.png"), photo("p/b.png", 1)
    done = visq("score", "p")
    assert "interval" not in done.out + done.err
    assert "visq_nr (higher is better): 2 scored" in done.err


def test_json_has_a_field_for_each_number(visq, photo):
    found = opinion(photo("a.png"))
    [alone] = json.loads(visq("score", "a.png", "--json").out)
    assert tuple(alone) == (*COLUMNS, *_NUMBERS)
    assert alone["metric"] == "visq_nr"
    assert {name: alone[name] for name in _NUMBERS} == {name: getattr(found, name) for name in _NUMBERS}
    first, second = json.loads(visq("score", "a.png", "--json", "-m", "tv,visq_nr").out)
    assert [first[name] for name in _NUMBERS] == [None] * len(_NUMBERS)
    assert second["value"] == found.score
    assert not set(_NUMBERS) & set(json.loads(visq("score", "a.png", "--json", "-m", "tv").out)[0])


def test_a_folder_has_columns_and_a_broken_photo_has_empty_ones(visq, photo, tmp_path):
    found = opinion(photo("p/a.png"))
    (tmp_path / "p/b.png").write_bytes(b"")
    photo("p/small.png", size=(40, 90))
    done = visq("score", "p", "-o", "t.csv")
    assert done.code == 1
    assert "p/small.png: visq_nr: image is too small; expected at least 64x64 pixels; got 90x40" in done.err
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [r["status"] for r in rows] == ["ok", "error", "error"]
    assert [float(rows[0][name]) for name in _NUMBERS] == [getattr(found, name) for name in _NUMBERS]
    assert {rows[n][name] for n in (1, 2) for name in _NUMBERS} == {""}


@pytest.mark.parametrize("table", ["t.csv", "t.jsonl", "t.sqlite"])
def test_a_resumed_folder_keeps_what_it_has_and_ends_as_a_new_one_would(visq, photo, table, monkeypatch):
    from visq.run.shard import Scorer

    photo("p/a.png"), photo("p/b.png", 1)
    assert visq("score", "p", "-o", table, "-q").code == 0
    photo("p/c.png", 2)
    scored, real = [], Scorer.steps
    monkeypatch.setattr(Scorer, "steps", lambda self, task: scored.append(task.image) or real(self, task))
    assert visq("score", "p", "-o", table, "-q", "--resume").code == 0
    assert scored == ["p/c.png"]
    assert visq("score", "p", "-o", f"new-{table}", "-q").code == 0
    if table != "t.sqlite":
        assert Path(table).read_bytes() == Path(f"new-{table}").read_bytes()
    else:
        from visq.store.journal import Journal

        found = [list(Journal(name).rows()) for name in (table, f"new-{table}")]
        assert [sorted(rows) for rows in found] == [sorted(found[0])] * 2
        assert all(set(json.loads(row[-1])) == set(_NUMBERS) for row in found[0])


def test_a_table_of_other_metrics_gets_the_columns_when_it_is_resumed(visq, photo, tmp_path):
    photo("p/a.png")
    visq("score", "p", "-o", "t.csv", "-q", "-m", "tv")
    assert visq("score", "p", "-o", "t.csv", "-q", "--resume").code == 0
    with (tmp_path / "t.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {r["metric"]: bool(r["lower"]) for r in rows} == {"tv": False, "visq_nr": True}


def test_maps_are_written_of_photos_alone(visq, photo, tmp_path):
    photo("p/a.png"), photo("p/sub/b.png", 1)
    done = visq("score", "p", "--maps", "maps", "-m", "visq_nr,tv", "-q")
    assert done.code == 0
    made = sorted(path.relative_to(tmp_path / "maps").as_posix() for path in (tmp_path / "maps").rglob("*.png"))
    assert made == ["a.png.visq_nr.png", "sub/b.png.visq_nr.png"]
    done = visq("score", "p/a.png", "--maps", "none", "-m", "tv")
    assert "tv has no map; those with one: visq_nr" in done.err
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("limit", "code"), [("0", 0), ("100", 3)])
def test_a_gate_holds_the_default(visq, photo, limit, code):
    photo("a.png")
    assert visq("score", "a.png", "--fail-under", f"visq_nr={limit}").code == code


_BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "onnx", "safetensors", "accelerate"):
            raise ImportError(name)
sys.meta_path.insert(0, Blocked())
"""


def test_the_core_alone_gives_the_same_bits(photo, tmp_path):
    """The program and its worker processes, in none of which torch can be imported."""
    pixels = photo("a.png")
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked/sitecustomize.py").write_text(_BLOCKED)
    before = os.environ.get("PYTHONPATH", "")
    search = f"{tmp_path / 'blocked'}{os.pathsep}{before}" if before else str(tmp_path / "blocked")
    code = "import sys; from visq.cli import main; code = main(sys.argv[1:]); assert 'torch' not in sys.modules"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; sys.exit(code)", "score", "a.png", "--json"],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": search},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [record] = json.loads(done.stdout)
    found = opinion(pixels)
    assert record["value"] == found.score
    assert {name: record[name] for name in _NUMBERS} == {name: getattr(found, name) for name in _NUMBERS}


def test_it_is_the_first_of_its_kind_and_said_to_be_the_default(visq):
    assert catalog.DEFAULT_NO_REFERENCE == ("visq_nr",)
    assert visq("list", "--kind", "nr").out.splitlines()[1].split()[0] == "visq_nr"
    shown = visq("show", "visq_nr").out
    assert "default     measured where no metric is named" in shown
    assert "  sharpness: how free the picture is of blur" in shown
    listed = {one["id"]: one["default"] for one in json.loads(visq("list", "--json").out)}
    assert [name for name, default in listed.items() if default] == [
        *catalog.DEFAULT_FULL_REFERENCE, *catalog.DEFAULT_NO_REFERENCE,
    ]  # fmt: skip
    assert metric("visq_nr").spec.extra == ""
