"""From CIELab back to sRGB."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import color

from visq.ops.lab import rgb_to_lab, srgb_to_linear
from visq.ops.lab_inverse import lab_to_rgb, linear_to_srgb


def test_there_and_back():
    rgb = np.random.default_rng(0).random((3, 40, 50))
    rgb[:, 0, :5] = [[0.0, 1.0, 0.001, 0.04045, 0.0031308]] * 3
    np.testing.assert_allclose(lab_to_rgb(rgb_to_lab(rgb)), rgb, atol=1e-9)


def test_it_is_scikit_images_but_for_the_digits_of_white():
    lab = rgb_to_lab(np.random.default_rng(1).random((3, 30, 30)))
    expected = color.lab2rgb(np.moveaxis(lab, 0, 2))
    # Their white has five digits and is a table's.
    np.testing.assert_allclose(np.moveaxis(lab_to_rgb(lab), 0, 2), expected, atol=2e-3)


def test_colours_outside_are_clipped():
    out = lab_to_rgb(np.array([50.0, 200.0, -200.0]).reshape(3, 1, 1)).ravel()
    assert out.min() >= 0
    assert out.max() <= 1


def test_the_curve_undoes_itself():
    x = np.linspace(0, 1, 1001).reshape(1, 1001)
    np.testing.assert_allclose(linear_to_srgb(srgb_to_linear(x)), x, atol=1e-7)  # the knee of the standard has 4 digits
    assert linear_to_srgb(np.array([0.0031308]))[0] == pytest.approx(0.04045, abs=1e-6)
