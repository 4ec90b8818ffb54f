"""The cache of decoded pictures: what `open_image` gives, once, in files that a kill does not change."""

from __future__ import annotations

import io
import shutil

import numpy as np
import pytest
import tiny_database
from PIL import Image

from samples import picture
from visq.errors import FormatError, InputError, OptionError, ReadError, StoreError
from visq.media import open_image
from visq.media.lossless import save
from visq.train.data.image_cache import ImageCache, Windows, build, plan
from visq.train.data.splits import parts
from visq.train.data.work import Work


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rated")
    return folder, tiny_database.make(folder)


def _files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def test_pictures_are_those_that_were_written(rated, tmp_path):
    folder, pixels = rated
    cache = build(tiny_database.opened(folder), tmp_path / "c")
    assert cache.names == tuple(pixels)
    for i, name in enumerate(cache.names):
        np.testing.assert_array_equal(cache[i], pixels[name])
        assert cache.sizes[i] == pixels[name].shape[:2]
        assert not cache[i].flags.writeable
        assert cache.sha256[i] == open_image(folder / name).meta.sha256
    cache.verify()


def test_views_share_the_file_and_copy_nothing(rated, tmp_path):
    cache = build(tiny_database.opened(rated[0]), tmp_path / "c")
    assert np.shares_memory(cache[0], cache[0])
    assert type(cache[0]) is np.ndarray


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "tiff"])
def test_turned_pictures_are_kept_upright(tmp_path, form, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"turned.{form}"
    Image.fromarray(picture(24, 40)).save(path, form, exif=exif)
    cache = build([path], tmp_path / "c")
    np.testing.assert_array_equal(cache[0], open_image(path).pixels)
    assert cache.sizes[0] == ((40, 24) if orientation > 4 else (24, 40))


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK"])
def test_every_mode_is_kept_as_it_is_scored(tmp_path, mode):
    form = "jpeg" if mode == "CMYK" else "png"
    path = tmp_path / f"picture.{form}"
    Image.fromarray(picture(24, 40)).convert(mode).save(path, form)
    read = open_image(path).pixels
    wanted = read if read.ndim == 3 else np.stack([read] * 3, axis=-1)
    np.testing.assert_array_equal(build([path], tmp_path / "c")[0], wanted)


def test_sixteen_bits_are_refused_and_not_rounded(tmp_path):
    deep = tmp_path / "deep.ppm"
    save(deep, np.full((8, 8, 3), 300, np.uint16))
    with pytest.raises(FormatError, match=r"deep\.ppm has 16 bits a sample; expected 8"):
        build([deep], tmp_path / "c")


@pytest.mark.parametrize("threads", [0, 1, 4])
def test_files_do_not_depend_on_threads(rated, tmp_path, threads):
    one = build(tiny_database.opened(rated[0]), tmp_path / "one", threads=1, shard_bytes=30_000)
    other = build(tiny_database.opened(rated[0]), tmp_path / "other", threads=threads, shard_bytes=30_000)
    assert _files(tmp_path / "one") == _files(tmp_path / "other")
    assert len(list((tmp_path / "one").glob("shard-*.npy"))) > 5
    assert one.identity == other.identity


def test_a_build_killed_in_the_middle_goes_on_and_ends_with_the_same_bytes(rated, tmp_path):
    data = tiny_database.opened(rated[0])
    whole = build(data, tmp_path / "whole", shard_bytes=30_000)
    done = 0

    def stop():
        nonlocal done
        done += 1
        if done == 11:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(data, tmp_path / "killed", shard_bytes=30_000, work=Work(on_item=stop))
    with pytest.raises(StoreError, match="not complete"):
        ImageCache(tmp_path / "killed")
    made = []
    cache = build(data, tmp_path / "killed", shard_bytes=30_000, work=Work(on_item=lambda: made.append(1)))
    assert len(made) < len(whole) - 5
    assert _files(tmp_path / "killed") == _files(tmp_path / "whole")
    cache.verify()


def test_room_is_known_from_headers_alone(rated):
    folder, pixels = rated
    planned = plan(tiny_database.opened(folder))
    assert planned.bytes == sum(one.size for one in pixels.values())


def test_other_pictures_are_refused(rated, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(rated[0], folder)
    data = tiny_database.opened(folder)
    build(data, tmp_path / "c")
    Image.fromarray(picture(48, 64)).save(folder / "images/p00.png")
    with pytest.raises(StoreError, match=r"pictures, number 1: \['images/p00\.png', .* then, .* now"):
        build(data, tmp_path / "c")
    with pytest.raises(StoreError, match="24 pictures then, 2 now"):
        build(data.subset([0, 1]), tmp_path / "c")
    with pytest.raises(StoreError, match="windows"):
        build(data.subset(range(24)), tmp_path / "c", windows=Windows(1, 32))


def test_another_decoder_is_refused(rated, tmp_path, monkeypatch):
    data = tiny_database.opened(rated[0])
    build(data, tmp_path / "c")
    monkeypatch.setattr("visq.train.data.image_cache.decoder", lambda: {"pillow": "0.1"})
    with pytest.raises(StoreError, match="decoder"):
        build(data, tmp_path / "c")


def test_windows_are_exact_parts_and_the_same_in_every_cache(rated, tmp_path):
    folder, pixels = rated
    data, windows = tiny_database.opened(folder), Windows(3, 44, seed=5)
    cache = build(data, tmp_path / "c", windows=windows, shard_bytes=20_000)
    several = 0
    for i, name in enumerate(cache.names):
        places, views = cache.windows(i), cache.views(i)
        several += len(views) > 1
        for place, view in zip(places, views, strict=True):
            wanted = pixels[name][place.top : place.top + place.height, place.left : place.left + place.width]
            np.testing.assert_array_equal(view, wanted)
            assert view.shape[:2] == (min(44, wanted.shape[0]), min(44, wanted.shape[1]))
    assert several > 10
    small = next(i for i, size in enumerate(cache.sizes) if size == (40, 40))
    np.testing.assert_array_equal(cache[small], pixels[cache.names[small]])
    large = next(i for i in range(len(cache)) if len(cache.windows(i)) > 1)
    with pytest.raises(InputError, match="several parts"):
        cache[large]
    part = build(data.subset([large]), tmp_path / "d", windows=windows)
    assert part.windows(0) == cache.windows(large)
    assert part.identity_of([0]) == cache.identity_of([large])
    assert part.identity != cache.identity


def test_a_part_is_built_alone_and_found_by_name(rated, tmp_path):
    chosen = parts(tiny_database.opened(rated[0]))
    cache = build(chosen.validation, tmp_path / "c")
    assert cache.find(chosen.validation.names) == list(range(len(chosen.validation)))
    with pytest.raises(InputError, match=r"does not hold \d+ of these pictures; got images/p"):
        cache.find(chosen.fit.names)


def test_a_picture_that_cannot_be_read_is_named(rated, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(rated[0], folder)
    data = tiny_database.opened(folder)
    whole = (folder / "images/p05.png").read_bytes()
    (folder / "images/p05.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match=r"p05\.png: truncated"):
        build(data, tmp_path / "c")
    (folder / "images/p05.png").unlink()
    with pytest.raises(ReadError, match=r"p05\.png: does not exist"):
        build(data, tmp_path / "c")


def test_a_picture_that_changes_meanwhile_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.fromarray(picture(16, 16)).save(path)
    other = io.BytesIO()
    Image.fromarray(picture(16, 16)[::-1]).save(other, "png")
    import visq.train.data.image_cache as module

    real = module.build_shards
    monkeypatch.setattr(module, "build_shards", lambda *a, **k: (path.write_bytes(other.getvalue()), real(*a, **k)))
    with pytest.raises(StoreError, match=r"a\.png changed while it was read"):
        build([path], tmp_path / "c")


def test_names_of_every_kind_and_iterators_are_taken(tmp_path):
    names = ["a\nb.PNG", "ä ö.Png", "-.png", "C\udcff.png", "c.PNG", "%5d.png"]
    for i, name in enumerate(names):
        Image.fromarray(np.roll(picture(16, 16), i, axis=0)).save(tmp_path / name, "png")
    cache = build((tmp_path / name for name in names), tmp_path / "c", shard_bytes=1000)
    assert cache.names == tuple(str(tmp_path / name) for name in names)
    again = build([tmp_path / name for name in names], tmp_path / "c", shard_bytes=1000)
    for i in range(len(names)):
        np.testing.assert_array_equal(again[i], np.roll(picture(16, 16), i, axis=0))
    with pytest.raises(InputError, match="no list of pictures"):
        build(tmp_path / names[1], tmp_path / "d")


def test_options_that_cannot_be_are_refused(rated, tmp_path):
    data = tiny_database.opened(rated[0])
    for wrong in ({"windows": Windows(0, 5)}, {"windows": Windows(1, 0)}, {"windows": Windows(1, 5, -1)},
                  {"shard_bytes": 0}, {"threads": -1}):  # fmt: skip
        with pytest.raises(OptionError):
            build(data, tmp_path / "c", **wrong)
