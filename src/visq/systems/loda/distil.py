"""A small transformer that is taught what EfficientNet-Lite0 sees in photographs: the frozen one of `loda-mini`.

The transformer and the CNN look at the same crop. Three linear maps of the transformer's last tokens have to give what
the CNN has: the 112 channels of its map at a sixteenth of the size at each patch; the 320 channels of that at a
thirty-second at each mean of 2 x 2 patches; and the means over the crop of the 1280 channels before its classifier at
the class token. Each channel is first brought to mean 0 and deviation 1 by its statistics in the batch (by the means of
those of all batches where it is judged), so that an error of 1 is that of who says nothing, and one minus the error is
the share of the variance that is explained.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from visq import backbones
from visq.systems.loda.design import DISTILLED, Design
from visq.systems.loda.photographs import PhotoStream, resized_cache
from visq.systems.loda.sealed import Sealed
from visq.systems.loda.trunks import empty
from visq.train.data.photographs import opened
from visq.train.data.work import shown
from visq.train.streams import Streams

if TYPE_CHECKING:
    from visq.train.recipe import Recipe

TEACHER = "efficientnet_lite0"
#: What is taught: the tap, and its channels.
TARGETS = {"patch": ("blocks.4.2", 112), "square": ("blocks.6.0", 320), "whole": ("head.relu6", 1280)}
_SPREAD = 0.02
# Crops that the teacher looks at together: its maps of more of them leave the processor's caches.
_TOGETHER = 8


class Pupil(Sealed):
    """A transformer that learns beside the CNN it learns from, which is frozen and no part of what is kept.

    Parameters
    ----------
    design : Design
        Of its `distilled` transformer; the side is a multiple of 32.
    teacher : {"public", "random"} or path
        Parameters of EfficientNet-Lite0.
    """

    def __init__(self, design: Design, teacher: str | os.PathLike[str] = "public") -> None:
        super().__init__()
        width = design.shape[0]
        self.student = empty(design).to_empty(device="cpu")
        _begin(self.student)
        self.teacher = backbones.create(TEACHER, weights=teacher)
        self.maps = nn.ModuleDict({name: nn.Linear(width, channels) for name, (_, channels) in TARGETS.items()})
        self.standard = nn.ModuleDict(
            {name: nn.BatchNorm1d(channels, momentum=None, affine=False) for name, (_, channels) in TARGETS.items()}
        )
        self.seal("teacher")

    def train(self, mode: bool = True) -> Pupil:
        """The teacher stays as it is."""
        super().train(mode)
        self.teacher.eval()
        return self

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """The mean squared error of each target, `(N,)` each, of crops `(N, 3, side, side)` uint8."""
        planes = images.float() / 255.0
        said, taught = self.said(planes), self.taught(planes)
        return {name: (self.maps[name](said[name]) - taught[name]).square().flatten(1).mean(1) for name in TARGETS}

    def said(self, planes: Tensor) -> dict[str, Tensor]:
        """Tokens of the student for each target: `(N, T, C)`, or `(N, C)` of the class token."""
        tokens = self.student(self.student.normalise(planes), "norm")["norm"]
        grid = self.student.grid
        patches = tokens[:, 1:].transpose(1, 2).unflatten(2, (grid, grid))
        squares = functional.avg_pool2d(patches, 2).flatten(2).transpose(1, 2)
        return {"patch": tokens[:, 1:], "square": squares, "whole": tokens[:, 0]}

    def taught(self, planes: Tensor) -> dict[str, Tensor]:
        """The teacher's features for each target, as `said` has them, standardised channel by channel."""
        with torch.no_grad():
            parts = planes.split(_TOGETHER) if planes.device.type == "cpu" else (planes,)
            seen = [self._seen(part) for part in parts]
            found = {name: torch.cat([one[name] for one in seen]) for name in TARGETS}
            standard = {name: self.standard[name](values) for name, values in found.items()}
        return {name: v.transpose(1, 2) if v.ndim == 3 else v for name, v in standard.items()}

    def _seen(self, planes: Tensor) -> dict[str, Tensor]:
        """The teacher's features for each target: `(N, C, T)`, or `(N, C)` of the whole crop."""
        maps = self.teacher(self.teacher.normalise(planes), [tap for tap, _ in TARGETS.values()])
        found = {name: maps[tap].float().flatten(2) for name, (tap, _) in TARGETS.items()}
        return {**found, "whole": found["whole"].mean(2)}


