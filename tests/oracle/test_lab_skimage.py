"""CIELab and UCIQE's Lab terms against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest

from visq.metrics.uciqe import uciqe
from visq.ops.lab import linear_to_xyz, rgb_to_lab, srgb_to_linear

color = pytest.importorskip("skimage.color")


def _cube():
    axis = np.linspace(0, 1, 18)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(54, 108, 3)


def test_xyz():
    # Same six-digit matrix; scikit-image uses it in float64 too.
    rgb = _cube()
    ours = np.moveaxis(linear_to_xyz(srgb_to_linear(np.moveaxis(rgb, -1, 0))), 0, -1)
    np.testing.assert_allclose(ours, color.rgb2xyz(rgb), rtol=0, atol=1e-12)


def test_lab():
    # scikit-image's white is the table's (0.95047, 1, 1.08883), 1.5e-5 and 7e-5 from R = G = B = 1: up to
    # 500/3 * 1.5e-5 = 0.0025 of a and 200/3 * 7e-5 = 0.0047 of b. Its 7.787 for 841/108 is 4e-5 of L.
    rgb = _cube()
    ours, theirs = np.moveaxis(rgb_to_lab(np.moveaxis(rgb, -1, 0)), 0, -1), color.rgb2lab(rgb)
    difference = abs(ours - theirs).max(axis=(0, 1))
    assert difference[0] < 5e-5
    assert difference[1] < 0.003
    assert difference[2] < 0.005


def test_uciqe_from_its_formula():
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    lightness, a, b = color.rgb2lab(pixels).reshape(-1, 3).T
    chroma, ordered = np.hypot(a, b), np.sort(lightness)
    expected = (
        0.4680 * chroma.std()
        + 0.2745 * (ordered[-48:].mean() - ordered[:48].mean())
        + 0.2576 * (chroma / lightness).mean()
    )
    assert uciqe(pixels, variant="lab_raw") == pytest.approx(expected, rel=5e-5)
