"""FEDM: the autoregression against a plain loop, somebody else's figures, and where the metric is known to fail."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from photographs import LEVELS, photographs, rising
from scipy.linalg import lapack
from scipy.ndimage import gaussian_filter
from skimage import data

import samples
from visq.errors import InputError, OptionError
from visq.metrics.fedm import LARGEST, compare, extract, fedm, free_energy_change
from visq.ops._numba_autoregression import error_counts
from visq.ops.autoregression import free_energy

# An error this near half a level is rounded away from zero: the documented rule.
TIE = 3e-5


def _determined(normal, least):
    """By LAPACK's own estimate of the reciprocal condition number: MATLAB's and Octave's rcond."""
    factor, failed = lapack.dpotrf(normal)
    return not failed and lapack.dpocon(factor, abs(normal).sum(axis=0).max())[0] >= least


def blurred(pixels, sigma):
    return np.round(gaussian_filter(pixels.astype(float), sigma)).astype(np.uint8)


def plain_counts(x, *, least, ridge):
    """Errors counted by the definition: one call of LAPACK's least squares a pixel."""
    windows = sliding_window_view(np.pad(x, 4, mode="symmetric"), (3, 3)).reshape(x.shape[0] + 6, x.shape[1] + 6, 9)
    inner = [0, 1, 2, 3, 5, 6, 7, 8]
    counts = np.zeros(511, int)
    for r, c in np.ndindex(x.shape):
        training = np.delete(windows[r : r + 7, c : c + 7].reshape(49, 9), 24, axis=0)
        known, wanted = training[:, inner], training[:, 4]
        normal = known.T @ known
        if ridge:
            normal += ridge / 8 * np.trace(normal) * np.eye(8)
            weights = np.linalg.solve(normal, known.T @ wanted) if normal.any() else np.zeros(8)
        elif not _determined(normal, least):
            weights = np.full(8, 1 / 8)
        else:
            weights = np.linalg.lstsq(known, wanted, rcond=None)[0]
        error = windows[r + 3, c + 3, 4] - windows[r + 3, c + 3, inner] @ weights
        rounded = np.sign(error) * np.floor(abs(error) + 0.5 + TIE)
        counts[int(np.clip(rounded, -255, 255)) + 255] += 1
    return counts


def picture(kind):
    camera = data.camera().astype(float)
    if kind == "texture":
        return camera[300:340, 180:247]
    if kind == "edges and sky":
        return camera[90:131, 200:266]
    if kind == "blurred":
        return blurred(data.camera(), 2.5)[200:237, 100:166].astype(float)
    if kind == "noise":
        return np.random.default_rng(0).uniform(0, 255, (35, 70))
    if kind == "ramp":
        return np.add.outer(np.arange(36.0), 2 * np.arange(66.0))
    return np.full((34, 65), 7.0)


@pytest.mark.parametrize("kind", ["texture", "edges and sky", "blurred", "noise", "ramp", "constant"])
@pytest.mark.parametrize(("least", "ridge"), [(1e-7, 0.0), (0.0, 1e-6)], ids=["exact", "ridge"])
def test_every_error_is_that_of_a_plain_loop(kind, least, ridge):
    x = picture(kind)
    np.testing.assert_array_equal(error_counts(x, least, ridge), plain_counts(x, least=least, ridge=ridge))


# An independent program (NumPy, the ridge solver), run on scikit-image's camera by somebody else; two decimals printed.
# Half of the last digit for blur; noise and JPEG come from another generator and another encoder: one more digit.
PROTOTYPE = [
    (samples.noisy, 2, 4.70, 0.015),
    (samples.noisy, 40, 7.51, 0.015),
    (blurred, 0.6, 2.75, 0.005),
    (blurred, 4.0, 0.60, 0.005),
    (samples.jpeg, 80, 3.57, 0.015),
    (samples.jpeg, 5, 1.12, 0.015),
]


def test_entropies_of_an_independent_program():
    camera = data.camera()
    assert free_energy(camera.astype(float), "ridge") == pytest.approx(4.09, abs=0.005)
    for damage, level, expected, within in PROTOTYPE:
        found = free_energy(damage(camera, level).astype(float), "ridge")
        assert found == pytest.approx(expected, abs=within), (damage.__name__, level)


def test_monotone_and_of_opposite_sign():
    """Of the 24 photographs of the Kodak set, one fails at JPEG (mildest step); the first eight do not."""
    failures = []
    for n, photo in enumerate(photographs()):
        for kind in LEVELS:
            sign = 1 if kind == "noise" else -1
            (known,) = extract(photo)[0]["free_energy"]
            if not rising(lambda x, k=known, s=sign: s * (extract(x)[0]["free_energy"][0] - k), photo, kind):
                failures.append((n, kind))
    assert not failures


def test_noise_and_blur_cancel():
    """The known failure: some noise on a blurred picture has the free energy of the original."""
    pixels = photographs()[0]
    soft = samples.blurred(pixels, 1.6)
    assert free_energy_change(soft, pixels) < -1
    low, high = 0.0, 20.0
    assert free_energy_change(samples.noisy(soft, high), pixels) > 0
    for _ in range(12):
        middle = (low + high) / 2
        if free_energy_change(samples.noisy(soft, middle), pixels) < 0:
            low = middle
        else:
            high = middle
    both = samples.noisy(soft, high)
    assert fedm(both, pixels) < 0.02
    assert fedm(both, pixels) < fedm(samples.noisy(pixels, 2), pixels)


def test_turned_by_a_right_angle():
    for pixels in photographs()[:2]:
        for damage, levels in LEVELS.values():
            image = damage(pixels, levels[2])
            upright = fedm(image, pixels)
            assert fedm(np.rot90(image), np.rot90(pixels)) == pytest.approx(upright, rel=0.02)


def test_one_number_is_sent():
    pixels = photographs()[0]
    image = samples.jpeg(pixels, 30)
    values, bits = extract(pixels)
    assert bits == 32
    assert list(values) == ["free_energy"]
    assert len(values["free_energy"]) == 1
    sent = json.loads(json.dumps(values))
    assert compare(sent, image) == fedm(image, pixels)
    assert free_energy_change(image, pixels) == -compare(sent, image) < 0
    assert compare(sent, pixels) == 0.0


@pytest.mark.parametrize("entry", [[-0.1], [LARGEST + 0.1], [float("nan")], [1.0, 2.0], 1.0, ["x"]], ids=str)
def test_a_number_that_is_no_entropy_is_refused(entry):
    with pytest.raises(InputError, match="free_energy"):
        compare({"free_energy": entry}, np.zeros((16, 16), np.uint8))


def test_flat_and_unknown():
    assert free_energy(np.full((40, 40), 255.0)) == 0.0
    assert free_energy(np.zeros((9, 9))) == 0.0
    with pytest.raises(OptionError, match="solver"):
        free_energy(np.zeros((9, 9)), "other")  # type: ignore[arg-type]


def test_solvers_differ_only_where_the_neighbours_say_little():
    camera = data.camera()
    assert fedm(camera, camera, solver="ridge") == 0.0
    exact, ridge = (free_energy(camera.astype(float), solver) for solver in ("exact", "ridge"))
    assert 0 < abs(exact - ridge) < 0.01
    smooth = blurred(camera, 4.0).astype(float)
    assert abs(free_energy(smooth, "exact") - free_energy(smooth, "ridge")) > 0.01
