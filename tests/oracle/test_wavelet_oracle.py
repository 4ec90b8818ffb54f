"""The pyramids against pyrtools, IW-SSIM against piq, UQI against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.metrics.iw_ssim import iw_ssim
from visq.metrics.uqi import uqi
from visq.ops import binomial_pyramid, steerable


def library(name):
    """The module, or a skip where it is missing or does not load."""
    try:
        return pytest.importorskip(name)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"{name} does not load here: {error}")


@pytest.mark.parametrize("shape", [(80, 96), (90, 76), (128, 200)])
def test_pyrtools_steerable(shape):
    """Even sides for the frequency pyramid: on odd ones pyrtools' grid is not that of matlabPyrTools."""
    pyramids = library("pyrtools").pyramids
    x = np.random.default_rng(0).random(shape) * 255
    space = pyramids.SteerablePyramidSpace(x, height=4, order=5).pyr_coeffs
    for level, low in enumerate(steerable.low_passes(x[None], 4)):
        for orientation, band in (("horizontal", 0), ("vertical", 3)):
            ours = steerable.derivative_band(low, orientation)[0]
            np.testing.assert_allclose(ours, space[level, band], rtol=0, atol=1e-11)
    plane = pyramids.SteerablePyramidFreq(x, height=4, order=7, is_complex=True).pyr_coeffs
    for level, bands in enumerate(steerable.complex_bands(x[None], (1, 2, 3, 4), 8)):
        for k in range(8):
            np.testing.assert_allclose(bands[0, k], plane[level, k], rtol=0, atol=1e-8)


@pytest.mark.parametrize("shape", [(80, 96), (75, 66), (33, 64)])
def test_pyrtools_laplacian(shape):
    x = np.random.default_rng(0).random(shape) * 255
    theirs = library("pyrtools").pyramids.LaplacianPyramid(x, height=4).pyr_coeffs
    for level, band in enumerate(binomial_pyramid.bands(x[None], 4)):
        np.testing.assert_allclose(band[0], theirs[level, 0], rtol=0, atol=1e-11)


def test_piq_iw_ssim():
    """Even sides at every scale: on odd ones piq's border of the enlarged low-pass image is another one."""
    piq, torch = library("piq"), library("torch")
    reference = samples.picture(256, 320, grey=True)
    image = samples.noisy(samples.blurred(reference, 1.0), 6)
    one, two = image / 255.0, reference / 255.0
    theirs = piq.information_weighted_ssim(*(torch.as_tensor(z)[None, None] for z in (one, two)))
    assert iw_ssim(one, two) == pytest.approx(float(theirs), rel=1e-9)


@pytest.mark.parametrize("window", [7, 11])
def test_scikit_image_uqi(window):
    metrics = library("skimage.metrics")
    reference = samples.picture(120, 150, grey=True)
    image = samples.noisy(reference, 8)
    _, values = metrics.structural_similarity(
        image.astype(float),
        reference.astype(float),
        win_size=window,
        use_sample_covariance=False,
        K1=1e-6,
        K2=1e-6,
        data_range=255.0,
        full=True,
    )
    edge = window // 2
    # Constants of 6.5e-8 where this has none.
    assert uqi(image, reference, window=window) == pytest.approx(values[edge:-edge, edge:-edge].mean(), abs=1e-6)
