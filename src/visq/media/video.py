"""Video files to frames: `open_video` reads one frame after the other, as R'G'B' in the file's own depth.

====================  ====================================================================  =====================
in the file           what happens                                                          warning
====================  ====================================================================  =====================
8 bit                 uint8
9 to 16 bit           uint16, white at 65535
YUV                   R'G'B' by the stream's matrix (BT.601, BT.709, BT.2020, SMPTE 240M,
                      FCC) and range, rounded to the nearest level; chroma interpolated
                      linearly, sited at the left as MPEG-2 and H.264 have it
no matrix stated      BT.601 up to 1024x576, BT.709 above                                   `matrix-assumed`
no range stated       limited (16 to 235); full for RGB, grey and `yuvj`, without warning   `range-assumed`
PQ, HLG, wide gamut   values kept and taken as sRGB                                         `cicp-ignored`
alpha                 composited on white; the luma plane is taken without                  `alpha-composited`,
                                                                                            `alpha-ignored`
rotation, mirror      applied where it is a multiple of 90 degrees                          `orientation-applied`
other rotations       not applied                                                           `rotation-ignored`
pixels not square     not resampled                                                         `aspect-ignored`
interlaced            both fields as one picture, as stored                                 `interlaced`
frames not shown      left out (an index that is damaged, or an edit list that cuts them)           `frames-missing`
varying frame rate    every frame counts once, however long it is shown                     `variable-rate`
several streams       the first                                                             `first-stream`
truncated, damaged    `ReadError`; with `allow_truncated=True` the frames before            `truncated`
size or depth that    `ReadError` at that frame
changes midway
====================  ====================================================================  =====================

PyAV (FFmpeg) decodes; it is the extra `video`. The file is opened by visq, and FFmpeg can reach no other one and no
network.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from visq.errors import InputError, LimitError, ReadError, VisqError
from visq.media import video_pixels
from visq.media.source import printable
from visq.media.video_container import Opened, Raw, av_module, open_stream, reading
from visq.media.video_options import check_reading, check_selection, raw_of

Plane = Literal["rgb", "y"]

MAX_PIXELS = 36_000_000
_ALLOW = "The file is cut or damaged; allow_truncated=True takes what comes before."
MAX_FRAMES = 2_000_000


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a video.

    Attributes
    ----------
    index : int
        Its number, from 0, in the order of showing.
    time : float or None
        Seconds since the first frame; None where the file has no times.
    pixels : numpy.ndarray
        `(H, W, 3)` R'G'B' or `(H, W)` grey or luma, uint8 or uint16.
    """

    index: int
    time: float | None
    pixels: np.ndarray


@dataclass(frozen=True, slots=True)
class VideoMeta:
    """What is known of a video. `frames` is what the file claims, 0 where it does not; sizes are those of `pixels`."""

    source: str
    format: str
    codec: str
    width: int
    height: int
    bit_depth: int
    pix_fmt: str
    rate: Fraction | None
    frames: int
    plane: str
    matrix: str
    range: str
    orientation: int


