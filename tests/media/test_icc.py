"""Embedded profiles: converted where they matter, left alone where they are sRGB, told where they cannot be used."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image as PILImage
from PIL import ImageCms

from media.writers import icc, picture, pillow, png, tiff, to_srgb
from visq.media import open_image

RGB, GREY = picture(), picture(channels=1)
ADOBE = icc(2.2)
GREY_LINEAR = icc(1.0, None)
# Little CMS works at 8 bit with 16-bit tables; a rounding on either side, and gamma kept in 8 fractional bits.
LEVELS = 1.6 / 255


def iccp(profile: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"name\0\0" + zlib.compress(profile)


def files(pixels: np.ndarray, profile: bytes) -> list[bytes]:
    """The same pixels and profile in all containers that keep both."""
    depth, grey = 8 * pixels.itemsize, pixels.ndim == 2
    out = [
        png(pixels, depth, 0 if grey else 2, chunks=(iccp(profile),)),
        tiff(pixels, depth, 1 if grey else 2, tags=((34675, 7, profile),)),
    ]
    if not grey and depth == 8:
        out += [
            pillow(pixels, "WEBP", lossless=True, icc_profile=profile),
            pillow(pixels, "PNG", icc_profile=profile),
            tiff(pixels, 8, 2, planar=2, tags=((34675, 7, profile),)),
        ]
    return out


@pytest.mark.parametrize("depth", [8, 16])
def test_wide_gamut_is_converted(depth):
    pixels = picture(depth=depth)
    expected = to_srgb(pixels, round(2.2 * 256) / 256)
    white = np.iinfo(pixels.dtype).max
    assert np.abs(expected - pixels / white).max() > 0.05
    for data in files(pixels, ADOBE):
        image = open_image(data)
        assert image.pixels.dtype == pixels.dtype
        assert np.abs(image.pixels / white - expected).max() < LEVELS
        assert image.meta.warnings == ("icc-converted: made for a test",)
        assert image.meta.icc == "made for a test"


@pytest.mark.parametrize("depth", [8, 16])
def test_grey_profile_keeps_one_channel(depth):
    pixels = picture(channels=1, depth=depth)
    expected = to_srgb(pixels, 1.0, None)
    white = np.iinfo(pixels.dtype).max
    for data in files(pixels, GREY_LINEAR):
        image = open_image(data)
        assert image.pixels.shape == (24, 37)
        assert np.abs(image.pixels / white - expected).max() < LEVELS
        assert image.meta.warnings == ("icc-converted: made for a test",)


def test_deep_and_shallow_agree():
    shallow, deep = (open_image(png(p, d, 2, chunks=(iccp(ADOBE),))) for p, d in ((RGB, 8), (RGB * np.uint16(257), 16)))
    # One level each: libvips brings a definition of sRGB of its own.
    assert np.abs(shallow.pixels / 255 - deep.pixels / 65535).max() < 2 / 255


def test_srgb_is_left_alone():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for data in files(RGB, profile):
        image = open_image(data)
        assert np.array_equal(image.pixels, RGB)
        assert image.meta.warnings == ()
        assert "sRGB" in image.meta.icc
    # A name proves nothing: it is the content that counts.
    liar = open_image(files(RGB, icc(1.0, name="sRGB IEC61966-2.1"))[0])
    assert liar.meta.warnings == ("icc-converted: sRGB IEC61966-2.1",)


@pytest.mark.parametrize(
    ("pixels", "profile", "reason"),
    [
        (RGB, b"no profile at all", "the profile is damaged"),
        (RGB, ADOBE[:100], "the profile is damaged"),
        (RGB, GREY_LINEAR, "a GRAY profile in a RGB image"),
        (GREY, ADOBE, "a RGB profile in a grey image"),
    ],
)
def test_unusable_profiles_are_told(pixels, profile, reason):
    for data in files(pixels, profile):
        image = open_image(data)
        assert np.array_equal(image.pixels, pixels)
        assert image.meta.warnings == (f"icc-ignored: {reason}",)


def test_damaged_compression_of_a_profile():
    image = open_image(png(RGB, 8, 2, chunks=((b"iCCP", b"name\0\0not zlib"),)))
    assert np.array_equal(image.pixels, RGB)
    assert image.meta.warnings == ("icc-ignored: the profile is damaged",)


def test_profile_bomb_is_bounded():
    bomb = png(RGB, 8, 2, chunks=((b"iCCP", b"name\0\0" + zlib.compress(bytes(200_000_000))),))
    assert open_image(bomb).meta.warnings == ("icc-ignored: the profile is damaged",)


def test_profile_before_white():
    alpha = picture(channels=1, seed=3)
    image = open_image(png(np.dstack([RGB, alpha]), 8, 6, chunks=(iccp(ADOBE),)))
    share = alpha[..., None] / 255
    expected = to_srgb(RGB, round(2.2 * 256) / 256) * share + 1 - share
    assert np.abs(image.pixels / 255 - expected).max() < LEVELS
    assert [w.partition(":")[0] for w in image.meta.warnings] == ["icc-converted", "alpha-composited"]


def test_jpeg_profile_in_several_pieces():
    big = ADOBE + bytes(150_000)
    data = pillow(RGB, "JPEG", quality=100, subsampling=0, icc_profile=big)
    image = open_image(data)
    stored = np.asarray(PILImage.open(io.BytesIO(data)))
    assert np.abs(image.pixels / 255 - to_srgb(stored, round(2.2 * 256) / 256)).max() < LEVELS


def test_cmyk_profile_is_used():
    pyvips = pytest.importorskip("pyvips")
    profile = _cmyk_profile(pyvips)
    inks = PILImage.merge("CMYK", [PILImage.fromarray(picture(channels=1, seed=s)) for s in range(4)])
    image = open_image(pillow(inks, "TIFF", icc_profile=profile))
    assert image.meta.warnings == ("cmyk-converted: icc",)
    # libvips converts the same inks with the same profile: another caller of the same kind of engine.
    source = pyvips.Image.new_from_array(np.asarray(inks), interpretation="cmyk").copy()
    source.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    other = source.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True).numpy()
    assert np.abs(image.pixels.astype(int) - other).mean() < 1
    naive = open_image(pillow(inks, "TIFF"))
    assert np.abs(image.pixels.astype(int) - naive.pixels).mean() > 5


def _cmyk_profile(pyvips) -> bytes:
    white = pyvips.Image.black(8, 8, bands=3).copy(interpretation="srgb") + 255
    return (
        white.cast("uchar")
        .copy(interpretation="srgb")
        .icc_transform("cmyk", input_profile="srgb")
        .get("icc-profile-data")
    )


def test_pillow_objects_keep_their_profile():
    with PILImage.open(io.BytesIO(png(RGB, 8, 2, chunks=(iccp(ADOBE),)))) as image:
        assert np.array_equal(open_image(image).pixels, open_image(png(RGB, 8, 2, chunks=(iccp(ADOBE),))).pixels)
