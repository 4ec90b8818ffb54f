"""The steerable and the binomial pyramid: coefficients of matlabPyrTools' Python port, and both engines."""

from __future__ import annotations

import numpy as np
import pytest

from visq.errors import OptionError, SizeError
from visq.ops import binomial_pyramid, steerable
from visq.ops.threads import set_threads

torch = pytest.importorskip("torch")

# pyrtools 1.1.1 on PICTURE: coefficient at [2, 5] and sum of magnitudes of bands 1 and 4 of SteerablePyramidSpace(
# order=5); complex coefficient at [2, 5] of bands 1 and 4 of SteerablePyramidFreq(order=7) and sum of magnitudes of
# band 6; coefficient at [3, 4] and sum of magnitudes of LaplacianPyramid.
PICTURE = np.fromfunction(lambda r, c: (r * 37 + c * 91 + r * c * 5) % 256, (76, 90))[None]
DERIVATIVES = [
    [(2.1703382509758615, 52255.194844195445), (-3.633178334912081, 55681.62261821244)],
    [(-1.3281393671521968, 11763.006433383218), (-6.0178759136679245, 12136.284847259918)],
    [(-8.103326775869622, 3511.384436690411), (1.679900671070207, 2901.7645368920357)],
    [(16.406325569525553, 1044.5917514205842), (-2.1573730088250853, 894.1127776465453)],
]
COMPLEX = {
    1: (5.4537639925003845 - 2.95946670914771j, 4.564411111581443 - 3.109906557291684j, 100593.45498025861),
    4: (133.13653566920752 - 27.947718161963486j, -85.5565712482491 - 205.91453275507615j, 14629.431190891028),
}
LAPLACIAN = [
    (-101.81250000000004, 418118.15234375),
    (10.431732177734261, 36447.69610214235),
    (-0.30115985870384065, 7205.285907030114),
    (994.6191406250005, 122656.83322143558),
]
ENGINES = [pytest.param(lambda x: x, id="numpy"), pytest.param(torch.as_tensor, id="torch")]


@pytest.mark.parametrize("engine", ENGINES)
def test_derivative_bands_are_those_of_sp5_filters(engine):
    for low, expected in zip(steerable.low_passes(engine(PICTURE), 4), DERIVATIVES, strict=True):
        for orientation, (value, total) in zip(("horizontal", "vertical"), expected, strict=True):
            band = np.asarray(steerable.derivative_band(low, orientation))[0]
            # Float64 sums of 81 terms up to some thousands, in another order.
            assert band[2, 5] == pytest.approx(value, rel=0, abs=1e-11)
            assert np.abs(band).sum() == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("engine", ENGINES)
def test_complex_bands_are_those_of_the_frequency_pyramid(engine):
    bands = steerable.complex_bands(engine(PICTURE), tuple(COMPLEX), 8)
    for band, (one, four, total) in zip(bands, COMPLEX.values(), strict=True):
        found = np.asarray(band)[0]
        # pyrtools sums spectra with NumPy's transform and makes the angle a table of its own.
        assert found[0, 2, 5] == pytest.approx(one, rel=0, abs=1e-9)
        assert found[3, 2, 5] == pytest.approx(four, rel=0, abs=1e-9)
        assert np.abs(found[5]).sum() == pytest.approx(total, rel=1e-11)


@pytest.mark.parametrize("engine", ENGINES)
def test_binomial_bands_are_those_of_the_laplacian_pyramid(engine):
    for band, (value, total) in zip(binomial_pyramid.bands(engine(PICTURE), 4), LAPLACIAN, strict=True):
        found = np.asarray(band)[0]
        assert found[3, 4] == pytest.approx(value, rel=0, abs=1e-10)
        assert np.abs(found).sum() == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("shape", [(64, 64), (65, 90), (91, 67)], ids=str)
