"""Noise estimate, blocking effect factor and JPEG quality score: against plain formulae, by hand, and how they move."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

import samples
import visq
from visq.errors import OptionError
from visq.metrics.blockiness import blockiness, jpeg_quality
from visq.metrics.noise_estimate import DB2, noise_estimate
from visq.metrics.psnr_b import psnr_b

MASK = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1.0]])
METHODS = ("immerkaer", "wavelet")


def _tensor(image):
    return torch.from_numpy(image)[None, None]


# Noise -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 3), (3, 11), (64, 70), (131, 77)], ids=str)
def test_immerkaer_against_scipy(shape):
    rng = np.random.default_rng(1)
    for image in (rng.integers(0, 256, shape, dtype=np.uint8), rng.random(shape)):
        levels = image.astype(float) * (1 if image.dtype == np.uint8 else 255)
        inner = ndimage.correlate(levels, MASK)[1:-1, 1:-1]
        expected = np.sqrt(np.pi / 2) / 6 * np.abs(inner).mean()
        assert noise_estimate(image) == pytest.approx(expected, rel=1e-12)
        assert float(noise_estimate(_tensor(image))) == pytest.approx(expected, rel=1e-6)


def _diagonal(x):
    """Every coefficient on its own, over the mirrored picture."""
    high, wide = x.shape

    def pixel(i, side):
        i %= 2 * side
        return i if i < side else 2 * side - 1 - i

    out = np.empty(((high + 3) // 2, (wide + 3) // 2))
    for r, c in np.ndindex(out.shape):
        rows = [pixel(2 * r - 2 + j, high) for j in range(4)]
        columns = [pixel(2 * c - 2 + j, wide) for j in range(4)]
        out[r, c] = DB2 @ x[np.ix_(rows, columns)] @ DB2
    return out


@pytest.mark.parametrize("shape", [(3, 3), (4, 7), (30, 41), (33, 32)], ids=str)
def test_wavelet_against_loops(shape):
    image = np.random.default_rng(2).random(shape)
    expected = np.median(np.abs(_diagonal(255 * image))) / 0.6744897501960817
    assert noise_estimate(image, method="wavelet") == pytest.approx(expected, rel=1e-10)
    assert float(noise_estimate(_tensor(image), method="wavelet")) == pytest.approx(expected, rel=1e-10)


def test_the_wavelet_is_daubechies_own():
    # Two vanishing moments, unit energy, orthogonal to its shift by two.
    position = np.arange(4)
    assert abs(DB2.sum()) < 1e-15
    assert abs(DB2 @ position) < 1e-15
    assert abs((DB2**2).sum() - 1) < 1e-15
    assert abs(DB2[:2] @ DB2[2:]) < 1e-15


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sigma", [1.0, 5.0, 20.0])
def test_white_noise_on_a_plane_is_found(method, sigma):
    rng = np.random.default_rng(3)
    plane = np.add.outer(np.linspace(100, 130, 400), np.linspace(0, 25, 500))
    noisy = plane + sigma * rng.standard_normal(plane.shape)
    # 200,000 pixels: the estimates scatter by less than 1 %.
    assert noise_estimate(noisy, data_range=255.0, method=method) == pytest.approx(sigma, rel=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_noise_raises_and_blur_lowers_the_estimate(method):
    picture = samples.picture(256, 272)
    values = [noise_estimate(samples.noisy(picture, s), method=method) for s in (0, 5, 10, 18, 30)]
    assert values == sorted(values)
    assert noise_estimate(samples.blurred(picture, 1.0), method=method) < values[0]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, 1 / 3, 0.7, 1.0])
def test_a_flat_picture_has_no_noise(method, value):
    for dtype in (np.float32, np.float64):
        assert noise_estimate(np.full((20, 31), value, dtype), method=method) == 0.0
        assert float(noise_estimate(_tensor(np.full((20, 31), value, dtype)), method=method)) == 0.0


@pytest.mark.parametrize("method", METHODS)
def test_gradcheck(method):
    image = torch.rand((1, 3, 8, 9), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda x: noise_estimate(x, method=method), (image.requires_grad_(),), eps=1e-7, atol=1e-4
    )


# Blocks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(16, 16), (33, 50), (90, 70)], ids=str)
def test_the_factor_against_loops(shape):
    rng = np.random.default_rng(4)
    image = np.kron(rng.integers(0, 256, (shape[0] // 8 + 1, shape[1] // 8 + 1)), np.ones((8, 8)))
    image = (0.9 * image[: shape[0], : shape[1]] + rng.integers(0, 20, shape)).astype(np.uint8)
    high, wide = shape
    on, off = [], []
    for r in range(high):
        for c in range(wide):
            if c + 1 < wide:
                (on if c % 8 == 7 else off).append((float(image[r, c + 1]) - float(image[r, c])) ** 2)
            if r + 1 < high:
                (on if r % 8 == 7 else off).append((float(image[r + 1, c]) - float(image[r, c])) ** 2)
    counted = 2 * (high * wide / 8 - 1)
    excess = sum(on) / counted - sum(off) / (high * (wide - 1) + wide * (high - 1) - counted)
    expected = np.log2(8) / np.log2(min(shape)) * max(excess, 0)
    assert expected > 0
    assert blockiness(image) == pytest.approx(expected, rel=1e-12)
    assert float(blockiness(_tensor(image))) == pytest.approx(expected, rel=1e-6)


def test_it_is_the_factor_within_psnr_b():
    reference = samples.picture(128, 144)
    image = samples.jpeg(reference, 10)
    luma = [visq.ops.arrays.read_one(p).luma(255.0) for p in (image, reference)]
    error = float(np.mean((luma[0] - luma[1]).astype(float) ** 2))
    assert psnr_b(image, reference) == pytest.approx(10 * np.log10(255**2 / (error + blockiness(image))), rel=1e-6)


def test_jpeg_raises_blockiness_and_lowers_the_score():
    picture = samples.picture(256, 272)
    pictures = [samples.jpeg(picture, quality) for quality in (90, 60, 35, 20, 10, 5)]
    factors, scores = [blockiness(p) for p in pictures], [jpeg_quality(p) for p in pictures]
    assert factors[-1] > factors[-2] > factors[-3]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 9
    assert scores[-1] < 5


def test_a_shifted_grid_is_not_seen_as_the_notes_warn():
    blocks = samples.jpeg(samples.picture(256, 272), 10)
    assert blockiness(blocks[4:-4, 4:-4]) < blockiness(blocks) / 4
    assert jpeg_quality(blocks[4:-4, 4:-4]) > jpeg_quality(blocks) + 1


def _features(levels):
    """One direction, from the formulae."""
    step = np.diff(levels.astype(float), axis=1)
    width = levels.shape[1]
    border = np.abs(step[:, 7 : 8 * (width // 8 - 1) : 8]).mean()
    activity = (8 * np.abs(step).mean() - border) / 7
    return border, activity, (step[:, :-1] * step[:, 1:] < 0).mean()


@pytest.mark.parametrize("shape", [(16, 16), (23, 64), (130, 77)], ids=str)
def test_the_score_against_numpy(shape):
    image = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    b, a, z = (np.mean(pair) for pair in zip(_features(image), _features(image.T), strict=True))
    expected = -245.8909 + 261.9373 * b**-0.02398886 * a**0.01601664 * z**0.00642859
    assert jpeg_quality(image) == pytest.approx(expected, rel=1e-12)
    assert jpeg_quality(image / 255.0) == pytest.approx(expected, rel=1e-12)


def test_pictures_without_features_have_a_finite_score():
    flat = np.full((32, 40), 77, np.uint8)
    assert jpeg_quality(flat) == pytest.approx(21.69247, abs=1e-5)
    steps = np.repeat(np.repeat(np.arange(4, dtype=np.uint8) * 60, 8)[None], 32, axis=0)
    low, high = visq.catalog.get("jpeg_quality").value_range
    assert low <= jpeg_quality(steps) <= high


def test_the_documented_range_is_that_of_the_extremes():
    low, high = visq.catalog.get("jpeg_quality").value_range
    extremes = [
        -245.8909 + 261.9373 * b**-0.02398886 * a**0.01601664 * z**0.00642859
        for b in (1e-6, 255) for a in (1e-6, 8 * 255 / 7) for z in (1e-6, 1.0)
    ]  # fmt: skip
    assert low <= min(extremes) < low + 1
    assert high - 1 < max(extremes) <= high


def test_unknown_methods_are_refused():
    with pytest.raises(OptionError, match="'immerkaer' or 'wavelet'"):
        noise_estimate(np.zeros((8, 8)), method="pca")
