"""Exposure in stops of linear light."""

from __future__ import annotations

import numpy as np
import pytest
from distortion_pictures import photo

from visq.distortions import exposure
from visq.distortions.apply import distort
from visq.distortions.light import encoded_light, linear_light


def test_the_curve_is_that_of_iec_61966():
    # IEC 61966-2-1: 0.5 is 0.21404114 in linear light, and below 0.04045 the curve is a line of slope 12.92.
    assert float(linear_light(np.array(0.5))) == pytest.approx(0.21404114, abs=1e-8)
    codes = np.linspace(0, 1, 256)
    np.testing.assert_allclose(encoded_light(linear_light(codes)), codes, atol=1e-12)
    assert float(encoded_light(np.array(0.002))) == pytest.approx(0.02584, abs=1e-12)


def test_a_stop_doubles_light_and_clips_at_white():
    grey = np.array([[[0.5], [0.9]]])
    more = exposure.overexposure(grey, 1.0)
    assert float(linear_light(more)[0, 0, 0]) == pytest.approx(2 * 0.21404114, abs=1e-8)
    assert float(more[0, 1, 0]) == pytest.approx(1.0, abs=1e-12)
    less = exposure.underexposure(grey, 3.0)
    np.testing.assert_allclose(linear_light(less), linear_light(grey) / 8, atol=1e-12)


def test_no_stops_change_nothing():
    image = photo()
    for name in ("overexposure", "underexposure"):
        np.testing.assert_array_equal(distort(image, name, amount=0.0), image)


def test_low_light_is_dark_and_noisy_and_lifted_is_as_bright_as_before():
    image = photo()
    dark, lifted = distort(image, "low_light", 4), distort(image, "lifted_shadows", 4)
    assert dark.mean() < 0.5 * image.mean()
    light = [linear_light(x / 255.0).mean() for x in (lifted, image)]
    assert light[0] == pytest.approx(light[1], rel=0.05)
    flat = np.full((64, 64), 128, np.uint8)
    assert distort(flat, "lifted_shadows", 5).std() > 3 * distort(flat, "lifted_shadows", 1).std() > 0


def test_a_lifted_picture_has_no_more_shades_than_its_dark_one():
    ramp = np.tile(np.linspace(0, 255, 256).astype(np.uint8), (4, 1))
    few = exposure.low_light(ramp[..., None] / 255.0, 5.0, rng=np.random.default_rng(0), photons=1e12, lifted=1.0)
    assert len(np.unique(few.round(9))) < 60
