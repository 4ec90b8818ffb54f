"""Rows of features and whose they are: pictures that change, other runs, rows in another order."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import tiny_database
import torch
from PIL import Image
from torch import nn

from samples import picture
from visq.errors import InputError, SizeError, StoreError
from visq.train.data.degradations import graded_pictures
from visq.train.data.feature_cache import FeatureCache, Features
from visq.train.data.feature_extractors import Frozen, computing
from visq.train.data.feature_streams import FeatureStream
from visq.train.data.image_cache import Windows, build
from visq.train.data.keyed import Keyed, keyed
from visq.train.data.splits import parts
from visq.train.data.work import Work


def _means(module, pictures):
    if pictures.shape[-1] < 20:
        raise SizeError("too small")
    return module(pictures).mean((2, 3))


def _cache(folder, **options):
    return FeatureCache(folder, Frozen("means", nn.Identity(), _means, columns="RGB", version="1"), **options)


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rated")
    tiny_database.make(folder)
    return parts(tiny_database.opened(folder), validation=0.3, calibration=0.3)


def test_rows_of_another_order_or_part_are_refused(rated, tmp_path):
    cache, part = _cache(tmp_path / "f"), rated.fit
    turned = part.only(range(len(part) - 1, -1, -1))
    images = build(turned, tmp_path / "images")
    taken = len(rated.validation)
    others = [cache.features(turned), cache.features(images), cache.features(graded_pictures(images, turned, ["jpeg"]))]
    for found in others:
        with pytest.raises(InputError, match=r"another order: row 0; expected images/p\d+\.png; got images/p"):
            FeatureStream(part, found, batch=1)
        assert len(FeatureStream(turned, found, batch=1)) == len(found)
    with pytest.raises(InputError, match="not of this part"):
        FeatureStream(part.only(range(taken)), cache.features(rated.validation), batch=1)
    # What has no name of a picture is taken as it comes: paths, arrays, tables of one's own.
    right = cache.features(part)
    for found in (cache.features(part.paths), Features(right.values, right.columns, "own")):
        assert len(FeatureStream(part, found, batch=1)) == len(part)


def test_a_picture_that_changes_after_it_was_hashed_is_refused_and_not_kept(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(picture(40, 40)).save(path)
    cache = _cache(tmp_path / "f")
    with pytest.raises(StoreError, match=r"a\.png changed while it was read"):
        cache.features([path], work=Work(tell=lambda _: Image.fromarray(picture(40, 40)[::-1]).save(path)))
    assert len(cache.files) == 0
    wanted = picture(40, 40)[::-1].astype(np.float64).mean((0, 1)) / 255
    np.testing.assert_allclose(cache.features([path]).values[0], wanted, rtol=1e-5)


def test_what_another_run_has_added_meanwhile_is_not_computed_again(rated, tmp_path):
    one, other = _cache(tmp_path), _cache(tmp_path)
    first = one.features(rated.fit.paths[:3])
    expected = []
    again = other.features(rated.fit.paths[:4], work=Work(expect=expected.append))
    assert expected == [1]
    np.testing.assert_array_equal(again.values[:3], first.values)
    expected.clear()
    one.features(rated.fit.paths[:4], work=Work(expect=expected.append))
    assert expected == []


def test_no_thread_is_left_by_a_picture_that_cannot_be_taken(tmp_path):
    pictures = [picture(16, 16), *(np.roll(picture(40, 40), i, axis=0) for i in range(8))]
    with pytest.raises(SizeError, match="an array: too small") as caught:
        _cache(tmp_path, threads=2).features(pictures)
    assert caught.value.__traceback__ is not None  # which holds all that the computation held
    assert not [t for t in threading.enumerate() if t.name.startswith("visq-ahead")]


def test_a_window_has_another_key_with_another_decoder(rated, tmp_path, monkeypatch):
    keys = []
    for version in ("1", "2"):
        monkeypatch.setattr("visq.train.data.image_cache.decoder", lambda version=version: {"pillow": version})
        cache = build(rated.fit, tmp_path / version, windows=Windows(1, 24))
        keys += [one.key for one in keyed(cache)]
    assert len(set(keys)) == 2 * len(rated.fit)


def test_a_single_path_is_no_list_of_pictures(tmp_path):
    for one in (str(tmp_path / "a.png"), tmp_path / "a.png"):
        with pytest.raises(InputError, match="no list of pictures"):
            keyed(one)


def test_parts_of_a_network_keep_their_modes(tmp_path):
    module = nn.Sequential(nn.Identity(), nn.BatchNorm2d(3))
    module.train()
    module[1].eval()
    maker = Frozen("own", module, _means, columns="RGB", version="1")
    with computing(maker):
        assert not any(one.training for one in module.modules())
        assert not torch.is_grad_enabled()
    assert [one.training for one in module.modules()] == [True, True, False]


def test_the_name_of_a_network_plays_no_part(tmp_path):
    """One identity has one folder, whatever the network was called when it was opened: `vgg16`, `vgg16@FILE`."""
    maker = Frozen("means", nn.Identity(), _means, columns="RGB", version="1")
    first = FeatureCache(tmp_path, maker).features([picture(40, 40)])
    maker.name = "means@FILE"
    expected = []
    again = FeatureCache(tmp_path, maker).features([picture(40, 40)], work=Work(expect=expected.append))
    assert expected == []
    np.testing.assert_array_equal(again.values, first.values)


def test_pictures_of_ones_own_say_whose_they_are(rated, tmp_path):
    own = [Keyed(str(i), "crop", lambda: picture(40, 40), name) for i, name in enumerate(rated.fit.names)]
    found = _cache(tmp_path).features(own)
    assert found.pictures == rated.fit.names
    assert len(FeatureStream(rated.fit, found, batch=4)) == -(-len(rated.fit) // 4)
