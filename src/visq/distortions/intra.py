"""One picture coded as the only frame of a video, HEVC by x265 or AV1 by SVT-AV1, through PyAV: the extra `video`.

The picture is rounded to 8 bits, made Y'CbCr of BT.709 in the range of video (black 16, white 235) with chroma 4:2:0,
sited at the left; that alone loses up to a level, and detail of colour. Sides are filled up to whole blocks, and to 64
pixels, by repeating the last row and column, and cut again. One thread, one frame, one quantiser: the same version of
an encoder gives the same bytes.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np

from visq.distortions.compression import eight_bit
from visq.errors import InputError, MissingExtraError, SizeError
from visq.media.video_container import av_module
from visq.media.video_pixels import MATRICES, Colour, form, rgb
from visq.ops.filters import pad

_FORMAT, _MATRIX = "yuv420p", "bt709"
_BLOCK, _SMALLEST, _LARGEST = 8, 64, 8192
_BT709, _LIMITED = 1, 1  # as ITU-T H.273 and FFmpeg number them
_SVT_LOG = threading.Lock()


def hevc_intra(pixels: np.ndarray, amount: float, *, rng: Any = None, preset: str = "medium") -> np.ndarray:
    """HEVC intra, main profile, at a constant quantiser (x265).

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1; 8 bits of it are coded. Of a grey picture only luma is, chroma being neutral. Sides up to
        8,192.
    amount : float
        Quantisation parameter QP, 0 (best) to 51, rounded to a whole number. Six more double the step.
    rng : ignored
    preset : str
        Of x265.

    Returns
    -------
    numpy.ndarray
        Same shape, whole 8-bit levels.

    Raises
    ------
    MissingExtraError
        PyAV is not installed, or its FFmpeg lacks libx265.
    SizeError
        A side above 8,192.
    """
    x265 = f"qp={_whole(amount, 51)}:ipratio=1:keyint=1:pools=none:frame-threads=1:wpp=0:log-level=none:info=0"
    return _coded(pixels, "libx265", ("hevc",), {"preset": preset, "x265-params": x265})


def av1_intra(pixels: np.ndarray, amount: float, *, rng: Any = None, preset: int = 8) -> np.ndarray:
    """AV1 intra, main profile, at one quantiser (SVT-AV1).

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1; 8 bits of it are coded. Of a grey picture only luma is, chroma being neutral. Sides up to
        8,192.
    amount : float
        SVT-AV1's `qp`, 1 (best) to 63, rounded to a whole number: it derives the quantiser of the picture from it.
    rng : ignored
    preset : int
        Of SVT-AV1, 0 (slow) to 13.

    Returns
    -------
    numpy.ndarray
        Same shape, whole 8-bit levels.

    Raises
    ------
    MissingExtraError
        PyAV is not installed, or its FFmpeg lacks libsvtav1 or a decoder of AV1.
    SizeError
        A side above 8,192.
    """
    svt = f"rc=0:aq-mode=0:qp={max(_whole(amount, 63), 1)}:lp=1:keyint=1:scm=0"
    options = {"preset": str(preset), "svtav1-params": svt}
    return _coded(pixels, "libsvtav1", ("libdav1d", "libaom-av1"), options)


def _whole(amount: float, greatest: int) -> int:
    return int(min(max(np.rint(amount), 0), greatest))


def _coded(pixels: np.ndarray, encoder: str, decoders: tuple[str, ...], options: dict[str, str]) -> np.ndarray:
    """The picture through one encoder and the first of the decoders that there is."""
    try:
        av = av_module()
    except MissingExtraError as error:
        raise error.with_context(encoder) from error
    height, width, channels = pixels.shape
    if max(height, width) > _LARGEST:
        limit = f"sides up to {_LARGEST}"
        raise SizeError(f"{encoder} cannot take the picture", expected=limit, got=f"{width}x{height}")
    planes = _planes(pixels)
    context = _context(av, (encoder,), "w")
    context.height, context.width = planes[0].shape
    context.pix_fmt, context.time_base, context.thread_count = _FORMAT, Fraction(1, 25), 1
    context.colorspace, context.color_range = _BT709, _LIMITED
    context.options = options
    frame = _frame(av, planes)
    decoder = _context(av, decoders, "r")
    decoder.thread_count = 1
    try:
        with _silent_svt():
            context.open()
        packets = [bytes(p) for p in (*context.encode(frame), *context.encode(None))]
        shown = [f for p in packets for f in decoder.decode(av.Packet(p))] + list(decoder.decode(None))
    except av.error.FFmpegError as error:
        raise InputError(f"{encoder} refused the picture", got=str(error.strerror or error)) from error
    if not shown:
        raise InputError(f"{encoder} made no picture of it", got=f"{width}x{height} pixels")
    levels = rgb(shown[0], form(shown[0].format.name), Colour(_MATRIX, "limited"))[:height, :width]
    # Without chroma the three are the same.
    return (levels[..., :1] if channels == 1 else levels).astype(np.float64) / 255.0


def _context(av: Any, names: tuple[str, ...], mode: str) -> Any:
    for name in names:
        try:
            return av.CodecContext.create(name, mode)
        except (ValueError, av.error.FFmpegError):  # UnknownCodecError is a ValueError
            continue
    raise MissingExtraError(
        f"this build of PyAV has no {'encoder' if mode == 'w' else 'decoder'} called {' or '.join(names)}",
        hint="Install PyAV from its own wheels: pip install --force-reinstall av.",
    )


def _planes(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Y', Cb and Cr of BT.709 in the range of video, uint8, filled up; chroma at half the rows and columns."""
    height, width = pixels.shape[:2]
    below, right = (max(-(-side // _BLOCK) * _BLOCK, _SMALLEST) - side for side in (height, width))
    levels = np.moveaxis(np.atleast_3d(eight_bit(pixels)), -1, 0) / 255.0
    levels = pad(levels, 0, below, 0, right, border="replicate")
    if len(levels) == 1:
        luma = np.rint(16.0 + 219.0 * levels[0]).astype(np.uint8)
        neutral = np.full((luma.shape[0] // 2, luma.shape[1] // 2), 128, np.uint8)
        return luma, neutral, neutral
    red, blue = MATRICES[_MATRIX]
    luma = red * levels[0] + (1.0 - red - blue) * levels[1] + blue * levels[2]
    cb, cr = ((levels[k] - luma) / (2.0 * (1.0 - share)) for k, share in ((2, blue), (0, red)))
    first, second = (np.rint(128.0 + 224.0 * _halved(plane)).astype(np.uint8) for plane in (cb, cr))
    return np.rint(16.0 + 219.0 * luma).astype(np.uint8), first, second


def _halved(plane: np.ndarray) -> np.ndarray:
    """Half the rows, midway between two, and every other column, weighted 1, 2, 1 with its neighbours."""
    rows = 0.5 * (plane[::2] + plane[1::2])
    wide = pad(rows, 0, 0, 1, 0, border="replicate")
    return 0.25 * wide[:, :-1:2] + 0.5 * rows[:, ::2] + 0.25 * rows[:, 1::2]


def _frame(av: Any, planes: tuple[np.ndarray, ...]) -> Any:
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, _FORMAT)
    for target, plane in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.shape[0], target.line_size), np.uint8)
        rows[:, : plane.shape[1]] = plane
        target.update(rows.tobytes())
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    frame.colorspace, frame.color_range = _BT709, _LIMITED
    return frame


@contextmanager
def _silent_svt() -> Iterator[None]:
    """SVT-AV1 tells of itself on standard error when it is opened, and only the environment can keep it from that.

    What the user has set there stays as it is.
    """
    with _SVT_LOG:
        ours = "SVT_LOG" not in os.environ
        if ours:
            os.environ["SVT_LOG"] = "1"  # errors
        try:
            yield
        finally:
            if ours:
                del os.environ["SVT_LOG"]


__all__ = ["av1_intra", "hevc_intra"]
