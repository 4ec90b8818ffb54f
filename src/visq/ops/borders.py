"""The named border rules of every filter, and the index maps that carry them out.

`valid` keeps only positions whose whole window lies inside; the others keep the size and invent the outside:
`reflect` d c b | a b c d | c b a, `symmetric` c b a | a b c d | d c b, `replicate` a a a | a b c d | d d d,
`zero` 0 0 0 | a b c d | 0 0 0. (`symmetric` is SciPy's and MATLAB's `symmetric`, SciPy calls it `reflect`.)
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from visq.errors import OptionError, SizeError

Border = Literal["valid", "reflect", "symmetric", "replicate", "zero"]
BORDERS: tuple[str, ...] = get_args(Border)


def padded_index(length: int, before: int, after: int, border: str) -> np.ndarray:
    """Source index of every position of an axis padded by `before` and `after`; -1 stands for zero.

    >>> padded_index(4, 2, 2, "reflect").tolist()
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    position = np.arange(-before, length + after)
    if border == "valid":
        return np.arange(length)
    if border == "zero":
        return np.where((position < 0) | (position >= length), -1, position)
    if border == "replicate":
        return np.clip(position, 0, length - 1)
    if border == "symmetric":
        folded = np.mod(position, 2 * length)
        return np.where(folded < length, folded, 2 * length - 1 - folded)
    if border == "reflect":
        if length == 1:
            return np.zeros_like(position)
        folded = np.mod(position, 2 * (length - 1))
        return np.where(folded < length, folded, 2 * (length - 1) - folded)
    raise OptionError("unknown border rule", expected=", ".join(BORDERS), got=repr(border))


def padding(taps: int, border: str) -> tuple[int, int]:
    """Padding before and after for a kernel of `taps`; an even kernel has its centre right of the middle."""
    return (0, 0) if border == "valid" else (taps // 2, taps - 1 - taps // 2)


def output_length(length: int, taps: int, border: str) -> int:
    """Length of a filtered axis."""
    if border != "valid":
        return length
    if length < taps:
        raise SizeError("image is smaller than the filter", expected=f"at least {taps} pixels", got=str(length))
    return length - taps + 1
