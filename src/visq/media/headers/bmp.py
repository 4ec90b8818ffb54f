"""BMP: size, depth, and whether all rows are there."""

from __future__ import annotations

import struct

from visq.errors import ReadError
from visq.media.headers.base import Header, check_claim, damaged
from visq.media.limits import Limits

_HEADER_SIZES = (12, 40, 52, 56, 64, 108, 124)
_RLE = (1, 2)
_FIELDS = (3, 6)


def scan(data: bytes, limits: Limits) -> Header:
    """Read the DIB header of a BMP."""
    offset, size = struct.unpack_from("<II", data, 10)
    if size not in _HEADER_SIZES:
        raise damaged("BMP", "its header has a length that BMP does not have")
    compression = packed = 0
    if size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        width, height, _, bits, compression, packed = struct.unpack_from("<iiHHII", data, 18)
    height = abs(height)
    check_claim("BMP", width, height, limits)
    if bits not in (1, 4, 8, 16, 24, 32) or compression not in (0, *_RLE, *_FIELDS):
        header = Header("BMP", width, height)
        header.unread = "a BMP of this depth or compression"
        return header
    if offset < 14 + size:
        raise damaged("BMP", "its pixels begin inside its header")
    header = Header("BMP", width, height, mode="palette" if bits <= 8 else "rgb")
    if bits == 16:
        header.warnings.append("depth-scaled: 5 or 6 to 8 bit")
    if compression in _RLE:
        # Each pair of bytes is a step of the decoder, which is slow: bounded by what raw rows would take.
        limits.check("max_segments", (len(data) - offset) // 16, "steps of compression")
        missing = offset + max(packed, 2) - len(data)
        if missing <= 0 and not _rle_ends(data, offset, packed, width, height, bits):
            missing = 1
    else:
        missing = offset + (width * bits + 31) // 32 * 4 * height - len(data)
    if missing > 0:
        if offset >= len(data):
            raise ReadError("truncated: it ends before its pixels", hint="Fetch or write it again.")
        header.truncated = "its last rows are missing"
    return header


def _rle_ends(data: bytes, position: int, packed: int, width: int, height: int, bits: int) -> bool:
    """Whether the run-length codes reach their end mark, or fill the picture."""
    end = position + packed if packed else len(data)
    x = y = 0
    while position + 2 <= end:
        count, value = data[position], data[position + 1]
        position += 2
        if count:
            x += count
        elif value == 0:
            x, y = 0, y + 1
        elif value == 1:
            return True
        elif value == 2:
            if position + 2 > end:
                return False
            x, y = x + data[position], y + data[position + 1]
            position += 2
        else:
            x += value
            length = value if bits == 8 else (value + 1) // 2
            position += length + (length & 1)
            if position > end:
                return False
        if y >= height or (y == height - 1 and x >= width):
            return True
    return False
