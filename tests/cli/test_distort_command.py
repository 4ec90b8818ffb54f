"""`visq distort`: one file, many files, a sheet, the list, and what is refused."""

from __future__ import annotations

import csv
import hashlib
import json

import numpy as np
import pytest
from PIL import Image

import visq as library
from visq.distortions.apply import distort
from visq.distortions.sheet import Sheet
from visq.media.lossless import encode


def _pixels(path):
    return np.asarray(Image.open(path))


def _manifest(folder):
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_one_distortion_to_one_file_is_what_the_library_gives(visq, picture, tmp_path):
    source = picture("a.png")
    done = visq("distort", "a.png", "-t", "gaussian_noise:3", "-o", "b.png", "--seed", "5")
    assert (done.code, done.err) == (0, "")
    key = hashlib.sha256(source.read_bytes()).hexdigest()
    assert np.array_equal(_pixels(tmp_path / "b.png"), distort(_pixels(source), "gaussian_noise", 3, seed=5, key=key))
    assert done.out.split("\t")[:2] == ["b.png", "gaussian_noise:3"]
    # The name of the file is not part of the seed.
    (tmp_path / "other.png").write_bytes(source.read_bytes())
    visq("distort", "other.png", "-t", "gaussian_noise:3", "-o", "c.png", "--seed", "5")
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "c.png").read_bytes()


@pytest.mark.parametrize(
    ("name", "level", "amount"),
    [("gaussian_blur=1.5", None, 1.5), ("kadid10k/1:4", None, None), ("mean_shift:2+jpeg=40", None, None)],
)
def test_amounts_banks_and_chains_are_taken(visq, picture, tmp_path, name, level, amount):
    source = picture("a.png")
    assert visq("distort", "a.png", "-t", name, "-o", "b.tif", "-q").out == ""
    expected = distort(_pixels(source), name, level, key=hashlib.sha256(source.read_bytes()).hexdigest())
    assert np.array_equal(_pixels(tmp_path / "b.tif"), expected)


def test_levels_go_to_a_folder_with_a_manifest(visq, picture, tmp_path):
    picture("photos/a.png", seed=1)
    picture("photos/sub/b.png", seed=2)
    done = visq("distort", "photos", "-t", "jpeg", "-t", "gaussian_blur=2", "--levels", "1,5", "-o", "out")
    assert (done.code, done.err) == (0, "")
    names = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.png"))
    assert names == [
        "a_gaussian_blur=2.png", "a_jpeg_1.png", "a_jpeg_5.png",
        "sub/b_gaussian_blur=2.png", "sub/b_jpeg_1.png", "sub/b_jpeg_5.png",
    ]  # fmt: skip
    rows = _manifest(tmp_path / "out")
    assert [row["image"] for row in rows] == [
        f"out/{stem}_{rest}.png" for stem in ("a", "sub/b") for rest in ("jpeg_1", "jpeg_5", "gaussian_blur=2")
    ]
    for row in rows:
        assert hashlib.sha256((tmp_path / row["image"]).read_bytes()).hexdigest() == row["sha256"]
    worst = rows[1]
    assert (worst["distortion"], worst["level"], worst["status"]) == ("jpeg", "5", "ok")
    assert float(worst["amount"]) == library.distortions.get("jpeg").amounts[4]
    assert done.out.count("\n") == 6


def test_sixteen_bit_pictures_stay_so(visq, tmp_path):
    pytest.importorskip("pyvips")
    deep = np.random.default_rng(3).integers(0, 65536, (20, 24, 3), dtype=np.uint16)
    (tmp_path / "deep.png").write_bytes(encode(deep))
    assert visq("distort", "deep.png", "-t", "mean_shift:1", "-o", "out.png").code == 0
    found = library.open_image(tmp_path / "out.png").pixels
    assert found.dtype == np.uint16
    assert np.unique(found & 255).size > 100
    refused = visq("distort", "deep.png", "-t", "mean_shift:1", "-o", "out.webp")
    assert refused.code == 2
    assert "WEBP holds 8 bits a sample" in refused.err
    assert not (tmp_path / "out.webp").exists()


