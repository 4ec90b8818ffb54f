"""Recovering pictures by descent: what is reached, what is kept on the way, what is refused."""

from __future__ import annotations

import dataclasses
import sys

import numpy as np
import pytest
from PIL import Image

import visq
from shared_data import lacking
from visq import catalog
from visq.errors import InputError, MissingExtraError, OptionError, ReadError, SizeError
from visq.recovery import Descent, Recovery, Schedule, Settings, recover, starts, strip
from visq.recovery.metrics import candidates
from visq.recovery.results import eight_bit
from visq.recovery.settings import moments

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _picture(side=32, channels=3):
    """Smooth ramps with an edge, away from black and white."""
    y, x = np.mgrid[0:side, 0:side] / side
    planes = [0.2 + 0.6 * x, 0.8 - 0.5 * y, 0.3 + 0.4 * (x > y)][:channels]
    return np.stack(planes, axis=-1).astype(np.float32) if channels > 1 else planes[0].astype(np.float32)


def _psnr(a, b):
    return 10 * np.log10(1 / np.mean((a.astype(float) - b) ** 2))


@pytest.mark.parametrize("start", ["noise", "white", "grey", "gaussian_blur:4", "jpeg=10"])
@pytest.mark.parametrize("channels", [1, 3])
def test_squared_error_leads_back_from_anywhere(start, channels):
    """Its landscape is a bowl: there is one way, whatever the start."""
    reference = _picture(channels=channels)
    walk = recover(reference, "mse", start=start, steps=220)
    assert walk.image.shape == reference.shape
    assert walk.image.dtype == np.float32
    assert _psnr(walk.image, reference) > 40
    assert walk.last.psnr == pytest.approx(min(100, _psnr(walk.image, reference)), abs=0.05)
    assert walk.finished
    assert (walk.image >= 0).all()
    assert (walk.image <= 1).all()


@pytest.mark.parametrize("name", ["ssim", "gmsd", "mdsi", "haarpsi", "vif_p", "fsimc", "nlpd", "psnr_hvsm"])
def test_other_metrics_fall_from_noise(name):
    side = max(32, catalog.get(name).min_side)
    walk = recover(_picture(side), name, steps=25, rate=0.02)
    losses = [step.loss for step in walk.trace]
    assert losses[-1] < 0.95 * losses[0]
    assert walk.metric == visq.metric(name).identity


def test_what_a_metric_does_not_see_stays_as_it_was():
    """SSIM is taken of luma: the luma of the noise becomes the reference's, its colours stay noise."""
    reference = _picture()
    walk = recover(reference, "ssim", steps=250)
    luma = np.array([0.298936, 0.587043, 0.114021])
    assert walk.last.ssim > 0.99
    assert _psnr(walk.image @ luma, reference @ luma) > 25
    assert _psnr(walk.image, reference) < 15


def test_options_of_the_metric_are_heeded():
    reference, keep = _picture(), []
    bound = recover(reference, visq.metric("mse", channels="luma"), steps=3)
    text = recover(reference, "mse:channels=luma", steps=3, on_step=keep.append)
    plain = recover(reference, "mse", steps=3)
    assert text.metric == bound.metric == "mse@1(channels=luma)"
    assert [s.loss for s in text.trace] == [s.loss for s in bound.trace] == [s.loss for s in keep]
    assert plain.trace[0].loss != text.trace[0].loss


def test_one_seed_gives_one_walk():
    reference = _picture()
    first, again, other = (recover(reference, "ssim", steps=12, seed=seed) for seed in (3, 3, 4))
    assert np.array_equal(first.image, again.image)
    assert [s.loss for s in first.trace] == [s.loss for s in again.trace]
    assert not np.array_equal(first.snapshots[0].image, other.snapshots[0].image)


