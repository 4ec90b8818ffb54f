"""Operators against other programs, against brute force, and against what their formulas say."""

from __future__ import annotations

import numpy as np
import pytest
from distortion_pictures import photo
from scipy import ndimage
from scipy.interpolate import UnivariateSpline
from skimage import color, filters

from visq.distortions import blur, colour, noise, resampling, sharpness, spatial, tone, transform_noise


def _rng():
    return np.random.default_rng(5)


def _photo():
    return photo() / 255.0


def test_gaussian_blur_is_scipys():
    # SciPy cuts the taps at the rounded multiple, we at the next whole pixel: 1e-4 of the weight lies beyond.
    expected = ndimage.gaussian_filter(_photo(), (2.0, 2.0, 0), mode="nearest", truncate=4.0)
    np.testing.assert_allclose(blur.gaussian_blur(_photo(), 2.0), expected, atol=1e-12)


@pytest.mark.parametrize("radius", [0.4, 1.0, 2.5, 6.0, 8.0])
def test_the_disc_is_the_share_of_each_pixel_inside(radius):
    fine = 64
    kernel = blur.disc(radius)
    reach = kernel.shape[0] // 2
    axis = (np.arange((2 * reach + 1) * fine) + 0.5) / fine - reach - 0.5
    inside = (axis[:, None] ** 2 + axis**2 < radius**2).reshape(2 * reach + 1, fine, 2 * reach + 1, fine)
    expected = inside.mean(axis=(1, 3))
    # Counting points errs by about their spacing times the length of the edge inside a pixel.
    np.testing.assert_allclose(kernel, expected / expected.sum(), atol=2e-3 / max(radius, 0.5) ** 2)


def test_convolution_by_the_fourier_transform_is_the_direct_one():
    kernel = blur.stroke(9.0, 30.0)
    plane = _photo()[..., 0]
    np.testing.assert_allclose(
        blur.convolve(plane, kernel), ndimage.convolve(plane, kernel, mode="nearest"), atol=1e-12
    )


def test_strokes_have_their_length_and_direction():
    for angle, (down, across) in {0: (0, 1), 45: (-1, 1), 90: (1, 0), 135: (1, 1)}.items():
        kernel = blur.stroke(15.0, float(angle))
        y, x = np.mgrid[: kernel.shape[0], : kernel.shape[1]].astype(float)
        y, x = y - y.mean(), x - x.mean()
        spread = np.cov(np.stack([y.ravel(), x.ravel()]), aweights=kernel.ravel(), bias=True)
        values, vectors = np.linalg.eigh(spread)
        assert abs(np.dot(vectors[:, 1], [down, across])) / np.hypot(down, across) == pytest.approx(1, abs=1e-6)
        # A thin stroke of length n - 1 has the variance (n - 1)^2 / 12; its soft edges add less than 1.
        assert 14**2 / 12 <= values[1] < 14**2 / 12 + 3
        assert values[0] < 0.4


def test_motion_along_an_axis_is_a_box():
    image = _photo()
    out = blur.motion_blur(image, 5.0, rng=_rng(), angles=(0.0,))
    np.testing.assert_allclose(out, ndimage.uniform_filter1d(image, 5, axis=1, mode="nearest"), atol=1e-12)


def test_saturation_in_hsv_is_scikit_images():
    image = _photo()
    hsv = color.rgb2hsv(image)
    for factor in (0.4, 0.0, -0.4):
        hsv_scaled = np.stack([hsv[..., 0], hsv[..., 1] * factor, hsv[..., 2]], axis=2)
        np.testing.assert_allclose(
            colour.saturate_hsv(image, factor), np.clip(color.hsv2rgb(hsv_scaled), 0, 1), atol=1e-12
        )


def test_saturation_in_lab_is_scikit_images():
    image = _photo()
    lab = color.rgb2lab(image)
    lab[..., 1:] *= 2.0
    import warnings

    with warnings.catch_warnings():  # of colours that lie outside
        warnings.simplefilter("ignore")
        expected = color.lab2rgb(lab)
    # Their white is a table's and their inverse matrix has seven digits: up to 0.005 of a and b, doubled.
    np.testing.assert_allclose(colour.saturate_lab(image, 2.0), np.clip(expected, 0, 1), atol=2e-3)


