"""LoDa asked about parts of a picture: patches of the transformer and tokens of the CNN are hidden together.

A cell is 32 x 32 pixels of the resized picture or a little more or less: four patches, and a token of each map. In each
of the crops a patch, or a token, is hidden where its middle lies in a hidden cell; crops of which no patch is
left are no part of the mean. What a token that is left has seen of its neighbourhood stays in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from visq.errors import InputError
from visq.systems.inputs import Inputs, evaluating, read
from visq.systems.loda.design import PATCH
from visq.systems.loda.network import LoDa
from visq.systems.loda.pictures import LEAST, crops_of, key_of, resized_planes, sized
from visq.systems.loda.score import opened

CELL = 32
#: What is hidden are positions of a transformer.
POSITIONS = True


def grid(image: Any, **options: Any) -> tuple[int, int]:  # noqa: ARG001 - that of the resized picture, however it is judged
    """Rows and columns of cells of a picture `(H, W)` or `(H, W, 3)`.

    >>> grid(np.zeros((768, 1024, 3), np.uint8))
    (12, 16)
    """
    height, width = sized(*image.shape[:2])
    return round(height / CELL), round(width / CELL)


def masked(image: Any, keeps: Any, *, data_range: float | None = None, **options: Any) -> np.ndarray:
    """Scores `(K,)` of a picture of which some cells count.

    Parameters
    ----------
    image : (H, W) or (H, W, 3) array
    keeps : (K, h, w) bool
        As many cells as `grid` says.
    data_range : float, optional
    **options
        As `visq.systems.loda.loda` takes them.

    Raises
    ------
    InputError
        A mask that hides all of the picture, or of another grid.
    """
    keeps = np.asarray(keeps, dtype=bool)
    if keeps.shape[1:] != grid(image) or not keeps.any(axis=(1, 2)).all():
        raise InputError(
            "these are no masks of the picture", expected=f"(K, {', '.join(map(str, grid(image)))}), some of each kept",
            got=str(keeps.shape),
        )  # fmt: skip
    inputs = read(image, data_range=data_range, min_side=LEAST)
    model, vit, cnn = (options.pop(name, None) for name in ("model", "vit", "cnn"))
    with evaluating(inputs):
        network = opened(model, vit, cnn, inputs.image.device, inputs.image.dtype)
        with torch.no_grad():
            return scores(network, inputs, keeps, **options)


def scores(
    network: LoDa, inputs: Inputs, keeps: np.ndarray, *, crops: Any = "grid15", seed: int = 0, filter: Any = "bicubic"
) -> np.ndarray:
    """As `masked`, of checked pixels of one picture."""
    key = key_of(inputs.image.cpu().numpy()) if crops == "random15" else 0
    planes = resized_planes(inputs.image, inputs.batch.integer, filter=filter)
    size = (int(planes.shape[2]), int(planes.shape[3]))
    total, count = np.zeros(len(keeps)), np.zeros(len(keeps))
    side, design = network.design.side, network.design
    for crop in crops_of(size, side, crops, seed, key):
        part = planes[:, :, crop.top : crop.top + side, crop.left : crop.left + side]
        tokens = network.tokens(part)
        for k, keep in enumerate(keeps):
            patches = _kept(keep, size, crop, side, side // PATCH)
            if not len(patches):
                continue
            if design.variant == "add":
                local = torch.cat([patches.new_zeros(1), 1 + patches])
            else:
                cells = _kept(keep, size, crop, side, design.grid)
                local = torch.cat([cells + j * design.grid**2 for j in range(len(design.taps))])
            vector = network.read(part, tokens[:, local], patches)
            total[k] += float(network.head(vector))
            count[k] += 1
    if not count.all():
        raise InputError("no crop has anything of what a mask keeps", hint="Keep larger parts, or take crops='grid15'.")
    return total / count


def _kept(keep: np.ndarray, size: tuple[int, int], crop: Any, side: int, count: int) -> Tensor:
    """Numbers, row by row, of the `count` x `count` parts of a crop whose middles lie in kept cells."""
    middles = (np.arange(count) + 0.5) * side / count
    rows = ((crop.top + middles) * keep.shape[0] / size[0]).astype(int)
    columns = ((crop.left + middles) * keep.shape[1] / size[1]).astype(int)
    return torch.from_numpy(np.flatnonzero(keep[np.ix_(rows, columns)]))


__all__ = ["CELL", "grid", "masked", "scores"]
