"""Bands, dither, ringing and wrong tone curves."""

from __future__ import annotations

import numpy as np
import pytest

from visq.distortions import display


def test_a_smooth_ramp_falls_into_bands_and_detail_is_spared():
    ramp = np.broadcast_to(np.linspace(0, 1, 400)[None, :, None], (20, 400, 1))
    assert len(np.unique(display.banding(ramp, 9).round(9))) == 9
    board = np.indices((20, 40)).sum(axis=0)[..., None] % 2 * 0.5
    np.testing.assert_array_equal(display.banding(board, 9), board)


def test_thresholds_are_bayers():
    # Bayer 1973, 4 x 4, in sixteenths, as every textbook prints it.
    expected = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]]
    assert (display._bayer(2) * 16 - 0.5).tolist() == expected


@pytest.mark.parametrize("levels", [2, 5, 16])
def test_dither_keeps_the_mean_and_uses_few_levels(levels):
    for shade in (0.0, 0.111, 0.5, 0.73, 1.0):
        out = display.ordered_dither(np.full((16, 16, 3), shade), levels)
        # 64 thresholds a step.
        assert out.mean() == pytest.approx(shade, abs=0.5 / 64 / (levels - 1) + 1e-12)
        assert len(np.unique(out)) <= 2


def test_ringing_passes_below_its_cut_off_and_stops_above():
    x = np.arange(400)
    gains = []
    for share in (0.15, 0.45):
        wave = np.broadcast_to(np.cos(np.pi * share * x)[None, :, None], (80, 400, 1))
        gains.append(np.abs(display.ringing(wave, 0.3)[40, 100:300]).max())
    assert gains[0] == pytest.approx(1.0, abs=0.05)
    assert gains[1] < 0.08


def test_an_edge_rings_by_gibbs_constant():
    # Wilbraham 1848, Gibbs 1899: an ideal low-pass filter overshoots a step by 8.949 % of it. This one ends, and its
    # pass band waves by some hundredths.
    step = np.broadcast_to((np.arange(240) >= 120)[None, :, None] * 0.5 + 0.25, (120, 240, 1))
    over = (display.ringing(step, 0.1)[60].max() - 0.75) / 0.5
    assert over == pytest.approx(0.08949, abs=0.01)


def test_flat_pictures_do_not_ring():
    np.testing.assert_allclose(display.ringing(np.full((9, 7, 3), 0.4), 0.3), 0.4, atol=1e-12)


def test_a_gamma_error_darkens_the_middle_and_keeps_the_ends():
    shades = np.array([[[0.0], [0.25], [1.0]]])
    assert display.gamma_error(shades, 1.5).ravel().tolist() == [0.0, 0.125, 1.0]
    assert display.gamma_error(shades, 0.5).ravel().tolist() == [0.0, 0.5, 1.0]