class Video:
    """A video that is being read; from `open_video`. Use it in a `with` block and take its frames once.

    Attributes
    ----------
    meta : VideoMeta
    decoded, taken : int
        Frames that were decoded up to now, and how many of them were handed out.
    assumed : tuple of str
        Which of `matrix` and `range` the stream does not state.
    """

    def __init__(self, opened: Opened, name: str, options: _Options) -> None:
        self._av, self._opened, self._name, self._options = av_module(), opened, name, options
        self._notes: list[str] = [f"truncated: {opened.truncated}"] if opened.truncated else []
        self._steps: list[float] = []
        self._begun = self._closed = False
        self.decoded = self.taken = 0
        self._decoded = self._decode()
        self._first: Any = next(self._decoded, None)
        if self._first is None:
            raise ReadError("not one frame can be decoded", hint="The file is cut, damaged or has no pictures.")
        self._form = video_pixels.form(self._first.format.name)
        self._orientation, self._other_turn = video_pixels.turn_of(self._first)
        # Once the container is closed FFmpeg has freed what these are read from.
        stream = opened.stream
        self._rate, self._codec = stream.average_rate or stream.guessed_rate, stream.codec_context.codec.canonical_name
        self._format, self._length = opened.container.format.name, (opened.container.duration or 0) / self._av.time_base
        self._cicp = int(stream.codec_context.color_trc), int(stream.codec_context.color_primaries)
        self._aspect = stream.sample_aspect_ratio
        self.state(None, None)

    def state(self, matrix: str | None, levels: str | None, *, because: str = "") -> None:
        """Say how to read a stream that does not state its matrix or range; None leaves it to the rule."""
        if because:
            taken = (("matrix", matrix), ("range", levels))
            self._notes += [f"{what}-taken: {value}, {because}" for what, value in taken if value]
        self._options.matrix, self._options.range = self._options.matrix or matrix, self._options.range or levels
        first = self._first
        # The luma plane needs neither, and the size is that of the pixels as they are handed out.
        colour = self._colour(first)
        height, width = first.height, first.width
        self.assumed = () if self._options.plane == "y" else colour.assumed
        rate = None if self._options.raw and not self._options.raw.rate else self._rate
        self.meta = VideoMeta(
            source=self._name, format=self._format, codec=self._codec,
            width=height if self._orientation >= 5 else width, height=width if self._orientation >= 5 else height,
            bit_depth=self._form.bits, pix_fmt=self._form.name, rate=rate, frames=self._opened.frames,
            plane=self._options.plane, matrix=colour.matrix, range=colour.range, orientation=self._orientation,
        )  # fmt: skip

    @property
    def expected(self) -> int:
        """About how many frames there are, as far as the file tells; 0 where it does not."""
        rate = self.meta.rate
        return self.meta.frames or (round(self._length * rate) if rate else 0)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was altered or assumed on reading, up to now: `code: detail`."""
        first, notes = self._first, list(self._notes)
        notes += [f"{what}-assumed: {getattr(self.meta, what)}" for what in self.assumed]
        if self._form.alpha:
            notes.append("alpha-composited" if self._options.plane == "rgb" else "alpha-ignored")
        if self._options.plane == "rgb":
            transfer, primaries = self._cicp
            if transfer in (16, 18) or primaries in (9, 11, 12):
                notes.append(f"cicp-ignored: transfer {transfer}, primaries {primaries}")
        if self._orientation != 1:
            notes.append(f"orientation-applied: {self._orientation}")
        if self._other_turn:
            notes.append(f"rotation-ignored: {self._other_turn}")
        if self._aspect and self._aspect != 1:
            notes.append(f"aspect-ignored: {self._aspect.numerator}:{self._aspect.denominator}")
        if first.interlaced_frame:
            notes.append("interlaced")
        if self._steps and self._steps[1] > 1.5 * self._steps[0]:
            notes.append(f"variable-rate: {self._steps[0]:.4g} to {self._steps[1]:.4g} s a frame")
        if self._opened.streams > 1:
            notes.append(f"first-stream: 1 of {self._opened.streams}")
        return tuple(notes)

    def frames(self, *, start: int = 0, every: int = 1, count: int | None = None) -> Iterator[Frame]:
        """Frames in the order of showing: number `start`, then each `every`-th, at most `count`; one at a time.

        Raises
        ------
        ReadError
            The file cannot be decoded further, or its frames change their size.
        LimitError
            More frames than the limit.
        """
        check_selection(start, every, count)
        if self._begun:
            raise InputError("the frames of this video have been taken already", hint="Open it again.")
        self._begun = True
        try:
            yield from self._frames(start, every, count)
        except VisqError as error:
            raise error.with_context(printable(self._name)) from error.__cause__

    def __iter__(self) -> Iterator[Frame]:
        return self.frames()

    def __enter__(self) -> Video:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; there are no more frames of it."""
        self._closed = True
        self._decoded.close()
        self._opened.close()

    def _frames(self, start: int, every: int, count: int | None) -> Iterator[Frame]:
        last: float | None = None
        # Raw video has the times of a rate that nobody stated.
        timeless = self._options.raw is not None and self._options.raw.rate is None
        began = None if timeless else _time(self._first)
        for index, frame in enumerate(self._all()):
            if self._closed:
                break
            if index >= self._options.max_frames:
                raise LimitError(
                    "too many frames", expected=f"at most {self._options.max_frames:,}", got="more",
                    hint="If you trust the file, raise the limit: max_frames.",
                )  # fmt: skip
            self._check_same(index, frame)
            self.decoded = index + 1
            time = _time(frame)
            seconds = None if time is None or began is None else time - began
            if seconds is not None and last is not None and seconds > last:
                step = seconds - last
                self._steps = [min(step, *self._steps), max(step, *self._steps)] if self._steps else [step, step]
            last = seconds
            if index < start or (index - start) % every:
                continue
            self.taken += 1
            yield Frame(index, seconds, self._pixels(frame))
            if self.taken == count:
                return
        if self._closed:
            raise InputError("the video is closed", hint="Take its frames within the `with` block.")
        # A damaged index or an edit list: decoders pass over such frames without a word.
        claimed = self._opened.frames if self.meta.format.startswith("mov") else 0  # elsewhere it is but a claim
        if claimed > self.decoded and not self._opened.truncated:
            self._notes.append(f"frames-missing: {self.decoded} of {claimed} are shown")

    def _all(self) -> Iterator[Any]:
        yield self._first
        yield from self._decoded

    def _decode(self) -> Generator[Any, None, None]:
        """Frames of the decoder, to the end; damage is an error, or a note and the end, where that is allowed."""
        index = 0
        try:
            with reading(self._av, "the video"):
                packets = self._opened.container.demux(self._opened.stream)
            while True:
                with reading(self._av, f"frame {index}"):
                    packet = next(packets, None)
                    decoded = [] if packet is None else packet.decode()
                if packet is None:
                    return
                for frame in decoded:
                    if frame.is_corrupt:
                        raise ReadError(f"frame {index} is damaged", hint=_ALLOW)
                    yield frame
                    index += 1
        except ReadError as error:
            if not self._options.allow_truncated or not index:
                raise
            self._notes.append(f"truncated: {error.message}")

    def _check_same(self, index: int, frame: Any) -> None:
        first = self._first
        now, then = (f"{f.width}x{f.height} {f.format.name}" for f in (frame, first))
        if now != then:
            raise ReadError(
                f"frames change at number {index}", expected=f"{then} as at the beginning", got=now,
                hint="Cut the video there, or scale it to one size first.",
            )  # fmt: skip

    def _colour(self, frame: Any) -> video_pixels.Colour:
        if self._options.plane == "y":
            return video_pixels.Colour("", video_pixels.stated_range(frame))
        return video_pixels.colour_of(frame, self._form, self._options.matrix, self._options.range)

    def _pixels(self, frame: Any) -> np.ndarray:
        if self._options.plane == "y":
            pixels = video_pixels.luma_plane(frame, self._form)
        else:
            pixels = video_pixels.rgb(frame, self._form, self._colour(frame))
        return video_pixels.turned(pixels, self._orientation)


