"""Odd, broken and hostile image files, made on the spot, each with what reading it has to give.

`build(folder)` writes them all and returns one `Case` a file.
"""

from __future__ import annotations

import functools
import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from media.writers import chunk, exif, picture, pillow, png, pnm, stored, tiff

LOSSLESS = ("png", "webp", "bmp", "tiff", "ppm")
ORIENTED = ("png", "jpeg", "webp", "tiff", "avif")


class Case(NamedTuple):
    """One file: what it is, the error class it has to raise (empty: it is read), and its pixels where known."""

    path: Path
    error: str = ""
    pixels: np.ndarray | None = None
    warning: str = ""


def lossless(pixels: np.ndarray) -> Iterator[tuple[str, bytes]]:
    """Every container that keeps 8-bit or 16-bit grey or RGB exactly: a name with its extension, and the bytes."""
    grey, depth = pixels.ndim == 2, 8 * pixels.dtype.itemsize
    colour, photometric = (0, 1) if grey else (2, 2)
    yield "plain.png", png(pixels, depth, colour)
    yield "interlaced.png", png(pixels, depth, colour, interlaced=True)
    for order in "<>":
        name = "ii" if order == "<" else "mm"
        yield f"{name}.tif", tiff(pixels, depth, photometric, order=order, rows=5)
        yield f"{name}-big.tif", tiff(pixels, depth, photometric, order=order, rows=5, big=True)
        yield f"{name}-deflate.tif", tiff(pixels, depth, photometric, order=order, rows=7, deflate=True)
        yield f"{name}-tiles.tif", tiff(pixels, depth, photometric, order=order, tile=16)
    if not grey:
        yield "planar.tif", tiff(pixels, depth, photometric, planar=2, rows=5)
    yield "raw.ppm", pnm(pixels)
    yield "plain.ppm", pnm(pixels, plain=True)
    if depth == 8:
        yield "pillow.png", pillow(pixels, "PNG")
        yield "pillow.bmp", pillow(pixels, "BMP")
        for compression in ("tiff_lzw", "packbits", "tiff_adobe_deflate", "lzma", "zstd"):
            yield f"{compression}.tif", pillow(pixels, "TIFF", compression=compression)
        if not grey:
            yield "pillow.webp", pillow(pixels, "WEBP", lossless=True)


def oriented(pixels: np.ndarray, kind: str, orientation: int) -> bytes:
    """8-bit RGB stored turned, with the orientation that turns it upright."""
    turned = stored(pixels, orientation)
    if kind == "png":
        return png(turned, 8, 2, chunks=((b"eXIf", exif(orientation)),))
    if kind == "tiff":
        return tiff(turned, 8, 2, rows=4, tags=((274, 3, (orientation,)),))
    options = {
        "webp": {"lossless": True},
        "jpeg": {"quality": 97, "subsampling": 0},
        "avif": {"quality": 100, "subsampling": "4:4:4"},
    }[kind]
    return pillow(np.ascontiguousarray(turned), kind.upper(), exif=b"Exif\0\0" + exif(orientation, "<"), **options)


