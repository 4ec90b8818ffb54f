"""What a training runs on: versions and facts of the machine."""

from __future__ import annotations

from functools import cache
from typing import Any

from visq.bench.provenance import machine, versions

PACKAGES = ("torch", "accelerate", "safetensors", "numpy")


def facts(device: Any, processes: int) -> dict[str, Any]:
    """Machine, device, threads and processes.

    Parameters
    ----------
    device : torch.device
        Where the network lies.
    processes : int
        That train together.
    """
    import torch

    about = {**machine(), "device": device.type, "threads": torch.get_num_threads(), "processes": processes}
    if device.type == "cuda":
        about["accelerator"] = torch.cuda.get_device_name(device)
    return about


@cache
def made_with() -> dict[str, str]:
    """Versions that the result of a training may hang on.

    >>> sorted(made_with())[-2:]
    ['torch', 'visq']
    """
    import platform

    import visq

    return {"visq": visq.__version__, "python": platform.python_version(), **versions(PACKAGES)}


__all__ = ["facts", "made_with"]
