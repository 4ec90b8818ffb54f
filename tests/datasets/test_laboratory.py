"""The classical databases with references, each in the layout of its release."""

from __future__ import annotations

import math

import dataset_trees as trees
import numpy as np
import pytest

import visq
from visq.errors import DatasetError


def _live(root, *, complete=True):
    """LIVE r2: 982 rows without names; the last image of every folder shows a reference."""
    counts = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
    names = [f"{kind}/img{i + 1}.bmp" for kind, count in counts.items() for i in range(count)]
    orgs = [float(name.endswith(f"img{counts[name.split('/')[0]]}.bmp")) for name in names]
    dmos = [0.0 if org else 20.0 + i / 20 for i, org in enumerate(orgs)]
    references = [f"ref{i % 29}.bmp" for i in range(982)]
    if not complete:
        dmos, orgs, references = dmos[:-1], orgs[:-1], references[:-1]
    trees.mat(
        root, "dmos_realigned.mat",
        dmos_new=np.array([dmos]), dmos_std=np.full((1, len(dmos)), 9.5), orgs=np.array([orgs]),
    )  # fmt: skip
    trees.mat(root, "refnames_all.mat", refnames_all=trees.cells(references, column=False))
    trees.picture(root, "jp2k/img1.bmp")
    trees.picture(root, "refimgs/ref0.bmp")
    return names, dmos, orgs


def test_rows_of_live_that_show_references_are_left_out(tmp_path):
    names, dmos, orgs = _live(tmp_path)
    data = visq.dataset("live", tmp_path)
    assert len(data) == 982 - 5
    assert [s.image for s in data.samples] == [name for name, org in zip(names, orgs, strict=True) if not org]
    np.testing.assert_array_equal(data.scores, [d for d, org in zip(dmos, orgs, strict=True) if not org])
    whole = visq.dataset("live", tmp_path, references=True)
    assert len(whole) == 982
    assert sum(score == 0 for score in whole.scores) == 5


def test_live_has_no_names_but_numbers_inside_folders(tmp_path):
    _live(tmp_path)
    data = visq.dataset("live", tmp_path)
    second_folder = next(s for s in data.samples if s.image.startswith("jpeg/"))
    assert second_folder.image == "jpeg/img1.bmp"
    assert second_folder.reference == f"refimgs/ref{227 % 29}.bmp"
    assert second_folder.group == f"ref{227 % 29}"
    assert second_folder.std == 9.5
    assert data.samples[0].distortion == "JPEG 2000"
    assert data.paths(0) == (tmp_path / "jp2k/img1.bmp", tmp_path / "refimgs/ref0.bmp")
    assert data.spec.lower_is_better


def test_a_label_file_of_live_that_lacks_a_row_is_refused(tmp_path):
    _live(tmp_path, complete=False)
    with pytest.raises(DatasetError, match="expected 982 rows; got 981"):
        visq.dataset("live", tmp_path)


def test_the_second_scale_of_live_is_read_when_asked_for(tmp_path):
    _live(tmp_path)
    trees.mat(tmp_path, "dmos.mat", dmos=np.full((1, 982), 33.0), orgs=np.zeros((1, 982)))
    assert visq.dataset("live", tmp_path).labels == "realigned"
    assert set(visq.dataset("live", tmp_path, labels="dmos").scores) == {33.0}


def _live_md(root):
    for number, (part, folder) in enumerate((("Part 1", "blurjpeg"), ("Part 2", "blurnoise"))):
        kind = folder.removeprefix("blur")
        names = [f"scene{i % 15}_blur{i // 15 % 4}_{kind}{i // 60}.bmp" for i in range(224)] + ["scene0_blur9.bmp"]
        trees.mat(root, f"{part}/Imagelists.mat", distimgs=trees.cells(names), refimgs=trees.cells(["scene0.bmp"]))
        trees.mat(root, f"{part}/Scores.mat", DMOSscores=np.full((1, 225), 10.0 + number))
        trees.pictures(root, f"{part}/{folder}", ["scene0.bmp", "scene0_blur9.bmp"])