def test_snapshots_are_what_the_trace_says():
    reference = _picture()
    walk = recover(reference, "mse", steps=40, frames=5)
    assert [s.at.step for s in walk.snapshots] == list(moments(40, 5))
    assert [s.step for s in walk.trace] == list(range(41))
    for kept in walk.snapshots:
        assert kept.at == walk.trace[kept.at.step]
        as_metric = float(visq.metric("mse")(kept.image, reference))
        assert kept.at.loss == pytest.approx(as_metric, rel=1e-4)
        assert kept.at.ssim == pytest.approx(float(visq.metric("ssim")(kept.image, reference)), abs=1e-4)
    assert np.array_equal(walk.snapshots[-1].image, walk.image)
    assert all(step.ssim is None for step in walk.trace if step.step not in moments(40, 5))
    assert list(walk.rows()[0]) == ["metric", "step", "loss", "rate", "psnr", "ssim"]


def test_a_second_walk_begins_anew():
    reference = _picture()
    descent = Descent(reference, visq.metric("mse"), starts.begin("white", reference), Settings(steps=6))
    first, once = list(descent), descent.result()
    second, again = list(descent), descent.result()
    assert [s.loss for s in second] == [s.loss for s in first]
    assert len(again.trace) == len(once.trace) == 7
    assert [s.at.step for s in again.snapshots] == [s.at.step for s in once.snapshots]
    assert np.array_equal(again.image, once.image)


def test_a_chain_longer_than_a_file_name_is_a_start():
    reference, chain = _picture(), "+".join(["gaussian_blur:1"] * 20)
    assert len(chain) > 255
    assert starts.begin(chain, reference).shape == reference.shape


def test_what_was_altered_in_the_start_is_in_the_notes(tmp_path):
    reference = _picture(16)
    larger = np.dstack([eight_bit(_picture(32)), np.full((32, 32), 128, np.uint8)])
    Image.fromarray(larger).save(tmp_path / "start.png")
    walk = recover(reference, "mse", start=str(tmp_path / "start.png"), size=16, steps=1)
    assert "start: resized: 32x32 to 16x16" in walk.notes
    assert any("alpha" in note for note in walk.notes)


def test_a_walk_can_be_left_at_any_step():
    reference = _picture()
    descent = Descent(reference, visq.metric("mse"), starts.begin("white", reference), Settings(steps=100))
    assert not descent.begun
    assert np.array_equal(descent.result().image, np.ones_like(reference))
    for step in descent:
        if step.step == 20:
            break
    left = descent.result()
    assert not left.finished
    assert left.last.step == left.snapshots[-1].at.step == 20
    assert _psnr(left.image, reference) == pytest.approx(left.last.psnr, abs=1e-3)
    assert np.array_equal(left.image, recover(reference, "mse", start="white", steps=20).image)


def test_the_rate_is_halved_down_to_its_floor():
    walk = recover(_picture(8), "mse", steps=9, rate=0.08, halve_every=2, floor=0.02)
    assert [s.rate for s in walk.trace] == [0.08, 0.08, 0.04, 0.04, 0.02, 0.02, 0.02, 0.02, 0.02, 0.02]
    # Adam's first step moves every pixel by the rate.
    moved = recover(np.zeros((8, 8), np.float32), "mse", start="grey", steps=1, rate=0.08).image
    assert moved == pytest.approx(0.42, abs=1e-5)


@pytest.mark.parametrize("steps", [0, 1, 2, 7, 300, 10000])
@pytest.mark.parametrize("frames", [2, 3, 8])
def test_moments_begin_end_and_rise(steps, frames):
    found = moments(steps, frames)
    assert found[0] == 0
    assert found[-1] == steps
    assert len(found) <= frames
    assert (np.diff(found) > 0).all()


def test_large_references_are_made_smaller_and_it_is_said():
    reference = np.kron(_picture(32), np.ones((2, 3, 1), np.float32))
    walk = recover(reference, "mse", start=np.ones_like(reference), steps=0, size=48)
    assert walk.image.shape == (32, 48, 3)
    assert walk.notes == ("resized: 96x64 to 48x32", "start: resized: 96x64 to 48x32")
    assert recover(reference, "mse", steps=0, size=96).notes == ()


