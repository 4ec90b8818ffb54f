"""A network of two small parts on made points, as a recipe file: what the tests of training learn.

The trunk has a batch normalisation and drops out, so that whatever a resumed training could forget shows.
"""

from __future__ import annotations

import dataclasses
import hashlib
import time

from visq.train import Optimiser, Recipe, Schedule, Streams, Validation, override
from visq.train.trackers import LOG, TABLES

FEATURES = 6
#: What must be the same, byte for byte, whether or not a training was killed on the way.
SAME = ("last.safetensors", "best.safetensors", LOG, *TABLES.values())


def network(options):
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            norm = nn.BatchNorm1d(8) if options["norm"] else nn.Identity()
            self.trunk = nn.Sequential(nn.Linear(FEATURES, 8), norm, nn.ReLU(), nn.Dropout(options["drop"]))
            self.head = nn.Linear(8, 1)

        def forward(self, features):
            inner = self.trunk(features)
            self.seen = inner.dtype, torch.is_autocast_enabled("cpu")
            return self.head(inner)

    return Net().double() if options["double"] else Net()


class Points:
    """Made points in batches of `sizes`, the same ones however they are cut."""

    def __init__(self, seed, batches, sizes, options):
        self.seed, self.batches, self.sizes, self.options = seed, batches, sizes, options
        self.identity = hashlib.sha256(f"{seed} {batches} {sizes} {options.get('data', 0)}".encode()).hexdigest()
        self.read = []

    def __len__(self):
        return self.batches * len(self.sizes)

    def epoch(self, number, start=0):
        import torch

        kind = torch.float64 if self.options["double"] else torch.float32
        for place in range(start, len(self)):
            whole, part = divmod(place, len(self.sizes))
            generator = torch.Generator().manual_seed(self.seed * 10**6 + number * 10**3 + whole)
            features = torch.randn(sum(self.sizes), FEATURES, generator=generator, dtype=torch.float64)
            score = features.sum(1).tanh() + 0.1 * torch.randn(len(features), generator=generator, dtype=torch.float64)
            first = sum(self.sizes[:part])
            cut = slice(first, first + self.sizes[part])
            index = torch.arange(sum(self.sizes))[cut] + 100 * whole
            batch = {"features": features[cut].to(kind), "score": score[cut].to(kind), "index": index}
            if [number, place] == list(self.options["nan_at"]):
                batch["score"] = batch["score"] * float("nan")
            self.read.append((number, place))
            time.sleep(self.options["pause"])
            yield batch


def streams(recipe, data):
    options, total = recipe.options, recipe.batch
    sizes = tuple(options["sizes"]) or (total,)
    return Streams(
        Points(1, options["batches"], sizes, options),
        Points(2, 2, (24,), {**options, "nan_at": (), "data": 0, "pause": 0}),
    )


def objective(outputs, batch, options):
    error = outputs[:, 0] - batch["score"]
    return {"square": error.square().mean(), "size": options["shrink"] * outputs.square().mean()}


def measure(outputs, batch):
    error = outputs[:, 0] - batch["score"]
    return {"error": float(error.abs().mean()), "bias": float(error.mean())}


RECIPE = Recipe(
    name="toy",
    network=network,
    streams=streams,
    objective=objective,
    measure=measure,
    inputs=("features",),
    epochs=3,
    batch=16,
    average=0.8,
    optimiser=Optimiser(rate=0.02, clip=5.0),
    schedule=Schedule("cosine", warm_up=0.5),
    validation=Validation(best="error", higher_is_better=False),
    options={
        "norm": True, "drop": 0.3, "double": False, "batches": 6, "sizes": (), "nan_at": (), "pause": 0.0, "data": 0,
        "shrink": 0.01,
    },
)  # fmt: skip


def recipe(*settings, options=None, **changes):
    """The recipe, changed."""
    changed = dataclasses.replace(RECIPE, **changes)
    return override(dataclasses.replace(changed, options={**changed.options, **(options or {})}), *settings)


def fitted(one, into, **named):
    """`fit`, without what takes long and is tested by itself."""
    from visq.train import fit

    return fit(one, into=into, **{"tensorboard": False, "cpu": True, **named})
