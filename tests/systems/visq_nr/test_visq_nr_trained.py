"""What the trained file owes: maps that fall where damage is, scores that fall with it, stability."""

from __future__ import annotations

import numpy as np
import pytest

import samples
from shared_data import load, shared
from visq import weights
from visq.catalog.learned.visq_nr import WEIGHTS
from visq.systems.visq_nr import opinion, visq_nr

pytestmark = pytest.mark.skipif(weights.locate(WEIGHTS) is None, reason=f"needs the trained file {WEIGHTS.filename}")
PHOTOS = "photos/kodak24"


def _photographs(count):
    return [load(f"{PHOTOS}/{p.name}") for p in sorted(shared(PHOTOS).iterdir())[:count]]


def test_the_map_is_lower_where_a_photograph_was_blurred():
    for photo in _photographs(3):
        half = photo.shape[1] // 2
        damaged = photo.copy()
        damaged[:, :half] = samples.blurred(photo, 3.0)[:, :half]
        (_, before), (_, after) = visq_nr(photo, full=True), visq_nr(damaged, full=True)
        change = after - before
        left, right = change[:, : change.shape[1] // 2 - 3], change[:, change.shape[1] // 2 + 3 :]
        assert left.mean() < -5
        assert abs(right.mean()) < -0.5 * left.mean()


def test_scores_fall_with_damage_and_the_interval_holds_them():
    for photo in _photographs(2):
        for damaged in (samples.blurred(photo, 2.0), samples.noisy(photo, 25), samples.jpeg(photo, 10)):
            one, two = opinion(photo), opinion(damaged)
            assert two.score < one.score - 3
            assert one.lower <= one.score <= one.upper


def test_what_nobody_sees_changes_a_score_by_less_than_a_point():
    """A deviation of the scores of photographs is 18 points; the card has the figures of all 24."""
    mirrored, cut = _changes(6)
    assert mirrored.max() < 0.01
    assert np.quantile(cut, 0.95) < 1.0


def _changes(count):
    mirrored, cut = [], []
    for photo in _photographs(count):
        score = visq_nr(photo)
        mirrored.append(visq_nr(photo[:, ::-1]) - score)
        cut += [visq_nr(p) - score for p in (photo[2:, 2:], photo[:-2, :-2], photo[1:-1, 1:-1])]
    return np.abs(mirrored), np.abs(cut)
