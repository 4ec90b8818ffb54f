"""AGIQA-1k, AGIQA-3k, SR4KIQA, each against a made-up tree in its own layout."""

from __future__ import annotations

import pytest
from dataset_trees import sheet, table, touch

from visq.datasets.reader import dataset


def test_agiqa1k_leaves_out_the_picture_with_two_scores(tmp_path):
    # The last rows of AIGC_MOS_Zscore.xlsx of github.com/lcysyzxdxc/AGIQA-1k-Database.
    sheet(
        tmp_path,
        "AIGC_MOS_Zscore.xlsx",
        [
            ("Image", "Prompt", "MOS"),
            ("deepai_0_0_0_0.jpg", "bird, driving aircraft, city, anime style", 2.7934105045636524),
            ("dreamStudio_0_0_0_0.jpg", "bird, driving aircraft, city, anime style", 1.5),
            ("dreamStudio_8_9_1_1.jpg", "alien, wearing shirt, wild, realistic style", 0.4414155439958131),
            ("dreamStudio_8_9_1_1.jpg", "alien, wearing shirt, wild, realistic style", 2.084115711537598),
        ],
    )
    touch(tmp_path, "file/deepai_0_0_0_0.jpg", "file/dreamStudio_0_0_0_0.jpg")
    found = dataset("agiqa1k", tmp_path)
    assert [s.image for s in found.samples] == ["file/deepai_0_0_0_0.jpg", "file/dreamStudio_0_0_0_0.jpg"]
    assert found.missing == ()
    assert found.groups.tolist() == ["0_0_0_0", "0_0_0_0"]
    assert [s.distortion for s in found.samples] == ["deepai", "dreamStudio"]


def test_agiqa1k_raw_means_hold_a_name_without_its_last_digit(tmp_path):
    table(
        tmp_path,
        "AIGC_all.csv",
        [("Image", "Score"), ("dreamStudio_6_2_0_1.jpg", 1.818181818), ("dreamStudio_8_9_1_.jpg", 2.0)],
    )
    found = dataset("agiqa1k", tmp_path)
    assert found.labels == "mean"
    assert found.scores.tolist() == [1.818181818, 2.0]


_AGIQA3K = """\
name,prompt,adj1,adj2,style,mos_quality,std_quality,mos_align,std_align
AttnGAN_normal_000.jpg,statue of a man,,,,0.965602553,0.223270101,0.40889324,0.615607722
AttnGAN_normal_001.jpg,a tray of sushi,,,,1.361853219,0.645422466,0.428796637,0.667071153
sd1.5_lowstep_000.jpg,"statue of a man",,,,3.5,0.5,3.25,0.25
"""


def test_agiqa3k_has_two_questions_and_contents_by_prompt(tmp_path):
    (tmp_path / "data.csv").write_text(_AGIQA3K)
    touch(tmp_path, *(f"images/{line.split(',')[0]}" for line in _AGIQA3K.splitlines()[1:]))
    found = dataset("agiqa3k", tmp_path)
    assert found.missing == ()
    assert found.groups.tolist() == ["statue of a man", "a tray of sushi", "statue of a man"]
    assert [s.distortion for s in found.samples] == ["AttnGAN_normal", "AttnGAN_normal", "sd1.5_lowstep"]
    assert (found.samples[0].score, found.samples[0].std) == (0.965602553, 0.223270101)
    aligned = dataset("agiqa3k", tmp_path, labels="alignment")
    assert (aligned.samples[0].score, aligned.samples[0].std) == (0.40889324, 0.615607722)


@pytest.mark.parametrize("k", [0, 9])
def test_agiqa3k_splits_keep_a_prompt_together(tmp_path, k):
    rows = [f"{model}_{n:03d}.jpg,prompt {n},,,,2,0.1,2,0.1" for model in ("a_normal", "b_normal") for n in range(30)]
    (tmp_path / "data.csv").write_text(_AGIQA3K.splitlines()[0] + "\n" + "\n".join(rows) + "\n")
    found = dataset("agiqa3k", tmp_path)
    prompts = [{found.groups[i] for i in part} for part in found.split(k).values()]
    assert sum(len(part) for part in prompts) == 30 == len(set.union(*prompts))


def test_sr4kiqa_finds_the_content_of_pictures_that_name_it_by_number(tmp_path):
    (tmp_path / "MOS.csv").write_text(
        "Animal2_Bicubic_x2.jpg,4.4,0.5\nDPSR_x2_02_d_01.png,5,0\nDPSRGAN_x4_24_m_01.png,3.5,0.2\n"
    )
    touch(
        tmp_path,
        "Animal2/Animal2_Bicubic_x2.jpg",
        "Animal2/DPSR_x2_02_d_01.png",
        "TextSimpOut2/DPSRGAN_x4_24_m_01.png",
    )
    found = dataset("sr4kiqa", tmp_path)
    assert found.missing == ()
    assert found.groups.tolist() == ["animal2", "animal2", "textsimpout2"]
    assert [s.distortion for s in found.samples] == ["Bicubic_x2", "DPSR_x2", "DPSRGAN_x4"]
    assert found.scores.tolist() == [4.4, 5.0, 3.5]
