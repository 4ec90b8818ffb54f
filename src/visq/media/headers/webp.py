"""WebP: the RIFF chunks; size of the canvas and of every frame."""

from __future__ import annotations

import struct

from visq.errors import ReadError
from visq.media.headers import exif
from visq.media.headers.base import Header, check_claim, damaged
from visq.media.limits import Limits

_ALPHA = 0x10


def scan(data: bytes, limits: Limits) -> Header:
    """Check the chunks against the length that the file states."""
    total = struct.unpack_from("<I", data, 4)[0] + 8
    header = Header("WEBP", 0, 0)
    if total > len(data):
        header.truncated = f"{total - len(data):,} of {total:,} bytes are missing"
    frames = count = 0
    position, end = 12, min(total, len(data))
    while position + 8 <= end:
        name, length = struct.unpack_from("<4sI", data, position)
        start = position + 8
        count += 1
        limits.check("max_segments", count, "chunks")
        if start + length > end and not header.truncated:
            header.truncated = "its last chunk is cut off"
        if name == b"ANMF":
            frames += 1
            limits.check("max_frames", frames, "frames")
            _claim(header, _size(data, start + 6), limits, frame=True)
            _inner(data, start + 16, min(start + length, end), header, limits)
        elif name in (b"VP8 ", b"VP8L", b"VP8X"):
            _picture(data, name, start, header, limits, frame=False)
        elif name == b"ICCP":
            header.icc = data[start : start + length]
        elif name == b"EXIF":
            header.orientation = exif.orientation(data[start : start + length])
        position = start + length + (length & 1)
    if not header.width:
        if header.truncated:
            raise ReadError("truncated: it ends inside its header", hint="Fetch or write it again.")
        raise damaged("WebP", "it holds no picture")
    header.frames = max(1, frames)
    return header


def _inner(data: bytes, position: int, end: int, header: Header, limits: Limits) -> None:
    """The bitstream of one frame: its own size is checked, whatever the frame claims."""
    for _ in range(8):
        if position + 8 > end:
            return
        name, length = struct.unpack_from("<4sI", data, position)
        if name in (b"VP8 ", b"VP8L"):
            _picture(data, name, position + 8, header, limits, frame=True)
            return
        position += 8 + length + (length & 1)


def _picture(data: bytes, name: bytes, start: int, header: Header, limits: Limits, *, frame: bool) -> None:
    if name == b"VP8X":
        if data[start] & _ALPHA:
            header.mode = "rgb+alpha"
        _claim(header, _size(data, start + 4), limits, frame=False)
    elif name == b"VP8L":
        if data[start] != 0x2F:
            raise damaged("WebP", "its picture does not begin as it should")
        (bits,) = struct.unpack_from("<I", data, start + 1)
        if bits >> 28 & 1:
            header.mode = "rgb+alpha"
        _claim(header, ((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1), limits, frame=frame)
    else:
        width, height = struct.unpack_from("<HH", data, start + 6)
        _claim(header, (width & 0x3FFF, height & 0x3FFF), limits, frame=frame)


def _size(data: bytes, offset: int) -> tuple[int, int]:
    """Two sizes of three bytes each, stored less one."""
    low, high, width_top, height_low, height_mid, height_top = struct.unpack_from("<6B", data, offset)
    return (low | high << 8 | width_top << 16) + 1, (height_low | height_mid << 8 | height_top << 16) + 1


def _claim(header: Header, size: tuple[int, int], limits: Limits, *, frame: bool) -> None:
    check_claim("WebP", *size, limits)
    if not header.width and not frame:
        header.width, header.height = size
