"""Re-IQA's quality encoder: damaged crops of one place are told apart, crops of one damage brought together.

Command:   visq train reiqa-quality --data PHOTOGRAPHS -o quality
           PHOTOGRAPHS is a folder, or DATABASE=ROOT (biq2021=/data/biq), of which the test part is not opened
Time:      about 35 minutes of one core for 4000 steps (8000 photographs of 512 x 512), 18 on two: half a core-second a
           step, half of it for damaging photographs
Hardware:  two cores with AMX or AVX-512 in bfloat16 (other processors: precision=float32, about 1.4 times as long), no
           GPU, 2 GB
Result:    quality/best.safetensors for `visq fit reiqa`; its figures stand in visq/systems/reiqa/README.md

Published: visq train reiqa-quality --data PHOTOGRAPHS -o quality options.size=full batch=630 epochs=40
           optimiser.name=lars optimiser.rate=12 optimiser.decay=1e-4 schedule.warm_up=5 schedule.floor=0.001
           precision=float32
           on six machines with GPUs (docs/how-to/train.md). It was never run here. Two things differ: the rate rises
           to 12 in five epochs and then falls step by step, where the authors' reaches the cosine of epoch 5 (11.5)
           and falls epoch by epoch; and half-size pictures are rounded to 8 bits.

Photographs must have sides of 240 pixels (606 for the published size), so that half of one has room for a pair of
crops; others are left out, and how many is said (options.small=reflect fills them, refuse ends it).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from visq.systems.reiqa.design import size_of
from visq.systems.reiqa.training import OPTIONS
from visq.train.recipe import Optimiser, Recipe, Schedule, Validation
from visq.train.streams import Streams

if TYPE_CHECKING:
    import torch


def network(options: Mapping[str, Any]) -> torch.nn.Module:
    """Encoder, its slow copy, and the queue."""
    from visq.systems.reiqa.training import contrast

    return contrast(options, "quality")


def streams(recipe: Recipe, data: Any) -> Streams:
    """Chunks of damaged scenes, and fixed ones of other scenes."""
    from visq.systems.reiqa.chunks import ChunkOptions
    from visq.systems.reiqa.streams import QualityStream
    from visq.systems.reiqa.training import photographs

    options, size = recipe.options, size_of(recipe.options)
    chosen = {name: options[name] for name in ("bank", "pair", "swap", "compose")}
    made = ChunkOptions(patch=size.patch, distorted=size.distorted, window=size.window, **chosen)
    learned, judged = photographs(data, options, recipe.seed, made.least)
    named: dict[str, Any] = {"batch": recipe.batch, "threads": None}
    return Streams(
        QualityStream(learned, made, seed=2 * recipe.seed, **named),
        QualityStream(judged, made, seed=2 * recipe.seed + 1, shuffle=False, drop_last=False, **named),
    )


def measure(outputs: Mapping[str, torch.Tensor], batch: Mapping[str, torch.Tensor]) -> dict[str, float]:
    """On other scenes: how often the nearest crop of another scene has the same damage, and a query finds its key."""
    from visq.systems.reiqa.measures import matched, nearest_kind

    kind, scene = batch["kind"].numpy(), batch["index"].numpy()
    return {
        "damage": nearest_kind(outputs["features"].numpy(), kind, scene),
        "pairs": matched(outputs["query"].numpy(), outputs["key"].numpy()),
    }


RECIPE = Recipe(
    name="reiqa-quality",
    network=network,
    streams=streams,
    objective="visq.systems.reiqa.training:objective",
    measure=measure,
    inputs=("query", "key"),
    data="a folder of photographs, or DATABASE=ROOT",
    epochs=4,
    batch=8,
    precision="bf16",
    optimiser=Optimiser(rate=1e-3, decay=1e-4),
    schedule=Schedule("cosine", warm_up=0.2),
    validation=Validation(best="pairs"),
    options={
        **OPTIONS, "patch": 0, "distorted": 0, "window": -1, "bank": "released26", "pair": "overlap", "swap": True,
        "compose": 0.0, "small": "leave out",
    },
)  # fmt: skip
