"""Options that several metrics have, described once."""

from __future__ import annotations

from visq.types import Option

ROUNDED_LUMA = Option(
    "rounded_luma",
    "bool",
    None,
    "round luma to 8-bit levels; not given: that of colour pixels of 8 or 16 bit, as MATLAB's rgb2gray rounds it",
)
