"""Every input that cannot be read: one of our errors, one line, naming the file, the fact and what to do."""

from __future__ import annotations

import errno
import io
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

import visq.media.source
from media import corpus
from media.writers import picture, pillow, png, pnm, tiff
from visq.errors import FormatError, InputTypeError, LimitError, ReadError, VisqError
from visq.media import open_image

SMALL = corpus.small()


def message(source, kind=ReadError) -> str:
    with pytest.raises(kind) as caught:
        open_image(source)
    text = str(caught.value)
    assert text.isprintable(), text
    return text


def test_missing(tmp_path):
    path = tmp_path / "nothing.png"
    assert message(path).startswith(f"{path}: does not exist")
    assert "not a folder" in message(tmp_path / "nothing.png" / "more.png") or "does not exist" in message(
        path / "more"
    )
    (tmp_path / "file").write_bytes(b"1")
    assert "not a folder" in message(tmp_path / "file" / "more.png")
    assert "fetch it first" in message("https://example.org/a.png")
    assert "does not exist" in message("")
    assert "not a possible file name" in message("a\0b.png")
    assert "too long" in message("x" * 5000)


def test_directory(tmp_path):
    assert f"{tmp_path}: is a directory" in message(tmp_path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty", "/dev/stdin"])
def test_devices_do_not_hang(device):
    if not Path(device).exists():
        pytest.skip(f"{device} is not on this system")
    with pytest.raises(ReadError):
        open_image(device)


@pytest.mark.timeout(20)
def test_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    assert "is a pipe" in message(tmp_path / "pipe.png")


@pytest.mark.timeout(20)
def test_pipe_that_takes_a_files_place_does_not_hang(tmp_path, monkeypatch):
    path = tmp_path / "photo.png"
    os.mkfifo(path)
    real = Path(__file__).stat()
    monkeypatch.setattr(visq.media.source.os, "stat", lambda *_: real)
    assert "is a pipe" in message(path)


def test_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.png")
        assert "is a socket" in message("s.png")


def test_links(tmp_path):
    dangling = tmp_path / "dangling.png"
    dangling.symlink_to(tmp_path / "nowhere.png")
    assert "link to a file that does not exist" in message(dangling)
    (tmp_path / "a.png").symlink_to(tmp_path / "b.png")
    (tmp_path / "b.png").symlink_to(tmp_path / "a.png")
    assert "leads back to itself" in message(tmp_path / "a.png")
    real = tmp_path / "real.png"
    real.write_bytes(SMALL["rgb.png"])
    (tmp_path / "good.png").symlink_to(real)
    assert open_image(tmp_path / "good.png").width == 37


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.EACCES, "permission denied"), (errno.EMFILE, "too many open files"), (errno.EIO, "disk reports an error"),
     (errno.ESTALE, "cannot be read")],
)  # fmt: skip
def test_system_errors(tmp_path, monkeypatch, number, words):
    path = tmp_path / "photo.png"
    path.write_bytes(SMALL["rgb.png"])

    def refuse(*_args, **_options):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(visq.media.source.os, "open", refuse)
    assert words in message(path)


@pytest.mark.parametrize(
    "name", [b"caf\xe9.png", b"line\nbreak.png", b"tab\t.png", b"\x1b[31mred.png", "\u202egnp.png".encode(), b" .png"]
)
def test_names_are_shown_on_one_line(tmp_path, name):
    path = tmp_path / os.fsdecode(name)
    assert "does not exist" in message(path)
    path.write_bytes(SMALL["rgb.png"])
    image = open_image(path)
    assert image.width == 37
    assert image.meta.source == str(path)
    path.write_bytes(b"text")
    assert "a text file" in message(path, FormatError)


def test_empty(tmp_path):
    path = tmp_path / "empty.png"
    path.write_bytes(b"")
    assert "the file is empty" in message(path)
    assert "no bytes" in message(b"")
    assert "nothing left to read" in message(io.BytesIO())


def test_file_objects():
    assert "text" in message(io.StringIO("text"), InputTypeError)
    closed = io.BytesIO(SMALL["rgb.png"])
    closed.close()
    assert "closed" in message(closed)

    class Failing(io.RawIOBase):
        def read(self, _size=-1):
            raise OSError(errno.EIO, "Input/output error")

    assert "cannot be read" in message(Failing())

    class Endless(io.RawIOBase):
        def read(self, size=-1):
            return bytes(size)

    assert "max_bytes" in message(Endless(), LimitError)