def test_live_md_keeps_images_of_one_name_in_its_two_parts_apart(tmp_path):
    _live_md(tmp_path / "To_Release")
    data = visq.dataset("live_md", tmp_path)
    assert len(data) == 450
    assert data.spec.lower_is_better
    same = [s for s in data.samples if s.image.endswith("scene0_blur9.bmp")]
    assert [s.image for s in same] == ["Part 1/blurjpeg/scene0_blur9.bmp", "Part 2/blurnoise/scene0_blur9.bmp"]
    assert [s.score for s in same] == [10.0, 11.0]
    assert [s.reference for s in same] == ["Part 1/blurjpeg/scene0.bmp", "Part 2/blurnoise/scene0.bmp"]
    assert {s.distortion for s in data.samples} == {"blur, jpeg", "blur, noise", "blur"}
    assert len(set(data.groups)) == 15


def _csiq(root):
    lines = [["CSIQ"], [], [], [None, None, None, "image", "dst_idx", "dst_type", "dst_lev", "dmos_std", "dmos"]]
    for image in (1600, "lake"):
        for kind in ("noise", "blur", "contrast", "fnoise", "jpeg", "jpeg 2000"):
            lines.append([None, None, None, image, 1, kind, 2, 0.05, 0.25])
    trees.sheet(root, "csiq.DMOS.xlsx", lines, "all_by_image")
    for folder, tag in (("awgn", "AWGN"), ("blur", "BLUR"), ("jpeg", "JPEG"), ("jpeg2000", "jpeg2000")):
        trees.pictures(root, f"dst_imgs/{folder}", [f"1600.{tag}.2.png"])
    trees.pictures(root, "src_imgs", ["1600.png", "lake.png"])


def test_csiq_names_come_from_the_columns_of_its_spreadsheet(tmp_path):
    _csiq(tmp_path)
    data = visq.dataset("csiq", tmp_path)
    assert data.spec.lower_is_better
    assert (data.spec.low, data.spec.high) == (0, 1)
    assert [s.image for s in data.samples[:6]] == [
        "dst_imgs/awgn/1600.AWGN.2.png", "dst_imgs/blur/1600.BLUR.2.png", "dst_imgs/contrast/1600.contrast.2.png",
        "dst_imgs/fnoise/1600.fnoise.2.png", "dst_imgs/jpeg/1600.JPEG.2.png", "dst_imgs/jpeg2000/1600.jpeg2000.2.png",
    ]  # fmt: skip
    assert data.samples[0].reference == "src_imgs/1600.png"
    assert (data.samples[0].score, data.samples[0].std, data.samples[0].level) == (0.25, 0.05, "2")
    assert [s.distortion for s in data.samples[:2]] == ["white noise", "Gaussian blur"]


@pytest.mark.parametrize("year", [2008, 2013])
def test_names_of_tid_differ_in_case_alone(tmp_path, year):
    trees.text(tmp_path, "mos_with_names.txt", "5.51429 I01_01_1.bmp\n5.56757 i01_01_2.bmp\n1.25 I25_17_4.bmp\n")
    trees.text(tmp_path, "mos_std.txt", "0.13\n0.2\n0.07\n")
    trees.pictures(tmp_path, "distorted_images", ["i01_01_1.bmp", "I01_01_2.BMP", "i25_17_4.bmp"])
    trees.pictures(tmp_path, "reference_images", ["I01.BMP", "i25.bmp"])
    data = visq.dataset(f"tid{year}", tmp_path)
    assert not data.missing
    assert [s.image for s in data.samples] == [
        "distorted_images/i01_01_1.bmp", "distorted_images/I01_01_2.BMP", "distorted_images/i25_17_4.bmp",
    ]  # fmt: skip
    assert [s.reference for s in data.samples] == [
        "reference_images/I01.BMP", "reference_images/I01.BMP", "reference_images/i25.bmp",
    ]  # fmt: skip
    assert list(data.groups) == ["i01", "i01", "i25"]
    assert [s.std for s in data.samples] == [0.13, 0.2, 0.07]
    assert data.samples[2].distortion == "contrast change"
    assert not data.spec.lower_is_better


