"""Finding the amount that gives a PSNR."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
from distortion_pictures import photo

from visq.distortions.calibrate import amount_for_psnr


def _grey():
    return np.full((8, 8, 1), 0.5)


@pytest.mark.parametrize("search", [(0.0, 0.4), (0.001, 0.4)])
def test_the_amount_is_found(search):
    for psnr in (12.0, 20.0, 30.0):
        amount, out = amount_for_psnr(lambda a: _grey() + a, _grey(), psnr, search)
        assert amount == pytest.approx(10 ** (-psnr / 20), rel=3e-3)  # 0.02 dB
        np.testing.assert_array_equal(out, _grey() + amount)


def test_amounts_may_fall_as_severity_rises():
    amount, _ = amount_for_psnr(lambda a: _grey() + 1 / a, _grey(), 20.0, (1000.0, 2.0))
    assert amount == pytest.approx(10.0, rel=3e-3)


def test_beyond_the_range_its_end_is_taken():
    assert amount_for_psnr(lambda a: _grey() + a, _grey(), 5.0, (0.0, 0.1))[0] == 0.1
    assert amount_for_psnr(lambda a: _grey() + a, _grey(), 50.0, (0.1, 0.4))[0] == 0.1


def test_what_changes_nothing_comes_back_unchanged():
    image = photo(height=16, width=16) / 255.0
    _, out = amount_for_psnr(lambda _: image, image, 30.0, (0.0, 1.0))
    np.testing.assert_array_equal(out, image)


def test_whole_numbers_come_as_near_as_they_can():
    tried = []

    def steps(a):
        tried.append(round(a))
        return _grey() + round(a) / 10

    amount, _ = amount_for_psnr(steps, _grey(), 15.0, (0.0, 4.0))
    assert round(amount) == 2  # 13.98 dB; 1 gives 20 dB
    assert len(tried) <= 18


def test_one_trial_alone_is_kept():
    """Of a picture of 12 megapixels each takes 288 MB."""
    kept = []

    def run(a):
        out = _grey() + round(a, 2)  # whole steps: no trial comes near enough, and all are made
        kept.append(weakref.ref(out))
        assert sum(one() is not None for one in kept) <= 3  # this one, the one before, and the nearest
        return out

    amount_for_psnr(run, _grey(), 31.3, (0.0, 4.0))
    assert len(kept) > 8
