"""The statistics of a trunk that is not trained, as rows for `visq.train.data.feature_cache`."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any, Literal, get_args

import numpy as np

from visq.ops.arrays import Batch
from visq.ops.choices import check_choice
from visq.systems.visq_nr.calibration import Calibration
from visq.systems.visq_nr.design import Design
from visq.systems.visq_nr.network import Network
from visq.systems.visq_nr.statistics import whole
from visq.train.data.feature_extractors import Frozen

Engine = Literal["torch", "onnxruntime"]
#: Of what decides on a row, parameters apart. Changes with the grid and with the formulae.
VERSION = "1"
_READING = ("width", "dropout", "input_dropout", "heed", "link")


def row_maker(
    design: Design | None = None,
    weights: str | os.PathLike[str] = "public",
    device: str = "cpu",
    engine: Engine = "torch",
) -> Frozen:
    """Rows `(N, F)` of statistics, keyed by all that decides on them: how they are read does not.

    Parameters
    ----------
    design : Design, optional
    weights : {"public", "random"} or path
        Of the trunk.
    device : str
        Where torch computes.
    engine : {"torch", "onnxruntime"}
        The second needs onnx, runs on the CPU alone, and takes half the time there.
    """
    check_choice("engine", engine, get_args(Engine))
    design = design or Design()
    network = Network(design, weights).eval()
    decisive = {f.name: getattr(design, f.name) for f in fields(design) if f.name not in _READING}
    compute = _with_torch if engine == "torch" else _with_onnxruntime(network)
    return Frozen(
        "visq_nr", network.trunk, partial(compute, design), columns=columns(design),
        version=f"{VERSION} {engine} {decisive}", device=device,
    )  # fmt: skip


def _with_torch(design: Design, trunk: Any, pictures: Any) -> Any:
    return whole(Batch(pictures, 1.0, single=False), design, trunk.run)


def _with_onnxruntime(network: Network) -> Callable[..., Any]:
    from visq.systems.visq_nr.export import content
    from visq.systems.visq_nr.model import build

    model = build(content(network, Calibration(), {}), "the trunk of visq-nr")

    def compute(design: Design, trunk: Any, pictures: Any) -> Any:  # noqa: ARG001 - its graph computes
        import torch

        arrays = pictures.cpu().numpy()
        # One at a time, as the metric does: what is on the way of a batch would not fit into a cache.
        rows = [whole(Batch(arrays[n : n + 1], 1.0, single=False), design, model.run) for n in range(len(arrays))]
        return torch.from_numpy(np.concatenate(rows).astype(np.float32))

    return compute


def columns(design: Design) -> tuple[str, ...]:
    """What each statistic is: scale, stage, channel, and whether it is a mean or a deviation.

    >>> columns(Design())[0], columns(Design())[-1]
    ('1/stage0/0/mean', '2/stage6/319/std')
    """
    return tuple(
        f"{scale}/{stage}/{channel}/{statistic}"
        for scale, _ in design.scales
        for statistic in ("mean", "std")
        for stage, channel in design.channels(scale)
    )
