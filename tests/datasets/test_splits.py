"""Ten fixed splits by content, by a stated rule, and the lists that ship."""

from __future__ import annotations

import hashlib
import lzma
import zipfile
from importlib.resources import files

import dataset_trees as trees
import numpy as np
import pytest

import visq
from visq.datasets import splits
from visq.errors import OptionError

# Contents that can be written down without the databases: their names count.
_COUNTED = {
    "kadid10k": [f"i{i:02}" for i in range(1, 82)],
    "tid2008": [f"i{i:02}" for i in range(1, 26)],
    "tid2013": [f"i{i:02}" for i in range(1, 26)],
    "cidiq": [f"final{i:02}" for i in range(1, 24)],
    "siqad": [f"cim{i}" for i in range(1, 21)],
    "scid": [f"sci{i:02}" for i in range(1, 41)],
    "mdid": [f"img{i:02}" for i in range(1, 21)],
    "pieapp": [f"ref_{i}" for i in range(1, 201)],
}


def _by_hand(name, contents, k, shares):
    """The rule as the documentation states it, written again."""
    order = sorted(contents, key=lambda c: hashlib.sha256(f"{name}/{k}/{c}".encode()).hexdigest())
    test, val = (int(len(order) * share + 0.5) for share in (shares[2], shares[1]))
    cut = len(order) - test - val
    return {"train": order[:cut], "val": order[cut : len(order) - test], "test": order[len(order) - test :]}


@pytest.mark.parametrize("name", sorted(_COUNTED))
def test_the_rule_gives_what_ships(name):
    spec = visq.datasets.get(name)
    listed = splits.shipped(name)
    assert sorted(listed) == sorted(_COUNTED[name])
    for k in range(10):
        expected = _by_hand(name, _COUNTED[name], k, spec.fractions)
        shipped = {part: [c for c in listed if splits.PARTS[listed[c][k]] == part] for part in splits.PARTS}
        assert {part: sorted(found) for part, found in shipped.items()} == {
            part: sorted(found) for part, found in expected.items()
        }


@pytest.mark.parametrize("name", splits.listed_ids())
def test_every_list_that_ships_is_made_by_the_rule(name):
    spec = visq.datasets.get(name)
    listed = splits.shipped(name)
    assert len(listed) == spec.contents
    assert all(content == content.casefold() for content in listed)
    assert splits.lists(spec, list(listed)) == list(listed.values())


def _unpacked(path):
    with zipfile.ZipFile(path) as archive:
        return {name: lzma.decompress(archive.read(name)) for name in archive.namelist()}


def test_the_file_that_ships_is_small_and_is_made_again_by_what_wrote_it(tmp_path):
    path = files("visq") / "data" / "dataset_splits.zip"
    assert len(path.read_bytes()) <= 300_000
    listed = {name: list(splits.shipped(name)) for name in splits.listed_ids()}
    assert len(listed) > 15
    splits.write(tmp_path / "again.zip", {name: found for name, found in listed.items() if len(found) < 300})
    # What is packed, not the packed bytes: those depend on the version of the library that packs.
    again, shipped = _unpacked(tmp_path / "again.zip"), _unpacked(path)
    assert again == {name: shipped[name] for name in again}


@pytest.mark.parametrize(("count", "expected"), [(1, (1, 0, 0)), (2, (1, 0, 1)), (3, (1, 1, 1)), (10, (6, 2, 2))])
def test_sizes_of_small_databases(count, expected):
    assert splits.sizes(count, (0.6, 0.2, 0.2)) == expected


@pytest.mark.parametrize("shares", [(0.6, 0.2, 0.2), (0.8, 0.0, 0.2), (0.7, 0.1, 0.2)])
def test_every_content_has_one_part(shares):
    for count in range(1, 60):
        contents = [f"c{i}" for i in range(count)]
        parts = splits.by_rule("x", contents, 3, shares)
        assert sorted(parts) == sorted(contents)
        sizes = splits.sizes(count, shares)
        assert tuple(list(parts.values()).count(part) for part in splits.PARTS) == sizes
        assert min(sizes) >= 0
        assert (sizes[1] == 0) == (shares[1] == 0 or count < 3)


def test_splits_differ_from_each_other():
    contents = [f"c{i}" for i in range(50)]
    every = [splits.by_rule("x", contents, k, (0.6, 0.2, 0.2)) for k in range(10)]
    assert len({frozenset(c for c in contents if parts[c] == "test") for parts in every}) == 10


def test_packing_keeps_every_number():
    rng = np.random.default_rng(5)
    for count in (1, 2, 3, 5, 81):
        parts = [bytes(rng.integers(0, 3, 10).tolist()) for _ in range(count)]
        assert splits.unpack(splits.pack(parts), count) == parts


def _kadid(root, contents):
    rows = [["dist_img", "ref_img", "dmos", "var"]]
    rows += [[f"{c}_{t:02}_01.png", f"{c}.png", 3, 0.5] for c in contents for t in (1, 2)]
    trees.table(root, "dmos.csv", rows)
    return visq.dataset("kadid10k", root)


def test_no_content_lies_in_two_parts_and_every_sample_in_one(tmp_path):
    data = _kadid(tmp_path, [f"I{i:02}" for i in range(1, 82)])
    for k in range(10):
        parts = data.split(k)
        assert list(parts) == ["train", "val", "test"]
        assert sorted(np.concatenate(list(parts.values()))) == list(range(len(data)))
        groups = [set(data.groups[found]) for found in parts.values()]
        assert [len(group) for group in groups] == [49, 16, 16]
        assert len(set.union(*groups)) == 81


def test_an_incomplete_copy_has_the_parts_of_a_complete_one(tmp_path):
    whole = _kadid(tmp_path / "whole", [f"I{i:02}" for i in range(1, 82)])
    some = _kadid(tmp_path / "some", ["I03", "I17", "I50", "I81"])
    for k in range(10):
        parts = {group: part for part, found in whole.split(k).items() for group in whole.groups[found]}
        for part, found in some.split(k).items():
            assert all(parts[group] == part for group in some.groups[found])


def test_contents_that_do_not_ship_follow_the_rule(tmp_path):
    trees.text(tmp_path, "visq.csv", "image,score,group\n" + "".join(f"{i}.png,1,G{i % 7}\n" for i in range(35)))
    data = visq.dataset("folder", tmp_path)
    found = {part: {int(g[1]) for g in data.groups[indices]} for part, indices in data.split(2).items()}
    expected = _by_hand("folder", [f"g{i}" for i in range(7)], 2, (0.6, 0.2, 0.2))
    assert found == {part: {int(c[1]) for c in contents} for part, contents in expected.items()}


@pytest.mark.parametrize("k", [-1, 10, 0.5, True, "0", None])
def test_there_are_ten_splits(tmp_path, k):
    data = _kadid(tmp_path, ["I01", "I02"])
    with pytest.raises(OptionError, match="from 0 to 9"):
        data.split(k)
