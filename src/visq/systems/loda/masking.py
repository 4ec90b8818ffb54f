"""LoDa asked about parts of a picture: patches of the transformer and tokens of the CNN are hidden together.

A token here is 32 x 32 pixels of the resized picture or a little more or less: four patches, and a token of each map.
In each of the crops a patch, or a token, is hidden where its middle lies in a hidden cell; crops of which no patch is
left are no part of the mean. What a token that is left has seen of its neighbourhood stays in it.

The CNN looks at each crop once; each mask is a pass of the transformer over all crops of which it hides something.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from visq.errors import InputError
from visq.explain.cells import Cells, checked_keeps, regular
from visq.systems.inputs import Inputs, evaluating, read
from visq.systems.loda.design import PATCH
from visq.systems.loda.network import LoDa
from visq.systems.loda.pictures import COUNT, LEAST, crops_of, key_of, resized_planes, sized
from visq.systems.loda.score import opened
from visq.train.data.crops import Crop

CELL = 32
#: What is hidden are positions of a transformer.
POSITIONS = True
#: Every mask is a pass through the network.
EACH = True
_CORNERS = 5


def cells(image: Any, most: int | None = None) -> Cells:
    """The cells of a picture `(H, W)` or `(H, W, 3)`: tokens, or squares of them where there are more than `most`.

    >>> cells(np.zeros((768, 1024, 3), np.uint8)).shape, cells(np.zeros((768, 1024, 3), np.uint8), 48).shape
    ((12, 16), (6, 8))
    """
    whole = regular(image.shape[:2], _tokens(image.shape))
    factor = _factor(whole.shape, most)
    return Cells(*(np.append(edges[:-1][::factor], edges[-1]) for edges in (whole.rows, whole.columns)))


def _tokens(shape: tuple[int, ...]) -> tuple[int, int]:
    height, width = sized(*shape[:2])
    return round(height / CELL), round(width / CELL)


def _factor(shape: tuple[int, int], most: int | None) -> int:
    factor = 1
    while most is not None and -(-shape[0] // factor) * -(-shape[1] // factor) > max(most, 1):
        factor += 1
    return factor


@dataclass(frozen=True, slots=True)
class _Part:
    """A crop, and what the CNN said of it; score: with all of it kept."""

    crop: Crop
    planes: Tensor
    tokens: Tensor
    score: float


class Masked:
    """One picture as a network's CNN has seen it, to be scored by masks of its tokens.

    Parameters
    ----------
    network : LoDa
    inputs : Inputs
        Checked pixels of one picture.
    on_step : callable
        Called after every crop.
    grid : (h, w), optional
        Of the masks that will come: refused where half of their cells and more lie in no crop.
    factor : int
        How many of them, a side, come and go together.
    crops, seed, filter, rounded
        As `visq.systems.loda.loda`.
    """

    def __init__(
        self, network: LoDa, inputs: Inputs, *, on_step: Callable[[], None] = lambda: None,
        grid: tuple[int, int] | None = None, factor: int = 1, crops: Any = "grid15", seed: int = 0,
        filter: Any = "bicubic", rounded: bool | None = None,
    ) -> None:  # fmt: skip
        self._network = network
        key = key_of(inputs.image.cpu().numpy()) if crops == "random15" else 0
        planes = resized_planes(inputs.image, inputs.batch.integer if rounded is None else rounded, filter=filter)
        self._size, side = (int(planes.shape[2]), int(planes.shape[3])), network.design.side
        places = crops_of(self._size, side, crops, seed, key)
        if grid is not None:
            self._check_seen(grid, factor, places, crops, inputs.image.shape)
        self._parts = []
        for crop in places:
            part = planes[:, :, crop.top : crop.top + side, crop.left : crop.left + side]
            tokens = network.tokens(part)
            self._parts.append(_Part(crop, part, tokens, float(network.head(network.read(part, tokens)))))
            on_step()

    def __call__(self, keeps: np.ndarray, on_step: Callable[[], None] = lambda: None) -> np.ndarray:
        """Scores `(K,)` of masks `(K, h, w)`."""
        found = np.empty(len(keeps))
        for k, keep in enumerate(keeps):
            scores = [score for part in self._parts if (score := self._score(part, keep)) is not None]
            if not scores:
                raise InputError(
                    "no crop has anything of what a mask keeps", hint="Keep larger parts, or take crops='grid15'."
                )
            found[k] = np.mean(scores)
            on_step()
        return found

    def _check_seen(
        self, grid: tuple[int, int], factor: int, places: Sequence[Crop], crops: Any, shape: Sequence[int]
    ) -> None:
        """A half that no crop sees has no score."""
        seen, side = np.zeros(grid, bool), self._network.design.side
        for crop in places:
            seen[np.ix_(*_places(grid, self._size, crop, side, side // PATCH))] = True
        for axis, count in enumerate(grid):
            seen = np.logical_or.reduceat(seen, np.arange(0, count, factor), axis)
        unseen = int(seen.size - seen.sum())
        if seen.size > 1 and unseen >= seen.size // 2:
            raise InputError(
                f"crops={crops} leave out {unseen} of {seen.size} cells of a picture of {shape[3]}x{shape[2]} pixels",
                expected="more than half of them in some crop",
                hint=f"Take {'' if crops == 'grid15' else 'crops=grid15, or '}the level pixel.",
            )  # fmt: skip

    def _score(self, part: _Part, keep: np.ndarray) -> float | None:
        network, design = self._network, self._network.design
        patches = _kept(keep, self._size, part.crop, design.side, design.side // PATCH)
        local = _kept(keep, self._size, part.crop, design.side, design.grid)
        if len(patches) == (design.side // PATCH) ** 2 and len(local) == design.grid**2:
            return part.score
        if not len(patches):
            return None
        if design.variant == "add":
            local = torch.cat([patches.new_zeros(1), 1 + patches])
        else:
            local = torch.cat([local + j * design.grid**2 for j in range(len(design.taps))])
        return float(network.head(network.read(part.planes, part.tokens[:, local], patches)))


class Tokens:
    """One picture, ready to be scored by parts of it: `visq.explain.masking` finds it by its name.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    most : int, optional
        No more cells than that.
    on_step : callable, optional
        Called after every crop that the CNN has looked at, and after every mask.
    data_range, crops, seed, filter, rounded, model, vit, cnn
        As `visq.systems.loda.loda`.

    Attributes
    ----------
    cells : Cells
    factor : int
        How many tokens, a side, are one cell.
    """

    def __init__(
        self, image: Any, *, most: int | None = None, on_step: Callable[[], None] = lambda: None,
        data_range: float | None = None, model: Any = None, vit: Any = None, cnn: Any = None, **options: Any,
    ) -> None:  # fmt: skip
        self._inputs = read(image, data_range=data_range, min_side=LEAST)
        if len(self._inputs.image) != 1:
            raise InputError("image is a batch", expected="one image", got=f"{len(self._inputs.image)} images")
        self._tokens = _tokens(image.shape)
        self.cells, self.factor = cells(image, most), _factor(self._tokens, most)
        self._on_step = on_step
        with evaluating(self._inputs), torch.no_grad():
            network = opened(model, vit, cnn, self._inputs.image.device, self._inputs.image.dtype)
            self._picture = Masked(
                network, self._inputs, on_step=on_step, grid=self._tokens, factor=self.factor, **options
            )

    def __call__(self, keeps: Any) -> np.ndarray:
        """Scores `(K,)` of `keeps` `(K, h, w)` over the grid of `cells`."""
        kept = checked_keeps(keeps, self.cells.shape)
        if self.factor > 1:
            kept = kept.repeat(self.factor, 1).repeat(self.factor, 2)[:, : self._tokens[0], : self._tokens[1]]
        with evaluating(self._inputs), torch.no_grad():
            return self._picture(kept, self._on_step)


def steps(image: Any, *, crops: Any = "grid15", **options: Any) -> int:  # noqa: ARG001 - of any picture as many
    """How many crops the CNN looks at."""
    return _CORNERS if crops == "corners" else COUNT


def _kept(keep: np.ndarray, size: tuple[int, int], crop: Any, side: int, count: int) -> Tensor:
    """Numbers, row by row, of the `count` x `count` parts of a crop whose middles lie in kept cells."""
    return torch.from_numpy(np.flatnonzero(keep[np.ix_(*_places(keep.shape, size, crop, side, count))]))


def _places(
    grid: Sequence[int], size: tuple[int, int], crop: Crop, side: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the cells that hold the middles of the `count` x `count` parts of a crop."""
    middles = (np.arange(count) + 0.5) * side / count
    rows = ((crop.top + middles) * grid[0] / size[0]).astype(int)
    return rows, ((crop.left + middles) * grid[1] / size[1]).astype(int)


__all__ = ["CELL", "Masked", "Tokens", "cells", "steps"]
