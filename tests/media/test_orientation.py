"""All eight EXIF orientations of every format that has them: upright, once, and reported."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image as PILImage

from media import corpus
from media.corpus import oriented
from media.writers import exif, picture, pillow, png, stored, tiff
from visq.media import open_image
from visq.media.headers.exif import orientation as read_orientation
from visq.media.orient import upright

UPRIGHT = picture()


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("kind", corpus.ORIENTED)
def test_every_orientation_comes_out_upright(kind, number):
    image = open_image(oriented(UPRIGHT, kind, number))
    assert image.pixels.shape == UPRIGHT.shape
    difference = np.abs(image.pixels.astype(int) - UPRIGHT)
    if kind in corpus.LOSSLESS:
        assert difference.max() == 0
    else:
        # Lossy: far nearer to the upright picture than any turned one could be.
        assert difference.mean() < 3
        others = [
            np.abs(UPRIGHT[::-1].astype(int) - UPRIGHT).mean(),
            np.abs(UPRIGHT[:, ::-1].astype(int) - UPRIGHT).mean(),
        ]
        assert min(others) > 9
    assert image.meta.orientation == number
    assert image.meta.warnings == ((f"orientation-applied: {number}",) if number > 1 else ())


@pytest.mark.parametrize("number", range(1, 9))
def test_turned_pixels_equal_the_library_definition(number):
    # Pillow's exif_transpose is another implementation of the same table.
    turned = stored(UPRIGHT, number)
    from PIL import ImageOps

    image = PILImage.fromarray(turned)
    image.getexif()[0x0112] = number
    assert np.array_equal(upright(turned, number), np.asarray(ImageOps.exif_transpose(image)))


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_deep_and_grey_tiff(number, order):
    for pixels, photometric in ((picture(depth=16), 2), (picture(channels=1, depth=16), 1), (picture(channels=1), 1)):
        bits = 8 * pixels.itemsize
        for layout in ({}, {"deflate": True}, {"tile": 16}, {"planar": 2}, {"big": True}):
            data = tiff(stored(pixels, number), bits, photometric, order=order, tags=((274, 3, (number,)),), **layout)
            image = open_image(data)
            assert np.array_equal(image.pixels, pixels)
            assert image.meta.orientation == number


@pytest.mark.parametrize("number", [3, 6])
def test_deep_png(number):
    pixels = picture(depth=16)
    data = png(stored(pixels, number), 16, 2, chunks=((b"eXIf", exif(number)),))
    assert np.array_equal(open_image(data).pixels, pixels)


@pytest.mark.parametrize("number", range(1, 9))
def test_pillow_objects_are_turned_once(number):
    for kind in ("png", "tiff", "webp", "jpeg"):
        data = oriented(UPRIGHT, kind, number)
        with PILImage.open(io.BytesIO(data)) as image:
            assert np.array_equal(open_image(image).pixels, open_image(data).pixels), kind


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG", "AVIF"])
def test_damaged_exif_is_nobodys_business(kind):
    # Pillow warns of such blocks, and under -W error refuses the file.
    long = exif(1)[:10] + struct.pack(">HHII", 0x8769, 4, 1, 0x7FFFFFFF)
    for block in (b"MM\0*\0\0\0\x08\0\xff", long, exif(1)[:16]):
        # A unit of resolution: orientations are moved elsewhere by Pillow's AVIF writer.
        sound = exif(1).replace(b"\x01\x12", b"\x01\x28")
        whole = pillow(UPRIGHT, kind, exif=b"Exif\0\0" + sound + bytes(30))
        place = whole.index(sound[:20])
        broken = whole[:place] + block + whole[place + len(block) :]
        if kind == "PNG":
            start = broken.index(b"eXIf")
            (length,) = struct.unpack_from(">I", broken, start - 4)
            check = zlib.crc32(broken[start : start + 4 + length])
            broken = broken[: start + 4 + length] + struct.pack(">I", check) + broken[start + 8 + length :]
        image = open_image(broken)
        assert np.array_equal(image.pixels, open_image(pillow(UPRIGHT, kind)).pixels)
        assert image.meta.warnings == ()


@pytest.mark.parametrize(
    "block",
    [b"", b"Exif\0\0", b"MM\0*", exif(9), exif(0), exif(6)[:16], b"XX" + exif(6)[2:], exif(6)[:4] + b"\xff" * 4],
)
def test_damaged_exif_means_upright(block):
    assert read_orientation(block) == 1
    assert np.array_equal(open_image(png(UPRIGHT, 8, 2, chunks=((b"eXIf", block),))).pixels, UPRIGHT)
