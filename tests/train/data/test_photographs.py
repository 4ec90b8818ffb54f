"""Photographs without labels: which of a folder or a rated database are learned from, which judge, which are opened."""

from __future__ import annotations

import hashlib
import shutil
import warnings

import numpy as np
import pytest
import tiny_database
from PIL import Image

from samples import picture
from visq.errors import InputError, OptionError, VisqWarning
from visq.train.data.keyed import keyed
from visq.train.data.photographs import Photographs, large_enough, opened, unique
from visq.train.data.splits import parts


def _keys(part):
    return {one.key for one in part.pictures}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sixty contents, of no two the same pixels, half of them one folder further down."""
    found = tmp_path_factory.mktemp("photographs")
    (found / "more").mkdir()
    for i in range(60):
        Image.new("RGB", (6, 5), (4 * i, 9, 200)).save(found / ("more" if i % 2 else "") / f"p{i}.png")
    (found / "notes.txt").write_text("no picture")
    return found


@pytest.fixture
def rated(tmp_path):
    """Of 24 pictures in pairs of one content the last six are the test part."""
    tiny_database.make(tmp_path / "rated")
    return tmp_path / "rated"


@pytest.mark.parametrize(("apart", "judging"), [(20, 3), (4, 15), (7, 8), (60, 2)])
def test_a_folder_is_divided_by_the_rule_that_is_written_down(folder, apart, judging):
    # The rule of the docstring as a loop of its own.
    paths = sorted(folder.rglob("*.png"))
    order = sorted((hashlib.sha256(f"photographs/3/{one.key}".encode()).hexdigest(), one.key) for one in keyed(paths))
    learned, judged = opened(folder, seed=3, apart=apart)
    assert _keys(judged) == {key for _, key in order[:judging]}
    assert _keys(learned) == {key for _, key in order[judging:]}
    assert [one.name for one in learned.pictures] == sorted(one.name for one in learned.pictures)


def test_a_folder_is_divided_by_what_its_files_hold(folder, tmp_path):
    for i, path in enumerate(sorted(folder.rglob("*.png"))):
        shutil.copy(path, tmp_path / f"{99 - i}.png")
    shutil.copy(tmp_path / "99.png", tmp_path / "once more.png")
    for one, other in zip(opened(str(folder)), opened(str(tmp_path)), strict=True):
        assert len(one) == len(other)
        assert _keys(one) == _keys(other)
        assert one.identity != other.identity  # in another order


def test_another_seed_draws_others_to_judge_by(folder):
    assert len({opened(folder, seed=seed)[1].identity for seed in range(6)}) > 3


def test_nothing_but_the_fit_part_of_a_database_is_learned_from(rated):
    for i in range(18, 24):
        (rated / f"images/p{i:02}.png").unlink()  # of the test part: it is not even looked for
    learned, judged = opened(f"folder={rated}")
    wanted = parts(tiny_database.opened(rated))
    assert tuple(one.picture for one in learned.pictures) == wanted.fit.names
    assert tuple(one.picture for one in judged.pictures) == wanted.validation.names
    assert (len(learned), len(judged)) == (14, 2)  # of nine contents one judges, another is kept for intervals
    with pytest.raises(InputError, match="rated database"):
        opened(str(rated))


def test_a_content_that_is_learned_from_does_not_judge(rated):
    found = parts(tiny_database.opened(rated))
    (first, second), judges = found.fit.paths[:2], found.validation.paths
    shutil.copy(first, second)
    shutil.copy(first, judges[0])
    learned, judged = opened(tiny_database.opened(rated))
    assert (len(learned), len(judged)) == (13, 1)
    assert judged.pictures[0].picture == found.validation.names[1]


def test_data_that_are_neither_folder_nor_database(folder, tmp_path):
    with pytest.raises(OptionError, match="no photographs"):
        opened(str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="too few"):
        opened(tmp_path)
    for wrong in ({"apart": 1}, {"apart": 2.5}, {"seed": -1}):
        with pytest.raises(OptionError):
            opened(folder, **wrong)


def test_photographs_that_are_too_small_are_left_out_and_said():
    every = Photographs(tuple(keyed([picture(90, 100), picture(60, 200)])))
    with pytest.warns(VisqWarning, match="1 of 2 photographs have a side below 80 pixels: they are left out"):
        kept, count = large_enough(every, 80, "leave out")
    assert (len(kept), count) == (1, 1)
    with pytest.raises(InputError, match="1 of 2"):
        large_enough(every, 80, "refuse")
    with pytest.warns(VisqWarning, match="reflection"):
        assert len(large_enough(every, 80, "reflect")[0]) == 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert large_enough(every, 60, "refuse")[1] == 0
    with pytest.raises(OptionError, match="small cannot be"):
        large_enough(every, 60, "crop")


def test_the_side_of_a_file_is_that_of_its_header(folder):
    learned, _ = opened(folder)
    assert large_enough(learned, 5, "refuse") == (learned, 0)
    with pytest.raises(InputError, match="57 of 57 photographs have a side below 6"):
        large_enough(learned, 6, "refuse")


def test_grey_photographs_have_three_channels():
    grey = np.arange(64 * 70, dtype=np.uint8).reshape(64, 70)
    pixels = Photographs(unique(keyed([grey, grey])))
    assert len(pixels) == 1
    assert np.array_equal(pixels[0], np.repeat(grey[..., None], 3, axis=2))
