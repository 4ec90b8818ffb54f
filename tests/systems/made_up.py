"""Small networks and heads with made-up parameters, in double precision."""

from __future__ import annotations

import torch

from visq import backbones


def trunk(id="vgg16", dtype=torch.float64, **options):
    return backbones.create(id, weights="random", seed=3, **options).to(dtype)


def uniform(*shape, seed=0, dtype=torch.float64):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def heads(backbone, taps, seed=5):
    channels = dict(zip(backbone.spec.taps, backbone.spec.channels, strict=True))
    return [uniform(1, channels[tap], 1, 1, seed=seed + i) for i, tap in enumerate(taps)]
