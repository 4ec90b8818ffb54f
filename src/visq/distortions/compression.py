"""Compression of still pictures by real codecs, in memory: JPEG, JPEG 2000, WebP and AVIF.

All of them work on 8 bits a sample, of deeper pictures too: the picture is rounded to whole 8-bit levels, half to even,
coded, and decoded. The codecs are those that Pillow brings (libjpeg-turbo, OpenJPEG, libwebp, libavif with libaom):
the same version gives the same bytes everywhere, another version of an encoder may not.
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from visq.errors import MissingExtraError, OptionError, SizeError

_SUBSAMPLINGS = ("4:4:4", "4:2:2", "4:2:0")
_LARGEST_SIDE = {"JPEG": 65500, "WEBP": 16383, "AVIF": 65536, "JPEG2000": 2**31 - 1}


def eight_bit(pixels: np.ndarray) -> np.ndarray:
    """Whole 8-bit levels of pixels in 0..1, clipped, rounded half to even: `(H, W)` grey or `(H, W, 3)`, uint8.

    Examples
    --------
    >>> eight_bit(np.array([[[0.0], [0.5], [1.2]]])).tolist()
    [[0, 128, 255]]
    """
    # First to six digits, so that rounding errors of earlier arithmetic do not decide where a tie falls.
    levels = np.rint(np.round(np.clip(pixels, 0.0, 1.0) * 255.0, 6)).astype(np.uint8)
    return levels[..., 0] if levels.shape[2] == 1 else levels


def jpeg(pixels: np.ndarray, amount: float, *, rng: Any = None, subsampling: str = "4:2:0") -> np.ndarray:
    """JPEG, baseline, with the quantisation tables of the Independent JPEG Group (libjpeg-turbo through Pillow).

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1; 8 bits of it are coded.
    amount : float
        Quality 1 (worst) to 100, rounded to a whole number.
    rng : ignored
    subsampling : {"4:2:0", "4:2:2", "4:4:4"}
        Of chroma. 4:2:0 is what libjpeg and MATLAB's `imwrite` do.

    Returns
    -------
    numpy.ndarray
        Same shape, values that are multiples of 1/255.

    Examples
    --------
    >>> ramp = np.linspace(0, 1, 64).reshape(8, 8, 1)
    >>> bool(np.abs(jpeg(ramp, 90) - ramp).max() < np.abs(jpeg(ramp, 5) - ramp).max())
    True
    """
    return decoded(encoded(pixels, "JPEG", quality=_quality(amount), subsampling=subsampling), pixels)


def jpeg2000(pixels: np.ndarray, amount: float, *, rng: Any = None) -> np.ndarray:
    """JPEG 2000, irreversible (9/7 wavelet), one tile and one layer (OpenJPEG through Pillow).

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1; 8 bits of it are coded.
    amount : float
        Compression ratio, at least 1: bytes of the raw 8-bit samples over bytes of the code stream, as MATLAB's
        `CompressionRatio`. Very small pictures are coded as well as their headers allow.
    rng : ignored

    Returns
    -------
    numpy.ndarray
        Same shape.
    """
    return decoded(encoded(pixels, "JPEG2000", **JPEG2000_RATE, quality_layers=[float(amount)]), pixels)


def webp(pixels: np.ndarray, amount: float, *, rng: Any = None) -> np.ndarray:
    """Lossy WebP (VP8 intra, 4:2:0), method 4 (libwebp through Pillow). Sides up to 16,383.

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1; 8 bits of it are coded. Grey is coded as colour, and luma is taken back.
    amount : float
        Quality 0 (worst) to 100.
    rng : ignored
    """
    return decoded(encoded(pixels, "WEBP", quality=float(amount), method=4), pixels)


def avif(pixels: np.ndarray, amount: float, *, rng: Any = None, subsampling: str = "4:2:0") -> np.ndarray:
    """AVIF: AV1 intra by libaom at speed 6 in one thread (libavif through Pillow).

    Parameters
    ----------
    pixels : numpy.ndarray
        `(H, W, C)`, 0..1; 8 bits of it are coded.
    amount : float
        Quality 0 (worst) to 100, as libavif maps it to AV1's quantiser, rounded to a whole number.
    rng : ignored
    subsampling : {"4:2:0", "4:2:2", "4:4:4"}

    Raises
    ------
    MissingExtraError
        This build of Pillow has no AVIF, or not libaom.
    """
    options = {"codec": "aom", "speed": 6, "max_threads": 1, "subsampling": subsampling}
    return decoded(encoded(pixels, "AVIF", quality=_quality(amount, least=0), **options), pixels)


#: How JPEG 2000 is told its rate. Without the JP2 box there is nothing but the code stream.
JPEG2000_RATE: dict[str, Any] = {"quality_mode": "rates", "irreversible": True, "no_jp2": True}


def encoded(pixels: np.ndarray, form: str, **options: Any) -> bytes:
    """The file that Pillow makes of 8 bits of the picture.

    Raises
    ------
    SizeError
        A side that the format cannot have.
    MissingExtraError
        A codec that this build of Pillow lacks.
    """
    from PIL import Image

    levels = eight_bit(pixels)
    longest = max(levels.shape[:2])
    if longest > _LARGEST_SIDE[form]:
        limit = f"sides up to {_LARGEST_SIDE[form]}"
        raise SizeError(f"{form} cannot hold the picture", expected=limit, got=str(longest))
    if form in ("JPEG", "AVIF") and options.get("subsampling") not in (None, *_SUBSAMPLINGS):
        raise OptionError("unknown subsampling", expected=", ".join(_SUBSAMPLINGS), got=repr(options["subsampling"]))
    file = io.BytesIO()
    try:
        Image.fromarray(levels).save(file, form, **options)
    except (KeyError, ValueError) as error:
        raise MissingExtraError(
            f"this build of Pillow cannot write {form}: {error}",
            hint="Install Pillow from its own wheels: pip install --force-reinstall pillow.",
        ) from error
    return file.getvalue()


def decoded(file: bytes, like: np.ndarray) -> np.ndarray:
    """Pixels in 0..1 of a file that `encoded` made, in the shape of the picture `like`.

    Raises
    ------
    SizeError
        More pixels than Pillow takes in a WebP or AVIF file, 178,956,970 unless its limit was changed.
    """
    from PIL import AvifImagePlugin, Image, Jpeg2KImagePlugin, JpegImagePlugin, WebPImagePlugin

    # Not `Image.open`, which warns of large pictures, and refuses larger ones: this one we made ourselves.
    kinds: dict[bytes, Any] = {
        b"\xff\xd8": JpegImagePlugin.JpegImageFile,
        b"\xff\x4f": Jpeg2KImagePlugin.Jpeg2KImageFile,
        b"RI": WebPImagePlugin.WebPImageFile,
    }
    try:
        with kinds.get(file[:2], AvifImagePlugin.AvifImageFile)(io.BytesIO(file)) as picture:
            shown = picture.convert("L" if like.shape[2] == 1 else "RGB")
    except Image.DecompressionBombError as error:
        size = f"{like.shape[1]}x{like.shape[0]}"
        raise SizeError("Pillow does not decode so large a picture in this format", got=size) from error
    return np.asarray(shown, dtype=np.float64).reshape(like.shape) / 255.0


def _quality(amount: float, *, least: int = 1) -> int:
    return int(min(max(np.rint(amount), least), 100))


__all__ = ["JPEG2000_RATE", "avif", "decoded", "eight_bit", "encoded", "jpeg", "jpeg2000", "webp"]
