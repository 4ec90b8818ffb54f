"""Features of frozen networks: the statistics of the formula, found again by content, whole files or none."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import tiny_database
import torch
from torch import nn

from samples import picture
from visq.errors import InputError, OptionError, ReadError, SizeError, StoreError, WeightsError
from visq.media import open_image
from visq.probe.networks import Net, network
from visq.train.data.degradations import graded_pictures
from visq.train.data.feature_cache import FeatureCache
from visq.train.data.feature_extractors import Extractor, Frozen
from visq.train.data.feature_streams import FeatureStream
from visq.train.data.image_cache import build
from visq.train.data.splits import held_out, parts
from visq.train.data.work import Work


class _Tiny(nn.Module):
    """Two taps of a handful of channels, and how often it was called."""

    taps = ("input", "first", "second")

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.one, self.two = nn.Conv2d(3, 4, 3, stride=2), nn.Conv2d(4, 5, 3, stride=2)
        self.calls = []
        self.requires_grad_(False)

    def normalise(self, images):
        return (images - 0.5) / 0.25

    def forward(self, images, taps):
        self.calls.append(tuple(images.shape))
        first = torch.relu(self.one(images))
        made = {"input": images, "first": first, "second": torch.relu(self.two(first))}
        return {tap: made[tap] for tap in taps}


@pytest.fixture(scope="module")
def rated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rated")
    pixels = tiny_database.make(folder)
    return folder, pixels


def _extractor(seed=0, **options):
    with torch.random.fork_rng():
        module = _Tiny(seed)
    chosen = {"taps": ["first", "second"], "scales": [1, 2], "statistics": ["mean", "std", "max"], **options}
    return Extractor(network("tiny", module, least={"second": 7, "first": 3}), **chosen)


def _files(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != ".lock"
    }


def test_rows_are_the_statistics_of_the_formula(tmp_path):
    extractor = _extractor()
    pixels = picture(29, 36)
    found = FeatureCache(tmp_path, extractor).features([pixels])
    row = dict(zip(map(str, found.columns), found.values[0].tolist(), strict=True))
    assert len(row) == found.values.shape[1] == (4 + 5) * 3 * 2
    module = extractor.net.module
    for scale in (1, 2):
        values = pixels.astype(np.float64) / 255
        if scale == 2:
            cut = values[:28, :36]
            values = (cut[::2, ::2] + cut[1::2, ::2] + cut[::2, 1::2] + cut[1::2, 1::2]) / 4
        planes = torch.from_numpy(values).permute(2, 0, 1)[None]
        double = _Tiny.forward(module.double(), module.normalise(planes), ("first", "second"))
        module.float()
        for tap in ("first", "second"):
            for channel, response in enumerate(double[tap][0].numpy()):
                positions = response.ravel().tolist()
                mean = sum(positions) / len(positions)
                std = (sum((p - mean) ** 2 for p in positions) / len(positions)) ** 0.5
                for name, wanted in (("mean", mean), ("std", std), ("max", max(positions))):
                    # float32 against float64, responses of order 1: a few units in the sixth digit.
                    assert row[f"{tap}/{channel}/{name}/{scale}"] == pytest.approx(wanted, rel=2e-5, abs=2e-6)


def test_what_is_known_is_not_computed_again(rated, tmp_path):
    folder, pixels = rated
    extractor = _extractor()
    cache = FeatureCache(tmp_path, extractor, shard=5)
    data = tiny_database.opened(folder)
    chosen = parts(data)
    first = cache.features(chosen.fit)
    before = len(extractor.net.module.calls)
    again = FeatureCache(tmp_path, extractor)
    np.testing.assert_array_equal(again.features(chosen.fit).values, first.values)
    assert len(extractor.net.module.calls) <= before + 1  # one small picture, for the number of channels
    both = again.features([*chosen.fit.paths[:2], *chosen.validation.paths])
    np.testing.assert_array_equal(both.values[:2], first.values[:2])
    # The paths play no part, nor does the cache of decoded pictures.
    shutil.copy(chosen.fit.paths[0], tmp_path / "renamed.png")
    images = build(chosen.fit, tmp_path / "images")
    before = len(extractor.net.module.calls)
    np.testing.assert_array_equal(again.features([tmp_path / "renamed.png"]).values[0], first.values[0])
    np.testing.assert_array_equal(again.features(images).values, first.values)
    assert len(extractor.net.module.calls) == before
    assert len(pixels) == len(data)


def test_a_run_killed_in_the_middle_loses_one_file_and_ends_with_the_same_bytes(rated, tmp_path):
    data = tiny_database.opened(rated[0])
    part, extractor = parts(data).fit, _extractor()
    whole = FeatureCache(tmp_path / "whole", extractor, shard=4).features(part)
    done = []

    def stop():
        done.append(1)
        if len(done) == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        FeatureCache(tmp_path / "killed", extractor, shard=4).features(part, work=Work(on_item=stop))
    assert len(list((tmp_path / "killed").rglob("*.safetensors"))) == 2
    expected = []
    found = FeatureCache(tmp_path / "killed", extractor, shard=4).features(part, work=Work(expect=expected.append))
    assert expected == [len(part) - 8]
    np.testing.assert_array_equal(found.values, whole.values)
    assert _files(tmp_path / "killed") == _files(tmp_path / "whole")
    assert found.identity == whole.identity


def test_another_network_scale_or_statistic_has_its_own_folder(tmp_path):
    extractors = [
        _extractor(), _extractor(seed=1), _extractor(taps=["first"]), _extractor(scales=[1]), _extractor(scales=[2]),
        _extractor(statistics=["mean"]),
    ]  # fmt: skip
    assert len({one.identity for one in extractors}) == 6
    assert _extractor().identity == extractors[0].identity
    for one in extractors:
        FeatureCache(tmp_path, one).features([picture(32, 32)])
    assert len(list(tmp_path.iterdir())) == 6


def test_a_row_depends_on_its_picture_alone(rated, tmp_path):
    pictures = [picture(40, 40), picture(40, 40)[::-1].copy(), picture(36, 44), picture(40, 40, grey=True)]
    together = FeatureCache(tmp_path / "a", _extractor()).features(pictures)
    for i, one in enumerate(pictures):
        alone = FeatureCache(tmp_path / f"b{i}", _extractor()).features([one])
        np.testing.assert_array_equal(alone.values[0], together.values[i])
    batched = FeatureCache(tmp_path / "c", _extractor(), batch=4, threads=2).features(pictures)
    np.testing.assert_allclose(batched.values, together.values, rtol=1e-5, atol=1e-6)


def test_pictures_with_one_content_are_computed_once(tmp_path):
    expected = []
    same = picture(40, 40)
    found = FeatureCache(tmp_path, _extractor()).features([same, same.copy()], work=Work(expect=expected.append))
    assert expected == [1]
    np.testing.assert_array_equal(found.values[0], found.values[1])


def test_damaged_versions_of_pictures_are_taken(rated, tmp_path):
    data = tiny_database.opened(rated[0])
    part = parts(data).fit.only(range(3))
    images = build(part, tmp_path / "images")
    versions = graded_pictures(images, part, ["jpeg", "gaussian_blur"], levels=(0, 5))
    cache = FeatureCache(tmp_path / "features", _extractor())
    found = cache.features(versions)
    assert found.values.shape == (12, 54)
    np.testing.assert_array_equal(found.values[5], cache.features([versions[5].load()]).values[0])
    stream = FeatureStream(part, found, batch=4, block=2, columns={"level": [0, 5] * 6}, seed=1)
    for batch in stream.epoch(0):
        assert batch["level"].tolist() == [0, 5] * (len(batch["level"]) // 2)
        np.testing.assert_array_equal(batch["score"], part.scores[batch["index"].numpy() // 4])


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "keys"])
def test_a_damaged_file_is_refused_and_named(rated, tmp_path, damage):
    FeatureCache(tmp_path, _extractor()).features([picture(40, 40)])
    [path] = tmp_path.rglob("*.safetensors")
    data = bytearray(path.read_bytes())
    if damage == "flip":
        data[-3] ^= 1
    changed = {
        "cut": bytes(data[:-8]),
        "flip": bytes(data),
        "empty": b"",
        "keys": bytes(data).replace(b"pixels:", b"pxiels:"),
    }
    if damage == "keys":
        changed["keys"] = bytes(data).replace(b"sha256", b"sha265")
    path.write_bytes(changed[damage])
    with pytest.raises(StoreError, match=r"safetensors is damaged: .*Remove it"):
        FeatureCache(tmp_path, _extractor())
    path.unlink()
    assert len(FeatureCache(tmp_path, _extractor()).features([picture(40, 40)])) == 1


def test_a_folder_of_other_features_is_refused(tmp_path):
    extractor = _extractor()
    FeatureCache(tmp_path, extractor).features([picture(40, 40)])
    about = tmp_path / extractor.identity[:16] / "about.json"
    about.write_text(json.dumps({**json.loads(about.read_text()), "columns": ["a"]}))
    with pytest.raises(StoreError, match="holds other features"):
        FeatureCache(tmp_path, extractor)


def test_what_cannot_be_taken_is_named(tmp_path):
    cache = FeatureCache(tmp_path, _extractor())
    with pytest.raises(SizeError, match=r"an array: too small for tiny at scale 2; expected sides of 14 pixels"):
        cache.features([picture(13, 40)])
    with pytest.raises(SizeError, match=r"an array: too small for tiny at scale 2; .* got 0x0 or a little more"):
        FeatureCache(tmp_path, _extractor(taps=["input"], scales=[2])).features([picture(1, 1)])
    with pytest.raises(ReadError, match=r"nowhere\.png: does not exist"):
        cache.features([tmp_path / "nowhere.png"])
    broken = _extractor()
    broken.net.module.one.bias[0] = float("nan")
    with pytest.raises(WeightsError, match="an array: features of tiny are NaN"):
        FeatureCache(tmp_path / "b", broken).features([picture(40, 40)])
    for wrong in (
        {"taps": ["third"]}, {"scales": [0]}, {"scales": [1, 1]}, {"scales": [1.5]}, {"statistics": ["median"]},
        {"statistics": []},
    ):  # fmt: skip
        with pytest.raises(OptionError):
            _extractor(**wrong)


def test_the_network_is_left_as_it_was(tmp_path):
    extractor = _extractor()
    extractor.net.module.train()
    FeatureCache(tmp_path, extractor).features([picture(40, 40)])
    assert extractor.net.module.training
    assert torch.is_grad_enabled()


def test_a_real_backbone_gives_as_many_numbers_as_its_table_says(tmp_path):
    net = Net("efficientnet_lite0", weights="random")
    extractor = Extractor(net, taps=["blocks.1.1", "blocks.4.2"], scales=[1, 2])
    found = FeatureCache(tmp_path, extractor).features([picture(64, 70)])
    assert found.values.shape == (1, (24 + 112) * 2 * 2)
    assert str(found.columns[-1]) == "blocks.4.2/111/std/2"


def test_rows_of_a_module_of_ones_own(tmp_path):
    with torch.random.fork_rng():
        module = _Tiny()

    def means(module, pictures):
        return module(pictures * 255, ["first"])["first"].mean((2, 3))

    maker = Frozen("own", module, means, columns=range(4), version="1")
    found = FeatureCache(tmp_path, maker).features([picture(40, 40)])
    wanted = module(torch.from_numpy(picture(40, 40).astype(np.float32)).permute(2, 0, 1)[None], ["first"])["first"]
    # Pixels are divided by 255 and multiplied again: the last digit of float32.
    np.testing.assert_allclose(found.values, wanted.mean((2, 3)).numpy(), rtol=1e-5)
    others = [
        Frozen("own", module, means, columns=range(4), version="2"),
        Frozen("own", _Tiny(3), means, columns=range(4), version="1"),
    ]
    assert len({maker.identity, *(one.identity for one in others)}) == 3
    with pytest.raises(InputError, match=r"other rows than its columns say; expected \(1, 5\); got \(1, 4\)"):
        FeatureCache(tmp_path, Frozen("own", module, means, columns=range(5), version="1")).features([picture(40, 40)])


def test_sixteen_bits_and_floats_are_taken_as_they_are(tmp_path):
    cache = FeatureCache(tmp_path, _extractor())
    eight = picture(40, 40)
    found = cache.features([eight, eight.astype(np.uint16) * 257, (eight / 255).astype(np.float32)])
    np.testing.assert_allclose(found.values[1:], found.values[[0, 0]], rtol=1e-5, atol=1e-6)


def test_streams_of_features(rated, tmp_path):
    data = tiny_database.opened(rated[0])
    chosen, test = parts(data, validation=0.3), held_out(data)
    cache = FeatureCache(tmp_path, _extractor(statistics=["mean"]))
    found = cache.features(chosen.fit)
    stream = FeatureStream(chosen.fit, found, batch=4, seed=2)
    whole = list(stream.epoch(1))
    assert sorted(torch.cat([b["index"] for b in whole]).tolist()) == list(range(len(chosen.fit)))
    for batch in whole:
        np.testing.assert_array_equal(batch["features"], found.values[batch["index"]])
        np.testing.assert_array_equal(batch["score"], chosen.fit.scores[batch["index"]])
    for start in range(len(stream) + 1):
        rest = list(stream.epoch(1, start))
        assert [b["index"].tolist() for b in rest] == [b["index"].tolist() for b in whole[start:]]
    assert [b["index"].tolist() for b in stream.epoch(0)] != [b["index"].tolist() for b in whole]
    with pytest.raises(OptionError, match="test part"):
        FeatureStream(test, cache.features(test), batch=4)
    with pytest.raises(InputError, match="not of this part"):
        FeatureStream(chosen.fit, cache.features(chosen.validation), batch=4)
    with pytest.raises(OptionError, match="blocks of 3"):
        FeatureStream(chosen.fit, found, batch=4, block=3)
    identities = [FeatureStream(chosen.fit, found, batch=b, seed=s).identity for b, s in ((4, 0), (4, 1), (5, 0))]
    assert len(set(identities)) == 3


def test_keys_tell_pictures_apart_that_differ_in_shape_alone(tmp_path):
    flat = np.arange(40 * 20 * 3, dtype=np.uint8).reshape(40, 20, 3)
    found = FeatureCache(tmp_path, _extractor()).features([flat, flat.reshape(20, 40, 3)])
    assert (found.values[0] != found.values[1]).any()
    assert open_image(flat).meta.sha256 == ""  # arrays have no hash of a file: ours is of their values
