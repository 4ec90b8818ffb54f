"""ST-RRED: two frames at a time, of arrays or frame by frame."""

from __future__ import annotations

import inspect
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

import samples
from shared_data import shared
from visq.catalog import check_options
from visq.catalog.video import SPECS
from visq.errors import InputError, InputTypeError, OptionError, RangeError, SizeError
from visq.metrics.st_rred import StRred, st_rred
from visq.ops.entropic import coarse_band

GOLDEN = tomllib.loads((Path(__file__).parents[1] / "golden" / "video" / "st_rred.toml").read_text())["value"]


def _luma(row, role):
    """Luma of a raw 4:2:0 file of 10 bits, `(T, H, W)` uint16."""
    pixels = row["width"] * row["height"]
    samples_ = np.fromfile(shared(f"golden/{row[role]}"), "<u2").reshape(-1, pixels * 3 // 2)
    return samples_[:, :pixels].reshape(-1, row["height"], row["width"])


def _video(frames=4, height=80, width=104, *, seed=0):
    """A picture that moves by two pixels a frame, and its damaged copy; uint8."""
    scene = samples.picture(height, width + 2 * frames, grey=True)
    reference = np.stack([scene[:, 2 * t : 2 * t + width] for t in range(frames)])
    rng = np.random.default_rng(seed)
    damaged = np.stack([samples.blurred(frame, 0.8) for frame in reference]) + rng.normal(0, 3, reference.shape)
    return np.clip(damaged, 0, 255).round().astype(np.uint8), reference


# Somebody else's numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", GOLDEN, ids=lambda r: f"{Path(r['image']).stem[:6]}-{r.get('options', {})}")
def test_values_of_the_authors_programs(row):
    video, reference = (_luma(row, role) for role in ("image", "reference"))
    # 1020 in 10 bits is white in 8: the programs were given the samples divided by 4.
    measure = StRred(data_range=1020, **row.get("options", {}))
    for one, two in zip(video, reference, strict=True):
        measure.push(one, two)
    assert measure.result() == pytest.approx(row["value"], rel=0, abs=row["atol"])
    assert np.mean(measure.spatial) == pytest.approx(row["spatial"], rel=0, abs=row["atol"])
    assert np.mean(measure.temporal) == pytest.approx(row["temporal"], rel=0, abs=row["atol"])
    assert st_rred(video, reference, data_range=1020, **row.get("options", {})) == measure.result()


def test_every_golden_row_states_origin_and_reason():
    assert len(GOLDEN) == 8
    assert all(r["origin"].strip() and r["why"].strip() and r["status"] == "verified" for r in GOLDEN)


def _plain(band):
    """Weights and entropies of the blocks of a band, in loops, mixed logarithms."""
    rows, columns = (n // 3 for n in band.shape)
    every = [band[i : i + 3, j : j + 3].ravel() for i in range(3 * rows - 2) for j in range(3 * columns - 2)]
    strengths, vectors = np.linalg.eigh(np.cov(np.array(every).T, bias=True))
    weight, entropy = np.zeros((rows, columns)), np.zeros((rows, columns))
    for r in range(rows):
        for c in range(columns):
            parts = vectors.T @ band[3 * r : 3 * r + 3, 3 * c : 3 * c + 3].ravel()
            variance = sum(p * p / s for p, s in zip(parts, strengths, strict=True)) / 9
            weight[r, c] = math.log2(1 + variance)
            entropy[r, c] = sum(math.log2(variance * s + 0.1) + math.log(2 * math.pi * math.e) for s in strengths)
    return weight, entropy


@pytest.mark.parametrize("pairs", ["separate", "overlapping"])
def test_the_score_is_that_of_the_formula(pairs):
    # Large enough that the covariance of the change has an inverse.
    videos = _video(4, 160, 200)
    steps = [(0, 1), (2, 3)] if pairs == "separate" else [(1, 0), (2, 1), (3, 2)]
    spatial, temporal = [], []
    for this, other in steps:
        scaled = []
        for video in videos:
            one, two = (coarse_band(video[t]) for t in (this, other))
            weight, entropy = _plain(one)
            change_weight, change_entropy = _plain(one - two)
            scaled.append((weight * entropy, weight * change_weight * change_entropy))
        spatial.append(np.abs(scaled[0][0] - scaled[1][0]).mean())
        temporal.append(np.abs(scaled[0][1] - scaled[1][1]).mean())
    # Inverses of covariances whose eigenvalues span five decades, in float64.
    assert st_rred(*videos, pairs=pairs) == pytest.approx(np.mean(spatial) * np.mean(temporal), rel=1e-7)


# Behaviour ---------------------------------------------------------------------------------------------------


def test_an_identical_pair_has_nothing():
    _, reference = _video()
    for options in ({}, {"index": "single"}, {"pairs": "overlapping"}, {"compat": "corrected"}):
        assert st_rred(reference, reference.copy(), **options) == 0.0
    black = np.zeros((3, 72, 80), np.uint8)
    assert st_rred(black, black) == 0.0
    assert 0 < st_rred(black, reference[:3, :72, :80]) < math.inf


def test_more_damage_gives_a_higher_score():
    _, reference = _video(6, 120, 160)
    values = [
        st_rred(np.stack([samples.blurred(f, sigma) for f in reference]), reference) for sigma in (0.6, 1.2, 2.5, 4.0)
    ]
    assert (np.diff(values) > 0).all()


def test_frames_that_come_late_or_twice_are_seen_in_time_alone():
    _, reference = _video(8)
    frozen = reference[[0, 0, 2, 2, 4, 4, 6, 6]]
    measure = StRred()
    for one, two in zip(frozen, reference, strict=True):
        measure.push(one, two)
    assert measure.spatial == [0.0] * 4
    assert min(measure.temporal) > 1.0
    assert measure.result() == 0.0, "a product: the first frames of the pairs are alike"
    assert st_rred(frozen, reference, pairs="overlapping") > 0.0


def test_an_odd_last_frame_counts_only_with_overlapping_pairs():
    video, reference = _video(5)
    assert st_rred(video, reference) == st_rred(video[:4], reference[:4])
    assert st_rred(video, reference, pairs="overlapping") != st_rred(video[:4], reference[:4], pairs="overlapping")


@pytest.mark.parametrize("pairs", ["separate", "overlapping"])
def test_frame_by_frame_is_the_same_as_at_once(pairs):
    video, reference = _video(5)
    measure = StRred(pairs=pairs)
    for count, (one, two) in enumerate(zip(video, reference, strict=True), start=1):
        measure.push(one, two)
        assert measure.frames == count
        if count > 1:
            assert measure.result() == st_rred(video[:count], reference[:count], pairs=pairs)
    assert len(measure.spatial) == len(measure.temporal) == (2 if pairs == "separate" else 4)


def test_depths_layouts_and_engines_agree():
    torch = pytest.importorskip("torch")
    video, reference = _video()
    value = st_rred(video, reference)
    assert isinstance(value, float)
    assert st_rred(video[..., None], reference[..., None]) == value
    tensors = [torch.from_numpy(v) for v in (video, reference)]
    assert st_rred(*tensors) == st_rred(*(t[:, None] for t in tensors)) == value
    assert st_rred(video / 255.0, reference / 255.0) == pytest.approx(value, rel=1e-9)
    assert st_rred(np.uint16(video) * 257, np.uint16(reference) * 257) == pytest.approx(value, rel=1e-3)
    halves = [np.float32(v) / np.float32(255) for v in (video, reference)]
    assert st_rred(*halves) == pytest.approx(value, rel=1e-4)
    assert st_rred(*(v / 255.0 * 40.0 for v in (video, reference)), data_range=40.0) == pytest.approx(value, rel=1e-7)
    colour = [np.stack([v, np.roll(v, 3, -1), v[:, ::-1]], axis=-1) for v in (video, reference)]
    rounded = st_rred(*colour)
    assert rounded != st_rred(*colour, rounded_luma=False)
    assert rounded == pytest.approx(st_rred(*(c / 255.0 for c in colour), rounded_luma=True), rel=1e-9)
    assert st_rred(*(torch.from_numpy(np.moveaxis(c, -1, 1).copy()) for c in colour)) == rounded


def test_threads_change_nothing():
    from visq.ops.threads import set_threads

    video, reference = _video(2, 330, 210)
    found = []
    try:
        for threads in (1, 2, 3):
            set_threads(threads)
            found.append(st_rred(video, reference))
    finally:
        set_threads(None)
    assert len(set(found)) == 1


# The catalogue and refusals ----------------------------------------------------------------------------------


def test_the_catalogue_tells_what_the_function_takes():
    (spec,) = SPECS
    assert spec.kind == "video"
    keywords = {
        n: p.default for n, p in inspect.signature(st_rred).parameters.items() if p.kind is p.KEYWORD_ONLY
    }  # fmt: skip
    assert keywords.pop("data_range") is None
    assert {o.name: o.default for o in spec.options} == keywords
    stream = {n: p.default for n, p in inspect.signature(StRred).parameters.items() if n != "data_range"}
    assert stream == keywords
    video, reference = _video(2)
    for option in spec.options:
        for choice in option.choices or (True, False):
            assert check_options(spec, {option.name: choice}) == {option.name: choice}
            assert math.isfinite(st_rred(video, reference, **{option.name: choice}))
        if option.choices:
            with pytest.raises(OptionError, match=option.name):
                st_rred(video, reference, **{option.name: "other"})


def test_what_is_no_pair_of_videos_is_refused():
    video, reference = _video(4)
    for bad, error in (
        ((video[:3], reference), SizeError),
        ((video[:, :76], reference), SizeError),
        ((video[:, :71], reference[:, :71]), SizeError),
        ((video[:1], reference[:1]), InputError),
        ((video[0], reference[0]), InputError),
        ((video[None, ..., None], reference), InputError),
        ((video.astype(np.int64), reference), InputTypeError),
        ((video.tolist(), reference), InputTypeError),
        ((video / 1.0, reference / 255.0), RangeError),
        ((video, None), InputError),
    ):
        with pytest.raises(error):
            st_rred(*bad)


def test_frames_that_do_not_belong_together_are_refused():
    video, reference = _video(3)
    measure = StRred()
    with pytest.raises(InputError, match="too few frames"):
        measure.result()
    measure.push(video[0], reference[0])
    with pytest.raises(InputError, match=r"too few frames.*got 1"):
        measure.result()
    with pytest.raises(SizeError, match=r"expected 104x80.*got 104x78"):
        measure.push(video[1][:78], reference[1][:78])
    with pytest.raises(InputError, match="one"):
        measure.push(video[..., None], reference[..., None])
    measure.push(video[1], reference[1])
    assert measure.result() == st_rred(video[:2], reference[:2])
