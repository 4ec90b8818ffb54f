"""visq-nr: a read-out of the statistics of a trunk that is not trained.

Command:   visq train visq-nr --data BIQ2021 -o run
Time:      about 45 minutes for the statistics of 35,000 pictures, once; then two minutes for a random start
Hardware:  one core of a processor, no GPU
Result:    srcc 0.875, plcc 0.889 on 1,000 validation photographs; three starts together 0.877 and 0.890

Three starts (seed=0, 1, 2) are put together, calibrated and written by
`python -m visq.systems.visq_nr.training.finish`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from visq.train.recipe import Group, Optimiser, Recipe, Schedule, Validation

if TYPE_CHECKING:
    from visq.systems.visq_nr.network import Readout


def network(options: dict[str, Any]) -> Readout:
    """The read-out."""
    from visq.systems.visq_nr.network import readout

    return readout(options["design"])


def start(net: Readout, streams: Any) -> None:
    """The scale of the statistics, of the rated pictures."""
    import torch

    rated = streams.train.streams[0]
    net.fit_scale(torch.from_numpy(rated.features.values))


RECIPE = Recipe(
    name="visq-nr",
    network=network,
    streams="visq.systems.visq_nr.training.material:streams",
    objective="visq.systems.visq_nr.training.objective:objective",
    measure="visq.systems.visq_nr.training.objective:measure",
    start=start,
    inputs=("features",),
    data="the folder of BIQ2021: Images and the two tables of scores",
    epochs=40,
    batch=64,
    average=0.999,
    # The sub-scores have damaged versions of a few hundred pictures to learn from, and thousands of statistics.
    optimiser=Optimiser("adamw", rate=1e-3, decay=0.05, clip=5.0, groups=(Group("parts.", decay=3.0),)),
    schedule=Schedule("cosine", warm_up=1.0),
    validation=Validation(every=5, best="srcc"),
    options={
        "design": {"mirror": "side", "heed": 0.1, "tones": True, "width": 128, "dropout": 0.3, "input_dropout": 0.3},
        "damaged": 240,
        "varied": 1200,
        "held_damaged": 40,
        "trimmed": 1000,
        "groups": 8,
        "varied_groups": 4,
        "trims": 8,
        "validation": 0.1,
        "calibration": 0.1,
        "split_seed": 0,
        "weights": {
            "value": 4.0,
            "line": 0.3,
            "order": 0.6,
            "trim": 1.0,
            "width": 0.1,
            "parts": 0.3,
        },
        "trunk": "public",
        "engine": "onnxruntime",
        "cache": "",
    },
)
