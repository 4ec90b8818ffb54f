"""Cells of tables that people made, read one way everywhere."""

from __future__ import annotations

import math

_MISSING = ("", "nan", "na", "null", "none")


def cell_number(text: str) -> float | None:
    """A cell as a number: NaN where it is empty or says that there is none, None where it is no number.

    >>> cell_number(" 4.5 "), cell_number("NA"), cell_number("1_0")
    (4.5, nan, None)
    """
    text = text.strip()
    if text.lower() in _MISSING:
        return math.nan
    try:
        return None if "_" in text else float(text)  # Python reads 1_0 as 10
    except ValueError:
        return None
