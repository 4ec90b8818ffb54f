"""One picture in every container, depth and kind of pixel: equal to what was written, nothing altered unsaid."""

from __future__ import annotations

import io
import struct
import sys

import numpy as np
import pytest
from PIL import Image as PILImage

from media import corpus
from media.writers import codes, over_white, picture, pillow, png, pnm, tiff
from visq.errors import FormatError, MissingExtraError, ReadError
from visq.media import open_image

RGB, GREY = picture(), picture(channels=1)
DEEP, DEEP_GREY = picture(depth=16), picture(channels=1, depth=16)
ALPHA, DEEP_ALPHA = picture(channels=1, seed=3), picture(channels=1, depth=16, seed=3)
ORDERS = ("<", ">")
LAYOUTS = ({}, {"planar": 2}, {"tile": 16}, {"deflate": True}, {"rows": 5}, {"planar": 2, "rows": 5, "deflate": True},
           {"planar": 2, "tile": 16}, {"big": True})  # fmt: skip


def lossless_cases():
    for depth in (8, 16):
        for channels in (1, 3):
            pixels = picture(channels=channels, depth=depth)
            for name, data in corpus.lossless(pixels):
                yield pytest.param(pixels, name, data, id=f"{depth}-{channels}-{name}")


@pytest.mark.parametrize(("pixels", "name", "data"), list(lossless_cases()))
def test_lossless_containers_keep_every_pixel(pixels, name, data, tmp_path):
    path = tmp_path / name
    path.write_bytes(data)
    image = open_image(path)
    assert image.pixels.dtype == pixels.dtype
    assert np.array_equal(image.pixels, pixels)
    assert image.pixels.flags.c_contiguous
    assert image.pixels.flags.writeable
    assert image.meta.warnings == ()
    assert (image.width, image.height) == (image.meta.width, image.meta.height) == (37, 24)
    assert image.meta.bit_depth == 8 * pixels.dtype.itemsize
    assert image.meta.bytes == len(data)


