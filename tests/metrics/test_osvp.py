"""OSVP: the patterns against a plain program, what nine numbers see of graded damage, and what they do not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from photographs import LEVELS, photographs, rising
from scipy.ndimage import correlate, generic_filter

import samples
from visq.errors import InputError, OptionError
from visq.metrics.osvp import compare, extract, osvp
from visq.ops.orientation_patterns import pattern_histogram

_SCHARR = np.outer([3, 10, 3], [-1, 0, 1])


def plain_histogram(x, threshold):
    """The definition with arctangents, and a loop over the pixels."""
    across, down = correlate(x, _SCHARR, mode="nearest"), correlate(x, _SCHARR.T, mode="nearest")
    angle = np.degrees(np.arctan2(down, across))
    some = np.hypot(across, down) / 32 > 1e-3
    variance = generic_filter(x, np.var, 3, mode="nearest")
    sums = np.zeros(9)
    for r in range(2, x.shape[0] - 2):
        for c in range(2, x.shape[1] - 2):
            alike = 0
            for i, j in [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]:
                apart = abs(angle[r, c] - angle[r + i, c + j]) % 180
                alike += min(apart, 180 - apart) < threshold and some[r, c] and some[r + i, c + j]
            sums[alike] += variance[r, c]
    return sums / sums.sum()


@pytest.mark.parametrize("threshold", [6.0, 20.0, 45.5])
def test_the_histogram_is_that_of_a_plain_program(threshold):
    for pixels in (samples.picture(43, 71, grey=True), samples.noise(37, 40)[:, :, 0]):
        x = pixels.astype(float)
        np.testing.assert_allclose(
            pattern_histogram(x, threshold), plain_histogram(x, threshold), rtol=1e-12, atol=1e-15
        )


def test_noise_and_blur_are_monotone_on_eight_photographs():
    # JPEG is left out: of 24 whole Kodak photographs it is monotone on 21 (five steps), of these 8 parts on 3 (six).
    good = 0
    for photo in photographs():
        known = extract(photo)[0]
        good += sum(rising(lambda x, k=known: compare(k, x), photo, kind) for kind in ("noise", "blur"))
    assert good == 16


def test_noise_breaks_patterns_and_blur_joins_them():
    photo = photographs()[0]
    whole, noise, blur = (
        np.arange(9) @ extract(x)[0]["histogram"] for x in (photo, samples.noisy(photo, 20), samples.blurred(photo, 2))
    )
    assert noise < whole - 0.5
    assert blur > whole + 0.5


def test_turned_by_a_right_angle():
    for pixels in photographs()[:2]:
        for damage, levels in LEVELS.values():
            image = damage(pixels, levels[2])
            assert osvp(np.rot90(image), np.rot90(pixels)) == pytest.approx(osvp(image, pixels), rel=0.02)


def test_nine_numbers_are_sent():
    pixels = samples.picture(160, 180)
    image = samples.noisy(pixels, 10)
    values, bits = extract(pixels)
    assert bits == 288
    assert list(values) == ["histogram"]
    assert len(values["histogram"]) == 9
    assert sum(values["histogram"]) == pytest.approx(1, abs=1e-6)
    sent = json.loads(json.dumps(values))
    assert compare(sent, image) == osvp(image, pixels) > 0
    assert compare(sent, pixels) == 0.0
    # By the definition: one less what two histograms share.
    shared = np.minimum(extract(image)[0]["histogram"], values["histogram"]).sum()
    assert compare(sent, image) == pytest.approx(1 - shared, abs=1e-6)


@pytest.mark.parametrize("bad", [[0.1] * 9, [1.0] + [0.0] * 7, [2.0, -1.0] + [0.0] * 7, [float("nan")] * 9], ids=str)
def test_a_histogram_that_is_none_is_refused(bad):
    with pytest.raises(InputError, match="histogram"):
        compare({"histogram": bad}, np.zeros((16, 16), np.uint8))


def test_without_contrast():
    flat, noise = np.full((32, 32), 90, np.uint8), samples.noise(32, 32)[:, :, 0]
    assert osvp(flat, np.zeros_like(flat)) == 0.0
    assert 0.5 < osvp(flat, noise) <= 1.0
    single = (flat / 255).astype(np.float32) * (1 + 1e-7 * noise.astype(np.float32) / 255)
    assert pattern_histogram(single.astype(float) * 255)[-1] == 1.0


@pytest.mark.parametrize("threshold", [0.0, -1.0, 90.5, float("nan")])
def test_an_angle_that_is_none_is_refused(threshold):
    with pytest.raises(OptionError, match="threshold"):
        osvp(np.zeros((16, 16)), np.zeros((16, 16)), threshold=threshold)
