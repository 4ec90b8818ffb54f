"""Light under water against Jerlov's table and the law of attenuation."""

from __future__ import annotations

import numpy as np
import pytest
from distortion_pictures import photo

from visq.distortions import underwater
from visq.distortions.apply import distort
from visq.distortions.light import distance, linear_light
from visq.errors import OptionError


def test_attenuation_is_read_off_jerlovs_table():
    # Jerlov 1976, table XXVII, type II: 0.26 at 600 nm and 0.335 at 625, 0.089 at 550, 0.068 at 450 and 0.062 at 475.
    red, green, blue = underwater.attenuation("II")
    assert red == pytest.approx(0.26 + 11.4 / 25 * 0.075)
    assert green == pytest.approx(0.089, abs=0.001)
    assert blue == pytest.approx(0.068 - 14.3 / 25 * 0.006)


def test_waters_go_from_clear_to_turbid_and_from_blue_to_green():
    found = np.array([underwater.attenuation(water) for water in underwater.JERLOV])
    assert (np.diff(found, axis=0) >= 0).all()
    assert (found[:5, 2] <= found[:5, 1] * 1.05).all()  # ocean: blue goes farthest
    assert (found[5:, 1] < found[5:, 2]).all()  # coast: green does


def test_light_falls_off_by_the_law_of_attenuation():
    white = np.ones((20, 30, 3))
    out = linear_light(underwater.underwater(white, 6.0, rng=np.random.default_rng(2), water="1C", depth=0.0, veil=0.0))
    way = 6.0 * distance((20, 30), np.random.default_rng(2))
    expected = np.exp(-way[..., None] * underwater.attenuation("1C"))
    np.testing.assert_allclose(out, expected, rtol=1e-6)


def test_far_away_there_is_nothing_but_the_colour_of_the_water():
    image = photo()
    ocean, coast = (distort(image, name, amount=30.0).astype(float) for name in ("underwater", "underwater_coast"))
    red, green, blue = ocean[:40].mean(axis=(0, 1))
    assert red < 5
    assert blue > green
    red, green, blue = coast[:40].mean(axis=(0, 1))
    assert green >= max(red, blue)


def test_no_water_changes_nothing_and_an_unknown_one_is_refused():
    image = photo()
    np.testing.assert_array_equal(distort(image, "underwater", amount=0.0), image)
    with pytest.raises(OptionError, match="unknown water type; expected I, IA"):
        underwater.underwater(image / 255.0, 1.0, rng=np.random.default_rng(0), water="IV")
