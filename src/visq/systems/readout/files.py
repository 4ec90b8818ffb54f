"""One file that scores pictures: the read-out, what makes the features, and how it all came about.

A safetensors file: nothing in it can run code. Tensors of the read-out are called `readout/NAME`, those of the system
as it says. The header holds, as JSON under the key `visq`, the system, its options, the fit, versions, and a hash of
all that: one altered digit is found. A file appears whole or not at all.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.errors import WeightsError
from visq.extras import require
from visq.store.tables import replacing
from visq.systems.readout.ridge import Ridge
from visq.train.checkpoints import digest

if TYPE_CHECKING:
    import torch

FORMAT = "visq read-out 1"
_KEY = "visq"
_PART = "readout/"
_NAMES = ("centre", "spread", "weights")
_NEEDED = {"system": str, "options": dict, "alpha": float, "intercept": float, "fitted": dict, "sha256": str}


@dataclass(frozen=True, eq=False)
class ReadoutFile:
    """What such a file holds.

    Attributes
    ----------
    system : str
        Which one it belongs to: a name in `visq.systems.readout.systems`.
    options : mapping
        What the system has to say of itself, as plain data.
    ridge : Ridge
    tensors : mapping of str to torch.Tensor
        The system's own.
    fitted : mapping
        On what it was fitted, how its strength was chosen, and on which scale it scores.
    versions : mapping
        Of what wrote it.
    """

    system: str
    options: Mapping[str, Any]
    ridge: Ridge
    tensors: Mapping[str, torch.Tensor]
    fitted: Mapping[str, Any]
    versions: Mapping[str, str]


def write(path: str | os.PathLike[str], content: ReadoutFile) -> None:
    """Write a file, whole or not at all.

    Raises
    ------
    StoreError
        No room, or no permission.
    """
    require("torch", "writing a read-out", "torch")
    from safetensors.torch import save

    tensors = {**_own(content.ridge), **content.tensors}
    # The library refuses tensors that share memory.
    plain = {name: value.detach().cpu().contiguous().clone() for name, value in sorted(tensors.items())}
    about = {
        "format": FORMAT, "system": content.system, "options": dict(content.options), "alpha": content.ridge.alpha,
        "intercept": content.ridge.intercept, "fitted": dict(content.fitted), "versions": dict(content.versions),
    }  # fmt: skip
    header = json.dumps({**about, "sha256": digest(about, plain)}, sort_keys=True, allow_nan=False)
    with replacing(os.fspath(path)) as file:
        file.write(save(plain, {_KEY: header}))


def read(path: str | os.PathLike[str], system: str) -> ReadoutFile:
    """Read a file of a system, and check that nothing in it has changed.

    Raises
    ------
    WeightsError
        Unreadable, damaged, of another form or of another system.
    MissingExtraError
        torch or safetensors is not installed.
    """
    from visq.weights.headers import read_header

    place = Path(path)
    require("torch", "reading a read-out", "torch")
    safetensors = require("safetensors", "reading a read-out", "torch")
    read_header(place)
    try:
        with safetensors.safe_open(str(place), framework="pt", device="cpu") as file:
            about = _about(place, system, file.metadata() or {})
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except WeightsError:
        raise
    except Exception as error:  # the library has errors of its own
        raise WeightsError(f"{place} is damaged", got=str(error).partition("\n")[0]) from None
    if digest({key: value for key, value in about.items() if key != "sha256"}, tensors) != about["sha256"]:
        raise WeightsError(f"{place} is damaged: it is not what was written", hint="Fit it again.")
    ridge = _ridge(place, about, tensors)
    rest = {name: value for name, value in tensors.items() if not name.startswith(_PART)}
    return ReadoutFile(system, about["options"], ridge, rest, about["fitted"], about.get("versions", {}))


def _own(ridge: Ridge) -> dict[str, torch.Tensor]:
    import torch

    return {f"{_PART}{name}": torch.from_numpy(np.asarray(getattr(ridge, name), dtype=np.float64)) for name in _NAMES}


def _about(path: Path, system: str, metadata: Mapping[str, str]) -> dict[str, Any]:
    hint = f"`visq fit {system}` makes one."
    try:
        about = json.loads(metadata[_KEY])
    except (KeyError, ValueError):
        about = None
    if not isinstance(about, dict) or about.get("format") != FORMAT:
        got = str(about.get("format"))[:40] if isinstance(about, dict) else "no header of visq's"
        raise WeightsError(f"{path} holds no read-out", expected=FORMAT, got=got, hint=hint)
    lacking = [key for key, kind in _NEEDED.items() if not isinstance(about.get(key), kind)]
    if lacking:
        raise WeightsError(f"{path}: its header lacks {', '.join(lacking)}", hint=hint)
    if about["system"] != system:
        raise WeightsError(f"{path} belongs to another system", expected=system, got=about["system"][:40], hint=hint)
    return about


def _ridge(path: Path, about: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Ridge:
    found = {name: tensors.get(f"{_PART}{name}") for name in _NAMES}
    arrays = {name: value.double().numpy() for name, value in found.items() if value is not None and value.ndim == 1}
    whole = len(arrays) == len(_NAMES) and len({array.shape for array in arrays.values()}) == 1
    finite = whole and all(np.isfinite(array).all() for array in arrays.values())
    if not finite or not (arrays["spread"] > 0).all() or not math.isfinite(about["intercept"]):
        raise WeightsError(f"{path}: its read-out is not usable", expected="finite numbers, spreads above 0")
    return Ridge(**arrays, intercept=about["intercept"], alpha=about["alpha"])


__all__ = ["FORMAT", "ReadoutFile", "read", "write"]
