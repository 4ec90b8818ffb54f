"""What Pillow does not keep, through libvips: 16-bit colour, 16-bit grey with alpha, AVIF of 10 and 12 bit."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from visq.errors import MissingExtraError, VisqError
from visq.media import colour_profile
from visq.media.alpha import over_white, transparent_key
from visq.media.decode import check_profile, failure, load, note_alpha, unread
from visq.media.headers import Header

_LOADERS = {"PNG": "pngload_buffer", "TIFF": "tiffload_buffer", "AVIF": "heifload_buffer"}
_STRIP_PIXELS = 1 << 21


def needed(header: Header) -> bool:
    """Whether samples of 16 bit come in a form, or with a profile, that Pillow cannot deal with."""
    if header.deep or (header.planes is not None and header.bit_depth == 16):
        return True
    if header.format not in _LOADERS or header.bit_depth != 16 or not header.icc:
        return False
    found = colour_profile.examine(header.icc, "L")
    return not (found.srgb or found.unusable)


def decode(data: bytes, header: Header, *, allow_truncated: bool = False) -> np.ndarray:
    """Stored rows as sRGB uint16, `(H, W)` or `(H, W, 3)`.

    Raises
    ------
    MissingExtraError
        The `hdr` extra is not installed.
    ReadError
        The data cannot be decoded to its end.
    """
    try:
        if header.planes is not None:
            return _finish(*_stacked(header, allow_truncated), header)
        vips = _vips(header)
        image = getattr(vips.Image, _LOADERS[header.format])(header.body or data, fail_on="error", access="sequential")
        return _finish(*_stored(image, header), header)
    except VisqError:
        raise
    except Exception as error:
        raise failure(header.format, error) from error


def _stacked(header: Header, allow_truncated: bool) -> tuple[np.ndarray, np.ndarray | None]:
    """Planes that lie apart in the file, each of which is grey of 16 bit to Pillow."""
    bodies = header.planes() if header.planes is not None else iter(())
    parts = [np.asarray(load(body, header, allow_truncated)).astype(np.uint16) for body in bodies]
    colours = 1 if header.mode.startswith("grey") else 3
    colour = parts[0] if colours == 1 else np.stack(parts[:colours], axis=-1)
    return colour, parts[colours] if len(parts) > colours else None


def _stored(image: Any, header: Header) -> tuple[np.ndarray, np.ndarray | None]:
    """Colour and alpha as the file has them, uint16."""
    colours = 1 if header.mode.startswith("grey") else 3
    if (image.width, image.height) != (header.width, header.height) or image.format != "ushort":
        raise unread(f"{header.bit_depth}-bit {header.format} of unusual layout")
    # A TIFF may have channels that are no alpha; the others have none.
    has_alpha = "+alpha" in header.mode if header.format == "TIFF" else image.bands in (2, 4)
    array = image.numpy()
    array = array[..., None] if array.ndim == 2 else array
    if array.shape[2] < colours + has_alpha:
        raise unread(f"{header.bit_depth}-bit {header.format} of unusual layout")
    if header.format == "AVIF":
        array = _widened(array, header.bit_depth)
    colour = np.require(array[..., 0] if colours == 1 else array[..., :3], requirements=("C", "W"))
    alpha = np.ascontiguousarray(array[..., -1 if header.format == "AVIF" else colours]) if has_alpha else None
    if header.key is not None and alpha is None:
        alpha = transparent_key(colour, header.key)
    return colour, alpha


def _widened(array: np.ndarray, depth: int) -> np.ndarray:
    """libvips shifts 10 and 12 bit up and leaves zeros below: white has to be 65535."""
    white = 2**depth - 1
    table = ((np.arange(white + 1, dtype=np.int64) * 65535 * 2 + white) // (2 * white)).astype(np.uint16)
    return table[array >> (16 - depth)]


def _finish(pixels: np.ndarray, alpha: np.ndarray | None, header: Header) -> np.ndarray:
    """Profile, then white behind what is transparent."""
    if header.inverted:
        pixels = 65535 - pixels
    if check_profile(header, "L" if header.mode.startswith("grey") else "RGB"):
        pixels = _converted(pixels, header)
    if alpha is not None:
        opaque = int(alpha.min()) == 65535
        note_alpha(header, opaque)
        rows = max(1, _STRIP_PIXELS // pixels.shape[1])
        for top in () if opaque else range(0, pixels.shape[0], rows):
            part = slice(top, top + rows)
            pixels[part] = over_white(pixels[part], alpha[part])
    return pixels


def _converted(pixels: np.ndarray, header: Header) -> np.ndarray:
    vips = _vips(header)
    image = vips.Image.new_from_array(pixels, interpretation="grey16" if pixels.ndim == 2 else "rgb16").copy()
    image.set_type(vips.GValue.blob_type, "icc-profile-data", header.icc)
    done = image.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True, depth=16)
    out = done.numpy()
    if pixels.ndim == 2 and out.ndim == 3:
        out = out[..., 1]
    return np.ascontiguousarray(out)


@functools.cache
def _module() -> Any:
    import pyvips

    # Loaders that libvips itself does not trust with hostile files stay shut, should one ever be asked for.
    if hasattr(pyvips, "block_untrusted_set"):
        pyvips.block_untrusted_set(True)
    return pyvips


def _vips(header: Header) -> Any:
    try:
        return _module()
    except (ImportError, OSError, RuntimeError) as error:
        raise MissingExtraError(
            f"{header.bit_depth}-bit {header.mode} {header.format} needs the hdr extra: "
            "without it the samples would be cut to 8 bit",
            hint='Install it: pip install "visq[hdr]"',
        ) from error
