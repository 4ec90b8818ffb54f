"""Mirror images and trimmed pictures: what they are, and that their keys tell them apart."""

from __future__ import annotations

import numpy as np
import pytest

from visq.errors import SizeError
from visq.train.data.keyed import keyed
from visq.train.data.views import mirrored, trimmed


@pytest.fixture
def one():
    return keyed([np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)])[0]


def test_a_mirror_image_is_the_picture_left_to_right(one):
    assert np.array_equal(mirrored(one).load(), np.flip(one.load(), axis=1))
    assert np.array_equal(mirrored(mirrored(one)).load(), one.load())


def test_a_trimmed_picture_lacks_rows_and_columns_at_its_borders(one):
    assert np.array_equal(trimmed(one, top=1, left=1, right=1).load(), one.load()[1:, 1:2])
    assert np.array_equal(trimmed(one, bottom=1).load(), one.load()[:1])


def test_a_view_is_another_picture_and_the_same_view_the_same_one(one):
    keys = [one.key, mirrored(one).key, trimmed(one, top=1).key, trimmed(one, bottom=1).key, trimmed(one, left=1).key]
    assert len(set(keys)) == len(keys)
    assert trimmed(one, top=1).key == trimmed(one, top=1).key
    assert mirrored(one).picture == one.picture


def test_nothing_left_is_an_error(one):
    with pytest.raises(SizeError, match="nothing is left"):
        trimmed(one, top=1, bottom=1).load()
