"""What holds for every database: missing files, wrong labels, parts, scales, a list of one's own."""

from __future__ import annotations

import random
import sys

import dataset_trees as trees
import numpy as np
import pytest

import visq
from visq.datasets import DatasetSpec, Labels, Sample, Table
from visq.errors import DatasetError, InputError, MissingExtraError, OptionError, UnknownDatasetError, VisqError

PLAIN = DatasetSpec(
    id="plain", title="Plain", summary="made up", kind="nr", score_name="MOS", lower_is_better=False, low=1, high=5,
    images=("pictures",), labels=(Labels("mos", (Table("mos.csv", "csv"),), image="{name}", score="{mos}"),),
    licence="", paper="", homepage="", layout="read", source="made up",
)  # fmt: skip


def _spec(**changes):
    from dataclasses import replace

    inner = {
        name: changes.pop(name) for name in list(changes) if name in Labels.__dataclass_fields__ and name != "note"
    }
    return replace(PLAIN, labels=(replace(PLAIN.labels[0], **inner),), **changes)


def test_missing_files_are_told_and_not_dropped(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos\na.png,1\nb.png,5\n")
    trees.picture(tmp_path, "pictures/a.png")
    data = visq.dataset(PLAIN, tmp_path)
    assert data.missing == ("pictures/b.png",)
    assert [s.image for s in data.samples] == ["pictures/a.png", "pictures/b.png"]
    assert data.paths(0) == (tmp_path / "pictures/a.png", None)


def test_samples_are_plain_data(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos\na.png,1.5\n")
    sample = visq.dataset(PLAIN, tmp_path).samples[0]
    assert isinstance(sample, Sample)
    assert (sample.image, sample.reference, sample.score, sample.group) == ("pictures/a.png", "", 1.5, "a.png")
    assert np.isnan(sample.std)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("name,mos\na.png,7\n", "row 1.*'7'; expected a number from 1 to 5"),
        ("name,mos\na.png,good\n", "'good'; expected a number from 1 to 5"),
        ("name,mos\na.png,nan\n", "expected a number from 1 to 5"),
        ("name,mos\na.png,\n", "row 1"),
        ("name,mos\na.png,1,2\n", "line 2 has too many columns"),
        ("name,mos\n", "no rows"),
        ("", "no rows"),
        ("picture,mos\na.png,1\n", "no column 'name'; got .*picture"),
        ("name,mos,mos\na.png,1,1\n", "several columns called 'mos'"),
        ("name,mos\na.png,1\na.png,2\n", "two scores; got 1 and 2"),
        ("name,mos\n../a.png,1\n", "outside the database"),
        ("name,mos\n/etc/passwd,1\n", "outside the database"),
        ("name,mos\na.png,1\na.png,1\n", "name pictures/a.png twice"),
        ("name,mos\n,1\n", "no image is named"),
        ("name,mos\n.,1\n", "no image is named"),
    ],
)
def test_label_files_that_do_not_fit_are_refused_with_the_reason(tmp_path, content, reason):
    trees.text(tmp_path, "mos.csv", content)
    with pytest.raises(DatasetError, match=reason):
        visq.dataset(PLAIN, tmp_path)


