"""What the metric `pmt` says of a part of a picture: hidden tokens are keys of nobody.

The trunk looks at the whole picture once; only the transformer is run again. What a kept token responds to is not
hidden with its neighbours: the trunk's responses reach hundreds of pixels.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from visq.ops.arrays import read_one
from visq.systems.pmt import tokens
from visq.systems.pmt.design import MIN_SIDE
from visq.systems.pmt.score import model_of
from visq.systems.pmt.strips import count

Path = str | os.PathLike[str]
#: What is hidden are positions of a transformer.
POSITIONS = True


def grid(
    image: Any, *, data_range: float | None = None, variant: str = "small", model: Path | None = None
) -> tuple[int, int]:
    """Rows and columns of the tokens of a picture; arguments as `visq.systems.pmt.pmt`."""
    return model_of(variant, model, data_range).grid(image)


def masked(
    image: Any, keeps: Any, *, data_range: float | None = None, variant: str = "small", model: Path | None = None
) -> np.ndarray:
    """Scores `(K,)` of a picture by `keeps` `(K, h, w)` over `grid(image)`, as `visq.systems.pmt.Model.masked`."""
    return model_of(variant, model, data_range).masked(image, keeps)


class Tokens(tokens.Tokens):
    """One picture, ready to be scored by parts of it: `visq.explain.masking` finds it by its name.

    Parameters
    ----------
    image : array
        One picture.
    most, on_step
        As `visq.systems.pmt.tokens.Tokens`.
    data_range, variant, model
        As `visq.systems.pmt.pmt`.
    """

    def __init__(
        self,
        image: Any,
        *,
        most: int | None = None,
        on_step: Callable[[], None] = lambda: None,
        data_range: float | None = None,
        variant: str = "small",
        model: Path | None = None,
    ) -> None:
        super().__init__(model_of(variant, model, data_range), image, most=most, on_step=on_step)


def steps(image: Any, *, data_range: float | None = None, **options: Any) -> int:  # noqa: ARG001 - any network
    """How many strips of the picture the trunk looks at."""
    return count(*read_one(image, data_range=data_range, min_side=MIN_SIDE).size)


__all__ = ["Tokens", "grid", "masked", "steps"]
