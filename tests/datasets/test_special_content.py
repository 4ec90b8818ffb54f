"""Restoration, pairs, screen content, recolouring, views and stereo, each in the layout of its release."""

from __future__ import annotations

import dataset_trees as trees
import numpy as np
import pytest

import visq
from visq.errors import DatasetError


def _pipal(root):
    trees.text(root, "Train_Label/A0001.txt", "A0001_00_00.bmp,1520.0648,\nA0001_03_11.bmp,1000\n")
    trees.text(root, "Train_Label/A0002.txt", "A0002_06_26.bmp,1200.5\n")
    trees.text(root, "Val_Label/A0005.txt", "A0005_10_00.bmp,2000\n")
    trees.pictures(root, "Distortion_1", ["A0001_00_00.bmp", "A0001_03_11.bmp"])
    trees.pictures(root, "Distortion_4", ["A0002_06_26.bmp"])
    trees.pictures(root, "Train_Ref", ["A0001.bmp", "A0002.bmp"])
    trees.pictures(root, "Val_Dist", ["A0005_10_00.bmp"])
    trees.pictures(root, "Val_Ref", ["A0005.bmp"])


def test_pipal_has_one_label_file_for_each_reference_and_trailing_commas(tmp_path):
    _pipal(tmp_path)
    data = visq.dataset("pipal", tmp_path)
    assert not data.missing
    assert [s.image for s in data.samples] == [
        "Distortion_1/A0001_00_00.bmp", "Distortion_1/A0001_03_11.bmp", "Distortion_4/A0002_06_26.bmp",
    ]  # fmt: skip
    assert list(data.scores) == [1520.0648, 1000, 1200.5]
    assert [s.distortion for s in data.samples] == ["00", "03", "06"]
    assert {part: list(found) for part, found in data.official().items()} == {"train": [0, 1, 2]}


def test_pipal_scores_are_put_on_0_to_1_by_the_training_part_alone(tmp_path):
    _pipal(tmp_path)
    data = visq.dataset("pipal", tmp_path, labels="all")
    parts = data.official()
    assert {part: list(found) for part, found in parts.items()} == {"train": [0, 1, 2], "val": [3]}
    low, high = 1000, 1520.0648
    expected = [(score - low) / (high - low) for score in (1520.0648, 1000, 1200.5, 2000)]
    np.testing.assert_allclose(data.normalised(fit=parts["train"]), expected)
    assert expected[3] > 1  # not squeezed into the range by a score that training may not know
    with pytest.raises(DatasetError, match="training part"):
        data.normalised()


def _pieapp(root):
    head = "ref. image, distorted image A, distorted image B, raw preference for A, processed preference for A\n"
    trees.text(
        root, "labels/train/ref_1_pairwise_labels.csv",
        head + "ref_1.png,distort_1_blur_inter_5.png,distort_1_noise_inter_2.png,0.475,0.429\n"
        "ref_1.png,distort_1_noise_inter_2.png,distort_1_blur_inter_5.png,,0.7\n",
    )  # fmt: skip
    trees.text(
        root, "labels/val/ref_141_pairwise_labels.csv",
        head + "ref_141.png,distort_141_blur_1.png,distort_141_noise_2.png,0.75,\n"
        "ref_141.png,distort_141_noise_2.png,distort_141_blur_1.png,,\n",
    )  # fmt: skip
    trees.text(
        root, "labels/test/ref_200_pairwise_labels.csv",
        "ref. image, distorted image A, distorted image B, preference for A\n"
        "ref_200.png,ref_200.png,distort_200_blur_1.png,1\n",
    )  # fmt: skip
    trees.pictures(root, "distorted_images/train/ref_1", ["distort_1_blur_inter_5.png", "distort_1_noise_inter_2.png"])
    trees.pictures(root, "distorted_images/val/ref_141", ["distort_141_blur_1.png", "distort_141_noise_2.png"])
    trees.pictures(root, "distorted_images/test/ref_200", ["distort_200_blur_1.png"])
    for part, name in (("train", "ref_1"), ("val", "ref_141"), ("test", "ref_200")):
        trees.pictures(root, f"reference_images/{part}", [f"{name}.png"])


