"""Whether a file is a checkpoint of `visq train`, and what is in it then."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from visq.extras import require
from visq.paths import expanded

if TYPE_CHECKING:
    from visq.train.checkpoints import Checkpoint


def header(path: str | os.PathLike[str]) -> dict[str, str]:
    """The texts in the header of a safetensors file; none where it is not one."""
    from visq.weights.headers import is_safetensors

    path = expanded(path)
    try:
        with path.open("rb") as stream:
            start = stream.read(512)
    except OSError:
        return {}
    if not is_safetensors(start):
        return {}
    safetensors = require("safetensors", "reading this file", "torch")
    try:
        with safetensors.safe_open(str(path), framework="pt", device="cpu") as file:
            return dict(file.metadata() or {})
    except Exception:  # the library has errors of its own; who reads the tensors tells of them
        return {}


def of_training(path: str | os.PathLike[str]) -> Checkpoint | None:
    """A checkpoint of `visq train`; None where the file is something else.

    Raises
    ------
    WeightsError
        It is one that is damaged.
    """
    from visq.train.checkpoints import FORMAT, read

    return read(Path(expanded(path))) if FORMAT in header(path).get("visq", "") else None


__all__ = ["header", "of_training"]
