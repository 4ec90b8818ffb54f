"""LoDa in full: ViT-B/16 and ResNet-50, both frozen, and 8,927,488 parameters that learn from ratings.

Command:   visq train loda --data BIQ2021 -o run
Time:      about 40 minutes on one large GPU, reckoned from the operations; not run here
Hardware:  a GPU with 24 GB for batches of 128 in float32; on a processor alone it is a matter of days
Result:    unverified: the frozen parameters of the authors' choice were not to be had here. They report SRCC 0.932 on
           KonIQ-10k (10 splits)

The frozen files are `vit_base_patch16_224.augreg2_in21k_ft_in1k.safetensors` and `resnet50.a1_in1k.safetensors`, in a
folder that VISQ_WEIGHTS names; other ones by path, options.vit=FILE and options.cnn=FILE.

Ablations: options.design.variant=probe (the head alone), no-tokens (zeros in place of the CNN's tokens), add (plain
addition); options.design.vit=vit_small or vit_tiny; options.design.bn=frozen; options.loss=plcc-linear.

What is the authors' is told in the README of `visq.systems.loda`. The last epoch is what they report, as far as can be
told; `last.safetensors` has it.
"""

from __future__ import annotations

from visq.systems.loda.data import DATA
from visq.systems.loda.design import Design
from visq.train.recipe import Optimiser, Recipe, Schedule, Validation

RECIPE = Recipe(
    name="loda",
    network="visq.systems.loda.network:network",
    streams="visq.systems.loda.data:streams",
    objective="visq.systems.loda.training:objective",
    measure="visq.systems.loda.training:measure",
    data="the folder of a database of photographs with ratings (options.dataset: biq2021)",
    epochs=10,
    batch=128,
    seed=3407,
    # The authors' program decays every parameter, vectors too.
    optimiser=Optimiser("adamw", rate=3e-4, decay=0.01, decay_vectors=True),
    schedule=Schedule("cosine"),
    validation=Validation(split="val", best="srcc"),
    options={**DATA, "design": Design().options(), "vit": "public", "cnn": "public", "loss": "plcc"},
)
