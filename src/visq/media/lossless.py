"""Pixels to a picture file that holds every one of them exactly: the counterpart of `open_image`.

Only formats, and settings of them, that lose nothing: what is written is a distorted picture, and a second loss on top
would be another distortion. The same pixels give the same bytes, with one version of the encoders.

======================  ==============================  ========================================
extension               8 bit                           16 bit
======================  ==============================  ========================================
.png                    grey and colour (Pillow)        grey (Pillow), colour (the `hdr` extra)
.tif, .tiff             grey and colour (Pillow)        grey (Pillow), colour (the `hdr` extra)
.ppm, .pgm, .pnm        grey and colour                 grey and colour
.bmp                    grey and colour (Pillow)        refused
.webp                   lossless, colour (Pillow)       refused
======================  ==============================  ========================================
"""

from __future__ import annotations

import io
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from visq.errors import FormatError, InputError, MissingExtraError, OptionError, SizeError, StoreError

#: Extensions and what Pillow calls the format.
FORMATS = {
    ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF", ".ppm": "PPM", ".pgm": "PPM", ".pnm": "PPM", ".bmp": "BMP",
    ".webp": "WEBP",
}  # fmt: skip
_LOSSY = (".jpg", ".jpeg", ".jpe", ".jfif", ".avif", ".heic", ".jp2", ".j2k", ".jxl", ".gif")
_WEBP_SIDE = 16383
# Zlib's level: from 4 to 6 photographs get a few hundredths smaller, and take twice as long.
_LEVEL = 4
_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": _LEVEL},
    "TIFF": {"compression": "tiff_adobe_deflate"},
    "WEBP": {"lossless": True, "quality": 50, "method": 4},
}


def check_name(path: str | os.PathLike[str]) -> str:
    """The format that a file name asks for by its extension.

    Raises
    ------
    OptionError
        An extension of a format that loses something, or of none.

    Examples
    --------
    >>> check_name("blurred.png")
    'PNG'
    """
    suffix = Path(path).suffix.lower()
    if suffix in FORMATS:
        return FORMATS[suffix]
    known = ", ".join(FORMATS)
    if suffix in _LOSSY:
        raise OptionError(
            f"{suffix} would alter the picture once more", expected=f"a lossless format: {known}", got=os.fspath(path)
        )
    raise OptionError("this is no picture's extension", expected=f"one of {known}", got=suffix or os.fspath(path))


def encode(pixels: np.ndarray, form: str = "PNG") -> bytes:
    """The file that holds these pixels.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W)`, `(H, W, 1)` or `(H, W, 3)`, uint8 or uint16, sRGB.
    form : str
        One of the values of `FORMATS`.

    Returns
    -------
    bytes

    Raises
    ------
    InputError
        Other shapes or types.
    FormatError
        16 bit in a format that has 8.
    SizeError
        Sides that WebP cannot have.
    MissingExtraError
        16-bit colour as PNG or TIFF without the `hdr` extra.

    Examples
    --------
    >>> from visq.media import open_image
    >>> pixels = np.arange(12, dtype=np.uint16).reshape(2, 2, 3) * 5000
    >>> bool((open_image(encode(pixels, "PPM")).pixels == pixels).all())
    True
    """
    pixels = _checked(pixels)
    if form == "PPM":
        return _pnm(pixels)
    if pixels.dtype == np.uint16:
        if form not in ("PNG", "TIFF"):
            raise FormatError(f"{form} holds 8 bits a sample", got="16 bit", hint="Choose .png, .tif or .ppm.")
        if pixels.ndim == 3:
            return _deep_colour(pixels, form)
    if form == "WEBP" and max(pixels.shape[:2]) > _WEBP_SIDE:
        raise SizeError(
            "WebP cannot hold the picture", expected=f"sides up to {_WEBP_SIDE}", got=str(max(pixels.shape))
        )
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **_OPTIONS.get(form, {}))
    return file.getvalue()


def save(path: str | os.PathLike[str], pixels: np.ndarray) -> bytes:
    """Write the pixels to a file, in the format of its extension; it appears whole or not at all. Returns its bytes.

    Raises
    ------
    OptionError, InputError, FormatError, SizeError, MissingExtraError
        As `check_name` and `encode`.
    StoreError
        The file cannot be written.
    """
    data = encode(pixels, check_name(path))
    try:
        replace(path, data)
    except OSError as error:
        raise StoreError(
            f"{os.fspath(path)} cannot be written: {error.strerror or error}",
            hint="Is the folder there, writable, and the disk not full?",
        ) from error
    return data


def replace(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file beside `path` and give it that name: a reader sees the old file, or the new one, whole.

    The temporary name belongs to this call alone and begins with a dot and `TEMPORARY`.

    Raises
    ------
    OSError
    """
    target = Path(path)
    temporary = target.with_name(f"{TEMPORARY}{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


#: How the names of files begin that are not finished.
TEMPORARY = ".visq-part-"


def _checked(pixels: np.ndarray) -> np.ndarray:
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.dtype not in (np.uint8, np.uint16) or not (
        pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    ):
        raise InputError(
            "these pixels cannot be written",
            expected="(H, W) or (H, W, 3), uint8 or uint16",
            got=f"{pixels.shape} {pixels.dtype}",
        )
    return np.ascontiguousarray(pixels)


def _pnm(pixels: np.ndarray) -> bytes:
    height, width = pixels.shape[:2]
    deep = pixels.dtype == np.uint16
    head = f"P{5 if pixels.ndim == 2 else 6}\n{width} {height}\n{65535 if deep else 255}\n".encode("ascii")
    return head + (pixels.astype(">u2") if deep else pixels).tobytes()


def _deep_colour(pixels: np.ndarray, form: str) -> bytes:
    """Pillow has no 16-bit colour: libvips writes it, as it reads it."""
    try:
        import pyvips
    except (ImportError, OSError, RuntimeError) as error:
        raise MissingExtraError(
            f"16-bit colour as {form} needs the hdr extra: without it the samples would be cut to 8 bit",
            hint='Install it: pip install "visq[hdr]", or write .ppm.',
        ) from error
    image = pyvips.Image.new_from_array(pixels, interpretation="rgb16")
    if form == "PNG":
        return image.pngsave_buffer(compression=_LEVEL, keep="none")
    return image.tiffsave_buffer(compression="deflate", keep="none")


__all__ = ["FORMATS", "TEMPORARY", "check_name", "encode", "replace", "save"]
