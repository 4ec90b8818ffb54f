"""Video files that are not whole, not video, or mean no good: an error in words, never a wrong picture."""

from __future__ import annotations

import io

import numpy as np
import pytest

import video_clips as clips
from visq.errors import (
    FormatError,
    InputError,
    InputTypeError,
    LimitError,
    MissingExtraError,
    OptionError,
    ReadError,
    VisqError,
)
from visq.media.video import open_video

av = pytest.importorskip("av", reason="video needs PyAV")


def read(source, **options):
    """All pixels, and the video's warnings at its end."""
    with open_video(source, **options) as video:
        return [frame.pixels for frame in video.frames()], video.warnings


def _mp4():
    return clips.encoded(clips.pictures(8), codec="mpeg4", container="mp4", pix_fmt="yuv420p", options={"g": "1"})


def _cut(data):
    return data[: len(data) * 6 // 10]


def test_an_mp4_without_its_index_is_an_error():
    with pytest.raises(ReadError, match="ends before the index"):
        open_video(_cut(_mp4()))


def test_what_there_is_of_a_truncated_file_by_permission_alone(tmp_path):
    begun_by_index = {"movflags": "faststart"}
    av_file = tmp_path / "index-first.mp4"
    with av.open(io.BytesIO(_mp4())) as source, av.open(av_file, "w", format="mp4", options=begun_by_index) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    lossless = [clips.encoded(clips.pictures(8), container=c) for c in ("matroska", "avi")]
    for clip in (av_file.read_bytes(), *lossless):
        whole, _ = read(clip)
        with pytest.raises(ReadError, match=r"truncated: .* bytes are there"):
            open_video(_cut(clip))
        some, warnings = read(_cut(clip), allow_truncated=True)
        assert 0 < len(some) < len(whole) == 8
        assert any(w.startswith("truncated: ") for w in warnings)


def test_truncated_y4m_and_raw_video():
    frames = clips.yuv(3, 16, 16)
    with pytest.raises(ReadError, match="frame 2 is not whole"):
        open_video(clips.y4m(frames)[:-1])
    pixels, warnings = read(clips.y4m(frames)[:-1], allow_truncated=True, plane="y")
    assert len(pixels) == 2
    assert warnings == ("truncated: its frame 2 is not whole",)
    with pytest.raises(ReadError, match="383 bytes are left after 2 whole frames"):
        open_video(clips.raw(frames)[:-1], size=(16, 16))
    assert len(read(clips.raw(frames)[:-1], size=(16, 16), allow_truncated=True)[0]) == 2
    with pytest.raises(ReadError):
        open_video(b"\0" * 10, size=(16, 16))


def test_y4m_frames_with_parameters_are_whole():
    clip = clips.y4m(clips.yuv(3)).replace(b"FRAME\n", b"FRAME Ip\n")
    try:
        count = len(read(clip)[0])
    except ReadError:
        pytest.skip("this FFmpeg takes no parameters of frames")
    assert count == 3


def test_damage_is_an_error_unless_it_is_allowed():
    clip = _mp4()
    whole, _ = read(clip)
    refused = 0
    for place in range(clip.index(b"mdat") + 60, clip.index(b"moov") - 4, 37):
        broken = bytearray(clip)
        broken[place] ^= 0x55
        try:
            read(bytes(broken))
        except ReadError as error:
            assert "frame" in str(error)  # noqa: PT017
            refused += 1
            if "frame 0 " not in str(error):
                pixels, warnings = read(bytes(broken), allow_truncated=True)
                assert 0 < len(pixels) < len(whole)
                assert all((one == other).all() for one, other in zip(pixels, whole, strict=False))
                assert any(w.startswith("truncated: ") for w in warnings)
    assert refused


def _sound():
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return file.getvalue()


def _png():
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(clips.pictures(1)[0]).save(file, format="PNG")
    return file.getvalue()


_WAVE = b"RIFF\xe4\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x40\x1f\0\0\1\0\x08\0data\xc0\0\0\0" + bytes(192)
_PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"


@pytest.mark.parametrize(
    ("data", "kind", "words"),
    [
        (lambda: b"", ReadError, "the file is empty"),
        (lambda: bytes(5000), FormatError, "a run of zero bytes"),
        (_png, FormatError, "an image.*visq score"),
        (_sound, FormatError, "no video in the file: it holds sound only"),
        (lambda: _WAVE, FormatError, "a sound file"),
        (lambda: _PLAYLIST, FormatError, "a text file"),
        (lambda: b"ffconcat version 1.0\nfile /etc/hostname\n", FormatError, "a text file"),
        (lambda: b"<MPD></MPD>", FormatError, "a text file"),
        (lambda: b"\x00\x00\x00\x18ftypmp42" + bytes(50), ReadError, "MP4"),
        (lambda: b"YUV4MPEG2 W1", ReadError, "cut or damaged"),
        (lambda: b"YUV4MPEG2 W64 H48 F25:1 C420\n", ReadError, "not one frame"),
        (lambda: b"GIF89a\1\0\1\0\0\0\0;", FormatError, "an image"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_is_no_video_is_refused_in_words(data, kind, words, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data())
    with pytest.raises(kind, match=words) as caught:
        open_video(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(ReadError, match="does not exist"):
        open_video(tmp_path / "none.mp4")
    with pytest.raises(ReadError, match="directory"):
        open_video(tmp_path)
    with pytest.raises(ReadError, match=r"does not exist.*local files"):
        open_video("http://127.0.0.1:9/clip.mp4")
    with pytest.raises(InputTypeError):
        open_video(3)


def test_names_that_ffmpeg_would_take_for_commands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("concat:a|b", "-", "pipe:0", "a\nb.y4m", "%03d.y4m"):
        (tmp_path / name).write_bytes(clips.y4m(clips.yuv(1)))
        assert len(read(name)[0]) == 1


def test_a_size_that_changes_midway():
    parts = [clips.encoded(clips.pictures(3, *size), codec="libx264", container="h264", pix_fmt="yuv420p")
             for size in ((48, 64), (64, 80))]  # fmt: skip
    assert len(read(parts[0])[0]) == 3
    with pytest.raises(ReadError, match=r"frames change at number 3; expected 64x48 yuv420p.*got 80x64 yuv420p"):
        read(b"".join(parts))


def test_limits():
    clip = clips.encoded(clips.pictures(5))
    with pytest.raises(LimitError, match=r"64x48.*max_pixels"):
        open_video(clip, max_pixels=64 * 48 - 1)
    assert len(read(clip, max_pixels=64 * 48)[0]) == 5
    with pytest.raises(LimitError, match="max_frames"):
        read(clip, max_frames=4)
    assert len(read(clip, max_frames=5)[0]) == 5
    assert len(read(clip, max_pixels=10**30)[0]) == 5
    # A header alone, of a picture that would take 3 GB.
    with pytest.raises((LimitError, ReadError)):
        open_video(b"YUV4MPEG2 W32000 H32000 F25:1 C420\nFRAME\n")


@pytest.mark.parametrize("codec", ["ffv1", "mpeg4"])
def test_damaged_bytes_never_crash(codec):
    """Frames or an error of visq, nothing else."""
    made = {"ffv1": ("matroska", "bgr0"), "mpeg4": ("mp4", "yuv420p")}[codec]
    clip = clips.encoded(clips.pictures(4, 32, 32), codec=codec, container=made[0], pix_fmt=made[1])
    rng = np.random.default_rng(7)
    outcomes = set()
    for round_ in range(60):
        data = bytearray(clip)
        for place in rng.integers(0, len(data), 4):
            data[place] = rng.integers(256)
        if round_ % 3 == 0:
            data = data[: rng.integers(1, len(data))]
        try:
            outcomes.add(len(read(bytes(data), allow_truncated=round_ % 2 == 0, max_pixels=10_000)[0]))
        except VisqError:
            outcomes.add("refused")
    assert "refused" in outcomes


def test_frames_are_not_decoded_side_by_side():
    """FFmpeg's HEVC decoder, with threads for whole frames, waits for ever on one damaged file in some thousand."""
    with open_video(_mp4()) as video:
        assert video._opened.stream.codec_context.thread_type.name == "SLICE"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"plane": "u"}, OptionError), ({"matrix": "bt470"}, OptionError), ({"levels": "tv"}, OptionError),
        ({"size": (0, 4)}, OptionError), ({"size": (4, 4), "pix_fmt": "yuv"}, OptionError),
        ({"size": (4, 4), "rate": 0}, OptionError), ({"size": (4, 4), "pix_fmt": "monow"}, FormatError),
        ({"size": (4, 4), "pix_fmt": "gbrpf32le"}, FormatError), ({"size": (4, 4), "pix_fmt": "pal8"}, FormatError),
        ({"size": (4, 4), "pix_fmt": "rgb24", "plane": "y"}, FormatError),
        ({"size": 4}, OptionError), ({"size": (4, 4), "rate": "25"}, OptionError),
        ({"size": (4, 4), "rate": 1e-4}, OptionError), ({"rate": 25}, OptionError), ({"pix_fmt": "gray"}, OptionError),
        ({"plane": "y", "matrix": "bt709"}, OptionError), ({"plane": "y", "levels": "full"}, OptionError),
    ],
)  # fmt: skip
def test_options_that_cannot_be(options, error):
    with pytest.raises(error):
        read(bytes(480), **options)


def test_a_closed_video_has_no_more_frames():
    clip = clips.y4m(clips.yuv(3))
    with open_video(clip) as video:
        pass
    with pytest.raises(InputError, match="closed"):
        next(video.frames())
    with open_video(clip) as video:
        frames = video.frames()
        assert next(frames).index == 0
    with pytest.raises(InputError, match="closed"):
        next(frames)


def test_frames_that_are_not_shown_are_told():
    whole = _mp4()
    assert not any(w.startswith("frames-missing") for w in read(whole)[1])
    data = bytearray(whole)
    # How long a frame is shown: far longer than the edit list says that the film lasts.
    step = data.find(b"stts") + 16
    data[step : step + 4] = b"\x7f\xff\xff\xff"
    frames, warnings = read(bytes(data))
    claimed = len(read(whole)[0])
    assert len(frames) < claimed
    assert f"frames-missing: {len(frames)} of {claimed} are shown" in warnings


def test_the_picture_of_a_song_is_no_video():
    av = pytest.importorskip("av")
    for with_film in (False, True):
        file = io.BytesIO()
        with av.open(file, "w", format="mp4") as output:
            streams = [output.add_stream("mjpeg", rate=25), *([output.add_stream("mpeg4", rate=25)] * with_film)]
            for stream in streams:
                stream.width, stream.height = 64, 48
                stream.pix_fmt = "yuvj420p" if stream is streams[0] else "yuv420p"
            streams[0].disposition = 1024
            for stream in streams:
                for _ in range(1 if stream is streams[0] else 3):
                    output.mux(stream.encode(av.VideoFrame(64, 48, stream.pix_fmt)))
                output.mux(stream.encode(None))
        if with_film:
            frames, warnings = read(file.getvalue())
            assert len(frames) == 3
            assert not any(w.startswith("first-stream") for w in warnings)
        else:
            with pytest.raises(ReadError, match="no pictures"):
                open_video(file.getvalue())


def test_samples_that_do_not_fit_their_depth():
    data = np.full((4, 4), 1024, "<u2").tobytes() + bytes(16)
    with pytest.raises(ReadError, match="do not fit 10 bit"):
        read(data, size=(4, 4), pix_fmt="yuv420p10le", plane="y")


def test_without_pyav_there_is_one_line(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'visq\[video\]'"):
        open_video(b"x")
