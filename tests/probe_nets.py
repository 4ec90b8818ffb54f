"""Small networks and made-up rated pairs for the tests of the probe."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from visq.probe import made_pairs
from visq.probe.networks import network

KINDS = ("blur", "noise", "quantisation", "jpeg")
_AMOUNTS = {
    "blur": (0.5, 0.8, 1.2, 1.8, 2.6), "noise": (2, 4, 8, 16, 32), "quantisation": (48, 24, 12, 8, 5),
    "jpeg": (80, 50, 30, 15, 6),
}  # fmt: skip


def tiny(name="tiny", seed=0, channels=(8, 12, 16), mean=0.0, std=1.0, **known):
    """A random network of three convolutions; `normalise` uses one factor for all colours."""
    import torch
    from torch import nn

    class Tiny(nn.Module):
        def __init__(self):
            super().__init__()
            widths = (3, *channels)
            rng = np.random.default_rng(seed)
            self.convolutions = nn.ModuleList()
            for before, after in pairwise(widths):
                conv = nn.Conv2d(before, after, 3, padding=1)
                weight = rng.normal(0, np.sqrt(2 / (9 * before)), conv.weight.shape)
                conv.weight.data = torch.from_numpy(weight.astype(np.float32))
                conv.bias.data = torch.from_numpy(rng.normal(0, 0.1, after).astype(np.float32))
                self.convolutions.append(conv)
            self.taps = (
                "input",
                *(t for i in range(1, len(channels) + 1) for t in (f"conv{i}", f"relu{i}", f"pool{i}")),
            )
            self.requires_grad_(False)

        def normalise(self, images):
            return (images - mean) / std

        def forward(self, x, taps=None):
            found = {"input": x}
            for i, convolution in enumerate(self.convolutions, 1):
                found[f"conv{i}"] = x = convolution(x)
                found[f"relu{i}"] = x = torch.relu(x)
                found[f"pool{i}"] = x = torch.nn.functional.max_pool2d(x, 2)
            return {tap: found[tap] for tap in (self.taps if taps is None else taps)}

    least = {f"pool{i}": 2**i for i in range(1, len(channels) + 1)}
    return network(name, Tiny(), least=least, **{"goal": "classification", "train_data": "made up", **known})


def picture(seed, side=32):
    """A smooth picture with edges, uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    planes = []
    for _ in range(3):
        a, b, c, d = rng.uniform(1, 6, 4)
        plane = np.sin(a * x + b * y) + np.sign(np.sin(c * x - d * y + 1)) + 0.3 * rng.normal(size=(side, side))
        planes.append(plane)
    stack = np.stack(planes, -1)
    return np.uint8(255 * (0.1 + 0.8 * (stack - stack.min()) / np.ptp(stack)))


def damaged(image, kind, level, seed=0):
    """The picture at level 1 to 5 of a kind of damage."""
    import io

    from PIL import Image
    from scipy.ndimage import gaussian_filter

    amount = _AMOUNTS[kind][level - 1]
    values = image.astype(np.float64)
    if kind == "blur":
        values = gaussian_filter(values, (amount, amount, 0))
    elif kind == "noise":
        values = values + np.random.default_rng(seed).normal(0, amount, image.shape)
    elif kind == "quantisation":
        values = np.round(values / 255 * (amount - 1)) * 255 / (amount - 1)
    else:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=amount)
        values = np.asarray(Image.open(file)).astype(np.float64)
    return np.uint8(np.clip(np.round(values), 0, 255))


def rated(contents=5, kinds=KINDS, side=32, scores=None, name="made", **known):
    """Pairs of every content, kind and level; scores 5 - level with a little noise unless given."""
    rng = np.random.default_rng(1)
    references, images, given, groups, kinds_of, levels = [], [], [], [], [], []
    for content in range(contents):
        reference = picture(content, side)
        for number, kind in enumerate(kinds):
            for level in range(1, 6):
                references.append(reference)
                images.append(damaged(reference, kind, level, seed=100 * content + number))
                given.append(5 - level + rng.normal(0, 0.3))
                groups.append(f"content {content}")
                kinds_of.append(kind)
                levels.append(level)
    return made_pairs(
        references, images, given if scores is None else scores, groups=groups, distortions=kinds_of, levels=levels,
        name=name, **known,
    )  # fmt: skip


def real(name):
    """A network with its public weights; skips the test where they are not here."""
    import pytest

    from visq.errors import WeightsError
    from visq.probe import open_net

    try:
        return open_net(name)
    except WeightsError as error:
        pytest.skip(f"needs the weights of {name} (set VISQ_WEIGHTS): {error.message}")
