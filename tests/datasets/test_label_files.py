"""Label files of each kind, and the folder in which names are found."""

from __future__ import annotations

import dataset_trees as trees
import numpy as np
import pytest

from visq.datasets import Table
from visq.datasets.folder import Folder
from visq.datasets.tables import read
from visq.datasets.templates import fill
from visq.errors import DatasetError
from visq.weights.matlab import read_variables


def _rows(root, table):
    return [{k: v for k, v in row.items() if not k.startswith(("file", "folder"))} for row in read(Folder(root), table)]


def test_csv_with_its_own_names_blanks_and_a_byte_order_mark(tmp_path):
    (tmp_path / "a.csv").write_bytes("\ufeffname, mean score\r\nx.png, 1.5\r\n\r\ny.png,2\r\n".encode())
    assert _rows(tmp_path, Table("a.csv", "csv")) == [
        {"name": "x.png", "mean score": "1.5"},
        {"name": "y.png", "mean score": "2"},
    ]


def test_csv_with_given_names_skipped_lines_and_quotes(tmp_path):
    trees.text(tmp_path, "a.csv", 'a comment\nx.png;ignored;"1,5"\n')
    table = Table("a.csv", "csv", names=("name", "", "score"), delimiter=";", skip=1)
    assert _rows(tmp_path, table) == [{"name": "x.png", "score": "1,5"}]


def test_text_in_columns(tmp_path):
    trees.text(tmp_path, "a.txt", "1.5   x.png\n2\ty.png\n")
    table = Table("a.txt", "text", names=("score", "name"))
    assert _rows(tmp_path, table) == [{"score": "1.5", "name": "x.png"}, {"score": "2", "name": "y.png"}]


def test_a_trailing_comma_is_no_column_and_a_short_line_has_empty_ones(tmp_path):
    trees.text(tmp_path, "a.csv", "x.png,1,\ny.png\n")
    assert _rows(tmp_path, Table("a.csv", "csv", names=("name", "score"))) == [
        {"name": "x.png", "score": "1"},
        {"name": "y.png", "score": ""},
    ]


def test_spreadsheet_numbers_are_written_as_they_are_meant(tmp_path):
    trees.sheet(tmp_path, "a.xlsx", [["name", "level", "score"], [1600, 2.0, 0.125], ["lake", 3, None]], "second")
    assert _rows(tmp_path, Table("a.xlsx", "xlsx", sheet="second")) == [
        {"name": "1600", "level": "2", "score": "0.125"},
        {"name": "lake", "level": "3", "score": ""},
    ]
    with pytest.raises(DatasetError, match="no sheet 'first'; got second"):
        read(Folder(tmp_path), Table("a.xlsx", "xlsx", sheet="first"))


def test_matlab_vectors_matrices_cells_and_texts(tmp_path):
    mixed = np.empty((2, 2), dtype=object)
    mixed[:, 0] = ["x.png", "y.png"]
    mixed[:, 1] = [1.5, np.uint8(2)]
    trees.mat(
        tmp_path, "a.mat",
        row=np.array([[1.0, 2.0]]), column=np.array([[3], [4]], dtype=np.uint8),
        grid=np.array([[1.0, 2.0], [3.0, 4.0]]), names=trees.cells(["é.png", "b.png"], column=False),
        nested=trees.cells([trees.cells(["n"]), trees.cells(["m"])]),
        flags=np.array([[True, False]]), letters=np.array(["ab", "c"]), mixed=mixed,
    )  # fmt: skip
    names = ("row", "column", "grid", "names", "nested", "flags", "letters", "mixed")
    first, second = _rows(tmp_path, Table("a.mat", "mat", names=names))
    assert first == {
        "row": "1", "column": "3", "grid_1": "1", "grid_2": "2", "names": "é.png", "nested": "n", "flags": "1",
        "letters": "ab", "mixed_1": "x.png", "mixed_2": "1.5",
    }  # fmt: skip
    assert second == {
        "row": "2", "column": "4", "grid_1": "3", "grid_2": "4", "names": "b.png", "nested": "m", "flags": "0",
        "letters": "c", "mixed_1": "y.png", "mixed_2": "2",
    }  # fmt: skip
    assert [r["grid"] for r in _rows(tmp_path, Table("a.mat", "mat", names=("grid(:)",)))] == ["1", "3", "2", "4"]


def test_matlab_variables_that_lack_or_differ_in_length(tmp_path):
    trees.mat(tmp_path, "a.mat", x=np.arange(3.0), y=np.arange(2.0))
    with pytest.raises(DatasetError, match="no variable 'z'; got x, y"):
        read(Folder(tmp_path), Table("a.mat", "mat", names=("z",)))
    with pytest.raises(DatasetError, match="not of one length; got x 3, y 2"):
        read(Folder(tmp_path), Table("a.mat", "mat", names=("x", "y")))
    trees.mat(tmp_path, "a.mat", s={"field": 1.0})
    with pytest.raises(DatasetError, match="struct, not real numbers"):
        read(Folder(tmp_path), Table("a.mat", "mat", names=("s",)))


