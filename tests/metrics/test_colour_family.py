"""SSIMULACRA 2, FLIP and CIEDE2000: what only these have."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from visq.errors import OptionError
from visq.metrics import ciede2000 as ciede_module
from visq.metrics import flip as flip_module
from visq.metrics import ssimulacra2 as ssimulacra2_module
from visq.metrics.ciede2000 import ciede2000
from visq.metrics.flip import PPD, flip
from visq.metrics.ssimulacra2 import scale_count, ssimulacra2
from visq.ops.arrays import read_pair
from visq.ops.flip_filters import flip_filters
from visq.ops.lab import srgb_to_linear


def _pair(height=83, width=131):
    reference = samples.picture(height, width)
    return samples.noisy(samples.blurred(reference, 0.8), 6), reference


def _planes(pixels):
    return np.moveaxis(pixels, -1, 0)[None] / 255.0


# SSIMULACRA 2 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(8, 8), (9, 21), (64, 65), (83, 131), (131, 133)], ids=str)
@pytest.mark.parametrize("grey", [False, True])
def test_the_pass_over_bands_equals_the_plain_formula(size, grey):
    image, reference = _pair(*size)
    if grey:
        image, reference = (a[:, :, :1] for a in (image, reference))
    x, y = read_pair(image, reference)
    wide = [srgb_to_linear(np.broadcast_to(_planes(a), (1, 3, *size))) for a in (reference, image)]
    expected = ssimulacra2_module.plain_norms(*wide)
    found = ssimulacra2_module._norms(x, y, "exact")
    assert found.shape == (1, scale_count(size), 3, 2, 3)
    found[:, :, :, 1], expected[:, :, :, 1] = found[:, :, :, 1] ** 0.25, expected[:, :, :, 1] ** 0.25
    # X of grey pixels is 0 but for rounding errors of 1e-16.
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14)


def test_the_errors_are_those_of_the_papers_form():
    """With variances and covariances, not with the difference of the images."""
    rng = np.random.default_rng(3)
    x, y = rng.random((2, 1, 3, 20, 30))
    taps = ssimulacra2_module.cosine_gaussian(1.5).taps

    def blur(z):
        return ssimulacra2_module.filters.separable(z, taps, taps, border="zero")

    mx, my = blur(x), blur(y)
    vx, vy, s = blur(x * x) - mx * mx, blur(y * y) - my * my, blur(x * y) - mx * my
    structure = np.maximum(0, 1 - (1 - (mx - my) ** 2) * (2 * s + 0.0009) / (vx + vy + 0.0009))
    edge = (1 + abs(y - my)) / (1 + abs(x - mx)) - 1
    maps = structure, np.maximum(edge, 0), np.maximum(-edge, 0)
    expected = np.stack([np.stack([(z**p).mean((-2, -1)) for z in maps], -1) for p in (1, 4)], -2)
    np.testing.assert_allclose(ssimulacra2_module._errors(x, y, taps), expected, rtol=1e-10)


def test_artefacts_and_lost_detail_are_told_apart():
    _, reference = _pair()
    x, y = read_pair(samples.blurred(reference, 2.0), reference)
    norms = ssimulacra2_module._norms(x, y, "exact")[0, 0, 1, 0]
    assert norms[2] > 3 * norms[1], "blur loses detail"
    x, y = read_pair(samples.noisy(reference, 20), reference)
    norms = ssimulacra2_module._norms(x, y, "exact")[0, 0, 1, 0]
    assert norms[1] > 3 * norms[2], "noise adds edges"


@pytest.mark.parametrize("size", [(8, 9), (61, 47), (140, 151)], ids=str)
def test_the_recursion_differs_by_its_rounding_only(size):
    image, reference = _pair(*size)
    exact, recursive = (ssimulacra2(image, reference, blur=b) for b in ("exact", "recursive"))
    assert recursive == pytest.approx(exact, abs=0.1)
    assert recursive != exact
    assert ssimulacra2(reference, reference, blur="recursive") == 100.0


def test_the_recursion_gives_the_same_bits_for_any_number_of_threads():
    from visq.ops.threads import set_threads

    image, reference = _pair(170, 300)
    values = []
    for threads in (1, 2, 3):
        set_threads(threads)
        values.append(ssimulacra2(image, reference, blur="recursive"))
    set_threads(None)
    assert len(set(values)) == 1


def test_the_recursion_is_for_arrays():
    torch = pytest.importorskip("torch")
    tensor = torch.zeros(1, 3, 16, 16)
    with pytest.raises(OptionError, match="recursive"):
        ssimulacra2(tensor, tensor, blur="recursive")


# FLIP --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (3, 40), (83, 131)], ids=str)
@pytest.mark.parametrize("ppd", [2.0, PPD, 150.0])
def test_flip_in_bands_equals_the_plain_formula(size, ppd):
    image, reference = _pair(90, 140)
    image, reference = (a[: size[0], : size[1]] for a in (image, reference))
    expected = flip_module.plain_map(*(srgb_to_linear(_planes(a)) for a in (image, reference)), flip_filters(ppd))
    score, values = flip(image / 255.0, reference / 255.0, ppd=ppd, full=True)
    # The root of the feature error doubles the share of rounding errors.
    np.testing.assert_allclose(values, expected[0], rtol=0, atol=1e-7)
    assert score == pytest.approx(expected.mean(), abs=1e-9)
    assert score == pytest.approx(values.mean(), abs=1e-12)


def test_the_largest_colour_error_is_green_against_blue():
    largest, knee = flip_module.colour_scale()
    assert knee == pytest.approx(0.4 * largest)
    green, blue = (np.zeros((32, 32, 3)) for _ in range(2))
    green[..., 1], blue[..., 2] = 1.0, 1.0
    assert flip(green, blue) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("ppd", [0, -1, float("nan"), float("inf"), 1001, "67", None, True])
def test_a_ppd_that_is_not_usable_is_refused(ppd):
    image = np.zeros((8, 8))
    with pytest.raises(OptionError, match="ppd"):
        flip(image, image, ppd=ppd)


def test_the_further_away_the_smaller_the_difference_of_fine_noise():
    reference = np.full((64, 64, 3), 120, np.uint8)
    image = samples.noisy(reference, 25)
    near, usual, far = (flip(image, reference, ppd=p) for p in (20, PPD, 200))
    assert near > usual > far


# CIEDE2000 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(1, 1), (70, 9), (83, 131)], ids=str)
def test_ciede2000_in_bands_equals_the_plain_formula(size):
    image, reference = _pair(90, 140)
    image, reference = (a[: size[0], : size[1]] for a in (image, reference))
    expected = ciede_module.plain_map(*(_planes(a) for a in (image, reference)))
    score, values = ciede2000(image / 255.0, reference / 255.0, full=True)
    # Hues of nearly grey pixels keep half of the digits.
    np.testing.assert_allclose(values, expected[0], rtol=0, atol=1e-6)
    assert score == pytest.approx(expected.mean(), abs=1e-8)
    assert score == pytest.approx(values.mean(), abs=1e-12)


def test_grey_levels_differ_by_lightness_alone():
    # SL is 1 at a mean lightness of 50, and for black and white.
    assert ciede2000(np.zeros((8, 8)), np.ones((8, 8))) == pytest.approx(100.0, abs=1e-9)


def test_no_colours_differ_by_more_than_the_stated_range():
    axis = np.linspace(0, 1, 5)
    cube = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    one, two = cube[:, None].repeat(len(cube), 1), cube[None].repeat(len(cube), 0)
    _, values = ciede2000(one, two, full=True)
    assert 100 < values.max() < 120
    assert (np.diag(values) == 0).all()
