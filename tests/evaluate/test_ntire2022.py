"""The NTIRE 2022 challenge: names, files, main score, published rows, and a simulated PIPAL."""

from __future__ import annotations

import math
import zipfile

import numpy as np
import pytest

import visq
from visq.errors import InputError, ReadError, StoreError, VisqWarning
from visq.evaluate.correlation import spearman
from visq.evaluate.ntire2022 import (
    PipalName,
    Readme,
    coverage,
    main_score,
    parse_name,
    parse_scores,
    read_labels,
    read_submission,
    write_submission,
)
from visq.evaluate.ntire2022_mini import MISALIGNED, RECIPES, mini_pictures, mini_pipal
from visq.evaluate.ntire2022_tables import ANCHORS, CLASSES, LEADER_BOARD, SPLITS

README = Readme(0.25, gpu=False, extra_data=True, full_reference=True, description="two words")


@pytest.fixture(scope="module")
def mini():
    return mini_pipal()


# Names and files -----------------------------------------------------------------------------------------------


def test_the_116_names_of_a_reference_there_and_back():
    names = [PipalName("A0001", row.code, f"{i:02d}") for row in CLASSES for i in range(row.versions)]
    assert len(names) == 116
    assert [parse_name(name.file) for name in names] == names
    assert names[0].file == "A0001_00_00.bmp"
    assert names[-1].reference_file == "A0001.bmp"


@pytest.mark.parametrize(
    "name",
    ["", "A0001.bmp", "A0001_00_00.png", "A001_00_00.bmp", "A0001_0_00.bmp", "x/A0001_00_00.bmp", "A0001_00_00.bmp,"],
)
def test_names_that_are_none_of_pipals(name):
    with pytest.raises(InputError, match="no PIPAL file name"):
        parse_name(name)


def test_lines_of_scores():
    text = "A0001_00_00.bmp,1520.0648\n\n A0001_00_01.bmp , -1.5e3\r\n"
    assert parse_scores(text) == {"A0001_00_00.bmp": 1520.0648, "A0001_00_01.bmp": -1500.0}


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("B1_00.bmp,1", "labels, line 2: no PIPAL file name.*'B1_00.bmp'"),
        ("A0001_00_01.bmp 1", "line 2: not a name and a score"),
        ("A0001_00_01.bmp,1,2", "line 2: not a name and a score"),
        ("A0001_00_01.bmp,", "line 2: the score of A0001_00_01.bmp is no number"),
        ("A0001_00_01.bmp,nan", "line 2: the score of A0001_00_01.bmp is nan"),
        ("A0001_00_01.bmp,inf", "line 2: .* is inf"),
        ("A0001_00_00.bmp,2", "A0001_00_00.bmp more than once"),
    ],
)
def test_a_wrong_line_is_named(line, match):
    with pytest.raises(ReadError, match=match):
        parse_scores(f"A0001_00_00.bmp,1\n{line}\n", "labels")


def test_names_that_come_twice_are_listed_five_at_most():
    text = "".join(f"A0001_00_{i:02d}.bmp,1\n" for i in range(8))
    with pytest.raises(ReadError, match=r"_00\.bmp, .*_04\.bmp and 3 more more than once"):
        parse_scores(text + text)
    with pytest.raises(ReadError, match="no line in it"):
        parse_scores("\n")


def test_labels_in_one_file_or_several(tmp_path):
    for i in (1, 2):
        (tmp_path / f"A000{i}.txt").write_text(f"A000{i}_00_00.bmp,{i}\n")
    assert read_labels(tmp_path) == {"A0001_00_00.bmp": 1, "A0002_00_00.bmp": 2}
    assert read_labels(tmp_path / "A0001.txt") == {"A0001_00_00.bmp": 1}
    (tmp_path / "more.txt").write_text("A0002_00_00.bmp,3\n")
    with pytest.raises(ReadError, match=r"A0002_00_00\.bmp in another file"):
        read_labels(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError, match="no text files"):
        read_labels(tmp_path / "empty")
    with pytest.raises(ReadError, match="cannot be read"):
        read_labels(tmp_path / "none.txt")


