"""What a distortion is, and what a bank of distortions is: frozen data, free of heavy imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

#: How many levels every distortion has, 1 mild to 5 severe. Level 0 is the untouched picture.
LEVELS = 5

Evidence = Literal["read", "recalled", "calibrated"]


@dataclass(frozen=True, slots=True)
class DistortionSpec:
    """Everything a user may ask about a distortion, as data.

    Attributes
    ----------
    id, title : str
        Name in calls, and in words.
    family : str
        What it belongs to: `blur`, `noise`, `compression`.
    impl : str
        `package.module:function`, imported only when the distortion is used. The function is called as
        ``function(pixels, amount, *, rng, **options)`` with float64 pixels `(H, W, C)`, C 1 or 3, sRGB in 0..1, and
        gives the same shape back; it need not clip, never writes into `pixels`, and draws only from `rng`.
    amounts : five floats
        The amount at levels 1 (mild) to 5 (severe).
    unit : str
        What an amount is: "standard deviation in pixels".
    options : tuple of (keyword, value)
        Keywords fixed by this entry, where several entries share one function.
    limits : (float, float)
        Least and greatest amount that is taken; a user's own amount is held against them.
    monotone : bool
        Whether severity rises with the level, and with the distance of the amount from none.
    random : bool
        Whether the result depends on the seed. All levels of one picture share one realisation.
    colour : bool
        Whether it changes colour alone: a grey picture then stays as it is.
    extra : str
        The optional dependency that it needs; empty where it needs none.
    min_side : int
        Smallest height and width taken.
    source : str
        Where the operator and its levels come from.
    note : str
        What a user has to know.
    aliases : tuple of str
        Other names by which it is found.
    """

    id: str
    title: str
    family: str
    impl: str
    amounts: tuple[float, float, float, float, float]
    unit: str
    options: tuple[tuple[str, Any], ...] = ()
    limits: tuple[float, float] = (float("-inf"), float("inf"))
    monotone: bool = True
    random: bool = False
    colour: bool = False
    extra: str = ""
    min_side: int = 1
    source: str = ""
    note: str = ""
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BankEntry:
    """One distortion of a database: an operator of the registry with that database's levels.

    Attributes
    ----------
    number : int
        As the database counts it.
    name : str
        As the database calls it.
    distortion : str
        Id in the registry.
    amounts : five floats
        The amount at levels 1 to 5; where `search` is given, the PSNR in dB that is aimed at instead.
    options : tuple of (keyword, value)
        Keywords on top of those of the registry's entry.
    evidence : {"read", "recalled", "calibrated"}
        Whether the amounts were read in the authors' code or paper, are recalled without a source at hand, or are
        found on every picture from a published target.
    search : (float, float) or None
        Amounts between which the one that gives the stated PSNR on the picture is sought: mildest, most severe.
    monotone : bool
        Whether severity rises with the level.
    note : str
        Where the database's own program does otherwise.
    """

    number: int
    name: str
    distortion: str
    amounts: tuple[float, float, float, float, float]
    options: tuple[tuple[str, Any], ...] = ()
    evidence: Evidence = "read"
    search: tuple[float, float] | None = None
    monotone: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bank:
    """The distortions of one database, in its own numbering.

    Attributes
    ----------
    id, title : str
        Name in calls, and in words.
    entries : tuple of BankEntry
        One each type.
    source : str
        Where types and levels come from.
    note : str
        What is reconstructed.
    stretch : bool
        Whether distortions act on the picture stretched to 0..1 by its own extremes, are stretched likewise, and are
        then brought back to the range that the picture had.
    """

    id: str
    title: str
    entries: tuple[BankEntry, ...]
    source: str
    note: str = ""
    stretch: bool = False

    def name(self, entry: BankEntry) -> str:
        """What `visq.distort` takes for one entry: the bank and the number, `kadid10k/1`."""
        return f"{self.id}/{entry.number}"

    @property
    def names(self) -> tuple[str, ...]:
        """Every entry as `visq.distort` takes it."""
        return tuple(self.name(entry) for entry in self.entries)


__all__ = ["LEVELS", "Bank", "BankEntry", "DistortionSpec", "Evidence"]
