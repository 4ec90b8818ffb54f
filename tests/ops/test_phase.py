"""Phase congruency and its filters: a plain version from the published formulae, properties, engines, gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

import samples
from visq.ops import _numba_phase, phase, similarity
from visq.ops.phase import LogGabor, bank, frequency_grid, phase_congruency
from visq.ops.threads import set_threads


def _grey(height, width):
    return samples.picture(height, width, grey=True).astype(float)


def _axis(n):
    return [(i - n // 2) / (n - 1 if n % 2 else n) for i in range(n)]


def _plain(x, scales=4, orientations=4, k=2.0, epsilon=1e-4):
    """Kovesi's measure, in space where the program works in space: noise from inverse-transformed filters."""
    height, width = x.shape
    v, u = np.meshgrid(_axis(height), _axis(width), indexing="ij")
    radius = np.fft.ifftshift(np.sqrt(u**2 + v**2))
    theta = np.fft.ifftshift(np.arctan2(-v, u))
    low = 1 / (1 + (radius / 0.45) ** 30)
    radius[0, 0] = 1
    sigma = math.pi / orientations / 1.2
    spectrum = np.fft.fft2(x)
    energies, amplitudes = np.zeros_like(x), np.zeros_like(x)
    for o in range(orientations):
        turn = o * math.pi / orientations
        # The angle between two directions from their sine and cosine.
        angle = np.abs(np.arctan2(np.sin(theta - turn), np.cos(theta - turn)))
        responses, in_space = [], []
        for s in range(scales):
            radial = np.exp(-(np.log(radius * 6 * 2**s) ** 2) / (2 * math.log(0.55) ** 2)) * low
            radial[0, 0] = 0
            filter_ = radial * np.exp(-(angle**2) / (2 * sigma**2))
            responses.append(np.fft.ifft2(spectrum * filter_))
            in_space.append(np.fft.ifft2(filter_).real * math.sqrt(height * width))
            if s == 0:
                filter_power = (filter_**2).sum()
        total = sum(responses)
        direction = total / (np.abs(total) + epsilon)
        energy = sum((r * direction.conj()).real - np.abs((r * direction.conj()).imag) for r in responses)
        noise_power = np.median(np.abs(responses[0]) ** 2) / math.log(2) / filter_power
        squares = sum((f**2).sum() for f in in_space)
        products = sum((in_space[i] * in_space[j]).sum() for i in range(scales) for j in range(i + 1, scales))
        tau = math.sqrt((2 * noise_power * squares + 4 * noise_power * products) / 2)
        threshold = (tau * math.sqrt(math.pi / 2) + k * math.sqrt((2 - math.pi / 2) * tau**2)) / 1.7
        energies += np.maximum(energy - threshold, 0)
        amplitudes += sum(np.abs(r) for r in responses)
    return energies / amplitudes


@pytest.mark.parametrize("shape", [(48, 64), (47, 64), (48, 63), (33, 35)])
def test_plain_version(shape):
    x = _grey(*shape)
    # Measured 1e-14; the rest is room for another FFT library.
    np.testing.assert_allclose(phase_congruency(x), _plain(x), rtol=0, atol=1e-11)


def test_other_parameters_against_the_plain_version():
    x = _grey(40, 44)
    got = phase_congruency(x, LogGabor(scales=3, orientations=6), k=1.0, epsilon=1e-2)
    np.testing.assert_allclose(got, _plain(x, 3, 6, 1.0, 1e-2), rtol=0, atol=1e-11)


def test_single_precision():
    x = _grey(120, 90)
    single = phase_congruency(x.astype(np.float32))
    assert single.dtype == np.float32
    # A transform of float32 rounds at 1e-7 of the largest amplitude; the congruency divides by the amplitude.
    np.testing.assert_allclose(single, phase_congruency(x), rtol=0, atol=2e-5)


