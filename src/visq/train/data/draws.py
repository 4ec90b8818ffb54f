"""Random choices that can be made in any order: a function of a seed, a purpose and a place, and of nothing before.

Words come straight from NumPy's Philox4x64 bit generator, which is counter-based and whose stream NumPy promises not
to change; its distributions carry no such promise, and a training may be gone on with under another version.

References
----------
Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visq.errors import OptionError

_WORD = 64


def words(purpose: str, seed: int, count: int, *place: int) -> NDArray[np.uint64]:
    """`count` independent words of 64 random bits.

    Parameters
    ----------
    purpose : str
        What they are for: choices of different purposes have nothing to do with each other.
    seed : int
        0 to 2^64 - 1.
    count : int
    *place : int
        Up to three numbers from 0 on: epoch, picture, crop.

    Raises
    ------
    OptionError
        What is no seed.

    Examples
    --------
    >>> words("crop", 7, 2, 0, 41).tolist() == words("crop", 7, 3, 0, 41)[:2].tolist()
    True
    >>> int(words("crop", 7, 1, 1, 41)[0]) == int(words("crop", 7, 1, 0, 41)[0])
    False
    """
    counter = np.zeros(4, np.uint64)  # the first word counts the draws of one place
    counter[1 : 1 + len(place)] = place
    key = np.array([check_seed(seed), _salt(purpose)], np.uint64)
    return np.random.Philox(key=key, counter=counter).random_raw(count)


def below(word: Any, bound: int) -> int:
    """A whole number from 0 to `bound - 1` of a random word; its bias is below ``bound / 2^64``.

    >>> below(0, 10), below(2**64 - 1, 10)
    (0, 9)
    """
    return (int(word) * bound) >> _WORD


def permutation(purpose: str, seed: int, count: int, *place: int) -> NDArray[np.intp]:
    """The numbers from 0 to `count - 1` in random order: that of as many random words.

    >>> sorted(permutation("order", 0, 4, 2).tolist())
    [0, 1, 2, 3]
    """
    return np.argsort(words(purpose, seed, count, *place), kind="stable")


def check_seed(seed: Any) -> int:
    """`seed` if it is one.

    Raises
    ------
    OptionError
    """
    if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= int(seed) < 2**_WORD:
        raise OptionError("not a seed", expected="a whole number from 0 to 2^64 - 1", got=repr(seed))
    return int(seed)


def fingerprint(described: Any) -> str:
    """SHA-256 of plain data, as text: what identities are made of. The order of names in a mapping plays no part.

    >>> fingerprint({"a": 1, "b": (2, 3)}) == fingerprint({"b": [2, 3], "a": 1})
    True
    """
    text = json.dumps(described, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


@cache
def _salt(purpose: str) -> int:
    return int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")


__all__ = ["below", "check_seed", "fingerprint", "permutation", "words"]
