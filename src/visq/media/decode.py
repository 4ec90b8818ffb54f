"""8-bit pixels and 16-bit grey through Pillow: one plug-in, chosen by content, on bytes in memory."""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from typing import Any

import numpy as np

from visq.errors import FormatError, ReadError, VisqError
from visq.media import colour_profile
from visq.media.alpha import over_white, transparent_key
from visq.media.headers import Header, jpeg, png
from visq.media.source import printable

_PLUGINS = {
    "PNG": ("PngImagePlugin", "PngImageFile"),
    "JPEG": ("JpegImagePlugin", "JpegImageFile"),
    "WEBP": ("WebPImagePlugin", "WebPImageFile"),
    "GIF": ("GifImagePlugin", "GifImageFile"),
    "BMP": ("BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("TiffImagePlugin", "TiffImageFile"),
    "AVIF": ("AvifImagePlugin", "AvifImageFile"),
}
Convert = Callable[[Any], np.ndarray]
_SIXTEEN = ("I;16", "I;16L", "I;16B", "I;16N")
_STRIP_PIXELS = 1 << 21


def decode(data: bytes, header: Header, *, allow_truncated: bool) -> np.ndarray:
    """Stored rows as sRGB `(H, W)` or `(H, W, 3)`; what was altered is added to `header.warnings`.

    Raises
    ------
    ReadError
        The data cannot be decoded to its end, and `allow_truncated` is not given.
    """
    body = header.body or data
    try:
        if header.planes is not None:
            return _from_planes(header, allow_truncated)
        image = load(body, header, allow_truncated)
        if header.format == "PNG" and _last_row_blank(image) and png.lacks_rows(body):
            _mark_truncated(header, allow_truncated, "rows at its end are missing")
        if _jpeg_runs_out(image, body, header):
            _mark_truncated(header, allow_truncated, "its data end before its end mark (EOI)")
        return _bare_canvas(convert(image, header), header)
    except VisqError:
        raise
    except Exception as error:
        raise failure(header.format, error) from error


def _bare_canvas(pixels: np.ndarray, header: Header) -> np.ndarray:
    """White where the first frame of a GIF leaves its canvas bare; the decoder fills in some colour of the palette."""
    if header.window is None:
        return pixels
    left, top, right, bottom = header.window
    for bare in (pixels[:top], pixels[bottom:], pixels[:, :left], pixels[:, right:]):
        bare[...] = 255
    header.warnings = [warning for warning in header.warnings if not warning.startswith("alpha-")]
    note_alpha(header, opaque=False)
    return pixels


def _from_planes(header: Header, allow_truncated: bool) -> np.ndarray:
    """Each channel decoded by itself as a grey image, then put together."""
    if header.planes is None:
        raise FormatError("the file has no planes")
    from PIL import Image

    bands = [load(body, header, allow_truncated).convert("L") for body in header.planes()]
    alpha = "a" if header.premultiplied else "A"
    mode = {"grey": "L", "grey+alpha": "L" + alpha, "rgb+alpha": "RGB" + alpha, "ycbcr": "YCbCr"}.get(
        header.mode, header.mode.upper()
    )
    return convert(bands[0] if len(bands) == 1 else Image.merge(mode, bands), header)


def failure(kind: str, error: Exception) -> ReadError:
    """A decoder's complaint in our words; its own stand at the end."""
    if isinstance(error, MemoryError):
        return ReadError("there is not enough memory to decode it", hint="Close other programs, or scale it down.")
    said = printable(" ".join(str(error).split()))[:80]
    fact = "is truncated or damaged" if "truncat" in said else "cannot be decoded"
    return ReadError(f"its {kind} data {fact}", got=said or type(error).__name__, hint="Fetch or write it again.")


def load(body: bytes, header: Header, allow_truncated: bool) -> Any:
    """A loaded Pillow image of a body; with `allow_truncated` of as much as there is."""
    # The plug-in itself, not Image.open: no guessing, and no process-wide pixel limit, which ours replaces.
    module, name = _PLUGINS[header.format]
    if header.format == "TIFF":
        _quiet_libtiff()
    image = getattr(import_module(f"PIL.{module}"), name)(BytesIO(body))
    if image.size not in ((header.width, header.height), (header.height, header.width)):
        raise FormatError(
            f"this {header.format} file is damaged: its parts disagree on its size",
            expected=f"{header.width}x{header.height}",
            got=f"{image.size[0]}x{image.size[1]}",
        )
    try:
        image.load()
    except Exception as error:
        if not allow_truncated or image._im is None:
            raise
        # What was decoded before the error is there; without its tiles the image counts as loaded.
        image.tile = []
        _mark_truncated(header, True, str(failure(header.format, error).message))
    return image


def _mark_truncated(header: Header, allowed: bool, fact: str) -> None:
    if not allowed:
        raise ReadError(
            f"truncated: {fact}", hint="Fetch or write it again, or read what is there with allow_truncated=True."
        )
    header.truncated = header.truncated or fact


def _last_row_blank(image: Any) -> bool:
    width, height = image.size
    return not np.asarray(image.crop((0, height - 1, width, height))).any()


def _jpeg_runs_out(image: Any, body: bytes, header: Header) -> bool:
    """Whether the data of a JPEG end before the picture does, although its end mark is there.

    The decoder leaves what is missing grey without a word. Whether that happened is told by decoding once more with
    surplus data, which nothing but a lack of data lets into the picture. With a single scan, that is only needed where
    the last corner is grey; with several (progressive), each may lack data that do not show there.
    """
    if not header.scan_ends or header.truncated or (len(header.scan_ends) == 1 and not _last_corner_grey(image)):
        return False
    other = load(jpeg.with_surplus(body, header.scan_ends), header, allow_truncated=False)
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width)
    boxes = [(0, top, width, min(top + rows, height)) for top in range(0, height, rows)]
    return any(image.crop(box).tobytes() != other.crop(box).tobytes() for box in boxes)


