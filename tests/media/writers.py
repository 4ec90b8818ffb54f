"""Writers for the files of the tests, from the formats' specifications: PNG, TIFF, PNM, EXIF and ICC.

Expected pixels never come from the code under test, and what no library writes can be written.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image

import visq.media

# How upright pixels have to be stored for a viewer to show them upright (EXIF 2.32, tag 0x0112).
_STORE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def picture(height: int = 24, width: int = 37, channels: int = 3, depth: int = 8, seed: int = 7) -> np.ndarray:
    """A smooth picture with some noise, without symmetry; `(H, W)` or `(H, W, C)`."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    planes = [0.5 + 0.25 * np.sin(x / (5 + c) + c) + 0.2 * (y / height) ** (1 + c) for c in range(channels)]
    noise = np.random.default_rng(seed).normal(0, 0.02, (height, width, channels))
    values = np.clip(np.stack(planes, -1) + noise, 0, 1) * (2**depth - 1)
    values = np.round(values).astype(np.uint8 if depth <= 8 else np.uint16)
    return values[..., 0] if channels == 1 else values


def stored(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The rows that a file of this orientation holds for these upright pixels."""
    if orientation == 1:
        return pixels
    if pixels.dtype == np.uint8:
        return np.asarray(Image.fromarray(pixels).transpose(_STORE[orientation]))
    index = np.arange(pixels.shape[0] * pixels.shape[1], dtype=np.int32).reshape(pixels.shape[:2])
    index = np.asarray(Image.fromarray(index).transpose(_STORE[orientation]))
    return pixels.reshape(-1, *pixels.shape[2:])[index]


def exif(orientation: int, order: str = ">") -> bytes:
    """A minimal EXIF block with nothing but the orientation."""
    mark = b"MM\0*" if order == ">" else b"II*\0"
    return mark + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def chunk(name: bytes, content: bytes) -> bytes:
    """A PNG chunk."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    samples: np.ndarray,
    depth: int,
    colour: int,
    *,
    chunks: tuple[tuple[bytes, bytes], ...] = (),
    interlaced: bool = False,
    rows: int | None = None,
) -> bytes:
    """A PNG of samples `(H, W)` or `(H, W, C)`, unfiltered, Adam7 if asked; `rows` leaves the rest out."""
    samples = samples[..., None] if samples.ndim == 2 else samples
    height, width = samples.shape[:2]
    passes = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
    raw = b""
    for x, y, dx, dy in passes if interlaced else ((0, 0, 1, 1),):
        part = samples[y::dy, x::dx]
        if part.size:
            raw += b"".join(b"\0" + _pack(row, depth) for row in part[:rows])
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    body = b"".join(chunk(name, content) for name, content in chunks)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body + chunk(b"IDAT", zlib.compress(raw, 1)) + chunk(b"IEND", b"")
    )


def _pack(row: np.ndarray, depth: int) -> bytes:
    if depth == 16:
        return row.astype(">u2").tobytes()
    if depth == 8:
        return row.astype(np.uint8).tobytes()
    bits = np.unpackbits(row.reshape(-1, 1).astype(np.uint8), axis=1)[:, 8 - depth :]
    return np.packbits(bits.reshape(-1)).tobytes()


def tiff(
    samples: np.ndarray,
    bits: int,
    photometric: int,
    *,
    order: str = "<",
    planar: int = 1,
    rows: int | None = None,
    tile: int = 0,
    deflate: bool = False,
    extra: tuple[int, ...] = (),
    sample_format: int = 1,
    big: bool = False,
    pages: int = 1,
    tags: tuple[tuple[int, int, tuple[int, ...] | bytes], ...] = (),
) -> bytes:
    """A TIFF or BigTIFF of samples `(H, W)` or `(H, W, C)`, in strips of `rows` or tiles; pages all alike."""
    samples = samples[..., None] if samples.ndim == 2 else samples
    height, width, channels = samples.shape
    rows = rows or height
    dtype = samples.dtype.newbyteorder(order) if samples.dtype.itemsize > 1 else samples.dtype
    planes = [samples] if planar == 1 else [samples[..., c : c + 1] for c in range(channels)]
    parts = []
    for plane in planes:
        if tile:
            padded = np.pad(plane, ((0, -height % tile), (0, -width % tile), (0, 0)))
            blocks = [padded[y : y + tile, x : x + tile] for y in range(0, height, tile) for x in range(0, width, tile)]
        else:
            blocks = [plane[y : y + rows] for y in range(0, height, rows)]
        for block in blocks:
            data = b"".join(_pack(row, bits) for row in block) if bits < 8 else block.astype(dtype).tobytes()
            parts.append(zlib.compress(data) if deflate else data)
    start = 16 if big else 8
    offsets = [start + sum(len(p) + len(p) % 2 for p in parts[:i]) for i in range(len(parts))]
    fields: list[tuple[int, int, tuple[int, ...] | bytes]] = [
        (256, 4, (width,)), (257, 4, (height,)), (258, 3, (bits,) * channels), (259, 3, (8 if deflate else 1,)),
        (262, 3, (photometric,)), (277, 3, (channels,)), (284, 3, (planar,)), (339, 3, (sample_format,) * channels),
    ]  # fmt: skip
    if tile:
        fields += [(322, 4, (tile,)), (323, 4, (tile,))]
    else:
        fields += [(278, 4, (rows,))]
    fields += [(324 if tile else 273, 4, tuple(offsets)), (325 if tile else 279, 4, tuple(map(len, parts)))]
    if extra:
        fields.append((338, 3, extra))
    fields += list(tags)
    body = b"".join(p + b"\0" * (len(p) % 2) for p in parts)
    first = start + len(body)
    directories = b""
    for page in range(pages):
        at = first + len(directories)
        directories += _directory(sorted(fields), at, order, big, last=page == pages - 1)
    mark = b"II" if order == "<" else b"MM"
    head = struct.pack(order + "HHHQ", 43, 8, 0, first) if big else struct.pack(order + "HI", 42, first)
    return mark + head + body + directories


