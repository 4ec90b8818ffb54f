"""`visq compare`: who is compared with whom, and what happens to those who are alone."""

from __future__ import annotations

import json

import pytest

from visq.api import metric

_PSNR = metric("psnr")


def _pairs(out):
    return {r["image"]: (r["reference"], r["value"]) for r in json.loads(out)}


def test_two_files(visq, picture):
    reference, copy = picture("a.png"), picture("a.jpg", quality=30)
    done = visq("compare", "a.png", "a.jpg", "-m", "psnr,gmsd", "--json")
    assert done.code == 0
    first, second = json.loads(done.out)
    assert (first["image"], first["reference"], first["metric"]) == ("a.jpg", "a.png", "psnr")
    assert first["value"] == float(_PSNR(copy, reference))
    assert second["metric"] == "gmsd"


def test_an_identical_pair_has_the_best_value(visq, picture):
    picture("a.png")
    [record] = json.loads(visq("compare", "a.png", "a.png", "-m", "psnr", "--json").out)
    assert record["value"] == 100.0


def test_one_reference_against_many_is_decoded_once(visq, picture, monkeypatch):
    from visq.media import reader

    opened = []
    real = reader.open_image

    def counting(source, **options):
        opened.append(source)
        return real(source, **options)

    monkeypatch.setattr("visq.media.open_image", counting)
    picture("ref.png")
    for quality in (10, 50, 90):
        picture(f"q/{quality}.jpg", quality=quality)
    done = visq("compare", "ref.png", "q", "q/10.jpg", "-m", "psnr", "--json")
    pairs = _pairs(done.out)
    assert {reference for reference, _ in pairs.values()} == {"ref.png"}
    assert pairs["q/10.jpg"][1] < pairs["q/50.jpg"][1] < pairs["q/90.jpg"][1]
    assert opened.count("ref.png") == 1


def test_folders_are_paired_by_relative_name_not_by_order(visq, picture):
    for name, seed in (("x", 1), ("sub/x", 2), ("z", 3)):
        picture(f"ref/{name}.png", seed=seed)
        picture(f"dis/{name}.png", seed=seed)
    picture("dis/a.png", seed=9)
    picture("ref/y.png", seed=8)
    done = visq("compare", "ref", "dis", "-m", "psnr", "--json")
    assert done.code == 1
    assert _pairs(done.out) == {
        "dis/x.png": ("ref/x.png", 100.0), "dis/z.png": ("ref/z.png", 100.0), "dis/sub/x.png": ("ref/sub/x.png", 100.0),
    }  # fmt: skip
    assert "visq: dis/a.png: no reference has this name" in done.err
    assert "visq: ref/y.png: no image in dis has this name" in done.err
    allowed = visq("compare", "ref", "dis", "-m", "psnr", "--allow-unpaired")
    assert allowed.code == 0
    assert "dis/a.png" in allowed.err
    assert "dis/a.png" not in visq("compare", "ref", "dis", "-m", "psnr", "--allow-unpaired", "-q").err


def test_the_extension_may_differ_where_the_name_is_unique(visq, picture):
    picture("ref/a.png")
    picture("dis/a.jpg")
    picture("dis/a.webp")
    assert set(_pairs(visq("compare", "ref", "dis", "-m", "psnr", "--json").out)) == {"dis/a.jpg", "dis/a.webp"}
    picture("ref/a.bmp")
    done = visq("compare", "ref", "dis", "-m", "psnr")
    assert (done.code, done.out) == (2, "")
    assert "a.jpg could belong to several references: a.bmp, a.png" in done.err


def test_the_same_name_comes_before_the_same_stem(visq, picture):
    picture("ref/a.png", seed=1)
    picture("ref/a.bmp", seed=2)
    picture("dis/a.png", seed=1)
    done = visq("compare", "ref", "dis", "-m", "psnr", "--json", "--allow-unpaired")
    assert (done.code, _pairs(done.out)) == (0, {"dis/a.png": ("ref/a.png", 100.0)})


