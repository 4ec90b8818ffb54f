"""Resizing: MATLAB's values, a slow version from the definition, Pillow, properties, gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from visq import errors
from visq.ops.resize import METHODS, contributions, imresize
from visq.ops.threads import set_threads

# Input and MATLAB's uint8 results as recorded in the tests of Octave Forge's image package (imresize.m). They
# state that MATLAB's integer path rounds in its own way and allow a difference of 1. Rounding the result adds
# half a level, rounding between the passes at most half a level times the sum of absolute weights (1.3).
INPUT = np.array(
    [
        [116, 227, 153, 69, 146, 194, 59, 130, 139, 106],
        [2, 47, 137, 249, 90, 75, 16, 24, 158, 44],
        [155, 68, 46, 84, 166, 156, 69, 204, 32, 152],
        [71, 221, 137, 230, 210, 153, 192, 115, 30, 118],
        [107, 143, 108, 52, 51, 73, 101, 21, 175, 90],
        [54, 158, 143, 77, 26, 168, 113, 229, 165, 225],
        [9, 47, 133, 135, 130, 207, 236, 43, 19, 73],
        [129, 60, 59, 243, 64, 181, 249, 56, 32, 86],
    ],
    dtype=float,
)
MATLAB = [
    (
        "bicubic",
        0.5,
        True,
        [
            [105, 140, 126, 81, 109],
            [110, 134, 153, 114, 93],
            [108, 108, 94, 127, 146],
            [67, 126, 162, 149, 62],
        ],
    ),
    (
        "bicubic",
        0.5,
        False,
        [[92, 164, 123, 38, 118], [139, 116, 188, 167, 69], [121, 87, 67, 108, 180], [54, 153, 141, 149, 42]],
    ),
    ("bicubic", 1 / 3, True, [[115, 135, 97, 101], [113, 119, 124, 125], [81, 157, 118, 64]]),
    ("bicubic", 1 / 3, False, [[47, 90, 24, 44], [143, 51, 21, 90], [60, 64, 56, 86]]),
    (
        "bilinear",
        0.5,
        True,
        [
            [108, 136, 125, 89, 107],
            [111, 132, 143, 114, 99],
            [106, 110, 106, 127, 136],
            [75, 124, 154, 142, 75],
        ],
    ),
    ("bilinear", 1 / 3, True, [[115, 131, 101, 102], [114, 117, 120, 121], [91, 147, 116, 76]]),
    (
        "bilinear",
        0.91,
        False,
        [
            [115, 208, 134, 100, 163, 117, 101, 136, 109, 103],
            [26, 61, 149, 182, 95, 53, 41, 116, 73, 60],
            [133, 101, 82, 140, 167, 125, 152, 71, 126, 144],
            [88, 184, 137, 164, 142, 145, 110, 81, 104, 108],
            [86, 146, 109, 55, 73, 110, 111, 156, 153, 150],
            [33, 104, 131, 100, 130, 184, 147, 97, 133, 142],
            [84, 59, 114, 164, 133, 219, 120, 33, 72, 81],
            [126, 60, 104, 181, 116, 218, 125, 38, 77, 86],
        ],
    ),
]


@pytest.mark.parametrize(("method", "scale", "antialias", "expected"), MATLAB)
def test_matlab_uint8_tables(method, scale, antialias, expected):
    got = imresize(INPUT, scale, method=method, antialias=antialias)
    assert got.shape == np.shape(expected)
    assert np.abs(got - expected).max() < 1.2


def test_matlab_double_value():
    # Printed by MATLAB for a double image (same source): 15 digits.
    got = imresize(np.array([[10.0, 6.0]]), size=(3, 3))
    np.testing.assert_allclose(got, [[10.27777777777777, 8, 5.72222222222222]] * 3, rtol=0, atol=1e-13)


def test_octave_double_values():
    # imresize(reshape(0:15, 4, 4)', 0.5, ..., 'AntiAliasing', false) as a published Octave session prints it.
    ramp = np.arange(16.0).reshape(4, 4)
    cubic = imresize(ramp, 0.5, antialias=False)
    linear = imresize(ramp, 0.5, method="bilinear", antialias=False)
    np.testing.assert_allclose(cubic, [[2.1875, 4.3125], [10.6875, 12.8125]], rtol=0, atol=1e-12)
    np.testing.assert_allclose(linear, [[2.5, 4.5], [10.5, 12.5]], rtol=0, atol=1e-12)


def _keys(t):
    t = abs(t)
    if t <= 1:
        return 1.5 * t**3 - 2.5 * t**2 + 1
    return -0.5 * t**3 + 2.5 * t**2 - 4 * t + 2 if t < 2 else 0.0


def _slow_axis(line, out_length, scale, kernel, antialias):
    """From the definition, one sample at a time, mirroring as far as the kernel reaches."""
    n = len(line)
    stretch = min(scale, 1.0) if antialias else 1.0
    out = []
    for i in range(out_length):
        u = (i + 0.5) / scale - 0.5
        reach = 3 / stretch + 1
        total = norm = 0.0
        for j in range(math.floor(u - reach), math.ceil(u + reach) + 1):
            w = kernel((u - j) * stretch)
            m = j % (2 * n)
            total += w * line[m if m < n else 2 * n - 1 - m]
            norm += w
        out.append(total / norm)
    return out


KERNELS = {
    "bicubic": _keys,
    "bilinear": lambda t: max(0.0, 1 - abs(t)),
    "lanczos3": lambda t: (
        (1.0 if t == 0 else 3 * math.sin(math.pi * t) * math.sin(math.pi * t / 3) / (math.pi * t) ** 2)
        if abs(t) < 3
        else 0.0
    ),
}


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("method", sorted(KERNELS))
@pytest.mark.parametrize(
    ("shape", "scale"), [((7, 9), 0.5), ((7, 9), 0.37), ((5, 3), 2.3), ((4, 6), 0.2), ((6, 5), 1.0)]
)
def test_definition(method, shape, scale, antialias, rng):
    x = rng.random(shape)
    kernel = KERNELS[method]
    height, width = (math.ceil(scale * n) for n in shape)
    rows = np.array([_slow_axis(c, height, scale, kernel, antialias) for c in x.T]).T
    expected = np.array([_slow_axis(r, width, scale, kernel, antialias) for r in rows])
    np.testing.assert_allclose(imresize(x, scale, method=method, antialias=antialias), expected, rtol=0, atol=1e-13)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize(
    ("method", "filter_", "margin"),
    [
        ("bicubic", Image.Resampling.BICUBIC, 3),
        ("bilinear", Image.Resampling.BILINEAR, 2),
        ("lanczos3", Image.Resampling.LANCZOS, 4),
        ("area", Image.Resampling.BOX, 0),
    ],
)
def test_pillow_away_from_borders(method, filter_, margin, rng):
    # Pillow cuts the kernel at the border instead of mirroring; 2e-4 of 255 covers the float32 sums.
    x = (rng.random((96, 120)) * 255).astype(np.float32)
    size = (32, 40) if method == "area" else (41, 53)
    theirs = np.asarray(Image.fromarray(x).resize(size[::-1], filter_))
    ours = imresize(x, size=size, method=method)
    inner = (slice(margin, size[0] - margin), slice(margin, size[1] - margin))
    np.testing.assert_allclose(ours[inner], theirs[inner], rtol=0, atol=2e-4)


def test_area_is_the_integral(rng):
    # Two output pixels over three input pixels: 1 + half of the middle one, from either side.
    x = rng.random((1, 3))
    got = imresize(x, size=(1, 2), method="area")[0]
    a, b, c = x[0]
    np.testing.assert_allclose(got, [(a + b / 2) / 1.5, (b / 2 + c) / 1.5], rtol=1e-14)
    # The integral over the image is kept by any number of output pixels.
    y = rng.random((37, 53))
    for size in [(5, 7), (36, 52), (80, 60)]:
        assert imresize(y, size=size, method="area").mean() == pytest.approx(y.mean(), rel=1e-13)


def test_nearest_repeats_pixels():
    x = np.arange(6.0).reshape(2, 3)
    assert imresize(x, 2, method="nearest").tolist() == np.kron(x, np.ones((2, 2))).tolist()


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(1, 24), st.integers(1, 24)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.sampled_from(METHODS),
    st.booleans(),
)
def test_constant_stays_and_size_is_met(shape, size, method, antialias):
    got = imresize(np.full(shape, 0.3), size=size, method=method, antialias=antialias)
    assert got.shape == size
    np.testing.assert_allclose(got, 0.3, rtol=1e-13)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.floats(0.05, 4), st.sampled_from(METHODS))
def test_weights_sum_to_one(length, scale, method):
    if scale * length < 1:
        return
    index, weights = contributions(length, math.ceil(scale * length), scale, method, True)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0, rtol=1e-12)
    assert index.min() >= 0
    assert index.max() < length


@pytest.mark.parametrize("method", METHODS)
def test_identity_at_scale_one(method, rng):
    x = rng.random((2, 9, 11))
    np.testing.assert_allclose(imresize(x, 1, method=method), x, rtol=0, atol=1e-15)


@pytest.mark.parametrize("method", ["bicubic", "bilinear"])
@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_ramp_stays_a_ramp_inside(method, scale):
    x = np.broadcast_to(np.arange(64.0), (16, 64))
    got = imresize(x, scale, method=method)
    centre = (np.arange(got.shape[1]) + 0.5) / scale - 0.5
    np.testing.assert_allclose(got[:, 6:-6], np.broadcast_to(centre, got.shape)[:, 6:-6], rtol=0, atol=1e-11)


def test_leading_axes_strides_and_dtype(rng):
    x = rng.random((4, 3, 20, 30)).astype(np.float32)
    whole = imresize(x, 0.5)
    assert whole.shape == (4, 3, 10, 15)
    assert whole.dtype == np.float32
    np.testing.assert_array_equal(whole[2, 1], imresize(x[2, 1], 0.5))
    flipped = x[..., ::-1]
    np.testing.assert_array_equal(imresize(flipped, 0.5), imresize(flipped.copy(), 0.5))
    assert imresize(x.astype(np.float16), 0.5).dtype == np.float16


def test_threads_do_not_change_a_bit(rng):
    x = rng.random((400, 90)).astype(np.float32)
    try:
        set_threads(1)
        one = imresize(x, 0.7)
        set_threads(2)
        two = imresize(x, 0.7)
    finally:
        set_threads(None)
    np.testing.assert_array_equal(one, two)


def test_last_pixel_that_is_only_a_rounding_error():
    # 0.07 * 100 is 7.000000000000001 in floating point; MATLAB's ceil makes eight pixels of it, and so do we.
    got = imresize(np.zeros((100, 100)), 0.07, method="area")
    assert got.shape == (8, 8)
    assert np.isfinite(got).all()


@pytest.mark.parametrize("method", METHODS)
def test_torch_agrees_and_differentiates(method, rng):
    torch = pytest.importorskip("torch")
    x = rng.random((2, 13, 10))
    for options in ({"scale": 0.6}, {"size": (20, 7)}):
        ours = imresize(x, method=method, **options)
        theirs = imresize(torch.from_numpy(x), method=method, **options)
        np.testing.assert_allclose(theirs.numpy(), ours, rtol=0, atol=1e-13)
    single = imresize(torch.from_numpy(x).float(), 0.6, method=method)
    np.testing.assert_allclose(single.numpy(), imresize(x, 0.6, method=method), rtol=0, atol=1e-6)
    leaf = torch.from_numpy(x[:, :5, :4].copy()).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: imresize(t, 0.6, method=method), (leaf,))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, errors.OptionError),
        ({"scale": 0.5, "size": (2, 2)}, errors.OptionError),
        ({"scale": 0.0}, errors.OptionError),
        ({"scale": float("nan")}, errors.OptionError),
        ({"scale": 0.01}, errors.OptionError),
        ({"size": (0, 3)}, errors.OptionError),
        ({"scale": 0.5, "method": "cubic"}, errors.OptionError),
    ],
)
def test_refusals(arguments, error):
    with pytest.raises(error):
        imresize(np.zeros((8, 8)), **arguments)


def test_integers_and_lists_are_refused():
    with pytest.raises(errors.InputTypeError, match="uint8"):
        imresize(np.zeros((8, 8), np.uint8), 0.5)
    with pytest.raises(errors.InputTypeError):
        imresize([[1.0]], 2)
