"""What NIMA says of a part of a picture: the head on the mean response of the cells that are kept.

The network looks at the whole picture once. What a kept cell responds to is not hidden with its neighbours: responses
reach far beyond a cell.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from visq.explain.pooling import Merged, Pooled
from visq.systems import graphs
from visq.systems.inputs import evaluating, read
from visq.systems.nima import MIN_SIDE, Resize, _network, sized

Path = str | os.PathLike[str]
#: The score is nearly a mean over the cells.
MEAN = True


def usable(*, model: Path | None = None, **_: Any) -> bool:
    """Whether the network can be looked into: not what `visq export` wrote, which gives nothing but the score."""
    return graphs.choose("nima", model) is None


class Tokens(Merged):
    """One picture, ready to be scored by parts of it.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    most : int, optional
        No more cells than that.
    on_step : callable, optional
        Called after the network has looked at the picture.
    data_range, resize, model
        As `visq.systems.nima.nima`.
    """

    def __init__(
        self,
        image: Any,
        *,
        most: int | None = None,
        on_step: Callable[[], None] = lambda: None,
        data_range: float | None = None,
        resize: Resize = "nearest",
        model: Path | None = None,  # noqa: ARG002 - `usable` has looked at it
    ) -> None:
        import torch

        inputs = read(image, data_range=data_range, min_side=MIN_SIDE)
        with evaluating(inputs):
            network: Any = _network(str(inputs.image.device), inputs.image.dtype)
            maps = network.maps(sized(inputs.image, resize))[0]
        on_step()

        def readout(means: np.ndarray) -> np.ndarray:
            with evaluating(inputs):
                return network.read(torch.from_numpy(means).to(maps))[0].double().numpy()

        super().__init__(Pooled([maps.double().numpy()], readout, image.shape[:2]), most)


def steps(image: Any, **_: Any) -> int:  # noqa: ARG001
    """One look at the picture."""
    return 1


__all__ = ["Tokens", "steps", "usable"]
