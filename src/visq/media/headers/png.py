"""PNG and APNG: every chunk, its checksum, and a body without metadata for the decoder."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from visq.errors import ReadError
from visq.media.headers import exif
from visq.media.headers.base import Header, check_claim, damaged
from visq.media.limits import Limits

SIGNATURE = b"\x89PNG\r\n\x1a\n"

# Colour type -> kind of pixel and the depths allowed with it (PNG specification, table 11.1).
_TYPES = {
    0: ("grey", (1, 2, 4, 8, 16)),
    2: ("rgb", (8, 16)),
    3: ("palette", (1, 2, 4, 8)),
    4: ("grey+alpha", (8, 16)),
    6: ("rgb+alpha", (8, 16)),
}
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_MAX_PROFILE = 16 * 2**20
_PIECE = 2**20
_SRGB_GAMMA = 45455
_SRGB_CHROMATICITIES = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def scan(data: bytes, limits: Limits) -> Header:
    """Check every chunk of a PNG. What the compressed data holds is left to the decoder and to `lacks_rows`."""
    chunks: dict[bytes, bytes] = {}
    parts: list[memoryview] = []
    header: Header | None = None
    plain = ended = False
    for name, content, whole in _chunks(data, limits):
        if header is None:
            header = _first(name, bytes(content), limits)
            plain = True
        elif name == b"IDAT":
            parts.append(content)
        elif not whole:
            break
        elif name == b"IEND":
            ended = True
        elif name == b"IHDR" or (name[0] < 0x60 and name != b"PLTE"):
            raise damaged("PNG", f"it has a {name.decode()} chunk that cannot be read")
        else:
            chunks.setdefault(name, bytes(content) if len(content) <= _MAX_PROFILE else b"")
            plain = plain and name == b"PLTE"
    if header is None:
        raise ReadError("truncated: it ends inside its header", hint="Fetch or write it again.")
    if not ended:
        header.truncated = "its end mark (IEND) is missing"
    if not parts and ended:
        raise damaged("PNG", "it has no image data (IDAT)")
    if header.mode == "palette" and b"PLTE" not in chunks:
        raise damaged("PNG", "its palette is missing")
    _describe(header, chunks, limits)
    if not (plain and ended):
        header.body = _body(data[16:29], chunks if header.mode == "palette" else {}, parts)
    return header


def _chunks(data: bytes, limits: Limits) -> Iterator[tuple[bytes, memoryview, bool]]:
    """Name and content of each chunk up to `IEND`, and whether it is all there; its checksum is checked."""
    view = memoryview(data)
    position, count, name = len(SIGNATURE), 0, b""
    while position + 12 <= len(data) and name != b"IEND":
        length, name = struct.unpack_from(">I4s", data, position)
        if not name.isalpha() or length > 0x7FFFFFFF:
            raise damaged("PNG", "a chunk has no valid name or length")
        count += 1
        limits.check("max_segments", count, "chunks")
        start, end = position + 8, position + 8 + length
        if end + 4 > len(data):
            if name != b"IHDR":
                yield name, view[start:end], False
            return
        if zlib.crc32(view[position + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            raise damaged("PNG", f"the checksum of its {name.decode()} chunk is wrong")
        yield name, view[start:end], True
        position = end + 4


def _first(name: bytes, content: bytes, limits: Limits) -> Header:
    if name != b"IHDR" or len(content) != 13:
        raise damaged("PNG", "it does not begin with its header (IHDR)")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">IIBBBBB", content)
    check_claim("PNG", width, height, limits)
    mode, depths = _TYPES.get(colour, ("", ()))
    if depth not in depths or compression or filtering or interlace > 1:
        raise damaged("PNG", "its header holds values that PNG does not have")
    deep = depth == 16 and colour != 0
    return Header("PNG", width, height, bit_depth=8 if colour == 3 else depth, mode=mode, deep=deep)


def _describe(header: Header, chunks: dict[bytes, bytes], limits: Limits) -> None:
    """Profile, orientation, transparent colour, frames and colour chunks."""
    if b"iCCP" in chunks:
        _, _, packed = chunks[b"iCCP"].partition(b"\0")
        try:
            header.icc = zlib.decompressobj().decompress(packed[1:], _MAX_PROFILE)
        except zlib.error:
            header.icc = b""
        if not header.icc:
            header.warnings.append("icc-ignored: the profile is damaged")
    elif b"sRGB" not in chunks and b"cICP" not in chunks:
        _note_gamma(header, chunks)
    cicp = chunks.get(b"cICP", b"")
    # Primaries 1 (BT.709) with transfer 13 (sRGB), no matrix, full range: plain sRGB.
    if cicp and cicp != b"\x01\x0d\x00\x01":
        header.warnings.append(f"cicp-ignored: {'/'.join(map(str, cicp[:4]))}")
    if b"eXIf" in chunks:
        header.orientation = exif.orientation(chunks[b"eXIf"])
    if b"acTL" in chunks and len(chunks[b"acTL"]) == 8:
        header.frames = max(1, struct.unpack(">I", chunks[b"acTL"][:4])[0])
        limits.check("max_frames", header.frames, "frames")
    key = chunks.get(b"tRNS", b"")
    if key and header.mode in ("grey", "rgb"):
        channels = 1 if header.mode == "grey" else 3
        if len(key) != 2 * channels:
            raise damaged("PNG", "its transparent colour is damaged")
        header.key = struct.unpack(f">{channels}H", key)


def _note_gamma(header: Header, chunks: dict[bytes, bytes]) -> None:
    notes = []
    gamma = chunks.get(b"gAMA", b"")
    if len(gamma) == 4:
        value = struct.unpack(">I", gamma)[0]
        # libpng's own threshold: within five percent is the same gamma.
        if abs(value - _SRGB_GAMMA) > 0.05 * _SRGB_GAMMA:
            notes.append(f"gAMA {value / 1e5:g}")
    points = chunks.get(b"cHRM", b"")
    if header.mode != "grey" and len(points) == 32:
        values = struct.unpack(">8I", points)
        if max(abs(a - b) for a, b in zip(values, _SRGB_CHROMATICITIES, strict=True)) > 1000:
            notes.append("cHRM of another colour space")
    if notes:
        header.warnings.append("gamma-ignored: " + ", ".join(notes))


def lacks_rows(data: bytes) -> bool:
    """Whether the inflated image data of a checked PNG is shorter than the picture.

    A decoder fills what is missing with zeros and says nothing where the stream ends on the border of a row.
    """
    width, height, depth, colour, _, _, interlace = struct.unpack_from(">IIBBBBB", data, 16)
    bits = depth * _CHANNELS[colour]
    needed = 0
    for x, y, dx, dy in _ADAM7 if interlace else ((0, 0, 1, 1),):
        columns, rows = -(-(width - x) // dx), -(-(height - y) // dy)
        if columns > 0 and rows > 0:
            needed += rows * (1 + (columns * bits + 7) // 8)
    inflater = zlib.decompressobj()
    position = len(SIGNATURE)
    while position + 12 <= len(data) and needed > 0:
        length, name = struct.unpack_from(">I4s", data, position)
        pending = data[position + 8 : position + 8 + length] if name == b"IDAT" else b""
        while pending and needed > 0 and not inflater.eof:
            needed -= len(inflater.decompress(pending, _PIECE))
            pending = inflater.unconsumed_tail
        position += length + 12
    return needed > 0


def _body(fields: bytes, chunks: dict[bytes, bytes], parts: list[memoryview]) -> bytes:
    out = [SIGNATURE, _chunk(b"IHDR", fields)]
    out += [_chunk(name, chunks[name]) for name in (b"PLTE", b"tRNS") if name in chunks]
    content = b"".join(parts)
    out += [_chunk(b"IDAT", content), _chunk(b"IEND", b"")]
    return b"".join(out)


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
