"""Frames of a video with those of its reference: number by number, or an error that says why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from visq.errors import InputError, PairingError, SizeError
from visq.media.source import printable
from visq.media.video import Frame, Video
from visq.media.video_options import check_selection

# 24000/1001 and 24 frames a second are the same frames; 24 and 25, or 25 and 50, are not.
_RATE_TOLERANCE = 0.005


@dataclass(frozen=True, slots=True)
class Selection:
    """Which frames: number `start`, then each `every`-th, at most `frames` of them (None: to the end)."""

    start: int = 0
    every: int = 1
    frames: int | None = None

    def __post_init__(self) -> None:
        check_selection(self.start, self.every, self.frames)

    def of(self, video: Video) -> Iterator[Frame]:
        """The selected frames of a video."""
        return video.frames(start=self.start, every=self.every, count=self.frames)


def check_pair(video: Video, reference: Video, *, any_rate: bool = False) -> None:
    """Raise where two videos cannot be compared frame by frame; let each state what the other does not.

    Raises
    ------
    SizeError
        Frames of different sizes.
    PairingError
        Frame rates that differ, unless `any_rate`.
    InputError
        Luma planes of different depth or range, whose code values do not mean the same.
    """
    one, other = video.meta, reference.meta
    if (one.width, one.height) != (other.width, other.height):
        raise SizeError(
            "the video and its reference differ in size", expected=f"{other.width}x{other.height} as the reference has",
            got=f"{one.width}x{one.height}",
            hint="Scale one of them yourself: how it is done changes every score.",
        )  # fmt: skip
    if not any_rate and one.rate and other.rate and abs(one.rate / other.rate - 1) > _RATE_TOLERANCE:
        raise PairingError(
            "the video and its reference differ in frame rate",
            expected=f"{float(other.rate):.6g} a second as the reference has", got=f"{float(one.rate):.6g}",
            hint="Frames are paired by their number. If that is right all the same, say so: --any-rate, any_rate=True.",
        )  # fmt: skip
    if one.plane == "y":
        _check_codes(video, reference)
        return
    for giver, taker, name in ((reference, video, "its reference"), (video, reference, "the video")):
        if "rgb" in (giver.meta.matrix, taker.meta.matrix):
            continue
        taken = {what: getattr(giver.meta, what) for what in taker.assumed if what not in giver.assumed}
        if taken:
            taker.state(taken.get("matrix"), taken.get("range"), because=f"as {name} states")


def _check_codes(video: Video, reference: Video) -> None:
    one, other = video.meta, reference.meta
    for what, mine, theirs in (("depth", one.bit_depth, other.bit_depth), ("range", one.range, other.range)):
        if mine and theirs and mine != theirs:
            raise InputError(
                f"luma planes of different {what} are not compared", expected=f"{theirs} as the reference has",
                got=str(mine), hint='Compare them as R\'G\'B\' (plane="rgb"), where both are scaled to one white.',
            )  # fmt: skip


def pairs(
    video: Video, reference: Video, selection: Selection, *, allow_shorter: bool = False
) -> Iterator[tuple[Frame, Frame]]:
    """Selected frames of both, side by side, one pair at a time.

    Raises
    ------
    PairingError
        One of the two ends before the other (within the selected frames), unless `allow_shorter`: at the end.
    """
    mine, theirs = selection.of(video), selection.of(reference)
    while True:
        one, other = next(mine, None), next(theirs, None)
        if one is None or other is None:
            break
        yield one, other
    counts = video.decoded, reference.decoded
    # Both were read to their end where neither has another selected frame, unless enough were taken.
    ended = one is None and other is None
    enough = ended and selection.frames is not None and video.taken == selection.frames
    if allow_shorter or enough or (ended and counts[0] == counts[1]):
        return
    if ended:
        expected, got = f"{counts[1]} as the reference has", str(counts[0])
    elif one is None:
        expected, got = f"at least {counts[1]} as the reference has", str(counts[0])
    else:
        expected, got = f"{counts[1]} as the reference has", f"at least {counts[0]}"
    raise PairingError(
        f"{printable(video.meta.source)} and its reference differ in their number of frames",
        expected=expected, got=got,
        hint="If what both have is to be compared: --allow-shorter (allow_shorter=True), or --frames N.",
    )  # fmt: skip


def single(video: Video, selection: Selection) -> Iterator[tuple[Frame, None]]:
    """Selected frames of a video that has no reference."""
    for frame in selection.of(video):
        yield frame, None
