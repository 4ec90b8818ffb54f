"""How LoDa's claims are measured: the damaged database, gains, and whether a network can learn by heart (L7 to L9)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import loda_small  # noqa: E402
from PIL import Image  # noqa: E402

import samples  # noqa: E402
import visq  # noqa: E402
from visq.errors import InputError  # noqa: E402
from visq.systems.loda.protocol import (  # noqa: E402
    TYPES,
    gains,
    held_out_part,
    make,
    memorising,
    predictions,
    type_of,
    verdict,
)  # fmt: skip


def test_forty_pictures_are_learned_by_heart(tmp_path):
    """L7 allows 300 steps for SRCC of 0.95. Here: the small network of the tests, its frozen parameters random."""
    pytest.importorskip("accelerate")
    folder = loda_small.database(tmp_path / "rated", contents=20)
    given = {"validation": 0.1, "short": 36}
    one = loda_small.recipe("loda-mini", tmp_path / "cache", options=given, design={"side": 32})
    one = memorising(replace(one, optimiser=replace(one.optimiser, rate=5e-3)), steps=80)
    fitted = loda_small.fitted(one, tmp_path / "run", data=folder)
    assert fitted.step == 80
    assert fitted.best["measures"]["srcc"] >= 0.95


@pytest.fixture(scope="module")
def damaged(tmp_path_factory):
    folder = tmp_path_factory.mktemp("loda_damaged")
    paths = []
    for i in range(4):
        paths.append(folder / f"photo{i}.png")
        Image.fromarray(np.roll(samples.picture(64, 80), 11 * i, axis=1)).save(paths[-1])
    return make(paths, folder / "set", held_out=0.25), folder / "set", paths


def test_the_damaged_database_holds_contents_out_and_its_labels_fall(damaged):
    count, folder, paths = damaged
    dataset = visq.dataset("folder", str(folder))
    assert count == len(dataset.samples) == 4 * 4 * 5
    part = held_out_part(folder)
    assert len(part) == 20
    assert len(set(part.groups.tolist())) == 1
    assert {type_of(name) for name in part.names} == set(TYPES)
    labels = {s.image: s.score for s in dataset.samples}
    for i in range(4):
        for word in TYPES:
            steps = [labels[f"images/c{i:04}_{word}_{level}.png"] for level in range(1, 6)]
            assert all(a >= b for a, b in pairwise(steps)), (i, word, steps)
    with Image.open(folder / "images/c0000_jpeg_3.png") as file:
        assert file.size == (480, 384)
    with pytest.raises(InputError, match="too few photographs"):
        make(paths[:1], folder / "none")


def test_predictions_are_those_of_the_metric(damaged, tmp_path):
    from visq.systems.inputs import read
    from visq.systems.loda.score import judged

    _, folder, _ = damaged
    part = held_out_part(folder).only([0, 7])
    network = loda_small.network()
    found = predictions(network, part, tmp_path / "cache")
    for path, score in zip(part.paths, found, strict=True):
        with Image.open(path) as file, torch.no_grad():
            wanted = judged(read(np.asarray(file)), network).score
        assert score == pytest.approx(wanted, abs=1e-6)


def test_gains_are_differences_of_rank_correlations():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(0)
    labels, kinds = rng.random(80), [t for t in TYPES for _ in range(20)]
    ours, others = labels + 0.1 * rng.normal(size=80), labels + 0.5 * rng.normal(size=80)
    found = gains(ours, others, labels, kinds)
    srcc = lambda x, m: spearmanr(x[m], labels[m]).statistic  # noqa: E731
    whole = np.ones(80, bool)
    assert found.overall == pytest.approx(srcc(ours, whole) - srcc(others, whole), abs=1e-12)
    each = {t: np.array(kinds) == t for t in TYPES}
    wanted = {t: srcc(ours, m) - srcc(others, m) for t, m in each.items()}
    assert found.of_type == pytest.approx(wanted)
    assert found.local == pytest.approx((wanted["noise"] + wanted["quantisation"]) / 2 - wanted["blur"])


def test_a_verdict_needs_three_random_starts():
    with pytest.raises(InputError, match="one random start"):
        verdict([0.2, 0.3])
    found = verdict([0.12, -0.01, 0.2])
    assert (found.least, found.most, found.all_positive) == (-0.01, 0.2, False)
    assert found.mean == pytest.approx(0.31 / 3)
