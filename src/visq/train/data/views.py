"""Parts and mirror images of pictures, as pictures with keys of their own: for `FeatureCache`."""

from __future__ import annotations

import numpy as np

from visq.errors import SizeError
from visq.train.data.crops import Crop, take
from visq.train.data.draws import fingerprint
from visq.train.data.keyed import Keyed


def mirrored(picture: Keyed) -> Keyed:
    """A picture left to right.

    >>> row = Keyed("k", "a row", lambda: np.arange(3, dtype=np.uint8).reshape(1, 3))
    >>> mirrored(row).load().tolist()
    [[2, 1, 0]]
    """

    def load() -> np.ndarray:
        return np.ascontiguousarray(picture.load()[:, ::-1])

    return Keyed(f"mirrored:{picture.key}", f"{picture.name} (mirrored)", load, picture.picture)


def trimmed(picture: Keyed, top: int = 0, bottom: int = 0, left: int = 0, right: int = 0) -> Keyed:
    """A picture without so many rows and columns at its borders.

    >>> square = Keyed("k", "a square", lambda: np.arange(9, dtype=np.uint8).reshape(3, 3))
    >>> trimmed(square, top=1, right=1).load().tolist()
    [[3, 4], [6, 7]]
    """

    def load() -> np.ndarray:
        pixels = picture.load()
        height, width = pixels.shape[0] - top - bottom, pixels.shape[1] - left - right
        if min(height, width) < 1:
            got = f"{pixels.shape[1]}x{pixels.shape[0]}"
            raise SizeError(f"nothing is left of {picture.name}", expected="more than what is trimmed", got=got)
        return np.ascontiguousarray(take(pixels, Crop(top, left, height, width)))

    key = f"trimmed:{fingerprint([picture.key, top, bottom, left, right])}"
    return Keyed(key, f"{picture.name} (trimmed)", load, picture.picture)


__all__ = ["mirrored", "trimmed"]
