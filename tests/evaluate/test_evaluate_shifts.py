"""Shift tolerance: which crops are compared, what counts as a flip, and what is refused."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

import visq
from visq.errors import InputError, InputTypeError, VisqWarning
from visq.evaluate import ShiftTolerance, as_json, shift_tolerance
from visq.evaluate.shifts import summary


def _texture(side=64, seed=0):
    """Noise with a scale of a few pixels, so that a shift of one is a small thing."""
    from scipy import ndimage

    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(side, side, 3)), (2, 2, 0))
    return np.clip(0.5 + 0.2 * noise / noise.std(), 0, 1)


def test_the_crops_are_the_pictures_own_pixels_moved_right_and_down():
    """A metric that only looks on sees every shift once in each direction, the reference unmoved."""
    height, width, margin = 14, 17, 3
    y, x = np.mgrid[0:height, 0:width].astype(float)
    seen = []

    def metric(image, reference):
        seen.append((image[0, 0], reference[0, 0], image.shape))
        return float(image[0, 0])

    shift_tolerance(metric, x + 100 * y, x + 100 * y, x + 100 * y + 0.5, shifts=[3, 1])
    shape = (height - 2 * margin, width - 2 * margin)
    assert all(s == shape and corner == 303 for _, corner, s in seen)
    # What lay at (3, 3) lies further right and down: the corner shows what was left of it and above.
    wanted = [303, 302, 203, 300, 3]
    assert [image for image, _, _ in seen] == [value + extra for value in wanted for extra in (0, 0.5)]


def test_what_does_not_look_at_places_tolerates_every_shift():
    """The mean of a picture that repeats itself is the same in every crop."""
    tile = np.random.default_rng(1).random((8, 8))
    picture = np.tile(tile, (6, 6))
    found = shift_tolerance(
        lambda image, reference: abs(image.mean() - reference.mean()), picture, 0.9 * picture, 0.7 * picture,
        shifts=[1, 2, 8],
    )  # fmt: skip
    assert found.change == pytest.approx(0, abs=1e-12)
    assert found.flips == found.flips_alone == (0, 0, 0)
    assert (found.rank_flip_rate, found.rank_flip_rate_alone) == (0, 0)
    # A shift by its period leaves such a picture as it is, whatever the metric.
    whole = shift_tolerance(visq.metric("psnr"), picture, 0.9 * picture, 0.7 * picture, shifts=[8])
    assert whole.change == pytest.approx(0, abs=1e-6)


def test_pixelwise_errors_tolerate_less_than_statistics():
    """PSNR of a slightly noisy texture collapses within two pixels, and then the blurred one is the better."""
    texture = _texture()
    noisy = np.clip(texture + np.random.default_rng(2).normal(0, 0.02, texture.shape), 0, 1)
    blurred = visq.distort(texture, "gaussian_blur", amount=2.0)
    psnr = shift_tolerance(visq.metric("psnr"), texture, noisy, blurred, shifts=[2, 3])
    assert psnr.scores[0] > psnr.scores[1]
    assert psnr.rank_flip_rate == 1
    assert psnr.changes[0] < psnr.changes[1]

    def deviations(image, reference):
        return abs(image.std() - reference.std())

    tolerant = shift_tolerance(deviations, texture, noisy, blurred, shifts=[2, 3])
    assert tolerant.rank_flip_rate == 0
    assert tolerant.change < 0.2 * psnr.change


def test_shifts_are_put_in_order_and_taken_once():
    texture = _texture(32)
    found = shift_tolerance(visq.metric("mse"), texture, 0.9 * texture, 0.8 * texture, shifts=[2, 1, 2])
    assert found.shifts == (1, 2)
    assert len(found.changes) == len(found.flips) == 2
    assert found.compared == 2  # one pair, two directions


def test_flips_ties_and_changes_by_hand():
    # Three images: (1, 2), (1, 4) and (2, 4) are the pairs. One direction, two shifts.
    found = summary([1.0, 2.0, 4.0], [[[1.0, 2.0, 4.0]], [[2.5, 2.5, 1.0]]], [1, 2])
    assert found.spread == 3
    assert found.changes == (0.0, pytest.approx((1.5 + 0.5 + 3) / 3 / 3))
    assert found.flips == (0, 3)  # a tie, and two turned round
    # Alone: 2.5 > 2 and 1 < 2.5 kept; 2.5 < 4 kept, 1 = 1 a tie; 2.5 < 4 kept, 1 < 2 turned.
    assert found.flips_alone == (0, 3)
    assert (found.compared, found.compared_alone) == (3, 6)
    assert found.rank_flip_rate == 3 / 6
    assert found.rank_flip_rate_alone == 3 / 12


def test_pairs_without_an_order_are_left_out():
    found = summary([1.0, 1.0, 2.0], [[[5.0, 0.0, 2.0]]], [1])
    assert found.compared == 2
    with pytest.warns(VisqWarning, match="all unshifted scores are equal"):
        none = summary([1.0, 1.0], [[[5.0, 0.0]]], [1])
    assert none.compared == 0
    assert math.isnan(none.rank_flip_rate)
    assert math.isnan(none.change)


def test_the_result_is_frozen_plain_data():
    found = summary([1.0, 2.0], [[[1.0, 2.0]]], [1])
    assert isinstance(found, ShiftTolerance)
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.change = 0.0
    assert '"rank_flip_rate": 0.0' in as_json(found)


_GREY = np.zeros((20, 20))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        ((_GREY, _GREY), {}, InputError, "two images"),
        ((_GREY, _GREY, np.zeros((20, 21))), {}, InputError, "differ in size"),
        ((_GREY, _GREY, [[1, 2]]), {}, InputTypeError, "made of arrays"),
        ((_GREY, _GREY, _GREY), {"shifts": []}, InputError, "no shift"),
        ((_GREY, _GREY, _GREY), {"shifts": [0, 1]}, InputError, "from 1 on"),
        ((_GREY, _GREY, _GREY), {"shifts": [1.5]}, InputError, "from 1 on"),
        ((_GREY, _GREY, _GREY), {"shifts": [10]}, InputError, "margins of 10"),
    ],
)
def test_what_is_refused(arguments, options, error, words):
    with pytest.raises(error, match=words):
        shift_tolerance(visq.metric("mse"), *arguments, **options)


@pytest.fixture
def study(monkeypatch):
    """The study behind the published figures: a module of the benchmarks."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    import shift_tolerance as module

    return module


