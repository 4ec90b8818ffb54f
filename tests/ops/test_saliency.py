"""Saliency maps against plain versions of the published programs, and what they owe on flat images."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

import samples
from visq.errors import OptionError
from visq.ops.arrays import read_one
from visq.ops.blocks import block_mean
from visq.ops.interpolate import interpolate, sample
from visq.ops.resize import imresize
from visq.ops.saliency import normalised, sdsp, sdsp_block_mean, spectral_residual


def _aligned(x, height, width):
    """Octave's `imresize`: linear interpolation at `linspace(1, n, m)`."""
    y, z = np.linspace(0, x.shape[0] - 1, height), np.linspace(0, x.shape[1] - 1, width)
    return ndimage.map_coordinates(x, np.meshgrid(y, z, indexing="ij"), order=1, mode="nearest")


def _lab(rgb):
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    ratio = linear @ matrix.T / [0.9642, 1.0, 0.8251]
    f = np.where(ratio > 0.008856, np.cbrt(ratio), (903.3 * ratio + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def _plain_sdsp(rgb, down, up):
    """The published program, line by line in what it computes: shifted spectra, coordinates from 1."""
    height, width = rgb.shape[:2]
    lab = _lab(np.stack([down(rgb[..., c]) for c in range(3)], -1))
    u = (np.arange(256) - 128) / 256
    radius = np.hypot(u[:, None], u[None, :])
    with np.errstate(divide="ignore"):
        band = np.exp(-(np.log(radius / 0.021) ** 2) / (2 * 1.34**2))
    band[radius > 0.5] = 0
    band[128, 128] = 0
    band = np.fft.ifftshift(band)
    passed = [np.fft.ifft2(np.fft.fft2(lab[..., c]) * band).real for c in range(3)]
    frequency = np.sqrt(sum(p**2 for p in passed))
    place = np.arange(1, 257) - 128
    location = np.exp(-(place[:, None] ** 2 + place[None, :] ** 2) / 145**2)
    a, b = ((lab[..., c] - lab[..., c].min()) / np.ptp(lab[..., c]) for c in (1, 2))
    warmth = 1 - np.exp(-(a**2 + b**2) / 0.001**2)
    saliency = up(frequency * location * warmth, height, width)
    return (saliency - saliency.min()) / np.ptp(saliency)


@pytest.mark.parametrize("shape", [(90, 121), (256, 256), (300, 280)])
def test_sdsp_in_octave(shape):
    rgb = samples.picture(*shape) / 255.0
    expected = _plain_sdsp(rgb, lambda x: _aligned(x, 256, 256), _aligned)
    # Measured 1e-13. The colour prior divides differences of a* and b* by a thousandth of their range.
    np.testing.assert_allclose(sdsp(read_one(rgb))[0], expected, rtol=0, atol=1e-9)
    single = sdsp(read_one(samples.picture(*shape)))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single[0], expected, rtol=0, atol=1e-4)


def test_sdsp_in_matlab():
    rgb = samples.picture(300, 280) / 255.0
    expected = _plain_sdsp(
        rgb,
        lambda x: imresize(x, size=(256, 256), method="bilinear"),
        lambda x, h, w: imresize(x, size=(h, w), method="bilinear"),
    )
    np.testing.assert_allclose(sdsp(read_one(rgb), resizing="matlab")[0], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("resizing", ["octave", "matlab"])
@pytest.mark.parametrize("value", [0.0, 1.0, 0.3, 0.7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_flat_image_has_no_sdsp(resizing, value, dtype):
    colour = np.array([value, value / 2, 1 - value])
    assert not sdsp(read_one(np.full((50, 61, 3), colour, dtype)), resizing=resizing).any()


def test_sdsp_knows_two_ways_of_resizing():
    with pytest.raises(OptionError, match="octave"):
        sdsp(read_one(samples.picture(40, 40)), resizing="nearest")


@pytest.mark.parametrize("resizing", ["octave", "matlab"])
def test_sdsp_engines_agree(resizing):
    torch = pytest.importorskip("torch")
    images = np.stack([samples.picture(70, 300), samples.noise(70, 300)]) / 255.0
    ours = sdsp(read_one(images), resizing=resizing)
    theirs = sdsp(read_one(torch.from_numpy(np.moveaxis(images, -1, 1).copy())), resizing=resizing)
    np.testing.assert_allclose(theirs.numpy(), ours, rtol=0, atol=1e-9)


def _plain_residual(x, size):
    """The published program: `imfilter` with zeros, whose even windows lean to the right."""
    small = imresize(x, 0.25)
    spectrum = np.fft.fft2(small)
    logarithm = np.log(np.abs(spectrum))
    residual = logarithm - ndimage.uniform_filter(logarithm, 3, mode="nearest")
    energy = np.abs(np.fft.ifft2(np.exp(residual + 1j * np.angle(spectrum)))) ** 2
    place = np.arange(size) - (size - 1) / 2
    window = np.exp(-(place[:, None] ** 2 + place[None, :] ** 2) / (2 * 3.8**2))
    origin = 0 if size % 2 else -1
    smooth = ndimage.correlate(energy, window / window.sum(), mode="constant", origin=origin)
    return imresize((smooth - smooth.min()) / np.ptp(smooth), size=x.shape)


@pytest.mark.parametrize("size", [10, 9])
@pytest.mark.parametrize("shape", [(64, 80), (97, 75), (33, 200)])
def test_spectral_residual(shape, size):
    x = samples.picture(*shape, grey=True).astype(float)
    got = spectral_residual(x, size=size)
    np.testing.assert_allclose(got, _plain_residual(x, size), rtol=0, atol=1e-10)
    torch = pytest.importorskip("torch")
    np.testing.assert_allclose(spectral_residual(torch.from_numpy(x), size=size).numpy(), got, rtol=0, atol=1e-10)


def test_rounding_errors_are_not_equalised():
    """Stripes have a few frequencies; all others are rounding errors and must not make a map."""
    x = np.tile(np.where(np.arange(64) // 8 % 2, 200.0, 50.0), (64, 1))
    np.testing.assert_allclose(
        spectral_residual(x.astype(np.float32)), spectral_residual(x * (1 + 1e-12)), rtol=0, atol=1e-4
    )
    assert not spectral_residual(np.zeros((40, 40))).any()


def test_normalised():
    x = np.array([[[1.0, 3.0]], [[5.0, 5.0]]])
    assert normalised(x).tolist() == [[[0.0, 1.0]], [[0.0, 0.0]]]
    torch = pytest.importorskip("torch")
    leaf = torch.from_numpy(x).requires_grad_()
    normalised(leaf).sum().backward()
    assert torch.isfinite(leaf.grad).all()


@pytest.mark.parametrize("size", [(256, 256), (5, 90), (1, 7)])
def test_interpolation(size):
    x = samples.picture(40, 33, grey=True).astype(float)
    expected = _aligned(x, *size)
    np.testing.assert_allclose(interpolate(x, size), expected, rtol=0, atol=1e-10)
    for data in (x, x.astype(np.uint8), x.astype(np.uint16)[:, ::-1][:, ::-1]):
        got = sample(data[None, None], size, 2.0, np.float64)[0, 0]
        np.testing.assert_allclose(got, 2 * expected, rtol=0, atol=1e-10)
    torch = pytest.importorskip("torch")
    leaf = torch.from_numpy(x)[None, None]
    for resize in (lambda t: interpolate(t, size), lambda t: sample(t, size, 1.0, torch.float64)):
        np.testing.assert_allclose(resize(leaf)[0, 0].numpy(), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("shape", "size", "before"), [((70, 93), 1, 0), ((301, 513), 2, 0), ((400, 398), 3, 1)])
@pytest.mark.parametrize("resizing", ["octave", "matlab"])
def test_block_means_without_the_map(shape, size, before, resizing):
    images = np.stack([samples.picture(*shape), samples.noise(*shape), samples.constant(*shape, 9)])
    for pixels, within in ((images / 255.0, 1e-12), (images, 1e-5)):
        batch = read_one(pixels)
        expected = block_mean(sdsp(batch, resizing=resizing), size, before=before)
        got = sdsp_block_mean(batch, size, before=before, resizing=resizing)
        np.testing.assert_allclose(got, expected, rtol=0, atol=within)
        assert got.dtype == expected.dtype
        assert not got[2].any()
