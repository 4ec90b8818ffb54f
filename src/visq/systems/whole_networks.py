"""Networks that belong to one metric, all of whose parameters lie in one file of the catalogue."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.systems.inputs import building

if TYPE_CHECKING:
    import torch


def network(metric: str, read: Callable[[Any], torch.nn.Module], device: str, dtype: torch.dtype) -> torch.nn.Module:
    """The network of a metric on a device and in a precision; made once for each content of its file.

    Parameters
    ----------
    metric : str
        Id in the catalogue.
    read : callable
        From the path of the file to the network, in evaluation mode.
    device, dtype
        Where it is to compute, and in which precision.

    Raises
    ------
    WeightsError
        The file is missing, damaged or another one.
    """
    from visq import catalog, weights

    path = weights.find(catalog.get(metric).weights[0])
    return _read(read, path, weights.sha256(path), device, dtype)


@lru_cache(maxsize=8)
def _read(
    read: Callable[[Any], torch.nn.Module],
    path: Path,
    sha256: str,  # noqa: ARG001
    device: str,
    dtype: torch.dtype,
) -> torch.nn.Module:
    with building():
        return read(path).to(device=device, dtype=dtype)


__all__ = ["network"]
