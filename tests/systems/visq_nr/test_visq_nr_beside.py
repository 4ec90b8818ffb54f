"""The default of `visq.score`, and what its scores carry: interval, sub-scores, maps, and how much memory they take."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import samples
import visq
from visq import catalog
from visq.errors import InputError
from visq.systems.visq_nr import Opinion, opinion
from visq.systems.visq_nr.design import SUBSCORES

_SPEC = catalog.get("visq_nr")


def test_the_default_of_the_function_says_more_than_a_number():
    picture = samples.picture(80, 100)
    found = opinion(picture)
    scores = visq.score(picture)
    assert list(scores) == ["visq_nr"]
    score = scores["visq_nr"]
    assert score == found.score
    assert score.interval == (found.lower, found.upper)
    assert score.extras["level"] == found.level
    assert score.parts == {name: getattr(found, name) for name in SUBSCORES}
    again = pickle.loads(pickle.dumps(score))
    assert (again, again.extras) == (score, score.extras)


def test_scores_of_other_metrics_carry_nothing():
    score = visq.metric("tv")(samples.picture(80, 100))
    assert (score.interval, score.parts, score.extras) == (None, {}, {})
    with pytest.raises(InputError, match=r"tv gives a score alone.*visq_nr"):
        visq.metric("tv").details(samples.picture(80, 100))


def test_details_are_the_opinion_of_files_arrays_and_batches(tmp_path):
    pictures = [samples.picture(80, 100), samples.noisy(samples.picture(80, 100), 9)]
    Image.fromarray(pictures[0]).save(tmp_path / "a.png")
    metric = visq.metric("visq_nr")
    assert metric.details(tmp_path / "a.png") == opinion(pictures[0])
    batch = metric.details(np.stack(pictures))
    assert [float(x) for x in batch.noise] == [opinion(p).noise for p in pictures]
    assert batch.score.shape == batch.lower.shape == (2,)
    found = metric.details(pictures[0], full=True)
    score, values = metric.score_and_map(pictures[0])
    np.testing.assert_array_equal(found.map, values)
    np.testing.assert_array_equal(metric.map(pictures[0]), values)
    assert score.interval == (found.lower, found.upper)


def test_the_catalogue_names_what_there_is():
    assert [part.name for part in _SPEC.parts] == list(SUBSCORES)
    assert set(_SPEC.extras) == {f.name for f in fields(Opinion)} - {"score", "map"}


def test_columns_of_extras_are_no_others_and_mean_the_same_everywhere():
    from visq.store.journal import COLUMNS

    for spec in catalog.specs():
        assert not set(spec.extras) & {*COLUMNS, "extras", "item", "position", "id"}, spec.id
        assert len(set(spec.extras)) == len(spec.extras)
        assert bool(spec.extras) == bool(spec.details), spec.id


@pytest.mark.parametrize(("mode", "same"), [("L", False), ("RGBA", True), ("CMYK", False), ("I;16", False)])
def test_files_of_other_kinds(tmp_path, mode, same):
    pixels = samples.picture(80, 100)
    if mode == "I;16":
        Image.fromarray(pixels[:, :, 0].astype(np.uint16) * 257).save(tmp_path / "a.png")
    else:
        name = "a.jpg" if mode == "CMYK" else "a.png"
        Image.fromarray(pixels).convert(mode).save(tmp_path / name)
    score = visq.score(next(tmp_path.iterdir()))["visq_nr"]
    assert score.interval[0] <= score <= score.interval[1]
    if same:
        assert score == visq.score(pixels)["visq_nr"]


@pytest.mark.parametrize("size", [(63, 200), (1, 200), (1, 1)])
def test_pictures_too_small_are_refused_with_their_size(tmp_path, size):
    Image.fromarray(np.zeros((*size, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(InputError, match=f"visq_nr: image is too small; expected at least 64x64.*{size[1]}x{size[0]}"):
        visq.score(tmp_path / "a.png")


_PEAK = """
import re, sys, numpy as np, visq
from pathlib import Path
from visq.ops.threads import set_threads
set_threads(1)
tile = np.random.default_rng(0).integers(0, 256, (500, 500, 3), dtype=np.uint8)
visq.score(np.tile(tile, (int(sys.argv[1]), int(sys.argv[2]), 1)))
print(int(re.search("VmHWM:[^0-9]*([0-9]+)", Path("/proc/self/status").read_text())[1]) * 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_picture():
    """From 12 million pixels to 24 only by the pixels themselves, and in all far below the 2 GB of a worker."""
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc")
    peaks = []
    for sides in (("6", "8"), ("8", "12")):
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, *sides], capture_output=True, text=True, timeout=280, check=False
        )
        assert done.returncode == 0, done.stderr
        peaks.append(int(re.sub(r"\D", "", done.stdout)))
    assert peaks[1] < peaks[0] + 0.25 * 2**30, peaks
    assert max(peaks) < 1.5 * 2**30, peaks