def _begin(student: nn.Module) -> None:
    """Initial parameters as timm has them: normal numbers, cut off, of deviation 0.02; biases 0."""
    for module in student.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.trunc_normal_(module.weight, std=_SPREAD)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            module.reset_parameters()
    for name in ("cls_token", "pos_embed"):
        nn.init.trunc_normal_(student.get_parameter(name), std=_SPREAD)


def network(options: Mapping[str, Any]) -> Pupil:
    """The pupil that a recipe's options name: `design`, with the transformer `distilled`, and `teacher`."""
    return Pupil(Design.of({**options["design"], "vit": DISTILLED}), options["teacher"])


def streams(recipe: Recipe, data: Any) -> Streams:
    """Random crops of photographs, and the middle of others. No rating is looked at.

    Parameters
    ----------
    recipe : Recipe
        `dataset`: its fit part is learned from, its validation part judged by, and its test part never opened; empty:
        all photographs below the folder, as `visq.train.data.photographs.opened` has them, one in `apart` of them to
        judge by, drawn by `split_seed`, so that it must not be the folder of a database whose test part is to judge
        anything later. `crops` of each an epoch; `short`, `filter`, of the resize; `cache`, `threads`, as
        `visq.systems.loda.data.streams` has them.
    data : path
    """
    from visq.systems.loda.data import rated, side_of

    o = recipe.options
    if o["dataset"]:
        found = rated(data, o)
        sources: tuple[Any, Any] = found.fit, found.validation
    else:
        learned, judged = opened(data, seed=o["split_seed"], apart=o["apart"])
        # The name of a file is its path.
        sources = [one.name for one in learned.pictures], [one.name for one in judged.pictures]
    with shown("pictures") as work:
        caches = [
            resized_cache(source, o["cache"], short=o["short"], filter=o["filter"], work=work) for source in sources
        ]
    side, threads = side_of({"design": {**o["design"], "vit": DISTILLED}}), o["threads"]
    return Streams(
        PhotoStream(caches[0], side=side, batch=recipe.batch, count=o["crops"], seed=recipe.seed, threads=threads),
        PhotoStream(caches[1], side=side, batch=recipe.batch, random=False, threads=threads, split="validation"),
    )


def objective(outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> dict[str, Tensor]:  # noqa: ARG001
    """The mean error of each target, each with the same weight."""
    return {name: error.mean() for name, error in outputs.items()}


def measure(outputs: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> dict[str, float]:  # noqa: ARG001
    """Shares of the variance that are explained: of each target, and their mean."""
    found = {f"{name}_explained": 1.0 - float(error.double().mean()) for name, error in outputs.items()}
    return {**found, "explained": sum(found.values()) / len(found)}


def save(network: Pupil, path: str | os.PathLike[str], *, half: bool = False) -> None:
    """Write the transformer alone, under timm's names: `loda_mini_vit.safetensors`.

    Parameters
    ----------
    network : Pupil
    path : path
    half : bool
        Parameters in half precision, half the bytes. What is learned beside them is learned beside the file: rounded
        parameters are other ones.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    from safetensors.torch import save as packed

    from visq.store.tables import replacing

    kept = torch.float16 if half else torch.float32
    held = network.student.state_dict()
    state = {name: value.detach().to("cpu", kept, copy=True).contiguous() for name, value in held.items()}
    with replacing(os.fspath(path)) as file:
        file.write(packed(dict(sorted(state.items()))))


__all__ = ["TARGETS", "TEACHER", "Pupil", "measure", "network", "objective", "save", "streams"]
