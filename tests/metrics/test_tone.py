"""Colourfulness, contrast, exposure, clipping and entropy: against NumPy and SciPy, by hand, and how they move."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats
import torch

import samples
import visq
from visq.errors import OptionError
from visq.metrics.colourfulness import colourfulness
from visq.metrics.contrast import contrast
from visq.metrics.entropy import entropy
from visq.metrics.exposure import clipping, exposure
from visq.ops.lab import rgb_to_lab

SHAPES = [(1, 1), (1, 9), (7, 1), (2, 3), (70, 131)]
METHODS = ("rms", "michelson", "percentile")
VARIANTS = ("m1", "m2", "m3")


def _images(shape):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (*shape, 3), dtype=np.uint8), rng.random((*shape, 3))


def _tensor(image):
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(image, -1, 0)))[None]


def _scaled(image):
    return image / 255.0 if image.dtype == np.uint8 else image


# Colourfulness -----------------------------------------------------------------------------------------------


def _colourfulness(image, variant):
    rgb = _scaled(image)
    if variant == "m3":
        red, green, blue = np.moveaxis(255 * rgb, -1, 0)
        a, b = red - green, (red + green) / 2 - blue
        return np.sqrt(a.var() + b.var()) + 0.3 * np.sqrt(a.mean() ** 2 + b.mean() ** 2)
    _, a, b = rgb_to_lab(np.moveaxis(rgb, -1, 0))
    spread = np.sqrt(a.var() + b.var())
    if variant == "m1":
        return spread + 0.37 * np.hypot(a.mean(), b.mean())
    return spread + 0.94 * np.hypot(a, b).mean()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_colourfulness_against_numpy(shape, variant):
    for image in _images(shape):
        expected = _colourfulness(image, variant)
        assert colourfulness(image, variant=variant) == pytest.approx(expected, rel=1e-10)
        assert float(colourfulness(_tensor(image), variant=variant)) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_grey_picture_has_no_colour(variant):
    image = samples.picture(40, 50, grey=True)
    for grey in (image, np.stack([image] * 3, axis=-1), image / 255.0):
        # Lab of grey is grey to the digits of its matrix.
        assert colourfulness(grey, variant=variant) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("variant", VARIANTS)
def test_less_saturation_is_less_colourful(variant):
    picture = samples.picture(80, 90) / 255.0
    grey = picture.mean(axis=-1, keepdims=True)
    scores = [colourfulness(grey + share * (picture - grey), variant=variant) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert scores == sorted(scores)
    assert scores[0] < 1e-9 < 5 < scores[-1]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_gradient_of_a_grey_picture_is_finite(variant):
    for value in (0.0, 0.5, 1.0):
        image = torch.full((1, 3, 8, 8), value, dtype=torch.float64, requires_grad=True)
        colourfulness(image, variant=variant).sum().backward()
        assert torch.isfinite(image.grad).all()


def test_the_american_spelling_is_an_alias():
    assert visq.catalog.get("colorfulness").id == "colourfulness"


# Contrast ----------------------------------------------------------------------------------------------------


def _contrast(levels, method):
    if method == "rms":
        return levels.std()
    if method == "michelson":
        total = levels.max() + levels.min()
        return (levels.max() - levels.min()) / total if total else 0.0
    low, high = np.percentile(levels, [1, 99])
    return high - low


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_contrast_against_numpy(shape, method):
    for image in _images(shape):
        grey = np.ascontiguousarray(image[..., 1])
        expected = _contrast(_scaled(grey), method)
        assert contrast(grey, method=method) == pytest.approx(expected, rel=1e-12, abs=1e-15)
        assert float(contrast(_tensor(grey[..., None]), method=method)) == pytest.approx(expected, rel=1e-5, abs=1e-7)


def test_percentiles_of_a_histogram_are_those_of_the_pixels():
    # Few levels and many pixels: percentiles fall between levels and within them.
    rng = np.random.default_rng(6)
    for count in (2, 3, 50, 99, 100, 101, 1000):
        grey = rng.choice(np.array([3, 90, 91, 200], np.uint8), (count, 1), p=[0.02, 0.48, 0.48, 0.02])
        expected = np.subtract(*np.percentile(grey, [99, 1])) / 255
        assert contrast(grey, method="percentile") == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("method", METHODS)
def test_contrast_falls_with_the_amplitude(method):
    picture = samples.picture(80, 90) / 255.0
    scores = [contrast(0.5 + share * (picture - 0.5), method=method) for share in (0.0, 0.2, 0.5, 1.0)]
    assert scores == sorted(scores)
    assert scores[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0.0, 1 / 3, 1.0])
def test_a_flat_picture_has_no_contrast_and_a_finite_gradient(method, value):
    for dtype in (np.float32, np.float64):
        assert contrast(np.full((9, 8), value, dtype), method=method) == 0.0
    image = torch.full((1, 3, 8, 8), value, dtype=torch.float64, requires_grad=True)
    contrast(image, method=method).sum().backward()
    assert torch.isfinite(image.grad).all()


@pytest.mark.parametrize("method", METHODS)
def test_contrast_stays_in_its_range_where_pixels_leave_theirs(method):
    image = np.repeat(np.array([[-0.0009, 1.0009]]), 8, axis=0)
    assert contrast(image, method=method) == {"rms": 0.5, "michelson": 1.0, "percentile": pytest.approx(1.0)}[method]


# Exposure ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sigma", [0.2, 0.05, 1.0])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_exposure_against_numpy(shape, sigma):
    for image in _images(shape):
        values = np.exp(-((_scaled(image) - 0.5) ** 2).sum(axis=-1) / (2 * sigma**2))
        score, found = exposure(image, sigma=sigma, full=True)
        assert score == pytest.approx(values.mean(), rel=1e-12)
        # Single precision ends at 1e-38.
        np.testing.assert_allclose(found, values, rtol=1e-6, atol=1e-30)
        assert float(exposure(_tensor(image), sigma=sigma)) == pytest.approx(values.mean(), rel=1e-5)


def test_exposure_is_best_in_the_middle():
    picture = samples.picture(60, 70) / 255.0
    middle = 0.3 + 0.4 * picture
    assert exposure(middle) > exposure(middle**4)
    assert exposure(middle) > exposure(middle**0.25)


def test_the_map_of_exposure_pools_to_the_score():
    image = samples.picture(60, 70) / 255.0
    score, values = exposure(np.stack([image, image[::-1]]), full=True)
    np.testing.assert_allclose(values.mean(axis=(1, 2)), score, rtol=1e-12)


@pytest.mark.parametrize("sigma", [0.0, -1.0, float("nan"), float("inf")])
def test_an_unusable_sigma_is_refused(sigma):
    with pytest.raises(OptionError, match="sigma"):
        exposure(np.zeros((4, 4)), sigma=sigma)


@pytest.mark.parametrize("margin", [0, 1, 5])
def test_clipping_against_numpy(margin):
    rng = np.random.default_rng(7)
    image = rng.choice(np.array([0, 1, 2, 5, 6, 100, 249, 250, 253, 254, 255], np.uint8), (40, 50, 3))
    expected = ((image.min(axis=-1) <= margin) | (image.max(axis=-1) >= 255 - margin)).mean()
    for form in (image, image.astype(np.uint16) * 257, image / 255.0, np.float32(image) / np.float32(255)):
        assert clipping(form, margin=margin) == pytest.approx(expected, abs=1e-12)
    assert float(clipping(_tensor(image), margin=margin)) == pytest.approx(expected, rel=1e-6)
    assert float(clipping(_tensor(image / 255.0), margin=margin)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("margin", [-1, 128, float("nan")])
def test_an_unusable_margin_is_refused(margin):
    with pytest.raises(OptionError, match="margin"):
        clipping(np.zeros((4, 4)), margin=margin)


def test_overexposure_raises_clipping_at_every_step():
    picture = samples.picture(80, 90) / 255.0
    shares = [clipping(np.clip(gain * picture, 0, 1)) for gain in (1.0, 1.2, 1.5, 2.0, 3.0)]
    assert shares == sorted(shares)
    assert shares[0] < shares[-1]


# Entropy -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (5, 1), (3, 4), (70, 131), (64, 257)], ids=str)
def test_entropy_against_scipy(shape):
    image = np.random.default_rng(8).integers(0, 256, shape, dtype=np.uint8)
    expected = scipy.stats.entropy(np.bincount(image.ravel(), minlength=256), base=2)
    for form in (image, image.astype(np.uint16) * 257, image / 255.0):
        assert entropy(form) == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert float(entropy(torch.from_numpy(image))) == pytest.approx(expected, rel=1e-6, abs=1e-15)


def test_entropy_knows_no_place():
    image = samples.picture(60, 70, grey=True)
    shuffled = np.random.default_rng(9).permuted(image.ravel()).reshape(image.shape)
    assert entropy(shuffled) == entropy(image)


def test_entropy_of_what_leaves_its_range_within_the_tolerance():
    assert entropy(np.array([[-0.0009, 1.0009, 0.5, 0.5]])) == 1.5


def test_unknown_names_are_refused():
    image = np.zeros((4, 4))
    for call, name in ((lambda: contrast(image, method="weber"), "method"),
                       (lambda: colourfulness(image, variant="m4"), "variant")):  # fmt: skip
        with pytest.raises(OptionError, match=name):
            call()


def test_a_fraction_of_a_level_does_not_count_as_a_margin_whatever_the_input():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    forms = [levels, levels.astype(np.uint16) * 257, levels / 255.0, (levels / 255.0).astype(np.float32)]
    # Levels 0, 1 and 254, 255.
    assert [clipping(form, margin=1.5) for form in forms] == [4 / 256] * 4
    assert [clipping(form, margin=1) for form in forms] == [4 / 256] * 4


@pytest.mark.parametrize("sigma", [0.0, 1e-200, 1e200, float("nan")])
def test_a_width_beyond_all_pictures_is_refused(sigma):
    with pytest.raises(OptionError):
        exposure(np.full((4, 4), 0.5), sigma=sigma)
