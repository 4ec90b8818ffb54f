"""Re-IQA's content encoder: MoCo-v2 on photographs, so that two views of one are near whatever was done to them.

Command:   visq train reiqa-content --data PHOTOGRAPHS -o content
           PHOTOGRAPHS is a folder, or DATABASE=ROOT (biq2021=/data/biq), of which the test part is not opened
Time:      about 35 minutes of one core for 5000 steps (8000 photographs of 512 x 512), 18 on two: 0.4 core-seconds a
           step, half of it for the network
Hardware:  two cores with AMX or AVX-512 in bfloat16 (other processors: precision=float32, about 1.4 times as long), no
           GPU, 2 GB
Result:    content/best.safetensors for `visq fit reiqa`; its figures stand in visq/systems/reiqa/README.md

Published: visq train reiqa-content --data IMAGENET -o content options.size=full batch=256 epochs=200
           optimiser.name=sgd optimiser.rate=0.03 optimiser.decay=1e-4 optimiser.decay_vectors=true
           schedule.warm_up=0 precision=float32
           on GPUs. It was never run here. The authors' programme divides the rate by ten at epochs 120 and 160, or
           takes the cosine, as here; its momentum is not Nesterov's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from visq.systems.reiqa.design import MIN_SIDE, size_of
from visq.systems.reiqa.training import OPTIONS
from visq.train.recipe import Optimiser, Recipe, Schedule, Validation
from visq.train.streams import Streams

if TYPE_CHECKING:
    import torch


def network(options: Mapping[str, Any]) -> torch.nn.Module:
    """Encoder, its slow copy, and the queue."""
    from visq.systems.reiqa.training import contrast

    return contrast(options, "content")


def streams(recipe: Recipe, data: Any) -> Streams:
    """Two views of each photograph, and fixed ones of other photographs."""
    from visq.systems.reiqa.streams import ContentStream
    from visq.systems.reiqa.training import photographs

    size = size_of(recipe.options)
    learned, judged = photographs(data, recipe.options, recipe.seed, MIN_SIDE)
    named: dict[str, Any] = {"side": size.content_side, "batch": recipe.batch, "threads": None}
    return Streams(
        ContentStream(learned, seed=2 * recipe.seed, **named),
        ContentStream(judged, seed=2 * recipe.seed + 1, shuffle=False, drop_last=False, **named),
    )


def measure(outputs: Mapping[str, torch.Tensor], batch: Mapping[str, torch.Tensor]) -> dict[str, float]:  # noqa: ARG001
    """How often a view of another photograph finds its other view among those of all of them."""
    from visq.systems.reiqa.measures import matched

    return {"pairs": matched(outputs["query"].numpy(), outputs["key"].numpy())}


RECIPE = Recipe(
    name="reiqa-content",
    network=network,
    streams=streams,
    objective="visq.systems.reiqa.training:objective",
    measure=measure,
    inputs=("query", "key"),
    data="a folder of photographs, or DATABASE=ROOT",
    epochs=20,
    batch=32,
    precision="bf16",
    optimiser=Optimiser(rate=1e-3, decay=1e-4),
    schedule=Schedule("cosine", warm_up=1.0),
    validation=Validation(best="pairs"),
    options={**OPTIONS, "judging": 256, "content_side": 0},
)