@pytest.mark.parametrize("depth", [1, 2, 4])
@pytest.mark.parametrize("interlaced", [False, True])
def test_shallow_grey_png_is_scaled_exactly(depth, interlaced):
    samples = GREY >> (8 - depth)
    image = open_image(png(samples, depth, 0, interlaced=interlaced))
    assert np.array_equal(image.pixels, samples * (255 // (2**depth - 1)))
    assert image.meta.bit_depth == depth


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_palette_png(depth):
    table = np.random.default_rng(1).integers(0, 256, (2**depth, 3)).astype(np.uint8)
    index = GREY >> (8 - depth)
    image = open_image(png(index, depth, 3, chunks=((b"PLTE", table.tobytes()),)))
    assert np.array_equal(image.pixels, table[index])
    assert image.meta.mode == "palette"


def test_palette_png_with_transparent_entries():
    table = np.random.default_rng(1).integers(0, 256, (256, 3)).astype(np.uint8)
    opacity = np.random.default_rng(2).integers(0, 256, 200).astype(np.uint8)
    image = open_image(png(GREY, 8, 3, chunks=((b"PLTE", table.tobytes()), (b"tRNS", opacity.tobytes()))))
    alpha = np.concatenate([opacity, np.full(56, 255, np.uint8)])[GREY]
    assert np.array_equal(image.pixels, over_white(table[GREY], alpha))
    assert codes(image) == ["alpha-composited"]


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_transparent_grey_in_png(depth):
    samples = (DEEP_GREY >> (16 - depth)).astype(np.uint16)
    key = int(samples[3, 4])
    image = open_image(png(samples, depth, 0, chunks=((b"tRNS", struct.pack(">H", key)),)))
    white = 65535 if depth == 16 else 255
    expected = np.where(samples == key, white, samples.astype(int) * (white // (2**depth - 1)))
    assert np.array_equal(image.pixels, expected)
    assert codes(image) == ["alpha-composited"]


@pytest.mark.parametrize("depth", [8, 16])
def test_transparent_colour_in_png(depth):
    pixels = picture(depth=depth)
    pixels[3:9, 4:20] = (1, 2, 3)
    pixels[0, 0] = (1, 2, 4)
    image = open_image(png(pixels, depth, 2, chunks=((b"tRNS", struct.pack(">HHH", 1, 2, 3)),)))
    pixels[3:9, 4:20] = np.iinfo(pixels.dtype).max
    assert np.array_equal(image.pixels, pixels)


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("colour", "alpha"), [(RGB, ALPHA), (GREY, ALPHA), (DEEP, DEEP_ALPHA), (DEEP_GREY, DEEP_ALPHA)]
)
def test_alpha_png_is_composited_on_white(colour, alpha, interlaced):
    data = png(np.dstack([colour, alpha]), 8 * colour.itemsize, 6 if colour.ndim == 3 else 4, interlaced=interlaced)
    image = open_image(data)
    assert image.pixels.dtype == colour.dtype
    assert np.array_equal(image.pixels, over_white(colour, alpha))
    assert codes(image) == ["alpha-composited"]
    assert image.meta.alpha


@pytest.mark.parametrize("pixels", [RGB, DEEP])
def test_opaque_alpha_changes_nothing_and_is_told(pixels):
    opaque = np.full((24, 37), np.iinfo(pixels.dtype).max, pixels.dtype)
    image = open_image(png(np.dstack([pixels, opaque]), 8 * pixels.itemsize, 6))
    assert np.array_equal(image.pixels, pixels)
    assert codes(image) == ["alpha-opaque"]


def test_alpha_webp_and_gif():
    image = open_image(pillow(np.dstack([RGB, ALPHA]), "WEBP", lossless=True, exact=True))
    assert np.array_equal(image.pixels, over_white(RGB, ALPHA))
    indexed = PILImage.fromarray(RGB).quantize(16)
    index = np.asarray(indexed)
    table = np.array(indexed.getpalette()[:48], np.uint8).reshape(-1, 3)
    image = open_image(pillow(indexed, "GIF", transparency=int(index[2, 2]), optimize=False))
    expected = np.where((index == index[2, 2])[..., None], 255, table[index])
    assert np.array_equal(image.pixels, expected)
    assert codes(image) == ["alpha-composited"]


def test_gif_whose_first_frame_does_not_fill_its_canvas():
    indexed = PILImage.fromarray(RGB).quantize(16)
    data = bytearray(pillow(indexed, "GIF"))
    frame = data.index(b"\x2c", 13 + 3 * 16)
    data[6:10] = struct.pack("<HH", 50, 40)
    data[frame + 1 : frame + 5] = struct.pack("<HH", 3, 5)
    image = open_image(bytes(data))
    expected = np.full((40, 50, 3), 255, np.uint8)
    expected[5:29, 3:40] = np.asarray(indexed.convert("RGB"))
    assert np.array_equal(image.pixels, expected)
    assert codes(image) == ["alpha-composited"]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_tiff_channels(order, layout):
    lut = np.random.default_rng(0).integers(0, 256, (3, 256))
    palette = tuple(int(v) * 257 for v in lut.reshape(-1))
    cmyk = picture(channels=4, seed=5)
    ink = 255 - cmyk.astype(float)
    cases = [
        (np.dstack([RGB, ALPHA]), 8, 2, (2,), over_white(RGB, ALPHA), "alpha-composited"),
        (np.dstack([RGB, ALPHA]), 8, 2, (0,), RGB, "channels-dropped"),
        (np.dstack([GREY, ALPHA]), 8, 1, (2,), over_white(GREY, ALPHA), "alpha-composited"),
        (np.dstack([DEEP, DEEP_ALPHA]), 16, 2, (2,), over_white(DEEP, DEEP_ALPHA), "alpha-composited"),
        (np.dstack([DEEP, DEEP_ALPHA]), 16, 2, (0,), DEEP, "channels-dropped"),
        (np.dstack([DEEP_GREY, DEEP_ALPHA]), 16, 1, (2,), over_white(DEEP_GREY, DEEP_ALPHA), "alpha-composited"),
        (255 - GREY, 8, 0, (), GREY, ""),
        (65535 - DEEP_GREY, 16, 0, (), DEEP_GREY, ""),
        (GREY >> 4, 4, 1, (), (GREY >> 4) * 17, ""),
        (cmyk, 8, 5, (), np.round(ink[..., :3] * ink[..., 3:] / 255), "cmyk-converted"),
    ]
    for samples, bits, photometric, extra, expected, warning in cases:
        image = open_image(tiff(samples, bits, photometric, order=order, extra=extra, **layout))
        # Pillow's product of two bytes is exact to the nearest but for ties: one level for CMYK.
        slack = 1 if photometric == 5 else 0
        assert np.abs(image.pixels.astype(int) - expected.astype(int)).max() <= slack, (bits, photometric, extra)
        assert codes(image) == ([warning] if warning else [])
    image = open_image(tiff(GREY, 8, 3, order=order, tags=((320, 3, palette),), **layout))
    assert np.array_equal(image.pixels, lut.T[GREY])


@pytest.mark.parametrize("order", ORDERS)
def test_premultiplied_alpha_in_tiff(order):
    for colour, alpha in ((RGB, ALPHA), (DEEP, DEEP_ALPHA)):
        white = np.iinfo(colour.dtype).max
        multiplied = np.round(colour * (alpha[..., None] / white)).astype(colour.dtype)
        data = tiff(np.dstack([multiplied, alpha]), 8 * colour.itemsize, 2, order=order, extra=(1,))
        # Stored values were rounded once by the writer, and once more on the way back.
        assert np.abs(open_image(data).pixels.astype(int) - over_white(colour, alpha).astype(int)).max() <= 1


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}, {"optimize": True}, {"restart_marker_rows": 1}],
    ids=str,
)
@pytest.mark.parametrize("pixels", [RGB, GREY], ids=["rgb", "grey"])
def test_jpeg_is_what_libjpeg_gives(pixels, options):
    data = pillow(pixels, "JPEG", **options)
    image = open_image(data)
    assert np.array_equal(image.pixels, np.asarray(PILImage.open(io.BytesIO(data))))
    assert image.meta.warnings == ()


