"""The network of NIMA: a MobileNet, version 1, with ten marks at its end."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from visq.weights.tensors import Shape
from visq.weights.tensors import load as load_tensors

MARKS = 10
EPSILON = 1e-3  # of Keras' batch normalisation, with which the weights were trained
# Channels before and after each separable convolution; those that halve the picture.
CHANNELS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
HALVING = (1, 3, 5, 11)


class MobileNet(nn.Module):
    """`(N, 3, H, W)` in 0..1 to the mean mark `(N,)` and the probabilities of the marks `(N, 10)`.

    As Keras 2.1 defined it, with which the weights were trained: later ones pad otherwise before a step of two. The
    batch normalisations are part of the convolutions before them, which changes nothing but rounding.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, CHANNELS[0], 3, stride=2, padding=1)
        self.depthwise = nn.ModuleList(
            nn.Conv2d(n, n, 3, stride=2 if i in HALVING else 1, padding=1, groups=n)
            for i, n in enumerate(CHANNELS[:-1])
        )
        self.pointwise = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(CHANNELS))
        self.fc = nn.Linear(CHANNELS[-1], MARKS)
        self.register_buffer("marks", torch.arange(1.0, MARKS + 1.0), persistent=False)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.read(self.maps(image).mean(dim=(2, 3)))

    def maps(self, image: torch.Tensor) -> torch.Tensor:
        """`(N, 1024, H / 32, W / 32)` responses, whose mean is judged."""
        x = functional.relu6(self.stem(image * 2.0 - 1.0))
        for depthwise, pointwise in zip(self.depthwise, self.pointwise, strict=True):
            x = functional.relu6(pointwise(functional.relu6(depthwise(x))))
        return x

    def read(self, means: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean mark and probabilities of mean responses `(N, 1024)`."""
        p = torch.softmax(self.fc(means), dim=1)
        return (p * self.get_buffer("marks")).sum(dim=1), p


def load(path: str | Path) -> MobileNet:
    """The network with the parameters of a file, on the CPU, in evaluation mode, without gradients of its own.

    Raises
    ------
    visq.errors.WeightsError
        As `visq.weights.tensors.load`.
    """
    found = load_tensors(path, shapes())
    network = MobileNet()
    _fold(network.stem, found, "stem.0", "stem.1")
    for i, (depthwise, pointwise) in enumerate(zip(network.depthwise, network.pointwise, strict=True)):
        _fold(depthwise, found, f"blocks.{i}.0", f"blocks.{i}.1")
        _fold(pointwise, found, f"blocks.{i}.2", f"blocks.{i}.3")
    network.fc.load_state_dict({"weight": found["fc.weight"], "bias": found["fc.bias"]})
    return network.eval().requires_grad_(False)


def shapes() -> dict[str, Shape]:
    """Names and shapes of the tensors in the file."""
    wanted: dict[str, Shape] = {"stem.0.weight": (CHANNELS[0], 3, 3, 3)}
    wanted |= _normalisation("stem.1", CHANNELS[0])
    for i, (before, after) in enumerate(pairwise(CHANNELS)):
        wanted[f"blocks.{i}.0.weight"] = (before, 1, 3, 3)
        wanted |= _normalisation(f"blocks.{i}.1", before)
        wanted[f"blocks.{i}.2.weight"] = (after, before, 1, 1)
        wanted |= _normalisation(f"blocks.{i}.3", after)
    return wanted | {"fc.weight": (MARKS, CHANNELS[-1]), "fc.bias": (MARKS,)}


def _normalisation(name: str, channels: int) -> dict[str, Shape]:
    return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}


def _fold(convolution: nn.Module, found: dict[str, torch.Tensor], kernel: str, normalisation: str) -> None:
    """The convolution and the normalisation after it as one, computed in double precision."""
    scale, shift, mean, variance = (
        found[f"{normalisation}.{part}"].double() for part in ("weight", "bias", "running_mean", "running_var")
    )
    gain = scale / torch.sqrt(variance + EPSILON)
    weight = found[f"{kernel}.weight"].double() * gain[:, None, None, None]
    convolution.load_state_dict({"weight": weight.float(), "bias": (shift - mean * gain).float()})
