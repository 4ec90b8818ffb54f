"""Options that several metrics have, described once."""

from __future__ import annotations

from visq.types import Option

ROUNDED_LUMA = Option(
    "rounded_luma",
    "bool",
    None,
    "round luma to 8-bit levels; not given: that of colour pixels of 8 or 16 bit, as MATLAB's rgb2gray rounds it",
)

LUMA = Option("luma", "str", "rgb2gray", "MATLAB's rgb2gray, or 0.299 R + 0.587 G + 0.114 B", ("rgb2gray", "bt601"))