@dataclass(slots=True)
class _Options:
    plane: Plane
    raw: Raw | None
    matrix: str | None
    range: str | None
    max_frames: int
    allow_truncated: bool


def open_video(
    source: str | os.PathLike[str] | bytes,
    *,
    plane: Plane = "rgb",
    size: tuple[int, int] | None = None,
    pix_fmt: str | None = None,
    rate: float | Fraction | None = None,
    matrix: str | None = None,
    levels: str | None = None,
    max_pixels: int = MAX_PIXELS,
    max_frames: int = MAX_FRAMES,
    allow_truncated: bool = False,
) -> Video:
    """Open a video and decode its first frame; the others are decoded as they are taken.

    Parameters
    ----------
    source : path or bytes
        A file (see `visq.media.video` for how it is read). With `size` it is raw samples without a header (.yuv).
    plane : {"rgb", "y"}
        R'G'B', or the luma plane as it was coded, without a change of range: what ffmpeg's and libvmaf's PSNR see.
    size : (width, height), optional
        Of raw video, needed there; `pix_fmt` and `rate` go with it.
    pix_fmt : str, optional
        FFmpeg's name of the pixel format of raw video: `yuv420p` (None), `yuv420p10le`, `yuv422p10le`, `gray`, ...
    rate : number, optional
        Frames a second of raw video.
    matrix : {"bt601", "bt709", "bt2020", "smpte240m", "fcc"}, optional
        For streams that do not state theirs; not with `plane="y"`, which needs none.
    levels : {"limited", "full"}, optional
        Likewise the range of the code values.
    max_pixels, max_frames : int
        Ceilings, the first checked from the header.
    allow_truncated : bool
        Take the frames before the end or the damage of such a file, and say so in `warnings`.

    Returns
    -------
    Video
        To be closed; it is a context manager.

    Raises
    ------
    ReadError
        Missing, empty, truncated, damaged.
    FormatError
        No video, or one in a form that is not read exactly.
    LimitError
        Frames that are too large.
    MissingExtraError
        PyAV is not installed.
    OptionError
        An option with a value it does not take, or without the one it goes with.
    """
    check_reading(plane, matrix, levels)
    name = os.fsdecode(source) if isinstance(source, (str, os.PathLike)) else f"<{type(source).__name__}>"
    raw = raw_of(size, pix_fmt, rate)
    try:
        opened = open_stream(source, max_pixels=max_pixels, raw=raw)
        try:
            if opened.truncated and not allow_truncated:
                raise ReadError(
                    f"truncated: {opened.truncated}",
                    hint="Fetch or write it again, or read what is there with allow_truncated=True.",
                )
            return Video(opened, name, _Options(plane, raw, matrix, levels, max_frames, allow_truncated))
        except BaseException:
            opened.close()
            raise
    except VisqError as error:
        raise error.with_context(printable(name)) from error.__cause__


def _time(frame: Any) -> float | None:
    return None if frame.time is None else float(frame.time)