def test_starts_of_all_kinds(tmp_path):
    reference = _picture()
    noise = starts.begin("noise", reference)
    assert abs(noise.mean() - 0.5) < 0.03
    assert abs(noise.var() - 1 / 12) < 0.01
    expected = visq.distort(reference, "gaussian_blur", 4)
    assert np.array_equal(starts.begin("gaussian_blur:4", reference), expected)
    path = tmp_path / "start.png"
    Image.fromarray(eight_bit(expected)).save(path)
    assert np.abs(starts.begin(path, reference) - expected).max() < 0.51 / 255
    assert np.array_equal(starts.begin(str(path), reference), starts.begin(path, reference))
    grey = starts.begin(np.zeros((32, 32), np.uint8), reference)
    assert grey.shape == reference.shape


@pytest.mark.parametrize(
    ("start", "error", "words"),
    [
        ("nois", OptionError, "nothing to start from"),
        ("gaussian_blur", OptionError, "how strong"),
        ("gaussian_blur:9", OptionError, "level"),
        ("there/is/none.png", ReadError, "none.png"),
        ("none.png", ReadError, "none.png"),
        (np.zeros((31, 32), np.uint8), SizeError, "expected 32x32; got 32x31"),
    ],
    ids=str,
)
def test_starts_that_are_none(start, error, words):
    with pytest.raises(error, match=words):
        starts.begin(start, _picture())


def test_grey_references_take_no_colours():
    with pytest.raises(OptionError, match="colours"):
        starts.begin(_picture(), _picture(channels=1))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("s3", "s3 is no full-reference metric"), ("niqe", "niqe is no full-reference"),
        ("rred", "rred is no full-reference"), ("mse,ssim", "one metric"),
    ],
)  # fmt: skip
def test_metrics_that_lead_nowhere(name, words):
    with pytest.raises(OptionError, match=words):
        recover(_picture(), name)


def test_a_full_reference_metric_without_gradient_is_refused(monkeypatch):
    spec = dataclasses.replace(catalog.get("ssim"), differentiable=False)
    with pytest.raises(OptionError, match="ssim has no gradient"):
        recover(_picture(), visq.Metric(spec))
    monkeypatch.setitem(catalog._SPECS, "ssim", spec)
    assert "ssim" not in candidates()
    assert "mse" in candidates()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": -1}, "steps"), ({"steps": 2.5}, "steps"), ({"frames": 1}, "frames"), ({"rate": 0.0}, "rate"),
        ({"rate": float("nan")}, "rate"), ({"halve_every": 0}, "halve_every"), ({"size": 0}, "size"),
        ({"rate": 1e-3, "halve_every": 5, "floor": 1e-2}, "floor"), ({"seed": -1}, "seed"),
        ({"device": "nowhere"}, "nowhere"),
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_are_none(options, words):
    with pytest.raises(OptionError, match=words):
        recover(_picture(), "mse", **options)


def _without_gradient(x):
    y = x * 1.0
    y.register_hook(lambda gradient: gradient * float("nan"))
    return y.sum()


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (_without_gradient, "mse: the gradient is not finite at step 4.*3072 of 3072"),
        (lambda x: x.sum() * float("inf"), "mse: the loss is inf at step 4"),
        (lambda x: x.detach().sum().requires_grad_(), "mse gave no gradient at step 4"),
    ],
    ids=["gradient", "loss", "none"],
)
def test_what_is_not_finite_ends_the_walk_by_name_and_step(monkeypatch, bad, words):
    calls = []

    def loss(name):
        def cost(image, reference):
            calls.append(name)
            return bad(image) if len(calls) == 5 else (image - reference).square().sum()

        return cost

    monkeypatch.setattr("visq.recovery.descent.loss", loss)
    reference = _picture()
    descent = Descent(reference, visq.metric("mse"), starts.begin("grey", reference), Settings(steps=30))
    with pytest.raises(InputError, match=words):
        for _ in descent:
            pass
    # What was good is still there.
    assert descent.result().last.step == 3
    assert np.isfinite(descent.result().image).all()


