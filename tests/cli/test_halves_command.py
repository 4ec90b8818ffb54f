"""`visq halves`: outputs, the choice of pictures, interruption and resumption, mistakes."""

from __future__ import annotations

import csv
import json
import signal

import pytest
from PIL import Image

from rated_folders import rated
from visq.cli import exits
from visq.errors import StoreError
from visq.explain.study import measuring, tables

#: Cheap: two metrics of pixels on four cells.
FEW = ("-m", "tv,entropy", "--cells", 4, "--masks", 8, "--samples", 100)


@pytest.fixture
def folder(tmp_path):
    """30 pictures of 5 contents; those of two of them are the official test part."""
    rated(tmp_path / "rated", references=False)
    return tmp_path / "rated"


def table(path):
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_every_kind_of_output(visq, folder, tmp_path):
    done = visq("halves", "folder=rated", *FEW, "--images", 8, "-o", "a.html", "-o", "a.json", "-o", "a.csv")
    assert done.code == 0
    assert "8 pictures of 30 by 2 models" in done.err
    assert "written: a.html, a.json, a.csv, a.images.csv" in done.err
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["pictures"] == 8
    assert [m["name"] for m in content["models"]] == ["tv", "entropy"]
    assert [(m["family"], m["level"], m["fill"], m["cells"]) for m in content["models"]] == [
        ("classical", "pixel", "mean", 4)
    ] * 2
    assert content["made"]["command"].startswith(
        "visq halves folder=rated --metrics tv,entropy --images 8 --output a.html"
    )
    assert (content["about"]["chosen"], content["about"]["of"], content["about"]["seed"]) == (8, 30, 0)
    assert len(table(tmp_path / "a.images.csv")) == 8 * 4
    assert {r["table"] for r in table(tmp_path / "a.csv")} >= {"halves", "differences", "k", "curve"}
    assert "visq halves folder=rated" in (tmp_path / "a.html").read_text()
    assert "tv" in done.out
    assert "entropy, halves by tv" in done.out
    assert "4. Saliency, frequency and objectness" in done.out


def test_only_pictures_of_the_part_that_was_named(visq, folder, tmp_path):
    done = visq("halves", "folder=rated", *FEW, "--split", "official:test", "-o", "a.csv")
    assert done.code == 0
    assert "12 pictures of 12" in done.err
    # Contents 1 and 3 are the test part.
    names = {r["image"] for r in table(tmp_path / "a.images.csv")}
    assert {name.split("/")[1][:2] for name in names} == {"c1", "c3"}
    assert len(names) == 12
    few = visq("halves", "folder=rated", *FEW, "--split", "official:test", "--images", 50, "-o", "b.csv")
    assert "there are no 50 pictures: all are taken" in few.err


def test_the_same_command_measures_nothing_again_and_others_only_add(visq, folder, tmp_path, monkeypatch):
    command = ("halves", "folder=rated", *FEW, "--images", 4, "-o", "a.csv")
    assert visq(*command).code == 0
    first, pictures = (tmp_path / "a.csv").read_text(), table(tmp_path / "a.images.csv")
    measured, real = [], measuring.halved
    monkeypatch.setattr(measuring, "halved", lambda *a, **k: (measured.append(1), real(*a, **k))[1])
    assert visq(*command).code == 0
    assert (tmp_path / "a.csv").read_text() == first
    assert table(tmp_path / "a.images.csv") == pictures
    assert not measured
    assert visq("halves", "folder=rated", *FEW, "--images", 6, "-o", "a.csv").code == 0
    assert len(measured) == 2 * 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, exits.INTERRUPTED), (signal.SIGTERM, exits.TERMINATED)])
