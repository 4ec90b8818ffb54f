"""Random and fixed crops: exact parts, every place with the same chance, a function of seed and place alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from visq.errors import OptionError, SizeError
from visq.train.data.crops import Crop, copy_into, count_fixed, fixed_crops, random_crop, take
from visq.train.data.draws import below, permutation, words

_sides = st.integers(1, 40)


@given(_sides, _sides, st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.integers(0, 10**6), st.data())
def test_crops_lie_inside(height, width, seed, epoch, index, data):
    side = data.draw(st.integers(1, min(height, width)))
    crop = random_crop((height, width), side, seed, epoch, index)
    assert 0 <= crop.top <= height - side
    assert 0 <= crop.left <= width - side
    assert crop == random_crop((height, width), side, seed, epoch, index)
    unflipped = random_crop((height, width), side, seed, epoch, index, flip=False)
    assert unflipped == crop._replace(flip=False)


@given(_sides, _sides, st.data())
def test_taken_is_a_part_pixel_by_pixel(height, width, data):
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    side = data.draw(st.integers(1, min(height, width)))
    crop = random_crop((height, width), side, data.draw(st.integers(0, 99)), 0, 0)
    taken = take(pixels, crop)
    assert np.shares_memory(taken, pixels)
    for row in range(side):
        for column in range(side):
            across = side - 1 - column if crop.flip else column
            assert (taken[row, column] == pixels[crop.top + row, crop.left + across]).all()


@given(_sides, _sides, st.booleans())
def test_copies_are_what_assignment_gives(height, width, flip):
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    part = take(pixels, Crop(0, 0, height, width, flip))
    out = np.zeros_like(pixels)
    copy_into(out, part)
    np.testing.assert_array_equal(out, part)


def test_every_place_and_both_ways_come_equally_often():
    # 4000 draws of 5 x 3 places and 2 ways: a cell has 133 with a standard deviation of 11.3; 5 of them are 57.
    drawn = [random_crop((8, 6), 4, 11, epoch, index)[:2] for epoch in range(40) for index in range(100)]
    counts = np.unique(np.array(drawn), axis=0, return_counts=True)[1]
    assert len(counts) == 15
    assert abs(counts - 4000 / 15).max() < 5 * np.sqrt(4000 / 15)
    mirrored = sum(random_crop((8, 6), 4, 11, 0, index).flip for index in range(4000))
    assert abs(mirrored - 2000) < 5 * np.sqrt(1000)


def test_words_are_those_of_philox():
    # The bit generator itself, keyed and counted as the docstring of the module says.
    import hashlib

    salt = int.from_bytes(hashlib.sha256(b"crop").digest()[:8], "little")
    bits = np.random.Philox(key=np.array([7, salt], np.uint64), counter=np.array([0, 3, 5, 0], np.uint64))
    assert words("crop", 7, 4, 3, 5).tolist() == bits.random_raw(4).tolist()
    assert below(2**63, 10) == 5


def test_the_stream_of_words_never_changes():
    # A resumed training relies on it. First, of Random123's known answers (kat_vectors, philox 4x64, 10 rounds) that
    # of key and counter 0, which NumPy counts up to before it draws; then ours, written down once.
    before = np.full(4, 2**64 - 1, np.uint64)
    assert [hex(int(word)) for word in np.random.Philox(key=0, counter=before).random_raw(4)] == _KNOWN
    assert [hex(int(word)) for word in words("crop", 1, 2, 2, 3)] == _PINNED


def test_permutations_hold_every_number_once_and_differ_by_epoch():
    drawn = [tuple(permutation("order", 3, 50, epoch).tolist()) for epoch in range(20)]
    assert all(sorted(one) == list(range(50)) for one in drawn)
    assert len(set(drawn)) == 20
    first = np.array(drawn)[:, 0]
    assert len(set(first.tolist())) > 10


def test_fixed_crops_reach_all_corners():
    corners = fixed_crops((100, 121), 50, "corners")
    assert [crop[:2] for crop in corners] == [(0, 0), (0, 71), (50, 0), (50, 71), (25, 35)]
    assert fixed_crops((100, 121), 50, (2, 2)) == corners[:4]
    assert fixed_crops((100, 121), 50, (1, 1)) == fixed_crops((100, 121), 50, "centre") == (Crop(25, 35, 50, 50),)


@given(_sides, _sides, st.integers(1, 4), st.integers(1, 4), st.data())
def test_a_grid_is_even(height, width, rows, columns, data):
    side = data.draw(st.integers(1, min(height, width)))
    found = fixed_crops((height, width), side, (rows, columns))
    assert len(found) == count_fixed((rows, columns)) == rows * columns
    for axis, room, count in ((0, height - side, rows), (1, width - side, columns)):
        places = sorted({crop[axis] for crop in found})
        ideal = [room / 2] if count == 1 else [i * room / (count - 1) for i in range(count)]
        nearest = [min(places, key=lambda p, x=x: abs(p - x)) for x in ideal]
        assert all(abs(p - x) <= 0.5 for p, x in zip(nearest, ideal, strict=True))
        assert places[0] >= 0
        assert places[-1] <= room


def test_what_cannot_be_cropped_is_refused():
    with pytest.raises(SizeError, match=r"smaller than the crop; expected sides of 65 pixels or more; got 64x80"):
        random_crop((80, 64), 65, 0)
    for where in ("middle", (0, 1), (1,), (True, 2)):
        with pytest.raises(OptionError):
            fixed_crops((10, 10), 5, where)
    for seed in (-1, 2**64, 0.5, True, "a"):
        with pytest.raises(OptionError, match="not a seed"):
            words("crop", seed, 1)
    with pytest.raises(OptionError, match="side"):
        random_crop((10, 10), 0, 1)


_PINNED = ["0x693442e57be0e005", "0x1d8e6245afdb2fde"]
_KNOWN = ["0x16554d9eca36314c", "0xdb20fe9d672d0fdc", "0xd7e772cee186176b", "0x7e68b68aec7ba23b"]
