"""PCUID and NNID, each against a made-up tree in its own layout, and PCUID's real files where they lie."""

from __future__ import annotations

import pytest
from dataset_trees import real, sheet, touch

from visq.datasets.reader import dataset
from visq.errors import DatasetError


def _pcuid(root):
    sheet(root, "MOS.xlsx", [("image_id", "MOS"), (1, 58.5284280936455), (101, 63.5), (300, 28)])
    sheet(
        root,
        "pair_label.xlsx",
        [("图像1", "图像2", "标签", None, None), (1, 101, 1, None, None), (1, 300, -1), (101, 300, 0)],
    )
    touch(root, "300-1/图片1.jpg", "300-2/图片101.jpg", "300-3/图片300.jpg")
    return root


def test_pcuid_finds_pictures_by_number_in_three_folders(tmp_path):
    found = dataset("pcuid", _pcuid(tmp_path))
    assert [s.image for s in found.samples] == ["300-1/图片1.jpg", "300-2/图片101.jpg", "300-3/图片300.jpg"]
    assert found.scores.tolist() == [58.5284280936455, 63.5, 28.0]
    assert found.missing == ()


def test_pcuid_pairs_are_choices_with_a_half_for_alike(tmp_path):
    found = dataset("pcuid_pairs", _pcuid(tmp_path))
    assert [(s.first, s.second) for s in found.samples][1] == ("300-1/图片1.jpg", "300-3/图片300.jpg")
    assert [s.preference for s in found.samples] == [1.0, 0.0, 0.5]
    assert found.missing == ()


def test_pcuid_refuses_a_label_it_does_not_know(tmp_path):
    _pcuid(tmp_path)
    sheet(tmp_path, "pair_label.xlsx", [("a", "b", "c"), (1, 101, 2)])
    with pytest.raises(DatasetError, match="a number from 0 to 1"):
        dataset("pcuid_pairs", tmp_path)


def test_real_pcuid():
    root = real("PCUID")
    found = dataset("pcuid", root)
    assert len(found) == 300
    assert found.scores[0] == 58.5284280936455
    pairs = dataset("pcuid_pairs", root)
    assert len(pairs) == 44850
    # Every pair of 300 pictures once.
    assert len({frozenset((s.first, s.second)) for s in pairs.samples}) == 300 * 299 // 2
    assert [sum(s.preference == value for s in pairs.samples) for value in (0.0, 0.5, 1.0)] == [22031, 1134, 21685]
    # The scores agree with the choices that they were made from, almost always.
    score = {s.image: s.score for s in found.samples}
    decided = [s for s in pairs.samples if s.preference != 0.5]
    agreeing = sum((score[s.first] > score[s.second]) == (s.preference == 1.0) for s in decided)
    assert agreeing / len(decided) > 0.9


def test_nnid_pictures_lie_in_the_folder_of_their_label_file(tmp_path):
    for side, name in ((512, "a.jpg"), (1024, "b.jpg"), (2048, "c.jpg")):
        (tmp_path / f"mos{side}_with_names.txt").write_text(f"0.{side}\t{name}\n")
    # The third folder is written with a capital letter.
    touch(tmp_path, "sub512/a.jpg", "sub1024/b.jpg", "Sub2048/c.jpg")
    found = dataset("nnid", tmp_path)
    assert [s.image for s in found.samples] == ["sub512/a.jpg", "sub1024/b.jpg", "Sub2048/c.jpg"]
    assert found.scores.tolist() == [0.512, 0.1024, 0.2048]
    assert found.missing == ()


def test_nnid_names_may_recur_in_its_folders(tmp_path):
    for side, score in ((512, 0.1), (1024, 0.2), (2048, 0.3)):
        (tmp_path / f"mos{side}_with_names.txt").write_text(f"{score} 1.jpg\n")
    touch(tmp_path, "sub512/1.jpg", "sub1024/1.jpg", "Sub2048/1.jpg")
    assert {s.image: s.score for s in dataset("nnid", tmp_path).samples} == {
        "sub512/1.jpg": 0.1, "sub1024/1.jpg": 0.2, "Sub2048/1.jpg": 0.3,
    }  # fmt: skip
