"""Pictures that are written come back as they were, judged by other readers where there are any."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from writers import picture

from visq.errors import FormatError, InputError, OptionError, SizeError, StoreError
from visq.media import open_image
from visq.media.lossless import FORMATS, TEMPORARY, check_name, encode, replace, save


@pytest.mark.parametrize("suffix", sorted(FORMATS))
@pytest.mark.parametrize("channels", [1, 3])
def test_eight_bit_pixels_come_back(tmp_path, suffix, channels):
    pixels = picture(channels=channels)
    path = tmp_path / f"a{suffix}"
    data = save(path, pixels)
    assert path.read_bytes() == data
    with Image.open(path) as read:  # Pillow, not our own reader
        found = np.asarray(read)
    expected = np.repeat(pixels[..., None], 3, axis=2) if suffix == ".webp" and channels == 1 else pixels
    assert found.dtype == np.uint8
    assert np.array_equal(found, expected)
    assert np.array_equal(open_image(path).pixels, expected)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".ppm"])
def test_sixteen_bit_colour_keeps_every_bit(tmp_path, suffix):
    if suffix != ".ppm":
        pytest.importorskip("pyvips")
    pixels = picture(depth=16)
    assert np.unique(pixels & 255).size > 100
    save(tmp_path / f"a{suffix}", pixels)
    found = open_image(tmp_path / f"a{suffix}")
    assert found.pixels.dtype == np.uint16
    assert np.array_equal(found.pixels, pixels)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".pgm"])
def test_sixteen_bit_grey_keeps_every_bit(tmp_path, suffix):
    pixels = picture(channels=1, depth=16)
    save(tmp_path / f"a{suffix}", pixels[..., None])
    assert np.array_equal(open_image(tmp_path / f"a{suffix}").pixels, pixels)
    with Image.open(tmp_path / f"a{suffix}") as read:
        assert np.array_equal(np.asarray(read).astype(np.int64), pixels)


def test_what_would_lose_something_is_refused():
    deep = picture(depth=16)
    for form in ("BMP", "WEBP"):
        with pytest.raises(FormatError, match="holds 8 bits a sample"):
            encode(deep, form)
    with pytest.raises(OptionError, match=r"\.jpg would alter the picture once more"):
        check_name("a.jpg")
    with pytest.raises(OptionError, match="no picture's extension"):
        check_name("a.txt")
    with pytest.raises(InputError, match=r"expected \(H, W\) or \(H, W, 3\), uint8 or uint16"):
        encode(np.zeros((4, 4, 3), np.float32))
    with pytest.raises(SizeError, match="sides up to 16383"):
        encode(np.zeros((1, 16384), np.uint8), "WEBP")


def test_the_same_pixels_give_the_same_bytes():
    for form in ("PNG", "TIFF", "WEBP", "BMP", "PPM"):
        assert encode(picture(), form) == encode(picture().copy(), form)


def test_a_file_appears_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    monkeypatch.setattr("pathlib.Path.replace", _full)
    with pytest.raises(OSError, match="No space left"):
        replace(path, b"new")
    with pytest.raises(StoreError, match=r"a\.png cannot be written: No space left on device"):
        save(path, picture())
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert TEMPORARY.startswith(".")


def _full(self, target):
    raise OSError(28, "No space left on device")


def test_png_is_one_that_others_read():
    with Image.open(io.BytesIO(encode(picture(), "PNG"))) as read:
        assert read.format == "PNG"
        assert "icc_profile" not in read.info
