"""PNM samples to arrays, exact to 16 bit; other decoders cut colour to 8."""

from __future__ import annotations

import re

import numpy as np

from visq.errors import ReadError
from visq.media.headers.base import damaged
from visq.media.headers.pnm import layout

_BLOCK = 1 << 20
_BLANK = re.compile(rb"[ \t\r\n\v\f]")
_COMMENT = re.compile(rb"#[^\r\n]*")
_STRANGE = re.compile(rb"[^0-9 \t\r\n\v\f]")
_NO_NUMBER = re.compile(rb"[^0-9 \t\r\n\v\f]|\d{8}")


def decode(data: bytes) -> np.ndarray:
    """`(H, W)` or `(H, W, 3)`, uint8 where the largest value is below 256, else uint16.

    What is missing is left 0; whether that is allowed was decided before.
    """
    width, height, maximum, start = layout(data)
    kind = data[1:2]
    channels = 3 if kind in b"36" else 1
    dtype = np.dtype(np.uint8 if maximum < 256 else np.uint16)
    samples = width * height * channels
    if kind == b"4":
        out = _bits(data, start, width, height)
    elif kind in b"56":
        count = min(samples, (len(data) - start) // dtype.itemsize)
        out = np.frombuffer(data, dtype.newbyteorder(">"), count, start)
        # A copy: what is handed out may be written to, and does not keep the file's bytes alive.
        out = out.astype(dtype)
        if count < samples:
            out = np.concatenate([out, np.zeros(samples - count, dtype)])
    else:
        out = _plain(data, start, samples, dtype, kind == b"1")
    if kind not in b"14":
        out = _scaled(out, maximum)
    shape = (height, width) if channels == 1 else (height, width, 3)
    return out.reshape(shape)


def _bits(data: bytes, start: int, width: int, height: int) -> np.ndarray:
    row = (width + 7) // 8
    packed = np.zeros(row * height, np.uint8)
    given = np.frombuffer(data, np.uint8, min(packed.size, len(data) - start), start)
    packed[: given.size] = given
    # In PBM 1 is black.
    return (1 - np.unpackbits(packed.reshape(height, row), axis=1)[:, :width]) * np.uint8(255)


def _plain(data: bytes, start: int, samples: int, dtype: np.dtype, bitmap: bool) -> np.ndarray:
    """Numbers as text, in blocks: one object a number would take a hundred times their memory."""
    out = np.zeros(samples, dtype)
    filled, position, strange = 0, start, False
    while position < len(data) and filled < samples and not strange:
        end = _block_end(data, position)
        text = _COMMENT.sub(b"", data[position:end])
        found = (_STRANGE if bitmap else _NO_NUMBER).search(text)
        if found:
            # What follows the last sample is nobody's business; what comes before it is.
            text, strange = text[: found.start()], True
        values = _digits(text) if bitmap else np.array(text.split(), dtype="S8").astype(np.int64)
        values = values[: samples - filled]
        if values.size and values.max() > (1 if bitmap else np.iinfo(dtype).max):
            raise damaged("PNM", "a sample is larger than its header allows")
        out[filled : filled + values.size] = 255 * (1 - values) if bitmap else values
        filled += values.size
        position = end
    if filled < samples and strange:
        raise damaged("PNM", "its samples hold something that is not a number")
    if filled < samples:
        raise ReadError("truncated: some of its samples are missing", hint="Fetch or write it again.")
    return out


def _block_end(data: bytes, start: int) -> int:
    """About a block further, but neither inside a number nor inside a comment."""
    end = start + _BLOCK
    if end >= len(data):
        return len(data)
    comment = data.rfind(b"#", start, end)
    if comment >= 0 and data.find(b"\n", comment, end) < 0:
        line = data.find(b"\n", end)
        return line + 1 if line >= 0 else len(data)
    blank = _BLANK.search(data, end)
    return blank.end() if blank else len(data)


def _digits(text: bytes) -> np.ndarray:
    found = np.frombuffer(text, np.uint8)
    return found[found >= ord("0")] - np.uint8(ord("0"))


def _scaled(out: np.ndarray, maximum: int) -> np.ndarray:
    """To the full range of the dtype, rounded to nearest; a sample over the stated maximum is an error."""
    white = int(np.iinfo(out.dtype).max)
    if maximum == white:
        return out
    if out.size and int(out.max()) > maximum:
        raise damaged("PNM", "a sample is larger than its header allows")
    table = ((np.arange(maximum + 1, dtype=np.int64) * white * 2 + maximum) // (2 * maximum)).astype(out.dtype)
    return table[out]