def test_a_submission_out_and_in(tmp_path, mini):
    path = tmp_path / "submission.zip"
    write_submission(path, mini.labels, README)
    found = read_submission(path)
    assert found.scores == mini.labels
    assert found.readme == README
    assert main_score(found.scores, mini.labels).main == pytest.approx(2, abs=1e-9)
    again = tmp_path / "again.zip"
    write_submission(again, dict(reversed(mini.labels.items())), README)
    assert again.read_bytes() == path.read_bytes()
    with pytest.raises(StoreError, match="exists already"):
        write_submission(path, mini.labels, README)
    write_submission(path, {"A0001_00_00.bmp": 0.1}, README, overwrite=True)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["output.txt", "readme.txt"]
        assert archive.read("output.txt") == b"A0001_00_00.bmp,0.1\n"
        archive.extractall(tmp_path / "unpacked")
    assert read_submission(tmp_path / "unpacked") == read_submission(path)
    assert read_submission(tmp_path / "unpacked" / "output.txt").readme is None


def test_the_readme_has_the_keys_of_the_challenge():
    text = README.text()
    assert text.splitlines()[:3] == [
        "runtime per image [s] : 0.25", "CPU[1] / GPU[0] : 1", "Extra Data [1] / No Extra Data [0] : 1",
    ]  # fmt: skip
    assert Readme.parse(text) == README
    # As a participant's program wrote it, in another order and without the blanks.
    other = (
        "Full-Reference [1] / Non-Reference [0]: 0\nruntime per image [s]: 0.01\nCPU[1] / GPU[0]: 0\n"
        "Extra Data [1] / No Extra Data [0]: 0\nOther description: a: b\n"
    )
    assert Readme.parse(other) == Readme(0.01, gpu=True, extra_data=False, full_reference=False, description="a: b")
    with pytest.raises(ReadError, match="no line for 'extra data'"):
        Readme.parse(other.replace("Extra Data [1]", "Data"))
    with pytest.raises(ReadError, match="not readable"):
        Readme.parse(other.replace("0.01", "fast"))


