"""FLIVE, AVA, GFIQA-20k, PIQ23, each against a made-up tree in its own layout."""

from __future__ import annotations

import math

import pytest
from dataset_trees import table, touch

from visq.datasets.reader import dataset
from visq.datasets.votes import mean_and_std
from visq.errors import DatasetError

# The first lines (one name shortened) of database/labels640.csv of github.com/baidut/PaQ-2-PiQ.
_FLIVE_640 = """\
mos_patch_1,name_patch,width_patch_1,height_patch_1,top_patch_1,left_patch_1,bottom_patch_1,right_patch_1,\
mos_patch_2,width_patch_2,height_patch_2,top_patch_2,left_patch_2,bottom_patch_2,right_patch_2,\
mos_patch_3,width_patch_3,height_patch_3,top_patch_3,left_patch_3,bottom_patch_3,right_patch_3,\
mos_image,name_image,width_image,height_image,top_image,left_image,bottom_image,right_image
79.47386983,patches/EMOTIC__2.jpg,480,264,206,564,470,1044,\
70.63982665,360,198,302,15,500,375,58.62773644,240,132,458,377,590,617,\
59.64871868,voc_emotic_ava/EMOTIC__2.jpg,1200,660,0,0,660,1200
"""


def _flive(root):
    table(
        root,
        "labels_image.csv",
        [
            ("name", "mos"),
            ("voc_emotic_ava/AVA__1.jpg", 70.5),
            ("voc_emotic_ava/EMOTIC__2.jpg", 59.64871868),
            ("blur_dataset/motion0044.jpg", 75.44372347614072),
            ("EE371R/rq59.jpg", 60),
        ],
    )
    (root / "labels640.csv").write_text(_FLIVE_640)
    table(
        root,
        "labels=640_padded.csv",
        [
            ("name_image", "mos_image", "is_valid"),
            ("voc_emotic_ava/AVA__1.jpg", 70.5, "False"),
            ("blur_dataset/motion0044.jpg", 75.44372347614072, "True"),
        ],
    )
    touch(
        root,
        "voc_emotic_ava/AVA__1.jpg",
        "voc_emotic_ava/EMOTIC__2.jpg",
        "blur_dataset/motion0044.jpg",
        "EE371R/rq59.jpg",
    )
    return root


def test_flive_official_split_is_joined_from_three_files(tmp_path):
    found = dataset("flive", _flive(tmp_path))
    assert found.missing == ()
    assert [s.part for s in found.samples] == ["train", "test", "val", ""]
    assert {part: rows.tolist() for part, rows in found.official().items()} == {"train": [0], "test": [1], "val": [2]}


def test_flive_without_the_files_of_the_split_still_has_its_scores(tmp_path):
    _flive(tmp_path)
    (tmp_path / "labels640.csv").unlink()
    (tmp_path / "labels=640_padded.csv").unlink()
    found = dataset("flive", tmp_path)
    assert found.scores.tolist() == [70.5, 59.64871868, 75.44372347614072, 60.0]
    with pytest.raises(DatasetError, match="its label files do not give it"):
        found.official()


def test_flive_patches_stay_with_their_photograph(tmp_path):
    table(
        tmp_path,
        "labels_patch.csv",
        [("name", "mos"), ("patches/rq59.jpg_patch_1.jpg", 50), ("patches/rq59.jpg_patch_3.jpg", 60)],
    )
    found = dataset("flive", tmp_path, labels="patches")
    assert found.groups.tolist() == ["rq59.jpg", "rq59.jpg"]
    assert [s.level for s in found.samples] == ["1", "3"]
    assert dataset("flive", _flive(tmp_path)).groups[3] == "rq59.jpg"


_AVA = """\
1 953619 0 1 5 17 38 36 15 6 5 1 1 22 1396
2 953958 10 7 15 26 26 21 10 8 1 2 1 21 1396
3 954184 0 0 4 8 41 56 10 3 4 0 0 0 1396
"""


def _ava(root):
    root.mkdir(exist_ok=True)
    (root / "AVA.txt").write_text(_AVA)
    touch(root, *(f"images/{name}.jpg" for name in (953619, 953958, 954184)))
    return root


def test_ava_makes_mean_and_deviation_of_the_votes(tmp_path):
    found = dataset("ava", _ava(tmp_path))
    assert found.missing == ()
    votes = [value for value, count in enumerate((0, 1, 5, 17, 38, 36, 15, 6, 5, 1), 1) for _ in range(count)]
    mean = sum(votes) / len(votes)
    std = math.sqrt(sum((v - mean) ** 2 for v in votes) / (len(votes) - 1))
    assert found.samples[0].score == pytest.approx(mean, rel=1e-12)
    assert found.samples[0].std == pytest.approx(std, rel=1e-12)


