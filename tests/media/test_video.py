"""Frames of video files: their values, what is altered on the way, and files that mean no good."""

from __future__ import annotations

import io
import itertools
from fractions import Fraction

import numpy as np
import pytest

import video_clips as clips
from visq.errors import (
    FormatError,
    InputError,
    OptionError,
)
from visq.media.orient import upright
from visq.media.video import open_video
from visq.media.video_pixels import turn_of

av = pytest.importorskip("av", reason="video needs PyAV")


def read(source, **options):
    """All pixels, and the video's warnings at its end."""
    with open_video(source, **options) as video:
        return [frame.pixels for frame in video.frames()], video.warnings


def first(source, **options):
    return read(source, **options)[0][0]


def flat(values, *, bits=8, side=4):
    dtype = np.uint8 if bits == 8 else np.dtype("<u2")
    return clips.raw([[np.full((side, side), value, dtype) for value in values]])


# Colour ----------------------------------------------------------------------------------------------------------

# Colour bars of 100 % as the standards' tables have them: R'G'B' in whole, code values of Y', Cb, Cr in 8 bit.
_BARS = {
    "bt601": {
        (1, 1, 1): (235, 128, 128), (1, 1, 0): (210, 16, 146), (0, 1, 1): (170, 166, 16), (0, 1, 0): (145, 54, 34),
        (1, 0, 1): (106, 202, 222), (1, 0, 0): (81, 90, 240), (0, 0, 1): (41, 240, 110), (0, 0, 0): (16, 128, 128),
    },
    "bt709": {
        (1, 1, 1): (235, 128, 128), (1, 1, 0): (219, 16, 138), (0, 1, 1): (188, 154, 16), (0, 1, 0): (173, 42, 26),
        (1, 0, 1): (78, 214, 230), (1, 0, 0): (63, 102, 240), (0, 0, 1): (32, 240, 118), (0, 0, 0): (16, 128, 128),
    },
}  # fmt: skip


