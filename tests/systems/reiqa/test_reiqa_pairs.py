"""Pairs of crops: how much they overlap (R2), which change sides (R3), what is done to a chunk (R5), and views."""

from __future__ import annotations

import numpy as np
import pytest

from samples import picture
from visq import distort
from visq.distortions import bank
from visq.errors import OptionError, SizeError
from visq.systems.reiqa import chunks, views
from visq.systems.reiqa.chunks import ChunkOptions
from visq.systems.reiqa.crops import cut, draw_pair, offsets, reach, swap_half

_DRAWS = 10_000


@pytest.fixture(scope="module")
def overlaps():
    return np.array([draw_pair((700, 900), 160, 0, i).overlap for i in range(_DRAWS)])


def test_every_overlap_lies_between_a_tenth_and_three_tenths(overlaps):
    assert overlaps.min() >= 0.10
    assert overlaps.max() <= 0.30


def test_overlaps_are_spread_as_the_released_sampler_spreads_them(overlaps):
    """The specification's simulation of the released code: 0.103, 0.140, 0.244. Its tolerance for the median: 0.01."""
    assert np.percentile(overlaps, [5, 50, 95]) == pytest.approx([0.103, 0.140, 0.244], abs=0.01)
    drawn = np.array([offsets(160, 1, i) for i in range(_DRAWS)])
    assert drawn[:, 0].min() == 112
    assert drawn[:, 0].max() == 143
    # Means of the simulation, given as whole numbers and as "about": rounding, and the draws' own error.
    assert drawn.mean(axis=0) == pytest.approx([128, 36], abs=2)


@pytest.mark.parametrize("patch", [32, 33, 64, 97, 160, 224])
@pytest.mark.parametrize("kind", ["overlap", "isotropic"])
def test_any_size_of_patch_keeps_the_bounds_and_stays_in_the_picture(patch, kind):
    side = reach(patch)
    for i in range(300):
        pair = draw_pair((side, side + 5), patch, 3, i, kind=kind)
        assert 0.10 <= pair.overlap <= 0.30
        corners = np.array([pair.first, pair.second])
        assert (corners >= 0).all()
        assert (corners + patch <= (side, side + 5)).all()


def test_the_released_sampler_looks_one_way_and_the_other_all_ways():
    released = np.array([np.subtract(p.second, p.first) for p in (draw_pair((700, 700), 160, 0, i) for i in range(99))])
    assert (released[:, 0] >= 112).all()
    assert (released[:, 1] >= 0).all()
    free = [draw_pair((700, 700), 160, 0, i, kind="isotropic") for i in range(99)]
    ways = {(b[0] > a[0], b[1] > a[1], abs(b[0] - a[0]) > abs(b[1] - a[1])) for a, b, _ in free}
    assert len(ways) == 8


def test_identical_crops_are_one_crop_twice():
    pair = draw_pair((400, 400), 64, 0, 5, kind="identical")
    assert pair.first == pair.second
    assert pair.overlap == 1.0


def test_a_picture_without_room_for_every_draw_is_refused():
    assert reach(160) == 160 + 143
    with pytest.raises(SizeError, match="303 pixels or more"):
        draw_pair((302, 900), 160, 0, 0)


@pytest.mark.parametrize(("half_scale", "swapped"), [(False, range(6)), (True, range(6, 12))])
def test_one_half_of_a_chunk_changes_sides_and_nothing_else(half_scale, swapped):
    """R3: a chunk of pictures of one colour each, as in the published command: 12 versions."""
    query = np.arange(12, dtype=np.uint8)[:, None, None, None] * np.ones((12, 2, 2, 3), np.uint8)
    key = query + 100
    first, second = swap_half(query, key, half_scale=half_scale)
    for i in range(12):
        assert (first[i, 0, 0, 0], second[i, 0, 0, 0]) == ((i + 100, i) if i in swapped else (i, i + 100))
    assert query.max() < 100 <= key.min()


def test_an_odd_chunk_swaps_the_smaller_half_first():
    first, _ = swap_half(np.arange(5), np.arange(5) + 10, half_scale=False)
    assert first.tolist() == [10, 11, 2, 3, 4]