@pytest.mark.parametrize("name", sorted(corpus.foreign()))
def test_what_is_no_image(name, tmp_path):
    path = tmp_path / name
    path.write_bytes(corpus.foreign()[name])
    text = message(path, FormatError)
    assert text.startswith(str(path))
    assert "rror(" not in text


@pytest.mark.parametrize("name", sorted(SMALL))
def test_truncated_anywhere_is_never_read_in_silence(name):
    data = SMALL[name]
    whole = open_image(data)
    for cut in corpus.cuts(data):
        with pytest.raises(ReadError):
            open_image(data[:cut])
        try:
            part = open_image(data[:cut], allow_truncated=True)
        except ReadError:
            continue
        assert part.meta.warnings[0].startswith("truncated: ")
        assert part.pixels.shape == whole.pixels.shape


@pytest.mark.parametrize(
    "name", ["rgb.png", "baseline.jpg", "progressive.jpg", "rgb.bmp", "strips.tif", "raw.ppm", "palette.gif"]
)
def test_allowed_truncation_keeps_the_rows_that_are_there(name):
    rgb = picture(200, 150)
    large = {
        "rgb.png": pillow(rgb, "PNG"),
        "baseline.jpg": pillow(rgb, "JPEG"),
        "progressive.jpg": pillow(rgb, "JPEG", progressive=True),
        "rgb.bmp": pillow(rgb, "BMP"),
        "strips.tif": pillow(rgb, "TIFF"),
        "lzw.tif": pillow(rgb, "TIFF", compression="tiff_lzw", tiffinfo={278: 10}),
        "raw.ppm": pnm(rgb),
        "palette.gif": pillow(PILImage.fromarray(rgb).quantize(32), "GIF"),
    }
    data = large[name]
    whole = open_image(data).pixels
    part = open_image(data[: len(data) * 3 // 4], allow_truncated=True).pixels
    # BMP is stored from the bottom up.
    rows = slice(-8, None) if name.endswith(".bmp") else slice(0, 8)
    slack = 40 if name.startswith("progressive") else 0
    assert np.abs(whole[rows].astype(int) - part[rows]).max() <= slack


def test_every_byte_of_a_jpeg_counts():
    data = SMALL["baseline.jpg"]
    for cut in range(1, len(data)):
        with pytest.raises(ReadError):
            open_image(data[:cut])


_JPEGS = {
    "baseline": {},
    "full colour": {"subsampling": 0, "quality": 98},
    "restarts": {"restart_marker_rows": 1},
    "progressive": {"progressive": True},
    "progressive, restarts": {"progressive": True, "restart_marker_blocks": 7},
}


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
@pytest.mark.parametrize("kind", sorted(_JPEGS))
def test_a_jpeg_closed_before_its_data_end_is_truncated(kind, mode):
    rgb = PILImage.fromarray(picture(97, 65))
    image = PILImage.merge("CMYK", [*rgb.split(), rgb.getchannel(0)]) if mode == "CMYK" else rgb.convert(mode)
    data = pillow(image, "JPEG", **_JPEGS[kind])
    whole = open_image(data)
    begin = data.rindex(b"\xff\xda") + 20
    for cut in range(begin, len(data) - 40, max(1, (len(data) - begin) // 12)):
        closed = data[:cut] + b"\xff\xd9"
        assert "its data end before its end mark" in message(closed, ReadError)
        part = open_image(closed, allow_truncated=True)
        assert part.meta.warnings[0].startswith("truncated: ")
        assert part.pixels.shape == whole.pixels.shape


@pytest.mark.parametrize("kind", sorted(_JPEGS))
@pytest.mark.parametrize("grey", [np.s_[:], np.s_[20:], np.s_[:, 20:]])
def test_a_whole_jpeg_that_ends_grey_is_read(kind, grey):
    pixels = picture(61, 45).copy()
    pixels[grey] = 128
    for mode in ("L", "RGB", "CMYK"):
        image = PILImage.fromarray(pixels).convert(mode)
        assert open_image(pillow(image, "JPEG", **_JPEGS[kind])).pixels.shape[:2] == pixels.shape[:2]


@pytest.mark.parametrize("where", ["IHDR", "IDAT", "PLTE"])
def test_wrong_checksum(where):
    data = bytearray(SMALL["palette.png"])
    data[data.index(where.encode()) + 5] ^= 1
    with pytest.raises(ReadError):
        open_image(bytes(data))
    with pytest.raises(ReadError):
        open_image(bytes(data), allow_truncated=True)


def test_sizes_of_nothing():
    for data in (
        png(np.zeros((4, 4), np.uint8), 8, 0).replace(b"\0\0\0\x04\0\0\0\x04", b"\0\0\0\0\0\0\0\x04"),
        b"P5 0 4 255\n",
        b"P5 4 4 0\n" + bytes(16),
        b"P5 4 4 70000\n" + bytes(32),
        tiff(picture(), 8, 2)[:-1],
    ):
        message(data)


def test_tiff_whose_pages_run_in_a_circle():
    data = bytearray(tiff(picture(4, 4, 1), 8, 1))
    start = int.from_bytes(data[4:8], "little")
    end = start + 2 + 12 * int.from_bytes(data[start : start + 2], "little")
    data[end : end + 4] = data[4:8]
    assert open_image(bytes(data)).meta.frames == 1


def test_no_text_of_a_library_stands_first_and_stderr_stays_empty(tmp_path):
    broken = bytearray(pillow(picture(), "TIFF", compression="tiff_lzw"))
    broken[10:400] = bytes(390)
    (tmp_path / "a.tif").write_bytes(broken)
    packed = bytearray(tiff(picture(), 8, 2, deflate=True))
    packed[20:200] = b"\xaa" * 180
    (tmp_path / "b.tif").write_bytes(packed)
    deep = bytearray(tiff(picture(depth=16), 16, 2, deflate=True))
    deep[20:200] = b"\xaa" * 180
    (tmp_path / "c.tif").write_bytes(deep)
    code = """
import sys
from visq.media import open_image
from visq.errors import ReadError
for name in sys.argv[1:]:
    try:
        open_image(name)
    except ReadError as error:
        print(error)
"""
    names = [str(tmp_path / f"{letter}.tif") for letter in "abc"]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *names], capture_output=True, text=True, check=True
    )
    assert run.stderr == ""
    lines = run.stdout.splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{name}: its TIFF data ") for name, line in zip(names, lines, strict=True))


def test_out_of_memory_is_an_error_of_ours(monkeypatch):
    def load(*_args):
        raise MemoryError

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    assert "memory" in message(SMALL["rgb.png"])


def test_errors_of_every_kind_are_wrapped(monkeypatch):
    for kind in (
        ValueError,
        OverflowError,
        SyntaxError,
        KeyError,
        RuntimeError,
        PILImage.DecompressionBombError,
        TypeError,
    ):

        def load(*_args, kind=kind):
            raise kind("first line\nsecond line")

        monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
        assert "cannot be decoded" in message(SMALL["rgb.png"])


def test_many_threads_at_once(tmp_path):
    expected = {name: open_image(data).pixels for name, data in SMALL.items()}
    wrong: list[str] = []

    def work(seed: int) -> None:
        names = list(SMALL)
        np.random.default_rng(seed).shuffle(names)
        for name in names:
            try:
                if not np.array_equal(open_image(SMALL[name]).pixels, expected[name]):
                    wrong.append(name)
                open_image(SMALL[name][: len(SMALL[name]) // 2])
                wrong.append(f"{name} cut")
            except VisqError:
                pass

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_whole_corpus(tmp_path):
    for case in corpus.build(tmp_path):
        if case.error:
            kind = {"ReadError": ReadError, "FormatError": FormatError, "LimitError": LimitError}[case.error]
            assert message(case.path, kind).startswith(str(case.path))
            continue
        image = open_image(case.path)
        if case.pixels is not None:
            assert np.array_equal(image.pixels, case.pixels), case.path
        if case.warning:
            assert case.warning in image.meta.warnings, case.path


def test_importing_is_light():
    code = (
        "import sys, visq.media\nprint([m for m in ('numpy', 'PIL', 'torch', 'pyvips', 'numba') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
