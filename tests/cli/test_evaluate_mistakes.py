"""What `visq evaluate` cannot use: one line that says which and why, and nothing is overwritten."""

from __future__ import annotations

import pytest

LABELS = "image,mos,std\na.png,4.5,1\nb.png,3,1\nc.png,2.5,1\nd.png,1,1\n"
SCORES = "image,psnr\na.png,40\nb.png,33\nc.png,34\nd.png,21\n"


@pytest.fixture
def evaluate(visq, tmp_path):
    """`visq evaluate` beside sound labels and scores, without intervals."""
    (tmp_path / "labels.csv").write_text(LABELS)
    (tmp_path / "scores.csv").write_text(SCORES)
    return lambda *arguments: visq("evaluate", *arguments, "--label-column", "mos", "--samples", "0")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("deep.json", b"[" * 100_000, "deep.json is not a .json table"),
        ("long.json", b'[{"image":"a.png","m":1' + b"0" * 5000 + b"}]", "long.json is not a .json table"),
        ("large.json", b'[{"image":"a.png","m":1' + b"0" * 400 + b"}]", "m of a.png is infinite"),
        ("latin.csv", "image,m\n\xe4.png,1\n".encode("latin-1"), "Save it as UTF-8"),
        ("semicolons.csv", b"image;m\na.png;1,5\n", "separated by semicolons"),
        ("underscores.csv", b"image,m\na.png,1_0\n", "holds no scores"),
        ("empty.csv", b"", "visq: empty.csv: nothing in it\n"),
        ("few.csv", b"image,m\na.png,1\nb.png,\nc.png,2\n", "m: too few images with a score and a label"),
    ],
)
def test_what_is_no_table_of_scores(evaluate, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    done = evaluate(name, "labels.csv")
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl", ".parquet", ".sqlite", ".db"])
def test_no_file_or_a_folder_is_said_whatever_its_name_ends_in(evaluate, tmp_path, suffix):
    if suffix == ".parquet":
        pytest.importorskip("polars")
    (tmp_path / f"folder{suffix}").mkdir()
    for name in ("none", "folder"):
        done = evaluate(f"{name}{suffix}", "labels.csv")
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"visq: {name}{suffix} cannot be read: ")


@pytest.mark.parametrize("cell", ["", "-1", "inf", "some"])
def test_an_image_without_standard_deviation_is_named(evaluate, tmp_path, cell):
    (tmp_path / "labels.csv").write_text(LABELS.replace("c.png,2.5,1", f"c.png,2.5,{cell}"))
    done = evaluate("scores.csv", "labels.csv", "--std-column", "std")
    assert (done.code, done.err) == (2, "visq: labels.csv: std is no standard deviation for c.png\n")


def test_the_tables_that_are_read_are_not_overwritten(evaluate, tmp_path):
    for name, content in (("scores.csv", SCORES), ("labels.csv", LABELS)):
        done = evaluate("scores.csv", "labels.csv", "-o", f"./{name}", "--overwrite")
        assert done.code == 2
        assert "is a table to be read" in done.err
        assert (tmp_path / name).read_text() == content


def test_options_that_the_challenge_does_not_heed_are_refused(evaluate, tmp_path):
    lines = "".join(f"A0001_00_0{i}.bmp,{i}\n" for i in range(4))
    (tmp_path / "submission.txt").write_text(lines)
    (tmp_path / "labels.txt").write_text(lines)
    call = ("submission.txt", "labels.txt", "--protocol", "ntire2022")
    assert "--fit belongs to --protocol default" in evaluate(*call, "--fit", "none").err
    assert "--metric-column belongs to tables" in evaluate(*call, "-m", "psnr").err