def test_running_colours_keep_lightness():
    image = _photo()
    out = colour.colour_diffuse(image, 1.0)
    inside = (out > 0.002).all(axis=2) & (out < 0.998).all(axis=2)
    assert np.abs(color.rgb2lab(out) - color.rgb2lab(image))[inside, 0].max() < 0.01
    assert filters.sobel(color.rgb2lab(out)[..., 1]).mean() < filters.sobel(color.rgb2lab(image)[..., 1]).mean() / 2


def test_only_green_is_shifted():
    image = _photo()
    out = colour.colour_shift(image, 6.0, rng=_rng())
    np.testing.assert_array_equal(out[..., ::2], image[..., ::2])
    assert np.abs(out - image)[..., 1].max() > 0.1
    flat = np.full((32, 32, 3), 0.4)
    np.testing.assert_array_equal(colour.colour_shift(flat, 6.0, rng=_rng()), flat)


def test_chromatic_aberration_moves_red_outwards_and_blue_inwards():
    image = np.zeros((101, 101, 3))
    image[50, 80] = 1.0
    out = colour.chromatic_aberration(image, 7.0)
    where = [np.average(np.arange(101), weights=np.clip(out[50, :, k], 0, None)) for k in range(3)]
    moved = 7.0 * 30 / (50 * np.sqrt(2))
    assert where[0] - 80 == pytest.approx(moved, abs=0.35)
    assert where[1] == 80
    assert 80 - where[2] == pytest.approx(moved, abs=0.35)


@pytest.mark.parametrize("amount", [0.1, 0.7, 1.1])
def test_curves_of_brightness_are_splines_through_three_points(amount):
    x = np.linspace(0, 1, 101).reshape(1, -1, 1)
    dark = UnivariateSpline([0, 0.5, 1], [0, 0.5 - amount / 2, 1], k=2)(x)
    np.testing.assert_allclose(tone.darken(x, amount), np.clip(dark, 0, 1), atol=1e-12)
    grey = tone.brighten(x, amount)
    assert (grey >= x - 1e-12).all()


def test_the_contrast_curve_goes_through_its_points_and_minus_a_fifth_is_nearly_nothing():
    x = np.linspace(0, 1, 101).reshape(1, -1, 1)
    assert np.abs(tone.contrast_curve(x, -0.2) - x).max() < 1e-12
    assert tone.contrast_curve(x, -0.6).ravel()[[30, 50, 70]] == pytest.approx([0.4, 0.5, 0.6])


def test_thresholds_are_the_best_ones():
    rng = _rng()
    values = rng.choice(np.arange(0, 256, 17), 400, p=rng.dirichlet(np.ones(16)))
    found = tone.quantize_adaptive((values / 255.0).reshape(20, 20, 1), 2).ravel()

    def within(labels):
        return sum(((values[labels == k] - values[labels == k].mean()) ** 2).sum() for k in np.unique(labels))

    levels = np.unique(values)
    best = min(within(np.searchsorted([a, b], values)) for i, a in enumerate(levels[:-2]) for b in levels[i + 1 : -1])
    assert within(np.unique(found, return_inverse=True)[1]) == pytest.approx(best)


def test_noise_has_its_variance():
    grey = np.full((200, 200, 3), 0.5)
    spread = 3 * np.sqrt(2 / 120000)  # three standard errors of a variance
    for operator in (noise.gaussian_noise, noise.correlated_noise, noise.high_frequency_noise):
        assert (operator(grey, 0.01, rng=_rng()) - grey).var() == pytest.approx(0.01, rel=spread)
    speckle = noise.multiplicative_noise(grey, 0.01, rng=_rng()) - grey
    assert speckle.var() == pytest.approx(0.0025, rel=spread)