def test_an_interrupted_run_goes_on_and_ends_the_same(visq, folder, tmp_path, monkeypatch, number, code):
    command = ("halves", "folder=rated", *FEW, "--images", 5)
    assert visq(*command, "-o", "whole.csv").code == 0
    real, done = measuring.halved, []

    def stopped(*given, **known):
        done.append(1)
        if len(done) == 6:
            signal.raise_signal(number)
        return real(*given, **known)

    monkeypatch.setattr(measuring, "halved", stopped)
    ended = visq(*command, "-o", "a.csv")
    assert ended.code == code
    assert "what was measured is kept" in ended.err
    assert not (tmp_path / "a.csv").exists()
    assert visq(*command, "-o", "a.csv").code == 0
    # 5 of 10 were done.
    assert len(done) == 6 + 5
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_pictures_that_cannot_be_read_are_left_out(visq, folder, tmp_path):
    rows = sorted((folder / "images").iterdir())
    rows[3].write_bytes(b"no picture")
    Image.new("RGB", (8, 8)).save(rows[5])
    done = visq("halves", "folder=rated", *FEW, "-o", "a.json", "-q")
    assert done.code == exits.SOME_FAILED
    assert rows[3].name in done.err
    assert rows[5].name in done.err
    assert "2 pictures left out" in done.err
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["pictures"] == 28
    assert {f["image"].split("/")[1] for f in content["not_judged"]} == {rows[3].name, rows[5].name}


def test_a_result_that_cannot_be_written(visq, folder, tmp_path, monkeypatch):
    def refuse(path, found):
        raise StoreError(f"{path} cannot be written")

    monkeypatch.setattr(tables, "write", refuse)
    done = visq("halves", "folder=rated", *FEW, "--images", 3, "-o", "a.csv", "-q")
    assert done.code == exits.SOME_FAILED
    assert "the same command writes it without measuring again" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["folder=rated", "-m", "ssim", "-o", "a.csv"], "ssim does not judge an image alone"),
        (["folder=rated", "-m", "no_such", "-o", "a.csv"], "no_such"),
        (["folder=rated", "-m", "tv", "--level", "token", "-o", "a.csv"], "tv has no tokens"),
        (["folder=rated", "-m", "tv", "-o", "a.txt"], ".html, .json, .csv"),
        (["folder=rated", "-m", "tv", "-o", "gone/a.csv"], "there is no folder"),
        (["folder=rated", "-m", "tv", "-o", "a.csv", "-o", "./a.csv"], "two outputs have one name"),
        (["folder=rated", "-m", "tv", "-o", "old.csv"], "old.csv exists already"),
        (["folder=rated", "-m", "tv", "-o", "rated/visq.csv"], "belongs to the data"),
        (["folder=rated", "-m", "tv", "--split", "", "-o", "a.csv"], "--split is empty"),
        (["folder=rated", "-m", "tv", "--split", "official:val", "-o", "a.csv"], "no part 'val'"),
        (["folder=rated", "-m", "tv", "--images", 2, "-o", "a.csv"], "--images"),
        (["folder=rated", "-m", "tv", "--cells", 500, "-o", "a.csv"], "--cells"),
        (["folder=gone", "-m", "tv", "-o", "a.csv"], "gone"),
        (["=rated", "-m", "tv", "-o", "a.csv"], "names no database"),
        (["folder=rated", "-o", "a.csv"], "--metrics"),
        (["folder=rated", "-m", "tv"], "--output"),
    ],
)
def test_mistakes_are_told_before_anything_is_judged(visq, folder, tmp_path, monkeypatch, arguments, words):
    (tmp_path / "old.csv").write_text("mine\n")
    monkeypatch.setattr(measuring, "halved", lambda *_, **__: pytest.fail("a picture was judged"))
    done = visq("halves", *arguments)
    assert done.code == exits.USAGE
    assert words in done.err
    assert done.out == ""
    assert (tmp_path / "old.csv").read_text() == "mine\n"


def test_files_of_one_s_own_are_replaced_when_told(visq, folder, tmp_path):
    (tmp_path / "old.csv").write_text("mine\n")
    assert visq("halves", "folder=rated", *FEW, "--images", 3, "-o", "old.csv", "--overwrite", "-q").code == 0
    assert (tmp_path / "old.csv").read_text().startswith("table,judge,chooser")


def test_two_models_of_one_metric_have_names_of_their_own(visq, folder, tmp_path):
    done = visq(
        "halves", "folder=rated", "-m", "piqe,piqe:luma=bt601,piqe", "--cells", 4, "--masks", 4, "--images", 3,
        "-o", "a.json", "-q",
    )  # fmt: skip
    assert done.code == 0
    assert done.out == ""
    names = [m["name"] for m in json.loads((tmp_path / "a.json").read_text())["models"]]
    assert names == ["piqe", "piqe:luma=bt601"]
