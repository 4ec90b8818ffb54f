"""Scene statistics against SciPy: normalised coefficients, sums over blocks, fits to samples of known shape."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage
import scipy.special
import scipy.stats

from visq.errors import OptionError
from visq.ops import statistics
from visq.ops.resize import imresize
from visq.ops.scales import half_size
from visq.ops.threads import set_threads

SHIFTS = ((0, 1), (1, 0), (1, 1), (1, -1))


def _picture(height, width, seed=0):
    rng = np.random.default_rng(seed)
    return scipy.ndimage.gaussian_filter(rng.uniform(0, 255, (height, width)), 1.0) + rng.normal(0, 3, (height, width))


def _scipy_coefficients(x, mode):
    def blur(plane):
        return scipy.ndimage.gaussian_filter(plane, 7 / 6, mode=mode, cval=0.0, radius=3)

    mean = blur(x)
    deviation = np.sqrt(np.abs(blur(x * x) - mean**2))
    return (x - mean) / (deviation + 1), deviation


@pytest.mark.parametrize(("border", "mode"), [("replicate", "nearest"), ("zero", "constant")])
@pytest.mark.parametrize("shape", [(40, 61), (9, 8)])
def test_coefficients_are_those_of_scipy(border, mode, shape):
    x = _picture(*shape)
    y, deviation = statistics.coefficients(x, border=border)
    expected, spread = _scipy_coefficients(x, mode)
    # Both are float64; E[x^2] - mean^2 cancels four digits of sixteen.
    np.testing.assert_allclose(y, expected, atol=1e-10)
    np.testing.assert_allclose(deviation, spread, atol=1e-9)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_the_type_of_whole_levels_does_not_matter(dtype):
    x = np.clip(_picture(64, 64), 0, 255).round()
    sums, deviation = statistics.block_sums(x.astype(dtype), 32, 32)
    expected, spread = statistics.block_sums(x, 32, 32)
    np.testing.assert_array_equal(sums, expected)
    np.testing.assert_array_equal(deviation, spread)


@pytest.mark.parametrize("blocks", [(24, 16), (48, 80), (48, 20)])
@pytest.mark.parametrize("border", ["replicate", "zero"])
def test_fused_sums_are_those_of_the_stored_maps(blocks, border):
    x = _picture(48, 80)
    height, width = blocks
    sums, sharpness = statistics.block_sums(x, height, width, border=border)
    y, deviation = statistics.coefficients(x, border=border)
    for i in range(48 // height):
        for j in range(80 // width):
            part = np.s_[i * height : (i + 1) * height, j * width : (j + 1) * width]
            maps = [y[part], *(y[part] * np.roll(y[part], shift, (0, 1)) for shift in SHIFTS)]
            expected = statistics.sums_of(np.stack([m.ravel() for m in maps]))
            # Added in another order.
            np.testing.assert_allclose(sums[i, j], expected, rtol=1e-12)
            assert sharpness[i, j] == pytest.approx(deviation[part].mean(), rel=1e-12)


def test_threads_do_not_change_a_bit():
    x = _picture(300, 96)
    try:
        set_threads(1)
        one = [statistics.block_sums(x, *blocks)[0] for blocks in ((300, 96), (60, 48))]
        set_threads(2)
        two = [statistics.block_sums(x, *blocks)[0] for blocks in ((300, 96), (60, 48))]
    finally:
        set_threads(None)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("border", ["replicate", "zero"])
@pytest.mark.parametrize("flat", statistics.FLAT)
def test_torch_gives_the_same_sums(border, flat):
    torch = pytest.importorskip("torch")
    x = np.clip(_picture(48, 96), 0, 255).round()
    x[8:24, 8:40] = 87
    sums, sharpness = statistics.block_sums(x, 24, 48, border=border, flat=flat)
    got, sharp = statistics.block_sums(torch.from_numpy(x), 24, 48, border=border, flat=flat)
    np.testing.assert_array_equal(got[..., :2], sums[..., :2])
    np.testing.assert_allclose(got, sums, rtol=1e-11)
    # The deviation of a flat window is the root of a rounding error: up to 1e-5 instead of 0.
    np.testing.assert_allclose(sharp, sharpness, atol=1e-6)
    y, _ = statistics.coefficients(x, border=border, flat=flat)
    np.testing.assert_allclose(
        statistics.coefficients(torch.from_numpy(x), border=border, flat=flat)[0].numpy(), y, atol=1e-10
    )


def test_flat_windows_follow_the_stated_rule():
    for level, sign in ((87, -1), (103, 0), (153, 1), (249, 0), (248, -1)):
        x = np.full((9, 9), float(level))
        y, deviation = statistics.coefficients(x)
        assert np.sign(y).tolist() == np.full((9, 9), sign).tolist()
        assert np.abs(y).max() < 1e-12
        assert deviation.max() < 1e-4
        assert not statistics.coefficients(x, flat="zero")[0].any()


def test_the_signs_do_not_change_with_a_power_of_two():
    """Doubling is exact in binary arithmetic, so a rounding error keeps its sign."""
    assert len(statistics.FLAT_SIGNS) == 256
    assert all(statistics.FLAT_SIGNS[c] == statistics.FLAT_SIGNS[2 * c] for c in range(128))
    assert statistics.FLAT_SIGNS[0] == "0"


@pytest.mark.parametrize("shape", [0.5, 1.0, 2.0, 4.0])
def test_the_generalised_gaussian_of_scipy_is_recovered(shape):
    y = scipy.stats.gennorm.rvs(shape, scale=1.7, size=400_000, random_state=1)
    found, deviation = statistics.ggd_fit(statistics.sums_of(y), y.size)
    # Sampling error: about 0.3 % of the shape at this size, more for flat-topped ones.
    assert float(found) == pytest.approx(shape, rel=0.02)
    assert float(deviation) == pytest.approx(scipy.stats.gennorm.std(shape, scale=1.7), rel=0.01)


@pytest.mark.parametrize(("shape", "left", "right"), [(0.8, 1.0, 1.0), (1.0, 2.0, 1.0), (2.0, 0.5, 1.5)])
def test_the_asymmetric_one_is_recovered(shape, left, right):
    """Half a distribution on either side, in proportion to its scale, which is how the density is defined."""
    rng = np.random.default_rng(2)
    y = np.abs(scipy.stats.gennorm.rvs(shape, size=600_000, random_state=3))
    below = rng.uniform(size=y.size) < left / (left + right)
    y = np.where(below, -left * y, right * y)
    found, low, high = statistics.aggd_fit(statistics.sums_of(y), y.size)
    assert float(found) == pytest.approx(shape, rel=0.03)
    assert float(low * statistics.scale_of(found)) == pytest.approx(left, rel=0.03)
    assert float(high * statistics.scale_of(found)) == pytest.approx(right, rel=0.03)
    assert float(statistics.mean_of(found)) == pytest.approx(scipy.stats.gennorm.expect(abs, (shape,)), rel=0.03)


def test_fits_pick_what_a_full_search_of_the_grid_picks():
    grid = np.arange(200, 10001) / 1000
    first, second, third = (scipy.special.gamma(k / grid) for k in (1, 2, 3))
    rng = np.random.default_rng(4)
    for shape in rng.uniform(0.15, 12, 40):
        y = scipy.stats.gennorm.rvs(shape, size=300, random_state=rng)
        sums = statistics.sums_of(y)
        ratio = (y**2).mean() / np.abs(y).mean() ** 2
        assert statistics.ggd_fit(sums, 300)[0] == grid[np.argmin(np.abs(ratio - first * third / second**2))]
        left, right = np.sqrt((y[y < 0] ** 2).mean()), np.sqrt((y[y > 0] ** 2).mean())
        k = left / right
        wanted = (k**3 + 1) * (k + 1) / (k**2 + 1) ** 2 / ratio
        found = statistics.aggd_fit(sums, 300)
        assert found[0] == grid[np.argmin((second**2 / (first * third) - wanted) ** 2)]
        assert float(found[1]) == pytest.approx(left)
        assert float(found[2]) == pytest.approx(right)


def test_an_empty_side_is_undefined_and_has_the_smallest_shape():
    shape, left, right = statistics.aggd_fit(statistics.sums_of(np.array([-1.0, -2.0, 0.0])), 3)
    assert (float(shape), float(left), bool(np.isnan(right))) == (0.2, pytest.approx(np.sqrt(2.5)), True)
    shape, deviation = statistics.ggd_fit(statistics.sums_of(np.zeros(4)), 4)
    assert (float(shape), float(deviation)) == (0.2, 0.0)


def test_half_size_in_bands_is_half_size_in_one():
    x = _picture(1200, 21)
    assert half_size(x).dtype == np.float64
    np.testing.assert_array_equal(half_size(x), imresize(x, 0.5))
    odd = _picture(1033, 5)
    single = odd.astype(np.float32)
    np.testing.assert_array_equal(half_size(single), imresize(single.astype(np.float64), 0.5))


def test_wrong_options_are_refused():
    with pytest.raises(OptionError, match="flat"):
        statistics.coefficients(np.zeros((8, 8)), flat="sky")
    with pytest.raises(OptionError, match="blocks"):
        statistics.block_sums(np.zeros((9, 8)), 4, 4)
