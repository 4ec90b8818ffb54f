"""NLPD, MAD, PSNR-HVS(-M) and PSNR-B: what only they have. The common duties are swept in tests/contract."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import samples
from visq.errors import OptionError
from visq.metrics import nlpd as nlpd_module
from visq.metrics import psnr_b as psnr_b_module
from visq.metrics import psnr_hvs as psnr_hvs_module
from visq.metrics.mad import mad
from visq.metrics.nlpd import nlpd
from visq.metrics.psnr import psnr
from visq.metrics.psnr_b import psnr_b
from visq.metrics.psnr_hvs import psnr_hvs

SIZES = [(16, 16), (17, 40), (75, 64), (140, 131)]


def _pair(height, width, dtype=np.float64):
    picture = samples.picture(height, width, grey=True)
    return (samples.noisy(picture, 9) / 255.0).astype(dtype), (picture / 255.0).astype(dtype)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), *SIZES], ids=str)
def test_nlpd_in_one_pass_equals_the_plain_operations(size):
    image, reference = _pair(*size)
    plain = nlpd_module.plain(image[None], reference[None])
    np.testing.assert_allclose(nlpd(image, reference), plain[0], rtol=1e-12)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("masking", [False, True])
def test_psnr_hvs_in_one_pass_equals_the_plain_operations(size, masking):
    image, reference = _pair(*size)
    error = psnr_hvs_module.plain_error(255 * image[None], 255 * reference[None], masking=masking)
    expected = 10 * np.log10(255**2 / error[0])
    np.testing.assert_allclose(psnr_hvs(image, reference, masking=masking), expected, rtol=1e-12)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_psnr_b_sums_in_one_pass_equal_the_plain_operations(size):
    from visq.ops import _numba_psnr_b

    image, reference = (z[None] for z in _pair(*size))
    plain = psnr_b_module.plain_sums(image, reference)
    np.testing.assert_allclose(_numba_psnr_b.error_and_steps(image, reference), plain, rtol=1e-12)


def test_masking_hides_noise_in_texture_and_not_a_shift_of_the_mean():
    texture = samples.noise(64, 64)[:, :, 0]
    hidden = np.clip(texture.astype(int) + np.where(samples.noise(64, 64, seed=3)[:, :, 0] > 127, 4, -4), 0, 255)
    hidden = hidden.astype(np.uint8)
    assert psnr_hvs(hidden, texture, masking=True) > psnr_hvs(hidden, texture) + 10
    grey = np.full((64, 64), 100, np.uint8)
    assert psnr_hvs(grey + 9, grey, masking=True) == pytest.approx(psnr_hvs(grey + 9, grey), abs=1e-4)


def test_an_error_of_the_mean_costs_what_its_coefficient_says():
    """A shift of 9 levels is 72 in the first coefficient of every block, times 1.608443, over 8."""
    grey = np.full((32, 40), 100, np.uint8)
    assert psnr_hvs(grey + 9, grey) == pytest.approx(20 * np.log10(255 / (9 * 1.608443)), abs=1e-5)


def test_pixels_outside_whole_blocks_do_not_count():
    image, reference = _pair(70, 75)
    assert psnr_hvs(image, reference) == psnr_hvs(image[:64, :72].copy(), reference[:64, :72].copy())


def test_psnr_b_is_psnr_without_blocks_and_less_with_them():
    reference = samples.blurred(samples.picture(128, 128, grey=True), 2.0)
    blocks = reference.reshape(16, 8, 16, 8).mean((1, 3)).round().astype(np.uint8).repeat(8, 0).repeat(8, 1)
    assert psnr_b(blocks, reference) < psnr(blocks, reference) - 1
    noisy = samples.noise(128, 128)[:, :, 0]
    # Steps of noise are as large within blocks; the paper's count of those across is above their number.
    assert psnr_b(noisy, reference) == pytest.approx(psnr(noisy, reference), abs=1e-6)
    # The reference's own blocks are not counted, those of the image are.
    assert psnr_b(blocks, blocks) == 100.0
    assert psnr_b(blocks, reference) < psnr_b(reference, blocks)


def test_the_first_channel_stands_for_itself():
    image, reference = samples.noisy(samples.picture(48, 64), 8), samples.picture(48, 64)
    red = psnr_b(np.ascontiguousarray(image[..., 0]), np.ascontiguousarray(reference[..., 0]))
    assert psnr_b(image, reference, channel="first") == red
    assert psnr_b(image, reference) != red


@pytest.mark.parametrize("score", [psnr_hvs, psnr_b])
def test_ceilings(score):
    image, reference = _pair(32, 32)
    assert score(reference, reference, ceiling=None) == np.inf
    assert score(reference, reference, ceiling=60.0) == 60.0
    assert score(image, reference, ceiling=10.0) == 10.0
    with pytest.raises(OptionError, match="ceiling"):
        score(image, reference, ceiling=0.0)


def test_mad_is_not_blind_to_dark_and_flat_references():
    black, white = samples.constant(48, 64, 0), samples.constant(48, 64, 255)
    photo = samples.picture(48, 64)
    grey, brighter = samples.constant(48, 64, 100), samples.constant(48, 64, 140)
    scores = [mad(black, white), mad(white, black), mad(photo, black), mad(photo, white), mad(brighter, grey)]
    assert min(scores) > 5
    assert mad(brighter, grey) < mad(white, grey)


def test_mad_does_not_see_what_is_below_the_threshold_of_contrast():
    grey = samples.constant(64, 64, 200)
    assert mad(grey + 1, grey) == 0.0
    photo = np.clip(samples.picture(64, 64), 40, 215)
    faint = photo.copy()
    faint[::2, ::2, 2] += 1
    assert mad(faint, photo) == 0.0


def test_mad_takes_at_most_ten_times_the_memory_of_its_inputs():
    reference = samples.picture(384, 512)
    image = samples.noisy(reference, 8)
    mad(image, reference)
    tracemalloc.start()
    try:
        mad(image, reference)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 10 * (image.nbytes + reference.nbytes)
