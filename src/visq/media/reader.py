"""`open_image`: whatever holds one picture, to an `Image`."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import numpy as np

from visq.errors import InputTypeError, ReadError, VisqError
from visq.media import arrays, decode, deep, pnm, sniff
from visq.media.headers import Header, scan
from visq.media.image import Image
from visq.media.limits import Limits
from visq.media.orient import upright
from visq.media.source import check_bytes, printable, read_file_object, read_path
from visq.ops.arrays import is_torch
from visq.types import ImageMeta

_DEFAULT = Limits()


def open_image(source: Any, *, limits: Limits = _DEFAULT, allow_truncated: bool = False) -> Image:
    """Read one picture exactly, or say why not.

    Parameters
    ----------
    source : path, bytes, binary file object, PIL image, NumPy array, torch tensor or Image
        Arrays are one image: `(H, W)`, `(H, W, 1|3|4)`; tensors `(H, W)`, `(C, H, W)`, `(1, C, H, W)`; uint8, uint16,
        or floats in 0..1, which stay floats. An `Image` comes back as it is.
    limits : Limits
        What a file may ask for; checked from its header before it is decoded.
    allow_truncated : bool
        Read what there is of a file that ends too early, and say so in `meta.warnings`.

    Returns
    -------
    Image
        sRGB pixels in the file's own depth, upright, without alpha. `meta.warnings` lists what was altered: the table
        in `visq.media` has the rules.

    Raises
    ------
    ReadError
        Missing, not a file, not permitted, empty, truncated, damaged.
    FormatError
        Not one of the formats, or pixels that would not be read exactly.
    LimitError
        More pixels, bytes, scans, frames or strips than the limits allow.
    MissingExtraError
        16-bit colour without the `hdr` extra.
    InputError, InputTypeError, RangeError
        An array that is no image, or an object of another type.

    Examples
    --------
    >>> image = open_image(b"P5 2 1 255 \\x00\\xff")
    >>> image.pixels.tolist(), image.meta.format, image.meta.warnings
    ([[0, 255]], 'PNM', ())
    """
    if isinstance(source, Image):
        return source
    if not isinstance(limits, Limits):
        raise InputTypeError("limits is not usable", expected="a visq.media.Limits", got=type(limits).__name__)
    name, label = _names(source)
    try:
        if arrays.is_pil(source):
            pixels, header = arrays.from_pil(source, limits)
            return _finish(pixels, header, name, b"")
        if isinstance(source, np.ndarray) or is_torch(source):
            pixels, header = arrays.from_array(source)
            return _finish(pixels, header, name, b"")
        data = _bytes(source, limits)
        pixels, header = _read(data, name, limits, allow_truncated)
        return _finish(pixels, header, name, data)
    except VisqError as error:
        raise error.with_context(label) from error.__cause__


def announced_pixels(path: str, limits: Limits = _DEFAULT) -> int:
    """Pixels of the picture in a file by its header, before anything is decoded.

    Raises
    ------
    VisqError
        As `open_image`, for what is found without decoding.
    """
    data = read_path(path, limits)
    header = scan(data, sniff.detect(data), limits)
    return header.width * header.height


def _names(source: Any) -> tuple[str, str]:
    """What stands in `meta.source`, and the same on one line for messages."""
    if isinstance(source, (str, os.PathLike)):
        name = os.fsdecode(source)
    else:
        given = getattr(source, "name", None) or getattr(source, "filename", None)
        name = os.fsdecode(given) if isinstance(given, (str, bytes)) and given else f"<{type(source).__name__}>"
    return name, printable(name)


def _bytes(source: Any, limits: Limits) -> bytes:
    if isinstance(source, (str, os.PathLike)):
        return read_path(source, limits)
    if isinstance(source, (bytes, bytearray, memoryview)):
        return check_bytes(source, limits)
    if callable(getattr(source, "read", None)):
        return read_file_object(source, limits)
    raise InputTypeError(
        "this is nothing that holds an image",
        got=type(source).__name__,
        expected="a path, bytes, binary file, PIL image, NumPy array or torch tensor",
    )


def _read(data: bytes, name: str, limits: Limits, allow_truncated: bool) -> tuple[np.ndarray, Header]:
    kind = sniff.detect(data)
    mismatch = sniff.extension_warning(name, kind)
    header = scan(data, kind, limits)
    if header.unread:
        raise decode.unread(header.unread)
    if header.truncated and not allow_truncated:
        raise ReadError(
            f"truncated: {header.truncated}",
            hint="Fetch or write it again, or read what is there with allow_truncated=True.",
        )
    if kind == "PNM":
        pixels = pnm.decode(data)
    elif deep.needed(header):
        pixels = deep.decode(data, header, allow_truncated=allow_truncated)
    else:
        pixels = decode.decode(data, header, allow_truncated=allow_truncated)
    if mismatch:
        header.warnings.insert(0, mismatch)
    if header.truncated:
        header.warnings.insert(0, f"truncated: {header.truncated}")
    if header.frames > 1:
        header.warnings.append(f"first-frame: 1 of {header.frames}")
    return pixels, header


def _finish(pixels: np.ndarray, header: Header, name: str, data: bytes) -> Image:
    pixels = upright(pixels, header.orientation)
    if header.orientation != 1:
        header.warnings.append(f"orientation-applied: {header.orientation}")
    meta = ImageMeta(
        source=name,
        format=header.format,
        width=int(pixels.shape[1]),
        height=int(pixels.shape[0]),
        bit_depth=header.bit_depth,
        mode=header.mode,
        sha256=hashlib.sha256(data).hexdigest() if data else "",
        bytes=len(data),
        orientation=header.orientation,
        icc=header.icc_name,
        alpha=header.alpha,
        frames=header.frames,
        warnings=tuple(header.warnings),
    )
    return Image(pixels, meta)
