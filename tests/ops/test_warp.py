"""Interpolation at displaced positions."""

from __future__ import annotations

import numpy as np
import pytest

from visq.ops.resize import imresize
from visq.ops.threads import set_threads
from visq.ops.warp import warp


def _planes(shape=(3, 40, 37)):
    return np.random.default_rng(0).random(shape)


@pytest.mark.parametrize(("down", "across"), [(0, 0), (3, 0), (0, -2), (5, 7), (-90, 85)])
def test_whole_pixels_move_and_mirror(down, across):
    planes = _planes()
    full = np.full(planes.shape[1:], 1.0)
    rows, columns = (np.arange(n) - d for n, d in zip(planes.shape[1:], (down, across), strict=True))
    fold = [np.where(i % (2 * n) < n, i % (2 * n), 2 * n - 1 - i % (2 * n)) for i, n in ((rows, 40), (columns, 37))]
    expected = planes[:, fold[0][:, None], fold[1]]
    np.testing.assert_allclose(warp(planes, down * full, across * full), expected, atol=1e-14)


def test_quarters_are_those_of_enlarging_twice():
    # The pixels of a picture enlarged twice lie a quarter before and behind its own.
    planes = _planes()
    enlarged = imresize(planes, 2.0)
    quarter = np.full(planes.shape[1:], 0.25)
    np.testing.assert_allclose(warp(planes, quarter, quarter), enlarged[:, ::2, ::2], atol=1e-13)
    np.testing.assert_allclose(warp(planes, -quarter, quarter), enlarged[:, 1::2, ::2], atol=1e-13)


def test_threads_change_nothing():
    planes = _planes((1, 300, 70))
    shifts = np.random.default_rng(1).normal(0, 2, (2, 300, 70))
    try:
        found = []
        for threads in (1, 5):
            set_threads(threads)
            found.append(warp(planes, *shifts))
    finally:
        set_threads(None)
    np.testing.assert_array_equal(*found)


def test_one_pixel():
    assert warp(np.full((1, 1, 1), 0.3), np.full((1, 1), 7.4), np.full((1, 1), -3.2)).item() == pytest.approx(0.3)
