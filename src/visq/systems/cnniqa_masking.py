"""What CNNIQA says of a part of a picture: the mean score of the patches that are kept; it judges each alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from visq.explain.cells import Cells
from visq.explain.pooling import Merged, Pooled
from visq.ops.arrays import read_one
from visq.systems import graphs
from visq.systems.cnniqa import AT_ONCE, GREY, MIN_SIDE, PATCH, Patches, _network, _tensor, _whole
from visq.systems.inputs import Inputs, evaluating

Path = str | os.PathLike[str]
#: The score is a mean over the cells.
MEAN = True


def usable(*, model: Path | None = None, **_: Any) -> bool:
    """Whether the network can be looked into: not what `visq export` wrote, which gives nothing but the score."""
    return graphs.choose("cnniqa", model) is None


class Tokens(Merged):
    """One picture, ready to be scored by parts of it: cells are patches, or squares of them.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    most : int, optional
        No more cells than that.
    on_step : callable, optional
        Called after every strip of patches; there are `steps(image)`.
    data_range, patches, rounded_luma, model
        As `visq.systems.cnniqa.cnniqa`.

    Notes
    -----
    Pixels beyond the last patch belong to the cells at the border, and nobody looks at them.
    """

    def __init__(
        self,
        image: Any,
        *,
        most: int | None = None,
        on_step: Callable[[], None] = lambda: None,
        data_range: float | None = None,
        patches: Patches = "program",
        rounded_luma: bool | None = None,
        model: Path | None = None,  # noqa: ARG002 - `usable` has looked at it
    ) -> None:
        batch = read_one(image, data_range=data_range, min_side=MIN_SIDE if patches == "program" else PATCH)
        height, width = _whole(batch.size, patches)
        inputs = Inputs(_tensor(batch.luma(1.0, weights=GREY, rounded=rounded_luma))[:, None], None, batch)
        found = []
        with evaluating(inputs):
            network: Any = _network(str(inputs.image.device), inputs.image.dtype)
            for top in range(0, height, _rows(width)):
                strip = inputs.image[:, :, top : min(top + _rows(width), height), :width]
                found.append(network.patches(strip)[0].double().numpy())
                on_step()
        values = np.concatenate(found).reshape(1, height // PATCH, width // PATCH)
        covered = zip((height, width), batch.size, strict=True)
        where = Cells(*(np.append(np.arange(0.0, n, PATCH), side) for n, side in covered))
        super().__init__(Pooled([values], lambda means: means[:, 0], batch.size, cells=where), most)


def steps(image: Any, *, data_range: float | None = None, patches: Patches = "program", **_: Any) -> int:
    """How many strips of patches are judged."""
    height, width = _whole(read_one(image, data_range=data_range, min_side=PATCH).size, patches)
    return -(-height // _rows(width))


def _rows(width: int) -> int:
    """Pixels of a strip: some rows of patches at a time."""
    return max(1, AT_ONCE // (width // PATCH)) * PATCH


__all__ = ["Tokens", "steps", "usable"]
