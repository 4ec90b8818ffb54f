"""What a metric rests on here: torch and its weights, or the exported network `<metric>.onnx` in their stead."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.errors import MissingExtraError, VisqError

if TYPE_CHECKING:
    from visq.types import MetricSpec


def has_torch() -> bool:
    """Whether torch is installed; it is not loaded."""
    if sys.modules.get("torch") is not None:
        return True
    try:
        return importlib.util.find_spec("torch") is not None
    except (ImportError, ValueError):  # who blocks it raises one of them
        return False


def stand_in(metric: str) -> Path | None:
    """The first file `<metric>.onnx` in the folders that are searched for parameters; None where torch is installed.

    Examples
    --------
    >>> import torch
    >>> stand_in("lpips") is None
    True
    """
    if has_torch():
        return None
    from visq.paths import is_file
    from visq.weights import places

    return next((p / f"{metric}.onnx" for p in places() if is_file(p / f"{metric}.onnx")), None)


def lacking(spec: MetricSpec) -> str:
    """Why a metric cannot be computed on this machine; empty where it can.

    Examples
    --------
    >>> from visq import catalog
    >>> lacking(catalog.get("ssim"))
    ''
    """
    from visq.weights import missing

    if spec.graph and stand_in(spec.id) is not None:
        return ""
    if spec.extra == "torch" and not has_torch():
        return "torch is not installed"
    files = ", ".join(w.filename for w in missing(spec))
    return f"{files} is not here" if files else ""


def without_torch(metric: str) -> MissingExtraError:
    """The error of a metric that needs torch or a graph, where there is neither."""
    return MissingExtraError(
        "torch is not installed, and no exported network stands in for it",
        expected=f"torch, or a file {metric}.onnx",
        hint=f"Install it: pip install 'visq[torch]'. Or write the network on a machine that has it (`visq export "
        f"{metric} -o {metric}.onnx`) and name the file with model=, or put it into the folder that VISQ_WEIGHTS "
        "names.",
    )


def check(spec: MetricSpec, options: Mapping[str, Any]) -> None:
    """Raise where a metric cannot be computed with its options on this machine, before anything is scored with it.

    Parameters
    ----------
    spec : MetricSpec
    options : mapping
        As `catalog.check_options` hands them over.

    Raises
    ------
    WeightsError
        Of the catalogue's files one is nowhere, or has another hash; or the file that an option names is missing,
        damaged, or of another metric.
    MissingExtraError
        torch is not installed, and no exported network stands in for it.
    OptionError
        The graph was written with other options.
    """
    from visq.catalog import UNLISTED
    from visq.weights import missing

    try:
        _check(spec, options)
    except VisqError as error:
        if spec.id in UNLISTED and missing(spec) and options.get("model") is None:
            error.hint = f"None ships: name a file of your own, {spec.id}:model=FILE."
        raise error.with_context(spec.id) from None


def _check(spec: MetricSpec, options: Mapping[str, Any]) -> None:
    first = next((option.name for option in spec.options if option.type == "path"), "")
    given = options.get(first)
    graph = (given or stand_in(spec.id)) if spec.graph else None
    if graph is not None:
        from visq.systems.graph_files import check_graph

        check_graph(graph, spec, options)
        return
    readers = {option.name: option.reads for option in spec.options} | {first: spec.reads}
    for option, reader in readers.items():
        if reader and options.get(option) is not None:
            module, _, name = reader.partition(":")
            getattr(import_module(module), name)(options[option])
    if spec.extra == "torch" and not has_torch():
        if spec.graph:
            raise without_torch(spec.id)
        from visq.extras import require

        require("torch", "it", "torch")
    if given is None:
        from visq.weights.inventory import needs

        for need in needs(spec, options):
            need.path()


def _hindrance(spec: MetricSpec) -> str:
    """What is wrong with the files that are here; empty where nothing is."""
    try:
        _check(spec, {})
    except VisqError as error:
        return error.message
    return ""


def computable(*kinds: str) -> tuple[list[str], dict[str, list[str]]]:
    """Ids of the metrics of some kinds that can be computed on this machine, and the others by what hinders them.

    Those that `check` lets pass with their default options.

    Examples
    --------
    >>> computable("rr")
    (['wnism', 'rred', 'fedm', 'osvp', 'rr_ssim'], {})
    """
    from visq import catalog

    names: list[str] = []
    reasons: dict[str, list[str]] = {}
    for spec in (spec for kind in kinds for spec in catalog.specs(kind)):
        reason = lacking(spec) or _hindrance(spec)
        (reasons.setdefault(reason, []) if reason else names).append(spec.id)
    return names, reasons
