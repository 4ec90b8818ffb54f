"""TIFF and BigTIFF: the first page's fields, the chain of pages, and whether the strips lie inside the file."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from visq.errors import FormatError, ReadError
from visq.media.headers.base import Header, check_claim, damaged
from visq.media.headers.tiff_file import (
    BITS,
    COMPRESSION,
    DNG_VERSION,
    EXTRA_SAMPLES,
    HEIGHT,
    ORIENTATION,
    PHOTOMETRIC,
    PLANAR,
    PROFILE,
    ROWS_PER_STRIP,
    SAMPLE_FORMAT,
    SAMPLES,
    STRIP_BYTES,
    STRIP_OFFSETS,
    SUBFILE,
    TILE_BYTES,
    TILE_HEIGHT,
    TILE_OFFSETS,
    TILE_WIDTH,
    WIDTH,
    WIDTHS,
    Fields,
    File,
    read_fields,
    rebuild,
)
from visq.media.limits import Limits

_MODES = {0: ("grey", 1), 1: ("grey", 1), 2: ("rgb", 3), 3: ("palette", 1), 5: ("cmyk", 4), 6: ("ycbcr", 3)}
_COMPRESSIONS = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 32773, 32946, 34925, 50000, 50001))
_FORMATS = {2: "signed", 3: "floating-point", 4: "undefined", 5: "complex", 6: "complex"}
_STRANGE = {4: "mask", 8: "Lab", 9: "Lab", 10: "Lab", 32803: "camera raw", 34892: "camera raw", 32844: "LogL",
            32845: "LogLuv"}  # fmt: skip
_MAX_SAMPLES = 6
_MAX_PROFILE = 16 * 2**20


def scan(data: bytes, limits: Limits) -> Header:
    """Read the first page's fields and follow the chain of pages."""
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    file = File(data, order, big)
    first = file.number(8 if big else 4, file.pointer)
    if first + 2 > len(data):
        raise ReadError("truncated: its directory lies behind its end", hint="Fetch or write it again.")
    fields = read_fields(file, first)
    header = _page(file, fields, limits)
    header.frames, cut = _pages(file, first, limits)
    header.truncated = header.truncated or cut
    if not header.unread:
        _prepare(file, fields, header)
    return header