def test_ava_official_test_part_is_a_list_beside_it(tmp_path):
    with pytest.raises(DatasetError, match="no official split"):
        dataset("ava", _ava(tmp_path)).official()
    (tmp_path / "aesthetics_image_lists").mkdir()
    (tmp_path / "aesthetics_image_lists/generic_test.jpgl").write_text("953958\n12\n")
    parts = dataset("ava", tmp_path).official()
    assert {part: rows.tolist() for part, rows in parts.items()} == {"train": [0, 2], "test": [1]}


def test_ava_lies_in_the_folder_of_its_archive(tmp_path):
    _ava(tmp_path / "AVA_dataset")
    assert dataset("ava", tmp_path).root == tmp_path / "AVA_dataset"


@pytest.mark.parametrize("line", ["1 953619 0 0 0 0 0 0 0 0 0 0 1 22 1396\n", "1 953619 x 1 1 1 1 1 1 1 1 1 1 1 1\n"])
def test_ava_without_votes_is_refused_by_the_name_of_the_picture(tmp_path, line):
    (tmp_path / "AVA.txt").write_text(line)
    with pytest.raises(DatasetError, match="953619"):
        dataset("ava", tmp_path)


def test_ava_missing_says_which_file(tmp_path):
    with pytest.raises(DatasetError, match=r"AVA\.txt"):
        dataset("ava", tmp_path)


@pytest.mark.parametrize(
    ("counts", "mean", "std"),
    [
        # KonIQ-10k's two first pictures: MOS and SD of its label files.
        ((0, 0, 25, 73, 7), 3.82857142857143, 0.527277894494),
        ((0, 3, 45, 47, 1), 3.47916666666667, 0.580003024795),
    ],
)
def test_mean_and_deviation_are_those_of_koniq(counts, mean, std):
    found = mean_and_std(counts, (1, 2, 3, 4, 5))
    # Printed with 15 and 12 digits.
    assert found[0] == pytest.approx(mean, abs=1e-14)
    assert found[1] == pytest.approx(std, abs=1e-11)


def test_one_vote_has_no_deviation_and_no_vote_is_refused():
    assert mean_and_std([0, 1], [1, 2])[0] == 2
    assert math.isnan(mean_and_std([0, 1], [1, 2])[1])
    for counts in ([0, 0], [-1, 2], []):
        with pytest.raises(DatasetError):
            mean_and_std(counts, [1, 2])


def test_gfiqa_reads_a_list_of_ratings_in_one_cell(tmp_path):
    table(
        tmp_path,
        "GFIQA-20k/mos_val_rating.csv",
        [
            ("img_name", "mos", "val", "rating"),
            ("831481558_0.png", 0.529923862, 0.067906645, "[0.46391753, 0.40206186]"),
        ],
    )
    touch(tmp_path, "GFIQA-20k/image/831481558_0.png")
    found = dataset("gfiqa20k", tmp_path)
    assert found.scores.tolist() == [0.529923862]
    assert found.missing == ()


def _piq(root):
    header = ("IMAGE PATH", "JOD", "JOD STD", "CI LOW", "CI HIGH", "IMAGE", "SCENE", "ATTRIBUTE", "SCENE IDX")
    for attribute, jod in (("Overall", -3.7), ("Details", -2.7), ("Exposure", 1.2)):
        table(
            root,
            f"Scores_{attribute}.csv",
            [
                header,
                (rf"{attribute}\33_Indoor_Scene_0.jpg", jod, 0.4, 0, 0, "33_Indoor_Scene_0.jpg", "Indoor_Scene_0"),
                (rf"{attribute}\2_Night_Scene_28.JPG", 2.5, 0.5, 0, 0, "2_Night_Scene_28.JPG", "Night_Scene_28"),
            ],
        )
        touch(root, f"{attribute}/33_Indoor_Scene_0.jpg", f"{attribute}/2_Night_Scene_28.JPG")
    table(
        root,
        "Device Split.csv",
        [("IMAGE", "SPLIT"), ("33_Indoor_Scene_0.jpg", "Test"), ("2_Night_Scene_28.JPG", "Train")],
    )
    table(
        root,
        "Scene Split.csv",
        [("SCENE", "SPLIT", "NB IMAGES"), ("Indoor_Scene_0", "Train", 72), ("Night_Scene_28", "Test", 112)],
    )
    return root


def test_piq23_paths_with_backslashes_are_found(tmp_path):
    found = dataset("piq23", _piq(tmp_path))
    assert found.missing == ()
    assert found.samples[1].image == "Overall/2_Night_Scene_28.JPG"
    assert found.groups.tolist() == ["indoor_scene_0", "night_scene_28"]
    assert [s.distortion for s in found.samples] == ["Indoor", "Night"]
    assert found.samples[0].std == 0.4
    assert dataset("piq23", tmp_path, labels="details").scores.tolist() == [-2.7, 2.5]


def test_piq23_has_two_official_splits(tmp_path):
    _piq(tmp_path)
    by_device = dataset("piq23", tmp_path).official()
    by_scene = dataset("piq23", tmp_path, labels="overall_by_scene").official()
    assert (by_device["test"].tolist(), by_scene["test"].tolist()) == ([0], [1])