def test_what_is_no_submission(tmp_path):
    with pytest.raises(InputError, match="no PIPAL file name"):
        write_submission(tmp_path / "a.zip", {"a.bmp": 1}, README)
    with pytest.raises(InputError, match="is nan"):
        write_submission(tmp_path / "a.zip", {"A0001_00_00.bmp": math.nan}, README)
    with pytest.raises(StoreError, match="cannot be written"):
        write_submission(tmp_path / "none" / "a.zip", {"A0001_00_00.bmp": 1}, README)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ReadError, match=r"no output\.txt"):
        read_submission(tmp_path / "folder")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("output.txt", b"\xff\xfe")
    with pytest.raises(ReadError, match="damaged or not a submission"):
        read_submission(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "d.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("output.txt", "".join(f"A0001_00_{i:02d}.bmp,{i}\n" for i in range(40)))
    sound = (tmp_path / "d.zip").read_bytes()
    assert len(read_submission(tmp_path / "d.zip").scores) == 40
    for damaged in (sound[:45] + bytes(b ^ 255 for b in sound[45:60]) + sound[60:], sound[:40] + sound[70:]):
        (tmp_path / "d.zip").write_bytes(damaged)
        with pytest.raises(ReadError, match="damaged or not a submission"):
            read_submission(tmp_path / "d.zip")
    whole = (tmp_path / "b.zip").read_bytes()
    (tmp_path / "c.txt").write_bytes(whole[:30])
    with pytest.raises(ReadError, match=r"c\.txt"):
        read_submission(tmp_path / "c.txt")


# Score ---------------------------------------------------------------------------------------------------------


def test_predictions_that_are_the_labels(mini):
    for predictions in (mini.labels, {name: value + 3 for name, value in mini.labels.items()}):
        found = main_score(predictions, mini.labels)
        assert found.main == pytest.approx(2, abs=1e-9)
        assert found.n == 280
        assert found.coverage.complete
        assert {kind: part.n for kind, part in found.per_class.items()} == dict.fromkeys(found.per_class, 40)
        assert all(part.srcc == pytest.approx(1) for part in found.per_class.values())


def test_predictions_that_are_shuffled(mini):
    values = np.random.default_rng(1).permutation(list(mini.labels.values())).tolist()
    shuffled = dict(zip(mini.labels, values, strict=True))
    assert abs(main_score(shuffled, mini.labels, absolute=True).main) < 0.2


def test_a_monotone_warp_keeps_srcc_and_not_plcc(mini):
    warped = {name: math.exp((value - 1400) / 30) for name, value in mini.labels.items()}
    found = main_score(warped, mini.labels)
    assert found.srcc == pytest.approx(1, abs=1e-12)
    assert found.plcc < 0.8
    cubic = main_score(warped, mini.labels, plcc="poly3")
    assert found.plcc < cubic.plcc < 1
    assert (cubic.plcc_kind, cubic.srcc) == ("poly3", found.srcc)
    # The cubic by NumPy's own least squares, on standardised predictions.
    x, y = np.array(list(warped.values())), np.array(list(mini.labels.values()))
    z = (x - x.mean()) / x.std()
    assert cubic.plcc == pytest.approx(np.corrcoef(np.polyval(np.polyfit(z, y, 3), z), y)[0, 1], abs=1e-9)


def test_the_sign_rule(mini):
    falling = {name: -value for name, value in mini.labels.items()}
    with pytest.warns(VisqWarning, match="both correlations are negative"):
        found = main_score(falling, mini.labels)
    assert found.main == pytest.approx(-2)
    assert len(found.notes) == 1
    assert main_score(falling, mini.labels, absolute=True).main == pytest.approx(2)
    assert main_score(falling, mini.labels, lower_is_better=True).main == pytest.approx(2)


def test_constant_predictions_are_undefined_and_not_0(mini):
    with pytest.warns(VisqWarning, match="all predictions are the same"):
        found = main_score(dict.fromkeys(mini.labels, 1.0), mini.labels)
    assert np.isnan([found.main, found.plcc, found.srcc]).all()
    with pytest.warns(VisqWarning, match="all predictions are the same"):
        assert math.isnan(main_score(dict.fromkeys(mini.labels, 1.0), mini.labels, plcc="poly3", absolute=True).main)


def test_a_submission_that_does_not_cover_the_split(mini):
    names = list(mini.labels)
    short = {name: 1.0 for name in names[7:]}
    with pytest.raises(InputError, match=rf"7 without a score: {names[0]}, .*{names[4]} and 2 more"):
        main_score(short, mini.labels)
    more = {**mini.labels, "A0099_00_00.bmp": 1.0}
    with pytest.raises(InputError, match=r"1 without a label: A0099_00_00\.bmp"):
        main_score(more, mini.labels)
    with pytest.raises(InputError, match=f"1 more than once: {names[0]}"):
        main_score([*mini.labels.items(), (names[0], 2.0)], mini.labels)
    found = coverage(short, mini.labels)
    assert (found.matched, len(found.missing), found.extra, found.repeated) == (273, 7, (), ())


def test_a_cubic_that_cannot_be_fitted_is_not_said_to_be_one():
    labels = {f"A0001_00_{i:02d}.bmp": float(i) for i in range(9)}
    with pytest.warns(VisqWarning, match="not after a cubic"):
        found = main_score({name: float(value > 4) for name, value in labels.items()}, labels, plcc="poly3")
    assert found.plcc_kind == "raw"
    assert main_score(labels, labels, plcc="poly3").plcc_kind == "poly3"


def test_an_archive_that_would_unpack_to_far_more_than_scores_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("output.txt", "A0001_00_00.bmp,1\n" + "\n" * 10_000)
    assert len(read_submission(path).scores) == 1
    monkeypatch.setattr("visq.evaluate.ntire2022_files._LARGEST", 1000)
    with pytest.raises(ReadError, match=r"output\.txt is larger than 1000 bytes"):
        read_submission(path)


def test_a_submission_that_cannot_be_finished_leaves_the_former_one(tmp_path, monkeypatch):
    path = tmp_path / "submission.zip"
    write_submission(path, {"A0001_00_00.bmp": 1}, README)
    before = path.read_bytes()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(StoreError, match=r"No space left on device$"):
        write_submission(path, {"A0001_00_00.bmp": 2}, README, overwrite=True)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["submission.zip"]


@pytest.mark.parametrize(
    ("predictions", "labels", "match"),
    [
        ({"A0001_00_00.bmp": 1, "A0001_00_01.bmp": 2}, {"A0001_00_00.bmp": 1, "A0001_00_01.bmp": 2}, "at least 3"),
        ([1, 2, 3], [1, 1, 1], "all labels are the same"),
        ([1, 2, math.nan], [1, 2, 3], "the score of A0001_00_02.bmp is not finite"),
        ([1, 2, 3], [1, 2, math.inf], "the label of A0001_00_02.bmp is not finite"),
    ],
)
def test_what_has_no_correlation(predictions, labels, match):
    def named(values):
        return {f"A0001_00_{i:02d}.bmp": v for i, v in enumerate(values)} if isinstance(values, list) else values

    with pytest.raises(InputError, match=match):
        main_score(named(predictions), named(labels))
    with pytest.raises(InputError, match="'raw' or 'poly3'"):
        main_score({}, {}, plcc="logistic")


# Published -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [r for r in LEADER_BOARD if r.track == 1], ids=lambda r: r.team)
def test_rows_of_the_full_reference_track_add_up(row):
    """Main scores are sums that were rounded on their own: by up to 0.0015 they differ from the sum of the rounded."""
    assert row.plcc + row.srcc == pytest.approx(row.main, abs=0.0015)
    assert row.evidence == "read"
    assert row.source


def test_both_tracks_are_there_and_say_what_they_rest_on():
    first = [r for r in LEADER_BOARD if r.track == 1]
    second = [r for r in LEADER_BOARD if r.track == 2 and r.stage == "final test"]
    assert [r.rank for r in first] == list(range(1, 9))
    assert sorted((r.main for r in first), reverse=True) == [r.main for r in first]
    assert [r.method for r in second] == ["MANIQA", "MSTRIQ", "Blind Noisy Student"]
    assert {r.evidence for r in second} == {"recalled"}
    assert all(r.rank is None for r in LEADER_BOARD if r.stage == "validation server")


def test_the_tables_agree_with_each_other():
    training = next(s for s in SPLITS if s.id == "train")
    assert sum(row.versions for row in CLASSES) * training.references == training.images
    mean = sum(row.mean * row.versions for row in CLASSES) / 116
    assert mean == pytest.approx(training.mean, abs=0.05)
    assert min(row.low for row in CLASSES) == round(training.low)
    assert max(row.high for row in CLASSES) == round(training.high)
    assert all(s.images == s.references * 66 for s in SPLITS if s.id.startswith(("validation2022", "test")))
    assert {a.metric for a in ANCHORS} >= {"psnr", "ssim", "ms_ssim", "fsim", "gmsd", "vsi", "brisque"}


# Simulation ----------------------------------------------------------------------------------------------------


def test_the_simulation_is_made_again_from_its_seed(mini):
    assert mini_pipal().labels == mini.labels
    assert mini_pipal(1).labels != mini.labels
    assert len(mini.labels) == 10 * len(RECIPES) * 4 == 280
    assert mini.comparisons == 30
    with pytest.raises(InputError, match="1 or more"):
        mini_pipal(comparisons=0)


def test_elo_finds_the_latent_quality_with_enough_comparisons():
    """At least 0.95 with 200 comparisons an image, and less with fewer; docs/how-to/ntire2022.md prints them."""
    found = {}
    for comparisons in (5, 30, 200):
        study = mini_pipal(comparisons=comparisons)
        found[comparisons] = spearman(np.array(list(study.labels.values())), np.array(list(study.latent.values())))
    assert found[200] >= 0.95
    assert found[5] < found[30] < found[200]


def test_psnr_is_not_the_best_where_pictures_are_moved_by_a_pixel():
    """Full-reference metrics on the pictures: within the class that is moved, metrics that forgive it rank better."""
    metrics = ("psnr", "gmsd", "cw_ssim")
    study = mini_pipal(contents=4)
    scores = {metric: {} for metric in metrics}
    for name, reference, distorted in mini_pictures(contents=4):
        for metric, value in visq.compare(reference, distorted, list(metrics)).items():
            scores[metric][name] = -value if value.lower_is_better else float(value)
    found = {metric: main_score(values, study.labels) for metric, values in scores.items()}
    kind = f"{MISALIGNED:02d}"
    within = {metric: result.per_class[kind].srcc for metric, result in found.items()}
    assert max(within, key=within.get) == "cw_ssim"
    assert within["cw_ssim"] > within["psnr"] + 0.5
    assert len(found["psnr"].per_class) == 7
