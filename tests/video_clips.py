"""Clips that tests make themselves: Y4M written by hand, other containers through PyAV."""

from __future__ import annotations

import io
from fractions import Fraction

import numpy as np
import pytest

SUBSAMPLING = {"420": (2, 2), "422": (1, 2), "444": (1, 1)}


def ramp(count, height, width, *, bits=8, damaged=False):
    """`count` luma planes of whole numbers without a random generator: anybody can make them again."""
    t, y, x = np.mgrid[:count, :height, :width]
    plane = (3 * x + 5 * y + 7 * t + (x * y) // 16) % 200 + 20
    if damaged:
        plane = plane + ((x * 7 + y * 13 + t * 5) % 11 - 5) * (t + 1)
    # The lower bits are not all 0 in deep clips.
    return plane if bits == 8 else plane * 2 ** (bits - 8) + (x + y + t) % 2 ** (bits - 8)


def yuv(count=3, height=48, width=64, *, sampling="420", bits=8, damaged=False):
    """Frames as lists of Y', Cb, Cr planes."""
    down, across = SUBSAMPLING[sampling]
    small = -(-height // down), -(-width // across)
    middle = 2 ** (bits - 1)
    t, y, x = np.mgrid[:count, : small[0], : small[1]]
    unit = 2 ** (bits - 8)
    blue, red = middle + ((x + t) % 40 - 20) * unit, middle - ((y + 2 * t) % 30 - 15) * unit
    luma = ramp(count, height, width, bits=bits, damaged=damaged)
    dtype = np.uint8 if bits == 8 else np.dtype("<u2")
    return [[p.astype(dtype) for p in planes] for planes in zip(luma, blue, red, strict=True)]


def raw(frames):
    """Bare samples, as in a .yuv file."""
    return b"".join(plane.tobytes() for planes in frames for plane in planes)


def y4m(frames, *, space="420jpeg", rate="25:1", header=""):
    """A YUV4MPEG file of frames as `yuv` makes them."""
    height, width = frames[0][0].shape
    head = f"YUV4MPEG2 W{width} H{height} F{rate} Ip A1:1 C{space}{header}\n".encode()
    return head + b"".join(b"FRAME\n" + raw([planes]) for planes in frames)


def pictures(count=3, height=48, width=64, *, shift=0):
    """`(count, height, width, 3)` uint8 R'G'B'."""
    t, y, x = np.mgrid[:count, :height, :width]
    return np.stack([(4 * x + t + shift) % 256, (5 * y + 3 * t) % 256, (2 * x + 2 * y + shift) % 256], -1).astype(
        np.uint8
    )


def encoded(frames, *, codec="ffv1", container="matroska", pix_fmt="bgr0", rate=25, times=None, options=None, **colour):
    """A file with these R'G'B' frames; `colour` sets attributes of the encoder; skips where PyAV cannot make it."""
    av = pytest.importorskip("av", reason="video needs PyAV")
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=container) as output:
            stream = output.add_stream(codec, rate=rate, options=options or {})
            stream.height, stream.width, stream.pix_fmt = frames.shape[1], frames.shape[2], pix_fmt
            stream.codec_context.time_base = Fraction(1, 1000)
            for name, value in colour.items():
                setattr(stream.codec_context, name, value)
            for number, pixels in enumerate(frames):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
                frame = frame.reformat(format=pix_fmt)
                frame.pts = times[number] if times else round(number * 1000 / rate)
                frame.time_base = Fraction(1, 1000)
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
    except (av.error.FFmpegError, ValueError, av.codec.codec.UnknownCodecError) as error:
        pytest.skip(f"this PyAV cannot encode {codec}: {error}")
    return file.getvalue()
