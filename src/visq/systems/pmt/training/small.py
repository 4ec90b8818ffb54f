"""pmt-small: a transformer on EfficientNet-Lite0, whose last four blocks are trained with it, on BIQ2021.

Command:   visq train pmt-small --data BIQ2021 -o run
Time:      22 minutes of one core for the maps, once for all random starts, then 34 for the eight epochs of a start, on
           a core that other work shared
Hardware:  a core of a processor or two, no GPU; 1.7 GB of disk for the maps
Result:    PLCC 0.871, 0.877, 0.872 and SRCC 0.840, 0.850, 0.843 on 1,000 validation photographs (seed 0, 1, 2; epoch
           5, 5, 8); on the test part: docs/biq2021.md

The first five stages of the trunk and the first block of the sixth stay as they were published. What they make of
every picture and of its mirror image is computed once and kept (`options.cache`, by default in visq's cache), so that
an epoch costs four blocks and the transformer: 0.03 to 0.04 s a picture on one core, there and back. In these blocks
the 1x1 convolutions are trained and the depthwise filters with their normalisation are not (`options.depthwise=true`:
they are, and a step takes 1.4 times as long: on a processor nothing is as slow as the gradient of a filter of 5 x 5).

`options.frozen_to=blocks.4.2` also trains the block before, for 1.25 times the time and 4 GB of disk;
`options.frozen_to=blocks.6.0` trains nothing of the trunk.
`options.design.reading=mean` is the control that pools by a mean and cannot look at one cell more than at another.
"""

from __future__ import annotations

from visq.systems.pmt.design import VARIANTS
from visq.train.recipe import Group, Optimiser, Recipe, Schedule, Validation

RECIPE = Recipe(
    name="pmt-small",
    network="visq.systems.pmt.network:network",
    streams="visq.systems.pmt.training.material:streams",
    objective="visq.systems.pmt.training.objective:objective",
    measure="visq.systems.pmt.training.objective:measure",
    start="visq.systems.pmt.training.material:start",
    inputs=("maps",),
    data="the folder of BIQ2021: Images and the two tables of scores",
    epochs=8,
    batch=32,
    optimiser=Optimiser("adamw", rate=3e-4, decay=0.05, clip=5.0, groups=(Group("trunk.", rate=0.1),)),
    schedule=Schedule("cosine", warm_up=1.0),
    validation=Validation(best="plcc"),
    options={
        "dataset": "biq2021",
        "labels": "",
        "scale": "ends",
        "target": "mean",
        "depthwise": False,
        "design": VARIANTS["small"].options(),
        "weights": "public",
        "trunk_seed": 0,
        "frozen_to": "blocks.5.0",
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