def test_contrast_and_level_do_not_matter():
    x = _grey(64, 60)
    expected = phase_congruency(x, epsilon=1e-12)
    np.testing.assert_allclose(phase_congruency(0.3 * x + 50, epsilon=1e-12), expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(phase_congruency(255 - x, epsilon=1e-12), expected, rtol=0, atol=1e-9)


def test_shift_and_transposition_move_the_map():
    x = _grey(64, 64)
    pc = phase_congruency(x)
    moved = phase_congruency(np.roll(x, (5, -9), axis=(0, 1)))
    np.testing.assert_allclose(moved, np.roll(pc, (5, -9), axis=(0, 1)), rtol=0, atol=1e-10)
    assert pc.min() >= 0
    assert pc.max() <= 1


@pytest.mark.parametrize("value", [0.0, 255.0, 77.7, 1e-3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(32, 32), (37, 45)])
def test_constant_images_have_none(value, dtype, shape):
    assert not phase_congruency(np.full(shape, value, dtype)).any()


def test_leading_axes_and_strides():
    x = np.stack([_grey(40, 50), _grey(60, 50)[20:], *(_grey(40, 50)[:, ::-1] for _ in range(4))])
    whole = phase_congruency(x)
    for one, expected in zip(x, whole, strict=True):
        np.testing.assert_array_equal(phase_congruency(one), expected)
    np.testing.assert_array_equal(phase_congruency(x.reshape(2, 3, 40, 50)).reshape(x.shape), whole)


def test_threads_do_not_change_a_bit():
    x = np.stack([_grey(70, 90), _grey(90, 70).T])
    try:
        results = []
        for threads in (1, 2, 5):
            set_threads(threads)
            results.append(phase_congruency(x))
    finally:
        set_threads(None)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_filters():
    radius, _ = frequency_grid(6, 8)
    np.testing.assert_allclose(radius, np.hypot(np.fft.fftfreq(8)[None], np.fft.fftfreq(6)[:, None]), atol=1e-15)
    filters = bank(128, 128, LogGabor(), 2.0, "float64")
    assert filters.radial.shape == filters.angular.shape == (4, 128, 128)
    assert not filters.radial[:, 0, 0].any()
    for s in range(4):
        # Along the axis the response peaks at the wavelength of the scale, to a frequency step.
        peak = np.argmax(filters.radial[s, 0, :64]) / 128
        assert abs(peak - 1 / (6 * 2**s)) <= 1 / 128
    # Orientation 1 of 4 looks along the diagonal: positive x, negative row frequency.
    assert filters.angular[1, -10, 10] == pytest.approx(1.0)
    assert filters.angular[1, 10, 10] < 0.1
    assert bank(128, 128, LogGabor(), 2.0, "float64") is filters


def test_huge_sizes_are_not_kept():
    before = phase._kept_bank.cache_info().currsize
    bank(2, 1 << 20, LogGabor(), 2.0, "float32")
    assert phase._kept_bank.cache_info().currsize == before


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 101, 5000])
def test_median(count, dtype):
    rng = np.random.default_rng(count)
    for values in (
        rng.random(count),
        rng.integers(0, 3, count),
        10.0 ** rng.uniform(-40, 6, count),
        np.zeros(count),
        np.exp(8 * rng.normal(size=count)),
    ):
        x = values.astype(dtype).reshape(1, -1)
        middle = np.sort(x.ravel())[[(count - 1) // 2, count // 2]]
        assert _numba_phase._median(x) == (middle[0] if count % 2 else (middle[0] + middle[1]) / 2)


@pytest.mark.parametrize("shape", [(48, 64), (37, 45)])
def test_torch_agrees(shape):
    torch = pytest.importorskip("torch")
    x = np.stack([_grey(*shape), _grey(*shape)[::-1]])
    theirs = phase_congruency(torch.from_numpy(x.copy())).numpy()
    np.testing.assert_allclose(theirs, phase_congruency(x), rtol=0, atol=1e-11)
    single = phase_congruency(torch.from_numpy(x.astype(np.float32)))
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.numpy(), phase_congruency(x), rtol=0, atol=2e-5)


@pytest.mark.parametrize("shape", [(6, 5), (5, 7)])
def test_gradient(shape):
    torch = pytest.importorskip("torch")
    x = torch.from_numpy(_grey(40, 40)[10 : 10 + shape[0], 10 : 10 + shape[1]].copy()).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: phase_congruency(t, LogGabor(min_wavelength=3.0, scales=3)), (x,))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradient_of_a_constant_is_zero(dtype):
    torch = pytest.importorskip("torch")
    x = torch.full((1, 33, 40), 127.3, dtype=getattr(torch, dtype), requires_grad=True)
    phase_congruency(x).sum().backward()
    assert not x.grad.any()


def test_similarity_is_one_only_for_equals():
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 1000)).astype(np.float32) * 200
    same, different = similarity.similarity(a, a, 160.0), similarity.similarity(a, b, 160.0)
    assert (same == 1).all()
    assert (different <= 1).all()
    assert (different > 0).all()
    a, b = a.astype(float), b.astype(float)
    expected = (2 * a * b + 160) / (a**2 + b**2 + 160)
    np.testing.assert_allclose(similarity.similarity(a, b, 160.0), expected, rtol=1e-13)


def test_real_power_is_the_real_part_of_the_complex_power():
    x = np.array([-3.0, -1e-9, 0.0, 1e-9, 0.5, 2.0])
    expected = (x.astype(complex) ** 0.03).real
    np.testing.assert_allclose(similarity.real_power(x, 0.03), expected, rtol=1e-14)
    torch = pytest.importorskip("torch")
    leaf = torch.tensor([0.0, 2.0, -2.0], dtype=torch.float64, requires_grad=True)
    similarity.real_power(leaf, 0.03).sum().backward()
    slope = 0.03 * 2 ** (0.03 - 1)
    np.testing.assert_allclose(leaf.grad.numpy(), [0, slope, -slope * math.cos(0.03 * math.pi)], rtol=1e-12)


def test_weighted_mean_without_weights():
    values = np.array([[[1.0, 3.0]], [[1.0, 3.0]]])
    weights = np.array([[[0.0, 0.0]], [[0.0, 2.0]]])
    assert similarity.weighted_mean(values, weights).tolist() == [2.0, 3.0]
