"""The simple no-reference measures against scikit-image, OpenCV and PyWavelets, each where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.metrics.colourfulness import colourfulness
from visq.metrics.contrast import contrast
from visq.metrics.entropy import entropy
from visq.metrics.noise_estimate import noise_estimate
from visq.metrics.sharpness import sharpness_laplacian, tenengrad

SIZES = [(64, 80), (37, 51), (200, 301)]


def _library(name):
    try:
        return pytest.importorskip(name)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"{name} cannot be loaded: {error}")


def _greys():
    for height, width in SIZES:
        yield samples.picture(height, width, grey=True)
        yield samples.noisy(samples.picture(height, width, grey=True), 12)


def test_entropy():
    measure = _library("skimage.measure")
    for image in _greys():
        assert entropy(image) == pytest.approx(measure.shannon_entropy(image), rel=1e-12)


def test_percentile_contrast_decides_as_is_low_contrast():
    exposure = _library("skimage.exposure")
    picture = samples.picture(60, 70, grey=True) / 255.0
    for amplitude in (0.02, 0.04, 0.08, 0.1, 0.5):
        # Of floats it takes the range for twice as wide.
        image = np.round(255 * (0.5 + amplitude * (picture - 0.5))).astype(np.uint8)
        for threshold in (0.01, 0.05, 0.2):
            low = exposure.is_low_contrast(image, fraction_threshold=threshold, upper_percentile=99)
            assert low == (contrast(image, method="percentile") < threshold)


@pytest.mark.parametrize("variant", ["m1", "m2"])
def test_colourfulness_on_lab(variant):
    color = _library("skimage.color")
    for height, width in SIZES:
        image = samples.picture(height, width)
        _, a, b = np.moveaxis(color.rgb2lab(image), -1, 0)
        rest = 0.37 * np.hypot(a.mean(), b.mean()) if variant == "m1" else 0.94 * np.hypot(a, b).mean()
        # Its tabulated white moves a and b by up to 0.005.
        assert colourfulness(image, variant=variant) == pytest.approx(np.sqrt(a.var() + b.var()) + rest, abs=0.01)


def test_wavelet_noise():
    _library("pywt")
    restoration = _library("skimage.restoration")
    for image in _greys():
        # As floats off the levels, so that no coefficient is exactly 0: those it leaves out.
        values = image + 0.3 * np.random.default_rng(0).random(image.shape)
        ours = noise_estimate(values, data_range=256.0, method="wavelet") * 256 / 255
        assert ours == pytest.approx(restoration.estimate_sigma(values), rel=1e-10)


def test_laplacian_and_sobel():
    cv2 = _library("cv2")
    for image in _greys():
        assert sharpness_laplacian(image) == pytest.approx(cv2.Laplacian(image, cv2.CV_64F).var(), rel=1e-12)
        across, down = (
            cv2.Sobel(image, cv2.CV_64F, *order, borderType=cv2.BORDER_REPLICATE) for order in ((1, 0), (0, 1))
        )
        energy = across**2 + down**2
        assert tenengrad(image) == pytest.approx(energy.mean(), rel=1e-12)
        assert tenengrad(image, threshold=60.0) == pytest.approx(np.where(energy > 3600, energy, 0).mean(), rel=1e-12)
