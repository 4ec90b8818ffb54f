"""Saliency, frequency, objectness: against their formulae in plain loops, and against scikit-image's segments."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import fft, ndimage

import samples
from visq.errors import InputError, OptionError
from visq.explain import measures
from visq.explain.cells import regular
from visq.explain.measures import MEASURES, boxes, frequency, hf_ratio, objectness, ranked, reduced, saliency, semantics
from visq.explain.segments import felzenszwalb

_RGB = (0.298936021293775, 0.587043074451121, 0.114020904255103)


def _float(picture):
    return (picture / 255.0).astype(np.float32)


def _luma(image):
    return 255.0 * sum(w * image[..., c].astype(float) for c, w in enumerate(_RGB))


def test_frequency_is_the_energy_of_fine_coefficients():
    image = _float(samples.picture(44, 61))
    luma = np.pad(_luma(image), ((0, 4), (0, 3)), mode="edge")
    found, share = frequency(image), hf_ratio(image)
    assert found.shape == share.shape == image.shape[:2]
    for row in range(6):
        for column in range(8):
            block = fft.dctn(luma[8 * row : 8 * row + 8, 8 * column : 8 * column + 8], norm="ortho")
            fine = sum(block[u, v] ** 2 for u in range(8) for v in range(8) if u + v >= 4)
            every = (block**2).sum() - block[0, 0] ** 2
            assert found[8 * row, 8 * column] == pytest.approx(np.log(1 + fine), rel=1e-4)
            assert share[8 * row, 8 * column] == pytest.approx(fine / every, rel=1e-4)


def test_blur_lowers_frequency_and_noise_raises_it():
    picture = samples.picture(96, 96)
    base = frequency(_float(picture)).mean()
    assert frequency(_float(samples.blurred(picture, 2))).mean() < 0.8 * base
    assert frequency(_float(samples.noisy(picture, 20))).mean() > 1.2 * base
    flat = np.full((32, 32, 3), 0.5, np.float32)
    assert frequency(flat).max() < 1e-6
    assert hf_ratio(flat).max() == 0


def test_saliency_is_the_spectral_residual_at_64_pixels():
    """From the formula with NumPy's transform and SciPy's Gaussian, on a picture that needs no resizing."""
    image = _float(samples.picture(64, 64))
    spectrum = np.fft.fft2(_luma(image))
    amplitude = np.log(np.abs(spectrum))
    mean = ndimage.uniform_filter(amplitude, 3, mode="nearest")
    energy = np.abs(np.fft.ifft2(np.exp(amplitude - mean + 1j * np.angle(spectrum)))) ** 2
    smooth = ndimage.gaussian_filter(energy, 2.5, mode="constant", radius=7)
    wanted = (smooth - smooth.min()) / np.ptp(smooth)
    # Float32 luma, of which logarithms of small amplitudes are taken.
    assert np.corrcoef(saliency(image).ravel(), wanted.ravel())[0, 1] > 0.9999
    np.testing.assert_allclose(saliency(image), wanted, atol=5e-3)


def test_an_odd_one_out_is_salient():
    rows, columns = np.mgrid[:128, :128]
    pattern = 0.5 + 0.3 * np.sin(rows / 2.0)
    pattern[80:104, 16:40] = 0.5 + 0.3 * np.sin(columns[80:104, 16:40] / 2.0)
    found = semantics(np.repeat(pattern[..., None], 3, 2), (4, 4), ["saliency"])["saliency"]
    assert found[2:, :2].max() == found.max()


def _straddling(image):
    """Every window and every pixel by itself."""
    regions = felzenszwalb(image)
    height, width = regions.shape
    held = [[[] for _ in range(width)] for _ in range(height)]
    for parts in (8, 4, 2):
        high, wide = height // parts, width // parts
        for top in range(0, height - high + 1, high // 2):
            for left in range(0, width - wide + 1, wide // 2):
                window = np.zeros(regions.shape, bool)
                window[top : top + high, left : left + wide] = True
                lost = sum(
                    min(np.count_nonzero((regions == s) & ~window), np.count_nonzero((regions == s) & window))
                    for s in np.unique(regions)
                )
                for y, x in np.argwhere(window):
                    held[y][x].append(1 - lost / window.sum())
    best = [[sorted(values)[-int(np.ceil(0.1 * len(values))) :] for values in row] for row in held]
    return np.array([[np.mean(values) for values in row] for row in best])


def test_objectness_is_what_its_definition_counts():
    image = _float(samples.picture(64, 48))
    np.testing.assert_allclose(objectness(image), _straddling(image), atol=1e-12)


def test_segments_are_those_of_scikit_image():
    segmentation = pytest.importorskip("skimage.segmentation")
    for picture, scale, sigma, least in (
        (samples.picture(80, 97), 100, 0.8, 50),
        (samples.noise(50, 40), 300, 1.2, 20),
        (samples.picture(64, 64), 10, 0.5, 1),
    ):
        image = picture / 255.0
        theirs = segmentation.felzenszwalb(image, scale=scale, sigma=sigma, min_size=least)
        ours = felzenszwalb(image, scale=scale, sigma=sigma, least=least)
        # The same parts under other numbers. Edges of equal weight may be taken in another order.
        pairs = np.unique(np.stack([theirs.ravel(), ours.ravel()]), axis=1).shape[1]
        assert ours.max() == theirs.max()
        assert pairs == theirs.max() + 1


def test_regions_are_connected_and_large_enough():
    regions = felzenszwalb(_float(samples.picture(90, 70)))
    for name in range(regions.max() + 1):
        inside = regions == name
        assert inside.sum() >= 50
        assert ndimage.label(inside, np.ones((3, 3)))[1] == 1


def test_ranks_lie_in_0_to_1_whatever_the_picture():
    for picture in (samples.picture(60, 90), samples.constant(64, 64, 0), samples.noise(40, 40)):
        for name, values in semantics(picture, (3, 5), MEASURES).items():
            assert values.shape == (3, 5), name
            assert values.min() >= 0, name
            assert values.max() <= 1, name
    flat = semantics(samples.constant(64, 64, 90), (3, 3), ["frequency", "objectness"])
    assert (flat["frequency"] == 0.5).all()
    assert ranked(np.array([3.0, 1.0, 2.0])).tolist() == [1.0, 0.0, 0.5]


def test_large_pictures_are_reduced_and_small_ones_left():
    picture = samples.picture(300, 200)
    np.testing.assert_allclose(reduced(picture), picture / 255.0, atol=1e-7)
    large = np.kron(picture, np.ones((8, 8, 1), np.uint8))
    small = reduced(large)
    assert max(small.shape) == 512
    assert reduced(large, longest=300) == pytest.approx(picture / 255.0, abs=1e-5)
    assert reduced(large.astype(np.float64) / 255) == pytest.approx(small, abs=3 / 255)


def test_grey_deep_and_float_pictures_are_read_alike():
    grey = samples.picture(64, 64, grey=True)
    wanted = semantics(np.repeat(grey[..., None], 3, 2), (4, 4), ["frequency"])["frequency"]
    for given in (grey, grey.astype(np.uint16) * 257, grey / 255.0):
        assert (semantics(given, (4, 4), ["frequency"])["frequency"] == wanted).all()


def test_own_measures_are_plugged_in():
    detector = boxes([(0.0, 0.5, 0.5, 1.0, 0.9), (0.0, 0.25, 0.5, 1.0, 0.4)])
    found = semantics(samples.picture(64, 64), regular((64, 64), (4, 2)), {"detector": detector})["detector"]
    assert found[0, 1] == 1.0
    assert found[1, 1] == pytest.approx(6 / 7)
    with pytest.raises(OptionError, match="saliency, frequency"):
        semantics(samples.picture(64, 64), (2, 2), ["beauty"])
    with pytest.raises(InputError, match="no map"):
        semantics(samples.picture(64, 64), (2, 2), {"bad": lambda image: image})


def test_no_measure_loads_torch():
    import subprocess
    import sys

    code = "import sys, numpy; from visq.explain import semantics, MEASURES\n"
    code += "semantics(numpy.zeros((64, 64), numpy.uint8), (2, 2), MEASURES)\nassert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=100).returncode == 0
    assert measures.CHOSEN == ("saliency", "frequency", "objectness")
