"""The file that visq-nr is run from: the trunk as a graph, the read-out and the calibration. Without torch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from visq.errors import OptionError, WeightsError
from visq.ops.threads import get_threads
from visq.systems import graphs
from visq.systems.graph_files import belongs, tensors
from visq.systems.visq_nr.design import HEED_LIMIT, HEEDED, STRIDES, SUBSCORES, TAPS, Design

#: Before the names of the read-out's tensors in the file.
PREFIX = "readout."
#: Before those of the trunk.
TRUNK = "trunk."
_OUTPUTS = tuple(f"stage{i}" for i in range(len(TAPS)))


@dataclass(frozen=True)
class Reading:
    """What the read-out makes of statistics `(..., F)`: everything in 0..1, of the shape that is left.

    Attributes
    ----------
    score, lower, upper : array
        The opinion and its interval.
    parts : dict of str to array
        The sub-scores.
    """

    score: Any
    lower: Any
    upper: Any
    parts: dict[str, Any]


@dataclass(frozen=True)
class Model:
    """A file that was read and checked; `load` makes it.

    Attributes
    ----------
    graph : visq.systems.graphs.Graph
        The trunk, ready to be run.
    design : Design
    level, quantile : float
        As `visq.systems.visq_nr.calibration.Calibration`.
    readout : dict of str to array
        Parameters of the read-out by torch's names, in float64.
    trunk : dict of str to array
        Those of the trunk, for torch.
    """

    graph: graphs.Graph
    design: Design
    level: float
    quantile: float
    readout: dict[str, np.ndarray]
    trunk: dict[str, np.ndarray]

    def run(self, planes: np.ndarray, stages: int) -> np.ndarray:
        """Moments of the cells, `(N, 2 C, h, w)`: means of all channels of the stages, then of their squares.

        Parameters
        ----------
        planes : (N, 3, 32 h - 31, 32 w - 31) array
            In 0..255.
        stages : int
            How many are handed over; onnxruntime computes all.

        Raises
        ------
        WeightsError
            The graph cannot compute it, or gives what are no moments.
        """
        feed = {"image": np.ascontiguousarray(planes, dtype=np.float32)}
        try:
            found = self.graph.session.run(list(_OUTPUTS[:stages]), feed)
        except Exception as error:  # onnxruntime has errors of its own
            line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise WeightsError(f"{self.graph.path} cannot be run", got=line) from None
        halves = [np.split(f, 2, axis=1) for f in found]
        moments = np.concatenate([h[0] for h in halves] + [h[1] for h in halves], axis=1)
        if not np.isfinite(moments).all():
            raise WeightsError(f"{self.graph.path} gives no moments", expected="finite numbers")
        return moments

    def read(self, statistics: np.ndarray) -> Reading:
        """Score, interval and sub-scores of statistics `(..., F)`."""
        w = self.readout
        given = (statistics - w["centre"]) / w["spread"]
        units = given
        if self.design.width:
            units = np.maximum(_linear(given, w, "hidden"), 0.0)
        out = _linear(units, w, "score")
        parts = _linear(given, w, "parts")
        value = out[..., 0] + self.design.heed * parts[..., SUBSCORES.index(HEEDED)].clip(-HEED_LIMIT, HEED_LIMIT)
        value = _logistic(value) if self.design.link == "sigmoid" else value.clip(0.0, 1.0)
        half = self.quantile * np.exp(out[..., 1])
        parts = _logistic(parts)
        return Reading(
            value,
            (value - half).clip(0.0, 1.0),
            (value + half).clip(0.0, 1.0),
            {name: parts[..., i] for i, name in enumerate(SUBSCORES)},
        )


def load(path: str | os.PathLike[str]) -> Model:
    """The model in a file that `visq.systems.visq_nr.export.write` wrote.

    Raises
    ------
    WeightsError
        Missing, damaged, of another metric or version, or without a tensor that belongs to it.
    """
    from visq import weights

    given = weights.members(path)[0]
    return _loaded(given, weights.sha256(given), get_threads())


def opened(path: str | os.PathLike[str] | None) -> Model:
    """The model in a file; None: the one that ships."""
    from visq import weights
    from visq.catalog.learned.visq_nr import SPEC

    return load(weights.find(SPEC.weights[0]) if path is None else path)


@lru_cache(maxsize=4)
def _loaded(path: Path, sha256: str, threads: int) -> Model:  # noqa: ARG001
    return _model(graphs.load(path), path.read_bytes())


def build(data: bytes, path: str | os.PathLike[str]) -> Model:
    """A model out of memory; `path` is what errors call it."""
    return _model(graphs.build(data, Path(path)), data)


def _model(graph: graphs.Graph, data: bytes) -> Model:
    from visq.catalog.learned.visq_nr import SPEC

    belongs(graph.about, graph.path, SPEC, {})
    try:
        options = graph.about.options
        design = Design.of(options["design"])
        level, quantile = (float(options["calibration"][name]) for name in ("level", "quantile"))
    except (KeyError, TypeError, ValueError, OptionError) as error:
        raise WeightsError(f"{graph.path} does not say how it is read", got=str(error)[:200]) from None
    if graph.about.outputs != _OUTPUTS or not (0 < level < 1 and 0 < quantile < float("inf")):
        raise WeightsError(f"{graph.path} is no model of visq-nr", expected=f"{len(STRIDES)} stages and a calibration")
    held = tensors(data)
    readout = {}
    for name, shape in shapes(design).items():
        array = held.pop(f"{PREFIX}{name}", None)
        if (
            array is None
            or array.shape != shape
            or not np.isfinite(array).all()
            or (name == "spread" and not array.all())
        ):
            got = "none" if array is None else f"{array.shape}, or NaN or 0 in it"
            raise WeightsError(f"{graph.path}: {PREFIX}{name} is not usable", expected=str(shape), got=got)
        readout[name] = array.astype(np.float64)
    trunk = {name.removeprefix(TRUNK): array for name, array in held.items() if name.startswith(TRUNK)}
    return Model(graph, design, level, quantile, readout, trunk)


def shapes(design: Design) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the read-out's tensors."""
    count, width = design.features, design.width
    hidden: dict[str, tuple[int, ...]] = {"hidden.weight": (width, count), "hidden.bias": (width,)} if width else {}
    return {
        "centre": (count,), "spread": (count,), **hidden, "score.weight": (2, width or count), "score.bias": (2,),
        "parts.weight": (len(SUBSCORES), count), "parts.bias": (len(SUBSCORES),),
    }  # fmt: skip


def _linear(x: np.ndarray, w: dict[str, np.ndarray], name: str) -> np.ndarray:
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def _logistic(x: np.ndarray) -> np.ndarray:
    # Both tails without overflow.
    return 0.5 * (1.0 + np.tanh(0.5 * x))
