"""Gradients, block means and colour matrices against SciPy, and the two engines against each other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.signal import convolve2d

from visq.errors import OptionError
from visq.ops import blocks, colour, gradients
from visq.ops.arrays import read_one

SCIPY_MODE = {"zero": "constant", "replicate": "nearest", "symmetric": "reflect", "reflect": "mirror"}
# The kernels as MATLAB's help pages print them, divided as the papers divide them.
PRINTED = {
    "prewitt": np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]]) / 3,
    "scharr": np.array([[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]]) / 16,
    "sobel": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4,
}


def image(shape=(13, 17), seed=0):
    return np.random.default_rng(seed).uniform(0, 255, shape)


def torch_of(x, **options):
    torch = pytest.importorskip("torch")
    return torch.tensor(x, **options)


@pytest.mark.parametrize("kernel", PRINTED)
@pytest.mark.parametrize("border", SCIPY_MODE)
def test_components_and_magnitude_are_scipys(kernel, border):
    x = image()
    across, down = gradients.components(x, kernel, border=border)
    expected = [ndimage.correlate(x, k, mode=SCIPY_MODE[border]) for k in (PRINTED[kernel], PRINTED[kernel].T)]
    np.testing.assert_allclose(across, expected[0], atol=1e-12 * 255)
    np.testing.assert_allclose(down, expected[1], atol=1e-12 * 255)
    np.testing.assert_allclose(gradients.magnitude(x, kernel, border=border), np.hypot(*expected), atol=1e-12 * 255)


@pytest.mark.parametrize("kernel", PRINTED)
def test_valid_is_the_inside(kernel):
    x = image((2, 9, 8))
    inside = gradients.magnitude(x, kernel, border="valid")
    assert inside.shape == (2, 7, 6)
    np.testing.assert_allclose(inside, gradients.magnitude(x, kernel)[:, 1:-1, 1:-1], rtol=1e-12)


@pytest.mark.parametrize("border", [*SCIPY_MODE, "valid"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_engines_agree(border, dtype, tolerance):
    x = image((2, 9, 12)).astype(dtype)
    for kernel in PRINTED:
        ours = gradients.magnitude(x, kernel, border=border)
        theirs = gradients.magnitude(torch_of(x), kernel, border=border).numpy()
        assert ours.dtype == theirs.dtype == dtype
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * 255)


def test_flat_image_has_gradient_zero_and_finite_derivative():
    torch = pytest.importorskip("torch")
    x = torch.full((5, 6), 3.0, dtype=torch.float64, requires_grad=True)
    length = gradients.magnitude(x, border="replicate")
    assert not length.any()
    length.sum().backward()
    assert not x.grad.any()


def test_gradcheck():
    torch = pytest.importorskip("torch")
    x = torch_of(image((6, 7)), requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: gradients.magnitude(z, "scharr"), x)


def test_unknown_kernel_names_the_known_ones():
    with pytest.raises(OptionError, match="prewitt, scharr, sobel"):
        gradients.magnitude(image(), "roberts")


@pytest.mark.parametrize("shape", [(12, 16), (13, 17), (5, 4), (1, 7)])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_block_mean_is_filter_then_stride(shape, size):
    x = image(shape)
    before = blocks.imfilter_offset(size)
    padded = np.pad(x, ((before, size), (before, size)))
    dense = convolve2d(padded, np.full((size, size), 1 / size**2), "valid")
    expected = dense[: shape[0] : size, : shape[1] : size]
    np.testing.assert_allclose(blocks.block_mean(x, size, before=before), expected, rtol=1e-12)
    theirs = blocks.block_mean(torch_of(x), size, before=before)
    np.testing.assert_allclose(theirs.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 3])
def test_colour_block_mean_is_conversion_of_the_means(dtype, channels):
    levels = np.random.default_rng(1).integers(0, 256, (2, 11, 14, channels))
    scale = {"uint8": 1, "uint16": 257}.get(dtype, 1 / 255)
    batch = read_one((levels * scale).astype(dtype))
    rgb = np.broadcast_to(np.moveaxis(levels, -1, 1), (2, 3, 11, 14)).astype(float)
    expected = colour.rgb_to_lmn(blocks.block_mean(rgb, 3, before=1))
    out = blocks.colour_block_mean(batch, colour.LMN, 3, before=1)
    assert out.dtype == (np.float64 if dtype == "float64" else np.float32)
    # Half precision holds a level to 1/8.
    tolerance = {"float64": 1e-10, "float16": 0.2}.get(dtype, 2e-4)
    np.testing.assert_allclose(out, expected, atol=tolerance)


def test_yiq_of_primaries():
    rgb = np.eye(3)[:, :, None, None]
    np.testing.assert_array_equal(colour.rgb_to_yiq(rgb)[:, :, 0, 0].T, colour.YIQ)
    torch = pytest.importorskip("torch")
    np.testing.assert_array_equal(colour.rgb_to_yiq(torch.tensor(rgb)).numpy(), colour.rgb_to_yiq(rgb))
