"""`score_video` and `compare_videos`: any metric of the catalogue over the frames of a video."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np

from visq import catalog
from visq.api import Metric
from visq.errors import InputError
from visq.media.video import Video, open_video
from visq.types import MetricSpec
from visq.video.judges import Judge
from visq.video.pairs import Selection, check_pair, pairs, single
from visq.video.scores import Curve, VideoScores
from visq.weights.stand_in import check

OnFrame = Callable[[int, float | None, Sequence[float]], None]
Metrics = str | Metric | Iterable[str | Metric]


def score_video(
    video: str | os.PathLike[str] | bytes,
    metrics: Metrics = catalog.DEFAULT_NO_REFERENCE,
    *,
    start: int = 0,
    every: int = 1,
    frames: int | None = None,
    **reading: Any,
) -> VideoScores:
    """Judge the frames of a video by themselves, with no-reference metrics.

    Parameters
    ----------
    video : path or bytes
        Needs the extra `video` (PyAV).
    metrics : str, Metric, or several
        Names from the catalogue, or metrics with options from `visq.metric`.
    start, every, frames : int
        Begin at this frame (0 is the first), take each `every`-th, at most `frames` of them.
    **reading
        Options of `visq.media.video.open_video`: `plane="y"`, `size=(width, height)` and `pix_fmt=` of raw video,
        `matrix=`, `levels=`, `allow_truncated=True`, ...

    Returns
    -------
    VideoScores
        A curve for each metric: `scores["niqe"].values`, `scores["niqe"].pool("p95")`.

    Raises
    ------
    ReadError, FormatError, LimitError, MissingExtraError
        As `open_video`.
    InputError
        A metric that needs a reference, or that could not score a single frame.

    Examples
    --------
    >>> from visq import score_video
    >>> score_video("no-such-file.mp4", "tv")
    Traceback (most recent call last):
    visq.errors.ReadError: ...
    """
    chosen = as_metrics(metrics, reference=False)
    selection = Selection(start, every, frames)
    with open_video(video, **reading) as opened:
        return _checked(measure(opened, None, chosen, selection))


def compare_videos(
    reference: str | os.PathLike[str] | bytes,
    distorted: str | os.PathLike[str] | bytes,
    metrics: Metrics = catalog.DEFAULT_FULL_REFERENCE,
    *,
    start: int = 0,
    every: int = 1,
    frames: int | None = None,
    allow_shorter: bool = False,
    any_rate: bool = False,
    **reading: Any,
) -> VideoScores:
    """Compare a video with its reference, frame number by frame number.

    Parameters
    ----------
    reference, distorted : path or bytes
        Equal in size, in frame rate (to half a percent) and in their number of frames. Needs the extra `video`.
    metrics : str, Metric, or several
        Names from the catalogue, or metrics with options from `visq.metric`.
    start, every, frames : int
        Begin at this frame (0 is the first), take each `every`-th, at most `frames` of them.
    allow_shorter : bool
        Compare what both have where one ends before the other.
    any_rate : bool
        Pair frames by number although the rates differ.
    **reading
        Options of `visq.media.video.open_video`, for both; `plane="y"` compares the luma planes as they were coded,
        as ffmpeg's and libvmaf's PSNR do.

    Returns
    -------
    VideoScores

    Raises
    ------
    PairingError
        Numbers of frames or rates that differ. The first is known at the end only.
    SizeError
        Frames of different sizes.
    ReadError, FormatError, LimitError, MissingExtraError
        As `open_video`.
    InputError
        A metric that takes no reference, or that could not score a single frame.

    Examples
    --------
    >>> from visq import compare_videos
    >>> compare_videos("no-such-file.mp4", "nor-this.mp4", "psnr")
    Traceback (most recent call last):
    visq.errors.ReadError: ...
    """
    chosen = as_metrics(metrics, reference=True)
    selection = Selection(start, every, frames)
    with ExitStack() as stack:
        first, second = (stack.enter_context(open_video(item, **reading)) for item in (reference, distorted))
        found = measure(second, first, chosen, selection, allow_shorter=allow_shorter, any_rate=any_rate)
    return _checked(found)


def as_metrics(metrics: Metrics, *, reference: bool) -> list[Metric]:
    """Each metric once, in order, checked to take a reference or none."""
    named = [metrics] if isinstance(metrics, (str, Metric)) else list(metrics)
    chosen = [item if isinstance(item, Metric) else Metric(catalog.get(item)) for item in named]
    for one in chosen:
        check_kind(one.spec, reference=reference)
        check(one.spec, one.options)
    return list({one.identity: one for one in chosen}.values())


def check_kind(spec: MetricSpec, *, reference: bool) -> None:
    """Raise `InputError` where a metric needs a reference that there is not, takes none, or looks at no frames."""
    if spec.kind not in ("fr", "rr", "nr", "video"):
        raise InputError(f"{spec.id} does not judge the frames of a video")
    alone = spec.kind == "nr"
    if reference == alone:
        fact = "judges frames by themselves and takes no reference" if alone else "needs a reference"
        hint = "Leave the reference out." if alone else "Give the pristine video too (--reference REF)."
        raise InputError(f"{spec.id} {fact}", hint=hint)


def measure(
    video: Video,
    reference: Video | None,
    metrics: Sequence[Metric],
    selection: Selection,
    *,
    allow_shorter: bool = False,
    any_rate: bool = False,
    on_frame: OnFrame | None = None,
) -> VideoScores:
    """Look at every selected frame with every metric; both videos are open and stay so.

    `on_frame` is called after each frame with its number, its time and its scores in the order of `metrics` (NaN for
    none). A metric that fails on frames has their reasons in its curve, and the others go on.

    Raises
    ------
    ReadError, PairingError, SizeError
        Reading or pairing came to its end too early: `on_frame` has had what was scored.
    """
    judges = [Judge(metric) for metric in metrics]
    if reference is not None:
        check_pair(video, reference, any_rate=any_rate)
        source: Any = pairs(video, reference, selection, allow_shorter=allow_shorter)
    else:
        source = single(video, selection)
    numbers: list[int] = []
    times: list[float] = []
    values: list[list[float]] = [[] for _ in judges]
    for frame, other in source:
        row = [j.look(frame.index, frame.pixels, None if other is None else other.pixels) for j in judges]
        numbers.append(frame.index)
        times.append(np.nan if frame.time is None else frame.time)
        for column, value in zip(values, row, strict=True):
            column.append(value)
        if on_frame is not None:
            on_frame(frame.index, frame.time, row)
        if all(j.given_up for j in judges):
            break
    if not numbers:
        raise InputError(f"the video has no frame number {selection.start}", got=f"{video.decoded} frames")
    warnings = video.warnings
    if reference is not None:
        warnings += tuple(f"reference {w}" for w in reference.warnings)
    curves = {}
    for judge, label, column in zip(judges, _labels(metrics), values, strict=True):
        result = judge.result()
        if judge.given_up and not judge.errors:
            judge.errors[numbers[-1]] = judge.given_up
        array = np.asarray(column, dtype=np.float64)
        curves[label] = Curve(judge.spec, judge.metric.identity, array, judge.errors, result, warnings)
    return VideoScores(
        curves, np.asarray(numbers), np.asarray(times), video.meta, None if reference is None else reference.meta,
        warnings,
    )  # fmt: skip


def _labels(metrics: Sequence[Metric]) -> list[str]:
    """The metric's name, or its identity where a name comes twice."""
    names = [metric.spec.id for metric in metrics]
    return [m.spec.id if names.count(m.spec.id) == 1 else m.identity for m in metrics]


def _checked(scores: VideoScores) -> VideoScores:
    for curve in scores.values():
        if curve.result is None and not curve.scored.size and curve.errors:
            raise InputError(next(iter(curve.errors.values())))
    return scores