def test_colour_noise_is_that_of_scikit_image():
    # The same noise added by its conversions: theirs and MATLAB's studio range.
    image = _photo()
    added = np.sqrt(0.001) * _rng().standard_normal((*image.shape[:2], 3))
    expected = color.ycbcr2rgb(color.rgb2ycbcr(image) + 255.0 * added)
    # The inverse of their three-digit matrix and of ours differ by 1e-3 of the noise, which is below 0.2.
    np.testing.assert_allclose(noise.colour_noise(image, 0.001, rng=_rng()), expected, atol=1e-3)


def test_spectra_of_correlated_and_high_frequency_noise():
    grey = np.full((128, 128, 1), 0.5)
    power = {}
    for operator in (noise.gaussian_noise, noise.correlated_noise, noise.high_frequency_noise):
        spectrum = np.abs(np.fft.fft2((operator(grey, 0.01, rng=_rng()) - 0.5)[..., 0])) ** 2
        power[operator.__name__] = spectrum[1:12, 1:12].mean() / spectrum[40:88, 40:88].mean()
    assert power["correlated_noise"] > 100 * power["gaussian_noise"]
    assert power["high_frequency_noise"] < power["gaussian_noise"] / 10


def test_masked_noise_hides_in_texture():
    image = np.full((64, 128, 1), 0.5)
    image[:, 64:] += 0.2 * np.sign(_rng().standard_normal((64, 64, 1)))
    added = noise.masked_noise(image, 0.5, rng=_rng()) - image
    assert added[:, 72:].std() > 20 * added[:, :56].std()


def test_impulses_are_black_and_white_by_halves():
    out = noise.impulse_noise(np.full((300, 300, 3), 0.5), 0.02, rng=_rng())
    for value in (0.0, 1.0):
        assert (out == value).all(axis=2).mean() == pytest.approx(0.01, rel=0.1)  # 3 standard errors
    single = noise.impulse_noise(np.full((300, 300, 3), 0.5), 0.02, rng=_rng(), per_channel=True)
    assert (single != 0.5).mean() == pytest.approx(0.02, rel=0.1)
    assert (single != 0.5).all(axis=2).mean() < 0.001


def test_denoising_by_transforms_removes_noise():
    image = np.clip(_photo(), 0.2, 0.8)
    noisy = image + 0.1 * np.random.default_rng(5).standard_normal(image.shape)
    left = transform_noise.denoise_dct(image, 0.01, rng=_rng())
    assert ((left - image) ** 2).mean() < ((noisy - image) ** 2).mean() / 4


def test_comfort_noise_keeps_the_power_of_every_coefficient():
    from visq.ops.dct import block_dct

    image = _photo()[:, :, :1]
    out = transform_noise.comfort_noise(image, 0.05, rng=_rng())
    a, b = (np.abs(block_dct(np.ascontiguousarray(x[..., 0]))) for x in (image, out))
    np.testing.assert_allclose(a, b, atol=1e-12)


def test_sharpening_is_the_difference_of_differences():
    grey = photo()[..., :1] / 255.0 * 0.5 + 0.25
    lightness = color.rgb2lab(np.repeat(grey, 3, axis=2))[..., 0]
    curvature = sum(np.gradient(np.gradient(lightness, axis=k), axis=k) for k in (0, 1))
    out = color.rgb2lab(np.repeat(sharpness.sharpen(grey, 1.0), 3, axis=2))[..., 0]
    np.testing.assert_allclose(out, np.clip(lightness - curvature, 0, 100), atol=0.01)


def test_unsharp_masking_widens_steps():
    step = np.repeat([0.3, 0.6], 20).reshape(1, 40, 1).repeat(20, 0)
    out = sharpness.unsharp_mask(step, 1.0)
    assert out.min() < 0.25
    assert out.max() > 0.65


