"""Published scores of whole databases: number of rows, direction, and what their names say, through the readers."""

from __future__ import annotations

import csv

import dataset_trees as trees
import numpy as np
import pytest

import visq
from shared_data import shared


def _listed(name):
    with shared(f"golden/scores/{name}.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))[1:]
    return [(name.rpartition("/")[2], float(score)) for name, score, _ in rows]


def _by_level(data):
    levels = {}
    for sample in data.samples:
        levels.setdefault(int(sample.level), []).append(sample.score)
    return [float(np.mean(levels[level])) for level in sorted(levels)]


def test_kadid_scores_fall_with_the_level_although_they_are_called_dmos(tmp_path):
    rows = [[name, f"{name[:3]}.png", score, 0.5] for name, score in _listed("kadid10k")]
    trees.table(tmp_path, "dmos.csv", [["dist_img", "ref_img", "dmos", "var"], *rows])
    data = visq.dataset("kadid10k", tmp_path)
    assert (len(data), len(set(data.groups))) == (data.spec.count, data.spec.contents)
    # Brightening and the like are rated better at one level than at the one before: the mean over all types is not.
    assert _by_level(data) == sorted(_by_level(data), reverse=True)
    assert not data.spec.lower_is_better
    assert len({s.distortion for s in data.samples}) == 25
    assert data.normalised().max() <= 1


def test_tid2013_scores_fall_with_the_level_and_its_names_differ_in_case(tmp_path):
    listed = _listed("tid2013")
    trees.text(tmp_path, "mos_with_names.txt", "".join(f"{score} {name}\n" for name, score in listed))
    assert {name[0] for name, _ in listed} == {"I", "i"}
    data = visq.dataset("tid2013", tmp_path)
    assert (len(data), len(set(data.groups))) == (data.spec.count, data.spec.contents)
    kept = data.subset([i for i, s in enumerate(data.samples) if s.distortion not in ("contrast change", "mean shift")])
    assert _by_level(kept) == sorted(_by_level(kept), reverse=True)
    assert not data.spec.lower_is_better


def test_csiq_scores_rise_with_the_level(tmp_path):
    listed = _listed("csiq")
    trees.text(tmp_path, "csiq_label.txt", "".join(f"{name} {score}\n" for name, score in listed))
    data = visq.dataset("csiq", tmp_path)
    assert data.labels == "list"
    assert len(data) == len(listed)
    assert len(set(data.groups)) == data.spec.contents
    assert _by_level(data) == sorted(_by_level(data))
    assert data.spec.lower_is_better


def test_of_the_982_rows_of_live_203_show_references(tmp_path):
    counts = {"jp2k": 227, "jpeg": 233, "wn": 174, "gblur": 174, "fastfading": 174}
    scores = dict(_listed("live"))
    assert len(scores) == 982
    ordered = [scores[f"{kind}_img{i + 1}.bmp"] for kind, count in counts.items() for i in range(count)]
    # The list has no column for it: what is a reference has a DMOS of exactly 0.
    trees.mat(tmp_path, "dmos.mat", dmos=np.array([ordered]), orgs=np.array([[float(score == 0) for score in ordered]]))
    trees.mat(tmp_path, "refnames_all.mat", refnames_all=trees.cells(["bikes.bmp"] * 982, column=False))
    data = visq.dataset("live", tmp_path)
    assert len(data) == data.spec.count == 779
    assert data.scores.min() > 0
    assert len(visq.dataset("live", tmp_path, references=True)) == 982


@pytest.mark.parametrize("name", ["ivc"])
def test_ivc_names_are_those_of_the_pattern(tmp_path, name):
    trees.table(tmp_path, "ivc.csv", [["image", "mos"], *map(list, _listed(name))])
    data = visq.dataset(name, tmp_path)
    assert (len(data), len(set(data.groups))) == (data.spec.count, data.spec.contents)
    assert {s.distortion for s in data.samples} == {
        "blur", "JPEG 2000", "JPEG", "JPEG, luma and chroma", "LAR coding",
    }  # fmt: skip