def test_where_names_differ_in_case_alone_the_exact_one_counts(tmp_path):
    trees.text(tmp_path, "mos_with_names.txt", "5.5 I01_01_1.bmp\n4.5 i01_01_2.bmp\n")
    trees.pictures(tmp_path, "distorted_images", ["I01_01_1.bmp", "i01_01_1.bmp", "I01_01_2.bmp", "i01_01_2.BMP"])
    trees.pictures(tmp_path, "reference_images", ["I01.BMP"])
    if len(list((tmp_path / "distorted_images").iterdir())) < 4:
        pytest.skip("this file system does not tell upper from lower case")
    data = visq.dataset("tid2013", tmp_path)
    assert data.samples[0].image == "distorted_images/I01_01_1.bmp"
    assert data.missing == ("distorted_images/i01_01_2.bmp",)  # two might be meant: none is taken


def test_kadid_calls_its_score_dmos_and_it_rises_with_quality(tmp_path):
    trees.text(
        tmp_path, "kadid10k/dmos.csv",
        "dist_img,ref_img,dmos,var\nI01_01_01.png,I01.png,4.57,0.496\nI01_01_05.png,I01.png,1.2,0.4\n",
    )  # fmt: skip
    trees.pictures(tmp_path, "kadid10k/images", ["I01.png", "I01_01_01.png", "I01_01_05.png"])
    data = visq.dataset("kadid10k", tmp_path)
    assert not data.spec.lower_is_better
    assert data.root == tmp_path / "kadid10k"
    mild, strong = data.samples
    assert (mild.level, strong.level) == ("1", "5")
    assert mild.score > strong.score
    assert mild.distortion == "Gaussian blur"
    assert mild.std == 0.496
    best, worst = data.normalised()
    assert best == pytest.approx((4.57 - 1) / 4)
    assert best > worst


def test_mdid_is_in_the_order_of_its_names(tmp_path):
    trees.text(tmp_path, "mos.txt", "".join(f"{i % 9 * 0.8}\n" for i in range(1600)))
    trees.pictures(tmp_path, "distortion_images", ["img02_01.bmp"])
    trees.pictures(tmp_path, "reference_images", ["img02.bmp"])
    data = visq.dataset("mdid", tmp_path)
    assert len(data) == 1600
    assert data.samples[79].image == "distortion_images/img01_80.bmp"
    assert data.samples[80].image == "distortion_images/img02_01.bmp"
    assert data.samples[80].reference == "reference_images/img02.bmp"
    assert data.samples[80].score == 80 % 9 * 0.8


def test_vcl_fer_mixes_two_formats(tmp_path):
    trees.text(
        tmp_path, "VCLFER.txt",
        "dis_img_path,dis_type,ref_img_path,score\n"
        "VCLFER/vcl_fer/IMG_01_AWGN_1.bmp,AWGN,VCLFER/Ref_Images/IMG_01.bmp,71.7215\n"
        "VCLFER/vcl_fer/IMG_01_JPG_5.jpg,JPEG,VCLFER/Ref_Images/IMG_01.bmp,19.2363\n",
    )  # fmt: skip
    trees.pictures(tmp_path, "vcl_fer", ["IMG_01.bmp", "IMG_01_AWGN_1.bmp", "IMG_01_JPG_5.jpg"])
    data = visq.dataset("vcl_fer", tmp_path)
    assert not data.missing
    assert [s.distortion for s in data.samples] == ["white noise", "JPEG"]
    assert data.samples[1].reference == "vcl_fer/IMG_01.bmp"


