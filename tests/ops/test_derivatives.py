"""Statistics of Gaussian derivatives: sums and Weibull fits against SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats

from visq.errors import OptionError
from visq.ops import derivatives
from visq.ops.statistics import sums_of


def _plane(height=60, width=90):
    return np.random.default_rng(0).normal(size=(height, width)).cumsum(axis=1)


def test_sums_are_those_of_the_derivatives():
    x, sigma, side = _plane(), 1.3, 30
    even, odd = derivatives.taps(sigma)
    sums, _ = derivatives.block_statistics(x, side, sigma)

    def along(rows, columns):
        y = scipy.ndimage.correlate1d(x, rows, axis=0, mode="constant")
        return scipy.ndimage.correlate1d(y, columns, axis=1, mode="constant")

    for k, plane in enumerate((x, along(even, odd), along(odd, even))):
        blocks = plane.reshape(2, side, 3, side).swapaxes(1, 2).reshape(6, -1)
        np.testing.assert_allclose(sums[:, k], sums_of(blocks), rtol=1e-10)


def test_derivatives_have_the_sign_and_size_of_a_slope():
    sigma = 1.5
    x = np.tile(np.arange(60.0), (60, 1))
    sums, _ = derivatives.block_statistics(x, 20, sigma)
    even, odd = derivatives.taps(sigma)
    middle = sums[4]
    # The sum over t of t^2 exp(-t^2 / (2 sigma^2)) times that of the window across; convolution turns the kernel about.
    t = np.arange(len(even)) - len(even) // 2
    assert middle[1, :2].tolist() == [400, 0]
    assert middle[1, 2] / 400 == pytest.approx((t * -odd).sum() * even.sum())
    assert middle[2].tolist() == [0, 0, 0, 0, 0]


def test_weibull_fits_are_those_of_scipy():
    x, side = _plane(), 30
    even, odd = derivatives.taps(1.0)
    _, weibull = derivatives.block_statistics(x, side, 1.0)
    dx, dy = (
        scipy.ndimage.correlate1d(scipy.ndimage.correlate1d(x, r, axis=0, mode="constant"), c, axis=1, mode="constant")
        for r, c in ((even, odd), (odd, even))
    )
    sizes = np.hypot(dx, dy)[:30, 60:].ravel()
    shape, _, scale = scipy.stats.weibull_min.fit(sizes, floc=0)
    # SciPy's simplex search stops at 1e-4.
    np.testing.assert_allclose(weibull[2], [scale, shape], rtol=1e-3)
    np.testing.assert_allclose(derivatives.weibull_fit(sizes), weibull[2], rtol=1e-9)


@pytest.mark.parametrize("shape", [0.1, 0.5, 1.0, 3.0, 40.0])
def test_the_fit_solves_the_equation_of_greatest_likelihood(shape):
    x = 7 * np.random.default_rng(1).weibull(shape, 5000) + 1e-300
    scale, k = derivatives.weibull_fit(x)
    logs = np.log(x)
    weights = np.exp(k * (logs - logs.max()))
    assert (weights * logs).sum() / weights.sum() - 1 / k == pytest.approx(logs.mean(), rel=1e-9, abs=1e-9 / k)
    assert np.mean((x / scale) ** k) == pytest.approx(1, rel=1e-9)


def test_two_levels_far_apart_and_one_level():
    # Areas without gradient beside an edge: the likelihood is far from that of any Weibull distribution.
    scale, shape = derivatives.weibull_fit(np.repeat([2.0**-52, 50.0], [5000, 200]))
    assert 0 < shape < 0.2
    assert np.isfinite(scale)
    assert derivatives.weibull_fit(np.full(100, 3.0)) == (pytest.approx(3.0), np.inf)


def test_one_level_has_no_derivative_but_at_the_border():
    sums, weibull = derivatives.block_statistics(np.full((90, 90), 87.3), 30, 1.66)
    assert not sums[4, 1:].any()
    assert weibull[4, 0] == pytest.approx(2.0**-52)
    assert weibull[4, 1] == np.inf
    assert sums[0, 1:].any()


def test_blocks_have_to_fit():
    with pytest.raises(OptionError, match="multiples of 32"):
        derivatives.block_statistics(np.zeros((64, 90)), 32, 1.0)
