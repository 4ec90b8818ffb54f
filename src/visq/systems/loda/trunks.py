"""The two frozen networks, with the parameters that they were trained to have. Nothing is drawn unless it is asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from visq import backbones
from visq.backbones.backbone import Backbone
from visq.backbones.initial import random_state
from visq.backbones.vit import VisionTransformer
from visq.errors import WeightsError
from visq.systems.loda.design import DISTILLED, WEIGHTS, Design, distilled_spec
from visq.weights import find
from visq.weights.tensors import load

#: Before the names of the transformer in a checkpoint of the recipe that makes it.
STUDENT = "student."


def transformer(design: Design, weights: str | os.PathLike[str] = "public", seed: int = 0) -> Backbone:
    """The transformer of a design, its taps tokens `(N, T, C)`, class token first.

    Parameters
    ----------
    design : Design
    weights : {"public", "random"} or path
        `public`: the file that `visq.systems.loda.design.WEIGHTS` or the table of networks names, where `visq.weights`
        looks. A path: such a file, or a checkpoint of the recipe `loda-mini-vit`.
    seed : int
        Of `random`.

    Raises
    ------
    WeightsError
        The parameters are not there, damaged, or of another network. Random ones never stand in for them.
    """
    if design.vit == DISTILLED:
        return _distilled(design, weights, seed)
    return backbones.create(design.vit, weights=_file(design.vit, weights), seed=seed, class_token="keep")


def cnn(design: Design, weights: str | os.PathLike[str] = "public", seed: int = 0) -> Backbone:
    """The CNN of a design; parameters and errors as for `transformer`."""
    return backbones.create(design.cnn, weights=_file(design.cnn, weights), seed=seed)


def empty(design: Design) -> VisionTransformer:
    """The distilled transformer before it has parameters: all are on no device."""
    spec = distilled_spec(design)
    with torch.device("meta"):
        return VisionTransformer(spec, class_token="keep", **dict(spec.config))


def _distilled(design: Design, weights: str | os.PathLike[str], seed: int) -> Backbone:
    with torch.inference_mode(False), torch.no_grad():
        network = empty(design)
        like = network.state_dict()
        state = random_state(like, seed) if weights == "random" else _read(weights, like)
        network.load_state_dict(state, assign=True)
        return network.requires_grad_(False).eval()


def _read(weights: str | os.PathLike[str], like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    from visq.systems.loda.checkpoint import of_training

    path = find(WEIGHTS[DISTILLED]) if weights == "public" else Path(weights)
    checkpoint = of_training(path)
    if checkpoint is None:
        return load(path, {name: tuple(value.shape) for name, value in like.items()})
    found = {n.removeprefix(STUDENT): v for n, v in checkpoint.network_state().items() if n.startswith(STUDENT)}
    if {n: v.shape for n, v in found.items()} != {n: v.shape for n, v in like.items()}:
        raise WeightsError(f"{path} is a checkpoint of another network", expected="one of the recipe loda-mini-vit")
    return found


def _file(id: str, weights: str | os.PathLike[str]) -> str | os.PathLike[str]:
    """The file of the authors' choice, where the table of networks has another."""
    return find(WEIGHTS[id]) if weights == "public" and id in WEIGHTS else weights


__all__ = ["STUDENT", "cnn", "empty", "transformer"]