def test_the_bank_has_26_operators_or_the_25_of_the_paper():
    assert len(chunks.entries("released26")) == 26
    assert set(chunks.entries("released26")) - set(chunks.entries("paper25")) == {23}
    with pytest.raises(OptionError):
        chunks.entries("paper")


@pytest.mark.parametrize("number", [entry.number for entry in bank("reiqa").entries])
def test_each_operator_at_each_level_gives_a_picture_and_the_same_one_again(number):
    """R5; the values of each operator are those of `visq.distort`, tested with it."""
    image = picture(72, 80)
    for level in range(1, 6):
        out = distort(image, f"reiqa/{number}", level, seed=11)
        assert out.dtype == np.uint8
        assert out.shape == image.shape
        assert np.array_equal(out, distort(image, f"reiqa/{number}", level, seed=11))


@pytest.mark.parametrize(("number", "level"), [(6, 1), (15, 3)])
def test_levels_that_change_nothing(number, level):
    """R5: to 2 of 255; the specification counts levels from 0."""
    image = picture(72, 80)
    change = distort(image, f"reiqa/{number}", level).astype(int) - image
    assert np.abs(change).max() <= 2


def test_a_chunk_is_the_untouched_picture_and_versions_of_different_kinds():
    options = ChunkOptions(distorted=11)
    for i in range(40):
        versions = chunks.drawn(options, 0, 0, i)
        kinds = [one.kind for one in versions]
        assert kinds[0] == 0
        assert len(set(kinds)) == 12
        assert all(1 <= level <= 5 for one in versions[1:] for level in one.levels)
    assert {one.levels[0] for i in range(9) for one in chunks.drawn(options, 0, 1, i)[1:]} == {1, 2, 3, 4, 5}


def test_composed_versions_share_the_level_out():
    """The released two-distortion mode: a level of 0..4 is cut in two, which counts from 1 here."""
    versions = [one for i in range(60) for one in chunks.drawn(ChunkOptions(compose=1.0), 0, 0, i)[1:]]
    assert all(len(one.operators) == 2 and 2 <= sum(one.levels) <= 6 for one in versions)
    never = [one for i in range(20) for one in chunks.drawn(ChunkOptions(), 0, 0, i)[1:]]
    assert all(len(one.operators) == 1 for one in never)


def test_pairs_are_crops_of_the_versions_at_both_scales():
    """Against a loop: every crop is cut out of the damaged picture, or out of its half, where the draw says."""
    options = ChunkOptions(patch=32, distorted=3, swap=False)
    image = picture(150, 170)
    made = chunks.make(image, options, 5, 2, 9)
    versions = chunks.drawn(options, 5, 2, 9)
    assert made.query.shape == made.key.shape == (8, 32, 32, 3)
    assert made.scale.tolist() == [1] * 4 + [2] * 4
    assert made.kind.tolist() == 2 * [one.kind for one in versions]
    whole = draw_pair((150, 170), 32, 5, 2, 9, 1)
    half = draw_pair((75, 85), 32, 5, 2, 9, 2)
    row, column = whole.second
    assert np.array_equal(made.query[0], image[whole.first[0] : whole.first[0] + 32, whole.first[1] :][:, :32])
    assert np.array_equal(made.key[0], image[row : row + 32, column : column + 32])
    shrunk = chunks.halved(image[None])
    assert shrunk.shape == (1, 75, 85, 3)
    assert np.array_equal(made.query[4], cut(shrunk, half)[0][0])


def test_with_the_swap_query_and_key_of_one_half_change_places():
    plain = chunks.make(picture(150, 170), ChunkOptions(patch=32, distorted=3, swap=False), 5, 2, 9)
    swapped = chunks.make(picture(150, 170), ChunkOptions(patch=32, distorted=3), 5, 2, 9)
    for i in range(8):
        crossed = i in (0, 1, 6, 7)
        assert np.array_equal(swapped.query[i], (plain.key if crossed else plain.query)[i])
        assert np.array_equal(swapped.key[i], (plain.query if crossed else plain.key)[i])


