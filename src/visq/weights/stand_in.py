"""What a metric rests on here: torch and its weights, or the exported network `<metric>.onnx` in their stead."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

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
    from visq.weights import places
    from visq.weights.paths import is_file

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


def computable(*kinds: str) -> tuple[list[str], dict[str, list[str]]]:
    """Ids of the metrics of some kinds that can be computed on this machine, and the others by what they lack.

    Examples
    --------
    >>> computable("rr")
    (['wnism', 'rred', 'fedm', 'osvp', 'rr_ssim'], {})
    """
    from visq import catalog

    names: list[str] = []
    reasons: dict[str, list[str]] = {}
    for spec in (spec for kind in kinds for spec in catalog.specs(kind)):
        reason = lacking(spec)
        (reasons.setdefault(reason, []) if reason else names).append(spec.id)
    return names, reasons
