"""The network of visq-nr in torch: trunk, moments of cells, read-out. What is trained, and what graphs are held to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from visq.ops.arrays import Batch
from visq.systems.visq_nr.design import BACKBONE, HEED_LIMIT, HEEDED, SCALES, STRIDES, SUBSCORES, TAPS, Design
from visq.systems.visq_nr.grid import CELL
from visq.systems.visq_nr.statistics import Run, whole


class Trunk(nn.Module):
    """The seven stages of EfficientNet-Lite0, each as the moments of its responses in the cells of the grid.

    Parameters
    ----------
    weights : {"public", "random"} or path
        As `visq.backbones.create` takes it.
    seed : int
        Of `random`.
    """

    def __init__(self, weights: str | os.PathLike[str] = "public", seed: int = 0) -> None:
        from visq import backbones

        super().__init__()
        network = backbones.create(BACKBONE, weights=weights, seed=seed)
        # What lies behind the last stage is not used: a tenth of all parameters.
        network.conv_head = network.bn2 = nn.Identity()
        self.network = network
        self.gain = 1.0 / 128.0

    def forward(self, planes: Tensor, stages: int = len(TAPS)) -> tuple[Tensor, ...]:
        """Of each stage `(N, 2 C, h, w)`: means of the responses in each cell, then means of their squares.

        Parameters
        ----------
        planes : (N, 3, 32 h - 31, 32 w - 31)
            In 0..255, on the grid of `visq.systems.visq_nr.grid`.
        stages : int
            How many are computed.
        """
        centred = planes - 127.0
        found = self.network(centred if self.gain == 1.0 else centred * self.gain, TAPS[:stages])
        kind = planes.device.type
        # Under automatic mixed precision too: a variance is a small difference of large numbers.
        with torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext():
            wide = [x if x.dtype == torch.float64 else x.float() for x in found.values()]
            return tuple(
                torch.cat([pooled(x, CELL // stride), pooled(x * x, CELL // stride)], dim=1)
                for x, stride in zip(wide, STRIDES, strict=False)
            )

    def run(self, planes: Tensor, stages: int) -> Tensor:
        """The same in one tensor: the means of all stages, then those of the squares."""
        return joined(self(planes, stages))

    def train(self, mode: bool = True) -> Trunk:
        """Batch normalisation stays as it is: the numbers that are trained with are those that are folded."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self


def pooled(values: Tensor, ratio: int) -> Tensor:
    """Means over cells: `(N, C, ratio m + 1, ...)` to `(N, C, m + 1, ...)`, by the trapezoid rule.

    A position on the border of two cells counts half in both; what lies outside of the plane does not count.
    """
    if ratio == 1:
        return values
    if ratio == 2:
        between = functional.avg_pool2d(values, 2, 1)
    else:
        # The same in one pass over the large plane: (1 2 1) / 4 at every second position adds up to the rule.
        row = torch.tensor([0.25, 0.5, 0.25], dtype=values.dtype, device=values.device)
        kernel = torch.outer(row, row).expand(int(values.shape[1]), 1, 3, 3)
        between, ratio = functional.conv2d(values, kernel, stride=2, groups=int(values.shape[1])), ratio // 2
    return functional.avg_pool2d(between, ratio, ratio, ratio // 2, count_include_pad=False)


def joined(stages: tuple[Tensor, ...]) -> Tensor:
    """One tensor of the moments of several stages: all means, then all means of squares."""
    halves = [s.chunk(2, dim=1) for s in stages]
    return torch.cat([h[0] for h in halves] + [h[1] for h in halves], dim=1)


class Readout(nn.Module):
    """From statistics `(..., F)` to the score, the scale of its error, and four sub-scores.

    The statistics are brought to mean 0 and deviation 1 by fixed numbers, `fit_scale`. The sub-scores are linear in
    them behind a logistic function, and get them without gradient: they never change what the score is made of.
    """

    centre: Tensor
    spread: Tensor

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.design = design
        count, width = design.features, design.width
        self.register_buffer("centre", torch.zeros(count))
        self.register_buffer("spread", torch.ones(count))
        self.input_dropout = nn.Dropout(design.input_dropout)
        self.hidden = nn.Linear(count, width) if width else nn.Identity()
        self.dropout = nn.Dropout(design.dropout)
        self.score = nn.Linear(width or count, 2)
        self.parts = nn.Linear(count, len(SUBSCORES))

    def forward(self, statistics: Tensor) -> dict[str, Tensor]:
        """`score` in 0..1 (before the cut, where it is linear), `log_scale`, and the four of `SUBSCORES`."""
        given = (statistics - self.centre) / self.spread
        units = self.input_dropout(given)
        if self.design.width:
            units = functional.relu(self.hidden(units))
        value, log_scale = self.score(self.dropout(units)).unbind(-1)
        parts = self.parts(given.detach())
        heard = parts.detach()[..., SUBSCORES.index(HEEDED)].clamp(-HEED_LIMIT, HEED_LIMIT)
        value = value + self.design.heed * heard
        found = {"score": torch.sigmoid(value) if self.design.link == "sigmoid" else value, "log_scale": log_scale}
        return found | dict(zip(SUBSCORES, torch.sigmoid(parts).unbind(-1), strict=True))

    @torch.no_grad()
    def fit_scale(self, statistics: Tensor, floor: float = 1e-3) -> None:
        """Take centre and spread from the statistics `(N, F)` of the pictures that are trained on."""
        given = statistics.double()
        self.centre.copy_(given.mean(dim=0))
        self.spread.copy_(given.std(dim=0, correction=0).clamp(min=floor))


class Network(nn.Module):
    """Trunk and read-out: pictures to scores.

    Examples
    --------
    >>> network = Network(Design(width=8), weights="random").eval()
    >>> {name: tuple(v.shape) for name, v in network(torch.zeros(2, 3, 64, 80, dtype=torch.uint8)).items()}["score"]
    (2,)
    """

    def __init__(self, design: Design, weights: str | os.PathLike[str] = "public", seed: int = 0) -> None:
        super().__init__()
        self.design = design
        self.trunk = Trunk(weights, seed)
        self.readout = Readout(design)

    def statistics(self, images: Tensor, run: Run | None = None) -> Tensor:
        """`(N, F)` of images `(N, 3, H, W)` in 0..255, both sides at least 64 pixels."""
        return whole(Batch(images, 255.0, single=False), self.design, run or self.trunk.run)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """As `Readout`."""
        return self.readout(self.statistics(images))


def network(options: Mapping[str, Any]) -> Network:
    """The network that a recipe's options name: those of `Design`, and `weights` and `seed` of the trunk."""
    given = dict(options)
    weights, seed = given.pop("weights", "public"), given.pop("seed", 0)
    made = Network(Design.of(given), weights, seed)
    made.trunk.requires_grad_(True)
    return made


def readout(options: Mapping[str, Any]) -> Readout:
    """The read-out alone, for statistics that were computed before: options of `Design`."""
    return Readout(Design.of(options))


__all__ = ["SCALES", "Network", "Readout", "Trunk", "joined", "network", "pooled", "readout"]
