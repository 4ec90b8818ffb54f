"""What files may ask for: refused from the header, at once and in little memory, with the option that raises it."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from media import corpus
from media.writers import chunk, picture, pillow, png, pnm, tiff
from visq.errors import LimitError, OptionError
from visq.media import Limits, open_image

OPTIONS = {"scans.jpg": "max_scans", "strips.tif": "max_strips", "pages.tif": "max_frames"}


def measured(code: str, *arguments: str) -> dict:
    """Run code in a fresh process that fills `result`; its peak memory in MB, `peak()`, is added.

    `ru_maxrss` would not do: a child inherits its parent's.
    """
    if not Path("/proc/self/status").exists():
        pytest.skip("peak memory is read from /proc")
    prologue = """
        import re
        from pathlib import Path
        def peak():
            return int(re.search("VmHWM:[^0-9]*([0-9]+)", Path("/proc/self/status").read_text())[1]) / 1024
        """
    program = (
        textwrap.dedent(prologue) + textwrap.dedent(code) + "\nresult['peak'] = peak()\nprint(json.dumps(result))\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", sorted(corpus.bombs()))
def test_bombs_name_the_option(name):
    with pytest.raises(LimitError) as caught:
        open_image(corpus.bombs()[name])
    assert OPTIONS.get(name, "max_pixels") + "=" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bombs_take_no_time_and_no_memory(tmp_path):
    for name, data in corpus.bombs().items():
        (tmp_path / name).write_bytes(data)
    found = measured(
        """
        import json, pathlib, sys, time
        from visq.errors import LimitError
        from visq.media import open_image
        import visq.media.reader, PIL.Image
        before = peak()
        slowest = 0
        for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
            start = time.perf_counter()
            try:
                open_image(path)
                raise SystemExit(f"{path} was read")
            except LimitError:
                slowest = max(slowest, time.perf_counter() - start)
        result = {"slowest": slowest, "before": before}
        """,
        str(tmp_path),
    )
    # The gates are 1 s and 200 MB in all, interpreter and libraries included; leave room for a loaded machine.
    assert found["slowest"] < 1
    assert found["peak"] < 200


def test_option_raises_the_limit():
    pixels = np.zeros((30, 40), np.uint8)
    for data in (pillow(pixels, "PNG"), pillow(pixels, "JPEG"), pillow(pixels, "BMP"), pnm(pixels), tiff(pixels, 8, 1)):
        with pytest.raises(LimitError, match="max_pixels=1200"):
            open_image(data, limits=Limits(max_pixels=1199))
        assert open_image(data, limits=Limits(max_pixels=1200)).pixels.shape == (30, 40)
        with pytest.raises(LimitError, match="max_bytes"):
            open_image(data, limits=Limits(max_bytes=len(data) - 1))
        assert open_image(data, limits=Limits(max_bytes=len(data))).width == 40


def test_scans_are_counted():
    data = pillow(picture(), "JPEG", progressive=True)
    with pytest.raises(LimitError, match="max_scans=4"):
        open_image(data, limits=Limits(max_scans=3))
    assert open_image(data).width == 37


def test_scans_times_pixels_are_bounded():
    # 200 scans are allowed, but not of a picture as large as allowed: each costs a pass over all of it.
    data = pillow(picture(), "JPEG", progressive=True)
    # The first scan can be sent again as it is; those that refine what is there would need other data.
    begin = data.index(b"\xff\xda")
    many = data[:-2] + data[begin : data.index(b"\xff\xc4", begin)] * 200 + b"\xff\xd9"
    assert open_image(many).width == 37
    with pytest.raises(LimitError, match="max_pixels"):
        open_image(many, limits=Limits(max_pixels=37 * 24))


def test_frames_and_segments_are_counted():
    frames = [picture(8, 8, seed=s) for s in range(4)]
    from PIL import Image

    images = [Image.fromarray(f) for f in frames]
    for kind in ("GIF", "WEBP", "TIFF", "AVIF"):
        data = pillow(images[0], kind, save_all=True, append_images=images[1:])
        with pytest.raises(LimitError, match="max_frames"):
            open_image(data, limits=Limits(max_frames=2))
        assert open_image(data, limits=Limits(max_frames=4)).meta.frames == 4
    busy = png(frames[0], 8, 2, chunks=((b"teSt", b""),) * 1000)
    with pytest.raises(LimitError, match="max_segments"):
        open_image(busy, limits=Limits(max_segments=1000))
    assert open_image(busy).width == 8


def hostile() -> dict[str, bytes]:
    """Files that take a careless reader minutes or gigabytes before any pixel is decoded."""
    avif = bytearray(pillow(picture(), "AVIF"))
    place = avif.index(b"iloc") + 8
    avif[place : place + 4] = b"\0\0\xff\xff"
    jpeg = pillow(picture(), "JPEG")
    return {
        "marks.jpg": jpeg[:2] + b"\xff" * 8_000_000 + jpeg[2:],
        "stuffing.jpg": jpeg[:2] + b"\xff\0" * 3_000_000,
        "comments.png": b"<!---->" * 290 + b"<",
        "blanks.ppm": b"P6" + b" " * 8_000_000 + b"4 4 255\n" + bytes(48),
        "comment.ppm": b"P3\n4 4 255\n#" + b"1 " * 4_000_000,
        "line.ppm": b"P3 4 4 255 " + b"1 " * 4_000_000,
        "digits.ppm": b"P2 4 4 255\n" + b"1" * 8_000_000,
        "items.avif": bytes(avif),
        "blocks.gif": pillow(picture(channels=1), "GIF")[:-2] + b"\x01\0" * 4_000_000,
        "padding.gif": pillow(picture(channels=1), "GIF")[:-1] + bytes(8_000_000),
        "chunks.png": png(picture(), 8, 2)[:-12] + chunk(b"teSt", b"") * 1_000_000,
    }


def test_hostile_structure_takes_neither_time_nor_memory(tmp_path):
    for name, data in hostile().items():
        (tmp_path / name).write_bytes(data)
    found = measured(
        """
        import json, pathlib, sys, time
        from visq.errors import VisqError
        from visq.media import open_image
        import visq.media.reader, PIL.Image
        times = {}
        for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
            start = time.perf_counter()
            try:
                open_image(path)
            except VisqError as error:
                pass
            times[path.name] = time.perf_counter() - start
        result = {"times": times}
        """,
        str(tmp_path),
    )
    assert max(found["times"].values()) < 4, found["times"]
    assert found["peak"] < 350, found


def test_service_limits():
    service = Limits.service()
    assert service.max_pixels == 32_000_000
    assert service.max_bytes == 20_000_000
    head = png(np.zeros((1, 1), np.uint8), 8, 0)
    large = head[:16] + struct.pack(">II", 8000, 4001) + head[24:]
    from zlib import crc32

    large = large[:29] + struct.pack(">I", crc32(large[12:29])) + large[33:]
    with pytest.raises(LimitError, match="32,008,000"):
        open_image(large, limits=service)


@pytest.mark.parametrize("value", [0, -1, 1.5, "many", None, True])
def test_limits_are_checked(value):
    with pytest.raises(OptionError):
        Limits(max_pixels=value)


def test_pil_image_over_the_limit():
    from PIL import Image

    with pytest.raises(LimitError):
        open_image(Image.new("L", (100, 100)), limits=Limits(max_pixels=9999))


def test_a_file_of_100_megapixels_is_read_when_allowed(tmp_path):
    # Beyond Pillow's own limit, which warns at 89 megapixels and is process-wide: ours replaces it without touching it.
    found = measured(
        """
        import json, sys
        import numpy as np
        from PIL import Image
        from visq.errors import LimitError
        from visq.media import Limits, open_image
        Image.new("L", (10_000, 10_000), 77).save(sys.argv[1])
        unchanged = Image.MAX_IMAGE_PIXELS
        try:
            open_image(sys.argv[1])
            refused = False
        except LimitError:
            refused = True
        image = open_image(sys.argv[1], limits=Limits(max_pixels=10**8))
        result = {"refused": refused, "same": Image.MAX_IMAGE_PIXELS == unchanged, "mean": float(image.pixels.mean())}
        """,
        str(tmp_path / "large.png"),
    )
    assert found["refused"]
    assert found["same"]
    assert found["mean"] == 77
    # 100 MB in Pillow, 100 MB of pixels, and the interpreter with its libraries.
    assert found["peak"] < 400


def test_memory_of_a_large_photograph(tmp_path):
    from PIL import Image

    Image.linear_gradient("L").resize((6000, 4000)).convert("RGB").save(tmp_path / "large.jpg")
    found = measured(
        """
        import json, sys
        import numpy as np
        from PIL import Image
        from visq.media import open_image
        import visq.media.reader, PIL.JpegImagePlugin
        before = peak()
        image = open_image(sys.argv[1])
        result = {"before": before, "shape": image.pixels.shape}
        """,
        str(tmp_path / "large.jpg"),
    )
    assert found["shape"] == [4000, 6000, 3]
    # Pillow keeps four bytes a pixel (92 MB), the result three (69 MB); strips of 2 megapixels come and go beside them.
    assert found["peak"] - found["before"] < 92 + 69 + 40
