"""Files, bytes and arrays to checked pixels: the only place where visq reads an image.

`open_image` detects the format from the content, checks the header against `Limits` before any decoder runs, decodes
the first picture exactly or refuses, and lists in `meta.warnings` everything it altered on the way. A warning is
`code` or `code: detail`.

What is exactly readable is never refused; what is not exactly readable gets no pixels, unless an option allows it.

====================  ====================================================================  =====================
in the file           what happens                                                          warning
====================  ====================================================================  =====================
8 bit, 16 bit         kept, as uint8 or uint16. 16-bit colour, and grey with alpha, need
                      the `hdr` extra: without it, `MissingExtraError` (PNM and TIFF in
                      separate planes do not need it)
1, 2, 4 bit           scaled to 8 bit, exactly (times 255, 85, 17)
5, 6 bit (BMP)        scaled to 8 bit                                                       `depth-scaled`
10, 12 bit AVIF       scaled to 16 bit, through the `hdr` extra                             `depth-scaled`
PNM maxval            other than 1, 255, 65535: scaled to 8 or 16 bit, rounded to nearest   `depth-scaled`
other depths          refused with `FormatError`: float, signed, 32 bit, 12-bit JPEG and
                      TIFF, 16-bit CMYK; also Lab and camera raw
palette               looked up: colour, but grey where the palette is the plain ramp of
                      greys (BMP, GIF)
alpha, tRNS           composited on white in stored (gamma-encoded) sRGB values             `alpha-composited`
alpha, all opaque     dropped, no pixel changes                                             `alpha-opaque`
CMYK, YCCK            converted by the embedded profile, else R = (255 - C)(255 - K) / 255  `cmyk-converted`
ICC profile           converted to sRGB by Little CMS, relative colorimetric with black     `icc-converted`
                      point compensation
ICC profile, sRGB     not converted where it is sRGB within one level everywhere
ICC, unusable         broken, or made for another kind of pixel: values kept and taken as   `icc-ignored`
                      sRGB
PNG gAMA, cHRM        not applied: values kept and taken as sRGB; told where they say       `gamma-ignored`
                      otherwise
cICP, AVIF nclx       likewise (wide gamut, PQ, HLG)                                        `cicp-ignored`
AVIF clap             not applied: the whole picture is read                                `crop-ignored`
EXIF orientation      2 to 8 applied (AVIF: its own turn and mirror); XMP is not looked at  `orientation-applied`
several pictures      first frame or page; of an APNG its default image                     `first-frame`
extra channels        of a TIFF: dropped                                                    `channels-dropped`
extension             the content decides; the extension of another image format is told    `extension-mismatch`
truncated file        `ReadError`; with `allow_truncated=True` what there is, the rest      `truncated`
                      left blank
bytes after the end   ignored
====================  ====================================================================  =====================

Arrays in memory are pixels already: they are checked as metrics check them; only alpha is composited. A PIL image
counts as the file it came from: its EXIF orientation and its profile are applied, as long as it has them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from visq.media.image import Image
    from visq.media.limits import Limits
    from visq.media.reader import open_image

__all__ = ["Image", "Limits", "open_image"]

_HOME = {"Image": "image", "Limits": "limits", "open_image": "reader"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
