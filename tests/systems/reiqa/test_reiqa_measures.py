"""Measures of what encoders learned, on tables whose answer is known, and the trial as a whole on untrained ones."""

from __future__ import annotations

import numpy as np
import pytest

from samples import blurred, noisy, picture
from visq.errors import InputError, SizeError
from visq.systems.reiqa.measures import matched, nearest_kind, stand_in_labels

_RNG = np.random.default_rng(5)


def _table(scenes=12, kinds=6, width=40):
    """Rows made of a part that tells the kind and one that tells the scene."""
    scene, kind = np.repeat(np.arange(scenes), kinds), np.tile(np.arange(kinds), scenes)
    of_scene, of_kind = _RNG.normal(size=(scenes, width))[scene], _RNG.normal(size=(kinds, width))[kind]
    return of_scene, of_kind, scene, kind


def _loop(rows, wanted, barred):
    """Nearest neighbours by a loop over pairs."""
    unit = rows - rows.mean(axis=0)
    unit = unit / np.linalg.norm(unit, axis=1)[:, None]
    right = 0
    for i in range(len(unit)):
        best, place = -2.0, -1
        for j in range(len(unit)):
            if barred[i] != barred[j] and unit[i] @ unit[j] > best:
                best, place = unit[i] @ unit[j], j
        right += wanted[i] == wanted[place]
    return right / len(unit)


def test_what_is_nearest_is_that_of_a_loop():
    of_scene, of_kind, scene, kind = _table(7, 4)
    rows = of_scene + 0.7 * of_kind + 0.5 * _RNG.normal(size=of_kind.shape)
    assert nearest_kind(rows, kind, scene) == pytest.approx(_loop(rows, kind, scene))


def test_features_of_damage_tell_damage():
    _, of_kind, scene, kind = _table()
    noise = 0.1 * _RNG.normal(size=of_kind.shape)
    assert nearest_kind(of_kind + noise, kind, scene) == 1.0
    # Six kinds, 72 pictures: chance, and three standard errors.
    assert nearest_kind(_RNG.normal(size=of_kind.shape), kind, scene) < 1 / 6 + 3 * (5 / 36 / 72) ** 0.5


def test_a_query_finds_its_key_among_all():
    keys = np.eye(5)
    assert matched(keys, keys) == 1.0
    assert matched(keys, np.roll(keys, 1, axis=0)) == 0.0
    assert matched(keys[[0, 1, 2, 2]], keys[:4]) == 0.75


def test_tables_that_do_not_fit():
    with pytest.raises(InputError, match="another scene"):
        nearest_kind(np.eye(3), [0, 1, 2], [0, 0, 0])
    with pytest.raises(InputError, match="different lengths"):
        nearest_kind(np.eye(3), [0, 1], [0, 1, 2])
    with pytest.raises(InputError, match="belong together"):
        matched(np.eye(3), np.eye(4))


def test_labels_that_stand_in_for_people_fall_with_damage():
    reference = picture(80, 90)
    worse = [reference, noisy(reference, 4), noisy(reference, 12), noisy(reference, 40), blurred(reference, 6)]
    labels = stand_in_labels([reference] * 5, worse)
    assert labels[0] == 1.0
    assert labels[0] > labels[1] > labels[2] > labels[3]
    assert sorted(labels) == pytest.approx([0, 0.25, 0.5, 0.75, 1])


@pytest.mark.slow
def test_the_trial_measures_untrained_encoders_near_chance():
    pytest.importorskip("torch")
    from visq.systems.reiqa import trials, trunks
    from visq.systems.reiqa.encoders import Encoders

    made = {part: trunks.make("resnet18_half", seed).requires_grad_(False).eval()
            for seed, part in enumerate(("quality", "content"))}  # fmt: skip
    encoders = Encoders(made, dict.fromkeys(made, "resnet18_half"))
    scenes = [np.roll(picture(320, 320), 47 * i, axis=1)[:130, :140] for i in range(6)]
    found = trials.run(encoders, scenes, side=128, seed=0)
    assert found.chance == pytest.approx(1 / 27)
    # The random encoder of seed 0 is the one that is measured.
    assert found.held_out == found.random
    for value in (
        found.kind_quality,
        found.kind_content,
        found.place_quality,
        found.place_content,
        found.window_quality,
        found.window_content,
    ):
        assert 0 <= value <= 1
    assert found.with_reference > found.without
    with pytest.raises(InputError, match="6 photographs or more"):
        trials.run(encoders, scenes[:5])
    with pytest.raises(SizeError):
        trials.run(encoders, scenes, side=200)


def test_every_kind_of_damage_is_done_to_every_scene():
    from visq.systems.reiqa.trials import damaged

    pictures, scene, kind = damaged([picture(70, 70), picture(70, 70)[::-1].copy()], 0)
    assert len(pictures) == 54
    assert np.bincount(scene).tolist() == [27, 27]
    assert sorted(kind[:27]) == list(range(27))
    assert np.array_equal(pictures[27], picture(70, 70)[::-1])