def test_blocks_and_patches_lie_where_they_may():
    out = spatial.colour_blocks(_photo(), 3.0, rng=_rng())
    changed = (out != _photo()).any(axis=2)
    assert 1000 <= changed.sum() <= 3 * 32 * 32
    moved = spatial.move_patches(_photo(), 50.0, rng=_rng())
    assert set(np.unique(moved)) <= set(np.unique(_photo()))
    edge = np.ones(moved.shape[:2], bool)
    edge[8:-8, 8:-8] = False
    np.testing.assert_array_equal(moved[edge], _photo()[edge])


def test_offsets_of_blocks_keep_their_error():
    grey = np.full((384, 512, 1), 0.5)
    for count in (2, 8, 32):
        error = ((spatial.block_offsets(grey, count, rng=_rng(), psnr=27.0) - grey) ** 2).mean()
        # Blocks may overlap; twice the error is 3 dB.
        assert -10 * np.log10(error) == pytest.approx(27.0, abs=1.5)


def test_jitter_of_nothing_is_nothing_and_stays_near():
    image = _photo()
    np.testing.assert_allclose(spatial.jitter(image, 0.0, rng=_rng()), image, atol=1e-12)
    out = spatial.jitter(image, 1.0, rng=_rng())
    assert np.abs(ndimage.gaussian_filter(out - image, (6, 6, 0))).max() < 0.2


def test_pixelation_repeats_pixels_of_the_picture():
    out = spatial.pixelate(_photo(), 0.5)
    assert len(np.unique(out.reshape(-1, 3), axis=0)) <= 0.291**2 * out.shape[0] * out.shape[1]
    assert set(np.unique(out)) <= set(np.unique(_photo()))


def test_sparse_samples_keep_what_is_there():
    image = _photo()
    out = spatial.sparse_samples(image, 0.7, rng=_rng())
    same = (out == image).all(axis=2).mean()
    assert 0.29 <= same <= 0.33
    assert np.abs(out - image).mean() < 0.05
    np.testing.assert_allclose(spatial.sparse_samples(np.full((16, 16, 1), 0.3), 0.98, rng=_rng()), 0.3, atol=1e-12)


def test_resizing_by_mean_and_repetition_is_blocks_of_means():
    image = _photo()
    out = resampling.resize(image, 4, down="area", up="nearest")
    means = image.reshape(48, 4, 64, 4, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(out, means.repeat(4, 0).repeat(4, 1), atol=1e-12)


def test_few_colours_are_few_and_of_the_picture():
    for count in (2, 8, 64):
        out = colour.few_colours(_photo(), count)
        assert len(np.unique(out.reshape(-1, 3), axis=0)) <= count
    blurred = ndimage.gaussian_filter(out - _photo(), (4, 4, 0))
    assert np.abs(blurred).mean() < 0.02  # the error is diffused


@pytest.mark.parametrize("count", [8, 64])
def test_the_palette_serves_the_picture_better_than_median_cut(count):
    from PIL import Image

    from visq.distortions.palette import minimum_variance_palette

    def error(colours):
        pixels = photo().reshape(-1, 3).astype(float)
        return ((pixels[:, None] - colours[None].astype(float)) ** 2).sum(axis=2).min(axis=1).mean()

    cut = Image.fromarray(photo()).quantize(count, method=Image.Quantize.MEDIANCUT)
    found = minimum_variance_palette(photo(), count)
    assert found.shape == (count, 3)
    assert error(found) < error(np.array(cut.getpalette()).reshape(-1, 3)[:count])


def test_patches_move_by_up_to_8_in_either_direction_and_seldom_stay():
    """Re-IQA's code takes the whole part of a place, so that all of -8 to 7 are as likely."""
    image = np.arange(48.0 * 48.0).reshape(48, 48, 1) / 48**2  # room for one place alone to copy from, row 16
    changed = [spatial.move_patches(image, 1.0, rng=np.random.default_rng(seed)) != image for seed in range(400)]
    rows = [np.flatnonzero(c.any(axis=(1, 2))) for c in changed]
    assert {int(r[0]) - 16 for r in rows if r.size} == set(range(-8, 8))
    assert sum(r.size == 0 for r in rows) < 8  # 1 in 256