@functools.cache
def small() -> dict[str, bytes]:
    """One small whole file of every format and of the main variants, for cutting and for flipping bytes."""
    rgb, grey = picture(), picture(channels=1)
    frames = [Image.fromarray(picture(seed=s)) for s in range(3)]
    palette = Image.fromarray(rgb).quantize(32)
    return {
        "rgb.png": pillow(rgb, "PNG"),
        "deep.png": png(picture(depth=16), 16, 2),
        "deep-grey.png": png(picture(channels=1, depth=16), 16, 0),
        "palette.png": pillow(palette, "PNG"),
        "animated.png": pillow(frames[0], "PNG", save_all=True, append_images=frames[1:]),
        "baseline.jpg": pillow(rgb, "JPEG", quality=90),
        "progressive.jpg": pillow(rgb, "JPEG", quality=90, progressive=True),
        "grey.jpg": pillow(grey, "JPEG"),
        "cmyk.jpg": pillow(Image.fromarray(rgb).convert("CMYK"), "JPEG"),
        "lossy.webp": pillow(rgb, "WEBP"),
        "lossless.webp": pillow(rgb, "WEBP", lossless=True),
        "alpha.webp": pillow(np.dstack([rgb, grey]), "WEBP", lossless=True),
        "animated.webp": pillow(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "palette.gif": pillow(palette, "GIF"),
        "animated.gif": pillow(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "rgb.bmp": pillow(rgb, "BMP"),
        "palette.bmp": pillow(palette, "BMP"),
        "strips.tif": tiff(rgb, 8, 2, rows=5),
        "big.tif": tiff(rgb, 8, 2, rows=5, big=True),
        "lzw.tif": pillow(rgb, "TIFF", compression="tiff_lzw"),
        "jpeg.tif": pillow(rgb, "TIFF", compression="jpeg"),
        "deep.tif": tiff(picture(depth=16), 16, 2, rows=5),
        "pages.tif": tiff(grey, 8, 1, rows=5, pages=3),
        "raw.ppm": pnm(rgb),
        "deep.pgm": pnm(picture(channels=1, depth=16)),
        "plain.ppm": pnm(rgb, plain=True),
        "bits.pbm": b"P4 37 24\n" + bytes(5 * 24),
        "rgb.avif": pillow(rgb, "AVIF"),
        "alpha.avif": pillow(np.dstack([rgb, grey]), "AVIF"),
        "animated.avif": pillow(frames[0], "AVIF", save_all=True, append_images=frames[1:]),
    }


@functools.cache
def bombs() -> dict[str, bytes]:
    """Tiny files that claim to be huge, or that make a decoder work for hours."""
    wide = struct.pack(">II", 60000, 60000)
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", wide + b"\x08\x02\0\0\0")
    jpeg = pillow(picture(), "JPEG", progressive=True)
    frame = jpeg.index(b"\xff\xc2")
    scans = jpeg.rindex(b"\xff\xda")
    last = jpeg[scans:-2]
    grey = pillow(picture(channels=1), "GIF")
    avif = pillow(picture(), "AVIF")
    size = avif.index(b"ispe") + 8
    vp8l = struct.pack("<I", 16382 | 16382 << 14)
    return {
        "bomb.png": head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b""),
        "bomb.jpg": jpeg[: frame + 5] + struct.pack(">HH", 60000, 60000) + jpeg[frame + 9 :],
        "scans.jpg": jpeg[:-2] + last * 3000 + b"\xff\xd9",
        "bomb.webp": b"RIFF" + struct.pack("<I", 20) + b"WEBPVP8L" + struct.pack("<I", 8) + b"\x2f" + vp8l + b"\0\0\0",
        "canvas.webp": b"RIFF"
        + struct.pack("<I", 22)
        + b"WEBPVP8X"
        + struct.pack("<I", 10)
        + b"\0\0\0\0"
        + b"\xff" * 6,
        "bomb.gif": grey[:6] + b"\xff\xff\xff\xff" + grey[10:],
        "frame.gif": grey[: grey.index(b"\x2c", 781) + 5] + b"\xff\xff\xff\xff" + grey[grey.index(b"\x2c", 781) + 9 :],
        "bomb.bmp": b"BM" + struct.pack("<IIIIiiHHIIIIII", 100, 0, 54, 40, 60000, 60000, 1, 24, 0, 0, 0, 0, 0, 0),
        "bomb.tif": tiff(picture(), 8, 2).replace(
            struct.pack("<HHII", 256, 4, 1, 37), struct.pack("<HHII", 256, 4, 1, 60_000_000)
        ),
        "tile.tif": tiff(picture(), 8, 2, tile=16).replace(
            struct.pack("<HHII", 322, 4, 1, 16), struct.pack("<HHII", 322, 4, 1, 1 << 30)
        ),
        "strips.tif": tiff(picture(2_000_000, 1, 1), 8, 1).replace(
            struct.pack("<HHII", 278, 4, 1, 2_000_000), struct.pack("<HHII", 278, 4, 1, 1)
        ),
        "pages.tif": tiff(picture(2, 2, 1), 8, 1, pages=10_001),
        "bomb.ppm": b"P6 60000 60000 255\n" + bytes(100),
        "plain.ppm": b"P3 60000 60000 255\n1 2 3",
        "bomb.avif": avif[:size] + wide + avif[size + 8 :],
    }


@functools.cache
def foreign() -> dict[str, bytes]:
    """What is no image, or none that may be opened, under an image's name."""
    array = io.BytesIO()
    np.save(array, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return {
        "text.png": b"this is a text file\n",
        "page.jpg": b"<!DOCTYPE html>\n<html><body>404</body></html>",
        "drawing.png": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        "document.png": b"%PDF-1.7\n1 0 obj\n",
        "script.png": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        "binary.eps": b"\xc5\xd0\xd3\xc6" + bytes(40),
        "array.npy": array.getvalue(),
        "archive.png": b"PK\x03\x04" + bytes(40),
        "photo.heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40),
        "film.mp4": b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + bytes(40),
        "photo.jxl": b"\xff\x0a" + bytes(40),
        "raw.cr2": b"II*\0\x10\0\0\0CR\x02\0" + bytes(40),
        "raw.nef": tiff(picture(), 8, 2),
        "zeros.png": bytes(1000),
        "noise.jpg": np.random.default_rng(3).bytes(1000).replace(b"\xff\xd8", b"\0\0"),
        "float.tif": tiff(picture().astype(np.float32) / 255, 32, 2, sample_format=3),
        "nan.tif": tiff(np.full((9, 9), np.nan, np.float32), 32, 1, sample_format=3),
        "integer.tif": tiff(picture(channels=1).astype(np.uint32), 32, 1),
        "signed.tif": tiff(picture(channels=1), 8, 1, sample_format=2),
        "lab.tif": tiff(picture(), 8, 8),
        "cmyk16.tif": tiff(picture(channels=4, depth=16), 16, 5),
        "sensor.tif": tiff(picture(channels=1), 8, 32803),
        "preview.tif": tiff(picture(), 8, 2, tags=((254, 4, (1,)),)),
        "twelve.jpg": pillow(picture(), "JPEG").replace(b"\xff\xc0\0\x11\x08", b"\xff\xc0\0\x11\x0c"),
    }


def cuts(data: bytes, count: int = 25) -> list[int]:
    """Lengths at which to cut a file: close to both ends, and evenly between."""
    size = len(data)
    points = {1, 2, 5, 9, 13, 21, 29, 33, size // 2, size - 1, size - 2, size - 3, size - 5, size - 9, size - 13}
    points |= {round(p) for p in np.linspace(3, size - 4, count)}
    return sorted(p for p in points if 0 < p < size)


def build(folder: Path) -> list[Case]:
    """Write the corpus into `folder` and say what each file has to give."""
    cases: list[Case] = []

    def add(name: str, data: bytes, error: str = "", pixels: np.ndarray | None = None, warning: str = "") -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        cases.append(Case(path, error, pixels, warning))

    for depth in (8, 16):
        for channels in (1, 3):
            pixels = picture(channels=channels, depth=depth)
            for name, data in lossless(pixels):
                add(f"lossless-{depth}-{channels}/{name}", data, pixels=pixels)
    for kind in ORIENTED:
        for orientation in range(1, 9):
            exact = picture() if kind in LOSSLESS else None
            note = f"orientation-applied: {orientation}" if orientation > 1 else ""
            add(f"oriented/{orientation}.{kind}", oriented(picture(), kind, orientation), pixels=exact, warning=note)
    for name, data in small().items():
        add(f"small/{name}", data)
        for cut in cuts(data, 8):
            add(f"truncated/{cut}-{name}", data[:cut], error="ReadError")
    for name, data in bombs().items():
        add(f"bombs/{name}", data, error="LimitError")
    for name, data in foreign().items():
        add(f"foreign/{name}", data, error="FormatError")
    add("empty.png", b"", error="ReadError")
    add("mislabelled.png", pillow(picture(), "JPEG"), warning="extension-mismatch: .png holds JPEG")
    return cases