def test_a_matlab_file_that_is_cut_off_is_damaged(tmp_path):
    trees.mat(tmp_path, "a.mat", x=np.arange(300.0), names=trees.cells(["abc"] * 300))
    data = (tmp_path / "a.mat").read_bytes()
    for length in range(130, len(data), 97):
        (tmp_path / "a.mat").write_bytes(data[:length])
        with pytest.raises(DatasetError):
            read(Folder(tmp_path), Table("a.mat", "mat", names=("x", "names")))


def test_texts_of_a_matlab_file_are_those_that_scipy_reads(tmp_path):
    import scipy.io

    words = np.array(["ab", "cde", "f"])
    trees.mat(tmp_path, "a.mat", words=words, one="grün", none="")
    held = read_variables(tmp_path / "a.mat")
    assert held["words"].texts() == [str(word).rstrip() for word in scipy.io.loadmat(tmp_path / "a.mat")["words"]]
    assert held["one"].texts() == ["grün"]
    assert held["none"].texts() in ([], [""])


def test_numpy_files_of_one_number(tmp_path):
    (tmp_path / "d").mkdir()
    for name, value in (("000001", [0.5]), ("000000", [1.0])):
        np.save(tmp_path / "d" / f"{name}.npy", np.array(value, dtype=np.float32))
    found = read(Folder(tmp_path), Table("d/*.npy", "npy", names=("judge",)))
    assert [(row["file"], row["judge"]) for row in found] == [("000000", "1"), ("000001", "0.5")]
    np.save(tmp_path / "d" / "000002.npy", np.zeros(2))
    with pytest.raises(DatasetError, match="does not hold one number"):
        read(Folder(tmp_path), Table("d/*.npy", "npy", names=("judge",)))
    np.save(tmp_path / "d" / "000002.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(DatasetError, match="no NumPy file"):
        read(Folder(tmp_path), Table("d/*.npy", "npy", names=("judge",)))


def test_rows_know_their_file_and_folders(tmp_path):
    trees.text(tmp_path, "2afc/train/cnn/judge/7.txt", "1\n")
    row = read(Folder(tmp_path), Table("2afc/*/*/judge/*.txt", "text", names=("x",)))[0]
    assert (row["file"], row["folder"], row["folder2"], row["folder3"]) == ("7", "judge", "cnn", "train")


def test_several_patterns_are_read_one_after_the_other(tmp_path):
    trees.text(tmp_path, "b/1.txt", "1\n")
    trees.text(tmp_path, "a/2.txt", "2\n")
    table = Table("b/*.txt|a/*.txt|c/*.txt", "text", names=("x",))
    assert [row["x"] for row in read(Folder(tmp_path), table)] == ["1", "2"]
    with pytest.raises(DatasetError, match=r"expected d/\*\.txt or e\.txt"):
        read(Folder(tmp_path), Table("d/*.txt|e.txt", "text", names=("x",)))


def test_the_folder_finds_names_whatever_their_case(tmp_path):
    for path in ("Images/A.BMP", "Images/b.bmp", "Images/B.bmp"):
        trees.text(tmp_path, path, "x")
    folder = Folder(tmp_path)
    assert folder.find("images/a.bmp") == "Images/A.BMP"
    assert folder.find("images//./A.bmp") == "Images/A.BMP"
    assert folder.find("IMAGES\\b.bmp") == "Images/b.bmp"
    assert folder.find("images/c.bmp") == ""
    assert folder.glob("IMAGES/*.BMP") == sorted(["Images/A.BMP", "Images/b.bmp", "Images/B.bmp"])
    assert list(folder.files("Images")) == folder.glob("Images/*")


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "C:/x", "\\\\host\\x", "a\\..\\x"])
def test_no_label_leads_out_of_the_folder(tmp_path, path):
    with pytest.raises(DatasetError, match="outside the database"):
        Folder(tmp_path).find(path)


def test_templates():
    row = {"ref. image": "a/b.c.png", "level": "7", "empty": "", "path": "X\\y\\z.bmp"}
    assert fill("{level:0>3}", row) == "007"
    assert fill("{ref. image!x}_l.bmp", row) == "a/b.c_l.bmp"
    assert fill("{ref. image!n}", row) == "b.c.png"
    assert fill("{path!t}", row) == "y/z.bmp"
    assert fill("{path!l}{level}", row) == "x\\y\\z.bmp7"
    assert fill("{path:.1}", row) == "X"
    assert fill("{none}|{empty}|{level}", row) == "7"
    assert fill("{none}|{empty}", row) == ""
    assert fill("{none}|", row) == ""
    assert fill("x{empty}y", row) == ""
    with pytest.raises(DatasetError, match="no column 'none'"):
        fill("{none}", row)


def test_a_name_without_extension_keeps_its_dots_elsewhere():
    assert fill("{p!x}", {"p": "v1.0/name"}) == "v1.0/name"