def test_a_reference_that_is_truncated_is_marked_in_the_rows(visq, picture):
    reference = picture("ref.jpg", side=128, quality=90)
    picture("a.png", side=128)
    reference.write_bytes(reference.read_bytes()[:-400])
    assert visq("compare", "ref.jpg", "a.png", "-m", "psnr").code == 1
    done = visq("compare", "ref.jpg", "a.png", "-m", "psnr", "--allow-truncated", "--json", "-o", "t.jsonl")
    assert any(w.startswith("reference truncated") for w in json.loads(done.out)[0]["warnings"])
    assert visq("compare", "ref.jpg", "a.png", "-m", "psnr", "-o", "t.jsonl", "--resume").code == 2


def test_a_folder_that_cannot_be_read_is_an_error_row(visq, picture, monkeypatch):
    import os

    picture("ref.png")
    picture("dis/a.png")
    picture("dis/locked/b.png")
    real = os.scandir

    def refusing(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("visq.run.plan.os.scandir", refusing)
    done = visq("compare", "ref.png", "dis", "-m", "psnr", "--json")
    good, bad = json.loads(done.out)
    assert done.code == 1
    assert good["status"] == "ok"
    assert (bad["image"], bad["error"]) == ("dis/locked", "this folder cannot be read: Permission denied")


def test_several_folders_against_one(visq, picture):
    picture("ref/a.png")
    picture("q10/a.jpg", quality=10)
    picture("q90/a.jpg", quality=90)
    done = visq("compare", "ref", "q10", "q90", "-m", "psnr", "--json")
    assert done.code == 0
    assert list(_pairs(done.out)) == ["q10/a.jpg", "q90/a.jpg"]


def test_sizes_that_differ_are_an_error_row(visq, picture):
    picture("a.png", side=32)
    picture("b.png", side=36)
    done = visq("compare", "a.png", "b.png", "-m", "psnr", "--json")
    [record] = json.loads(done.out)
    assert done.code == 1
    assert record["status"] == "error"
    assert "32x32" in record["error"]
    assert "36x36" in record["error"]
    assert (record["width"], record["height"]) == (36, 36)


def test_a_broken_reference_is_named(visq, picture, tmp_path):
    picture("a.png")
    (tmp_path / "ref.png").write_bytes(b"")
    done = visq("compare", "ref.png", "a.png", "-m", "psnr", "--json")
    assert json.loads(done.out)[0]["error"].startswith("reference ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ref", "dis/a.png"], "is a folder and dis/a.png is not"),
        (["ref", "dis", "-m", "tv"], "tv judges an image alone"),
        (["ref"], "Missing argument"),
        (["empty", "dis"], "holds no images"),
        (["ref", "empty"], "no images found in empty"),
    ],
)
def test_a_mistake_is_one_line_and_code_2(visq, picture, tmp_path, arguments, says):
    picture("ref/a.png")
    picture("dis/a.png")
    (tmp_path / "empty").mkdir()
    done = visq("compare", *arguments, *([] if "-m" in arguments else ["-m", "psnr"]))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("visq: ")
    assert says in done.err
    assert done.err.count("\n") == 1


def test_maps_are_written_where_their_images_were(visq, picture, tmp_path):
    pytest.importorskip("visq.report.heatmap")
    for name in ("a", "sub/a"):
        picture(f"ref/{name}.png", side=64)
        picture(f"dis/{name}.jpg", side=64, quality=20)
    done = visq("compare", "ref", "dis", "-m", "psnr,gmsd,mse", "--maps", "maps")
    assert done.code == 0
    written = sorted(p.relative_to(tmp_path / "maps").as_posix() for p in (tmp_path / "maps").rglob("*.png"))
    assert written == ["a.jpg.gmsd.png", "a.jpg.mse.png", "sub/a.jpg.gmsd.png", "sub/a.jpg.mse.png"]
    again = visq("compare", "ref/a.png", "dis/a.jpg", "dis/sub/a.jpg", "-m", "gmsd", "--maps", "both")
    assert again.code == 0
    assert sorted(p.name for p in (tmp_path / "both").iterdir()) == ["a.jpg-2.gmsd.png", "a.jpg.gmsd.png"]


def test_a_map_folder_that_cannot_be_made_is_said_before_the_first_image(visq, picture):
    picture("a.png")
    done = visq("compare", "a.png", "a.png", "-m", "gmsd", "--maps", "a.png/maps")
    assert done.code == 2
    assert "--maps a.png/maps: cannot be made" in done.err