def test_ivc_distortions_are_read_from_names(tmp_path):
    trees.text(tmp_path, "ivc.csv", "image,mos\nbarba_jpeg_lumichr_r2.bmp,3.5\nmandr_lar_r1.bmp,1.2\n")
    trees.pictures(tmp_path, "color", ["barba.bmp", "mandr.bmp", "barba_jpeg_lumichr_r2.bmp", "mandr_lar_r1.bmp"])
    data = visq.dataset("ivc", tmp_path)
    assert not data.missing
    assert [(s.distortion, s.level, s.group) for s in data.samples] == [
        ("JPEG, luma and chroma", "2", "barba"),
        ("LAR coding", "1", "mandr"),
    ]


def test_toyama_rated_its_references_too(tmp_path):
    trees.text(
        tmp_path, "Toyama.txt",
        "dis_img_path,dis_type,ref_img_path,score\n"
        "Toyama/jpeg2000/kp01_00_jp2.bmp,Reference,Toyama/ref_imgs/kp01.bmp,4.69 \n"
        "Toyama/jpeg2000/kp01_12_jp2.bmp,JP2K,Toyama/ref_imgs/kp01.bmp,4.63 \n"
        "Toyama/jpeg/kp01.bmp,Reference,Toyama/ref_imgs/kp01.bmp,4.50 \n"
        "Toyama/jpeg/kp01_20_jpg.bmp,JPEG,Toyama/ref_imgs/kp01.bmp,2.06 \n",
    )  # fmt: skip
    trees.pictures(tmp_path, "jpeg2000", ["kp01_00_jp2.bmp", "kp01_12_jp2.bmp"])
    trees.pictures(tmp_path, "jpeg", ["kp01.bmp", "kp01_20_jpg.bmp"])
    data = visq.dataset("toyama", tmp_path)
    assert [(s.score, s.distortion) for s in data.samples] == [(4.63, "JPEG 2000"), (2.06, "JPEG")]
    assert data.samples[0].reference == "jpeg/kp01.bmp"
    whole = visq.dataset("toyama", tmp_path, references=True)
    assert [s.score for s in whole.samples] == [4.69, 4.63, 4.50, 2.06]


def test_cidiq_is_in_the_order_of_distortion_image_level(tmp_path):
    scores = np.linspace(1, 9, 690)
    trees.mat(tmp_path, "MOS50.mat", MOS50=scores[:, None])
    trees.mat(tmp_path, "MOS100.mat", MOS100=scores[::-1][:, None])
    trees.pictures(tmp_path, "Images/Reproduction/2_JPEG_Compression", ["final01_d2_l1.bmp"])
    trees.pictures(tmp_path, "Images/Original", ["final01.bmp"])
    near, far = (visq.dataset("cidiq", tmp_path, labels=labels) for labels in ("", "mos100"))
    assert near.labels == "mos50"
    assert near.samples[115].image == "Images/Reproduction/2_JPEG_Compression/final01_d2_l1.bmp"
    assert near.samples[115].reference == "Images/Original/final01.bmp"
    assert near.samples[119].image.endswith("final01_d2_l5.bmp")
    assert near.samples[120].image.endswith("final02_d2_l1.bmp")
    assert near.samples[689].image == "Images/Reproduction/6_DeltaE_Gamut_Mapping/final23_d6_l5.bmp"
    assert (near.samples[115].score, far.samples[115].score) == (scores[115], scores[689 - 115])
    assert near.samples[115].distortion == "JPEG"


def test_nothing_flips_a_score(tmp_path):
    """Scores are those of the file whatever their direction; only `normalised` turns them."""
    _csiq(tmp_path)
    data = visq.dataset("csiq", tmp_path)
    assert set(data.scores) == {0.25}
    np.testing.assert_allclose(data.normalised(), 0.75)
    assert not math.isnan(data.samples[0].std)