def test_photographs_without_margins_end_the_study_before_it_begins(study, tmp_path, monkeypatch, capsys):
    from PIL import Image

    for side in (study.LEAST, study.LEAST - 1):
        Image.new("RGB", (300, side)).save(tmp_path / f"side{side}.png")
    monkeypatch.setattr("sys.argv", ["shift_tolerance", str(tmp_path), "-o", str(tmp_path / "found.json")])
    assert study.main() == 2
    told = capsys.readouterr().err
    assert "208 pixels or more: side207.png" in told
    assert not (tmp_path / "found.json").exists()


def test_half_a_line_of_a_killed_study_is_cut_off(study, tmp_path):
    kept = tmp_path / "found.jsonl"
    assert study.before(kept) == []
    kept.write_text('{"photo": "a"}\n{"photo": "b"}\n{"pho')
    assert study.before(kept) == [{"photo": "a"}, {"photo": "b"}]
    assert kept.read_text() == '{"photo": "a"}\n{"photo": "b"}\n'


def test_a_study_without_any_spread_has_no_number(study):
    count = len(study.DISTORTIONS)
    row = {
        "photo": "a", "metric": "ssim", "identity": visq.metric("ssim").identity, "scores": [1.0] * count,
        "shifted": [[[1.0] * count] * 2] * len(study.SHIFTS),
    }  # fmt: skip
    with pytest.warns(VisqWarning, match="all unshifted scores are equal"):
        found = study.study([row])
    assert found["metrics"]["ssim"]["changes"] == [None] * len(study.SHIFTS)


def test_scores_that_are_not_finite_are_refused():
    with pytest.raises(InputError, match="no finite score"):
        shift_tolerance(lambda *_: float("nan"), _GREY, _GREY, _GREY, shifts=[1])
