"""The common form of what the scanners find, and the dispatch by format."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module

from visq.errors import FormatError, ReadError
from visq.media.limits import Limits


@dataclass(slots=True)
class Header:
    """One file's claims.

    Attributes
    ----------
    width, height : int
        As stored, before any orientation.
    bit_depth : int
        Bits a sample as stored (of the palette's entries where there is a palette).
    mode : str
        Kind of pixel: `grey`, `grey+alpha`, `rgb`, `rgb+alpha`, `palette`, `cmyk`, `ycck`, `ycbcr`.
    frames, orientation : int
        Pictures in the file; EXIF orientation, 1 upright.
    icc, icc_name : bytes, str
        Embedded profile, empty if none; its description, once looked at.
    alpha : bool
        Whether there is transparency, once decoded.
    truncated : str
        What is missing, empty where the file is whole.
    deep : bool
        Whether the samples do not fit what Pillow keeps, so that the `hdr` extra has to decode.
    key : tuple of int, optional
        The one stored colour that is transparent.
    inverted : bool
        16-bit samples with 0 for white, which no decoder turns round.
    unread : str
        Why such pixels are not read exactly; empty where they are.
    body : bytes
        The bytes for the decoder, where not the file itself: the picture without its metadata.
    scan_ends : tuple of int
        Where, in `body`, the compressed data of each scan of a JPEG ends; empty where that is not looked at.
    planes : function, optional
        Gives, one after the other, a body for each channel, as a grey image; then there is no `body`.
    premultiplied : bool
        Whether the planes of colour are already multiplied by that of alpha.
    window : (int, int, int, int), optional
        Left, top, right and bottom of the only part of the canvas that the first frame covers.
    warnings : list of str
        What is already known to be altered or left aside.
    """

    format: str
    width: int
    height: int
    bit_depth: int = 8
    mode: str = "rgb"
    frames: int = 1
    orientation: int = 1
    icc: bytes = b""
    icc_name: str = ""
    alpha: bool = False
    truncated: str = ""
    deep: bool = False
    key: tuple[int, ...] | None = None
    inverted: bool = False
    unread: str = ""
    body: bytes = b""
    scan_ends: tuple[int, ...] = ()
    planes: Callable[[], Iterator[bytes]] | None = None
    premultiplied: bool = False
    window: tuple[int, int, int, int] | None = None
    warnings: list[str] = field(default_factory=list)


def scan(data: bytes, kind: str, limits: Limits) -> Header:
    """Read the header of a file of the given format.

    Raises
    ------
    LimitError
        The file claims more than the limits allow.
    FormatError, ReadError
        Its structure is broken, or it ends before its size is known.
    """
    module = import_module(f"visq.media.headers.{kind.lower()}")
    try:
        return module.scan(data, limits)
    except ReadError:
        raise
    except (struct.error, IndexError) as error:
        raise ReadError("truncated: it ends inside its header", hint="Fetch or write it again.") from error
    except (ValueError, OverflowError) as error:
        raise FormatError(f"its {kind} header is damaged", hint="Write the file again.") from error


def damaged(kind: str, fact: str) -> FormatError:
    """The error for a structure that no writer makes."""
    return FormatError(f"this {kind} file is damaged: {fact}", hint="Fetch or write it again.")


def check_claim(kind: str, width: int, height: int, limits: Limits) -> None:
    """Refuse sizes of nothing and sizes over the limits."""
    if width < 1 or height < 1:
        raise damaged(kind, f"its header claims {width}x{height} pixels")
    limits.check_size(width, height)
