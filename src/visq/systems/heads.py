"""Parameters that belong to a metric itself, next to those of its network: out of the first file that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from visq.types import Weights

if TYPE_CHECKING:
    import torch


def open_first(files: Sequence[Weights], shapes: Mapping[str, tuple[int | None, ...]]) -> dict[str, torch.Tensor]:
    """The tensors of the first of several files with the same parameters that lies in a search place.

    The authors' name of a weight, `lin0.model.1.weight`, is `lin0` here.

    Raises
    ------
    WeightsError
        None of the files is there, or the first that is there is damaged or another one.
    """
    from visq.weights import find_any
    from visq.weights.tensors import load

    path = find_any(*files)[1]
    return load(path, shapes, rename=lambda name: name.removesuffix(".model.1.weight"))
