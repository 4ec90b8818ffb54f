"""LoDa, small: a distilled ViT of 6 blocks and EfficientNet-Lite0, both frozen, and 675,776 parameters that learn.

Command:   visq train loda-mini --data BIQ2021 -o run
Time:      25 minutes of one core that other work shared, with its validations; probe 4, no-tokens 11, add 17; the
           resized pictures, made once, not counted
Hardware:  two cores with AMX or AVX-512 in bfloat16 (other processors: precision=float32, about twice as long), 4 GB of
           memory, 4 GB of disk for the resized pictures
Result:    SRCC 0.802, 0.807, 0.806 on 1,000 validation photographs (seed 0, 1, 2); probe 0.616, 0.612, 0.626,
           no-tokens 0.653, 0.659, 0.656, add 0.811, 0.809, 0.808; on the test part: docs/biq2021.md

The transformer is `loda_mini_vit.safetensors`, which ships; another one is options.vit=RUN/best.safetensors, a
checkpoint of the recipe loda-mini-vit. EfficientNet-Lite0 has its public parameters.

Ablations: options.design.variant=probe (the head alone), no-tokens (zeros in place of the CNN's tokens), add (plain
addition in place of the cross-attention). The rest of the recipe stays as it is.
"""

from __future__ import annotations

from visq.systems.loda.data import DATA
from visq.systems.loda.design import MINI
from visq.train.recipe import Optimiser, Recipe, Schedule, Validation

RECIPE = Recipe(
    name="loda-mini",
    network="visq.systems.loda.network:network",
    streams="visq.systems.loda.data:streams",
    objective="visq.systems.loda.training:objective",
    measure="visq.systems.loda.training:measure",
    data="the folder of a database of photographs with ratings (options.dataset: biq2021)",
    epochs=4,
    batch=64,
    precision="bf16",
    seed=3407,
    optimiser=Optimiser("adamw", rate=1e-3, decay=0.01, decay_vectors=True),
    schedule=Schedule("cosine"),
    validation=Validation(split="val", best="srcc"),
    options={
        **DATA, "crops": 1, "validation_crops": "centre", "design": MINI.options(), "vit": "public", "cnn": "public",
        "loss": "plcc",
    },
)  # fmt: skip