@pytest.mark.parametrize("level", [1.0, 0.0])
def test_a_start_without_slope_is_told_from_one_as_good_as_the_reference(monkeypatch, level):
    """VIF has no slope on a white picture; MAD gives 0 to a blur that nobody sees."""

    def loss(_name):
        return lambda x, _reference: (0.0 * x).sum() + level

    monkeypatch.setattr("visq.recovery.descent.loss", loss)
    if level:
        with pytest.raises(InputError, match="mse has no slope at the start"):
            recover(_picture(), "mse", start="white", steps=3)
    else:
        assert np.array_equal(recover(_picture(), "mse", start="white", steps=3).image, np.ones_like(_picture()))


def test_who_starts_at_the_reference_stays_there():
    reference = _picture()
    same = recover(reference, "mse", start=reference, steps=3)
    assert np.array_equal(same.image, reference)
    assert same.last.psnr == 100


def test_without_torch_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"recovering a picture needs torch.*visq\[torch\]"):
        recover(_picture(), "mse")


# The strip ---------------------------------------------------------------------------------------------------


def _found(sheet, tile):
    """How often a picture is found in another, pixel for pixel."""
    windows = np.lib.stride_tricks.sliding_window_view(sheet, tile.shape)[:, :, 0]
    corners = (windows[:, :, 0, 0] == tile[0, 0]).all(-1) & (windows[:, :, -1, -1] == tile[-1, -1]).all(-1)
    return sum(np.array_equal(windows[y, x], tile) for y, x in np.argwhere(corners))


def test_the_strip_shows_every_snapshot_and_the_reference():
    reference = _picture(112)
    walks = [("mse", recover(reference, "mse", steps=20, frames=4)), ("nlpd", recover(reference, "nlpd", steps=20))]
    drawn = np.asarray(strip(walks, reference, title="ramps"))
    for _, walk in walks:
        for kept in walk.snapshots[1:]:
            assert _found(drawn, eight_bit(kept.image)) == 1
    assert _found(drawn, eight_bit(walks[0][1].snapshots[0].image)) == 2
    assert _found(drawn, eight_bit(reference)) == 2


@pytest.mark.parametrize(("side", "times"), [(32, 6), (12, 16)])
def test_small_pictures_are_enlarged_by_whole_numbers(side, times):
    reference = _picture(side, channels=1)
    walk = recover(reference, "mse", steps=2, frames=2)
    drawn = np.asarray(strip([("mse", walk)], reference, title="x"))
    shown = eight_bit(walk.image).repeat(times, 0).repeat(times, 1)[..., None].repeat(3, 2)
    assert _found(drawn, shown) == 1


def test_large_pictures_are_made_smaller_for_the_strip():
    reference = np.kron(_picture(32), np.ones((30, 10, 1), np.float32))
    walk = recover(reference, "mse", steps=0)
    assert strip([("mse", walk)], reference, title="x").size[1] < 500


def test_a_metric_that_refused_the_picture_is_told_in_its_row():
    reference = _picture()
    good = recover(reference, "mse", steps=2)
    bad = Recovery(reference, (), (), "ms_ssim@1", 2, problem="image is too small")
    assert not bad.finished
    with pytest.raises(InputError, match="nothing was measured"):
        _ = bad.last
    one = strip([("mse", good)], reference, title="x")
    both = strip([("mse", good), ("ms_ssim", bad)], reference, title="x")
    assert both.size[1] > one.size[1] + 100
    with pytest.raises(InputError, match="nothing to draw"):
        strip([("ms_ssim", bad)], reference, title="x")


def test_the_schedule_says_what_it_does():
    assert str(Schedule(0.1, 1000)) == "0.1 halved every 1000 down to 1e-05"
    assert str(Schedule()) == "0.01"


# Metrics of networks -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["deepwsd", "lpips", "dists"])
def test_deep_metrics_lead_back_too(name):
    if name not in catalog.ids("fr"):
        pytest.skip(f"the catalogue has no {name}")
    if marks := lacking(catalog.get(name)):
        pytest.skip(marks[0].kwargs["reason"])
    reference = np.kron(_picture(32), np.ones((2, 2, 1), np.float32))
    walk = recover(reference, name, start="gaussian_noise:5", steps=15)
    assert walk.last.loss < 0.9 * walk.trace[0].loss
    assert np.isfinite(walk.image).all()
