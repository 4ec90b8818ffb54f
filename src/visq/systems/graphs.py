"""Metrics that rest on a network as ONNX graphs: written with torch, run without it by onnxruntime on NumPy arrays.

A graph holds the network with its parameters and takes planes that are prepared already: what depends on the size of a
picture (resizing, cutting into patches) stays outside, in NumPy. It agrees with torch within 1e-5 of the score, and is
computed in single precision whatever the pixels.

The identity of a score that a graph gave is metric, version, options and the hash of the file: it differs from that of
torch's score, and from that of another export, though the numbers agree. A table never mixes them unawares.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from visq.errors import InputError, WeightsError
from visq.ops.arrays import Batch, read_one, read_pair
from visq.ops.threads import get_threads
from visq.systems.graph_files import About, belongs, inspect
from visq.weights.stand_in import has_torch, stand_in, without_torch


@dataclass(frozen=True)
class Export:
    """What the function named by `MetricSpec.graph` hands over to be written.

    Attributes
    ----------
    module : torch.nn.Module
        In evaluation mode, on the CPU, in float32: planes `(N, C, H, W)`, one argument for each input, to `(N,)` scores
        first and then whatever else `outputs` names, each with the batch as its first axis.
    outputs : tuple of str
        Names of what it gives; the first is `score`. Where there is a `map`, it is `(N, H, W)`.
    inputs : tuple of str
        Names of what it takes. Empty: `image`, and `reference` where the metric takes one.
    channels : int
        Of the planes.
    size : (int, int)
        Height and width of the planes that it is traced with: unequal, and usual. They may have any other afterwards.
    step : int
        Both sides have to be multiples of it.
    min_side : int
        The shortest side of the planes that it takes.
    settings : mapping
        Options that are part of the graph: where it is used they have to be the same.
    """

    module: Any
    outputs: tuple[str, ...] = ("score",)
    inputs: tuple[str, ...] = ()
    channels: int = 3
    size: tuple[int, int] = (96, 128)
    step: int = 1
    min_side: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """A graph that was read and checked, ready to be run; `load` makes it."""

    path: Path
    about: About
    session: Any

    def check(self, metric: str, **settings: Any) -> None:
        """Raise where it is the graph of another metric or version, or was written with other settings.

        Raises
        ------
        WeightsError, OptionError
            As `graph_files.belongs`.
        """
        from visq import catalog

        belongs(self.about, self.path, catalog.get(metric), settings)

    def run(self, *planes: Any, outputs: Sequence[str] = ()) -> dict[str, np.ndarray]:
        """Outputs, by name, of planes `(N, C, H, W)` in the order of `about.inputs`.

        Parameters
        ----------
        *planes : array
            In 0..1, prepared as the metric prepares them.
        outputs : sequence of str
            Which ones are computed; empty: all.

        Raises
        ------
        InputError
            Another number of arrays, other shapes.
        WeightsError
            The graph cannot compute it, or gives what is no score.
        """
        about = self.about
        if len(planes) != len(about.inputs):
            raise InputError(f"{self.path} takes {' and '.join(about.inputs)}", got=f"{len(planes)} arrays")
        feed = {}
        for name, given in zip(about.inputs, planes, strict=True):
            array = np.ascontiguousarray(given, dtype=np.float32)
            fits = array.ndim == 4 and array.shape[1] == about.channels and array.shape[0] > 0
            sides = array.shape[2:] if fits else ()
            if not fits or any(n < about.min_side or n % about.step for n in sides):
                shape = f"(N, {about.channels}, H, W), H and W at least {about.min_side}"
                shape += f" and multiples of {about.step}" if about.step > 1 else ""
                raise InputError(f"{name} has the wrong shape for {self.path}", expected=shape, got=str(array.shape))
            feed[name] = array
        return self._computed(feed, list(outputs or about.outputs))

    def _computed(self, feed: dict[str, np.ndarray], names: list[str]) -> dict[str, np.ndarray]:
        import onnxruntime

        options = onnxruntime.RunOptions()
        options.only_execute_path_to_fetches = True
        count = len(next(iter(feed.values())))
        try:
            values = self.session.run(names, feed, options)
        except Exception as error:  # onnxruntime has errors of its own
            raise WeightsError(f"{self.path} cannot be run", got=_first_line(error)) from None
        found = dict(zip(names, (np.asarray(v) for v in values), strict=True))
        for name, value in found.items():
            fits = value.dtype == np.float32 and value.ndim > 0 and len(value) == count
            if not fits or (name == self.about.outputs[0] and value.ndim != 1) or not np.isfinite(value).all():
                expected, got = f"{count} finite values of 32 bit", f"{value.dtype} {value.shape}"
                raise WeightsError(f"{self.path} gives no {name}", expected=expected, got=got)
        return found


def choose(metric: str, model: str | os.PathLike[str] | None = None, **settings: Any) -> Graph | None:
    """The graph that a metric is to be computed with; None where torch computes it.

    A graph that the user names is used. Without one torch is, if it is installed; else the file `<metric>.onnx` in
    the folders that are searched for parameters.

    Parameters
    ----------
    metric : str
        Id in the catalogue.
    model : path, optional
        What the user named.
    **settings
        Values of the options that are part of the graph.

    Raises
    ------
    WeightsError
        As `load`; or a graph of another metric, or of another version of it.
    OptionError
        It was written with other settings.
    MissingExtraError
        There is neither a graph nor torch.
    """
    path = os.fspath(model) if model is not None else stand_in(metric)
    if path is None:
        if has_torch():
            return None
        raise without_torch(metric)
    graph = load(path)
    graph.check(metric, **settings)
    return graph


def load(path: str | os.PathLike[str]) -> Graph:
    """A graph that `visq export` wrote, checked.

    The file is read whole and inspected (`visq.systems.graph_files`) before onnxruntime sees it, which then builds it
    from memory, with its processor for the CPU and nothing else.

    Raises
    ------
    WeightsError
        The file is missing, too large, damaged, or none that visq wrote; see `graph_files.inspect`.
    """
    from visq import weights

    given = weights.members(path)[0]
    return _load(given, weights.sha256(given), get_threads())


@lru_cache(maxsize=8)
def _load(path: Path, sha256: str, threads: int) -> Graph:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError(f"{path} is being changed", hint="Try again when it is written.")
    return build(data, path, threads)


def build(data: bytes, path: Path, threads: int | None = None) -> Graph:
    """A graph out of memory, checked as `load` says; `path` is what errors call it."""
    about = inspect(data, path)
    return Graph(path, about, _session(data, path, about, threads or get_threads()))


def _session(data: bytes, path: Path, about: About, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Without it the content decides the format, and the other one is not inspected.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has errors of its own
        raise WeightsError(f"{path} cannot be built", got=_first_line(error)) from None
    inputs = [(i.name, i.type, len(i.shape)) for i in session.get_inputs()]
    outputs = [o.name for o in session.get_outputs()]
    if inputs != [(name, "tensor(float)", 4) for name in about.inputs] or outputs != list(about.outputs):
        raise WeightsError(
            f"{path} does not take and give what its notes say",
            expected=f"{', '.join(about.inputs)} to {', '.join(about.outputs)}"[:200],
            got=f"{', '.join(f'{n} {t} of rank {r}' for n, t, r in inputs)} to {', '.join(outputs)}"[:200],
        )
    return session


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def run(path: str | os.PathLike[str], *planes: Any) -> dict[str, np.ndarray]:
    """Every output, by name, of a graph, for planes `(N, C, H, W)` in 0..1 that are prepared already.

    Raises
    ------
    WeightsError, InputError
        As `load` and `Graph.run`.
    """
    return load(path).run(*planes)


def score(
    graph: Graph,
    image: Any,
    reference: Any = None,
    *,
    data_range: float | None = None,
    min_side: int = 1,
    same_size: bool = True,
    prepare: Callable[[Any, Batch], Any] = lambda planes, batch: planes,  # noqa: ARG005
    finish: Callable[[np.ndarray, Batch], np.ndarray] = lambda values, batch: values,  # noqa: ARG005
    output: str = "score",
    full: bool = False,
) -> Any:
    """What a metric's function returns, computed by a graph, one image (pair) after the other.

    Parameters
    ----------
    graph : Graph
        From `choose`.
    image, reference, data_range, min_side, same_size
        As for `visq.ops.arrays.read_pair`. Tensors are computed as arrays and come back without gradients.
    prepare : callable
        From planes `(1, 3, H, W)` in 0..1, float32, and the batch that they were read into, to what the graph takes.
    finish : callable
        From what the graph gave of all pictures, and the batch of the images, to the scores.
    output : str
        Which of its outputs.
    full : bool
        Also return the output `map`.

    Raises
    ------
    InputError
        As `read_one` and `read_pair`; a tensor that wants a gradient.
    """
    if "reference" not in graph.about.inputs:
        batches = [read_one(image, data_range=data_range, min_side=min_side)]
    else:
        batches = list(read_pair(image, reference, data_range=data_range, min_side=min_side, same_size=same_size))
    planes = [numpy_batch(b).rgb(1.0).astype(np.float32, copy=False) for b in batches]
    pairs = zip(*(p[:, None] for p in planes), strict=True)
    names = (output, "map") if full else (output,)
    if not set(names) <= set(graph.about.outputs):
        lacking = " and ".join(n for n in names if n not in graph.about.outputs)
        raise WeightsError(
            f"{graph.path} gives no {lacking}", hint=f"Write it again: `visq export {graph.about.metric}`."
        )
    results = []
    for pair in pairs:
        ready = (prepare(p, b) for p, b in zip(pair, batches, strict=True))
        results.append(graph.run(*ready, outputs=names))
    stacked = [np.stack([r[name][0] for r in results]) for name in names]
    values = [v.astype(np.float64) if v.ndim == 1 else v for v in stacked]
    values[0] = finish(values[0], batches[0])
    handed = tuple(batches[0].result_of_numpy(v) for v in values)
    return handed if full else handed[0]


def numpy_batch(batch: Batch) -> Batch:
    """The same images as NumPy arrays.

    Raises
    ------
    InputError
        A tensor that wants a gradient, which a graph does not have.
    """
    if not batch.torch:
        return batch
    import torch

    if batch.data.requires_grad and torch.is_grad_enabled():
        raise InputError("a graph has no gradient", hint="Leave model= out, or hand over image.detach().")
    return Batch(batch.data.detach().cpu().numpy(), batch.peak, batch.single)


__all__ = ["Export", "Graph", "build", "choose", "load", "numpy_batch", "run", "score"]
