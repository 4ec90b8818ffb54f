"""What reduced-reference metrics share: planes of luma from any engine, and entries of features checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from visq.errors import InputError
from visq.ops.arrays import Batch, read_one, read_pair
from visq.ops.scales import luma_plane

#: Bits of a number that is sent in single precision.
SINGLE = 32
#: More than any number of a picture's features: beyond, sums and squares of them might overflow.
LARGEST = 1e9
_HINT = "Extract the features again from the reference, with the same options."


def luma_planes(batch: Batch, rounded_luma: bool | None) -> np.ndarray:
    """`(N, H, W)` luma in 0..255, in NumPy whatever the engine."""
    planes = batch.luma(255.0, rounded=rounded_luma)
    return planes.detach().cpu().numpy() if batch.torch else planes


def numbers(
    values: Mapping[str, Any],
    name: str,
    count: int,
    *,
    low: float = -LARGEST,
    high: float = LARGEST,
    whole: bool = False,
) -> list[Any]:
    """The entry `name` of features: a list of `count` numbers from `low` to `high`.

    Raises
    ------
    InputError
        Not there, not a list of so many, not numbers, or out of range.
    """
    if not isinstance(values, Mapping) or name not in values:
        got = ", ".join(map(str, values)) if isinstance(values, Mapping) else type(values).__name__
        raise InputError(f"the features have no entry {name!r}", expected=name, got=got or "nothing", hint=_HINT)
    entry = values[name]
    kind = "whole numbers" if whole else "numbers"
    expected = f"{count} {kind} from {low:g} to {high:g}"
    if not isinstance(entry, list | tuple) or len(entry) != count:
        got = f"{len(entry)} entries" if isinstance(entry, list | tuple) else type(entry).__name__
        raise InputError(f"the features have a wrong entry {name!r}", expected=expected, got=got, hint=_HINT)
    for value in entry:
        usable = isinstance(value, int if whole else Real) and not isinstance(value, bool)
        if not usable or not low <= value <= high:
            raise InputError(
                f"the features have a wrong entry {name!r}", expected=expected, got=repr(value)[:40], hint=_HINT
            )
    return list(entry)


def one_plane(
    image: Any, *, name: str, data_range: float | None, rounded_luma: bool | None, min_side: int
) -> np.ndarray:
    """`(H, W)` luma in 0..255 of one image, NumPy, float64; the same numbers whatever the engine."""
    return _plane(read_one(image, data_range=data_range, min_side=min_side, name=name), 0, rounded_luma)


def score_pairs(
    image: Any,
    reference: Any,
    score: Callable[[np.ndarray, np.ndarray], float],
    *,
    data_range: float | None,
    rounded_luma: bool | None,
    min_side: int,
    keep_uint8: bool = False,
) -> Any:
    """`score(luma of the image, luma of its reference)` of one pair or of two batches.

    Planes are those of `one_plane`; with `keep_uint8` they stay bytes where luma is rounded to such.
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=min_side)
    planes = (
        (_plane(x, n, rounded_luma, keep_uint8), _plane(y, n, rounded_luma, keep_uint8)) for n in range(x.data.shape[0])
    )
    return x.result_of_numpy([score(one, two) for one, two in planes])


def single(value: float) -> float:
    """A number as it is sent, in single precision."""
    return float(np.float32(value))


def _plane(batch: Batch, n: int, rounded: bool | None, keep_uint8: bool = False) -> np.ndarray:
    plane = luma_plane(batch, n, rounded=rounded, keep_uint8=keep_uint8)
    if batch.torch:
        return plane.cpu().numpy()
    return plane if plane.dtype == np.uint8 else plane.astype(np.float64, copy=False)


__all__ = ["LARGEST", "SINGLE", "luma_planes", "numbers", "one_plane", "score_pairs", "single"]
