"""Screen content: chroma, text, sub-pixels, layers."""

from __future__ import annotations

import numpy as np
import pytest
from distortion_pictures import photo
from PIL import Image, ImageDraw

from visq.distortions import screen
from visq.distortions.apply import distort
from visq.errors import OptionError


def _text(height=64, width=128):
    page = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(page).text((4, 4), "Quality of\nimages", fill=(160, 20, 30), spacing=6)
    return np.asarray(page)


def _ycbcr(image):
    """BT.601 as JFIF has it, by Pillow."""
    return np.asarray(Image.fromarray(image).convert("YCbCr")).astype(float)


@pytest.mark.parametrize("samples", [2, 4, 8, 16, 64])
def test_luma_and_mean_chroma_are_kept(samples):
    image = (photo(height=64, width=128) // 2 + 64).astype(np.uint8)  # away from the ends, where values are clipped
    out = distort(image, "chroma_subsampling", amount=samples)
    before, after = _ycbcr(image), _ycbcr(out)
    assert np.abs(after[..., 0] - before[..., 0]).max() <= 2  # rounding, twice
    np.testing.assert_allclose(after[..., 1:].mean(axis=(0, 1)), before[..., 1:].mean(axis=(0, 1)), atol=0.4)
    assert after[..., 1:].std() < before[..., 1:].std()


def test_blocks_of_chroma_are_those_of_their_pattern():
    image = photo(height=32, width=32)
    for samples, columns_only, size in ((4, False, (2, 2)), (8, False, (2, 4)), (4, True, (1, 4))):
        out = screen.chroma_subsampling(image / 510.0 + 0.25, samples, columns_only=columns_only, upsampling="nearest")
        difference = out[..., 0] - out @ [0.299, 0.587, 0.114]  # of red and luma: chroma alone
        rows, columns = size
        blocks = difference.reshape(32 // rows, rows, 32 // columns, columns)
        np.testing.assert_allclose(blocks, np.broadcast_to(blocks[:, :1, :, :1], blocks.shape), atol=1e-5)


def test_settings_that_there_are_not_are_refused():
    pixels = _text() / 255.0
    with pytest.raises(OptionError, match="no such sub-sampling; expected 2, 4, 8, 16"):
        screen.chroma_subsampling(pixels, 3)
    with pytest.raises(OptionError, match="unknown interpolation; expected bilinear or nearest"):
        screen.chroma_subsampling(pixels, 4, upsampling="cubic")


def test_text_is_blurred_and_soft_pictures_are_not():
    page = _text()
    soft = np.broadcast_to((np.arange(128) + 40).astype(np.uint8)[None, :, None], (64, 128, 3))
    both = np.concatenate([page, soft])
    out = distort(both, "text_blur", 3)
    np.testing.assert_array_equal(out[80:], both[80:])
    gradients = [np.abs(np.diff(x[:40].astype(float), axis=1)).max() for x in (out, both)]
    assert gradients[0] < 0.8 * gradients[1]


def test_fringes_move_red_and_blue_apart_and_leave_green():
    page = _text()
    out = distort(page, "subpixel_fringes", amount=1.0)
    np.testing.assert_array_equal(out[..., 1], page[..., 1])
    np.testing.assert_array_equal(out[:, :-1, 0], page[:, 1:, 0])
    np.testing.assert_array_equal(out[:, 1:, 2], page[:, :-1, 2])
    half = distort(page, "subpixel_fringes", amount=0.5)[:, :-1, 0].astype(float)
    middle = (page[:, 1:, 0].astype(float) + page[:, :-1, 0]) / 2
    assert np.abs(half - middle).max() <= 0.5


def test_layers_keep_text_of_two_colours_that_jpeg_smears():
    # Two colours a block come through two levels a block as they are.
    page = np.where(_text()[..., 1:2] < 128, np.array([[[160, 20, 30]]]), 255).astype(np.uint8)
    layered, smeared = (
        screen._blocks(distort(page, name, amount=5).transpose(2, 0, 1)) for name in ("layered_coding", "jpeg")
    )
    blocks = screen._is_text(page[..., 1] / 255.0)
    assert blocks.sum() >= 4
    given = screen._blocks(page.transpose(2, 0, 1))
    np.testing.assert_array_equal(layered[blocks], given[blocks])
    assert np.abs(smeared[blocks].astype(int) - given[blocks]).max() > 60
    # A photograph is left to JPEG.
    image = photo(height=64, width=64)
    assert (distort(image, "layered_coding", amount=30) == distort(image, "jpeg", amount=30)).mean() > 0.8
