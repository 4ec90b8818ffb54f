"""The fields of a TIFF or BigTIFF, and the file written anew with only those that decoding needs."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from visq.media.headers.base import damaged

# Bytes a value, by field type.
WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}

SUBFILE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, PLANAR = 273, 274, 277, 278, 279, 284
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
INK_SET, EXTRA_SAMPLES, SAMPLE_FORMAT, PROFILE, DNG_VERSION = 332, 338, 339, 34675, 50706

# What a decoder needs of a page: everything but orientation and metadata, which are dealt with here.
_KEPT = frozenset((254, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324, 325,
                   332, 338, 339, 347, 512, 513, 514, 515, 519, 520, 521, 529, 530, 531, 532))  # fmt: skip

_COLOUR = frozenset((EXTRA_SAMPLES, INK_SET, 320, 529, 530, 531, 532))
_PIECES = (STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES)
_MAX_FIELDS = 4096

# Type, count and offset of the value, by tag.
Fields = dict[int, tuple[int, int, int]]


@dataclass(slots=True)
class File:
    """Byte order and widths of a file, classic or big."""

    data: bytes
    order: str
    big: bool

    def number(self, offset: int, code: str) -> int:
        return struct.unpack_from(self.order + code, self.data, offset)[0]

    @property
    def pointer(self) -> str:
        return "Q" if self.big else "I"

    @property
    def entry(self) -> int:
        return 20 if self.big else 12

    def entries(self, start: int) -> tuple[int, int]:
        """Number of fields of the page at `start`, and where the first is."""
        count = self.number(start, "Q" if self.big else "H")
        if count > _MAX_FIELDS:
            raise damaged("TIFF", f"a page claims {count} fields")
        return count, start + (8 if self.big else 2)

    def one(self, fields: Fields, tag: int, default: int) -> int:
        found = self.values(fields[tag], 1) if tag in fields else ()
        return found[0] if found else default

    def values(self, where: tuple[int, int, int], most: int) -> tuple[int, ...]:
        """Whole-number values of a field (type, count, offset of its value), at most `most` of them."""
        kind, count, offset = where
        if kind not in _INTEGERS:
            return ()
        count = min(count, most)
        return struct.unpack_from(f"{self.order}{count}{_INTEGERS[kind]}", self.data, offset)


def read_fields(file: File, start: int) -> Fields:
    """The fields of the page at `start`."""
    count, offset = file.entries(start)
    fields: Fields = {}
    for at in range(offset, offset + count * file.entry, file.entry):
        tag, kind = file.number(at, "H"), file.number(at + 2, "H")
        number = file.number(at + 4, file.pointer)
        value = at + (12 if file.big else 8)
        if WIDTHS.get(kind, 0) * number > (8 if file.big else 4):
            value = file.number(value, file.pointer)
        fields.setdefault(tag, (kind, number, value))
    return fields


def rebuild(file: File, fields: Fields, changed: dict[int, int], plane: tuple[int, int] | None = None) -> bytes:
    """The file as a classic TIFF of one page: no rotation, and no metadata for a decoder to stumble over.

    Parameters
    ----------
    changed : dict
        Fields to set to another single value.
    plane : (int, int), optional
        Of a file in separate planes: which one to make a grey image of, and how many there are.
    """
    start = len(file.data) + (len(file.data) & 1)
    kept = {tag: where for tag, where in sorted(fields.items()) if tag in _KEPT}
    if plane is not None:
        kept = {tag: where for tag, where in kept.items() if tag not in _COLOUR}
    values = b""
    entries = struct.pack(file.order + "H", len(kept))
    behind = start + len(entries) + 12 * len(kept) + 4
    for tag, where in kept.items():
        kind, count, content = _content(file, where)
        if tag in changed:
            kind, count, content = 3, 1, struct.pack(file.order + "H", changed[tag])
        elif plane is not None and tag in (*_PIECES, BITS, SAMPLE_FORMAT):
            share = count // plane[1] if tag in _PIECES else 1
            size, first = WIDTHS[kind], plane[0] * share if tag in _PIECES else 0
            count, content = share, content[first * size : (first + share) * size]
        if len(content) > 4:
            values += b"\0" * (len(values) & 1)
            place = struct.pack(file.order + "I", behind + len(values))
            values += content
        else:
            place = content.ljust(4, b"\0")
        entries += struct.pack(file.order + "HHI", tag, kind, count) + place
    padding = b"\0" * (start - len(file.data))
    mark = struct.pack(file.order + "HI", 42, start)
    return b"".join((file.data[:2], mark, memoryview(file.data)[8:], padding, entries, bytes(4), values))


def _content(file: File, where: tuple[int, int, int]) -> tuple[int, int, bytes]:
    """Type, count and bytes of a field's value; what BigTIFF writes in eight bytes in four."""
    kind, count, offset = where
    content = file.data[offset : offset + WIDTHS.get(kind, 0) * count]
    if kind in (16, 18):
        # Files are far smaller than the 4 GB that need eight bytes.
        numbers = struct.unpack(f"{file.order}{count}Q", content)
        return 4, count, struct.pack(f"{file.order}{count}I", *(min(n, 0xFFFFFFFF) for n in numbers))
    return kind, count, content
