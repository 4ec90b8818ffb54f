"""PNM: plain and raw PBM, PGM and PPM. What follows the header is decoded in `visq.media.pnm`."""

from __future__ import annotations

import re

from visq.errors import ReadError
from visq.media.headers.base import Header, check_claim, damaged
from visq.media.limits import Limits

# A token after blanks and comments. Digits are bounded so that a long run of them is no number.
_TOKEN = re.compile(rb"(?:[ \t\r\n\v\f]|#[^\r\n]*[\r\n])+(\d{1,9})(?=[ \t\r\n\v\f#])")

# Blanks and comments between two numbers: far more than any writer leaves.
_MAX_BETWEEN = 1 << 16


def layout(data: bytes) -> tuple[int, int, int, int]:
    """Width, height, largest value and where the samples begin."""
    numbers = []
    position = 2
    for _ in range(2 if data[1:2] in b"14" else 3):
        found = _TOKEN.match(data, position, position + _MAX_BETWEEN)
        if found is None:
            if len(data) - position < 80:
                raise ReadError("truncated: it ends inside its header", hint="Fetch or write it again.")
            raise damaged("PNM", "its header holds something that is not a number")
        numbers.append(int(found[1]))
        position = found.end()
    maximum = numbers[2] if len(numbers) == 3 else 1
    if not 1 <= maximum <= 65535:
        raise damaged("PNM", f"its largest value is {maximum}")
    # One blank ends the header; a comment right behind the last number counts as that blank.
    if data[position : position + 1] == b"#":
        position = data.find(b"\n", position)
    return numbers[0], numbers[1], maximum, position + 1


def scan(data: bytes, limits: Limits) -> Header:
    """Read the header and, for raw samples, see whether all are there."""
    width, height, maximum, start = layout(data)
    check_claim("PNM", width, height, limits)
    kind = data[1:2]
    channels = 3 if kind in b"36" else 1
    header = Header("PNM", width, height, bit_depth=maximum.bit_length(), mode="rgb" if channels == 3 else "grey")
    if maximum not in (1, 255, 65535):
        header.warnings.append(f"depth-scaled: 0..{maximum} to {8 if maximum < 256 else 16} bit")
    if kind in b"456":
        row = (width + 7) // 8 if kind == b"4" else width * channels * (1 if maximum < 256 else 2)
        missing = start + row * height - len(data)
        if missing > 0:
            header.truncated = f"{missing:,} bytes of its pixels are missing"
    elif len(data) - start < (width * height * channels if kind == b"1" else 2 * width * height * channels - 1):
        header.truncated = "some of its samples are missing"
    elif kind != b"1" and data[-1:].isdigit():
        header.truncated = "its last number may be cut off: no blank or line end follows"
    return header
