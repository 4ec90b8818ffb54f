"""PIQE: its masks, its decisions, what it says of flat, noisy and blocky pictures. Published values: tests/golden."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import correlate1d
from skimage import data

from visq.metrics.piqe import BLOCK, block_statistics, piqe, piqe_masks
from visq.ops.filters import gaussian_window


def photograph(height=176, width=208):
    return np.ascontiguousarray(data.astronaut()[60 : 60 + height, 100 : 100 + width])


def noisy(image, sigma, seed=0):
    noise = np.random.default_rng(seed).normal(0, sigma, image.shape)
    return np.clip(np.round(image + noise), 0, 255).astype(np.uint8)


def jpeg(image, quality):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def whole_levels(image):
    luma = np.floor(image @ np.array([0.298936021293775, 0.587043074451121, 0.114020904255103]) + 0.5)
    return np.floor(255 * (luma / luma.max()) + 0.5)


def pooled(result):
    """The score from the masks, as the paper pools it."""
    corners = (slice(None, None, BLOCK), slice(None, None, BLOCK))
    return 100 * (result.distortion[corners].sum() + 1) / (result.activity[corners].sum() + 1)


@pytest.mark.parametrize("crop", [(176, 208), (170, 201), (161, 193), (16, 16), (17, 47)])
def test_fused_is_plain(crop):
    for image in (noisy(photograph(*crop), 8), jpeg(photograph(*crop), 15)):
        variance, active, artefact, noise = block_statistics(whole_levels(image)[None])
        distortion = active * (artefact * (1 - variance) + noise * variance)
        expected = 100 * (distortion.sum() + 1) / (active.sum() + 1)
        assert piqe(image) == pytest.approx(expected, rel=1e-12)


def test_variance_of_blocks_against_scipy():
    levels = whole_levels(noisy(photograph(), 5))
    taps = gaussian_window(7, 7 / 6)

    def blurred(x):
        return correlate1d(correlate1d(x, taps, axis=0, mode="nearest"), taps, axis=1, mode="nearest")

    mean = blurred(levels)
    coefficients = (levels - mean) / (np.sqrt(abs(blurred(levels**2) - mean**2)) + 1)
    blocks = coefficients.reshape(11, 16, 13, 16).swapaxes(1, 2).reshape(11, 13, 256)
    variance, active, *_ = block_statistics(levels[None])
    np.testing.assert_allclose(variance[0], blocks.var(axis=2, ddof=1), rtol=1e-10)
    assert (active[0] == (blocks.var(axis=2, ddof=1) > 0.1)).all()


@pytest.mark.parametrize("size", [(176, 208), (170, 201)])
def test_map_and_masks(size):
    image = noisy(jpeg(photograph(*size), 20), 3)
    score, distortion = piqe(image, full=True)
    masks = piqe_masks(image)
    assert distortion.shape == masks.activity.shape == size
    assert (distortion == masks.distortion).all()
    assert 0 <= distortion.min() <= distortion.max() <= 1
    assert masks.activity.any()
    assert masks.artefact.any()
    assert masks.noise.any()
    assert not (masks.artefact & ~masks.activity).any()
    assert not (masks.noise & ~masks.activity).any()
    assert ((distortion > 0) <= (masks.artefact | masks.noise)).all()
    assert score == masks.score == pytest.approx(pooled(masks), rel=1e-12)


def test_maps_of_torch_and_batches():
    batch = np.stack([noisy(photograph(), 3), jpeg(photograph(), 10)])
    planes = torch.from_numpy(np.moveaxis(batch, -1, 1).copy())
    scores, maps = piqe(batch, full=True)
    masks, tensors = piqe_masks(batch), piqe_masks(planes)
    assert maps.shape == tensors.distortion.shape == (2, 176, 208)
    np.testing.assert_allclose(tensors.distortion.numpy(), maps, atol=1e-7)
    for name in ("activity", "artefact", "noise"):
        assert (getattr(tensors, name).numpy() == getattr(masks, name)).all()
    assert scores.tolist() == [piqe(image) for image in batch]


def test_single_precision_decides_alike():
    # Every block is decided in float64 in both engines, so no block flips.
    image = noisy(photograph(), 6) / 255.0
    planes = torch.from_numpy(np.moveaxis(image, -1, 0)[None].copy())
    single = piqe_masks(planes.float())
    double = piqe_masks(image.astype(np.float32))
    assert (single.noise[0].numpy() == double.noise).all()
    assert (single.artefact[0].numpy() == double.artefact).all()


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_flat_is_worst(level):
    assert piqe(np.full((48, 64), level, np.uint8)) == 100.0
    assert not piqe_masks(np.full((48, 64), level, np.uint8)).activity.any()


def test_noise_and_compression_are_seen():
    clean = photograph()
    by_noise = [piqe(noisy(clean, sigma)) for sigma in (5, 10, 20)]
    assert by_noise == sorted(by_noise)
    assert by_noise[-1] > piqe(clean) + 20
    by_quality = [piqe(jpeg(clean, quality)) for quality in (90, 30, 10)]
    assert by_quality == sorted(by_quality)
    assert piqe_masks(noisy(clean, 20)).noise.mean() > 0.5
    assert piqe_masks(jpeg(clean, 10)).artefact.sum() > piqe_masks(clean).artefact.sum()


def test_exposure_does_not_matter():
    grey = photograph()[..., 1] / 255.0
    assert piqe(grey * 0.5) == piqe(grey)


def test_score_stays_in_range():
    # A dot on every second pixel has coefficients of variance 1.001.
    dots = np.zeros((64, 64), np.uint8)
    dots[::2, ::2] = 255
    variance = block_statistics(dots[None].astype(float))[0]
    assert variance.max() > 1
    assert 0 <= piqe(dots) <= 100
    rng = np.random.default_rng(3)
    for share in (0.02, 0.1, 0.3, 0.5):
        assert 0 <= piqe((rng.random((96, 96)) < share) * 1.0) <= 100


def test_gradient_where_blocks_are_distorted():
    image = torch.from_numpy(np.moveaxis(noisy(photograph(64, 64), 10) / 255.0, -1, 0)[None].copy()).requires_grad_()
    piqe(image).sum().backward()
    assert torch.isfinite(image.grad).all()
    assert image.grad.abs().max() > 0
