"""pmt: the sizes of TRIQ's public code, ResNet-50 and a transformer, trained whole on KonIQ-10k.

Command:   visq train pmt --data KONIQ -o run
           visq train pmt --data KONIQ -o second options.start=run/best.safetensors optimiser.rate=1e-6 epochs=40
Time:      not measured; about 97,000 steps of 8 pictures of 1024x768: a GPU's work
Hardware:  a GPU
Result:    unknown: never run by visq's makers, and no figure of the paper was found

KONIQ is the folder of KonIQ-10k with koniq10k_scores_and_distributions.csv and, for the official split,
koniq10k_distributions_sets.csv. The trunk begins with torchvision's ImageNet weights (`visq weights`).

From TRIQ's program: Adam at 5e-5, batches of 8, 120 epochs, 10 of them warm-up, mirrored pictures, the best epoch by
PLCC on the validation part, then a second run from there at 1e-6. Otherwise here: the rate falls by a cosine from the
end of the warm-up on, where the program holds it for 30 epochs; batch normalisations keep their statistics; half of the
pictures have a random part of their cells hidden; votes are those that mean and spread suggest.
"""

from __future__ import annotations

from visq.systems.pmt.design import VARIANTS
from visq.train.recipe import Optimiser, Recipe, Schedule, Validation

RECIPE = Recipe(
    name="pmt",
    network="visq.systems.pmt.network:network",
    streams="visq.systems.pmt.training.material:streams",
    objective="visq.systems.pmt.training.objective:objective",
    measure="visq.systems.pmt.training.objective:measure",
    start="visq.systems.pmt.training.material:start",
    inputs=("image",),
    data="the folder of KonIQ-10k: the pictures of 1024x768 and koniq10k_scores_and_distributions.csv",
    epochs=120,
    batch=8,
    optimiser=Optimiser("adam", rate=5e-5),
    schedule=Schedule("cosine", warm_up=10.0),
    validation=Validation(best="plcc"),
    options={
        "dataset": "koniq10k",
        "labels": "mos5",
        "scale": "ends",
        "target": "distribution",
        "design": VARIANTS["triq-r50"].options(),
        "weights": "public",
        "trunk_seed": 0,
        "frozen_to": "input",
        "mirrored": True,
        "masked": 0.5,
        "least": 0.25,
        "consistency": 0.0,
        "validation": 0.1,
        "calibration": 0.1,
        "split_seed": 0,
        "limit": 0,
        "start": "",
        "cache": "",
    },
)
