"""How much a file may ask for. Checked from its bytes and header, before any decoder allocates."""

from __future__ import annotations

from dataclasses import dataclass, fields

from visq.errors import LimitError, OptionError


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for one input. Each may be raised; the message of a `LimitError` names the one to raise.

    Attributes
    ----------
    max_pixels : int
        Width times height, of the canvas and of every frame.
    max_bytes : int
        Size of the file.
    max_scans : int
        JPEG scans, counted in the bytes. A progressive photograph has about ten.
    max_frames : int
        Frames of an animation, pages of a TIFF.
    max_strips : int
        Strips or tiles of a TIFF page.
    max_segments : int
        Chunks, markers or boxes that a file is made of.

    Examples
    --------
    >>> Limits().max_pixels, Limits.service().max_pixels
    (64000000, 32000000)
    >>> Limits(max_pixels=200_000_000).max_bytes == 256 * 2**20
    True
    """

    max_pixels: int = 64_000_000
    max_bytes: int = 256 * 2**20
    max_scans: int = 256
    max_frames: int = 10_000
    max_strips: int = 100_000
    max_segments: int = 500_000

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise OptionError(
                    f"{item.name} is not usable as a limit", expected="a whole number of at least 1", got=repr(value)
                )

    @classmethod
    def service(cls) -> Limits:
        """For files from strangers: 32 megapixels, 20 MB."""
        return cls(max_pixels=32_000_000, max_bytes=20 * 10**6, max_frames=1_000, max_strips=20_000)

    def check(self, option: str, value: int, what: str) -> None:
        """Raise `LimitError` where `value` is over the limit called `option`."""
        limit = getattr(self, option)
        if value > limit:
            raise LimitError(
                f"too many {what}",
                expected=f"at most {limit:,}",
                got=f"{value:,}",
                hint=f"If you trust the file, raise the limit: {option}={value} or more.",
            )

    def check_size(self, width: int, height: int) -> None:
        """Raise `LimitError` where a picture of this size has too many pixels."""
        if width * height > self.max_pixels:
            raise LimitError(
                f"the header claims {width}x{height} pixels",
                expected=f"at most {self.max_pixels:,} in all",
                got=f"{width * height:,}",
                hint=f"If you trust the file, raise the limit: max_pixels={width * height} or more.",
            )
