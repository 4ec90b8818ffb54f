"""JPEG: markers, scans counted without decoding, profile and EXIF, and the end mark."""

from __future__ import annotations

import re
import struct

from visq.errors import ReadError
from visq.media.headers import exif
from visq.media.headers.base import Header, check_claim, damaged
from visq.media.limits import Limits

# Inside compressed data, 0xFF followed by 0 is a byte and by D0..D7 a restart; anything else is the next marker.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_MARKER = re.compile(rb"\xff+([^\xff])", re.DOTALL)
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_LOSSLESS = frozenset((0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF))
# Where arithmetic coding is used, a writer may leave out zeros at the end of the data.
_ARITHMETIC = frozenset((*range(0xC9, 0xCC), *range(0xCD, 0xD0)))
_BARE = frozenset((0x00, 0x01, *range(0xD0, 0xD8)))
_ICC = b"ICC_PROFILE\0"

# Keys beside the numbers of the pieces of a profile.
_EXIF, _ADOBE = -1, -2
# Application segments but for JFIF (0) and Adobe (14), which say how to decode; comments.
_METADATA = frozenset((*range(0xE1, 0xEE), 0xEF, 0xFE))

# A scan without data still costs the decoder a pass over all coefficients.
_FREE_SCANS = 32

# Data without meaning and without 0xFF, as much as must show where a decoder takes it for pixels; then, should it wait
# for a restart, the same after every restart marker.
_NOISE = bytes((73 * i + 41) % 251 for i in range(512))
_SURPLUS = _NOISE + b"".join(bytes((0xFF, 0xD0 + number)) + _NOISE for number in range(8))


def scan(data: bytes, limits: Limits) -> Header:
    """Walk the markers to the end of the first picture; what follows (a preview, a gain map) is not looked at."""
    header: Header | None = None
    found: dict[int, bytes] = {}
    left_out: list[tuple[int, int]] = []
    ends: list[int] = []
    scans = count = 0
    position, arithmetic = 2, False
    while mark := _MARKER.search(data, position):
        marker, gap, position = mark[1][0], position, mark.end()
        count += 1
        limits.check("max_segments", count, "segments")
        if marker == 0xD9:
            header = _finish(header, found, scans)
            header.body = _without(data[:position], left_out)
            removed = position - len(header.body)
            header.scan_ends = tuple(end - removed for end in ends)
            return header
        if marker == 0xD8:
            raise damaged("JPEG", "a second picture begins inside the first")
        if not scans:
            # Filling before a marker, through which Pillow goes byte by byte.
            left_out.append((gap, position if marker in _BARE else position - 2))
        if marker in _BARE:
            continue
        if position + 2 > len(data):
            break
        (length,) = struct.unpack_from(">H", data, position)
        content, end = data[position + 2 : position + length], position + length
        if end > len(data):
            break
        if marker in _FRAMES:
            header = _frame(marker, content, header, limits)
            arithmetic = marker in _ARITHMETIC
        elif marker == 0xDA:
            scans += 1
            _check_scans(scans, header, limits)
            following = _NEXT_MARKER.search(data, end)
            end = following.start() if following else len(data)
            if not arithmetic:
                ends.append(end)
        else:
            _note(marker, content, found)
        if marker in _METADATA and not scans:
            left_out.append((position - 2, end))
        position = max(end, position)
    if header is None:
        raise ReadError("truncated: it ends before its size is known", hint="Fetch or write it again.")
    header = _finish(header, found, 1)
    header.truncated = "its end mark (EOI) is missing"
    header.body = _without(data, left_out) + b"\xff\xd9"
    return header


def _without(data: bytes, left_out: list[tuple[int, int]]) -> bytes:
    """The picture without its metadata, over which Pillow stumbles where it is damaged."""
    left_out = [(begin, end) for begin, end in left_out if end > begin]
    if not left_out:
        return data
    view, parts, start = memoryview(data), [], 0
    for begin, end in left_out:
        parts.append(view[start:begin])
        start = end
    return b"".join((*parts, view[start:]))


def with_surplus(body: bytes, scan_ends: tuple[int, ...]) -> bytes:
    """The picture with meaningless data after that of each scan.

    A decoder that has all it needs passes over them; one that has run out of data takes them for pixels, where
    otherwise it would say nothing and leave the rest grey.
    """
    parts, start = [], 0
    for scan_end in scan_ends:
        end = scan_end
        while body[end - 1] == 0xFF:  # filling before the next marker
            end -= 1
        parts += [body[start:end], _SURPLUS]
        start = end
    return b"".join((*parts, body[start:]))


def _note(marker: int, content: bytes, found: dict[int, bytes]) -> None:
    """Keep what an application segment says of orientation, profile and colour transform."""
    if marker == 0xE1 and content.startswith(b"Exif\0"):
        found.setdefault(_EXIF, content)
    elif marker == 0xE2 and content.startswith(_ICC) and len(content) > 14:
        found.setdefault(content[12], content[14:])
    elif marker == 0xEE and content.startswith(b"Adobe") and len(content) >= 12:
        found[_ADOBE] = content[11:12]


def _frame(marker: int, content: bytes, earlier: Header | None, limits: Limits) -> Header:
    depth, height, width, components = struct.unpack_from(">BHHB", content)
    if height == 0:
        raise damaged("JPEG", "its height is not in its header")
    check_claim("JPEG", width, height, limits)
    if earlier is not None:
        raise damaged("JPEG", "it has two frame headers")
    mode = {1: "grey", 3: "rgb", 4: "cmyk"}.get(components, "")
    if not mode:
        raise damaged("JPEG", f"it has {components} colour components")
    header = Header("JPEG", width, height, bit_depth=depth, mode=mode)
    if depth != 8:
        header.unread = f"{depth}-bit JPEG"
    elif marker in _LOSSLESS:
        header.unread = "lossless or hierarchical JPEG"
    return header


def _check_scans(scans: int, header: Header | None, limits: Limits) -> None:
    limits.check("max_scans", scans, "scans")
    if header is not None and scans > _FREE_SCANS:
        work = scans * header.width * header.height
        if work > _FREE_SCANS * limits.max_pixels:
            limits.check("max_pixels", -(-work // _FREE_SCANS), f"pixels for its {scans}th scan")


def _finish(header: Header | None, found: dict[int, bytes], scans: int) -> Header:
    if header is None or not scans:
        raise damaged("JPEG", "it has no picture before its end mark")
    header.orientation = exif.orientation(found.pop(_EXIF, b""))
    transform = found.pop(_ADOBE, b"")
    if header.mode == "cmyk" and transform == b"\x02":
        header.mode = "ycck"
    if found:
        header.icc = b"".join(found[index] for index in sorted(found))
    return header
