"""The block cosine transform against SciPy's, its inverse, and its engines against each other."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.fft

import samples
from visq.errors import OptionError, SizeError
from visq.ops.dct import block_dct, dct_matrix, inverse_block_dct
from visq.ops.threads import set_threads


def _grey(height, width):
    return samples.picture(height, width, grey=True).astype(float)


@pytest.mark.parametrize(("size", "step"), [(8, 8), (8, 4), (4, 3), (16, 1), (1, 1)])
def test_scipy(size, step):
    x = _grey(37, 50)
    blocks = block_dct(x, size, step)
    rows, columns = (37 - size) // step + 1, (50 - size) // step + 1
    assert blocks.shape == (rows, columns, size, size)
    for r, c in ((0, 0), (rows - 1, columns - 1), (rows // 2, 0)):
        block = x[r * step : r * step + size, c * step : c * step + size]
        # Sums of up to 32 products of 255: 1e-13 each.
        np.testing.assert_allclose(blocks[r, c], scipy.fft.dctn(block, norm="ortho"), rtol=0, atol=1e-11)


def test_orthonormal():
    for size in (1, 2, 8, 11):
        d = dct_matrix(size)
        np.testing.assert_allclose(d @ d.T, np.eye(size), atol=1e-14)


def test_leading_axes_and_threads():
    x = np.stack([_grey(80, 72), _grey(90, 72)[10:, ::-1]])
    try:
        set_threads(1)
        one = block_dct(x)
        set_threads(3)
        three = block_dct(x)
    finally:
        set_threads(None)
    np.testing.assert_array_equal(one, three)
    np.testing.assert_array_equal(block_dct(x[1]), one[1])


def test_single_precision():
    x = _grey(40, 48)
    single = block_dct(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, block_dct(x), rtol=0, atol=1e-3)


@pytest.mark.parametrize("step", [8, 3])
def test_torch_agrees(step):
    torch = pytest.importorskip("torch")
    x = np.stack([_grey(41, 50), _grey(41, 50)[::-1]])
    theirs = block_dct(torch.from_numpy(x.copy()), step=step)
    np.testing.assert_allclose(theirs.numpy(), block_dct(x, step=step), rtol=0, atol=1e-11)


def test_refusals():
    with pytest.raises(SizeError, match="8x8"):
        block_dct(np.zeros((7, 20)))
    with pytest.raises(OptionError):
        block_dct(np.zeros((9, 20)), step=0)


@pytest.mark.parametrize("size", [4, 8])
def test_the_inverse_is_scipys(size):
    blocks = np.random.default_rng(3).standard_normal((2, 5, 3, size, size))
    expected = scipy.fft.idctn(blocks, axes=(-2, -1), norm="ortho")
    expected = expected.swapaxes(-3, -2).reshape(2, 5 * size, 3 * size)
    np.testing.assert_allclose(inverse_block_dct(blocks), expected, atol=1e-12)
