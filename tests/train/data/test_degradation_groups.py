"""Groups of graded damage: exact crops of whole damaged pictures, levels in order, the same on every reading."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_database
import torch

from samples import constant, picture
from visq import distort
from visq.distortions import get
from visq.errors import InputError, OptionError, SizeError, StoreError, UnknownDistortionError
from visq.train.data.degradation_groups import DegradationStream, DegradedCache, build, plan
from visq.train.data.degradations import COMMON, CURVES, Graded, check_types, graded_pictures
from visq.train.data.image_cache import Windows
from visq.train.data.image_cache import build as build_images
from visq.train.data.splits import held_out, parts
from visq.train.data.work import Work

_TYPES = (Graded("gaussian_blur", (0.6, 1.0, 1.7, 2.8, 4.5)), "gaussian_noise", "jpeg", "overexposure")


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rated")
    pixels = tiny_database.make(folder, count=12, sizes=((48, 64), (64, 48), (40, 40)))
    data = tiny_database.opened(folder)
    found = parts(data, validation=0.3, calibration=0.0)
    images = build_images(data, folder / "images_cache")
    return found, images, build(found.fit, images, folder / "damaged", _TYPES, seed=2), pixels, held_out(data)


def _stream(rated, **options):
    chosen = {"types": _TYPES, "side": 32, "groups": 3, "seed": 1, "threads": 0, **options}
    return DegradationStream(rated[0].fit, rated[1], rated[2], **chosen)


@pytest.mark.parametrize("name", sorted(CURVES))
def test_a_curve_of_the_crop_is_the_crop_of_the_curve(name):
    pixels = np.concatenate([picture(40, 40), constant(40, 3, 255), constant(40, 3, 0)], axis=1)
    table = Graded(name).table()
    for level in range(1, 6):
        whole = distort(pixels, name, level, seed=7, key="a")
        np.testing.assert_array_equal(table[level][pixels[5:30, 10:45]], whole[5:30, 10:45])
    np.testing.assert_array_equal(table[0], np.arange(256))


@pytest.mark.parametrize("name", ["gaussian_blur", "jpeg", "contrast_loss", "gaussian_noise", "brighten"])
def test_what_is_no_curve_could_not_be_looked_up(name):
    # Why these are applied to whole pictures: the crop alone, through a table, gives other pixels.
    assert name not in CURVES
    pixels = picture(40, 40)
    whole = distort(pixels, name, 3, seed=0)
    assert (Graded(name).table()[3][pixels] != whole).any()


def test_common_types_change_every_picture_at_every_step():
    pixels = picture(96, 96)
    for one in check_types(COMMON):
        steps = [one.apply(pixels, level, seed=0, key="a") for level in range(6)]
        errors = [float(((step.astype(float) - pixels) ** 2).mean()) for step in steps]
        assert errors == sorted(errors), one.name
        assert len(set(errors)) == 6, one.name


def test_batches_are_crops_of_whole_damaged_pictures(rated):
    part, pixels = rated[0].fit, rated[3]
    types = check_types(_TYPES)
    seen = set()
    for batch in _stream(rated).epoch(0):
        for start in range(0, len(batch["level"]), 6):
            rows = slice(start, start + 6)
            [index], [kind], [_] = (set(batch[n][rows].tolist()) for n in ("index", "type", "group"))
            seen.add((index, kind))
            name, one = part.names[index], types[kind]
            damaged = [
                pixels[name] if level == 0 else distort(
                    pixels[name], one.name, **({"amount": one.amounts[level - 1]} if one.amounts else {"level": level}),
                    seed=2, key=name,
                )
                for level in range(6)
            ]  # fmt: skip
            crops = [image.permute(1, 2, 0).numpy() for image in batch["image"][rows]]
            places = _places(crops[0], damaged[0])
            assert any(_matches(crops, damaged, place) for place in places)
    assert len(seen) == len(part) * len(types)


def _places(crop, pixels):
    found = []
    for flip in (False, True):
        straight = crop[:, ::-1] if flip else crop
        views = np.lib.stride_tricks.sliding_window_view(pixels, straight.shape[:2], axis=(0, 1))
        same = (views.transpose(0, 1, 3, 4, 2) == straight).all(axis=(2, 3, 4))
        found += [(int(row), int(column), flip) for row, column in np.argwhere(same)]
    return found


def _matches(crops, damaged, place):
    row, column, flip = place
    parts_of = [whole[row : row + 32, column : column + 32] for whole in damaged]
    return all((crop == (part[:, ::-1] if flip else part)).all() for crop, part in zip(crops, parts_of, strict=True))


def test_levels_rise_within_a_group_and_groups_are_numbered(rated):
    for batch in _stream(rated).epoch(1):
        count = len(batch["level"]) // 6
        assert batch["group"].tolist() == [g for g in range(count) for _ in range(6)]
        levels = batch["level"].reshape(count, 6)
        assert (levels[:, 0] == 0).all()
        assert (levels.diff(dim=1) >= 0).all()
        assert (levels <= torch.arange(6)).all()


def test_a_step_that_changes_nothing_has_the_level_of_the_one_before(rated, tmp_path):
    part = rated[0].fit
    types = ("gaussian_blur",)  # its own first level, a standard deviation of 0.1 pixels, changes no 8-bit picture
    damaged = build(part, rated[1], tmp_path / "blur", types)
    stream = DegradationStream(part, rated[1], damaged, types, side=32, groups=2, threads=0)
    for batch in stream.epoch(0):
        assert batch["level"].reshape(-1, 6).tolist() == [[0, 0, 2, 3, 4, 5]] * (len(batch["level"]) // 6)


def test_fewer_levels_are_another_choice_for_every_group(rated):
    chosen = [tuple(row) for b in _stream(rated, levels=3).epoch(0) for row in b["level"].reshape(-1, 3).tolist()]
    assert all(list(one) == sorted(one) for one in chosen)
    assert len(set(chosen)) > 5


def test_a_start_is_a_skip_and_threads_change_nothing(rated):
    whole = list(_stream(rated).epoch(2))
    for start, threads in ((0, 3), (1, 0), (2, 2), (len(whole), 1)):
        found = list(_stream(rated, threads=threads).epoch(2, start))
        assert len(found) == len(whole) - start
        for a, b in zip(found, whole[start:], strict=True):
            assert all(torch.equal(a[name], b[name]) for name in b)


def test_an_epoch_may_be_a_choice_of_groups(rated):
    stream = _stream(rated, per_epoch=5, groups=2)
    assert len(stream) == 3
    drawn = [
        [tuple(p) for b in stream.epoch(e) for p in torch.stack([b["index"], b["type"]], 1)[::6].tolist()]
        for e in (0, 1)
    ]
    assert all(len(set(one)) == 5 for one in drawn)
    assert drawn[0] != drawn[1]


def test_windows_are_cut_after_the_damage(rated, tmp_path):
    part = rated[0].fit
    small = build(part, rated[1], tmp_path / "small", _TYPES, side=36, seed=2)
    for name in part.names:
        place = small.window(name)
        assert (place.height, place.width) == (36, 36)
        for one in check_types(_TYPES)[:3]:
            whole = rated[2].level(name, rated[2].number(one), 4)
            wanted = whole[place.top : place.top + 36, place.left : place.left + 36]
            np.testing.assert_array_equal(small.level(name, small.number(one), 4), wanted)
    stream = DegradationStream(part, rated[1], small, _TYPES, side=36, groups=4, threads=0)
    assert all(b["image"].shape[2:] == (36, 36) for b in stream.epoch(0))


def test_a_build_killed_in_the_middle_goes_on_and_ends_with_the_same_bytes(rated, tmp_path):
    part = rated[0].fit

    def stop():
        stop.left -= 1
        if not stop.left:
            raise KeyboardInterrupt

    stop.left = 20
    options = {"side": 32, "shard_bytes": 20_000}
    build(part, rated[1], tmp_path / "whole", _TYPES, **options)
    with pytest.raises(KeyboardInterrupt):
        build(part, rated[1], tmp_path / "killed", _TYPES, work=Work(on_item=stop), **options)
    with pytest.raises(StoreError, match="not complete"):
        DegradedCache(tmp_path / "killed")
    build(part, rated[1], tmp_path / "killed", _TYPES, threads=3, **options)
    files = [{p.name: p.read_bytes() for p in (tmp_path / n).iterdir()} for n in ("whole", "killed")]
    assert files[0] == files[1]


def test_room_is_known_before_and_curves_take_none(rated):
    part = rated[0].fit
    assert plan(part, rated[1], _TYPES, side=32).bytes == len(part) * 3 * 5 * 32 * 32 * 3
    with pytest.raises(OptionError, match="curves are applied to crops"):
        plan(part, rated[1], ["overexposure"])


def test_curves_alone_need_no_cache(rated):
    stream = DegradationStream(rated[0].fit, rated[1], None, ["darken", "underexposure"], side=32, groups=2)
    assert sum(len(b["level"]) for b in stream.epoch(0)) == 12 * len(rated[0].fit)
    with pytest.raises(InputError, match="no pictures damaged by jpeg"):
        DegradationStream(rated[0].fit, rated[1], None, ["jpeg"], side=32, groups=2)


def test_amounts_may_be_any_sequence():
    amounts = [0.6, 1.0, 1.7, 2.8, 4.5]
    assert check_types([Graded("gaussian_blur", amounts)]) == check_types([Graded("gaussian_blur", tuple(amounts))])


def test_what_cannot_be_ranked_is_refused():
    for wrong in (
        [], ["jpeg", "jpeg"], ["jpeg+gaussian_blur"], ["jpeg:3"], [Graded("jpeg", (1, 2, 3, 4, 5))],
        [Graded("gaussian_blur", (1, 2, 3))], [Graded("gaussian_blur", (1, 3, 2, 4, 5))],
    ):  # fmt: skip
        with pytest.raises(OptionError):
            check_types(wrong)
    with pytest.raises(UnknownDistortionError):
        check_types(["gausian_blur"])


def test_entries_of_banks_are_taken_where_their_severity_rises():
    from visq.distortions import bank

    unranked = [f"{b}/{e.number}" for b in ("kadid10k", "tid2013") for e in bank(b).entries if not e.monotone]
    assert unranked
    with pytest.raises(OptionError, match="does not rise with the level"):
        check_types(unranked[:1])
    assert check_types(["kadid10k/10"])[0].step.spec is get("jpeg")


def test_nothing_of_the_test_part_is_trained_on(rated):
    with pytest.raises(OptionError, match="the test part of folder is not for training"):
        DegradationStream(rated[4], rated[1], None, ["darken"], side=32, groups=2)


def test_pictures_that_lack_or_are_small_are_named(rated):
    with pytest.raises(SizeError, match="is smaller than the crops"):
        _stream(rated, side=45)
    with pytest.raises(InputError, match="damaged pictures lack images/p"):
        DegradationStream(rated[0].validation, rated[1], rated[2], _TYPES, side=32, groups=2, purpose="validation")
    with pytest.raises(InputError, match="damaged by jpeg2000"):
        _stream(rated, types=("jpeg", "jpeg2000"))


def test_pictures_damaged_from_others_of_these_names_are_refused(rated, tmp_path):
    tiny_database.make(tmp_path, count=12, sizes=((48, 64), (40, 40), (64, 48)))
    data = tiny_database.opened(tmp_path)
    images = build_images(data, tmp_path / "images_cache")
    part = parts(data, validation=0.3, calibration=0.0).fit
    assert part.names == rated[0].fit.names
    other = build(part, images, tmp_path / "damaged", ["jpeg"])
    with pytest.raises(InputError, match="the damaged pictures were made of another images/p"):
        DegradationStream(rated[0].fit, rated[1], other, ["jpeg"], side=32, groups=3)


def test_damage_is_done_to_whole_pictures_alone(rated, tmp_path):
    part = rated[0].fit
    windows = build_images(part, tmp_path / "windows", windows=Windows(1, 36))
    with pytest.raises(InputError, match="parts are kept"):
        plan(part, windows, ["jpeg"])
    with pytest.raises(InputError, match="parts are kept"):
        graded_pictures(windows, part, ["jpeg"])
    with pytest.raises(InputError, match="parts are kept"):
        DegradationStream(part, windows, None, ["darken"], side=32, groups=3)


def test_identity_changes_with_whatever_changes_a_batch(rated, tmp_path):
    options = [{}, {"side": 30}, {"groups": 2}, {"levels": 3}, {"seed": 9}, {"flip": False}, {"per_epoch": 4},
               {"types": _TYPES[:2]}]  # fmt: skip
    identities = [_stream(rated, **one).identity for one in options]
    assert len(set(identities)) == len(options)
    other = build(rated[0].fit, rated[1], tmp_path / "other", _TYPES, seed=3)
    assert (
        DegradationStream(rated[0].fit, rated[1], other, _TYPES, side=32, groups=3, seed=1).identity not in identities
    )


def test_graded_pictures_have_a_key_for_all_that_they_depend_on(rated):
    part = rated[0].fit.only([0, 1])
    found = graded_pictures(rated[1], part, ["jpeg", "darken"], levels=(0, 3))
    assert [one.name for one in found[:2]] == [part.names[0], f"{part.names[0]} (jpeg 3)"]
    np.testing.assert_array_equal(found[1].load(), distort(rated[3][part.names[0]], "jpeg", 3, key=part.names[0]))
    keys = [one.key for one in found]
    assert len(set(keys)) == 6  # of two pictures: untouched, and two types; the untouched one is named twice
    assert keys == [one.key for one in graded_pictures(rated[1], part, ["jpeg", "darken"], levels=(0, 3))]
    assert keys[1] != graded_pictures(rated[1], part, ["jpeg"], levels=(0, 3), seed=1)[1].key
    for level in (-1, 6, 1.0):
        with pytest.raises(OptionError, match="a level cannot be that"):
            graded_pictures(rated[1], part, [Graded("jpeg", (5, 4, 3, 2, 1))], levels=[level])