def test_the_last_printed_digit_may_pass_the_end_of_the_scale(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos\na.png,5.0000004\n")
    assert visq.dataset(PLAIN, tmp_path).scores[0] == 5.0000004


def test_a_name_that_does_not_fit_is_refused(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos\nx7.png,1\ny7.png,2\n")
    with pytest.raises(DatasetError, match=r"y7\.png is no name of an image of Plain"):
        visq.dataset(_spec(name=r"^x(?P<ref>\d)\.png$"), tmp_path)


def test_no_label_file_says_which_was_looked_for(tmp_path):
    with pytest.raises(DatasetError, match=r"expected mos\.csv or visq\.csv"):
        visq.dataset(PLAIN, tmp_path)
    with pytest.raises(DatasetError, match="is not a folder"):
        visq.dataset(PLAIN, tmp_path / "nowhere")


def test_unknown_names_get_the_nearest(tmp_path):
    with pytest.raises(UnknownDatasetError, match="Did you mean 'tid2013'"):
        visq.dataset("tid2031", tmp_path)
    assert visq.datasets.get("KADID-10k").id == "kadid10k"
    assert visq.datasets.get("Live MD").id == "live_md"


def test_unknown_labels_get_the_known(tmp_path):
    with pytest.raises(OptionError, match="expected 'mos' or 'manifest'"):
        visq.dataset(PLAIN, tmp_path, labels="dmos")


def test_the_database_may_lie_one_folder_deeper(tmp_path):
    trees.text(tmp_path, "release/MOS.CSV", "name,mos\nA.PNG,1\n")
    trees.picture(tmp_path, "release/Pictures/a.png")
    data = visq.dataset(_spec(roots=("OTHER", "RELEASE")), tmp_path)
    assert data.missing == ()
    assert data.samples[0].image == "Pictures/a.png"
    assert data.paths(0)[0].is_file()


def test_contents_do_not_depend_on_where_a_copy_keeps_its_folders(tmp_path):
    for place in ("one/pictures", "two/images"):
        root = tmp_path / place.partition("/")[0]
        trees.text(root, "mos.csv", "name,mos\nx1.png,1\n")
        trees.picture(tmp_path, f"{place}/X1.png")
    spec = _spec(images=("pictures", "images"))
    one, two = (visq.dataset(spec, tmp_path / name) for name in ("one", "two"))
    assert one.samples[0].image != two.samples[0].image
    assert one.samples[0].group == two.samples[0].group == "x1.png"


def test_a_second_table_is_joined_by_key_or_row_by_row(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos\na.png,1\nb.png,2\n")
    trees.text(tmp_path, "parts.csv", "name,set\nb.png,test\na.png,train\n")
    trees.text(tmp_path, "std.txt", "0.5\n0.25\n")
    tables = (
        Table("mos.csv", "csv"), Table("parts.csv", "csv", key="name"), Table("std.txt", "text", names=("std",)),
        Table("none.csv", "csv", names=("name", "more"), key="name", optional=True),
    )  # fmt: skip
    data = visq.dataset(_spec(tables=tables, part="{set}", std="{std}"), tmp_path)
    assert [(s.part, s.std) for s in data.samples] == [("train", 0.5), ("test", 0.25)]
    assert {part: list(found) for part, found in data.official().items()} == {"train": [0], "test": [1]}
    trees.text(tmp_path, "std.txt", "0.5\n")
    with pytest.raises(DatasetError, match="expected 2 rows; got 1"):
        visq.dataset(_spec(tables=tables, part="{set}", std="{std}"), tmp_path)
    trees.text(tmp_path, "parts.csv", "name,set\nb.png,test\n")
    with pytest.raises(DatasetError, match=r"no row for 1 of 2 rows; got 'a\.png'"):
        visq.dataset(_spec(tables=tables, part="{set}", std=""), tmp_path)


def test_official_parts_by_row_and_none(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos\na.png,1\nb.png,2\nc.png,3\n")
    data = visq.dataset(_spec(part_rows=(("train", 1, 2), ("test", 3, 3))), tmp_path)
    assert {part: list(found) for part, found in data.official().items()} == {"train": [0, 1], "test": [2]}
    with pytest.raises(DatasetError, match="no official split; it has none"):
        visq.dataset(PLAIN, tmp_path).official()


def test_variance_becomes_a_standard_deviation(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos,var\na.png,1,0.25\n")
    assert visq.dataset(_spec(variance="{var}"), tmp_path).samples[0].std == 0.5


@pytest.mark.parametrize("cell", ["abc", "-0.5", "inf"])
@pytest.mark.parametrize("column", ["std", "variance"])
def test_what_is_no_deviation_is_refused_and_not_dropped(tmp_path, cell, column):
    trees.text(tmp_path, "mos.csv", f"name,mos,spread\na.png,3,{cell}\n")
    with pytest.raises(DatasetError, match=f"row 1.*{cell}'; expected a number from 0 on"):
        visq.dataset(_spec(**{column: "{spread}"}), tmp_path)
    trees.text(tmp_path, "mos.csv", "name,mos,spread\na.png,3,NaN\n")
    assert np.isnan(visq.dataset(_spec(**{column: "{spread}"}), tmp_path).samples[0].std)


@pytest.mark.parametrize("score", ["inf", "-inf", "1e999", "nan"])
def test_no_score_is_infinite_even_on_a_scale_without_ends(tmp_path, score):
    trees.text(tmp_path, "visq.csv", f"image,score\na.png,{score}\n")
    with pytest.raises(DatasetError, match=r"row 1.*expected a finite number"):
        visq.dataset("folder", tmp_path)


def test_columns_that_a_user_did_not_write_are_not_told(tmp_path):
    trees.text(tmp_path, "visq.csv", "image;score\na.png;1\n")
    with pytest.raises(DatasetError, match=r"no column 'image'; got image;score$"):
        visq.dataset("folder", tmp_path)


def test_two_different_rows_for_one_key_are_refused(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos\na.png,1\n")
    trees.text(tmp_path, "parts.csv", "name,set\na.png,train\na.png,train\n")
    spec = _spec(part="{set}", tables=(Table("mos.csv", "csv"), Table("parts.csv", "csv", key="name")))
    assert visq.dataset(spec, tmp_path).samples[0].part == "train"
    trees.text(tmp_path, "parts.csv", "name,set\na.png,train\na.png,test\n")
    with pytest.raises(DatasetError, match=r"parts\.csv has two different rows for 'a\.png'"):
        visq.dataset(spec, tmp_path)


@pytest.mark.parametrize("given", [[True, False, True], np.array([True, False, True]), [0.0], [3], [-4]])
def test_a_mask_is_not_taken_for_indices(tmp_path, given):
    trees.text(tmp_path, "mos.csv", "name,mos\na.png,1\nb.png,2\nc.png,4\n")
    data = visq.dataset(PLAIN, tmp_path)
    assert data.subset(np.array([0, -1])).scores.tolist() == [1, 4]
    for use in (data.subset, data.normalised):
        with pytest.raises(InputError, match=r"no index of a sample|no such sample"):
            use(given)


def test_the_home_of_nobody_is_no_folder():
    with pytest.raises(DatasetError, match="is not a folder"):
        visq.dataset("folder", "~nobody-of-this-name/data")


def test_a_second_scale_changes_the_range_and_direction_that_the_data_states(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos\na.png,80\n")
    data = visq.dataset(_spec_scaled(), tmp_path)
    assert (data.spec.low, data.spec.high, data.spec.lower_is_better, data.spec.score_name) == (0, 100, True, "DMOS")
    assert data.normalised()[0] == pytest.approx(0.2)


def _spec_scaled():
    from dataclasses import replace

    labels = replace(PLAIN.labels[0], low=0.0, high=100.0, lower_is_better=True, score_name="DMOS")
    return replace(PLAIN, labels=(labels,))


def test_a_subset_remembers_where_its_samples_come_from(tmp_path):
    trees.text(tmp_path, "mos.csv", "name,mos\n" + "".join(f"i{i}.png,{1 + i / 10}\n" for i in range(20)))
    data = visq.dataset(PLAIN, tmp_path)
    part = data.subset([7, 3, 11]).subset([2, 0])
    assert part.origin == (11, 7)
    assert list(part.scores) == [data.scores[11], data.scores[7]]
    whole = {name: set(found) for name, found in data.split(4).items()}
    for name, found in part.split(4).items():
        assert {part.origin[i] for i in found} == whole[name] & {7, 11}


def test_any_folder_with_visq_csv_is_a_database(tmp_path):
    trees.text(
        tmp_path, "visq.csv",
        "image,reference,score,std,group,distortion,level,part\n"
        "a/x1.png,r/x.png,3.5,0.5,x,blur,1,train\na/y1.png,,-2,,y,,,test\n",
    )  # fmt: skip
    trees.pictures(tmp_path, "", ["a/x1.png", "r/x.png", "a/y1.png"])
    data = visq.dataset("folder", tmp_path)
    assert data.missing == ()
    first, second = data.samples
    assert first == Sample("a/x1.png", "r/x.png", 3.5, 0.5, "x", "blur", "1", "train")
    assert (second.reference, second.group, second.part) == ("", "y", "test")
    assert sorted(data.official()) == ["test", "train"]


def test_visq_csv_may_hold_image_and_score_alone(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,score\nx1.png,3.5\n")
    sample = visq.dataset("folder", tmp_path).samples[0]
    assert (sample.image, sample.score, sample.reference, sample.group) == ("x1.png", 3.5, "", "x1.png")


def test_visq_csv_stands_in_for_the_labels_of_a_database(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,reference,score\nd/i01_01_1.bmp,r/i01.bmp,3\n")
    trees.pictures(tmp_path, "", ["d/i01_01_1.bmp", "r/i01.bmp"])
    data = visq.dataset("tid2013", tmp_path)
    assert (data.labels, data.samples[0].reference, data.missing) == ("manifest", "r/i01.bmp", ())


def test_pairs_may_be_listed_in_visq_csv(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,second,reference,score\na.png,b.png,r.png,0.75\n")
    trees.pictures(tmp_path, "", ["a.png", "b.png", "r.png"])
    pair = visq.dataset("bapps", tmp_path).samples[0]
    assert (pair.first, pair.second, pair.reference, pair.preference) == ("a.png", "b.png", "r.png", 0.75)


def test_a_spreadsheet_without_openpyxl_names_the_extra(tmp_path, monkeypatch):
    trees.sheet(tmp_path, "csiq.DMOS.xlsx", [["x"]], "all_by_image")
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtraError, match=r"visq\[datasets\]"):
        visq.dataset("csiq", tmp_path)


def test_a_scale_without_ends_is_not_stretched(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,score\na.png,3\nb.png,3\n")
    data = visq.dataset("folder", tmp_path)
    with pytest.raises(DatasetError, match="cannot be put on 0 to 1"):
        data.normalised()
    with pytest.raises(DatasetError, match="got 3 to 3"):
        data.normalised(fit=[0, 1])


def test_every_error_is_one_of_visq(tmp_path):
    """Bytes that are no text, a folder in the place of a file, a spreadsheet that is none."""
    (tmp_path / "mos.csv").write_bytes(b"name,mos\n\xff\xfe\x00,1\n")
    with pytest.raises(VisqError, match="no csv file"):
        visq.dataset(PLAIN, tmp_path)
    (tmp_path / "csiq.DMOS.xlsx").write_bytes(b"PK\x03\x04 but no zip")
    with pytest.raises(DatasetError, match="no spreadsheet"):
        visq.dataset("csiq", tmp_path)
    (tmp_path / "MOS.mat").write_bytes(b"\x89HDF\r\n")
    with pytest.raises(DatasetError, match="not a MATLAB version 5 file"):
        visq.dataset("ivc_dibr", tmp_path)


def _spreadsheet(root):
    lines = [["CSIQ"], [], [], [None, None, None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"]]
    lines += [[None, None, None, "lake", 1, "blur", level, 0.05, 0.25] for level in range(1, 6)]
    trees.sheet(root, "csiq.DMOS.xlsx", lines, "all_by_image")
    return "csiq", "csiq.DMOS.xlsx"


def _matlab(root):
    trees.mat(root, "MOS50.mat", MOS50=np.linspace(1, 9, 690)[:, None])
    return "cidiq", "MOS50.mat"


def _list(root):
    lines = "".join(f"{1 + i / 10} i01_0{1 + i % 9}_1.bmp\n" for i in range(30))
    trees.text(root, "mos_with_names.txt", lines)
    return "tid2013", "mos_with_names.txt"


@pytest.mark.parametrize("make", [_spreadsheet, _matlab, _list])
def test_changed_bytes_of_label_files_are_read_or_refused(tmp_path, make):
    name, path = make(tmp_path)
    sound = (tmp_path / path).read_bytes()
    generator = random.Random(7)
    outcomes = set()
    for _ in range(150):
        data = bytearray(sound)
        for _ in range(generator.choice((1, 3, 20))):
            data[generator.randrange(len(data))] = generator.randrange(256)
        if generator.random() < 0.3:
            del data[generator.randrange(len(data)) :]
        (tmp_path / path).write_bytes(data)
        try:
            visq.dataset(name, tmp_path)
            outcomes.add("read")
        except VisqError:
            outcomes.add("refused")
    assert "refused" in outcomes
