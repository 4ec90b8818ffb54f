"""`visq evaluate`: what it joins, prints, writes and refuses."""

from __future__ import annotations

import csv
import json
import sqlite3

import numpy as np
import pytest

from score_tables import rows_of, score_record, write_table
from shared_data import shared
from visq.errors import VisqWarning
from visq.evaluate import agreement, significance_matrix

LABELS = [
    ("a.png", 4.5, "one"),
    ("b.png", 3.0, "one"),
    ("c.png", 2.5, "two"),
    ("d.png", 1.0, "two"),
    ("e.png", 1.5, "two"),
]
PSNR = [40.0, 33.0, 34.0, 21.0, 25.0]
NIQE = [3.0, 4.0, 4.5, 8.0, 9.0]


@pytest.fixture
def files(tmp_path):
    """Labels, a wide table of another program, and a table of visq, in `tmp_path`."""
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("image", "mos", "content"), *LABELS])
    rows = [(name, p, n) for (name, _, _), p, n in zip(LABELS, PSNR, NIQE, strict=True)]
    with (tmp_path / "wide.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "psnr", "niqe"), *rows[::-1]])
    return tmp_path


def _ours():
    records = []
    for (name, _, _), p, n in zip(LABELS, PSNR, NIQE, strict=True):
        records += [score_record(f"/data/{name}", "psnr", p), score_record(f"/data/{name}", "niqe", n, lower=True)]
    return records


# Tables --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".sqlite"])
def test_tables_of_visq(evaluate, files, suffix):
    if suffix == ".parquet":
        pytest.importorskip("polars")
    write_table(files / f"scores{suffix}", _ours())
    done = evaluate(f"scores{suffix}", "labels.csv", "-q")
    assert (done.code, done.err) == (0, "")
    psnr, niqe = rows_of(done.out)
    expected = agreement(PSNR, [score for _, score, _ in LABELS], samples=0)
    assert (psnr["metric"], psnr["n"], psnr["lower_is_better"], psnr["fit"]) == (
        "psnr",
        "5",
        "false",
        expected.fit.kind,
    )
    for number in ("srcc", "krcc", "plcc", "plcc_fitted", "rmse", "rmse_fitted"):
        assert float(psnr[number]) == getattr(expected, number)
    # NIQE falls as quality rises, which the table says: the correlation is positive all the same.
    expected = agreement(NIQE, [score for _, score, _ in LABELS], samples=0, lower_is_better=True)
    assert (niqe["lower_is_better"], float(niqe["srcc"])) == ("true", expected.srcc)
    assert expected.srcc > 0.8


def test_other_tables(evaluate, files):
    done = evaluate("wide.csv", "labels.csv", "--lower", "niqe", "-q")
    assert done.code == 0
    assert [row["metric"] for row in rows_of(done.out)] == ["psnr", "niqe"]
    assert all(float(row["srcc"]) > 0.8 for row in rows_of(done.out))
    done = evaluate("wide.csv", "labels.csv", "-m", "niqe", "--lower-is-better", "-q")
    assert [(row["metric"], row["lower_is_better"]) for row in rows_of(done.out)] == [("niqe", "true")]
    done = evaluate("wide.csv", "labels.csv", "-m", "niqe")
    assert float(rows_of(done.out)[0]["srcc"]) < -0.8
    assert "ranks against people" in done.err


def test_two_columns_without_a_header(evaluate, files):
    for name, end in (("plain.txt", ","), ("plain.tsv", "\t")):
        (files / name).write_text("".join(f"{n}{end}{p}\n" for (n, _, _), p in zip(LABELS, PSNR, strict=True)))
        [row] = rows_of(evaluate(name, "labels.csv", "-q").out)
        assert (row["metric"], row["n"]) == ("value", "5")


def test_the_manifest_of_a_folder_holds_labels(evaluate, files):
    """Its column `score` is taken, whatever other numbers are there."""
    rows = [f"{name},{score},0.5,{group},{i % 5}" for i, (name, score, group) in enumerate(LABELS)]
    (files / "visq.csv").write_text("\n".join(["image,score,std,group,level", *rows]))
    [row] = rows_of(
        evaluate("wide.csv", "visq.csv", "-m", "psnr", "--groups", "group", "--std-column", "std", "-q").out
    )
    assert (row["n"], row["groups"]) == ("5", "2")
    assert float(row["srcc"]) == agreement(PSNR, [score for _, score, _ in LABELS], samples=0).srcc


def test_dmos_turns_the_sign(evaluate, files):
    text = (files / "labels.csv").read_text().splitlines()
    rows = [line.split(",") for line in text[1:]]
    (files / "dmos.csv").write_text("image,dmos\n" + "".join(f"{n},{100 - 20 * float(v)}\n" for n, v, _ in rows))
    straight = float(rows_of(evaluate("wide.csv", "labels.csv", "-m", "psnr", "-q").out)[0]["srcc"])
    turned = evaluate("wide.csv", "dmos.csv", "-m", "psnr", "-q", "--labels-lower-is-better")
    assert float(rows_of(turned.out)[0]["srcc"]) == straight


@pytest.mark.parametrize(
    ("name", "column", "rows", "srcc", "krcc", "plcc"),
    [("csiq", "dmos", 750, 0.9652, 0.8297, 0.950), ("tid2013", "mos", 3000, 0.8741, 0.6932, 0.876)],
)
def test_published_scores_of_deepwsd(evaluate, name, column, rows, srcc, krcc, plcc):
    """Correlations of the authors' own per-image scores, to the digits they were printed with; one file has both."""
    path = shared(f"golden/scores/{name}.csv")
    falls = ["--labels-lower-is-better"] if column == "dmos" else []
    done = evaluate(path, path, "--label-column", column, "--lower-is-better", "-q", *falls)
    assert done.code == 0
    [row] = rows_of(done.out)
    assert (row["metric"], int(row["n"]), row["missing"]) == ("deepwsd_2022", rows, "0")
    assert float(row["srcc"]) == pytest.approx(srcc, abs=5e-5)
    assert float(row["krcc"]) == pytest.approx(krcc, abs=5e-5)
    assert float(row["plcc"]) == pytest.approx(plcc, abs=5e-4)


# Joining -------------------------------------------------------------------------------------------------------


def test_what_has_no_partner_is_said(evaluate, files):
    records = [*_ours(), score_record("/data/x.png", "psnr", 1.0), score_record("/data/x.png", "niqe", 1.0, lower=True)]
    records[0] = score_record("/data/a.png", "psnr", None, error="truncated")
    write_table(files / "scores.csv", records)
    done = evaluate("scores.csv", "labels.csv", "-q")
    assert done.code == 1
    assert "visq: psnr: 1 labelled image of 5 without a score: a.png\n" in done.err
    assert "visq: psnr: a.png: truncated\n" in done.err
    assert "visq: 1 scored image without a label: /data/x.png\n" in done.err
    psnr, niqe = rows_of(done.out)
    assert [(r["n"], r["missing"], r["extra"]) for r in (psnr, niqe)] == [("4", "1", "1"), ("5", "0", "1")]
    assert evaluate("scores.csv", "labels.csv", "--allow-missing").code == 0


def test_labels_that_are_empty_are_left_out_and_said(evaluate, files):
    (files / "gaps.csv").write_text(
        "image,mos,content\n" + "".join(f"{n},{v},{c}\n" for n, v, c in LABELS) + "f.png,,one\n"
    )
    done = evaluate("wide.csv", "gaps.csv", "-m", "psnr")
    assert (done.code, rows_of(done.out)[0]["n"]) == (0, "5")
    assert "1 label empty or infinite, left out: f.png" in done.err
    (files / "gaps.csv").write_text("image,mos,content\na.png,1,\nb.png,2,one\nc.png,3,two\n")
    done = evaluate("wide.csv", "gaps.csv", "--groups", "content")
    assert (done.code, "content is empty for a.png" in done.err) == (2, True)


def test_only_the_first_five_names_are_listed(evaluate, files):
    with (files / "more.csv").open("w", newline="") as file:
        extra = [(f"{i}.png", 3) for i in range(7)]
        csv.writer(file).writerows([("image", "mos"), *[row[:2] for row in LABELS], *extra])
    done = evaluate("wide.csv", "more.csv", "-m", "psnr")
    assert "7 labelled images of 12 without a score: 0.png, 1.png, 2.png, 3.png, 4.png and 2 more" in done.err


def test_folders_count_where_file_names_do_not_tell_apart(evaluate, files):
    names = [f"{folder}/{i}.png" for folder in ("jpeg", "blur") for i in range(3)]
    (files / "l.csv").write_text("image,mos\n" + "".join(f"{n},{i}\n" for i, n in enumerate(names)))
    (files / "s.csv").write_text("image,psnr\n" + "".join(f"/x/y/{n},{i}\n" for i, n in enumerate(names))[::1])
    [row] = rows_of(evaluate("s.csv", "l.csv", "-q").out)
    assert (row["n"], row["srcc"]) == ("6", "1.0")
    (files / "bare.csv").write_text("image,mos\n0.png,1\n1.png,2\n2.png,3\n")
    done = evaluate("s.csv", "bare.csv")
    assert done.code == 2
    assert "both need 2 parts of the path" in done.err
    (files / "windows.csv").write_text(
        "image,mos\n" + "".join(f"D:\\{n},{i}\n" for i, n in enumerate(names)).replace("/", "\\")
    )
    assert rows_of(evaluate("s.csv", "windows.csv", "-q").out)[0]["n"] == "6"


def test_names_in_another_case_or_without_extension(evaluate, files):
    (files / "tid.csv").write_text("image,mos\n" + "".join(f"{n.upper()},{v}\n" for n, v, _ in LABELS))
    done = evaluate("wide.csv", "tid.csv", "-m", "psnr")
    assert (done.code, "--match nocase" in done.err) == (2, True)
    assert rows_of(evaluate("wide.csv", "tid.csv", "-m", "psnr", "--match", "nocase").out)[0]["n"] == "5"
    (files / "stem.csv").write_text("image,mos\n" + "".join(f"{n[0]},{v}\n" for n, v, _ in LABELS))
    assert "--match stem" in evaluate("wide.csv", "stem.csv").err
    assert rows_of(evaluate("wide.csv", "stem.csv", "-m", "psnr", "--match", "stem").out)[0]["n"] == "5"


def test_names_that_come_twice_are_refused(evaluate, files):
    (files / "twice.csv").write_text("image,mos\na.png,1\nb.png,2\na.png,3\n")
    done = evaluate("wide.csv", "twice.csv")
    assert (done.code, done.out) == (2, "")
    assert "labelled more than once: a.png" in done.err
    (files / "double.csv").write_text("image,psnr\na.png,1\na.png,1\nb.png,2\n")
    assert "psnr scored more than once: a.png" in evaluate("double.csv", "labels.csv").err


# Result --------------------------------------------------------------------------------------------------------


@pytest.fixture
def study(tmp_path):
    """A rated set of 120 pictures of 12 contents, and three metrics of different worth."""
    rng = np.random.default_rng(1)
    mos = rng.uniform(1, 5, 120)
    metrics = {name: mos + rng.normal(0, sigma, 120) for name, sigma in (("good", 0.3), ("fair", 1.0), ("poor", 4.0))}
    with (tmp_path / "scores.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", *metrics])
        writer.writerows([f"{i}.png", *values] for i, values in enumerate(zip(*metrics.values(), strict=True)))
    with (tmp_path / "mos.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["image", "mos", "std", "reference", "distortion"])
        writer.writerows([f"{i}.png", m, 0.5, f"r{i % 12}", ("jpeg", "blur")[i % 2]] for i, m in enumerate(mos))
    return metrics, mos


SETTINGS = ("--label-column", "mos", "--groups", "reference")


def test_intervals_are_over_contents(evaluate, study):
    metrics, mos = study
    groups = [f"r{i % 12}" for i in range(120)]
    done = evaluate(
        "scores.csv", "mos.csv", *SETTINGS, "--samples", "200", "--seed", "3", "--level", "0.9", "-m", "fair"
    )
    [row] = rows_of(done.out)
    expected = agreement(metrics["fair"], mos, groups=groups, samples=200, seed=3, level=0.9)
    assert row["groups"] == "12"
    for number in ("srcc", "plcc_fitted", "rmse_fitted"):
        assert (float(row[f"{number}_low"]), float(row[f"{number}_high"])) == expected.intervals[number]
    assert done.err == ""
    done = evaluate("scores.csv", "mos.csv", "--label-column", "mos", "--samples", "50", "-m", "fair")
    assert "--groups names the column of contents" in done.err


def test_breakdown_and_outliers(evaluate, study):
    metrics, mos = study
    done = evaluate("scores.csv", "mos.csv", *SETTINGS, "--by", "distortion", "--std-column", "std", "-m", "fair", "-q")
    rows = rows_of(done.out)
    assert [(r["by"], r["label"], r["n"]) for r in rows] == [
        ("", "", "120"), ("distortion", "jpeg", "60"), ("distortion", "blur", "60"),
    ]  # fmt: skip
    expected = agreement(metrics["fair"][::2], mos[::2], std=0.5, samples=0)
    assert float(rows[1]["srcc"]) == expected.srcc
    assert float(rows[1]["outlier_ratio"]) == expected.outlier_ratio
    # Within one content there is nothing to resample but its images.
    done = evaluate("scores.csv", "mos.csv", *SETTINGS, "--by", "reference", "--samples", "20", "-m", "fair", "-q")
    row = rows_of(done.out)[1]
    assert (row["n"], row["groups"]) == ("10", "10")
    assert float(row["srcc_low"]) < float(row["srcc_high"])


def test_comparing_metrics(evaluate, study):
    metrics, mos = study
    done = evaluate("scores.csv", "mos.csv", *SETTINGS, "--compare", "--correction", "bonferroni")
    header, *pairs = (line.split("\t") for line in done.out.split("\n\n")[1].splitlines())
    assert header == ["a", "b", "difference", "p", "p_adjusted", "verdict"]
    assert [(a, b, verdict) for a, b, *_, verdict in pairs] == [
        ("good", "fair", "a"), ("good", "poor", "a"), ("fair", "poor", "a"),
    ]  # fmt: skip
    groups = [f"r{i % 12}" for i in range(120)]
    expected = significance_matrix(metrics, mos, groups=groups, correction="bonferroni")
    assert float(pairs[1][2]) == expected.difference[0, 2]
    assert float(pairs[1][4]) == expected.adjusted[0, 2]
    done = evaluate("scores.csv", "mos.csv", *SETTINGS, "--compare", "-m", "good")
    assert (done.code, "two metrics" in done.err) == (2, True)


def test_the_result_in_files(evaluate, study, tmp_path):
    arguments = ("scores.csv", "mos.csv", *SETTINGS, "--by", "distortion", "--compare", "--samples", "50")
    done = evaluate(*arguments, "-o", "result.json")
    assert done.code == 0
    assert "the result of 3 metrics is in result.json" in done.err
    record = json.loads((tmp_path / "result.json").read_text())
    assert [m["metric"] for m in record["metrics"]] == ["good", "fair", "poor"]
    assert record["settings"]["groups"] == "reference"
    assert (record["scores"], record["label_column"]) == ("scores.csv", "mos")
    assert record["metrics"][0]["coverage"] == {
        "labelled": 120,
        "matched": 120,
        "missing": [],
        "failed": {},
        "extra": [],
    }
    assert set(record["metrics"][0]["breakdown"]["distortion"]) == {"jpeg", "blur"}
    assert record["comparison"]["verdict"][0] == [0, 1, 1]
    assert json.loads(evaluate(*arguments, "--json", "-q").out) == record
    done = evaluate(*arguments, "-o", "result.csv", "-q")
    with (tmp_path / "result.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == rows_of(done.out)
    done = evaluate(*arguments, "-o", "result.csv")
    assert (done.code, "--overwrite replaces it" in done.err) == (2, True)
    assert evaluate(*arguments, "-o", "result.csv", "--overwrite").code == 0
    assert not list(tmp_path.glob(".*"))


def test_on_a_terminal(evaluate, study, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    done = evaluate("scores.csv", "mos.csv", *SETTINGS, "--by", "distortion", "--compare", "--samples", "50", "-q")
    lines = done.out.splitlines()
    assert lines[0].split() == [
        "metric", "n", "SRCC", "95", "%", "KRCC", "PLCC", "PLCC", "fit", "95", "%", "RMSE", "fit", "fit",
    ]  # fmt: skip
    assert lines[1].startswith("good ↑  120  0.9")
    assert any(line.startswith("fair ↑, by distortion") for line in lines)
    assert "+ the row is better than the column" in done.out
    assert max(map(len, lines)) <= 120


def test_constant_scores_have_no_correlation(evaluate, files):
    (files / "flat.csv").write_text("image,flat\n" + "".join(f"{n},1\n" for n, _, _ in LABELS))
    done = evaluate("flat.csv", "labels.csv", "--label-column", "mos")
    assert done.code == 0
    assert rows_of(done.out)[0]["srcc"] == ""
    assert "correlations are undefined" in done.err
    assert VisqWarning.__name__ not in done.err


# Mistakes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("none.csv", "labels.csv"), "none.csv cannot be read"),
        (("wide.csv", "labels.pdf"), "unknown kind of table"),
        (("wide.csv", "labels.csv", "-m", "ssim"), "no column 'ssim'"),
        (("wide.csv", "labels.csv", "--label-column", "dmos"), "no column 'dmos'"),
        (("wide.csv", "wide.csv"), "which column holds the labels?"),
        (("wide.csv", "labels.csv", "--key", "content"), "labelled more than once: one, two"),
        (("wide.csv", "labels.csv", "--groups", "scene"), "no column 'scene'"),
        (("wide.csv", "labels.csv", "--lower", "ssim"), "--lower ssim: no such scores"),
        (("wide.csv", "labels.csv", "-o", "result.txt"), "unknown kind of table"),
        (("wide.csv", "labels.csv", "-o", "."), "unknown kind of table"),
        (("wide.csv", "labels.csv", "--overwrite"), "--overwrite needs -o"),
        (("wide.csv", "labels.csv", "--plcc", "poly3"), "--plcc belongs to --protocol ntire2022"),
        (("wide.csv", "labels.csv", "--protocol", "ntire2022", "--compare"), "--compare belongs to --protocol default"),
        (("two.csv", "labels.csv"), "psnr: too few images with a score and a label"),
        (("broken.csv", "labels.csv"), "broken.csv, line 2: 3 cells"),
        (("text.csv", "labels.csv", "-m", "note"), "note of a.png is no number"),
        (("text.csv", "labels.csv"), "text.csv holds no scores"),
        (("infinite.csv", "labels.csv"), "psnr of b.png is infinite"),
        (("empty.csv", "labels.csv"), "nothing in it"),
        (("broken.json", "labels.csv"), "is not a .json table"),
        (("object.json", "labels.csv"), "holds no list of records"),
        (("broken.parquet", "labels.csv"), "is not a Parquet table"),
        (("broken.sqlite", "labels.csv"), "is not a .sqlite table"),
    ],
)
def test_mistakes_end_in_one_line(evaluate, files, arguments, said):
    if "parquet" in arguments[0]:
        pytest.importorskip("polars")
    (files / "two.csv").write_text("image,psnr\na.png,1\nb.png,2\n")
    (files / "broken.csv").write_text("image,psnr\na.png,1,2\n")
    (files / "text.csv").write_text("image,note\na.png,good\n")
    (files / "infinite.csv").write_text("image,psnr\na.png,30\nb.png,inf\nc.png,20\n")
    (files / "empty.csv").write_text("\n")
    (files / "broken.json").write_text("{")
    (files / "object.json").write_text("{}")
    (files / "broken.parquet").write_text("no")
    (files / "broken.sqlite").write_text("no database at all, but long enough to be looked at" * 20)
    done = evaluate(*arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) == 1
    assert done.err.startswith("visq: ")


def test_a_direction_that_the_table_denies(evaluate, files):
    write_table(files / "scores.csv", _ours())
    done = evaluate("scores.csv", "labels.csv", "--lower-is-better")
    assert (done.code, "the table says that psnr rises with quality" in done.err) == (2, True)


def test_a_place_that_cannot_be_written(evaluate, files):
    done = evaluate("wide.csv", "labels.csv", "-m", "psnr", "-o", "none/result.json")
    assert done.code == 1
    assert "none/result.json cannot be written" in done.err
    assert rows_of(done.out)[0]["n"] == "5"


def test_reading_a_database_leaves_it_as_it_is(evaluate, files):
    write_table(files / "scores.sqlite", _ours())
    before = (files / "scores.sqlite").read_bytes()
    assert evaluate("scores.sqlite", "labels.csv").code == 0
    assert (files / "scores.sqlite").read_bytes() == before
    with sqlite3.connect(files / "scores.sqlite") as database:
        assert database.execute("SELECT count(*) FROM scores").fetchone() == (10,)
    database.close()
