"""Sensor noise against Poisson's distribution as SciPy has it, the theory's variance, and exact demosaicking."""

from __future__ import annotations

import numpy as np
import pytest
from distortion_pictures import photo
from scipy import stats

from visq.distortions import sensor
from visq.distortions.apply import distort
from visq.distortions.light import linear_light


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.7, 3.0, 12.5, 31.9])
def test_small_means_follow_scipys_poisson_exactly(mean):
    normal = np.random.default_rng(4).standard_normal(20_000)
    ours = sensor.poisson_quantile(np.full(normal.size, mean), normal)
    np.testing.assert_array_equal(ours, np.maximum(stats.poisson.ppf(stats.norm.cdf(normal), mean), 0))


@pytest.mark.parametrize("mean", [32.0, 100.0, 1234.5, 1e6])
def test_large_means_follow_it_but_for_a_few_by_one(mean):
    normal = np.random.default_rng(5).standard_normal(20_000)
    ours = sensor.poisson_quantile(np.full(normal.size, mean), normal)
    apart = np.abs(ours - stats.poisson.ppf(stats.norm.cdf(normal), mean))
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.005


@pytest.mark.parametrize(("photons", "value"), [(5000.0, 0.5), (200.0, 0.5), (200.0, 0.9)])
def test_noise_in_linear_light_has_the_variance_of_its_model(photons, value):
    # Foi et al. 2008: variance v / N + (s / N)^2. 65,536 samples give it to 0.6 %; four of that.
    light = float(linear_light(np.array(value)))
    noisy = sensor.exposed(np.full((256, 256), light), photons, np.random.default_rng(0), 2.5)
    assert noisy.mean() == pytest.approx(light, rel=0.003)
    assert noisy.var() == pytest.approx(light / photons + (2.5 / photons) ** 2, rel=0.025)


def test_levels_of_one_picture_share_one_realisation():
    image = np.full((64, 64, 3), 120, np.uint8)
    first, second = (distort(image, "sensor_noise", level, seed=3).astype(float) - 120 for level in (2, 4))
    # Not 1: with fewer photons the read noise weighs more.
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.9


def test_demosaicking_gives_flat_colours_and_grey_ramps_back():
    # Every filter of Malvar, He and Cutler sums to 1 over its own colour and to 0 over the second differences.
    for height, width in ((8, 10), (7, 5)):
        colour = np.array([0.2, 0.5, 0.7])
        flat = np.broadcast_to(colour, (height, width, 3))
        np.testing.assert_allclose(sensor._demosaicked(_mosaic(flat)), flat, atol=1e-12)
        ramp = np.broadcast_to((np.arange(height)[:, None] + 2.0 * np.arange(width))[..., None], (height, width, 3))
        inside = (slice(2, -2), slice(2, -2))
        np.testing.assert_allclose(sensor._demosaicked(_mosaic(ramp))[inside], ramp[inside], atol=1e-12)


def test_demosaicking_is_as_good_as_its_authors_say():
    # Malvar et al. 2004 have about 6 dB more than bilinear interpolation on the Kodak photographs.
    image = photo(height=256, width=320) / 255.0
    mosaic = _mosaic(image)
    ours = _psnr(sensor._demosaicked(mosaic), image)
    assert ours > _psnr(_bilinear(mosaic), image) + 2.0


def test_red_and_blue_are_noisier_than_green():
    flat = np.full((128, 128, 3), 140, np.uint8)
    spread = distort(flat, "raw_noise", 3).astype(float).std(axis=(0, 1))
    assert spread[0] > spread[2] > spread[1]
    grey = flat[..., 0]
    assert distort(grey, "raw_noise", 3).std() > 0


def _mosaic(image):
    mosaic = np.array(image[..., 1])
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = image[0::2, 0::2, 0], image[1::2, 1::2, 2]
    return mosaic


def _bilinear(mosaic):
    from scipy.ndimage import convolve

    out = []
    for masks in (((0, 0),), ((0, 1), (1, 0)), ((1, 1),)):
        known = np.zeros(mosaic.shape)
        for row, column in masks:
            known[row::2, column::2] = 1.0
        taps = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4.0
        out.append(convolve(mosaic * known, taps, mode="mirror") / convolve(known, taps, mode="mirror"))
    return np.stack(out, axis=-1)


def _psnr(a, b):
    return -10 * np.log10(np.mean((a - b)[4:-4, 4:-4] ** 2))
