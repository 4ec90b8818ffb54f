"""GIF: the blocks up to the trailer."""

from __future__ import annotations

import struct

from visq.errors import ReadError
from visq.media.headers.base import Header, check_claim, damaged
from visq.media.limits import Limits


def scan(data: bytes, limits: Limits) -> Header:
    """Count the frames and see whether the trailer is reached."""
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    limits.check_size(width, height)
    position = 13 + _table(flags)
    header: Header | None = None
    frames = blocks = 0
    whole = False
    while position < len(data):
        kind = data[position]
        if kind == 0x3B:
            whole = True
            break
        if kind == 0x2C:
            if position + 11 > len(data):
                break
            left, top, frame_width, frame_height, flags = struct.unpack_from("<HHHHB", data, position + 1)
            # The decoder widens the canvas for the first frame.
            canvas = max(width, left + frame_width), max(height, top + frame_height)
            check_claim("GIF", frame_width, frame_height, limits)
            check_claim("GIF", *canvas, limits)
            if header is None:
                header = Header("GIF", *canvas, mode="palette")
                window = (left, top, left + frame_width, top + frame_height)
                header.window = window if window != (0, 0, *canvas) else None
            frames += 1
            limits.check("max_frames", frames, "frames")
            position += 11 + _table(flags)
        elif kind == 0x21:
            position += 2
        elif kind == 0x00:  # padding between blocks, which some writers leave
            position += 1
            blocks += 1
            limits.check("max_segments", blocks, "blocks")
            continue
        else:
            raise damaged("GIF", "a block of unknown kind follows its frames")
        position, passed = _skip(data, position, blocks, limits)
        blocks += passed
    if header is None:
        if whole:
            raise damaged("GIF", "it has no frame")
        raise ReadError("truncated: it ends before its first frame", hint="Fetch or write it again.")
    header.frames = frames
    if not whole:
        header.truncated = "its end mark is missing"
    return header


def _table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _skip(data: bytes, position: int, before: int, limits: Limits) -> tuple[int, int]:
    """Behind the sub-blocks at `position`, and how many there were."""
    passed, size = 0, len(data)
    # An ordinary sub-block holds 255 bytes, so a whole file within the byte limit has few times more.
    ceiling = 4 * limits.max_segments
    while position < size:
        length = data[position]
        position += length + 1
        if not length:
            break
        passed += 1
        if before + passed > ceiling:
            limits.check("max_segments", before + passed, "blocks")
    return position, passed
