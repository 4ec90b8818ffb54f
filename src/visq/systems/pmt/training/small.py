"""pmt-small: a transformer on EfficientNet-Lite0, whose last two stages are trained with it, on BIQ2021.

Command:   visq train pmt-small --data BIQ2021 -o run
Time:      expected, by steps timed on one core: an hour; 13 minutes for the maps, once, then 6 minutes an epoch
Hardware:  two cores of a processor, no GPU; 4 GB of disk for the maps
Result:    not yet trained

The first five stages of the trunk stay as they were published. What they make of every picture and of its mirror image
is computed once and kept (`options.cache`, by default in visq's cache), so that an epoch costs the last two stages and
the transformer: 0.08 s a picture on one core, there and back, where the whole trunk would take about 0.5 s.

`options.frozen_to=blocks.6.0` trains no stage of the trunk: an epoch then takes half a minute.
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
        "design": VARIANTS["small"].options(),
        "weights": "public",
        "trunk_seed": 0,
        "frozen_to": "blocks.4.2",
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
