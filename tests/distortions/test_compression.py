"""Codecs through Pillow and PyAV: settings, sizes and depths, and what is said when a codec is missing."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import numpy as np
import pytest
from distortion_pictures import photo
from PIL import Image

from visq.distortions import compression
from visq.distortions.apply import distort
from visq.errors import MissingExtraError, OptionError, SizeError

# ITU-T T.81, table K.1: luminance, which libjpeg takes as it is at quality 50.
_K1 = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
]  # fmt: skip


def _pixels(image):
    return np.atleast_3d(image) / 255.0


def test_jpeg_has_the_standard_table_at_quality_50_and_the_subsampling_asked_for():
    pixels = _pixels(photo())
    for subsampling, expected in (("4:2:0", (2, 2)), ("4:2:2", (2, 1)), ("4:4:4", (1, 1))):
        file = compression.encoded(pixels, "JPEG", quality=50, subsampling=subsampling)
        with Image.open(io.BytesIO(file)) as opened:
            assert list(opened.quantization[0]) == _K1
            assert opened.layer[0][1:3] == expected


def test_jpeg_is_what_any_program_gets_from_pillow():
    image = photo()
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=30)
    file.seek(0)
    np.testing.assert_array_equal(distort(image, "jpeg", amount=30), np.asarray(Image.open(file)))


@pytest.mark.parametrize("ratio", [10.0, 40.0, 100.0])
def test_jpeg2000_meets_its_ratio(ratio):
    image = photo(height=384, width=512)
    file = compression.encoded(_pixels(image), "JPEG2000", **compression.JPEG2000_RATE, quality_layers=[ratio])
    # OpenJPEG fills what it is allowed to all but whole coding passes, and its headers come on top.
    assert 0.9 * image.size / ratio < len(file) < image.size / ratio + 300


@pytest.mark.parametrize("name", ["jpeg", "jpeg2000", "webp", "avif"])
def test_deep_pictures_are_coded_in_8_bits(name):
    image = photo(height=48, width=64)
    np.testing.assert_array_equal(
        distort(image.astype(np.uint16) * 257, name, 3), distort(image, name, 3).astype(np.uint16) * 257
    )


def test_levels_are_rounded_half_to_even_before_coding():
    halves = np.array([0.5, 1.5, 2.5, 254.5]) / 255.0
    assert compression.eight_bit(halves.reshape(1, 4, 1)).tolist() == [[0, 2, 2, 254]]


def test_options_and_sizes_that_cannot_be_are_refused():
    pixels = _pixels(photo(height=16, width=16))
    with pytest.raises(OptionError, match="unknown subsampling; expected 4:4:4, 4:2:2, 4:2:0; got '4:1:1'"):
        compression.jpeg(pixels, 50, subsampling="4:1:1")
    with pytest.raises(SizeError, match="WEBP cannot hold the picture; expected sides up to 16383; got 16384"):
        compression.webp(np.zeros((1, 16384, 1)), 50)


def test_a_pillow_without_the_codec_says_so(monkeypatch):
    monkeypatch.setitem(Image.SAVE, "AVIF", None)
    monkeypatch.delitem(Image.SAVE, "AVIF")
    with pytest.raises(MissingExtraError, match="this build of Pillow cannot write AVIF"):
        compression.avif(np.zeros((8, 8, 3)), 50)


def test_limits_of_pillow_for_strange_files_do_not_count_here(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    image = photo(height=48, width=64)
    for name in ("jpeg", "jpeg2000"):
        assert distort(image, name, 1).shape == image.shape


def test_a_limit_that_a_decoder_of_pillow_insists_on_is_told(monkeypatch):
    from PIL import WebPImagePlugin

    def refuse(self):
        raise Image.DecompressionBombError("could be decompression bomb DOS attack")

    monkeypatch.setattr(WebPImagePlugin.WebPImageFile, "_open", refuse)
    with pytest.raises(SizeError, match="Pillow does not decode so large a picture in this format; got 64x48"):
        distort(photo(height=48, width=64), "webp", 1)


class TestIntra:
    @pytest.fixture(autouse=True)
    def _needs_av(self):
        pytest.importorskip("av", reason="video codecs need PyAV")

    def test_planes_hold_the_code_values_of_bt709(self):
        from visq.distortions.intra import _planes

        # ITU-R BT.709-6, 8 bit: Y' 16..235, Cb and Cr 16..240; red is 63, 102, 240 and blue 32, 240, 118.
        for colour, expected in (
            ((1, 0, 0), (63, 102, 240)),
            ((0, 0, 1), (32, 240, 118)),
            ((1, 1, 1), (235, 128, 128)),
        ):
            planes = _planes(np.broadcast_to(np.array(colour, float), (3, 5, 3)))
            assert [int(p[0, 0]) for p in planes] == list(expected)
            assert [p.shape for p in planes] == [(64, 64), (32, 32), (32, 32)]

    def test_planes_agree_with_those_of_swscale(self):
        import av

        from visq.distortions.intra import _planes

        image = photo(height=128, width=192)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24")
        theirs = frame.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
        for index, ours in enumerate(_planes(image / 255.0)):
            plane = theirs.planes[index]
            rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: ours.shape[0], : ours.shape[1]]
            apart = np.abs(rows.astype(int) - ours)
            # swscale works with integers, and averages chroma with taps of its own: levels of rounding in luma, and
            # in chroma less than the half pixel that another place of its samples would make.
            assert apart.mean() < (0.6 if index == 0 else 1.0)

    @pytest.mark.parametrize(("name", "best"), [("hevc_intra", 0), ("av1_intra", 1)])
    def test_the_finest_quantiser_gives_all_but_rounding_back(self, name, best):
        y, x = np.mgrid[:70, :90]
        smooth = np.stack([x + 40, y + 60, 200 - x - y // 2], axis=-1).astype(np.uint8)
        assert np.abs(distort(smooth, name, amount=best).astype(int) - smooth).max() <= 4
        grey = smooth[..., 0]
        assert np.abs(distort(grey, name, amount=best).astype(int) - grey).max() <= 2

    @pytest.mark.parametrize("name", ["hevc_intra", "av1_intra"])
    def test_colour_stays_in_its_place(self, name):
        # A yellow square on blue: chroma that were moved by half a pixel would be off at two of its four edges only.
        image = np.zeros((64, 96, 3), np.uint8)
        image[...] = (30, 40, 160)
        image[16:48, 32:64] = (200, 190, 40)
        out = distort(image, name, amount=1).astype(int)
        error = np.abs(out - image).sum(axis=2)
        left, right = error[20:44, 31].mean(), error[20:44, 64].mean()
        top, bottom = error[15, 36:60].mean(), error[48, 36:60].mean()
        assert abs(top - bottom) < 20
        # Sited at the left: the sample at column 32 is centred there, so that both neighbours get a quarter.
        assert abs(left - right) < 60

    def test_a_missing_encoder_and_a_missing_library_are_named(self, monkeypatch):
        import av

        from visq.distortions.intra import _context, hevc_intra

        with pytest.raises(MissingExtraError, match="this build of PyAV has no encoder called libnone"):
            _context(av, ("libnone",), "w")
        with pytest.raises(MissingExtraError, match="no decoder called libnone or libneither"):
            _context(av, ("libnone", "libneither"), "r")
        monkeypatch.setitem(sys.modules, "av", None)
        with pytest.raises(MissingExtraError, match=r"libx265: .*PyAV.*visq\[video\]"):
            hevc_intra(np.zeros((8, 8, 3)), 30)

    def test_large_sides_are_refused(self):
        with pytest.raises(SizeError, match="libx265 cannot take the picture; expected sides up to 8192; got 8193x1"):
            distort(np.zeros((1, 8193), np.uint8), "hevc_intra", 1)

    def test_nothing_is_printed_and_the_environment_is_left_alone(self):
        code = (
            "import os, numpy as np; from visq.distortions.apply import distort; before = dict(os.environ);"
            "image = np.tile(np.arange(64, dtype=np.uint8), (64, 1));"
            "[distort(image, name, 2) for name in ('av1_intra', 'hevc_intra', 'av1_intra')];"
            "assert dict(os.environ) == before"
        )
        clean = {k: v for k, v in os.environ.items() if k != "SVT_LOG"}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", code], capture_output=True, env=clean, timeout=120, check=False
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