def _directory(fields: list, at: int, order: str, big: bool, *, last: bool) -> bytes:
    inline, pointer = (8, "Q") if big else (4, "I")
    size = (8 if big else 2) + len(fields) * (20 if big else 12) + inline
    table, values = b"", b""
    for tag, kind, content in fields:
        count = len(content)
        code = {1: "B", 3: "H", 4: "I", 7: "B"}[kind]
        data = content if isinstance(content, bytes) else struct.pack(f"{order}{count}{code}", *content)
        if len(data) > inline:
            where = struct.pack(order + pointer, at + size + len(values))
            values += data + b"\0" * (len(data) % 2)
        else:
            where = data.ljust(inline, b"\0")
        table += struct.pack(order + "HH" + pointer, tag, kind, count) + where
    following = 0 if last else at + size + len(values)
    return (
        struct.pack(order + ("Q" if big else "H"), len(fields))
        + table
        + struct.pack(order + pointer, following)
        + values
    )


def pnm(pixels: np.ndarray, *, plain: bool = False, maximum: int | None = None) -> bytes:
    """PGM or PPM, raw or plain; with `maximum` below 2 as PBM."""
    maximum = maximum or (255 if pixels.dtype == np.uint8 else 65535)
    height, width = pixels.shape[:2]
    kind = (3 if plain else 6) if pixels.ndim == 3 else (2 if plain else 5)
    head = f"P{kind}\n# made for a test\n{width} {height}\n{maximum}\n".encode()
    if plain:
        return head + b"\n".join(b" ".join(b"%d" % v for v in row.reshape(-1)) for row in pixels) + b"\n"
    return head + pixels.astype(">u2" if maximum > 255 else np.uint8).tobytes()


def pillow(pixels: np.ndarray | Image.Image, kind: str, **options: object) -> bytes:
    """Whatever Pillow writes."""
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


# X, Y, Z of red, green and blue as seen under D50 (ICC's connection space), for sRGB and for Adobe RGB (1998).
SRGB_D50 = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
ADOBE_D50 = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))


def icc(gamma: float, primaries: tuple | None = ADOBE_D50, name: str = "made for a test") -> bytes:
    """A small ICC version 2 profile of an RGB display with these primaries, or of grey where there are none."""

    def fixed(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(f">{len(values)}i", *(round(v * 65536) for v in values))

    text = name.encode() + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(4 + 4 + 2 + 1 + 67)
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256))
    tags = {b"desc": description, b"cprt": b"text\0\0\0\0none\0", b"wtpt": fixed((0.9642, 1.0, 0.8249))}
    if primaries is None:
        tags[b"kTRC"] = curve
    else:
        for letter, values in zip((b"r", b"g", b"b"), primaries, strict=True):
            tags[letter + b"XYZ"] = fixed(values)
            tags[letter + b"TRC"] = curve
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, content in tags.items():
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    size = start + len(body)
    space = b"GRAY" if primaries is None else b"RGB "
    head = struct.pack(">I4sI4s4s4s", size, b"\0" * 4, 0x02100000, b"mntr", space, b"XYZ ") + bytes(12) + b"acsp"
    head += bytes(28) + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D) + bytes(48)
    return head + struct.pack(">I", len(tags)) + table + body


def to_srgb(pixels: np.ndarray, gamma: float, primaries: tuple | None = ADOBE_D50) -> np.ndarray:
    """What such a profile means in sRGB, from the definitions, as floats in 0..1."""
    white = np.iinfo(pixels.dtype).max
    linear = (pixels / white) ** gamma
    if primaries is not None:
        to_xyz = np.array(primaries).T
        linear = linear @ to_xyz.T @ np.linalg.inv(np.array(SRGB_D50).T).T
    linear = np.clip(linear, 0, 1)
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def over_white(colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Compositing in exact fractions, rounded to nearest."""
    white = int(np.iinfo(colour.dtype).max)
    alpha = alpha.astype(object)[..., None] if colour.ndim == 3 else alpha.astype(object)
    product = colour.astype(object) * alpha + white * (white - alpha)
    return ((2 * product + white) // (2 * white)).astype(colour.dtype)


def codes(image: visq.media.Image) -> list[str]:
    """The codes of what was altered on reading."""
    return [warning.partition(":")[0] for warning in image.meta.warnings]
