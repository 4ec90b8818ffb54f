"""VSI, SR-SIM and SR-SIMc: what their maps are, and what their options do."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.errors import OptionError
from visq.metrics.sr_sim import sr_sim
from visq.metrics.vsi import vsi
from visq.ops.arrays import read_one
from visq.ops.blocks import block_mean
from visq.ops.saliency import sdsp, spectral_residual


def _pair(height=70, width=84):
    reference = samples.picture(height, width)
    return samples.noisy(samples.blurred(reference, 1.0), 6.0), reference


def test_vsi_is_its_map_weighted_by_saliency():
    image, reference = (a / 255.0 for a in _pair(400, 420))
    score, local = vsi(image, reference, full=True)
    # Two pixels a block, as the shorter side is nearer to 512 than to 256.
    v1, v2 = (block_mean(sdsp(read_one(a)), 2)[0] for a in (image, reference))
    assert local.shape == (200, 210) == v1.shape
    assert score == pytest.approx(np.average(local, weights=np.maximum(v1, v2)), rel=1e-12)


def test_sr_sim_is_its_map_weighted_by_saliency():
    image, reference = (a / 255.0 for a in _pair())
    score, local = sr_sim(image, reference, full=True)
    v1, v2 = (spectral_residual(255 * (a @ [0.299, 0.587, 0.114])) for a in (image, reference))
    assert local.shape == (70, 84)
    assert score == pytest.approx(np.average(local, weights=np.maximum(v1, v2)), rel=1e-10)


@pytest.mark.parametrize(
    "metric", [vsi, sr_sim, lambda *p: sr_sim(*p, chromatic=True)], ids=["vsi", "sr_sim", "sr_simc"]
)
def test_worse_is_lower(metric):
    reference = samples.picture(96, 96)
    for distort, levels in ((samples.noisy, (3, 10, 30)), (samples.blurred, (0.7, 1.5, 3))):
        scores = [metric(distort(reference, level), reference) for level in levels]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] < 1


def test_ways_of_resizing():
    image, reference = _pair(200, 300)
    octave, matlab = (vsi(image, reference, resizing=way) for way in ("octave", "matlab"))
    assert octave == vsi(image, reference)
    assert 0 < abs(octave - matlab) < 5e-3
    with pytest.raises(OptionError, match="resizing"):
        vsi(image, reference, resizing="nearest")
    square = samples.picture(256, 256)
    # Nothing is resized: both ways are the same.
    distorted = samples.noisy(square, 9)
    assert vsi(distorted / 255.0, square / 255.0) == pytest.approx(
        vsi(distorted / 255.0, square / 255.0, resizing="matlab"), rel=1e-9
    )


def test_two_flat_images_are_told_apart_by_their_borders_and_colours():
    red, green = np.zeros((2, 64, 64, 3))
    red[..., 0], green[..., 1] = 0.5, 0.5
    assert 0.8 < vsi(red, green) < 1


def test_chroma_counts_in_colour_only():
    image, reference = _pair()
    grey = [a[..., 1] for a in (image, reference)]
    assert sr_sim(*grey) == sr_sim(*grey, chromatic=True)
    tinted = np.clip(reference + np.array([40.0, 0.0, -40.0]), 0, 255).astype(np.uint8)
    assert sr_sim(tinted, reference, chromatic=True) < sr_sim(tinted, reference)


def test_the_window_is_an_option():
    image, reference = _pair()
    assert sr_sim(image, reference, window=9) != sr_sim(image, reference)
    for window in (0, -3):
        with pytest.raises(OptionError, match="window"):
            sr_sim(image, reference, window=window)


def test_no_score_leaves_the_range_although_the_saliency_may():
    rng = np.random.default_rng(1)
    for _ in range(20):
        spots = [np.zeros((33, 40), np.uint8) for _ in range(2)]
        for s in spots:
            s[tuple(rng.integers(0, 32, 2))] = 255
        assert 0 <= sr_sim(*spots) <= 1