def test_pieapp_pairs_without_a_preference_are_passed_over(tmp_path):
    _pieapp(tmp_path)
    data = visq.dataset("pieapp", tmp_path)
    assert not data.missing
    assert [(s.part, s.preference) for s in data.samples] == [
        ("test", 1),
        ("train", 0.429),
        ("train", 0.7),
        ("val", 0.75),
    ]
    assert list(data.scores) == [1, 0.429, 0.7, 0.75]
    assert data.samples[0].first == "reference_images/test/ref_200.png"  # the reference is one of the two
    assert data.samples[0].second == "distorted_images/test/ref_200/distort_200_blur_1.png"
    assert data.samples[1].distortion == "blur_inter"
    assert list(data.groups) == ["ref_200", "ref_1", "ref_1", "ref_141"]
    raw = visq.dataset("pieapp", tmp_path, labels="raw")
    assert [s.preference for s in raw.samples] == [1, 0.475, 0.75]


def test_the_judgement_of_bapps_is_for_the_second_patch(tmp_path):
    for kind, part, judge in (("cnn", "train", 0.0), ("traditional", "val", 0.8)):
        place = f"2afc/{part}/{kind}"
        for which in ("ref", "p0", "p1"):
            trees.picture(tmp_path, f"{place}/{which}/000007.png")
        (tmp_path / place / "judge").mkdir()
        np.save(tmp_path / place / "judge" / "000007.npy", np.array([judge], dtype=np.float32))
    data = visq.dataset("bapps", tmp_path)
    assert not data.missing
    one, two = data.samples
    assert (one.first, one.second) == ("2afc/train/cnn/p0/000007.png", "2afc/train/cnn/p1/000007.png")
    assert (one.reference, one.preference) == ("2afc/train/cnn/ref/000007.png", 1.0)
    assert two.preference == pytest.approx(0.2, abs=1e-7)
    assert (two.part, two.distortion) == ("val", "traditional")
    assert data.all_paths(0)["second"] == tmp_path / "2afc/train/cnn/p1/000007.png"


def test_siqad_is_a_matrix_with_a_column_for_each_reference(tmp_path):
    scores = np.arange(980, dtype=float).reshape(20, 49).T / 10  # 49 x 20, as in the release
    trees.mat(tmp_path, "DMOS_SIQAD.mat", DMOS=scores)
    trees.pictures(tmp_path, "DistortedImages", ["cim2_1_1.bmp"])
    trees.pictures(tmp_path, "references", ["cim2.bmp"])
    data = visq.dataset("siqad", tmp_path)
    assert data.spec.lower_is_better
    assert data.samples[49].image == "DistortedImages/cim2_1_1.bmp"
    assert data.samples[49].reference == "references/cim2.bmp"
    assert data.samples[49].score == scores[0, 1]
    assert data.samples[979].image == "DistortedImages/cim20_7_7.bmp"
    assert data.samples[8].distortion == "Gaussian blur"


def test_scid_rises_with_quality(tmp_path):
    trees.text(tmp_path, "MOS_SCID.txt", "SCI01 SCI01_1_1 65.5\nSCI01 SCI01_9_5 30.25\n")
    trees.pictures(tmp_path, "DistortedSCIs", ["SCI01_1_1.bmp", "SCI01_9_5.bmp"])
    trees.pictures(tmp_path, "ReferenceSCIs", ["SCI01.bmp"])
    data = visq.dataset("scid", tmp_path)
    assert not data.missing
    assert not data.spec.lower_is_better
    assert data.samples[1].distortion == "colour quantization with dither"


def test_hecd_rated_its_ground_truth_too(tmp_path):
    trees.text(
        tmp_path, "Data/mean_zscores.csv",
        "Ground Truth File,Recolour File,Mean zScore\n"
        "015004_gt.jpg,015004_gt.jpg,0.3969\n015004_gt.jpg,015004A.jpg,1.1772\n015004_gt.jpg,015004AF_13.jpg,-0.9\n",
    )  # fmt: skip
    trees.pictures(tmp_path, "HECDImages", ["015004_gt.jpg", "015004A.jpg", "015004AF_13.jpg"])
    data = visq.dataset("hecd", tmp_path)
    assert [s.image for s in data.samples] == ["HECDImages/015004A.jpg", "HECDImages/015004AF_13.jpg"]
    assert set(data.groups) == {"015004"}
    assert data.samples[1].distortion == "F"
    assert len(visq.dataset("hecd", tmp_path, references=True)) == 3


