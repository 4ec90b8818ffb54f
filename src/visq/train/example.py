"""A line through made points: the smallest recipe there is, to try the engine with and to copy.

Command:   visq train example -o run
Time:      about 5 seconds, most of it for loading torch
Hardware:  one core of a laptop, no GPU
Result:    srcc above 0.99 on the validation points, in best.safetensors

A recipe is data. What it names are four functions, here in the same file: the network, what it learns from, what is
minimised, and what is measured on points that it does not learn from. `options` is for what the functions need.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from visq.train.recipe import Optimiser, Recipe, Schedule, Validation
from visq.train.streams import Streams

if TYPE_CHECKING:
    import torch


def network(options: Mapping[str, Any]) -> torch.nn.Module:
    """One layer: eight weights and a bias."""
    import torch

    return torch.nn.Linear(options["features"], 1)


class Points:
    """Random features, and scores that are a line of them with some noise.

    The batches of an epoch are a function of the seed and the number of the epoch, as a stream must have it.
    """

    def __init__(self, seed: int, batches: int, batch: int, features: int) -> None:
        self.seed, self.batches, self.batch, self.features = seed, batches, batch, features
        text = f"points {seed} {batches} {batch} {features}"
        self.identity = hashlib.sha256(text.encode()).hexdigest()

    def __len__(self) -> int:
        return self.batches

    def epoch(self, number: int, start: int = 0) -> Iterator[dict[str, torch.Tensor]]:
        """The batches of an epoch from `start` on; each has a generator of its own, so none is computed in vain."""
        import torch

        line = torch.linspace(-1.0, 1.0, self.features)
        for place in range(start, self.batches):
            generator = torch.Generator().manual_seed(self.seed * 10**6 + number * 10**3 + place)
            features = torch.randn(self.batch, self.features, generator=generator)
            noise = torch.randn(self.batch, generator=generator)
            yield {"features": features, "score": features @ line + 0.1 * noise}


def streams(recipe: Recipe, data: object) -> Streams:  # noqa: ARG001 - points are made, not read
    """Many points to learn from, and others to judge by."""
    features = recipe.options["features"]
    return Streams(
        Points(2 * recipe.seed, 16, recipe.batch, features), Points(2 * recipe.seed + 1, 4, recipe.batch, features)
    )


def objective(outputs: torch.Tensor, batch: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The mean squared error."""
    return {"square": (outputs[:, 0] - batch["score"]).square().mean()}


def measure(outputs: torch.Tensor, batch: Mapping[str, torch.Tensor]) -> dict[str, float]:
    """How well the points are put in order, and how far off they are."""
    from visq.evaluate import rmse, srcc

    predictions, scores = outputs[:, 0].numpy(), batch["score"].numpy()
    return {"srcc": srcc(predictions, scores), "rmse": rmse(predictions, scores)}


RECIPE = Recipe(
    name="example",
    network=network,
    streams=streams,
    objective=objective,
    measure=measure,
    inputs=("features",),
    epochs=10,
    batch=32,
    average=0.9,
    optimiser=Optimiser(rate=0.05, clip=10.0),
    schedule=Schedule("cosine", warm_up=1.0),
    validation=Validation(best="srcc"),
    options={"features": 8},
)