def test_engines_agree_on_every_parity(shape):
    x = np.random.default_rng(0).random((2, *shape)) * 255
    t = torch.as_tensor(x)
    for a, b in zip(steerable.low_passes(x, 4), steerable.low_passes(t, 4), strict=True):
        for orientation in ("horizontal", "vertical"):
            one, two = (steerable.derivative_band(z, orientation) for z in (a, b))
            np.testing.assert_allclose(one, two, rtol=0, atol=1e-10)
    for levels in ((1,), (2, 3), (4,)):
        for a, b in zip(steerable.complex_bands(x, levels, 6), steerable.complex_bands(t, levels, 6), strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)
    for a, b in zip(binomial_pyramid.bands(x, 5), binomial_pyramid.bands(t, 5), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)


@pytest.mark.parametrize("levels", [(1,), (2,), (1, 2, 3), (3, 4)], ids=str)
def test_a_level_does_not_depend_on_what_else_is_asked_for(levels):
    x = np.random.default_rng(1).random((1, 70, 81))
    everything = dict(zip((1, 2, 3, 4), steerable.complex_bands(x, (1, 2, 3, 4), 4), strict=True))
    for level, band in zip(levels, steerable.complex_bands(x, levels, 4), strict=True):
        np.testing.assert_allclose(band, everything[level], rtol=0, atol=1e-12)


def test_a_wave_is_found_in_the_band_of_its_orientation():
    columns = np.arange(128) * np.ones((128, 1))
    for angle in range(8):
        direction = angle * np.pi / 8
        wave = np.cos(2 * np.pi / 6 * (columns * np.cos(direction) + columns.T * np.sin(direction)))[None]
        (band,) = steerable.complex_bands(wave, (1,), 8)
        power = (np.abs(band[0, :, 20:-20, 20:-20]) ** 2).mean(axis=(1, 2))
        assert power.argmax() == angle


@pytest.mark.parametrize("value", [0.0, 1.0, 117.0, 254.7])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_image_has_empty_bands(value, dtype):
    x = np.full((1, 75, 91), value, dtype)
    for low in steerable.low_passes(x, 4):
        for orientation in ("horizontal", "vertical"):
            assert not steerable.derivative_band(low, orientation).any()
    for band in list(binomial_pyramid.bands(x, 4))[:-1]:
        np.testing.assert_allclose(band, 0.0, rtol=0, atol=1e-12)
    for band in steerable.complex_bands(x.astype(np.float64), (1, 2, 4), 8):
        np.testing.assert_allclose(np.abs(band), 0.0, rtol=0, atol=1e-9)


def test_threads_change_no_bit():
    x = np.random.default_rng(2).random((1, 201, 150)).astype(np.float32)

    def everything():
        lows = list(steerable.low_passes(x, 3))
        return [*lows, *(steerable.derivative_band(z, "vertical") for z in lows), *binomial_pyramid.bands(x, 4)]

    try:
        set_threads(1)
        one = everything()
        set_threads(3)
        three = everything()
    finally:
        set_threads(None)
    assert all(np.array_equal(a, b) for a, b in zip(one, three, strict=True))


def test_what_cannot_be_built_is_refused():
    x = np.zeros((1, 63, 90))
    with pytest.raises(SizeError, match="level 4"):
        next(steerable.complex_bands(x, (4,), 8))
    for levels, orientations in (((), 8), ((0,), 8), ((2, 1), 8), ((1, 1), 8), ((1,), 0)):
        with pytest.raises(OptionError, match="levels"):
            next(steerable.complex_bands(x, levels, orientations))


@pytest.mark.parametrize("shape", [(64, 64), (97, 101), (130, 75), (75, 130)], ids=str)
@pytest.mark.parametrize("orientations", [4, 6, 3])
def test_one_real_band_is_the_real_part_of_the_complex_one(shape, orientations):
    x = np.random.default_rng(4).random(shape) * 255
    half = steerable.half_spectrum(x)
    for level, bands in zip((1, 2, 3), steerable.complex_bands(x[None], (1, 2, 3), orientations), strict=True):
        for k in range(orientations):
            band = steerable.real_band(half, shape, level, k, orientations)
            np.testing.assert_allclose(band, bands[0, k].real, rtol=0, atol=1e-10 * np.abs(bands).max())
