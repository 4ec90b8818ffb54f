"""The network of CNNIQA: one layer of filters, the extremes of each, two layers of units."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

from visq.weights.tensors import Shape
from visq.weights.tensors import load as load_tensors

PATCH = 32
FILTERS, KERNEL, UNITS = 50, 7, 800
# Under the root, where the gradient would be infinite in flat patches; no deviation changes by more than 1e-6.
TINY = 1e-12


class Network(nn.Module):
    """Grey `(N, 1, H, W)` in 0..1, both sides whole patches, to the mean score of the patches, `(N,)`."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, FILTERS, KERNEL)
        self.fc1 = nn.Linear(2 * FILTERS, UNITS)
        self.fc2 = nn.Linear(UNITS, UNITS)
        self.fc3 = nn.Linear(UNITS, 1)

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        return self.patches(grey).mean(dim=1)

    def patches(self, grey: torch.Tensor) -> torch.Tensor:
        """The score of each patch, `(N, patches)`, row by row."""
        count, _, height, width = grey.shape
        patches = grey.reshape(count, height // PATCH, PATCH, width // PATCH, PATCH).permute(0, 1, 3, 2, 4)
        x = self.conv1(normalised(patches.reshape(-1, 1, PATCH, PATCH)))
        x = torch.cat([x.amax(dim=(2, 3)), x.amin(dim=(2, 3))], dim=1)
        x = functional.relu(self.fc2(functional.relu(self.fc1(x))))
        return self.fc3(x).reshape(count, -1)


def normalised(patches: torch.Tensor) -> torch.Tensor:
    """Every pixel less its local mean, over 1 and its local deviation; 3 x 3 pixels, the border repeated."""
    # Less the mean of the patch, so that single precision does not drown the variance of flat ones.
    x = patches - patches.mean(dim=(2, 3), keepdim=True)
    wide = functional.pad(x, (1, 1, 1, 1), mode="replicate")
    mean = functional.avg_pool2d(wide, 3, stride=1)
    variance = (functional.avg_pool2d(wide * wide, 3, stride=1) - mean * mean).clamp(min=0.0)
    return (x - mean) / (torch.sqrt(variance + TINY) + 1.0)


def shapes() -> dict[str, Shape]:
    """Names and shapes of the tensors in the file."""
    return {name: tuple(value.shape) for name, value in Network().state_dict().items()}


def load(path: str | Path) -> Network:
    """The network with the parameters of a file, on the CPU, in evaluation mode, without gradients of its own.

    Raises
    ------
    visq.errors.WeightsError
        As `visq.weights.tensors.load`.
    """
    network = Network()
    network.load_state_dict(load_tensors(path, shapes()))
    return network.eval().requires_grad_(False)