def test_references_of_dibr_are_found_by_camera_and_frame(tmp_path):
    synthesized = [
        "Fehn_cropped_Book_arrival_bh_8_to_10_img_cropped_054.bmp",
        "ICIP_TMM_Newspaper_sh_6_to_5_InpaintingResult_104.bmp",
        "Holes_Newspaper_sh_4_to_5_CL_136.bmp",
        "Mueller_Book_arrival_sh_10_to_9_InpaintingResult_60.bmp",
    ]
    original = "Original_newspaper_cam_05_orig_cam_104.bmp"  # the score file's name of it
    found = np.empty((5, 2), dtype=object)
    found[:, 0] = [*synthesized, original]
    found[:, 1] = [2.9, 2.0, 3.0, 1.5, 4.1]
    trees.mat(tmp_path, "MOS.mat", IRCCyNIVCDIBRImagesDatabaseACRScore=found)
    trees.pictures(tmp_path, "data/Synthesized", synthesized)
    trees.pictures(
        tmp_path, "data/Original",
        [
            "Original_book_arrival_bh_cam_8_to_10_original_054.bmp", "Original_newspaper_sh_cam_4_5_origianl_104.bmp",
            "Original_newspaper_cam_05_orig_cam_136.bmp", "Original_book_arrival_sh_cam_10_to_9_original_060.bmp",
        ],
    )  # fmt: skip
    data = visq.dataset("ivc_dibr", tmp_path)
    assert not data.missing
    assert [s.reference.removeprefix("data/Original/") for s in data.samples] == [
        "Original_book_arrival_bh_cam_8_to_10_original_054.bmp", "Original_newspaper_sh_cam_4_5_origianl_104.bmp",
        "Original_newspaper_cam_05_orig_cam_136.bmp", "Original_book_arrival_sh_cam_10_to_9_original_060.bmp",
    ]  # fmt: skip
    assert set(data.groups) == {"book_arrival", "newspaper"}
    assert [s.distortion for s in data.samples] == ["Fehn_cropped", "ICIP_TMM", "Holes", "Mueller"]
    whole = visq.dataset("ivc_dibr", tmp_path, references=True)
    assert whole.samples[4].image == "data/Original/Original_newspaper_sh_cam_4_5_origianl_104.bmp"
    assert whole.samples[4].reference == whole.samples[4].image
    assert whole.samples[4].group == "newspaper"


def test_live_3d_1_has_a_file_for_each_view(tmp_path):
    trees.mat(
        tmp_path, "data.mat",
        img_names=trees.cells(["jp2k\\im2_1.bmp", "wn\\im3_4.bmp"], column=False),
        ref_names=trees.cells(["refimgs\\im2.bmp", "refimgs\\im3.bmp"], column=False),
        dmos=np.array([[-1.5], [40.0]]),
    )  # fmt: skip
    for path in ("jp2k/im2_1", "wn/im3_4", "refimgs/im2", "refimgs/im3"):
        trees.pictures(tmp_path, "", [f"{path}_l.bmp", f"{path}_r.bmp"])
    data = visq.dataset("live_3d_1", tmp_path)
    assert not data.missing
    first = data.samples[0]
    assert (first.image, first.right) == ("jp2k/im2_1_l.bmp", "jp2k/im2_1_r.bmp")
    assert (first.reference, first.reference_right) == ("refimgs/im2_l.bmp", "refimgs/im2_r.bmp")
    assert (first.distortion, first.level, first.group) == ("JPEG 2000", "1", "im2")
    assert sorted(data.all_paths(0)) == ["image", "reference", "reference_right", "right"]
    assert data.spec.lower_is_better


def test_live_3d_2_has_both_views_in_one_file(tmp_path):
    trees.mat(
        tmp_path, "3DDmosRelease.mat",
        Dmos=np.array([[35.0]]), RefFilename=trees.cells(["003image_1_0.bmp"]),
        StiFilename=trees.cells(["003image_1_1.bmp"]),
    )  # fmt: skip
    trees.pictures(tmp_path, "Stimuli", ["003image_1_1.bmp"])
    trees.pictures(tmp_path, "Reference", ["003image_1_0.bmp"])
    data = visq.dataset("live_3d_2", tmp_path)
    assert not data.missing
    assert data.spec.side_by_side
    assert (data.samples[0].right, data.samples[0].reference) == ("", "Reference/003image_1_0.bmp")


@pytest.mark.parametrize("phase", [1, 2])
def test_waterloo_3d_rows_that_show_references_are_left_out(tmp_path, phase):
    trees.text(tmp_path, "3D/mos.csv", "art_ref,art_ref,95.6,90,91\nart_blur_1_2,art_ref,61.3,50,80\n")
    trees.pictures(tmp_path, "3D/Session3DIQ", ["art_ref.png", "art_blur_1_2.png"])
    data = visq.dataset(f"waterloo_3d_{phase}", tmp_path)
    assert not data.missing
    assert [(s.image, s.score) for s in data.samples] == [("Session3DIQ/art_blur_1_2.png", 61.3)]
    assert len(visq.dataset(f"waterloo_3d_{phase}", tmp_path, references=True)) == 2
