"""The grid of cells: weights are areas, tiles cover everything once, cutting a part is cutting the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import samples
from visq.ops.arrays import read_one
from visq.systems.visq_nr import grid
from visq.systems.visq_nr.planes import cut

lengths = st.integers(64, 3000)


def _area(length, scale, cell):
    """Pixels of the side that lie in a cell, counted in tenths."""
    points = np.arange(0.05, length, 0.1)
    size = -(-length // scale)
    middle = scale * (32 * cell - grid.before(size) + 0.5)
    return 0.1 * np.count_nonzero((points > middle - 16 * scale) & (points < middle + 16 * scale))


@given(lengths, st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_weights_of_the_whole_are_the_area_of_the_picture_in_each_cell(length, scale):
    found = grid.weights(length, scale)[0]
    assert len(found) == grid.cells(-(-length // scale))
    assert found.sum() == pytest.approx(length)
    assert found.min() >= 0
    assert np.count_nonzero(found) >= len(found) - 1
    for cell in (0, 1, len(found) - 1):
        assert found[cell] == pytest.approx(_area(length, scale, cell), abs=0.11)


@given(lengths)
@settings(max_examples=60, deadline=None)
def test_the_extended_side_fits_the_strides_and_is_as_short_as_possible(length):
    extended = 32 * (grid.cells(length) - 1) + 1
    assert 0 <= extended - length < 32
    assert 0 <= extended - length - 2 * grid.before(length) <= 1


@given(st.integers(64, 9000), st.integers(64, 9000), st.sampled_from([2_400_000, 300_000]))
@settings(max_examples=40, deadline=None)
def test_tiles_hold_every_cell_once_and_no_more_pixels_than_allowed(height, width, limit):
    found = grid.tiles(height, width, limit)
    counted = np.zeros((grid.cells(height), grid.cells(width)), int)
    for rows, columns in found:
        counted[rows.first : rows.end, columns.first : columns.end] += 1
        sides = [end - first for first, end in (rows.pixels, columns.pixels)]
        assert sides[0] * sides[1] <= limit
        for span, count in ((rows, counted.shape[0]), (columns, counted.shape[1])):
            assert span.outer_first == max(0, span.first - grid.MARGIN) or len(found) == 1
            assert span.outer_end == min(count, span.end + grid.MARGIN) or len(found) == 1
    assert (counted == 1).all()
    whole = (32 * (counted.shape[0] - 1) + 1) * (32 * (counted.shape[1] - 1) + 1)
    assert (len(found) == 1) == (whole <= limit)


def test_windows_at_both_scales_are_the_same_part_of_the_picture():
    span = grid.tiles(400, 300)[0][0]
    for length in (400, 401):
        windows = grid.around(length, span)
        for scale in (1, 2):
            inside = np.minimum(windows[:, 1], length) - np.maximum(windows[:, 0], 0)
            np.testing.assert_allclose(grid.weights(length, scale, windows).sum(axis=1), inside, atol=1e-9)


def _reference(pixels, scale):
    """The whole extended picture, pixel by pixel."""
    planes = np.moveaxis(pixels.astype(float), -1, 0)
    if scale == 2:
        planes = np.pad(planes, ((0, 0), *((0, n % 2) for n in planes.shape[1:])), mode="edge")
        rows, columns = (n // 2 for n in planes.shape[1:])
        planes = planes.reshape(3, rows, 2, columns, 2).mean(axis=(2, 4))
    ends = []
    for n in planes.shape[1:]:
        missing = 32 * (-(-(n - 1) // 32)) + 1 - n
        ends.append((missing // 2, missing - missing // 2))
    return np.pad(planes, ((0, 0), *ends), mode="reflect")


@pytest.mark.parametrize("size", [(64, 65), (193, 130), (275, 227)])
@pytest.mark.parametrize("scale", [1, 2])
def test_what_is_cut_is_a_part_of_the_extended_picture(size, scale):
    pixels = samples.picture(*size)
    wanted = _reference(pixels, scale)
    height, width = wanted.shape[1:]
    parts = [(0, height, 0, width)]
    if width > 65:
        parts += [(32, height, 0, 65), (0, 65, width - 65, width), (32, 97, 0, width)]
    for top, bottom, left, right in parts:
        found = cut(read_one(pixels), scale, (top, bottom), (left, right))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found[0], wanted[:, top:bottom, left:right], atol=1e-4)


@pytest.mark.parametrize("scale", [1, 2])
def test_arrays_tensors_and_grey_are_cut_alike(scale):
    torch = pytest.importorskip("torch")
    pixels = samples.picture(97, 131)
    whole = (0, 97), (0, 65)
    wanted = cut(read_one(pixels), scale, *whole)
    tensor = torch.from_numpy(np.moveaxis(pixels, -1, 0).copy())[None]
    np.testing.assert_array_equal(cut(read_one(tensor), scale, *whole).numpy(), wanted)
    grey = pixels[:, :, 0]
    np.testing.assert_array_equal(cut(read_one(grey), scale, *whole)[0, 2], wanted[0, 0])
    np.testing.assert_allclose(cut(read_one(pixels / 255.0), scale, *whole), wanted, atol=1e-9 + 1e-4)
    np.testing.assert_allclose(cut(read_one(pixels * np.uint16(257)), scale, *whole), wanted, atol=1e-4)