def test_cmyk_jpeg_without_profile():
    data = pillow(_cmyk(), "JPEG", quality=95)
    image = open_image(data)
    inks = 255 - np.asarray(PILImage.open(io.BytesIO(data))).astype(float)
    assert np.abs(image.pixels - inks[..., :3] * inks[..., 3:] / 255).max() <= 1
    assert image.meta.warnings == ("cmyk-converted: without a profile",)
    # Adobe's files hold inks upside down: taken as they are, white paper would come out black.
    assert open_image(pillow(PILImage.new("CMYK", (8, 8), (0, 0, 0, 0)), "JPEG")).pixels.min() >= 254


def test_ycck_jpeg():
    # The same file with Adobe's mark for inks stored as luma and chroma.
    data = bytearray(pillow(_cmyk(), "JPEG", quality=95))
    data[data.index(b"Adobe") + 11] = 2
    image = open_image(bytes(data))
    assert image.meta.mode == "ycck"
    with PILImage.open(io.BytesIO(bytes(data))) as decoded:
        inks = 255 - np.asarray(decoded).astype(float)
    assert np.abs(image.pixels - inks[..., :3] * inks[..., 3:] / 255).max() <= 1
    assert np.abs(image.pixels.astype(int) - open_image(pillow(_cmyk(), "JPEG", quality=95)).pixels).mean() > 5


def _cmyk() -> PILImage.Image:
    return PILImage.merge("CMYK", [PILImage.fromarray(picture(channels=1, seed=s)) for s in range(4)])


def test_lossy_webp_and_avif_are_what_their_libraries_give():
    for kind in ("WEBP", "AVIF"):
        data = pillow(RGB, kind)
        assert np.array_equal(open_image(data).pixels, np.asarray(PILImage.open(io.BytesIO(data)).convert("RGB")))
    grey = open_image(pillow(GREY, "AVIF", quality=100))
    assert grey.pixels.ndim == 2
    assert np.abs(grey.pixels.astype(int) - GREY).max() <= 1