def _page(file: File, fields: Fields, limits: Limits) -> Header:
    def one(tag: int, default: int) -> int:
        return file.one(fields, tag, default)

    width, height = one(WIDTH, 0), one(HEIGHT, 0)
    check_claim("TIFF", width, height, limits)
    samples = one(SAMPLES, 1)
    if not 1 <= samples <= 64:
        raise damaged("TIFF", f"it claims {samples} samples a pixel")
    depths = set(file.values(fields[BITS], samples)) if BITS in fields else {1}
    formats = set(file.values(fields[SAMPLE_FORMAT], samples)) if SAMPLE_FORMAT in fields else {1}
    photometric, compression = one(PHOTOMETRIC, -1), one(COMPRESSION, 1)
    mode, base = _MODES.get(photometric, ("", 0))
    header = Header("TIFF", width, height, bit_depth=max(depths, default=1), mode=mode)
    if DNG_VERSION in fields or one(SUBFILE, 0) & 1 or photometric in (32803, 34892):
        header.unread = "camera raw (its first page is a preview or sensor data)"
    elif not mode:
        header.unread = f"{_STRANGE.get(photometric, f'photometric {photometric}')} TIFF"
    elif formats != {1}:
        header.unread = f"{_FORMATS.get(max(formats, default=4), 'undefined')} TIFF"
    elif len(depths) != 1 or not depths <= {1, 2, 4, 8, 16}:
        header.unread = f"{'/'.join(map(str, sorted(depths)))}-bit TIFF"
    elif compression not in _COMPRESSIONS:
        header.unread = f"TIFF with compression {compression}"
    elif samples > _MAX_SAMPLES:
        header.unread = f"TIFF of {samples} channels"
    elif samples < base:
        raise damaged("TIFF", f"it has {samples} samples a pixel where its colours need {base}")
    elif header.bit_depth == 16 and mode in ("cmyk", "ycbcr", "palette"):
        header.unread = f"16-bit {mode.upper() if mode == 'cmyk' else mode} TIFF"
    if header.unread:
        return header
    _channels(file, fields, header, samples - base)
    header.orientation = one(ORIENTATION, 1) if 1 <= one(ORIENTATION, 1) <= 8 else 1
    header.icc = _profile(file, fields, header)
    planes = samples if one(PLANAR, 1) == 2 else 1
    stride = (width * header.bit_depth * (samples // planes) + 7) // 8
    header.truncated = _missing(file, fields, (width, height, planes, stride if compression == 1 else 0), limits)
    return header


def _channels(file: File, fields: Fields, header: Header, extras: int) -> None:
    """Alpha, channels without meaning, and which decoder keeps them all."""
    kinds = file.values(fields[EXTRA_SAMPLES], 64) if EXTRA_SAMPLES in fields else ()
    # Four samples of which the file says nothing are RGB and alpha to every reader.
    alpha = extras > 0 and (kinds[:1] in ((1,), (2,)) or (not kinds and header.mode == "rgb" and extras == 1))
    if alpha:
        header.mode += "+alpha"
    if extras - alpha:
        header.warnings.append(f"channels-dropped: {extras - alpha}")
    planar = file.one(fields, PLANAR, 1) == 2 and file.one(fields, SAMPLES, 1) > 1
    header.premultiplied = alpha and kinds[:1] == (1,)
    subsampled = header.mode == "ycbcr" and file.one(fields, COMPRESSION, 1) != 7
    if header.bit_depth < 8 and (extras or header.mode not in ("grey", "palette")):
        header.unread = f"{header.bit_depth}-bit {header.mode} TIFF"
    elif planar and (
        subsampled or header.mode.startswith("palette") or (header.premultiplied and header.bit_depth > 8)
    ):
        header.unread = f"{header.mode} TIFF in separate planes"
    elif header.bit_depth == 16 and not planar:
        # Pillow has no way to hand out compressed big-endian grey of 16 bit.
        compressed = file.one(fields, COMPRESSION, 1) != 1
        header.deep = header.mode != "grey" or extras > 0 or (compressed and file.order == ">")
    header.inverted = header.bit_depth == 16 and file.one(fields, PHOTOMETRIC, 1) == 0


def _prepare(file: File, fields: Fields, header: Header) -> None:
    """What the decoder gets: one page, or one grey page for each plane, for decoders exchange separate planes."""
    samples = file.one(fields, SAMPLES, 1)
    # No decoder turns 16-bit grey round: all are told it is the usual way round, and it is done afterwards.
    changed = {PHOTOMETRIC: 1} if header.inverted else {}
    if file.one(fields, PLANAR, 1) != 2 or samples == 1:
        # One plane is the same either way, but Pillow loses the photometric field over it.
        header.body = rebuild(file, fields, changed | {PLANAR: 1})
        return
    wanted = {"grey": 1, "grey+alpha": 2, "rgb": 3, "ycbcr": 3, "rgb+alpha": 4, "cmyk": 4}.get(header.mode, samples)

    def planes() -> Iterator[bytes]:
        for index in range(wanted):
            alike = changed if index == 0 and header.mode.startswith("grey") else {PHOTOMETRIC: 1}
            yield rebuild(file, fields, alike | {PLANAR: 1, SAMPLES: 1}, (index, samples))

    header.planes = planes


def _profile(file: File, fields: Fields, header: Header) -> bytes:
    if PROFILE not in fields:
        return b""
    _, count, offset = fields[PROFILE]
    if count > _MAX_PROFILE or offset + count > len(file.data):
        header.warnings.append("icc-ignored: the profile is damaged")
        return b""
    return file.data[offset : offset + count]


def _missing(file: File, fields: Fields, geometry: tuple[int, int, int, int], limits: Limits) -> str:
    """What of the strips or tiles lies behind the end of the file."""
    width, height, planes, stride = geometry
    tiled = TILE_OFFSETS in fields
    offsets_tag, bytes_tag = (TILE_OFFSETS, TILE_BYTES) if tiled else (STRIP_OFFSETS, STRIP_BYTES)
    if offsets_tag not in fields:
        raise damaged("TIFF", "it does not say where its pixels are")
    if tiled:
        tile_width, tile_height = file.one(fields, TILE_WIDTH, 0), file.one(fields, TILE_HEIGHT, 0)
        check_claim("TIFF", tile_width, tile_height, limits)
        needed = -(-width // tile_width) * -(-height // tile_height) * planes
        rows = 0
    else:
        rows = min(max(file.one(fields, ROWS_PER_STRIP, height), 1), height)
        needed = -(-height // rows) * planes
    limits.check("max_strips", max(needed, fields[offsets_tag][1]), "tiles" if tiled else "strips")
    offsets = file.values(fields[offsets_tag], limits.max_strips)
    sizes = file.values(fields[bytes_tag], limits.max_strips) if bytes_tag in fields else ()
    if len(offsets) < needed or (sizes and len(sizes) < needed):
        raise damaged("TIFF", f"it lists {len(offsets)} strips or tiles where its size needs {needed}")
    per_plane = max(needed // planes, 1)
    for index, offset in enumerate(offsets[:needed]):
        size = sizes[index] if sizes else 1
        if size == 0:
            raise damaged("TIFF", "one of its strips or tiles is empty")
        if stride and rows:
            # A decoder of raw rows goes by the geometry, whatever the stated size.
            size = max(size if sizes else 0, stride * min(rows, height - index % per_plane * rows))
        if offset + size > len(file.data):
            return f"strip or tile {index + 1} of {needed} lies behind its end"
    return ""


def _pages(file: File, start: int, limits: Limits) -> tuple[int, str]:
    """Number of pages, and what of them lies behind the end of the file."""
    seen: set[int] = set()
    total = 0
    while start and start not in seen:
        seen.add(start)
        limits.check("max_frames", len(seen), "pages")
        try:
            fields = read_fields(file, start)
            total += len(fields)
            limits.check("max_segments", total, "fields in all its pages")
            if _beyond(file, fields, limits):
                return len(seen), f"a part of page {len(seen)} lies behind its end"
            count, offset = file.entries(start)
            start = file.number(offset + count * file.entry, file.pointer)
        except (struct.error, FormatError):
            # The directory of the first page was read already: what is damaged is a later page or the last pointer.
            return max(len(seen) - 1, 1), "a page's directory lies behind its end"
    return len(seen), ""


def _beyond(file: File, fields: Fields, limits: Limits) -> bool:
    """Whether a value of a page, metadata included, or a strip of it ends behind the file."""
    size = len(file.data)
    if any(offset + WIDTHS.get(kind, 0) * count > size for kind, count, offset in fields.values()):
        return True
    for offsets, sizes in ((STRIP_OFFSETS, STRIP_BYTES), (TILE_OFFSETS, TILE_BYTES)):
        if offsets in fields and sizes in fields:
            starts = file.values(fields[offsets], limits.max_strips)
            lengths = file.values(fields[sizes], limits.max_strips)
            if any(start + length > size for start, length in zip(starts, lengths, strict=False)):
                return True
    return False