def test_a_broken_picture_among_others_is_a_row(visq, picture, tmp_path):
    picture("photos/a.png")
    (tmp_path / "photos" / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = visq("distort", "photos", "-t", "jpeg", "-o", "out", "-q")
    assert done.code == 1
    assert done.out == ""
    assert done.err.startswith("visq: photos/b.png: ")
    assert "5 of 10 pictures could not be made" in done.err
    assert [row["status"] for row in _manifest(tmp_path / "out")] == ["ok"] * 5 + ["error"] * 5
    alone = visq("distort", "photos/b.png", "-t", "jpeg:1", "-o", "c.png")
    assert alone.code == 2
    assert not (tmp_path / "c.png").exists()


def test_json_tells_what_was_made(visq, picture, tmp_path):
    picture("a.png")
    [row] = json.loads(visq("distort", "a.png", "-t", "jpeg:2", "-o", "b.png", "--json").out)
    assert (row["image"], row["distortion"], row["status"], row["width"]) == ("b.png", "jpeg:2", "ok", 32)
    assert row["sha256"] == hashlib.sha256((tmp_path / "b.png").read_bytes()).hexdigest()


def test_a_sheet_shows_the_picture_and_every_level(visq, picture, tmp_path):
    source = picture("a.png", side=96)
    assert visq("distort", "a.png", "-t", "jpeg", "-t", "mean_shift", "--sheet", "sheet.png").code == 0
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["a.png", "sheet.png"]
    sheet, original = _pixels(tmp_path / "sheet.png"), _pixels(source)
    assert _places(sheet, original) == 2  # at the left of both rows
    # No level of brightness changes what the third column of the second row is made of.
    key = hashlib.sha256(source.read_bytes()).hexdigest()
    assert _places(sheet, distort(original, "jpeg", 5, key=key)) == 1
    refused = visq("distort", "a.png", "a.png", "-t", "jpeg", "--sheet", "s.png", "-o", "out")
    assert refused.code == 2


def _places(sheet, tile):
    """How often a picture is found in another, pixel for pixel."""
    windows = np.lib.stride_tricks.sliding_window_view(sheet, tile.shape)[:, :, 0]
    candidates = np.argwhere(
        (windows[:, :, 0, 0] == tile[0, 0]).all(-1) & (windows[:, :, -1, -1] == tile[-1, -1]).all(-1)
    )
    return sum(np.array_equal(windows[y, x], tile) for y, x in candidates)


def test_a_sheet_of_odd_pictures_can_be_drawn():
    sheet = Sheet(
        "a name with a snowman \N{SNOWMAN} that is much too long for its place " * 3, ["untouched", "level 1"]
    )
    sheet.add("grey", 0, np.zeros((3, 500), np.uint8))
    sheet.add("grey", 1, np.full((3, 500, 1), 65535, np.uint16), "0.5")
    sheet.add("a_row_with_a_rather_long_name/and/no/blanks", 1, None, "it could not be made for some long reason")
    drawn = np.asarray(sheet.draw())
    assert drawn.dtype == np.uint8
    assert len(np.unique(drawn)) > 10


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["a.png", "-o", "b.png"], "one of -t NAME, --all and --bank BANK"),
        (["a.png", "-t", "jpeg", "--all", "-o", "b"], "one of -t NAME"),
        (["a.png", "-t", "jpeg"], "-o is missing"),
        (["-t", "jpeg:1", "-o", "b.png"], "Missing argument 'IMAGE...'"),
        (["a.png", "-t", "jpeg:1", "-o", "b.jpg"], "would alter the picture once more"),
        (["a.png", "-t", "jpeg:1", "-o", "b.xyz"], "no picture's extension"),
        (["a.png", "-t", "jpeg", "-o", "b.png"], "there are 5 pictures to write"),
        (["a.png", "-t", "jpeg:9", "-o", "b.png"], "not a level"),
        (["a.png", "-t", "jpeg=900", "-o", "b.png"], "the amount is out of range"),
        (["a.png", "-t", "jpog:1", "-o", "b.png"], "'jpeg'"),
        (["a.png", "-t", "jpeg:1", "-t", "jpeg:1", "-o", "b"], "asked for twice"),
        (["a.png", "--bank", "kadit", "-o", "b"], "no bank is called"),
        (["a.png", "-t", "jpeg:1", "-o", "a.png", "--overwrite"], "a.png is the picture itself"),
        (["a.png", "-t", "jpeg:1", "-o", "old.png"], "old.png exists already. Use --overwrite"),
        (["none.png", "-t", "jpeg:1", "-o", "b.png"], "none.png: does not exist"),
        (["a.png", "a.tif", "-t", "jpeg:1", "-o", "b"], "differ only in the extension"),
        (["*.gif", "-t", "jpeg:1", "-o", "b"], "nothing matches"),
        (["a.png", "-t", "jpeg", "--levels", "0", "-o", "b"], "levels are not readable"),
    ],
)
def test_mistakes_are_one_line_and_write_nothing(visq, picture, tmp_path, arguments, text):
    for name in ("a.png", "old.png", "a.tif"):
        picture(name)
    before = sorted(path.name for path in tmp_path.iterdir())
    done = visq("distort", *arguments)
    assert done.code == 2
    assert text in done.err
    assert done.err.startswith("visq: ")
    assert done.err.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_overwriting_is_asked_for(visq, picture, tmp_path):
    picture("a.png")
    picture("old.png", seed=9)
    assert visq("distort", "a.png", "-t", "jpeg:1", "-o", "old.png", "--overwrite").code == 0
    again = visq("distort", "a.png", "-t", "jpeg", "-o", "out")
    assert again.code == 0
    refused = visq("distort", "a.png", "-t", "jpeg", "-o", "out")
    assert (refused.code, "exists already" in refused.err) == (2, True)


def test_the_list_names_every_distortion_with_its_unit(visq):
    lines = visq("distort", "--list").out.splitlines()
    assert lines[0].split()[:2] == ["NAME", "FAMILY"]
    specs = library.distortions.specs()
    assert [line.split()[0] for line in lines[1:]] == [spec.id for spec in specs]
    assert all(spec.unit in line for spec, line in zip(specs, lines[1:], strict=True))
    entries = visq("distort", "--list", "--bank", "kadid10k").out.splitlines()
    assert len(entries) == 26
    assert "severity does not rise with the level" in entries[7]
    found = json.loads(visq("distort", "--list", "--json").out)
    assert [one["id"] for one in found] == [spec.id for spec in specs]
    assert json.loads(visq("distort", "--list", "--json", "--bank", "tid2013").out)[0]["number"] == 1


def test_everything_at_every_level(visq, picture, tmp_path):
    picture("a.png", side=64)
    done = visq("distort", "a.png", "--all", "-o", "out", "--sheet", "sheet.png")
    rows = _manifest(tmp_path / "out")
    assert len(rows) == 5 * len(library.distortions.ids())
    missing = {row["error"] for row in rows if row["status"] != "ok"}
    assert done.code == (1 if missing else 0)
    assert all("visq[" in error for error in missing), missing
