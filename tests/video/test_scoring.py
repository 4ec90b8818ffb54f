"""Scores of videos: against libvmaf's and ffmpeg's numbers, against the pictures of the frames, and pairing."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import video_clips as clips
import visq
from shared_data import shared
from visq import catalog
from visq.errors import InputError, OptionError, PairingError, ReadError, SizeError
from visq.media.video import open_video
from visq.types import InputSpec, MetricSpec
from visq.video.pairs import Selection
from visq.video.scoring import measure

pytest.importorskip("av", reason="video needs PyAV")

CLIPS = Path(__file__).resolve().parents[2] / "examples" / "clips"

# Numbers of others ------------------------------------------------------------------------------------------------

# libvmaf (Netflix/vmaf@f85a8536), python/test/vmafexec_test.py: mean over all frames, to be met to 4 decimals.
_LIBVMAF = [
    ("src01_hrc00_576x324.yuv420p10le.yuv", "src01_hrc01_576x324.yuv420p10le.yuv", (576, 324), 32.57143333,
     0.8978630),
    ("sparks_ref_480x270.yuv42010le.yuv", "sparks_dis_480x270.yuv42010le.yuv", (480, 270), 48.81622, 0.99566),
]  # fmt: skip


@pytest.mark.parametrize(("reference", "distorted", "size", "psnr", "ssim"), _LIBVMAF)
def test_the_luma_plane_gives_libvmafs_psnr_and_ssim(reference, distorted, size, psnr, ssim):
    # libvmaf has 10-bit samples as 0 to 255.75 and the constants of SSIM for 255.
    constants = {"k1": 0.01 * 255 / 255.75, "k2": 0.03 * 255 / 255.75}
    scores = visq.compare_videos(
        shared(f"golden/vmaf/{reference}"), shared(f"golden/vmaf/{distorted}"),
        ["psnr", visq.metric("ssim", **constants)], size=size, pix_fmt="yuv420p10le", plane="y",
    )  # fmt: skip
    # 4 decimals are what libvmaf's own test holds to; it computes in float32 with the picture in quarters.
    assert float(scores["psnr"].value) == pytest.approx(psnr, abs=2e-4)
    assert float(scores["ssim"].value) == pytest.approx(ssim, abs=5e-5)


def test_frames_of_raw_video_give_ffmpegs_psnr():
    """ffmpeg 5.1.9 (Debian), `psnr` filter with `stats_file`: psnr_y of each frame, printed to two decimals."""
    found = [
        ("src01_hrc00_576x324.yuv420p10le.yuv", "src01_hrc01_576x324.yuv420p10le.yuv", (576, 324),
         [34.79, 31.91, 31.02]),
        ("sparks_ref_480x270.yuv42010le.yuv", "sparks_dis_480x270.yuv42010le.yuv", (480, 270),
         [49.61, 47.94, 48.82, 48.05, 49.67]),
    ]  # fmt: skip
    for reference, distorted, size, wanted in found:
        files = (shared(f"golden/vmaf/{name}") for name in (reference, distorted))
        curve = visq.compare_videos(*files, "psnr", size=size, pix_fmt="yuv420p10le", plane="y")["psnr"]
        assert np.abs(curve.values - wanted).max() <= 0.005 + 1e-5


@pytest.mark.parametrize(
    ("options", "space", "wanted"),
    [
        ({}, "420jpeg", [38.13, 32.11, 28.59]),
        ({"bits": 10, "sampling": "422"}, "422p10", [38.16, 32.13, 28.61]),
        ({"height": 35, "width": 47}, "420jpeg", [38.13, 32.11, 28.59]),
    ],
)
def test_y4m_gives_ffmpegs_psnr(options, space, wanted):
    """ffmpeg 5.1.9 (Debian) on the same clips: `psnr=stats_file=-`, psnr_y."""
    pair = [clips.y4m(clips.yuv(damaged=damaged, **options), space=space) for damaged in (False, True)]
    curve = visq.compare_videos(*pair, "psnr", plane="y")["psnr"]
    assert np.abs(curve.values - wanted).max() <= 0.005 + 1e-5


def test_h264_in_mp4_gives_ffmpegs_psnr():
    """ffmpeg 5.1.9 (Debian) on the two clips of examples/: mse_y and psnr_y of each frame."""
    wanted = [
        31.06, 30.74, 30.70, 30.42, 30.28, 30.37, 29.95, 30.26, 30.28, 30.27, 29.92, 30.40, 30.51, 30.45, 30.54, 31.10,
        31.09, 31.35, 31.45, 31.75, 31.96, 31.66, 31.79, 31.61,
    ]  # fmt: skip
    scores = visq.compare_videos(CLIPS / "lighthouse.mp4", CLIPS / "lighthouse-crf36.mp4", ["psnr", "mse"], plane="y")
    assert np.abs(scores["psnr"].values - wanted).max() <= 0.005 + 1e-5
    # Its summary "y:30.787499" is the PSNR of the mean error, not the mean of the PSNRs.
    assert 10 * math.log10(255**2 / scores["mse"].pool()) == pytest.approx(30.787499, abs=1e-5)
    assert scores.warnings == ()
    assert (scores.meta.matrix, scores.meta.range) == ("", "limited")


# Frames as pictures -----------------------------------------------------------------------------------------------


def test_every_frame_scores_as_its_picture_does(tmp_path):
    from PIL import Image

    names = ["psnr", "ssim", "haarpsi", "ciede2000"]
    files = [CLIPS / "lighthouse.mp4", CLIPS / "lighthouse-crf36.mp4"]
    scores = visq.compare_videos(*files, names, every=7)
    assert scores.frames.tolist() == [0, 7, 14, 21]
    opened = [open_video(file) for file in files]
    for number, pair in enumerate(zip(*(video.frames(every=7) for video in opened), strict=True)):
        paths = []
        for side, frame in enumerate(pair):
            paths.append(tmp_path / f"{side}.png")
            Image.fromarray(frame.pixels).save(paths[-1])
        picture = visq.compare(*paths, names)
        assert {n: float(picture[n]) for n in names} == {n: scores[n].values[number] for n in names}
    for video in opened:
        video.close()


def test_deep_frames_score_as_their_16_bit_pictures(tmp_path):
    pyvips = pytest.importorskip("pyvips", reason="16-bit PNG needs the extra hdr", exc_type=ImportError)
    pair = [clips.y4m(clips.yuv(2, bits=10, damaged=d), space="420p10") for d in (False, True)]
    scores = visq.compare_videos(*pair, ["psnr", "ssim"])
    for number in range(2):
        paths = []
        for side, clip in enumerate(pair):
            with open_video(clip) as video:
                pixels = list(video)[number].pixels
            assert pixels.dtype == np.uint16
            paths.append(tmp_path / f"{side}.png")
            pyvips.Image.new_from_array(pixels, interpretation="rgb16").write_to_file(str(paths[-1]))
        picture = visq.compare(*paths, ["psnr", "ssim"])
        assert {n: float(v) for n, v in picture.items()} == {n: c.values[number] for n, c in scores.items()}


def test_no_reference_metrics_judge_a_video_alone():
    scores = visq.score_video(CLIPS / "lighthouse-crf36.mp4", ["tv", "niqe"], frames=2)
    with open_video(CLIPS / "lighthouse-crf36.mp4") as video:
        frames = [f.pixels for f in video.frames(count=2)]
    for name in ("tv", "niqe"):
        assert scores[name].values.tolist() == [float(visq.metric(name)(f)) for f in frames]


def test_an_identical_video_has_the_best_value_in_every_frame():
    scores = visq.compare_videos(CLIPS / "lighthouse.mp4", CLIPS / "lighthouse.mp4", ["psnr", "ssim", "gmsd"], frames=3)
    for name, curve in scores.items():
        assert curve.values.tolist() == [catalog.get(name).best] * 3
        assert curve.pool("harmonic") == pytest.approx(catalog.get(name).best, abs=1e-12)


# What comes back --------------------------------------------------------------------------------------------------


def test_curves_know_what_they_are():
    pair = [clips.y4m(clips.yuv(5, damaged=d)) for d in (False, True)]
    luma = visq.metric("psnr", channels="luma")
    scores = visq.compare_videos(*pair, ["psnr", luma, "psnr", "mse"], start=1, every=2)
    assert list(scores) == ["psnr@1", "psnr@1(channels=luma)", "mse"]
    assert scores.frames.tolist() == [1, 3]
    assert scores.times.tolist() == [0.04, 0.12]
    curve = scores["mse"]
    assert len(curve) == 2
    assert curve.pool("max") == max(curve.values)
    assert (curve.value.metric, curve.value.lower_is_better) == ("mse", True)
    assert curve.value.extras == {"pool": "mean", "frames": 2, "failed": 0}
    assert "matrix-assumed: bt601" in curve.value.warnings
    assert "reference range-assumed: limited" in scores.warnings
    assert repr(curve).startswith("Curve(mse@1, 2 frames, mean ")


def test_frames_that_cannot_be_scored_are_kept_apart(monkeypatch):
    from visq.metrics import psnr as module

    real, calls = module.psnr, []

    def fails_once(*arguments, **options):
        calls.append(1)
        if len(calls) == 2:
            raise InputError("no score today")
        return math.inf if len(calls) == 3 else real(*arguments, **options)

    monkeypatch.setattr(module, "psnr", fails_once)
    pair = [clips.y4m(clips.yuv(4, damaged=d)) for d in (False, True)]
    curve = visq.compare_videos(*pair, "psnr")["psnr"]
    assert np.isfinite(curve.values).tolist() == [True, False, False, True]
    assert curve.errors[1] == "psnr: no score today"
    assert "inf" in curve.errors[2]
    assert curve.pool() == np.mean(curve.values[[0, 3]])
    assert curve.value.extras["failed"] == 2


def test_a_video_of_which_no_frame_can_be_scored_is_an_error():
    pair = [clips.y4m(clips.yuv(3, 8, 8, damaged=d)) for d in (False, True)]
    with pytest.raises(InputError, match="at least 11x11"):
        visq.compare_videos(*pair, "ssim")
    with pytest.raises(InputError, match="no frame number 3"):
        visq.compare_videos(*pair, "psnr", start=3)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c: visq.score_video(c, "psnr"), InputError),
        (lambda c: visq.compare_videos(c, c, "niqe"), InputError),
        (lambda c: visq.score_video(c, "tv", every=0), OptionError),
        (lambda c: visq.compare_videos(c, c, "psnr", frames=0), OptionError),
    ],
)
def test_metrics_and_selections_that_cannot_be(call, error):
    with pytest.raises(error):
        call(clips.y4m(clips.yuv(1)))


# Pairing ----------------------------------------------------------------------------------------------------------


def _clip(count=4, **options):
    rate = options.pop("rate", "25:1")
    return clips.y4m(clips.yuv(count, **options), rate=rate)


def test_numbers_of_frames_that_differ():
    for counts, words in (((4, 3), "at least 4 as the reference has; got 3"), ((3, 4), "3 as the reference has; got")):
        with pytest.raises(PairingError, match=f"differ in their number of frames; expected {words}"):
            visq.compare_videos(*map(_clip, counts), "psnr")
        found = visq.compare_videos(*map(_clip, counts), "psnr", allow_shorter=True)
        assert found.frames.tolist() == [0, 1, 2]
        assert len(visq.compare_videos(*map(_clip, counts), "psnr", frames=3).frames) == 3
    # Also where each has as many of the selected ones.
    with pytest.raises(PairingError, match="expected 4 as the reference has; got 3"):
        visq.compare_videos(_clip(4), _clip(3), "psnr", every=2)


def test_sizes_and_rates_that_differ():
    with pytest.raises(SizeError, match="64x48 as the reference has; got 48x64"):
        visq.compare_videos(_clip(), _clip(height=64, width=48), "psnr")
    with pytest.raises(PairingError, match="25 a second as the reference has; got 50"):
        visq.compare_videos(_clip(), _clip(rate="50:1"), "psnr")
    assert visq.compare_videos(_clip(), _clip(rate="50:1"), "psnr", any_rate=True)["psnr"].pool("min") == 100
    assert visq.compare_videos(_clip(rate="24:1"), _clip(rate="24000:1001"), "psnr")["psnr"].pool("min") == 100


def test_luma_planes_of_different_codes_are_not_compared():
    deep = clips.y4m(clips.yuv(4, bits=10), space="420p10")
    with pytest.raises(InputError, match=r"different depth.*10 as the reference has; got 8"):
        visq.compare_videos(deep, _clip(), "psnr", plane="y")
    full, limited = (_clip().replace(b" C420jpeg", b" C420jpeg XCOLORRANGE=" + w) for w in (b"FULL", b"LIMITED"))
    with pytest.raises(InputError, match="different range"):
        visq.compare_videos(full, limited, "psnr", plane="y")
    # As R'G'B' they are pictures of different contrast, and of different depth the same picture within a level.
    assert visq.compare_videos(full, limited, "psnr")["psnr"].pool("max") < 40
    assert visq.compare_videos(deep, _clip(), "psnr")["psnr"].pool("min") > 45


def test_what_one_video_does_not_state_is_taken_from_the_other():
    pictures = clips.pictures(2)
    tagged = clips.encoded(pictures, pix_fmt="yuv444p", colorspace=9, color_range=2)
    with open_video(tagged, plane="y") as video:
        luma = [f.pixels for f in video]
    bare = clips.encoded(pictures, pix_fmt="yuv444p")
    assert len(luma) == 2
    found = visq.compare_videos(tagged, bare, "psnr")
    assert found.warnings == (
        "matrix-taken: bt2020, as its reference states", "range-taken: full, as its reference states",
    )  # fmt: skip
    turned = visq.compare_videos(bare, tagged, "psnr")
    assert turned.warnings == (
        "reference matrix-taken: bt2020, as the video states", "reference range-taken: full, as the video states",
    )  # fmt: skip
    assert found["psnr"].values.tolist() == turned["psnr"].values.tolist() == [100.0, 100.0]


def test_what_was_scored_before_an_error_has_been_told():
    seen = []
    with open_video(_clip(4)) as reference, open_video(_clip(3)) as video, pytest.raises(PairingError):
        measure(
            video, reference, [visq.metric("psnr")], Selection(),
            on_frame=lambda index, seconds, values: seen.append((index, seconds, *values)),
        )  # fmt: skip
    assert seen == [(0, 0.0, 100.0), (1, 0.04, 100.0), (2, 0.08, 100.0)]


def test_the_reference_is_named_where_it_fails(tmp_path):
    path = tmp_path / "cut.y4m"
    path.write_bytes(_clip()[:-1])
    with pytest.raises(ReadError, match=r"cut\.y4m: truncated"):
        visq.compare_videos(path, _clip(), "psnr")


# Metrics of videos ------------------------------------------------------------------------------------------------


class Change:
    """A metric of videos for the test: the mean change between frames, of the image over that of the reference."""

    def __init__(self, *, power: int = 1) -> None:
        self.power, self.last, self.steps, self.shapes = power, None, [], set()

    def push(self, image, reference):
        self.shapes.add((image.shape, image.dtype.name))
        if image[0, 0, 0] == 255:
            raise InputError("a white corner")
        now = image.astype(float) - reference
        step = None if self.last is None else float(np.abs(now - self.last).mean() ** self.power)
        self.last = now
        if step is not None:
            self.steps.append(step)
        return step

    def result(self):
        return sum(self.steps) / len(self.steps)


@pytest.fixture
def change():
    spec = MetricSpec(
        id="change", version="1", name="Change", summary="", kind="video", lower_is_better=True,
        value_range=(0.0, math.inf), impl="", stream=f"{__name__}:Change", input=InputSpec("rgb"), min_side=1, paper="",
        code_licence="", presets=(("power", 2),),
    )  # fmt: skip
    return visq.Metric(spec)


def test_a_metric_of_videos_is_fed_the_pairs_in_order(change):
    pair = [_clip(5, damaged=d) for d in (False, True)]
    scores = visq.compare_videos(*pair, [change, "mse"])
    frames = []
    for clip in pair:
        with open_video(clip) as video:
            frames.append([f.pixels.astype(float) for f in video])
    errors = [b - a for a, b in zip(*frames, strict=True)]
    steps = [np.abs(b - a).mean() ** 2 for a, b in pairwise(errors)]
    curve = scores["change"]
    assert math.isnan(curve.values[0])
    assert np.allclose(curve.values[1:], steps, rtol=1e-12)
    assert curve.errors == {}
    assert curve.value == pytest.approx(np.mean(steps), rel=1e-12)
    assert curve.value.extras["pool"] == "result"
    assert len(scores["mse"].scored) == 5


def test_a_metric_of_videos_that_fails_once_has_no_result(change):
    white = [[np.full_like(p, 235) if i == 0 else np.full_like(p, 128) for i, p in enumerate(f)] for f in clips.yuv(1)]
    clip = clips.y4m([*clips.yuv(2), *white, *clips.yuv(1)])
    with open_video(clip) as video, open_video(clip) as reference:
        scores = measure(video, reference, [change, visq.metric("psnr")], Selection())
    assert scores["change"].result is None
    assert scores["change"].errors == {2: "a white corner", 3: "a white corner"}
    # The mean of the steps until then is not the score of the video.
    with pytest.raises(InputError, match="change: no result: a white corner"):
        _ = scores["change"].value
    assert repr(scores["change"]) == "Curve(change@1, 4 frames)"
    assert len(scores["psnr"].scored) == 4


def test_st_rred_of_a_file_is_that_of_its_frames(tmp_path):
    pair = [clips.y4m(clips.yuv(6, 80, 96, damaged=d)) for d in (False, True)]
    wanted = visq.metric("st_rred")
    scores = visq.compare_videos(*pair, ["st_rred", visq.metric("st_rred", pairs="overlapping")], plane="y")
    frames = []
    for clip in pair:
        with open_video(clip, plane="y") as video:
            frames.append(np.stack([f.pixels for f in video]))
    reference, distorted = frames
    from visq.metrics.st_rred import st_rred

    assert [float(c.value) for c in scores.values()] == [
        st_rred(distorted, reference), st_rred(distorted, reference, pairs="overlapping"),
    ]  # fmt: skip
    assert scores[wanted.identity].value > 0
    with pytest.raises(InputError, match="too few frames"):
        visq.compare_videos(*pair, "st_rred", frames=1)