@pytest.mark.parametrize("matrix", _BARS)
def test_colour_bars_of_the_standards_come_out_as_their_colours(matrix):
    for colour, codes in _BARS[matrix].items():
        pixels = first(flat(codes), size=(4, 4), pix_fmt="yuv444p", matrix=matrix, levels="limited")
        # The tables' values are whole: half a step of luma and of chroma come to 1.6 levels in blue.
        assert np.abs(pixels[0, 0].astype(int) - 255 * np.array(colour)).max() <= 2, (colour, pixels[0, 0])


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020", "smpte240m", "fcc"])
@pytest.mark.parametrize("levels", ["limited", "full"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_black_and_white_are_the_ends_of_the_depth(matrix, levels, bits):
    unit = 2 ** (bits - 8)
    ends = (16 * unit, 235 * unit) if levels == "limited" else (0, 2**bits - 1)
    name = "yuv444p" if bits == 8 else f"yuv444p{bits}le"
    for code, level in zip(ends, (0, 255 if bits == 8 else 65535), strict=True):
        pixels = first(flat((code, 128 * unit, 128 * unit), bits=bits), size=(4, 4), pix_fmt=name, matrix=matrix,
                       levels=levels)  # fmt: skip
        assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
        assert (pixels == level).all()


@pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
@pytest.mark.parametrize("levels", ["limited", "full"])
@pytest.mark.parametrize(("space", "sampling", "bits"), [("444", "444", 8), ("422", "422", 8), ("420mpeg2", "420", 8),
                                                         ("444p10", "444", 10)])  # fmt: skip
def test_colours_agree_with_swscale(matrix, levels, space, sampling, bits):
    """FFmpeg's own converter, at its most accurate. It rounds its table to 13 bit, and at 16 bit it stops short."""
    clip = clips.y4m(clips.yuv(1, sampling=sampling, bits=bits), space=space)
    ours = first(clip, matrix=matrix, levels=levels).astype(int)
    with av.open(io.BytesIO(clip)) as container:
        stream = container.streams.video[0]
        graph = av.filter.Graph()
        chain = [graph.add_buffer(template=stream)]
        flags = "bilinear+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
        levels = {"limited": "tv", "full": "pc"}[levels]
        chain.append(graph.add("scale", f"in_color_matrix={matrix}:in_range={levels}:out_range=pc:flags={flags}"))
        chain += [graph.add("format", "rgb24"), graph.add("buffersink")]
        for one, following in itertools.pairwise(chain):
            one.link_to(following)
        graph.configure()
        graph.push(next(container.decode(stream)))
        theirs = graph.pull().to_ndarray().astype(int)
    difference = np.abs(np.rint(ours / 257 if bits > 8 else ours) - theirs)
    assert difference.max() <= 1
    # Where chroma is not interpolated in fixed point, only ties fall differently.
    assert difference.mean() < (0.02 if sampling == "444" and bits == 8 else 0.6)


@pytest.mark.parametrize(("sampling", "space"), [("420", "420jpeg"), ("422", "422")])
@pytest.mark.parametrize("size", [(6, 8), (5, 7), (1, 1), (2, 3)])
def test_chroma_is_interpolated_from_where_it_lies(sampling, space, size):
    """Written once more, sample by sample: at the left of its columns, in the middle of its rows."""
    height, width = size
    frames = clips.yuv(1, height, width, sampling=sampling)
    luma, *chroma = (plane.astype(float) for plane in frames[0])
    down, across = clips.SUBSAMPLING[sampling]
    wanted = np.empty((height, width, 3))
    for r in range(height):
        for c in range(width):
            y, cb, cr = (luma[r, c] - 16) / 219, 0.0, 0.0
            row, column = (r + 0.5) / down - 0.5, c / across
            values = []
            for plane in chroma:
                rows = np.interp(row, np.arange(plane.shape[0]), np.arange(plane.shape[0]))
                lines = [np.interp(column, np.arange(plane.shape[1]), line) for line in plane]
                values.append((np.interp(rows, np.arange(len(lines)), lines) - 128) / 224)
            cb, cr = values
            wanted[r, c] = y + 1.402 * cr, y - 0.114 * 1.772 / 0.587 * cb - 0.299 * 1.402 / 0.587 * cr, y + 1.772 * cb
    wanted = np.clip(wanted, 0, 1) * 255
    got = first(clips.y4m(frames, space=space), matrix="bt601", levels="limited")
    assert np.abs(got - wanted).max() <= 0.5 + 1e-9


def test_the_luma_plane_keeps_its_code_values():
    [planes] = clips.yuv(1, bits=8)
    assert (first(clips.y4m([planes]), plane="y") == planes[0]).all()
    [planes] = clips.yuv(1, bits=10, sampling="422")
    got = first(clips.y4m([planes], space="422p10"), plane="y")
    exact = [round(Fraction(int(v) * 65535, 1023)) for v in planes[0].ravel()]
    assert got.dtype == np.uint16
    assert got.ravel().tolist() == exact


@pytest.mark.parametrize("pix_fmt", ["rgb24", "bgr24", "rgba", "bgra", "argb", "abgr", "rgb0", "0bgr", "gbrp"])
def test_rgb_in_any_order_is_the_same_picture(pix_fmt):
    [picture] = clips.pictures(1, 5, 7)
    channels = dict(zip("rgb", np.moveaxis(picture, -1, 0), strict=True))
    channels |= {"a": np.full((5, 7), 255, np.uint8), "0": np.full((5, 7), 9, np.uint8)}
    if pix_fmt == "gbrp":
        data = b"".join(channels[c].tobytes() for c in "gbr")
    else:
        data = np.stack([channels[c] for c in pix_fmt.removesuffix("24")], -1).tobytes()
    pixels, warnings = read(data, size=(7, 5), pix_fmt=pix_fmt)
    assert (pixels[0] == picture).all()
    assert warnings == (("alpha-composited",) if "a" in pix_fmt else ())


def test_deep_rgb_of_either_byte_order():
    picture = np.arange(5 * 7 * 3, dtype=np.uint16).reshape(5, 7, 3) * 600
    assert (first(picture.astype("<u2").tobytes(), size=(7, 5), pix_fmt="rgb48le") == picture).all()
    small = picture >> 6
    planes = np.moveaxis(small, -1, 0)[[1, 2, 0]]
    wanted = np.rint(small / 1023 * 65535).astype(np.uint16)
    for order in "<>":
        name = f"gbrp10{'le' if order == '<' else 'be'}"
        assert (first(planes.astype(f"{order}u2").tobytes(), size=(7, 5), pix_fmt=name) == wanted).all()


@pytest.mark.parametrize("pix_fmt", ["nv12", "nv21", "yuyv422", "uyvy422", "p010le"])
@pytest.mark.parametrize("size", [(6, 8), (5, 7)])
def test_packed_yuv_is_the_planar_picture(pix_fmt, size):
    height, width = size
    deep = pix_fmt == "p010le"
    sampling = "422" if "422" in pix_fmt else "420"
    [(luma, cb, cr)] = clips.yuv(1, height, width, sampling=sampling, bits=10 if deep else 8)
    if sampling == "420":
        pair = (cr, cb) if pix_fmt == "nv21" else (cb, cr)
        data = luma.tobytes() + np.stack(pair, -1).tobytes()
        if deep:
            data = (luma << 6).tobytes() + (np.stack(pair, -1) << 6).tobytes()
    else:
        luma = np.pad(luma, ((0, 0), (0, width % 2)))
        quads = [luma[:, ::2], cb, luma[:, 1::2], cr]
        order = (0, 1, 2, 3) if pix_fmt == "yuyv422" else (1, 0, 3, 2)
        data = np.stack([quads[i] for i in order], -1).tobytes()
    planar = clips.raw(clips.yuv(1, height, width, sampling=sampling, bits=10 if deep else 8))
    name = f"yuv{sampling}p" + ("10le" if deep else "")
    got, wanted = (first(d, size=(width, height), pix_fmt=n) for d, n in ((data, pix_fmt), (planar, name)))
    assert (got == wanted).all()


def test_grey_is_one_channel_and_transparent_pixels_lie_on_white():
    assert first(bytes(range(12)), size=(4, 3), pix_fmt="gray").tolist() == np.arange(12).reshape(3, 4).tolist()
    deep = np.array([[0, 1023], [512, 1]], "<u2")
    assert first(deep.tobytes(), size=(2, 2), pix_fmt="gray10le").tolist() == [[0, 65535], [32800, 64]]
    half = np.full((2, 2, 4), (0, 100, 200, 128), np.uint8)
    assert first(half.tobytes(), size=(2, 2), pix_fmt="rgba")[0, 0].tolist() == [127, 177, 227]
    planes = bytes([50] * 4 + [128] * 8 + [0] * 4)
    luma, warnings = read(planes, size=(2, 2), pix_fmt="yuva444p", plane="y")
    assert (luma[0] == 50).all()
    assert warnings == ("alpha-ignored",)


def test_lossless_codecs_give_back_the_pictures():
    pictures = clips.pictures(3)
    for codec, container in (("ffv1", "matroska"), ("ffv1", "avi"), ("png", "mov"), ("utvideo", "nut")):
        pix_fmt = {"png": "rgb24", "utvideo": "gbrp"}.get(codec, "bgr0")
        pixels, warnings = read(clips.encoded(pictures, codec=codec, container=container, pix_fmt=pix_fmt))
        assert len(pixels) == 3
        assert (np.stack(pixels) == pictures).all(), (codec, container)
        assert warnings == ()


# What the stream says, and what it does not ---------------------------------------------------------------------


@pytest.mark.parametrize(("number", "matrix"), [(1, "bt709"), (5, "bt601"), (6, "bt601"), (9, "bt2020")])
@pytest.mark.parametrize(("code", "levels"), [(1, "limited"), (2, "full")])
def test_matrix_and_range_are_those_of_the_stream(number, matrix, code, levels):
    clip = clips.encoded(clips.pictures(1), pix_fmt="yuv444p", colorspace=number, color_range=code)
    with open_video(clip, matrix="fcc", levels="limited" if code == 2 else "full") as video:
        assert (video.meta.matrix, video.meta.range) == (matrix, levels)
        assert video.warnings == ()


@pytest.mark.parametrize(("size", "matrix"), [((1024, 576), "bt601"), ((1280, 720), "bt709"), ((720, 1280), "bt709")])
def test_where_the_stream_says_nothing_the_rule_is_told(size, matrix):
    data = bytes(size[0] * size[1] * 3 // 2)
    with open_video(data, size=size) as video:
        assert video.meta.matrix == matrix
        assert video.warnings == (f"matrix-assumed: {matrix}", "range-assumed: limited")
    with open_video(data, size=size, matrix="bt2020", levels="full") as video:
        assert (video.meta.matrix, video.meta.range, video.warnings) == ("bt2020", "full", ())
    with open_video(data, size=size, plane="y") as video:
        assert video.warnings == ()


def test_a_matrix_that_is_not_read_is_refused():
    clip = clips.encoded(clips.pictures(1), pix_fmt="yuv444p", colorspace=8)
    with pytest.raises(FormatError, match="YCgCo"):
        open_video(clip)
    assert first(clip, plane="y").shape == (48, 64)


def test_wide_gamut_is_told():
    clip = clips.encoded(clips.pictures(1), pix_fmt="yuv420p10le", colorspace=9, color_range=1, color_trc=16,
                         color_primaries=9)  # fmt: skip
    pixels, warnings = read(clip)
    assert pixels[0].dtype == np.uint16
    assert warnings == ("cicp-ignored: transfer 16, primaries 9",)


def test_meta_and_times():
    with open_video(clips.encoded(clips.pictures(5), rate=10)) as video:
        frames = list(video)
        meta = video.meta
    assert (meta.width, meta.height, meta.bit_depth, meta.codec, float(meta.rate)) == (64, 48, 8, "ffv1", 10.0)
    assert [f.index for f in frames] == [0, 1, 2, 3, 4]
    assert np.allclose([f.time for f in frames], [0, 0.1, 0.2, 0.3, 0.4])


def test_a_varying_rate_is_told():
    clip = clips.encoded(clips.pictures(5), times=[0, 40, 80, 200, 240])
    with open_video(clip) as video:
        assert [round(f.time, 3) for f in video] == [0, 0.04, 0.08, 0.2, 0.24]
        assert video.warnings == ("variable-rate: 0.04 to 0.12 s a frame",)


def test_pixels_that_are_not_square_and_fields_are_told():
    clip = clips.y4m(clips.yuv(1)).replace(b"Ip A1:1", b"It A12:11")
    warnings = read(clip, matrix="bt601", levels="limited")[1]
    assert warnings == ("aspect-ignored: 12:11", "interlaced")


def test_a_closed_video_is_described_from_what_was_read_while_it_was_open():
    # FFmpeg frees its stream with the container: to read it afterwards gave ratios out of nothing, and crashes.
    clip = clips.y4m(clips.yuv(5)).replace(b"A1:1", b"A12:11")

    def described(video):
        video.state("bt709", "limited", because="that of the other")
        return video.meta, video.warnings, video.expected

    with open_video(clip) as video:
        while_open = described(video)
    with open_video(clip) as other:
        pass
    assert "aspect-ignored: 12:11" in while_open[1]
    assert while_open[2] == 5
    assert other._opened.stream is None
    assert other._opened.container is None
    assert described(other) == while_open


_TURNS = {
    1: (1, 0, 0, 1), 2: (-1, 0, 0, 1), 3: (-1, 0, 0, -1), 4: (1, 0, 0, -1),
    5: (0, 1, 1, 0), 6: (0, 1, -1, 0), 7: (0, -1, -1, 0), 8: (0, -1, 1, 0),
}  # fmt: skip


def with_matrix(clip, a, b, c, d):
    """An MP4 whose track header has this display matrix (ISO 14496-12: x' = a x + c y, y' = b x + d y)."""
    place = clip.index(b"tkhd") + 4 + 40
    numbers = [round(a * 65536), round(b * 65536), 0, round(c * 65536), round(d * 65536), 0, 0, 0, 1 << 30]
    return clip[:place] + b"".join(n.to_bytes(4, "big", signed=True) for n in numbers) + clip[place + 36 :]


@pytest.mark.parametrize("orientation", _TURNS)
def test_the_display_matrix_turns_every_frame(orientation):
    clip = clips.encoded(clips.pictures(2, 32, 48), codec="mpeg4", container="mp4", pix_fmt="yuv420p")
    a, b, c, d = _TURNS[orientation]
    plain, _ = read(clip)
    turned, warnings = read(with_matrix(clip, a, b, c, d))
    assert f"orientation-applied: {orientation}" in warnings or orientation == 1
    height, width = plain[0].shape[:2]
    corners = np.array([[a * x + c * y, b * x + d * y] for x in (0, width - 1) for y in (0, height - 1)])
    left, top = corners.min(axis=0)
    for before, after in zip(plain, turned, strict=True):
        for y, x in ((0, 0), (3, 7), (height - 1, 0), (10, width - 1)):
            assert (after[b * x + d * y - top, a * x + c * y - left] == before[y, x]).all()
        assert (after == upright(before, orientation)).all()


class _Unlisted:
    """A frame with side data of a kind that PyAV has no name for (a newer HEVC stream has one)."""

    def __init__(self, frame):
        self.rotation = frame.rotation

    @property
    def side_data(self):
        raise ValueError("30 is not a valid Type")


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_turns_are_known_where_pyav_cannot_list_what_a_frame_carries(orientation):
    clip = clips.encoded(clips.pictures(1, 32, 48), codec="mpeg4", container="mp4", pix_fmt="yuv420p")
    with av.open(io.BytesIO(with_matrix(clip, *_TURNS[orientation]))) as container:
        frame = next(container.decode(video=0))
        assert turn_of(frame) == (orientation, "")
        assert turn_of(_Unlisted(frame)) == (orientation, "")


def test_a_slant_is_not_applied_and_told():
    clip = clips.encoded(clips.pictures(1, 32, 48), codec="mpeg4", container="mp4", pix_fmt="yuv420p")
    pixels, warnings = read(with_matrix(clip, 0.8660254, 0.5, -0.5, 0.8660254))
    assert pixels[0].shape == (32, 48, 3)
    assert "rotation-ignored: 30 degrees" in warnings


# Selection -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "numbers"),
    [({}, range(9)), ({"start": 3}, range(3, 9)), ({"every": 4}, (0, 4, 8)), ({"start": 2, "every": 3}, (2, 5, 8)),
     ({"count": 2}, (0, 1)), ({"start": 7, "every": 5, "count": 3}, (7,)), ({"start": 9}, ())],
)  # fmt: skip
def test_selected_frames(options, numbers):
    frames = clips.yuv(9, 16, 16)
    with open_video(clips.y4m(frames), plane="y") as video:
        taken = list(video.frames(**options))
    assert [f.index for f in taken] == list(numbers)
    assert all((f.pixels == frames[f.index][0]).all() for f in taken)


@pytest.mark.parametrize("options", [{"start": -1}, {"every": 0}, {"count": 0}, {"every": 1.5}, {"start": True}])
def test_a_selection_that_selects_nothing_is_refused(options):
    with open_video(clips.y4m(clips.yuv(1))) as video, pytest.raises(OptionError):
        list(video.frames(**options))


def test_frames_are_taken_once():
    with open_video(clips.y4m(clips.yuv(2))) as video:
        assert len(list(video)) == 2
        with pytest.raises(InputError, match="taken already"):
            list(video)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (3, 5), (33, 17)])
@pytest.mark.parametrize("space", ["420jpeg", "422", "444"])
def test_odd_sizes_and_a_single_frame(size, space):
    width, height = size
    sampling = space.removesuffix("jpeg")
    pixels, _ = read(clips.y4m(clips.yuv(1, height, width, sampling=sampling), space=space))
    assert [p.shape for p in pixels] == [(height, width, 3)]
