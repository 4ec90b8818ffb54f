"""Everything that may hold an image besides a file's name: bytes, file objects, PIL images, arrays, tensors."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as PILImage

from media import corpus
from media.writers import codes, over_white, picture, pillow, png
from visq.errors import FormatError, InputError, InputTypeError, RangeError, ReadError
from visq.media import open_image

RGB, ALPHA = picture(), picture(channels=1, seed=3)
DEEP, DEEP_GREY = picture(depth=16), picture(channels=1, depth=16)


def test_every_way_to_hand_over_a_file(tmp_path):
    data = pillow(RGB, "PNG")
    path = tmp_path / "a b\nc.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        sources = [path, str(path), data, bytearray(data), memoryview(data), io.BytesIO(data), file]
        images = [open_image(source) for source in sources]
    assert all(np.array_equal(image.pixels, RGB) for image in images)
    assert len({image.meta.sha256 for image in images}) == 1
    assert images[0].meta.source == str(path)
    assert open_image(images[0]) is images[0]


def test_pil_images():
    image = open_image(PILImage.fromarray(RGB))
    assert np.array_equal(image.pixels, RGB)
    for mode in ("L", "RGBA", "P", "1", "CMYK", "LA", "YCbCr"):
        given = PILImage.fromarray(RGB).convert(mode)
        before = given.tobytes()
        assert open_image(given).pixels.dtype == np.uint8
        assert given.tobytes() == before
    for mode in ("I", "F", "LAB"):
        with pytest.raises(FormatError):
            open_image(PILImage.new(mode, (4, 4)))
    assert np.array_equal(open_image(PILImage.fromarray(DEEP_GREY)).pixels, DEEP_GREY)
    with PILImage.open(io.BytesIO(png(DEEP, 16, 2))) as lazy, pytest.raises(ReadError, match="cut from 16 to 8"):
        open_image(lazy)
    with PILImage.open(io.BytesIO(pillow(picture(5, 1600), "BMP"))) as wide:
        assert np.array_equal(open_image(wide).pixels, picture(5, 1600))
    with PILImage.open(io.BytesIO(corpus.oriented(RGB, "png", 6))) as turned:
        assert np.array_equal(open_image(turned).pixels, RGB)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64, ">u2", ">f4"])
def test_arrays_are_taken_as_they_are(dtype):
    pixels = (RGB / 255).astype(dtype) if np.dtype(dtype).kind == "f" else RGB.astype(dtype)
    for array in (pixels, pixels[..., 0], pixels[..., :1], pixels[::2, ::-1]):
        before = array.copy()
        image = open_image(array)
        assert np.array_equal(image.pixels, array[..., 0] if array.shape[-1] == 1 else array)
        assert image.pixels.dtype == np.dtype(dtype).newbyteorder("=")
        assert image.pixels.flags.c_contiguous
        assert np.array_equal(array, before)
    assert np.allclose(open_image(pixels).float32(3, 9), _unit(pixels)[3:9], atol=1e-7)


def _unit(pixels: np.ndarray) -> np.ndarray:
    scale = 1.0 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    return pixels.astype(np.float64) / scale


def test_array_with_alpha():
    image = open_image(np.dstack([RGB, ALPHA]))
    assert np.array_equal(image.pixels, over_white(RGB, ALPHA))
    assert codes(image) == ["alpha-composited"]
    floats = np.dstack([RGB, ALPHA]) / 255
    assert np.abs(open_image(floats).pixels * 255 - over_white(RGB, ALPHA)).max() <= 0.5 + 1e-9


def test_arrays_that_are_no_image():
    for bad in (RGB[None], np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8), np.zeros((0, 4), np.uint8)):
        with pytest.raises(InputError):
            open_image(bad)
    for bad in (np.zeros((4, 4), np.int64), np.zeros((4, 4), bool), np.zeros((4, 4), object)):
        with pytest.raises(InputTypeError):
            open_image(bad)
    for bad in (np.full((4, 4), np.nan), np.full((4, 4), 2.0), np.full((4, 4), np.inf, np.float32)):
        with pytest.raises(RangeError):
            open_image(bad)
    for bad in (3, None, ["a.png"], object()):
        with pytest.raises(InputTypeError):
            open_image(bad)


def test_tensors():
    torch = pytest.importorskip("torch")
    tensor = torch.from_numpy(RGB.copy()).permute(2, 0, 1)
    for given in (tensor, tensor[None]):
        assert np.array_equal(open_image(given).pixels, RGB)
    assert np.array_equal(open_image(tensor[0]).pixels, RGB[..., 0])
    assert np.array_equal(open_image(tensor[:1]).pixels, RGB[..., 0])
    half = open_image((tensor.float() / 255).half().requires_grad_())
    assert half.pixels.dtype == np.float32
    with pytest.raises(InputError):
        open_image(torch.zeros(2, 3, 4, 4))


def test_float32_strips():
    image = open_image(DEEP)
    whole = image.float32()
    assert whole.dtype == np.float32
    assert np.array_equal(whole, (DEEP.astype(np.float64) / 65535).astype(np.float32))
    assert np.array_equal(image.float32(5, 9), whole[5:9])
    assert whole is not image.pixels
