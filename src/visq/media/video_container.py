"""Video files opened through PyAV: which containers and codecs, with nothing but the file in reach, whole or not."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

from visq.errors import FormatError, InputTypeError, LimitError, MissingExtraError, OptionError, ReadError, VisqError
from visq.media.sniff import describe
from visq.media.source import open_path
from visq.media.video_ends import look_at_end

# Playlists (HLS, DASH, concat) are left out on purpose: they open other files, and addresses.
_CONTAINERS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,vvc,obu,ivf,yuv4mpegpipe,flv,asf,ogg,mxf,nut,dv"
)
_CODECS = frozenset((
    "h264", "hevc", "vvc", "av1", "vp8", "vp9", "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1", "msmpeg4v2",
    "msmpeg4v3", "h263", "flv1", "theora", "vc1", "wmv1", "wmv2", "wmv3", "prores", "dnxhd", "mjpeg", "ffv1",
    "huffyuv", "ffvhuff", "utvideo", "magicyuv", "rawvideo", "v210", "v410", "cfhd", "dvvideo", "png", "qtrle",
))  # fmt: skip
_KNOWN = "MP4, MOV, Matroska, WebM, AVI, MPEG, FLV, Ogg, MXF, IVF, Y4M, or H.264, HEVC, VVC, AV1 as such"
_IMAGES = ("image", "drawing", "PDF", "PostScript", "Photoshop")
_BUFFER = 1 << 20
_DECODERS = 4  # threads
_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC
_MOST_PIXELS = 2**31 - 1  # FFmpeg takes no larger limit

_EXTRA = "pip install 'visq[video]'"


def av_module() -> Any:
    """PyAV.

    Raises
    ------
    MissingExtraError
        It is not installed, or does not load.
    """
    try:
        import av
    except (ImportError, OSError) as error:
        raise MissingExtraError("reading video needs PyAV, which is not installed", hint=f"Run: {_EXTRA}") from error
    return av


@dataclass(frozen=True, slots=True)
class Raw:
    """What a file of bare samples does not say of itself: `yuv420p` and the like as FFmpeg names them."""

    width: int
    height: int
    pix_fmt: str = "yuv420p"
    rate: Fraction | None = None


@dataclass(slots=True)
class Opened:
    """A container that is open, the stream to decode, how many frames it says it has (0: unknown), what it lacks.

    `streams` counts those of moving pictures.
    """

    container: Any
    stream: Any
    file: BinaryIO
    frames: int
    truncated: str = ""
    streams: int = 1

    def close(self) -> None:
        """Close the file. FFmpeg frees the stream with its container, so that nobody may have either any longer."""
        container, self.container, self.stream = self.container, None, None
        try:
            if container is not None:
                container.close()
        finally:
            self.file.close()


def open_stream(source: Any, *, max_pixels: int, raw: Raw | None = None) -> Opened:
    """Open a path or bytes and find its first stream of moving pictures, within `max_pixels` a frame.

    Raises
    ------
    ReadError, FormatError, LimitError, MissingExtraError
    """
    file = _file(source)
    try:
        av = av_module()
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        if not size:
            raise ReadError("the file is empty", hint="Fetch or write it again.")
        container = _container(av, file, max_pixels, raw)
        try:
            streams = _streams(container)
            stream = streams[0]
            context = stream.codec_context
            _check_size(context.width, context.height, max_pixels)
            # Decoders paint over damage, and most do not tell, unless they are asked to stop at it.
            context.options = {"max_pixels": str(min(max_pixels, _MOST_PIXELS)), "err_detect": "explode"}
            # Not whole frames side by side: FFmpeg's HEVC decoder then waits for ever on some damaged files, and the
            # frames before a damaged one are lost with it.
            stream.thread_type = "SLICE"
            context.thread_count = min(_DECODERS, os.cpu_count() or 1)
            frames, truncated = look_at_end(file, size, container.format.name, context, raw=raw is not None)
            return Opened(container, stream, file, frames or max(0, stream.frames), truncated, len(streams))
        except BaseException:
            container.close()
            raise
    except BaseException:
        file.close()
        raise


def _file(source: Any) -> BinaryIO:
    if isinstance(source, (str, os.PathLike)):
        return open_path(source)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return io.BytesIO(source)
    raise InputTypeError(
        "this is nothing that holds a video", got=type(source).__name__, expected="a path, or bytes of a file"
    )


def _container(av: Any, file: BinaryIO, max_pixels: int, raw: Raw | None) -> Any:
    # A file object, not its name: FFmpeg reads some names as addresses and commands. Whatever a container refers to
    # is out of its reach, for no protocol is allowed.
    # The size is looked at again: with some room here, one that is too large is told as that.
    room = str(min(4 * max_pixels, _MOST_PIXELS))
    guard = {"protocol_whitelist": "none", "format_whitelist": _CONTAINERS, "max_pixels": room}
    if raw is not None:
        return _raw_container(av, file, guard, raw)
    head = file.read(4096)
    file.seek(0)
    try:
        return av.open(file, options=guard, buffer_size=_BUFFER, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise _not_opened(head) from error


def _not_opened(head: bytes) -> ReadError:
    """Why a file is none of the containers, from its first bytes."""
    seems = describe(head)
    image = _is_image(head) or any(word in seems for word in _IMAGES)
    if "video" in seems and not image:
        cut = "ends before the index that says where its frames are" if "MP4" in seems else "is cut or damaged"
        return ReadError(f"the file begins as {seems} but {cut}", hint="Fetch or write it again.")
    hint = "Give a video file; raw samples need --size (and --pix-fmt)."
    if image:
        seems = seems if "image" in seems else "an image"
        hint = "`visq score` and `visq compare` take images."
    return FormatError(f"this is not a video that visq opens but {seems}", expected=_KNOWN, hint=hint)


def _is_image(head: bytes) -> bool:
    from visq.media.sniff import detect

    try:
        return bool(detect(head))
    except FormatError:
        return False


def _raw_container(av: Any, file: BinaryIO, guard: dict[str, str], raw: Raw) -> Any:
    try:
        av.VideoFormat(raw.pix_fmt)
    except ValueError as error:
        raise OptionError(
            "unknown pixel format", expected="a name of FFmpeg's, as yuv420p or yuv420p10le", got=repr(raw.pix_fmt)
        ) from error
    given = {"video_size": f"{raw.width}x{raw.height}", "pixel_format": raw.pix_fmt}
    given |= {"framerate": str(raw.rate or 25)}
    guard = guard | {"format_whitelist": "rawvideo"}
    try:
        return av.open(file, format="rawvideo", options=guard | given, buffer_size=_BUFFER)
    except av.error.FFmpegError as error:
        raise ReadError("cannot be read as raw video", got=str(error.strerror or error)) from error


def _streams(container: Any) -> list[Any]:
    """Streams of moving pictures, of which the first can be decoded."""
    streams = [s for s in container.streams.video if not _is_cover(s)]
    if not streams:
        if container.streams.audio:
            raise FormatError("there is no video in the file: it holds sound only", hint="Give one with pictures.")
        cut = "it ends before the index that says where its frames are" if "mov" in container.format.name else "none"
        raise ReadError(
            "no pictures are found in the file", got=cut, hint="It is cut or damaged: fetch or write it again."
        )
    stream = streams[0]
    if stream.codec_context is None or not stream.codec_context.width:
        raise ReadError(
            "the size of its pictures cannot be found", hint="It is cut or damaged, or they are far beyond max_pixels."
        )
    codec = stream.codec_context.codec.canonical_name
    if codec not in _CODECS:
        raise FormatError(f"the codec {codec} is not one that visq opens", hint="Convert it, losslessly, with FFV1.")
    return streams


def _is_cover(stream: Any) -> bool:
    """Whether it is the picture on the sleeve of a song."""
    disposition = getattr(stream, "disposition", 0)
    return bool(int(getattr(disposition, "value", disposition)) & _ATTACHED_PICTURE)


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise LimitError(
            f"the header claims frames of {width}x{height} pixels", expected=f"at most {max_pixels:,} in all",
            got=f"{width * height:,}", hint=f"If you trust the file, raise the limit: max_pixels={width * height}.",
        )  # fmt: skip


@contextmanager
def reading(av: Any, where: str) -> Iterator[None]:
    """FFmpeg's errors in our words."""
    try:
        yield
    except VisqError:
        raise
    except (av.error.FFmpegError, EOFError, MemoryError) as error:
        reason = "not enough memory" if isinstance(error, MemoryError) else getattr(error, "strerror", "") or str(error)
        raise ReadError(
            f"{where} cannot be decoded: {reason}",
            hint="The file is cut or damaged; allow_truncated=True takes what comes before.",
        ) from error
