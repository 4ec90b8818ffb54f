"""Whether a video file is as long as it says, from its boxes and lengths alone. Decoders do not tell."""

from __future__ import annotations

from typing import Any, BinaryIO

from visq.media.video_pixels import form

_BOXES = 1_000_000


def look_at_end(file: BinaryIO, size: int, container: str, context: Any, *, raw: bool) -> tuple[int, str]:
    """How many frames there are, where the bytes tell (else 0), and what is missing; the position is kept.

    MP4, Matroska and AVI state the length of their parts, Y4M and raw samples have frames of one length. Files of other
    kinds that were cut between two packets cannot be told from shorter ones.
    """
    place = file.tell()
    try:
        if raw:
            frames, rest = divmod(size, _frame_bytes(context))
            return frames, f"{rest} bytes are left after {frames} whole frames" if rest else ""
        if container == "yuv4mpegpipe":
            return _y4m(file, size, _frame_bytes(context))
        end = {"mov": _mov_end, "mat": _matroska_end, "avi": _riff_end}.get(container[:3])
        claimed = end(file, size) if end else 0
        return 0, f"{size} of {claimed} bytes are there" if claimed > size else ""
    finally:
        file.seek(place)


def _frame_bytes(context: Any) -> int:
    shape = form(context.pix_fmt)
    height, width = context.height, context.width
    chroma = -(-height // (1 << shape.down)) * -(-width // (1 << shape.across))
    if shape.packed in ("yuyv", "uyvy"):
        samples = 4 * -(-width // 2) * height
    elif shape.packed and shape.kind == "rgb":
        samples = len(shape.packed) * width * height
    else:
        others = {"grey": 0, "rgb": 2 * width * height, "yuv": 2 * chroma}[shape.kind]
        samples = (1 + shape.alpha) * width * height + others
    return samples * shape.dtype.itemsize


def _y4m(file: BinaryIO, size: int, frame: int) -> tuple[int, str]:
    """Frames of a YUV4MPEG file, whose reader passes over a last one that is not whole."""
    file.seek(0)
    place = _line(file, 0)
    frames = 0
    while place < size:
        header = _line(file, place)
        if place + header + frame > size or not header:
            return frames, f"its frame {frames} is not whole"
        place += header + frame
        frames += 1
    return frames, ""


def _line(file: BinaryIO, place: int) -> int:
    """Length of the line that begins at `place`, 0 where none does."""
    file.seek(place)
    return file.read(1024).find(b"\n") + 1


def _mov_end(file: BinaryIO, size: int) -> int:
    """Where the last box of an MP4 says that it ends."""
    place = 0
    for _ in range(_BOXES):
        file.seek(place)
        head = file.read(16)
        if len(head) < 8 or not head[4:8].isalnum():
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1 and len(head) == 16:
            length = int.from_bytes(head[8:16], "big")
        if length < 8 or place + length >= size:
            return place + length if length >= 8 else size
        place += length
    return size


def _matroska_end(file: BinaryIO, size: int) -> int:
    """Where the segment of a Matroska file says that it ends."""
    file.seek(0)
    head = file.read(4096)
    place = 4
    length, width = _variable(head, place)
    place += width + length
    if head[place : place + 4] != b"\x18\x53\x80\x67":
        return size
    length, width = _variable(head, place + 4)
    unknown = not width or length == (1 << 7 * width) - 1
    return size if unknown else place + 4 + width + length


def _variable(data: bytes, place: int) -> tuple[int, int]:
    """An EBML number and the bytes it takes."""
    first = data[place] if place < len(data) else 0
    if not first:
        return 0, 0
    width = 9 - first.bit_length()
    value = int.from_bytes(data[place : place + width], "big") & ((1 << 7 * width) - 1)
    return value, width


def _riff_end(file: BinaryIO, size: int) -> int:
    """Where the last RIFF chunk of an AVI says that it ends."""
    place = 0
    for _ in range(_BOXES):
        file.seek(place)
        head = file.read(8)
        if place + 8 > size or head[:4] != b"RIFF":
            break
        place += 8 + int.from_bytes(head[4:8], "little")
    return place
