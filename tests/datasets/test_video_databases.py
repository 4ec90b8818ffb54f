"""KoNViD-1k and LIVE-VQC, each against a made-up tree in its own layout."""

from __future__ import annotations

import numpy as np
import pytest
from dataset_trees import cells, mat, table, touch

from visq.datasets.reader import dataset


@pytest.mark.parametrize(
    ("file", "header", "labels"),
    [
        ("KoNViD_1k_metadata/KoNViD_1k_attributes.csv", ("flickr_id", "keywords", "file_name", "MOS"), "attributes"),
        ("KoNViD_1k_mos.csv", ("flickr_id", "x", "y", "mos"), "mos"),
    ],
)
def test_konvid_has_two_label_files(tmp_path, file, header, labels):
    rows = [(3339962845, "a, b", "3339962845_original_centercrop_960x540_8s.mp4", 4.64), (8171831850, "", "x", 1.22)]
    table(tmp_path, file, [header, *rows])
    touch(tmp_path, "KoNViD_1k_videos/3339962845.mp4", "KoNViD_1k_videos/8171831850.mp4")
    found = dataset("konvid1k", tmp_path)
    assert found.labels == labels
    assert found.missing == ()
    assert found.scores.tolist() == [4.64, 1.22]
    assert found.spec.kind == "video"


def test_konvid_long_names_are_a_set_of_their_own(tmp_path):
    long = "3339962845_original_centercrop_960x540_8s.mp4"
    table(tmp_path, "KoNViD_1k_attributes.csv", [("flickr_id", "file_name", "MOS"), (3339962845, long, 4.64)])
    touch(tmp_path, f"KoNViD_1k_videos/{long}")
    assert dataset("konvid1k", tmp_path).missing != ()
    assert dataset("konvid1k", tmp_path, labels="file_name").missing == ()


def test_live_vqc_is_a_matlab_file_with_two_columns(tmp_path):
    # The first rows by github.com/vztu/BVQA_Benchmark.
    mat(tmp_path, "data.mat", video_list=cells(["A001.mp4", "A002.mp4"]), mos=np.array([[80.232], [57.3005]]))
    touch(tmp_path, "Video/A001.mp4", "Video/A002.mp4")
    found = dataset("live_vqc", tmp_path)
    assert [(s.image, s.score) for s in found.samples] == [("Video/A001.mp4", 80.232), ("Video/A002.mp4", 57.3005)]
    assert found.missing == ()
