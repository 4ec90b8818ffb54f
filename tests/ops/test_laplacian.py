"""The pyramid step against SciPy's dense filters, and the fused kernels against the plain operations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from visq.ops import _numba_nlpd
from visq.ops.laplacian import TAPS, double, halve

SHAPES = [(1, 1), (1, 9), (2, 2), (3, 8), (16, 17), (33, 70), (130, 65)]


def _plane(shape, seed=0):
    return np.random.default_rng(seed).random(shape)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_halving_is_a_dense_filter_and_every_second_pixel(shape):
    x = _plane(shape)
    dense = ndimage.correlate(x, np.outer(TAPS, TAPS), mode="reflect")[::2, ::2]
    np.testing.assert_allclose(halve(x), dense, rtol=0, atol=1e-15)
    np.testing.assert_allclose(_numba_nlpd.halve(x), dense, rtol=0, atol=1e-15)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("odd", [0, 1])
def test_doubling_is_a_dense_filter_of_spread_pixels(shape, odd):
    x = _plane(shape)
    wide = np.pad(x, 1, mode="edge")
    spread = np.zeros((2 * wide.shape[0], 2 * wide.shape[1]))
    spread[::2, ::2] = 4 * wide
    dense = ndimage.correlate(spread, np.outer(TAPS, TAPS), mode="constant")
    height, width = (2 * n - odd for n in shape)
    np.testing.assert_allclose(double(x, height, width), dense[2 : 2 + height, 2 : 2 + width], rtol=0, atol=2e-15)


def test_torch_gives_the_same():
    torch = pytest.importorskip("torch")
    x = _plane((19, 34))
    np.testing.assert_allclose(halve(torch.from_numpy(x)).numpy(), halve(x), rtol=0, atol=1e-15)
    np.testing.assert_allclose(double(torch.from_numpy(x), 37, 68).numpy(), double(x, 37, 68), rtol=0, atol=1e-15)
