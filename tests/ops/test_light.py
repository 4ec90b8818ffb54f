"""Linear light, cube roots, XYB, the filters of FLIP and the Gaussian of three cosines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from visq.ops._numba_light import cube_roots, sources
from visq.ops.arrays import read_one
from visq.ops.cosine_gaussian import cosine_gaussian
from visq.ops.flip_filters import flip_filters
from visq.ops.lab import srgb_to_linear
from visq.ops.xyb import linear_to_xyb


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_bands_are_the_transfer_curve(dtype, channels):
    rng = np.random.default_rng(0)
    peak = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    pixels = (rng.random((9, 11, channels)) * peak).astype(dtype)
    (source,) = sources(read_one(pixels))
    expected = srgb_to_linear(np.moveaxis(pixels, -1, 0).astype(np.float64) / peak)
    # Some units in the last place of a power taken in steps.
    np.testing.assert_allclose(source.band(2, 7), np.broadcast_to(expected, (3, 9, 11))[:, 2:7], rtol=5e-15)


def test_float_bands_over_the_whole_range():
    axis = np.concatenate([[0.0, 0.04045, np.nextafter(0.04045, 1), 1.0], np.linspace(-1e-3, 1 + 1e-3, 9997)])
    (source,) = sources(read_one(axis[None]))
    np.testing.assert_allclose(source.band(0, 1)[0, 0], srgb_to_linear(axis), rtol=5e-15)


def test_cube_roots():
    values = np.concatenate([10.0 ** np.linspace(-8, 4, 5000), [1.0, 8.0, 27.0]])
    expected = np.cbrt(values)
    cube_roots(values, np.empty(values.size, np.float32))
    np.testing.assert_allclose(values, expected, rtol=2e-15)


def test_xyb_of_grey_and_primaries():
    # Rows of the matrix sum to 1, so grey has X = 0 and B = Y.
    grey = linear_to_xyb(np.linspace(0, 1, 5)[None, :, None].repeat(3, axis=0))
    np.testing.assert_allclose(grey[0], 0, atol=1e-15)
    np.testing.assert_allclose(grey[2], grey[1], atol=1e-15)
    assert grey[1, -1, 0] == pytest.approx(math.cbrt(1.0037930732552754) - math.cbrt(0.0037930732552754), abs=1e-14)
    # Ranges over the sRGB cube that the authors' source states for 14 X + 0.42, Y + 0.01 and B - Y + 0.55.
    axis = np.linspace(0, 1, 33)
    x, y, b = linear_to_xyb(np.stack(np.meshgrid(axis, axis, axis)).reshape(3, 33, -1))
    for plane, low, high in (
        (14 * x + 0.42, 0.204594, 0.813402),
        (y + 0.01, 0.01, 0.855308),
        (b - y + 0.55, 0.272295, 0.938012),
    ):
        assert plane.min() == pytest.approx(low, abs=2e-6)
        assert plane.max() == pytest.approx(high, abs=2e-6)


def _recursion(x, gaussian):
    """Charalampidis' equation (35), in exact arithmetic as far as float64 goes."""
    n_radius, length = gaussian.radius, len(x)
    out = np.zeros(length)
    state = np.zeros((2, 3))
    for n in range(1 - n_radius, length):
        left = x[n - n_radius - 1] if n > n_radius else 0.0
        right = x[n + n_radius - 1] if n + n_radius - 1 < length else 0.0
        y = gaussian.gain * (left + right) + gaussian.feedback * state[0] - state[1]
        state = np.stack([y, state[0]])
        if n >= 0:
            out[n] = y.sum()
    return out


@pytest.mark.parametrize("sigma", [1.0, 1.5, 3.0, 5.0])
def test_the_recursion_is_a_filter_of_finite_length(sigma):
    gaussian = cosine_gaussian(sigma)
    taps = gaussian.taps
    position = np.arange(len(taps)) - len(taps) // 2
    assert taps.sum() == pytest.approx(1, abs=1e-12)
    assert (taps * position**2).sum() == pytest.approx(sigma**2, abs=1e-10)
    x = np.random.default_rng(0).random(90)
    np.testing.assert_allclose(_recursion(x, gaussian), np.convolve(x, taps, "same"), rtol=0, atol=1e-11)


def test_the_cosines_are_near_the_gaussian():
    # Of a peak of 0.133; the tails are cut at 3.3 standard deviations.
    taps = cosine_gaussian(3.0).taps
    position = np.arange(len(taps)) - len(taps) // 2
    gaussian = np.exp(-(position**2) / 18)
    assert abs(taps - gaussian / gaussian.sum()).max() < 2e-3


@pytest.mark.parametrize("ppd", [0.5, 20.0, 67.0206, 200.0])
def test_filters_of_flip_are_the_papers_separated(ppd):
    kernels = flip_filters(ppd)
    radius = math.ceil(3 * math.sqrt(0.04 / (2 * math.pi**2)) * ppd)
    axis = np.arange(-radius, radius + 1) / ppd
    square = axis[:, None] ** 2 + axis**2

    def sensitivity(*terms):
        g = sum(a * math.sqrt(math.pi / b) * np.exp(-(math.pi**2) * square / b) for a, b in terms)
        return g / g.sum()

    blue = sum(np.outer(g, g) for g in kernels.blue_yellow)
    np.testing.assert_allclose(blue, sensitivity((34.1, 0.04), (13.5, 0.025)), rtol=0, atol=1e-14)
    for taps, width in ((kernels.luminance, 0.0047), (kernels.red_green, 0.0053)):
        pad = radius - len(taps) // 2
        np.testing.assert_allclose(np.pad(np.outer(taps, taps), pad), sensitivity((1.0, width)), rtol=0, atol=3e-12)
    deviation = 0.5 * 0.082 * ppd
    reach = math.ceil(3 * deviation)
    x = np.arange(-reach, reach + 1)
    gaussian = np.exp(-(x[:, None] ** 2 + x**2) / (2 * deviation**2))
    for taps, plain in ((kernels.first, -x * gaussian), (kernels.second, (x**2 / deviation**2 - 1) * gaussian)):
        above, below = plain[plain > 0].sum() or 1.0, -plain[plain < 0].sum() or 1.0
        expected = np.where(plain > 0, plain / above, plain / below)
        np.testing.assert_allclose(np.outer(kernels.smooth, taps), expected, rtol=0, atol=1e-14)
