"""An image that has been read: its pixels, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.types import ImageMeta


@dataclass(frozen=True, slots=True, eq=False)
class Image:
    """Checked sRGB pixels in their own depth.

    Attributes
    ----------
    pixels : numpy.ndarray
        `(H, W)` grey or `(H, W, 3)` sRGB, C-contiguous; uint8 or uint16 from files, floats in 0..1 from float arrays.
    meta : ImageMeta
        Where they came from and every alteration made on reading.
    """

    pixels: np.ndarray
    meta: ImageMeta

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def grey(self) -> bool:
        """Whether there is one channel."""
        return self.pixels.ndim == 2

    @property
    def peak(self) -> float:
        """Value of white in `pixels`: 255, 65535 or 1."""
        dtype = self.pixels.dtype
        return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0

    def float32(self, start: int | None = None, stop: int | None = None) -> np.ndarray:
        """Rows `start` to `stop` as float32 in 0..1: a new array of that strip alone.

        >>> image = Image(np.array([[0, 51], [255, 102]], dtype=np.uint8), ImageMeta())
        >>> image.float32(1, 2)
        array([[1. , 0.4]], dtype=float32)
        """
        rows = self.pixels[start:stop]
        if self.pixels.dtype.kind != "u":
            return rows.astype(np.float32)
        return np.divide(rows, np.float32(self.peak), dtype=np.float32)

    def __repr__(self) -> str:
        kind = "grey" if self.grey else "sRGB"
        return f"Image({self.width}x{self.height} {kind} {self.pixels.dtype}, source={self.meta.source!r})"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.pixels, dtype=dtype, copy=copy)