def _last_corner_grey(image: Any) -> bool:
    """Whether the last pixel may be what coefficients of zero give: the middle of the luma's range (CMYK: of black's).

    Chroma is not asked: it may be blended with that of a neighbour.
    """
    corner = image.crop((image.width - 1, image.height - 1, image.width, image.height))
    value = corner.getpixel((0, 0))[3] if image.mode == "CMYK" else corner.convert("L").getpixel((0, 0))
    return 125 <= value <= 131


@functools.cache
def _quiet_libtiff() -> None:
    """Pillow reports libtiff's errors as exceptions; the library would also print them."""
    import ctypes

    from PIL import _imaging

    try:
        library = ctypes.CDLL(_imaging.__file__)
        for name in ("TIFFSetErrorHandler", "TIFFSetWarningHandler"):
            handler = getattr(library, name)
            handler.argtypes, handler.restype = [ctypes.c_void_p], ctypes.c_void_p
            handler(None)
    except (AttributeError, OSError):
        pass


def convert(image: Any, header: Header) -> np.ndarray:
    """A loaded Pillow image to sRGB pixels, strip by strip, so that only the result is held beside it."""
    target = _target(image, header)
    profile = _converter(header, "CMYK" if target == "CMYK" else "RGB" if target.startswith("RGB") else "L")
    width, height = image.size
    out: np.ndarray | None = None
    opaque, has_alpha = True, False
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = image.crop((0, top, width, min(top + rows, height)))
        colour, alpha = _pixels(strip if strip.mode == target else strip.convert(target), header, profile)
        if alpha is not None:
            has_alpha = True
            if int(alpha.min()) < np.iinfo(alpha.dtype).max:
                opaque = False
                colour = over_white(colour, alpha)
        if out is None:
            out = np.empty((height, *colour.shape[1:]), colour.dtype)
        out[top : top + colour.shape[0]] = colour
    if out is None:
        raise FormatError("the image has no pixels")
    if has_alpha:
        note_alpha(header, opaque)
    if target == "CMYK":
        header.warnings.append("cmyk-converted: " + ("icc" if profile else "without a profile"))
    return out


def note_alpha(header: Header, opaque: bool) -> None:
    """Record what became of an alpha channel or a transparent colour."""
    header.alpha = True
    header.warnings.append("alpha-opaque" if opaque else "alpha-composited")


def check_profile(header: Header, mode: str) -> bool:
    """Whether the embedded profile has to be applied to pixels of `mode`; what is known of it goes into the header."""
    if not header.icc:
        return False
    found = colour_profile.examine(header.icc, mode)
    header.icc_name = found.name
    if found.unusable:
        header.warnings.append(f"icc-ignored: {found.unusable}")
        return False
    if found.srgb:
        return False
    # CMYK pixels are reported as converted anyway; their profile is only how.
    if mode != "CMYK":
        header.warnings.append(f"icc-converted: {found.name}")
    return True


def _converter(header: Header, mode: str) -> Convert | None:
    return colour_profile.converter(header.icc, mode) if check_profile(header, mode) else None


def _target(image: Any, header: Header) -> str:
    """The mode in which strips are looked at."""
    mode = image.mode
    keyed = "transparency" in image.info and header.format != "TIFF"
    if header.format == "AVIF" and header.mode == "grey" and mode == "RGB":
        return "L"
    if mode in ("1", "L"):
        return "LA" if keyed else "L"
    if mode in ("RGB", "P"):
        return "RGBA" if keyed else "RGB"
    if mode in _SIXTEEN:
        return mode
    found = {"LA": "LA", "La": "LA", "PA": "RGBA", "RGBA": "RGBA", "RGBa": "RGBA", "RGBX": "RGB", "CMYK": "CMYK",
             "YCbCr": "RGB"}.get(mode)  # fmt: skip
    if found is None:
        raise unread(f"pixels of mode {mode} (whole numbers beyond 16 bit, floats or Lab)")
    return found


def _pixels(strip: Any, header: Header, profile: Convert | None) -> tuple[np.ndarray, np.ndarray | None]:
    """sRGB colour and alpha of a strip."""
    alpha = None
    if strip.mode in ("LA", "RGBA"):
        alpha = np.asarray(strip.getchannel("A"))
        strip = strip.convert("L" if strip.mode == "LA" else "RGB")
    if strip.mode in _SIXTEEN:
        colour = np.asarray(strip).astype(np.uint16)
        colour = 65535 - colour if header.inverted else colour
    elif profile is not None:
        colour = profile(strip)
    else:
        colour = np.asarray(strip.convert("RGB") if strip.mode == "CMYK" else strip)
    if header.key is not None:
        # The transparent colour is named in stored values: before any profile, in the depth of the file.
        stored = colour if profile is None else np.asarray(strip)
        scale = 255 // (2**header.bit_depth - 1) if header.bit_depth < 8 else 1
        alpha = transparent_key(stored, tuple(scale * value for value in header.key))
    return colour, alpha


def unread(what: str) -> FormatError:
    """The refusal of pixels that would not be read exactly."""
    return FormatError(
        f"{what}: visq would not read it exactly",
        expected="8 or 16 bit a sample, grey, RGB, palette or CMYK",
        hint="Convert it to PNG first.",
    )
