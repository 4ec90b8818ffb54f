"""One file of a database: is it a picture, how large, and is it the same as another?"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from visq.errors import MissingExtraError, VisqError

# Beginning and end of a file, which tell most files apart without reading all of them.
_SAMPLE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found out about a file. `size` is (width, height) as stored; `problem` says why it is not usable."""

    path: str
    bytes: int
    size: tuple[int, int] | None
    problem: str
    sample: str


def look(root: Path, path: str, full: bool, video: bool) -> Looked:
    """Header, or with `full` all pixels, of one file, and a hash of its beginning and end."""
    file = root / path
    try:
        length = file.stat().st_size
        sample = _sample_hash(file, length)
    except OSError as error:
        return Looked(path, 0, None, error.strerror or str(error), "")
    if length == 0:
        return Looked(path, 0, None, "an empty file", sample)
    size, problem = _look_at_video(file, full) if video else _look_at_picture(file, full)
    return Looked(path, length, size, problem, sample)


def _look_at_picture(file: Path, full: bool) -> tuple[tuple[int, int] | None, str]:
    from PIL import Image

    from visq.media import open_image

    size = None
    try:
        with Image.open(file) as image:  # the header alone: nothing is decoded
            size = image.size
    except Exception as error:  # Pillow lets through whatever its parsers meet in a damaged file
        if not full:
            return None, f"no picture: {_one_line(error, file)}"
    if full:
        try:
            read = open_image(file)
        except MissingExtraError:
            raise  # no damage of the file: every such file would be told as one
        except VisqError as error:
            return size, _one_line(error, file)
        size = size or (read.meta.width, read.meta.height)
    return size, ""


def _look_at_video(file: Path, full: bool) -> tuple[tuple[int, int] | None, str]:
    from visq.media.video import open_video

    if not full:
        return None, ""
    try:
        with open_video(file) as video:
            for _ in video:
                pass
    except MissingExtraError:
        raise
    except VisqError as error:
        return None, _one_line(error, file)
    return None, ""


def _one_line(error: Exception, file: Path) -> str:
    text = " ".join(str(error).split())
    return text.removeprefix(f"{file}: ").replace(f"'{file}'", "it").replace(str(file), file.name)


def _sample_hash(file: Path, length: int) -> str:
    with file.open("rb") as stream:
        head = stream.read(_SAMPLE_BYTES)
        stream.seek(max(len(head), length - _SAMPLE_BYTES))
        return hashlib.sha256(b"%d:" % length + head + stream.read(_SAMPLE_BYTES)).hexdigest()


def whole_hash(file: Path) -> str:
    """SHA-256 of a whole file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
