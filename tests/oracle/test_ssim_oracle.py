"""SSIM and MS-SSIM against scikit-image and pytorch-msssim themselves."""

from __future__ import annotations

import numpy as np
import pytest

from visq.metrics.ms_ssim import ms_ssim
from visq.metrics.ssim import ssim


def library(name):
    """The module, or a skip where it is missing or does not load."""
    try:
        return pytest.importorskip(name)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"{name} does not load here: {error}")


def pair(height, width, seed=0):
    rng = np.random.default_rng(seed)
    r, c = np.mgrid[0:height, 0:width]
    shapes = 130 + 80 * np.sin(r / 11.0)[..., None] * np.cos(c / 19.0)[..., None] * np.array([1.0, 0.7, 0.9])
    reference = np.clip(shapes + rng.normal(0, 15, shapes.shape), 0, 255).astype(np.uint8)
    image = np.clip(reference * 0.85 + 15 + rng.normal(0, 10, shapes.shape), 0, 255).astype(np.uint8)
    return image, reference


def channels_first(*images):
    torch = library("torch")
    return [torch.from_numpy(np.moveaxis(z, -1, 0).copy())[None].float() for z in images]


@pytest.mark.parametrize("shape", [(64, 80), (201, 315)])
def test_scikit_image_grey(shape):
    metrics = library("skimage.metrics")
    image, reference = (z[..., 0] for z in pair(*shape))
    _, whole = metrics.structural_similarity(
        image, reference, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True
    )
    # Its window of 11 x 11 has the same taps; its border is padded, so only positions where it fits are compared.
    inner = whole[5:-5, 5:-5]
    score, result = ssim(image / 255.0, reference / 255.0, full=True)
    np.testing.assert_allclose(result, inner, rtol=0, atol=1e-10)
    assert score == pytest.approx(inner.mean(), abs=1e-10)
    assert ssim(image, reference) == pytest.approx(inner.mean(), abs=1e-6)


@pytest.mark.parametrize("shape", [(64, 80), (201, 315)])
def test_pytorch_msssim_ssim(shape):
    peer = library("pytorch_msssim")
    image, reference = pair(*shape)
    expected = float(peer.ssim(*channels_first(image, reference), data_range=255))
    # The peer computes in float32 without centring: its own error is of this size.
    assert ssim(image, reference, channels="rgb") == pytest.approx(expected, abs=1e-5)
    a, b = channels_first(image, reference)
    assert float(ssim(a / 255, b / 255, channels="rgb")[0]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("shape", [(176, 208), (181, 243)])
def test_pytorch_msssim_ms_ssim(shape):
    peer = library("pytorch_msssim")
    image, reference = pair(*shape)
    expected = float(peer.ms_ssim(*channels_first(image, reference), data_range=255))
    assert ms_ssim(image, reference, channels="rgb", pooling="average") == pytest.approx(expected, abs=1e-5)
    a, b = channels_first(image, reference)
    ours = ms_ssim(a / 255, b / 255, channels="rgb", pooling="average")
    assert float(ours[0]) == pytest.approx(expected, abs=1e-5)


def test_pooling_differs_on_odd_sides_only():
    even, odd = pair(192, 176), pair(181, 243)
    assert ms_ssim(*even) == pytest.approx(ms_ssim(*even, pooling="average"), abs=1e-7)
    assert abs(ms_ssim(*odd) - ms_ssim(*odd, pooling="average")) > 1e-5
