"""A network of a few numbers as a graph, for tests of what is made of graphs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from visq.systems.graph_export import written
from visq.systems.graph_files import About, annotated
from visq.systems.graphs import Export

ABOUT = About(
    metric="nima",
    version="1",
    identity="nima@1#0",
    options={},
    settings={},
    inputs=("image",),
    outputs=("score", "distribution"),
    channels=3,
    step=1,
    min_side=4,
    visq="0",
)


class Small(nn.Module):
    """Marks out of one convolution."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = nn.Conv2d(3, 10, 3)

    def forward(self, image):
        p = torch.softmax(self.layer(image).mean(dim=(2, 3)), dim=1)
        return (p * torch.arange(1.0, 11.0)).sum(dim=1), p


def model():
    """The bytes of the graph, without notes."""
    return written(Export(Small().eval(), ABOUT.outputs), ABOUT)


def small_graph(path, *, content=None, **notes):
    """Write the graph with notes, some of them others, and return its path."""
    Path(path).write_bytes(annotated(model() if content is None else content, replace(ABOUT, **notes)))
    return str(path)
