"""The one EXIF field that matters to a score: the orientation."""

from __future__ import annotations

import struct

_ORIENTATION = 0x0112


def orientation(block: bytes) -> int:
    """EXIF orientation 1 to 8 of a block (with or without the leading `Exif` mark); 1 where absent or damaged.

    >>> orientation(b"Exif\\0\\0MM\\0*\\0\\0\\0\\x08\\0\\x01\\x01\\x12\\0\\x03\\0\\0\\0\\x01\\0\\x06\\0\\0\\0\\0\\0\\0")
    6
    """
    if block.startswith(b"Exif\0"):
        block = block[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(bytes(block[:4]))
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, start)
        for index in range(count):
            tag, kind, number = struct.unpack_from(order + "HHI", block, start + 2 + 12 * index)
            if tag == _ORIENTATION and number == 1 and kind in (3, 4):
                (value,) = struct.unpack_from(order + ("H" if kind == 3 else "I"), block, start + 10 + 12 * index)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
