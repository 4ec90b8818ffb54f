"""`visq features` and `visq compare --features`: judging without the reference."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from visq import catalog
from visq.api import metric

RR = catalog.ids("rr")
SIDE = 128


@pytest.fixture
def large(picture):
    return lambda name, seed=0, **options: picture(name, seed=seed, side=SIDE, **options)


def test_features_are_kept_and_used_without_the_reference(visq, large, tmp_path):
    reference, copy = large("a.png"), large("a.jpg", quality=20)
    expected = {m: float(metric(m)(copy, reference)) for m in RR}
    done = visq("features", "a.png", "-o", "a.json")
    assert done.code == 0
    lines = [line.split("\t") for line in done.out.splitlines()]
    assert [(name, m) for name, m, _ in lines] == [("a.png", m) for m in RR]
    assert all(" bit" in size and " number" in size for *_, size in lines)
    reference.unlink()
    compared = visq("compare", "--features", "a.json", "a.jpg", "--json")
    assert compared.code == 0
    rows = json.loads(compared.out)
    assert {r["metric"]: r["value"] for r in rows} == expected
    assert {r["reference"] for r in rows} == {"a.json"}


def test_the_program_does_it_in_processes_of_its_own(program, large, tmp_path):
    reference, copy = large("a.png"), large("a.jpg", quality=20)
    expected = float(metric("rred")(copy, reference))
    assert program("features", "a.png", "-m", "rred", "-o", "a.json").code == 0
    reference.unlink()
    done = program("compare", "--features", "a.json", "a.jpg", "-m", "rred", "--json")
    assert done.code == 0
    [row] = json.loads(done.out)
    assert row["value"] == expected


def test_folders(visq, large):
    for name, seed in (("x", 1), ("sub/y", 2)):
        large(f"ref/{name}.png", seed=seed)
        large(f"dis/{name}.jpg", seed=seed, quality=30)
    large("dis/z.jpg")
    assert visq("features", "ref", "-m", "rred", "-o", "kept").code == 0
    done = visq("compare", "--features", "kept", "dis", "--json")
    assert done.code == 1
    assert {r["image"]: r["reference"] for r in json.loads(done.out)} == {
        "dis/x.jpg": "kept/x.json",
        "dis/sub/y.jpg": "kept/sub/y.json",
    }
    assert "dis/z.jpg: no reference has this name" in done.err


def test_options_belong_to_the_features(visq, large):
    large("a.png")
    large("a.jpg")
    assert visq("features", "a.png", "-m", "wnism:quantised=false", "-o", "a.json").code == 0
    assert json.loads(visq("compare", "--features", "a.json", "a.jpg", "--json").out)[0]["status"] == "ok"
    done = visq("compare", "--features", "a.json", "a.jpg", "-m", "wnism", "--json")
    assert done.code == 1
    assert "other options" in json.loads(done.out)[0]["error"]
    done = visq("compare", "--features", "a.json", "a.jpg", "-m", "rred", "--json")
    assert "no features of rred" in json.loads(done.out)[0]["error"]


def test_an_image_of_another_size_is_an_error_row(visq, large, tmp_path):
    large("a.png")
    Image.open(tmp_path / "a.png").crop((0, 0, SIDE, SIDE - 1)).save(tmp_path / "b.png")
    visq("features", "a.png", "-m", "rred", "-o", "a.json")
    done = visq("compare", "--features", "a.json", "b.png", "--json")
    assert done.code == 1
    assert "differ in size" in json.loads(done.out)[0]["error"]


def test_mistakes_are_one_line(visq, large, tmp_path):
    large("a.png")
    (tmp_path / "bad.json").write_text("{}")
    (tmp_path / "empty").mkdir()
    large("two/a.png")
    large("two/a.jpg")
    cases = {
        ("features", "nowhere.png"): "nowhere.png",
        ("features", "a.png", "-m", "ssim"): "ssim needs the whole reference",
        ("features", "a.png", "-m", "niqe"): "niqe judges an image alone",
        ("features", "empty", "-o", "out"): "no images found",
        ("features", "two", "-o", "out"): "differ only in the extension",
        ("features", "two"): "-o DIR is needed",
        ("features",): "REFERENCE",
        ("compare", "--features", "bad.json", "a.png"): "not a file of features",
        ("compare", "--features", "none.json", "a.png"): "none.json",
        ("compare", "--features", "empty", "two"): "holds no files of features",
        ("compare", "--features", "bad.json"): "REFERENCE DISTORTED",
        ("compare", "a.png"): "DISTORTED",
        ("compare", "a.png", "a.png", "-m", "niqe"): "niqe judges an image alone",
    }
    for arguments, text in cases.items():
        done = visq(*arguments)
        assert done.code == 2, arguments
        assert text in done.err, (arguments, done.err)
        assert done.err.count("\n") == 1, done.err


def test_files_are_not_overwritten_unasked(visq, large, tmp_path):
    large("a.png")
    assert visq("features", "a.png", "-m", "rred", "-o", "a.json").code == 0
    before = (tmp_path / "a.json").read_bytes()
    done = visq("features", "a.png", "-m", "wnism", "-o", "a.json")
    assert done.code == 2
    assert "exists already" in done.err
    assert (tmp_path / "a.json").read_bytes() == before
    assert visq("features", "a.png", "-m", "wnism", "-o", "a.json", "--overwrite").code == 0
    assert (tmp_path / "a.json").read_bytes() != before


def test_a_folder_goes_on_where_it_was_left(visq, large, tmp_path, monkeypatch):
    """Only what is missing, of another picture, of other metrics or damaged is taken again."""
    from visq.api import Metric

    for name in "abcd":
        large(f"ref/{name}.png", seed=ord(name))
    assert visq("features", "ref", "-m", "rred", "-o", "kept").code == 0
    kept = {p.stem: p.read_bytes() for p in (tmp_path / "kept").iterdir()}
    (tmp_path / "kept/b.json").unlink()
    (tmp_path / "kept/c.json").write_bytes(kept["c"][:-20])
    large("ref/d.png", seed=9)
    taken = []
    real = Metric.extract
    monkeypatch.setattr(Metric, "extract", lambda self, image: taken.append(image.meta.source) or real(self, image))
    assert visq("features", "ref", "-m", "rred", "-o", "kept").code == 1
    assert [name[-5:] for name in taken] == ["b.png"]
    (tmp_path / "kept/b.json").unlink()
    taken.clear()
    done = visq("features", "ref", "-m", "rred", "-o", "kept", "--resume", "--json")
    assert done.code == 0
    assert [name[-5:] for name in taken] == ["b.png", "c.png", "d.png"]
    assert [row["reference"][-5:] for row in json.loads(done.out)] == ["a.png", "b.png", "c.png", "d.png"]
    now = {p.stem: p.read_bytes() for p in (tmp_path / "kept").iterdir()}
    assert {name for name in "abcd" if now[name] == kept[name]} == {"a", "b", "c"}
    taken.clear()
    assert visq("features", "ref", "-m", "wnism,rred", "-o", "kept", "--resume").code == 0
    assert len(taken) == 4
    for name in "abcd":
        entries = json.loads((tmp_path / f"kept/{name}.json").read_text())["features"]
        assert [entry["metric"] for entry in entries] == ["rred", "wnism"]
        assert entries[0] == json.loads(now[name])["features"][0]


def test_one_broken_reference_does_not_stop_the_others(visq, large, tmp_path):
    large("ref/a.png")
    large("ref/c.png")
    (tmp_path / "ref/b.png").write_bytes(b"no picture")
    done = visq("features", "ref", "-m", "rred", "-o", "kept")
    assert done.code == 1
    assert "b.png" in done.err
    assert sorted(p.name for p in (tmp_path / "kept").iterdir()) == ["a.json", "c.json"]


def test_metrics_nobody_named_are_left_out_where_the_reference_is_too_small(visq, picture, tmp_path):
    picture("a.png", side=80)
    picture("b.png", side=4)
    done = visq("features", "a.png", "-o", "a.json")
    assert done.code == 0
    assert [line.split("\t")[1] for line in done.out.splitlines()] == ["rred", "fedm", "osvp"]
    assert "too small for wnism, rr_ssim, left out" in done.err
    assert visq("features", "a.png", "-o", "a.json", "--overwrite", "-q").err == ""
    assert visq("compare", "--features", "a.json", "a.png").code == 0
    done = visq("features", "a.png", "-m", "rred,wnism", "-o", "b.json")
    assert done.code == 2
    assert "wnism" in done.err
    assert not (tmp_path / "b.json").exists()
    assert visq("features", "b.png").code == 2


def test_places_that_cannot_be_written_are_one_line(visq, large, tmp_path):
    large("ref/a.png")
    large("ref/b.png")
    large("a.png")
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "same.json").symlink_to("a.png")
    cases = {
        ("ref", "file"): "file cannot be made",
        ("ref", "file/sub"): "file/sub cannot be made",
        ("a.png", "file/a.json"): "file cannot be made",
        ("a.png", "x" * 300 + ".json"): "cannot be written",
        ("a.png", "folder.json"): "folder.json",
        ("a.png", "same.json"): "is the reference itself",
        # They are JSON whatever the name says, as tables of scores are what their names say.
        ("a.png", "a.png"): "-o a.png: features are kept as JSON; expected a name ending in .json",
        ("a.png", "kept.csv"): "a name ending in .json",
        ("a.png", "kept"): "a name ending in .json",
    }
    before = (tmp_path / "a.png").read_bytes()
    for (reference, output), text in cases.items():
        done = visq("features", reference, "-m", "fedm", "-o", output, "--overwrite")
        assert done.code == 2
        assert text in done.err
        assert done.err.count("\n") == 1, "a folder that cannot be made is said once"
    assert (tmp_path / "a.png").read_bytes() == before
    assert not list(tmp_path.rglob("*.part"))


def test_an_interrupted_folder_keeps_whole_files(visq, large, tmp_path, monkeypatch):
    from visq import features

    large("ref/a.png")
    large("ref/b.png")
    replace, calls = features.Path.replace, []

    def interrupt(self, target):
        calls.append(target)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(features.Path, "replace", interrupt)
    done = visq("features", "ref", "-m", "fedm", "-o", "kept")
    assert done.code == 130
    assert "interrupted: features of 1 reference were taken" in done.err
    assert [p.name for p in (tmp_path / "kept").iterdir()] == ["a.json"]


def test_what_was_altered_on_reading_the_reference_is_said_and_kept(visq, large, tmp_path):
    large("a.jpg", quality=30)
    with Image.open(large("plain.png")) as image:
        image.putalpha(128)
        image.save(tmp_path / "a.png")
    done = visq("features", "a.png", "-m", "fedm", "-o", "a.json")
    assert done.code == 0
    assert "a.png: altered or noted on reading: alpha" in done.err
    [row] = json.loads(visq("compare", "--features", "a.json", "a.jpg", "--json").out)
    [pair] = json.loads(visq("compare", "a.png", "a.jpg", "-m", "fedm", "--json").out)
    assert row["warnings"] == pair["warnings"]
    assert any(w.startswith("reference alpha") for w in row["warnings"])
