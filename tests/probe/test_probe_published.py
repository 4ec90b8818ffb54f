"""Published numbers, where the user has the database: name its folder in VISQ_TID2013.

The first author's notebooks of three months before the paper give VGG-16's SRCC on TID2013 tap by tap, for another
training of VGG-16 (BGR, mean subtracted): the shape is the same, the digits are not.
"""

from __future__ import annotations

import os

import pytest

from probe_nets import real
from visq.probe import pairs, run

#: pablohc97/DeepLearning-Perception @5c8bdf1: VGG-16 of Keras, plain L2, SRCC on TID2013.
_PUBLISHED = {
    "relu1_1": 0.783, "relu1_2": 0.803, "pool1": 0.808, "relu2_1": 0.810, "relu2_2": 0.814, "pool2": 0.822,
    "relu3_1": 0.837, "relu3_2": 0.833, "relu3_3": 0.826, "pool3": 0.837, "relu4_1": 0.841, "relu4_2": 0.837,
    "relu4_3": 0.830, "pool4": 0.833, "relu5_1": 0.839, "relu5_2": 0.828, "relu5_3": 0.763, "pool5": 0.767,
}  # fmt: skip
_TOLERANCE = 0.04  # another training of the same architecture


@pytest.fixture(scope="module")
def tid2013():
    root = os.environ.get("VISQ_TID2013", "")
    if not root:
        pytest.skip("needs TID2013 (set VISQ_TID2013 to its folder); takes hours on two cores")
    return pairs("tid2013", root)


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_p9_vgg16_has_the_published_curve(tid2013, tmp_path_factory):
    cache = os.environ.get("VISQ_PROBE_CACHE", "") or tmp_path_factory.mktemp("probe") / "tid2013.sqlite"
    table = run(real("vgg16"), dataset=tid2013, cache=cache, samples=0)
    found = {row.layer: row.srcc for row in table.rows}
    assert {tap: found[tap] for tap in _PUBLISHED} == pytest.approx(_PUBLISHED, abs=_TOLERANCE)
    block = max(found, key=found.get).removeprefix("relu").removeprefix("pool")[0]
    assert block in "345"


@pytest.mark.slow
@pytest.mark.timeout(0)
@pytest.mark.parametrize(("metric", "srcc"), [("psnr", 0.687), ("ssim", 0.627), ("lpips", 0.745)])
def test_p10_baselines_have_the_published_agreement(tid2013, metric, srcc):
    """chaofengc/IQA-PyTorch's benchmark file (0d00073): colour PSNR, SSIM of the luma, LPIPS with AlexNet."""
    table = run(real("alexnet"), layers="input", dataset=tid2013, baselines=[metric], samples=0)
    assert table.baseline("tid2013", metric).srcc == pytest.approx(srcc, abs=0.01)


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_p1_the_input_by_one_scale_has_the_published_agreement(tid2013):
    """0.687 in the first author's list, 0.6869 for colour PSNR in the other file."""
    from probe_nets import tiny

    table = run(tiny(), layers="input", dataset=tid2013, samples=0)
    assert table.rows[0].srcc == pytest.approx(0.687, abs=0.001)
