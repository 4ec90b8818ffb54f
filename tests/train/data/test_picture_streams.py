"""Streams of crops and whole pictures: a function of seed and epoch, exact parts, nothing of the test part."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import tiny_database
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from visq.errors import InputError, OptionError, SizeError, StoreError
from visq.train.data.image_cache import Windows, build
from visq.train.data.picture_streams import CropStream, PictureStream
from visq.train.data.splits import held_out, parts
from visq.train.streams import Stream


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rated")
    pixels = tiny_database.make(folder)
    data = tiny_database.opened(folder)
    return parts(data, validation=0.3, calibration=0.1), build(data, folder / "cache"), pixels, held_out(data)


def _same(a, b):
    return len(a) == len(b) and all(
        x.keys() == y.keys() and all(torch.equal(x[n], y[n]) for n in x) for x, y in zip(a, b, strict=True)
    )


def _crops(rated, **options):
    return CropStream(
        rated[0].fit, rated[1], **{"side": 32, "batch": 5, "count": 2, "seed": 4, "threads": 0, **options}
    )


def _whole(rated, **options):
    return PictureStream(rated[0].fit, rated[1], **{"batch": 2, "shuffle": True, "flip": True, "threads": 0, **options})


@pytest.mark.parametrize("make", [_crops, _whole])
@settings(max_examples=15)
@given(number=st.integers(0, 5), data=st.data())
def test_a_start_is_a_skip(rated, make, number, data):
    stream = make(rated)
    whole = list(stream.epoch(number))
    assert len(whole) == len(stream)
    start = data.draw(st.integers(0, len(stream)))
    assert _same(list(stream.epoch(number, start)), whole[start:])


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("make", [_crops, _whole])
def test_batches_do_not_depend_on_threads_or_on_what_was_read(rated, make, threads):
    stream = make(rated, threads=threads)
    list(stream.epoch(3))
    assert _same(list(stream.epoch(1)), list(make(rated).epoch(1)))
    assert not [t for t in threading.enumerate() if t.name.startswith("visq-ahead")]


@pytest.mark.parametrize("make", [_crops, _whole])
def test_streams_are_streams(rated, make):
    stream = make(rated)
    assert isinstance(stream, Stream)
    for batch in stream.epoch(0):
        count = len(batch["score"])
        assert batch["image"].dtype == torch.uint8
        assert batch["image"].shape[:2] == (count, 3)
        assert batch["score"].dtype == torch.float32
        np.testing.assert_array_equal(batch["score"], rated[0].fit.scores[batch["index"].numpy()])


def _inside(part, pixels):
    """Where a part occurs in a picture, by comparing everywhere."""
    height, width = part.shape[:2]
    views = np.lib.stride_tricks.sliding_window_view(pixels, (height, width), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
    return np.argwhere((views == part).all(axis=(2, 3, 4)))


def test_crops_are_exact_parts_mirrored_left_to_right_or_not(rated):
    part, pixels = rated[0].fit, rated[2]
    mirrored = 0
    for batch in _crops(rated).epoch(0):
        for image, index in zip(batch["image"], batch["index"], strict=True):
            crop, whole = image.permute(1, 2, 0).numpy(), pixels[part.names[int(index)]]
            straight, other = len(_inside(crop, whole)), len(_inside(crop[:, ::-1], whole))
            assert straight or other
            mirrored += not straight
    assert 0 < mirrored < 2 * len(part)


def test_every_picture_gives_as_many_crops_in_every_epoch(rated):
    stream = _crops(rated, count=3)
    drawn = [torch.cat([torch.stack([b["index"], b["crop"]], 1) for b in stream.epoch(e)]).tolist() for e in range(3)]
    wanted = sorted([i, k] for i in range(len(rated[0].fit)) for k in range(3))
    assert all(sorted(one) == wanted for one in drawn)
    assert drawn[0] != drawn[1]


def test_epochs_and_seeds_give_other_crops(rated):
    def pixels(stream, epoch):
        found = {}
        for batch in stream.epoch(epoch):
            found |= dict(
                zip(zip(*(batch[n].tolist() for n in ("index", "crop")), strict=True), batch["image"], strict=True)
            )
        return found

    first, later = pixels(_crops(rated), 0), pixels(_crops(rated), 1)
    other = pixels(_crops(rated, seed=5), 0)
    for found in (later, other):
        assert sum(not torch.equal(first[key], found[key]) for key in first) > 0.9 * len(first)


def test_crops_of_a_picture_stay_together_where_asked(rated):
    stream = _crops(rated, together=True, count=3, batch=6)
    for batch in stream.epoch(2):
        pairs = batch["index"].reshape(-1, 3)
        assert (pairs == pairs[:, :1]).all()
        assert batch["crop"].reshape(-1, 3).tolist() == [[0, 1, 2]] * len(pairs)
    with pytest.raises(OptionError, match="a multiple of 3; got batches of 5"):
        _crops(rated, together=True, count=3)


def test_fixed_crops_are_in_order_and_the_same_in_every_epoch(rated):
    stream = CropStream(rated[0].validation, rated[1], side=32, batch=4, where="corners", purpose="validation")
    first = list(stream.epoch(0))
    assert _same(first, list(stream.epoch(7)))
    assert torch.cat([b["index"] for b in first]).tolist() == [
        i for i in range(len(rated[0].validation)) for _ in range(5)
    ]
    whole = rated[2][rated[0].validation.names[0]]
    np.testing.assert_array_equal(first[0]["image"][3].permute(1, 2, 0), whole[-32:, -32:])


def test_small_pictures_are_refused_or_left_out_and_told(rated):
    with pytest.raises(SizeError, match=r"1 pictures are smaller|\d pictures are smaller"):
        _crops(rated, side=45)
    stream = _crops(rated, side=45, small="leave out")
    tiny = [i for i, name in enumerate(rated[0].fit.names) if min(rated[2][name].shape[:2]) < 45]
    assert list(stream.left_out) == tiny != []
    assert not set(torch.cat([b["index"] for b in stream.epoch(0)]).tolist()) & set(tiny)
    with pytest.raises(OptionError, match="no full batch"):
        _crops(rated, side=300, small="leave out")


def test_a_last_batch_that_is_not_full_is_dropped_where_asked(rated):
    kept, dropped = _crops(rated, batch=7), _crops(rated, batch=7, drop_last=True)
    total = 2 * len(rated[0].fit)
    assert sum(len(b["score"]) for b in kept.epoch(0)) == total
    assert [len(b["score"]) for b in dropped.epoch(0)] == [7] * (total // 7)


def test_whole_pictures_come_once_with_their_equals(rated):
    part, pixels = rated[0].fit, rated[2]
    stream = _whole(rated, flip=False)
    seen = []
    for batch in stream.epoch(4):
        seen += batch["index"].tolist()
        for image, index in zip(batch["image"], batch["index"], strict=True):
            np.testing.assert_array_equal(image.permute(1, 2, 0), pixels[part.names[int(index)]])
    assert sorted(seen) == list(range(len(part)))


def test_a_batch_keeps_to_its_pixels(rated):
    stream = _whole(rated, batch=8, most_pixels=2 * 48 * 64)
    assert max(b["image"].shape[0] * b["image"].shape[2] * b["image"].shape[3] for b in stream.epoch(0)) <= 2 * 48 * 64
    assert all(len(b["score"]) == 1 for b in _whole(rated, batch=8, most_pixels=1).epoch(0))


def test_columns_go_along(rated):
    count = len(rated[0].fit)
    stream = _crops(rated, columns={"std": np.linspace(0, 1, count), "votes": np.arange(2 * count).reshape(count, 2)})
    for batch in stream.epoch(0):
        np.testing.assert_allclose(batch["std"], np.linspace(0, 1, count)[batch["index"]], rtol=1e-6)
        assert torch.equal(batch["votes"], torch.stack([2 * batch["index"], 2 * batch["index"] + 1], 1))
    for wrong in ({"score": np.zeros(count)}, {"a": np.zeros(count - 1)}, {"a": np.array(["x"] * count)}):
        with pytest.raises(InputError, match="column"):
            _crops(rated, columns=wrong)


def test_columns_that_would_be_altered_are_refused(rated):
    hashes = np.full(len(rated[0].fit), 2**63, np.uint64)
    with pytest.raises(InputError, match="'group' is out of range"):
        _crops(rated, columns={"group": hashes})
    assert (_crops(rated, columns={"group": hashes - 1}).columns["group"] == 2**63 - 1).all()


def test_nothing_of_the_test_part_or_the_calibration_part_is_trained_on(rated):
    chosen, cache, _, test = rated
    for stream in (
        lambda p, **k: CropStream(p, cache, side=32, batch=2, **k),
        lambda p, **k: PictureStream(p, cache, **k),
    ):
        for part in (test, chosen.calibration, chosen.validation):
            with pytest.raises(OptionError, match=f"the {part.role} part of folder is not for training"):
                stream(part)
        for part in (test, chosen.calibration):
            with pytest.raises(OptionError, match="not for validation"):
                stream(part, purpose="validation")
            assert len(stream(part, purpose="evaluation")) > 0


def test_identity_changes_with_whatever_changes_a_batch(rated):
    options = [
        {}, {"side": 30}, {"batch": 6}, {"count": 3}, {"seed": 5}, {"flip": False}, {"shuffle": False},
        {"drop_last": True}, {"where": "centre"}, {"where": (2, 2)}, {"columns": {"a": np.zeros(len(rated[0].fit))}},
        {"columns": {"a": np.ones(len(rated[0].fit))}}, {"together": True, "batch": 6},
    ]  # fmt: skip
    identities = [_crops(rated, **one).identity for one in options]
    assert len(set(identities)) == len(options)
    assert _crops(rated).identity == identities[0] == _crops(rated, threads=3).identity
    whole = [
        _whole(rated, **one).identity for one in ({}, {"batch": 3}, {"most_pixels": 9}, {"flip": False}, {"seed": 1})
    ]
    assert len(set(whole)) == 5


def test_identity_is_that_of_the_pictures_read_and_not_of_their_cache(rated, tmp_path):
    alone = build(rated[0].fit, tmp_path / "alone")
    ours = CropStream(rated[0].fit, alone, side=32, batch=5, count=2, seed=4, threads=0)
    assert ours.identity == _crops(rated).identity
    assert _same(list(ours.epoch(0)), list(_crops(rated).epoch(0)))


def test_a_cache_of_another_database_with_these_names_is_refused(rated, tmp_path):
    tiny_database.make(tmp_path / "other", sizes=tiny_database.SIZES[::-1])
    other = build(tiny_database.opened(tmp_path / "other"), tmp_path / "cache")
    for make in (CropStream, PictureStream):
        chosen = {"side": 32} if make is CropStream else {}
        with pytest.raises(InputError, match=r"holds another picture than .*p\d+\.png under its name"):
            make(rated[0].fit, other, batch=2, **chosen)
    elsewhere = parts(tiny_database.opened(tmp_path / "other"), validation=0.3).fit
    (tmp_path / "other" / "images").rename(tmp_path / "gone")  # the cache is all that a training needs
    assert len(CropStream(elsewhere, other, side=32, batch=2)) > 0


def test_numbers_of_threads_that_are_none_are_refused(rated):
    for make in (_crops, _whole):
        with pytest.raises(OptionError, match="number of threads"):
            make(rated, threads=-1)


def test_crops_come_from_every_window_that_is_kept(rated, tmp_path):
    part = rated[0].fit
    cache = build(part, tmp_path / "windows", windows=Windows(2, 36))
    stream = CropStream(part, cache, side=30, batch=8, count=6, threads=0)
    drawn = {}
    for batch in stream.epoch(0):
        for image, index in zip(batch["image"], batch["index"].tolist(), strict=True):
            crop = image.permute(1, 2, 0).numpy()
            views = cache.views(index)
            found = [k for k, v in enumerate(views) if len(_inside(crop, v)) or len(_inside(crop[:, ::-1], v))]
            assert found
            drawn.setdefault(index, set()).update(found if len(found) == 1 else ())
    assert sum(len(ones) == 2 for ones in drawn.values()) > len(part) // 2
    with pytest.raises(InputError, match="parts are kept"):
        PictureStream(part, cache)


def test_a_damaged_cache_is_told_while_it_is_read_by_threads(rated, tmp_path):
    part = rated[0].fit
    cache = build(part, tmp_path / "c")
    path = tmp_path / "c" / "shard-00000.npy"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 8
    path.write_bytes(bytes(data))
    from visq.train.data.image_cache import ImageCache

    stream = CropStream(part, ImageCache(tmp_path / "c"), side=32, batch=2, threads=2)
    with pytest.raises(StoreError, match="is damaged"):
        list(stream.epoch(0))
    assert len(cache) == len(part)
