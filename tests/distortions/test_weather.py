"""Haze, fog and rain."""

from __future__ import annotations

import numpy as np
import pytest
from distortion_pictures import photo

from visq.distortions import weather
from visq.distortions.apply import distort
from visq.distortions.light import distance, linear_light, smooth_field


@pytest.mark.parametrize("name", ["haze", "fog", "rain"])
def test_nothing_in_the_air_changes_nothing(name):
    image = photo()
    np.testing.assert_array_equal(distort(image, name, amount=0.0), image)


def test_haze_is_koschmieders_law():
    # Of two scenes in one air the difference shrinks by exp(-beta d), whatever the airlight.
    one, two = np.full((30, 40, 3), 0.2), np.full((30, 40, 3), 0.8)
    hazy = [linear_light(weather.haze(x, 1.5, rng=np.random.default_rng(3))) for x in (one, two)]
    depth = distance((30, 40), np.random.default_rng(3))
    left = (hazy[1] - hazy[0]) / (linear_light(two) - linear_light(one))
    np.testing.assert_allclose(left, np.repeat(np.exp(-1.5 * depth)[..., None], 3, axis=2), rtol=1e-9)
    thick = linear_light(weather.haze(one, 400.0, rng=np.random.default_rng(3)))
    np.testing.assert_allclose(thick, np.broadcast_to(weather.SUNLIT, thick.shape), atol=1e-6)


def test_distance_grows_upwards_and_is_the_same_in_another_size():
    small, large = (distance((n, 2 * n), np.random.default_rng(1)) for n in (60, 240))
    assert small.min() >= 0.05
    assert small.max() <= 1.0
    assert small[:15].mean() > 1.5 * small[-15:].mean()
    blocks = large.reshape(60, 4, 120, 4).mean(axis=(1, 3))
    assert np.abs(blocks - small).mean() < 0.03
    fields = np.stack([smooth_field((200, 300), np.random.default_rng(seed), 8) for seed in range(12)])
    assert abs(fields.mean()) < 0.1
    assert fields.std() == pytest.approx(1.0, abs=0.15)


def test_fog_is_uneven_and_grey_pictures_get_grey_air():
    black = np.zeros((96, 128, 3), np.uint8)
    haze, fog = (distort(black, name, amount=1.0, seed=5).astype(float) for name in ("haze", "fog"))
    roughness = [np.abs(np.diff(x[..., 1], axis=1)).mean() for x in (haze, fog)]
    assert roughness[1] > 1.5 * roughness[0]
    assert distort(black[..., 0], "haze", 3).shape == (96, 128)


def test_drops_of_a_light_rain_are_among_those_of_a_heavy_one():
    black = np.zeros((160, 200, 1))
    light, heavy = (weather.rain(black, amount, rng=np.random.default_rng(2), veil=0.0) for amount in (0.05, 0.4))
    assert (heavy >= light - 1e-9).all()
    assert 0.02 < (light > 0.35).mean() < 0.08
    assert 0.2 < (heavy > 0.35).mean() < 0.5
    # Streaks fall: they are longer than broad.
    across, down = (np.abs(np.diff(light[..., 0], axis=axis)).mean() for axis in (1, 0))
    assert across > 2 * down
