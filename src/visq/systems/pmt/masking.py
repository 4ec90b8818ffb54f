"""What the metric `pmt` says of a part of a picture: hidden tokens are keys of nobody.

The trunk looks at the whole picture once; only the transformer is run again. What a kept token responds to is not
hidden with its neighbours: the trunk's responses reach hundreds of pixels.

Where cells of the picture itself are filled, the tokens in them are hidden too (`filled`): nothing of what was there is
left, and of the filling only what the trunk's responses carry into kept tokens near it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from visq.explain.cells import Cells
from visq.ops.arrays import read_one
from visq.systems.pmt import tokens
from visq.systems.pmt.design import MIN_SIDE
from visq.systems.pmt.score import model_of
from visq.systems.pmt.strips import count

Path = str | os.PathLike[str]
#: What is hidden are positions of a transformer.
POSITIONS = True
_ROUNDING = 1e-9


def side(image: Any, *, data_range: float | None = None, model: Path | None = None) -> int:
    """Pixels from one token of a picture to the next."""
    return model_of(model, data_range).layout(image).cell


def filled(image: Any, keep: Any, cells: Cells, *, data_range: float | None = None, model: Path | None = None) -> float:
    """Score of one picture whose hidden cells were filled, with the tokens in them hidden.

    Parameters
    ----------
    image : array
        The picture with its filling.
    keep : (h, w) bool
        Which of `cells` were not filled. With all of them it is the score of the picture, to the last bit.
    cells : Cells
        Any. A token that is filled by more than half is hidden; if all are, those that are filled least are kept.
    data_range, model
        As `visq.systems.pmt.pmt`.
    """
    judged = model_of(model, data_range)
    return float(judged.score(image, covered(keep, cells, judged.cells(image))))


def covered(keep: Any, cells: Cells, tokens: Cells) -> np.ndarray | None:
    """Which tokens are kept with `keep` `(h, w)` of other cells; None: nothing is hidden.

    >>> halves, quarters = Cells(np.array([0.0, 64]), np.array([0.0, 32, 64])), Cells(*[np.array([0.0, 32, 64])] * 2)
    >>> covered(np.array([[True, False]]), halves, quarters).tolist()
    [[True, False], [True, False]]
    """
    kept = np.asarray(keep, dtype=bool)
    if kept.all():
        return None
    share = cells.carried(tokens, kept.astype(np.float64))
    # Shares are sums of floats: a half may come out a little less.
    found = share > 0.5 - _ROUNDING
    return found if found.any() else share > share.max() - _ROUNDING


class Tokens(tokens.Tokens):
    """One picture, ready to be scored by parts of it: `visq.explain.masking` finds it by its name.

    Parameters
    ----------
    image : array
        One picture.
    most, on_step
        As `visq.systems.pmt.tokens.Tokens`.
    data_range, model
        As `visq.systems.pmt.pmt`.
    """

    def __init__(
        self,
        image: Any,
        *,
        most: int | None = None,
        on_step: Callable[[], None] = lambda: None,
        data_range: float | None = None,
        model: Path | None = None,
    ) -> None:
        super().__init__(model_of(model, data_range), image, most=most, on_step=on_step)


def steps(image: Any, *, data_range: float | None = None, **options: Any) -> int:  # noqa: ARG001 - any network
    """How many strips of the picture the trunk looks at."""
    return count(*read_one(image, data_range=data_range, min_side=MIN_SIDE).size)


__all__ = ["Tokens", "covered", "filled", "side", "steps"]