@pytest.mark.parametrize("depth", [10, 12])
def test_deep_avif_reaches_white_and_is_told(depth):
    pyvips = pytest.importorskip("pyvips")
    source = pyvips.Image.new_from_array(DEEP, interpretation="rgb16")
    data = source.heifsave_buffer(compression="av1", bitdepth=depth, lossless=True, subsample_mode="off")
    image = open_image(data)
    stored = (DEEP >> (16 - depth)).astype(np.int64)
    assert np.array_equal(image.pixels, (stored * 65535 * 2 + 2**depth - 1) // (2 * (2**depth - 1)))
    assert image.meta.warnings == (f"depth-scaled: {depth} to 16 bit",)


@pytest.mark.parametrize("maximum", [1, 3, 100, 254, 256, 1023, 40000])
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_pnm_of_any_maximum(maximum, plain, channels):
    samples = np.random.default_rng(0).integers(0, maximum + 1, (5, 7) if channels == 1 else (5, 7, 3))
    image = open_image(pnm(samples, plain=plain, maximum=maximum))
    white = 255 if maximum < 256 else 65535
    assert image.pixels.dtype == (np.uint8 if maximum < 256 else np.uint16)
    assert np.abs(image.pixels - samples * white / maximum).max() <= 0.5
    assert codes(image) == ([] if maximum == 1 else ["depth-scaled"])


def test_bitmaps_of_pnm():
    bits = np.random.default_rng(0).integers(0, 2, (5, 11))
    plain = b"P1 11 5\n" + b"\n".join(b"".join(b"%d" % v for v in row) for row in bits)
    raw = b"P4 11 5\n" + np.packbits(bits.astype(np.uint8), axis=1).tobytes()
    for data in (plain, plain.replace(b"P1 ", b"P1 # a comment 7\n"), raw):
        assert np.array_equal(open_image(data).pixels, (1 - bits) * 255)


def test_bmp_kinds():
    for bits in (1, 8):
        image = PILImage.fromarray(GREY).convert("1" if bits == 1 else "L")
        assert np.array_equal(open_image(pillow(image, "BMP")).pixels, np.asarray(image.convert("L")))
    rgba = PILImage.fromarray(np.dstack([RGB, ALPHA]))
    assert open_image(pillow(rgba, "BMP")).pixels.shape == (24, 37, 3)
    top_down = bytearray(pillow(RGB, "BMP"))
    top_down[22:26] = struct.pack("<i", -24)
    assert np.array_equal(open_image(bytes(top_down)).pixels, RGB[::-1])
    rows = np.zeros((2, 4, 2), np.uint8)
    rows[0, 0] = (0x1F, 0x7C)  # 5-5-5: red 31, blue 31
    small = b"BM" + struct.pack("<IIIIiiHHIIIIII", 70, 0, 54, 40, 4, 2, 1, 16, 0, 0, 0, 0, 0, 0) + rows.tobytes()
    image = open_image(small)
    assert image.pixels[1, 0].tolist() == [255, 0, 255]
    assert codes(image) == ["depth-scaled"]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF", "TIFF"])
def test_first_frame(kind):
    frames = [PILImage.fromarray(picture(seed=s)).quantize(64).convert("RGB") for s in range(3)]
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100}}.get(kind, {})
    data = pillow(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    image = open_image(data)
    assert image.meta.frames == 3
    assert image.meta.warnings == ("first-frame: 1 of 3",)
    expected = np.asarray(PILImage.open(io.BytesIO(data)).convert("RGB")) if kind == "AVIF" else np.asarray(frames[0])
    assert np.array_equal(image.pixels, expected)


@pytest.mark.parametrize("data", [png(DEEP, 16, 2), tiff(DEEP, 16, 2), png(np.dstack([DEEP_GREY, DEEP_ALPHA]), 16, 4)])
def test_without_the_extra_16_bit_is_refused_and_never_cut(data, monkeypatch):
    from visq.media import deep

    deep._module.cache_clear()
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(MissingExtraError, match=r'pip install "visq\[hdr\]"'):
        open_image(data)
    monkeypatch.undo()
    assert open_image(data).pixels.dtype == np.uint16


def test_16_bit_grey_and_pnm_need_no_extra(monkeypatch):
    from visq.media import deep

    deep._module.cache_clear()
    monkeypatch.setitem(sys.modules, "pyvips", None)
    for data in (png(DEEP_GREY, 16, 0), tiff(DEEP_GREY, 16, 1), tiff(DEEP_GREY, 16, 1, order=">"), pnm(DEEP_GREY)):
        assert np.array_equal(open_image(data).pixels, DEEP_GREY)
    assert np.array_equal(open_image(pnm(DEEP)).pixels, DEEP)


def test_extension_says_otherwise(tmp_path):
    path = tmp_path / "photo.png"
    path.write_bytes(pillow(RGB, "BMP"))
    assert open_image(path).meta.warnings == ("extension-mismatch: .png holds BMP",)
    for name in ("photo", "photo.dat", "photo.BMP"):
        assert open_image(path.rename(tmp_path / name)).meta.warnings == ()
        path = tmp_path / name


def test_bytes_after_the_end_are_ignored():
    for name, data in corpus.small().items():
        if name.endswith((".png", ".jpg", ".gif", ".webp", ".bmp", ".ppm", ".pgm", ".tif")):
            assert np.array_equal(open_image(data + b"\r\n trailing").pixels, open_image(data).pixels), name


def test_colour_chunks_of_png_are_told():
    def warnings(*chunks):
        return open_image(png(RGB, 8, 2, chunks=chunks)).meta.warnings

    srgb = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    assert warnings((b"gAMA", struct.pack(">I", 45455)), (b"cHRM", srgb)) == ()
    assert warnings((b"sRGB", b"\0"), (b"gAMA", struct.pack(">I", 100000))) == ()
    assert warnings((b"gAMA", struct.pack(">I", 100000))) == ("gamma-ignored: gAMA 1",)
    wide = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    assert warnings((b"cHRM", wide)) == ("gamma-ignored: cHRM of another colour space",)
    assert warnings((b"cICP", b"\x01\x0d\0\x01")) == ()
    assert warnings((b"cICP", b"\x09\x10\0\x01")) == ("cicp-ignored: 9/16/0/1",)


def test_rows_missing_from_a_whole_looking_png():
    # The compressed stream ends in good order after twelve rows: decoders fill the rest with black.
    for interlaced in (False, True):
        data = png(RGB, 8, 2, rows=1 if interlaced else 12, interlaced=interlaced)
        with pytest.raises(ReadError):
            open_image(data)
    for pixels, colour in ((DEEP, 2), (DEEP_GREY, 0), (picture(channels=4, depth=16), 6), (GREY >> 4, 0)):
        for interlaced in (False, True):
            data = png(pixels, 16 if pixels.itemsize == 2 else 4, colour, rows=12 >> interlaced, interlaced=interlaced)
            with pytest.raises(ReadError):
                open_image(data)
    image = open_image(png(RGB, 8, 2, rows=12), allow_truncated=True)
    assert np.array_equal(image.pixels[:12], RGB[:12])
    assert codes(image) == ["truncated"]
    black = np.zeros((6, 5, 3), np.uint8)
    assert np.array_equal(open_image(png(black, 8, 2)).pixels, black)
    assert np.array_equal(open_image(png(black, 8, 2, interlaced=True)).pixels, black)


def test_unknown_critical_chunk_is_refused():
    with pytest.raises(FormatError):
        open_image(png(RGB, 8, 2, chunks=((b"CgBI", b"\x50\x20\x20\x02"),)))
    assert open_image(png(RGB, 8, 2, chunks=((b"teSt", b"1"),))).meta.warnings == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1)])
def test_thin_images(shape):
    pixels = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
    for name, data in corpus.lossless(pixels):
        assert np.array_equal(open_image(data).pixels, pixels), name
    assert open_image(pillow(pixels, "JPEG")).pixels.shape == shape
