"""Writing the network of a metric as an ONNX graph, with torch."""

from __future__ import annotations

import inspect as signatures
import io
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.errors import OptionError, WeightsError
from visq.extras import require
from visq.paths import expanded
from visq.systems.graph_files import About, annotated
from visq.systems.graphs import Export, Graph, build, load
from visq.systems.inputs import require_torch

if TYPE_CHECKING:
    from visq.types import MetricSpec

#: Relative difference from torch that a graph may have when it is written.
AGREEMENT = 1e-5
# Of ONNX' operators; what onnxruntime 1.20 and torch 2.4 both know well.
_OPERATOR_SET = 17


def export(metric: str, path: str | os.PathLike[str], **options: Any) -> Graph:
    """Write the network of a metric, with its parameters, as one ONNX file that `visq` runs without torch.

    The file takes batches and pictures of any size, and says in its notes of which metric and version it is, with
    which options, and what it takes. It is compared with torch at two sizes before it is kept.

    Parameters
    ----------
    metric : str
        Id or alias of a metric that rests on a network.
    path : path
        Where to write; a file that is there is replaced when the new one is whole.
    **options
        Options of the metric. Those that the pictures are prepared by stay free where the graph is used.

    Returns
    -------
    Graph
        The graph as read back.

    Raises
    ------
    UnknownMetricError, OptionError
        No such metric, one without a network, an option it does not have.
    MissingExtraError
        torch or onnx is not installed.
    WeightsError
        The weights are missing; or the graph does not agree with torch.
    StoreError
        The file cannot be written.
    """
    from visq import catalog
    from visq.store.tables import replacing

    spec = catalog.get(metric)
    given = catalog.check_options(spec, options)
    what = _network(spec, given)
    about = _notes(spec, given, what)
    data = annotated(written(what, about), about)
    target = expanded(path)
    _compare(build(data, target), what)
    with replacing(str(target), hint="Nothing was left of it.") as file:
        file.write(data)
    return load(target)


def exportable() -> list[str]:
    """Ids of the metrics whose network can be written."""
    from visq import catalog

    return [spec.id for spec in catalog.specs() if spec.graph]


def _network(spec: MetricSpec, given: Mapping[str, Any]) -> Export:
    if not spec.graph:
        raise OptionError(
            f"{spec.id} rests on no network that can be written as a graph",
            hint=f"Those that do: {', '.join(exportable()) or 'none'}.",
        )
    if given.get("model") is not None:
        raise OptionError(f"{spec.id}: model= names a graph that was written already", hint="Copy the file.")
    require_torch()
    _require_onnx()
    module, _, name = spec.graph.partition(":")
    function = getattr(import_module(module), name)
    taken = signatures.signature(function).parameters
    options = {**dict(spec.presets), **given}
    return function(**{k: v for k, v in options.items() if k in taken})


def _require_onnx() -> None:
    require("onnx", "writing a graph", "export")


def _notes(spec: MetricSpec, given: Mapping[str, Any], what: Export) -> About:
    import visq
    from visq.weights import identity

    return About(
        metric=spec.id,
        version=spec.version,
        identity=identity(spec, given),
        options={name: value for name, value in given.items() if value is not None},
        settings=dict(what.settings),
        inputs=what.inputs or (("image", "reference") if spec.takes_reference else ("image",)),
        outputs=what.outputs,
        channels=what.channels,
        step=what.step,
        min_side=max(what.min_side, what.step),
        visq=visq.__version__,
    )


def written(what: Export, about: About) -> bytes:
    """The network as ONNX, without the notes: traced with a batch of two, every axis but the channels free."""
    import torch

    names = (*about.inputs, *about.outputs)
    free = {name: {0: "n"} for name in names} | {name: {0: "n", 2: "height", 3: "width"} for name in about.inputs}
    if "map" in about.outputs:
        free["map"] = {0: "n", 1: "map_height", 2: "map_width"}
    target = io.BytesIO()
    # The exporter of before torch 2.5, called by name since: a twentieth of the time, and it needs onnx alone.
    older = {"dynamo": False} if "dynamo" in signatures.signature(torch.onnx.export).parameters else {}
    with _quiet(), torch.no_grad():
        torch.onnx.export(
            what.module,
            tuple(_samples(what, about, what.size, count=2)),
            target,  # type: ignore[arg-type]
            input_names=list(about.inputs),
            output_names=list(about.outputs),
            dynamic_axes=free,
            opset_version=_OPERATOR_SET,
            **older,  # type: ignore[arg-type]
        )
    return target.getvalue()


@contextmanager
def _quiet() -> Iterator[None]:
    """What the exporter warns of (that it is the older one, what it cannot fold) changes no number."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _samples(what: Export, about: About, size: tuple[int, int], count: int) -> list[Any]:
    import torch

    generator = torch.Generator().manual_seed(0)
    noise = [torch.rand((count, what.channels, *size), generator=generator) for _ in about.inputs]
    # Two kinds of noise: of two pictures with the same statistics a difference of statistics is rounding alone.
    return [planes ** (1 + i) for i, planes in enumerate(noise)]


def _compare(graph: Graph, what: Export) -> None:
    """The graph against torch, at the size it was traced with and at another one."""
    import torch

    height, width = what.size
    for count, size in ((1, what.size), (2, (width + 2 * what.step, height + what.step))):
        planes = _samples(what, graph.about, size, count)
        with torch.no_grad():
            wanted = what.module(*planes)
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        found = graph.run(*(p.numpy() for p in planes))
        for name, value in zip(graph.about.outputs, wanted, strict=True):
            expected = value.numpy()
            error = float(np.abs(found[name] - expected).max() / max(float(np.abs(expected).max()), 1e-6))
            if found[name].shape != expected.shape or error > AGREEMENT:
                raise WeightsError(
                    f"the graph of {graph.about.metric} does not agree with torch",
                    expected=f"{name} within {AGREEMENT:g}",
                    got=f"{error:.1e}",
                    hint="Nothing was written. Another version of torch may export it correctly.",
                )


__all__ = ["AGREEMENT", "export", "exportable", "written"]
