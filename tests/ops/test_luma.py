"""The luma conversion: exact rounding for every 8-bit colour, any memory layout, and the check of the values."""

from __future__ import annotations

import numpy as np
import pytest

from visq.errors import InputError
from visq.ops import _numba_colour
from visq.ops.arrays import BT601, RGB2GRAY, read_one


def every_colour():
    return np.stack(np.meshgrid(*[np.arange(256, dtype=np.uint8)] * 3, indexing="ij"), -1).reshape(4096, 4096, 3)


def test_integer_luma_is_the_rounded_double_one_for_every_colour():
    colours = every_colour()
    expected = np.floor(colours @ np.array(RGB2GRAY) + 0.5)
    np.testing.assert_array_equal(read_one(colours).luma(255.0, keep_uint8=True)[0], expected)
    np.testing.assert_array_equal(read_one(colours).luma(255.0)[0], expected)


@pytest.mark.parametrize("weights", [RGB2GRAY, BT601])
def test_torch_rounds_every_colour_as_numpy_does(weights):
    torch = pytest.importorskip("torch")
    colours = every_colour()[::7]
    expected = read_one(colours).luma(255.0, weights=weights)
    tensor = torch.tensor(np.moveaxis(colours, -1, 0)[None])
    np.testing.assert_array_equal(read_one(tensor).luma(255.0, weights=weights).numpy(), expected)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("rounded", [False, True])
def test_any_layout_and_type_gives_the_formula(dtype, rounded):
    levels = np.random.default_rng(0).integers(0, 256, (2, 9, 14, 3))
    peak = {"uint8": 255, "uint16": 65535}.get(dtype, 1.0)
    x = (levels * (peak / 255)).astype(dtype)
    exact = x.astype(float) @ np.array(RGB2GRAY) * (255.0 / peak)
    exact = np.floor(exact + 0.5) if rounded else exact
    flipped = np.asfortranarray(x)[:, ::-1, ::-1]
    for image, expected in ((x, exact), (flipped, exact[:, ::-1, ::-1])):
        result = read_one(image).luma(255.0, rounded=rounded)
        np.testing.assert_allclose(result, expected, rtol=1e-12 if dtype == "float64" else 1e-6)


def test_the_callers_array_stays_writable_and_unchanged():
    x = np.random.default_rng(0).random((1, 3, 8, 9))
    before = x.copy()
    _numba_colour.value_range(x)
    _numba_colour.luma(x, 1.0, 255.0, RGB2GRAY, False, np.float64, False)
    assert x.flags.writeable
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_value_range_finds_the_extremes_and_anything_not_finite(dtype):
    x = np.random.default_rng(1).random((2, 3, 70, 37)).astype(dtype)
    assert _numba_colour.value_range(x) == (float(x.min()), float(x.max()))
    for bad in (np.nan, np.inf, -np.inf):
        for place in ((0, 0, 0, 0), (1, 2, 69, 36), (1, 1, 64, 5)):
            broken = x.copy()
            broken[place] = bad
            assert np.isnan(_numba_colour.value_range(broken)).all()


def test_subclasses_of_arrays():
    """A matrix keeps two axes whatever is asked of it, which led compiled code beyond its end."""
    image = np.random.default_rng(0).random((40, 50))
    found = read_one(image.view(np.matrix)).luma(1.0)
    np.testing.assert_array_equal(found, read_one(image).luma(1.0))
    with pytest.raises(InputError, match="image has masked pixels"):
        read_one(np.ma.masked_array(image, image > 0.5))
