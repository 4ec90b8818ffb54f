"""The transformer of loda-mini: 6 blocks, 192 wide, that is taught the features of EfficientNet-Lite0 on photographs.

Command:   visq train loda-mini-vit --data BIQ2021 -o run
Time:      about 75 minutes of one core, 38 on two, for 3,500 steps of 32 crops, reckoned from single steps (0.04 s of
           a core for a crop); the resized pictures, made once, not counted
Hardware:  two cores with AMX or AVX-512 in bfloat16 (other processors: precision=float32, half as long again), 3 GB of
           memory, 4 GB of disk for the resized pictures
Result:    `loda_mini_vit.safetensors`, which ships (card: visq/data/loda_mini_vit.md): 62 minutes of a core that other
           work shared; explained of the variance of the features of 1,000 photographs that it did not learn from:
           patches 0.29, squares 0.15, the whole 0.15

No rating is read: the pictures of BIQ2021's fit part are photographs without labels here, and those of its validation
part say how much of the features' variance is explained. Any other folder of photographs: options.dataset= (empty),
--data FOLDER. The teacher's parameters are its public ones (ImageNet-1k).

The file that loda-mini looks for is written by
`visq.systems.loda.distil.save(fitted.network(), "loda_mini_vit.safetensors", half=True)`; a checkpoint does too
(options.vit=run/best.safetensors).
"""

from __future__ import annotations

from visq.systems.loda.data import DATA
from visq.systems.loda.design import MINI
from visq.train.recipe import Optimiser, Recipe, Schedule, Validation

_READ = ("dataset", "split", "split_seed", "validation", "calibration", "short", "filter", "cache", "threads")

RECIPE = Recipe(
    name="loda-mini-vit",
    network="visq.systems.loda.distil:network",
    streams="visq.systems.loda.distil:streams",
    objective="visq.systems.loda.distil:objective",
    measure="visq.systems.loda.distil:measure",
    data="the folder of a database of photographs (options.dataset: biq2021), or any folder of them (options.dataset=)",
    epochs=14,
    batch=32,
    precision="bf16",
    seed=0,
    optimiser=Optimiser("adamw", rate=1e-3, decay=0.05, clip=1.0),
    schedule=Schedule("cosine", warm_up=1.0),
    validation=Validation(split="val", best="explained"),
    options={
        **{name: DATA[name] for name in _READ}, "crops": 1, "apart": 20, "teacher": "public",
        "design": {name: getattr(MINI, name) for name in ("vit_width", "vit_depth", "vit_heads", "side")},
    },
)  # fmt: skip
