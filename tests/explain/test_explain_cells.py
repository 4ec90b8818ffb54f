"""Grids over pictures: cells cover every pixel once, means are means of areas, parts are carried to other grids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visq.errors import InputError, OptionError
from visq.explain.cells import Cells, checked_keeps, regular, squares


@given(st.integers(5, 4000), st.integers(5, 4000), st.integers(2, 1024))
@settings(max_examples=80, deadline=None)
def test_squares_cover_the_picture_and_are_no_more_than_asked_for(height, width, most):
    found = squares((height, width), most)
    assert 1 <= found.count <= most
    assert found.size == (height, width)
    for edges, length in ((found.rows, height), (found.columns, width)):
        assert edges[0] == 0
        assert edges[-1] == length
        assert (np.diff(edges) > 0).all()
        if min(height, width) >= 32:
            assert (edges[:-1] % 16 == 0).all()


def test_boxes_hold_every_pixel_once():
    cells = squares((200, 333), 48)
    counted = np.zeros((200, 333), int)
    for top, bottom, left, right in cells.boxes():
        counted[top:bottom, left:right] += 1
    assert (counted == 1).all()


def test_cells_have_nearly_one_size():
    for size in ((512, 768), (384, 512), (3000, 4000)):
        cells = squares(size, 48)
        sides = np.concatenate([np.diff(cells.rows), np.diff(cells.columns)])
        assert sides.max() <= 1.5 * sides.min()


def test_expanding_gives_every_pixel_its_cells_value():
    cells = Cells(np.array([0.0, 7, 20]), np.array([0.0, 5, 11, 16]))
    values = np.arange(6).reshape(2, 3)
    found = cells.expand(values)
    for y in range(20):
        for x in range(16):
            assert found[y, x] == values[int(y >= 7), int(x >= 5) + int(x >= 11)]


def test_means_are_those_of_the_area_in_each_cell():
    """A plane of another size than the picture; by counting points of a fine raster."""
    plane = np.random.default_rng(0).random((9, 7))
    cells = Cells(np.array([0.0, 13, 30]), np.array([0.0, 4, 21, 28]))
    fine = 300
    points = plane[(np.arange(9 * fine) // fine)[:, None], np.arange(7 * fine) // fine]
    found = cells.means(plane)
    for i in range(2):
        for j in range(3):
            rows = np.rint(cells.rows[i : i + 2] / 30 * 9 * fine).astype(int)
            columns = np.rint(cells.columns[j : j + 2] / 28 * 7 * fine).astype(int)
            wanted = points[rows[0] : rows[1], columns[0] : columns[1]].mean()
            assert found[i, j] == pytest.approx(wanted, abs=1e-3)


def test_a_part_is_the_same_part_on_another_grid():
    coarse, fine = regular((64, 64), (2, 2)), regular((64, 64), (8, 8))
    keep = np.array([[True, False], [False, True]])
    assert (coarse.onto(fine, keep) == np.kron(keep, np.ones((4, 4), bool))).all()
    assert (fine.onto(coarse, coarse.onto(fine, keep)) == keep).all()
    assert (coarse.onto(coarse, keep) == keep).all()


def test_values_are_carried_by_area():
    mine, theirs = regular((60, 60), (3, 4)), Cells(np.array([0.0, 7, 60]), np.array([0.0, 31, 45, 60]))
    values = np.random.default_rng(1).random((3, 4))
    np.testing.assert_allclose(mine.carried(theirs, values), theirs.means(mine.expand(values)), atol=1e-12)
    assert mine.carried(mine, values) is values


@pytest.mark.parametrize("most", [0, 1, 1025])
def test_numbers_of_cells_that_make_no_sense_are_refused(most):
    with pytest.raises(OptionError, match="2 to 1024"):
        squares((64, 64), most)


def test_masks_of_another_grid_and_empty_ones_are_refused():
    good = np.ones((2, 3, 4), bool)
    assert checked_keeps(good, (3, 4)).shape == (2, 3, 4)
    assert checked_keeps(good[0], (3, 4)).shape == (1, 3, 4)
    with pytest.raises(InputError, match=r"expected \(K, 4, 3\)"):
        checked_keeps(good, (4, 3))
    with pytest.raises(InputError, match="bool"):
        checked_keeps(good.astype(float), (3, 4))
    good[1] = False
    with pytest.raises(ValueError, match="mask 1 keeps no cell"):
        checked_keeps(good, (3, 4))
