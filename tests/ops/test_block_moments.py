"""Moments of blocks against NumPy and SciPy on every block by itself, and what the contrast filter is made of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from visq.ops.block_moments import block_count, mean_and_deviation, shape_of_blocks
from visq.ops.contrast_sensitivity import contrast_sensitivity, filter_by_sensitivity
from visq.ops.gabor_blocks import frequencies, plain, shape_differences

WEIGHTS = (0.1, 0.2, 0.3, 0.4, 0.5)


def _plane(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.random(shape) * np.linspace(1, 200, shape[1]) + 50


def _blocks(x, size):
    rows, columns = block_count(*x.shape)
    return [[x[4 * i : 4 * i + size, 4 * j : 4 * j + size].ravel() for j in range(columns)] for i in range(rows)]


@pytest.mark.parametrize("shape", [(16, 16), (19, 35), (34, 41)], ids=str)
@pytest.mark.parametrize("size", [8, 16])
def test_mean_and_deviation_of_every_block(shape, size):
    x = _plane(shape)
    mean, deviation = mean_and_deviation(x, size)
    np.testing.assert_allclose(mean, np.mean(_blocks(x, size), axis=-1), rtol=1e-14)
    np.testing.assert_allclose(deviation, np.std(_blocks(x, size), axis=-1, ddof=1), rtol=1e-12)


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_shape_of_every_block(offset):
    """A large mean must not cost digits beyond those that it takes from the pixels."""
    x = _plane((30, 45)) + offset
    deviation, skewness, kurtosis = shape_of_blocks(x)
    blocks = _blocks(x, 16)
    np.testing.assert_allclose(deviation, np.std(blocks, axis=-1, ddof=1), rtol=1e-10)
    np.testing.assert_allclose(skewness, stats.skew(blocks, axis=-1), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(kurtosis, stats.kurtosis(blocks, axis=-1, fisher=False), rtol=1e-9)


def test_constant_blocks_have_no_shape():
    for moment in shape_of_blocks(np.full((20, 24), 3.0)):
        assert (moment == 0).all()


@pytest.mark.parametrize("shape", [(34, 50), (35, 50), (48, 37), (51, 49)], ids=str)
def test_fused_and_plain_differences_of_shape_agree(shape):
    pytest.importorskip("torch")
    x, y = _plane(shape), _plane(shape, seed=1)
    fused = shape_differences(x, y, WEIGHTS)
    assert fused.shape == block_count(*shape)
    np.testing.assert_allclose(fused, plain(x, y, WEIGHTS), rtol=1e-9)


@pytest.mark.parametrize("shape", [(8, 10), (9, 10), (8, 11), (9, 11)], ids=str)
def test_frequencies_are_those_of_the_shifted_plane_of_the_program(shape):
    """Its plane runs from ``-n / 2`` in steps of one and is brought to the transform's order by `fftshift`."""
    y, x = (np.arange(-n / 2, n / 2) / n for n in shape)
    dense = np.fft.fftshift(np.hypot(x[None], y[:, None]))
    dense[0, 0] = 0
    radius, angle = frequencies(*shape)
    np.testing.assert_allclose(radius, dense, rtol=0, atol=1e-15)
    np.testing.assert_allclose(angle, np.fft.fftshift(np.arctan2(-y[:, None], x[None])), rtol=0, atol=1e-15)


@pytest.mark.parametrize("shape", [(32, 40), (33, 40), (32, 41), (35, 37)], ids=str)
def test_the_filter_is_the_real_part_of_the_program_s(shape):
    height, width = shape
    y, x = (np.arange(n) - n / 2 + 0.5 for n in shape)
    plane = (x[None] + 1j * y[:, None]) / width * 64
    frequency = np.abs(plane) / (0.15 * np.cos(4 * np.angle(plane)) + 0.85)
    gain = 2.6 * (0.0192 + 0.114 * frequency) * np.exp(-((0.114 * frequency) ** 1.1))
    gain[frequency < 7.8909] = 0.9809
    pixels = _plane(shape)
    dense = np.fft.ifft2(np.fft.ifftshift(np.fft.fftshift(np.fft.fft2(pixels)) * gain)).real
    np.testing.assert_allclose(filter_by_sensitivity(pixels), dense, rtol=0, atol=1e-11)
    assert contrast_sensitivity(height, width).shape == (height, width // 2 + 1)