def test_pairs_are_a_function_of_seed_and_place():
    options = ChunkOptions(patch=32, distorted=4, window=124)
    first, again, other = (chunks.make(picture(200, 220), options, *at) for at in ((1, 2, 3), (1, 2, 3), (1, 2, 4)))
    assert np.array_equal(first.query, again.query)
    assert np.array_equal(first.key, again.key)
    assert not np.array_equal(first.query, other.query)


def test_a_window_is_damaged_and_its_border_not_cropped_from():
    """Nothing of what a crop shows may have been computed from the border of a window: a blur reaches that far."""
    options = ChunkOptions(patch=32, distorted=1, window=2 * reach(32) + 2 * chunks.MARGIN)
    flat = np.full((400, 400, 3), 90, np.uint8)
    made = chunks.make(flat, options, 0, 0, 0)
    assert made.query.shape == (4, 32, 32, 3)
    assert (made.query[[0, 2]] == 90).all()


def test_small_pictures_are_filled_by_reflection_without_black():
    options = ChunkOptions(patch=32, distorted=1)
    assert options.least == 2 * reach(32) == 118
    made = chunks.make(np.full((70, 90, 3), 200, np.uint8), options, 0, 0, 0)
    assert (made.query[[0, 2]] == 200).all()


@pytest.mark.parametrize(
    "wrong", [{"window": 100}, {"distorted": 27}, {"distorted": 0}, {"pair": "near"}, {"compose": 1.5}, {"bank": "all"}]
)
def test_options_of_chunks_that_cannot_be(wrong):
    with pytest.raises(OptionError):
        ChunkOptions(**{"patch": 64, **wrong})


def test_views_show_one_photograph_each_in_its_own_way():
    photograph = picture(120, 160)
    first, second = views.pair(photograph, 40, 0, 0, 3)
    assert first.shape == second.shape == (40, 40, 3)
    assert not np.array_equal(first, second)
    assert np.array_equal(views.pair(photograph, 40, 0, 0, 3)[1], second)
    assert not np.array_equal(views.pair(photograph, 40, 0, 1, 3)[0], first)


def test_parts_of_views_have_the_published_area_and_ratio():
    """Drawn sides are rounded to pixels: a hundredth of the area, and of the ratio."""
    boxes = np.array([views.crop_box((640, 480), 0, i) for i in range(2000)])
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    area, ratio = wide * high / (640 * 480), wide / high
    assert area.min() >= 0.2 - 0.01
    assert area.max() <= 1.0
    assert ratio.min() >= 0.75 - 0.01
    assert ratio.max() <= 4 / 3 + 0.01
    # Most draws fit at once, evenly spread over the areas: the mean lies a little below the middle.
    assert 0.45 < area.mean() < 0.6


def test_a_picture_that_no_part_fits_gives_its_middle():
    left, top, right, bottom = views.crop_box((2000, 20), 0, 1)
    assert (bottom - top, right - left) == (20, 27)
    assert left == (2000 - 27) // 2
    assert top == 0


def test_how_often_views_are_altered():
    """Of 600 views of a grey-free picture: grey 0.2, mirrored 0.5. Five standard errors."""
    colours = np.zeros((64, 64, 3), np.uint8)
    colours[:, :32] = (200, 40, 40)
    colours[:, 32:] = (40, 40, 200)
    made = [views.view(views.Image.fromarray(colours), 16, 0, 0, i, 0) for i in range(600)]
    grey = np.mean([np.ptp(one.astype(int), axis=2).max() <= 1 for one in made])
    assert grey == pytest.approx(0.2, abs=5 * (0.2 * 0.8 / 600) ** 0.5)
    # The red side is told by which end of a row has more of it, where a crop shows both sides and is not grey.
    slopes = np.array([one[:, -1, 0].mean() - one[:, 0, 0].mean() for one in np.asarray(made, dtype=float)])
    told = slopes[np.abs(slopes) > 20]
    assert len(told) > 200
    assert np.mean(told > 0) == pytest.approx(0.5, abs=5 * (0.25 / len(told)) ** 0.5)
