"""AVIF: the boxes of its container; sizes, depth, rotation, colour and what is missing."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from visq.errors import ReadError
from visq.media.headers.base import Header, check_claim, damaged
from visq.media.limits import Limits

# Rotation (quarter turns anticlockwise) and then mirroring (None, 0 top-bottom, 1 left-right) as EXIF numbers.
_EXIF = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6,
    (0, 0): 4, (0, 1): 2, (2, 0): 2, (2, 1): 4,
    (1, 0): 5, (1, 1): 7, (3, 0): 7, (3, 1): 5,
}  # fmt: skip
_TRANSFERS = {16: "PQ", 18: "HLG"}
_PARENTS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl"))
Box = tuple[bytes, int, int]


def scan(data: bytes, limits: Limits) -> Header:
    """Walk the boxes. All sizes found anywhere are held against the limits, not only those of the first picture."""
    header = Header("AVIF", 0, 0)
    found: dict[str, list] = {"ispe": [], "depth": [], "track": [], "extent": [], "exif": []}
    for count, (name, start, end) in enumerate(_boxes(data, 0, len(data), header), 1):
        limits.check("max_segments", count, "boxes")
        if name in (b"meta", b"moov") and end > len(data):
            raise ReadError("truncated: it ends inside its header", hint="Fetch or write it again.")
        if name == b"meta":
            _meta(data, start + 4, end, header, found, limits)
        elif name == b"moov":
            _movie(data, start, end, header, found, limits, 0)
    if found["exif"]:
        # Rotation stands in the container; Pillow would read the EXIF too, and stumble where it is damaged.
        body = bytearray(data)
        for at in found["exif"]:
            body[at : at + 4] = b"skip"
        header.body = bytes(body)
    sizes = found["track"] or found["ispe"]
    if not sizes:
        if header.truncated:
            raise ReadError("truncated: it ends inside its header", hint="Fetch or write it again.")
        raise damaged("AVIF", "it does not state its size")
    for width, height in found["ispe"] + found["track"]:
        check_claim("AVIF", width, height, limits)
    header.width, header.height = sizes[0]
    if found["depth"]:
        header.bit_depth = max(depth for depth, _ in found["depth"])
        if all(grey for _, grey in found["depth"]):
            header.mode = "grey"
    header.deep = header.bit_depth > 8
    if header.deep:
        header.warnings.append(f"depth-scaled: {header.bit_depth} to 16 bit")
    if not header.truncated and max(found["extent"], default=0) > len(data):
        header.truncated = "some of its pixels lie behind its end"
    return header


def _boxes(data: bytes, position: int, end: int, header: Header | None = None) -> Iterator[Box]:
    """Name, start and end of the content of each box."""
    while position + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, position)
        start = position + 8
        if size == 1:
            size = struct.unpack_from(">Q", data, start)[0]
            start += 8
        elif size == 0:
            size = end - position
        if position + size < start:
            raise damaged("AVIF", "a box has an impossible length")
        if position + size > end:
            if header is None:
                raise damaged("AVIF", "a box is longer than the one around it")
            header.truncated = f"{position + size - end:,} bytes are missing"
        yield name, start, position + size
        position += size
    if header is not None and 0 < end - position < 8:
        header.truncated = header.truncated or "its last box is cut off"


def _meta(data: bytes, start: int, end: int, header: Header, found: dict[str, list], limits: Limits) -> None:
    primary = 0
    properties: list[Box] = []
    owned: dict[int, list[int]] = {}
    for name, inner, stop in _boxes(data, start, end):
        if name == b"pitm":
            primary = struct.unpack_from(">H" if data[inner] == 0 else ">I", data, inner + 4)[0]
        elif name == b"iinf":
            found["exif"] += _exif_items(data, inner, stop)
        elif name == b"iloc":
            found["extent"] += _extents(data, inner, limits)
        elif name == b"iprp":
            for part, at, close in _boxes(data, inner, stop):
                if part == b"ipco":
                    properties = list(_boxes(data, at, close))
                elif part == b"ipma":
                    owned.update(_owners(data, at, limits))
    limits.check("max_segments", len(properties), "properties")
    for index, (name, inner, stop) in enumerate(properties, 1):
        mine = index in owned.get(primary, ())
        _property(data, (name, inner, stop), mine, header, found)
    turns = [_turn(data, properties[i - 1]) for i in owned.get(primary, ()) if 0 < i <= len(properties)]
    angle = next((value for kind, value in turns if kind == b"irot"), 0)
    mirror = next((value for kind, value in turns if kind == b"imir"), None)
    header.orientation = _EXIF[angle, mirror]


def _exif_items(data: bytes, start: int, end: int) -> Iterator[int]:
    """Where the type of each item of EXIF is written."""
    for name, inner, stop in _boxes(data, start + (8 if data[start] else 6), end):
        at = inner + (10 if data[inner] == 3 else 8)
        if name == b"infe" and data[inner] >= 2 and at + 4 <= stop and data[at : at + 4] == b"Exif":
            yield at


def _turn(data: bytes, box: Box) -> tuple[bytes, int]:
    name, start, end = box
    if name in (b"irot", b"imir") and end > start:
        return name, data[start] & (3 if name == b"irot" else 1)
    return b"", 0


def _property(data: bytes, box: Box, mine: bool, header: Header, found: dict[str, list]) -> None:
    name, start, _ = box
    if name == b"ispe":
        size = struct.unpack_from(">II", data, start + 4)
        found["ispe"].insert(0 if mine else len(found["ispe"]), size)
    elif name == b"av1C":
        flags = data[start + 2]
        found["depth"].append(((12 if flags & 0x20 else 10) if flags & 0x40 else 8, bool(flags & 0x10)))
    elif name == b"colr" and mine:
        _colour(data, box, header)
    elif name == b"clap" and mine:
        header.warnings.append("crop-ignored")


def _colour(data: bytes, box: Box, header: Header) -> None:
    _, start, end = box
    kind = data[start : start + 4]
    if kind in (b"prof", b"rICC"):
        header.icc = data[start + 4 : end]
    elif kind == b"nclx":
        primaries, transfer = struct.unpack_from(">HH", data, start + 4)
        # BT.709 primaries with an SDR transfer, or unspecified, is what every viewer takes as sRGB.
        if primaries not in (1, 2) or transfer not in (1, 2, 6, 13, 14, 15):
            note = _TRANSFERS.get(transfer, f"{primaries}/{transfer}")
            header.warnings.append(f"cicp-ignored: {note}")


def _extents(data: bytes, start: int, limits: Limits) -> Iterator[int]:
    """End of every piece of item data that lies in the file itself."""
    version = data[start]
    sizes = struct.unpack_from(">H", data, start + 4)[0]
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version else 0
    position = start + 6
    wide = version == 2
    items = int.from_bytes(data[position : position + (4 if wide else 2)], "big")
    position += 4 if wide else 2
    # An entry takes six bytes at least: what claims more than there can be is not worth counting through.
    if items * 6 > len(data) - position:
        raise damaged("AVIF", f"it claims {items:,} items")
    limits.check("max_segments", items, "items")
    for _ in range(items):
        position += 4 if wide else 2
        method = 0
        if version:
            method = struct.unpack_from(">H", data, position)[0] & 15
            position += 2
        base = int.from_bytes(data[position + 2 : position + 2 + base_size], "big")
        position += 2 + base_size
        extents = struct.unpack_from(">H", data, position)[0]
        position += 2
        width = index_size + offset_size + length_size
        if position + extents * width > len(data) or (extents > 1 and not width):
            raise damaged("AVIF", "an item claims more pieces than there is room for")
        for _ in range(extents):
            position += index_size
            offset = int.from_bytes(data[position : position + offset_size], "big")
            length = int.from_bytes(data[position + offset_size : position + offset_size + length_size], "big")
            position += offset_size + length_size
            if method == 0:
                yield base + offset + length


def _owners(data: bytes, start: int, limits: Limits) -> dict[int, list[int]]:
    version, flags = data[start], data[start + 3]
    (items,) = struct.unpack_from(">I", data, start + 4)
    position = start + 8
    if items * 3 > len(data) - position:
        raise damaged("AVIF", f"it claims properties of {items:,} items")
    limits.check("max_segments", items, "items")
    owned: dict[int, list[int]] = {}
    for _ in range(items):
        item = struct.unpack_from(">H" if version == 0 else ">I", data, position)[0]
        position += 2 if version == 0 else 4
        number = data[position]
        position += 1
        width = 2 if flags & 1 else 1
        mask = 0x7FFF if flags & 1 else 0x7F
        values = [int.from_bytes(data[position + i * width :][:width], "big") & mask for i in range(number)]
        owned[item] = values
        position += number * width
    return owned


def _movie(
    data: bytes, start: int, end: int, header: Header, found: dict[str, list], limits: Limits, depth: int
) -> None:
    """Sizes and number of frames of an image sequence."""
    for name, inner, stop in _boxes(data, start, end):
        if name in _PARENTS and depth < 6:
            _movie(data, inner, stop, header, found, limits, depth + 1)
        elif name == b"stsz":
            frames = struct.unpack_from(">I", data, inner + 8)[0]
            limits.check("max_frames", frames, "frames")
            header.frames = max(header.frames, frames)
        elif name == b"stsd":
            for kind, entry, close in _boxes(data, inner + 8, stop):
                if kind == b"av01":
                    found["track"].append(struct.unpack_from(">HH", data, entry + 24))
                    for part in _boxes(data, entry + 78, close):
                        _property(data, part, False, header, found)
