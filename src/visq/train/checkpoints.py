"""A training put away: one safetensors file with everything that going on needs, and nothing that could run code.

The tensors are called `weights/NAME`, `average/NAME` and `optimiser/KEY/NAME`. The header holds, as JSON under the key
`visq`, the recipe, the identities of the streams, the step, the history of validations, the state of the loss scaler,
versions, what it ran on, and a hash of all that. States of random generators are not in it, because none outlives a
step: every step seeds torch with a hash of the recipe's seed and its own number (`visq.train.stepping`).

A file appears whole or not at all. Two states of one training at one step are the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from visq.errors import WeightsError
from visq.extras import require
from visq.store.tables import replacing

if TYPE_CHECKING:
    import torch

FORMAT = "visq checkpoint 1"
LAST, BEST = "last.safetensors", "best.safetensors"
_KEY = "visq"
_NEEDED = {
    "recipe": dict,
    "source": str,
    "streams": dict,
    "step": int,
    "history": list,
    "sha256": str,
    "versions": dict,
}
_SHOWN = 4
_OTHERWISE = "A copy of it may be whole; otherwise the training begins anew."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a file holds: `about`, the header, and the tensors by name."""

    about: dict[str, Any]
    tensors: dict[str, torch.Tensor]

    def part(self, name: str) -> dict[str, torch.Tensor]:
        """The tensors of `weights`, `average` or `optimiser`, without that word in front."""
        return {key.partition("/")[2]: t for key, t in self.tensors.items() if key.partition("/")[0] == name}

    def network_state(self) -> dict[str, torch.Tensor]:
        """The weights to use: their average where one was kept."""
        return self.part("average") or self.part("weights")


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all.

    Raises
    ------
    StoreError
        No room, or no permission.
    """
    from safetensors.torch import save

    # The library refuses tensors that share memory; a state dict has some where layers share weights.
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in sorted(checkpoint.tensors.items())}
    about = {"format": FORMAT, **{key: value for key, value in checkpoint.about.items() if key != "sha256"}}
    data = save(tensors, {_KEY: _dumped({**about, "sha256": digest(about, tensors)})})
    with replacing(str(path), hint="Make room: what was kept before is still there to go on from.") as file:
        file.write(data)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint and check that nothing in it has changed.

    Raises
    ------
    WeightsError
        Unreadable, damaged, cut off, not written by visq, or of another form.
    """
    require("torch", "reading a checkpoint", "train")
    safetensors = require("safetensors", "reading a checkpoint", "train")
    try:
        with path.open("rb"):
            pass
        with safetensors.safe_open(str(path), framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            about = _about(path, metadata)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except WeightsError:
        raise
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror or error}") from None
    except Exception as error:  # the library has errors of its own
        raise WeightsError(
            f"{path} is damaged or no safetensors file", got=str(error).partition("\n")[0],
            hint=_OTHERWISE,
        ) from None  # fmt: skip
    if digest({key: value for key, value in about.items() if key != "sha256"}, tensors) != about["sha256"]:
        raise WeightsError(f"{path} is damaged: it is not what was written", hint=_OTHERWISE)
    return Checkpoint(about, tensors)


def _about(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    if _KEY not in metadata:
        raise WeightsError(f"{path} is no checkpoint of visq's", hint="Plain weights cannot be gone on from.")
    try:
        about = json.loads(metadata[_KEY])
    except ValueError:
        about = None
    if not isinstance(about, dict):
        raise WeightsError(f"{path}: its header is no JSON object")
    if about.get("format") != FORMAT:
        raise WeightsError(
            f"{path} is of a form that this version of visq does not read",
            expected=FORMAT,
            got=str(about.get("format")),
        )
    lacking = [key for key, kind in _NEEDED.items() if not isinstance(about.get(key), kind)]
    if lacking:
        raise WeightsError(f"{path}: its header lacks {', '.join(lacking)}")
    return about


def fits(path: Path, found: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> None:
    """Refuse tensors that are not those of a network: names, shapes, types.

    Raises
    ------
    WeightsError
    """
    other = [
        name for name, value in wanted.items()
        if name in found and (found[name].shape != value.shape or found[name].dtype != value.dtype)
    ]  # fmt: skip
    lacking, extra = wanted.keys() - found.keys(), found.keys() - wanted.keys()
    if lacking or extra or other:
        said = (_some("missing", lacking), _some("too many", extra), _some("of another shape or type", other))
        raise WeightsError(f"{path} holds the tensors of another network", got="; ".join(filter(None, said)))


def _some(label: str, names: Iterable[str]) -> str:
    found = sorted(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"{', '.join(found[:_SHOWN])}{more} ({label})" if found else ""


def _dumped(about: Mapping[str, Any]) -> str:
    return json.dumps(about, sort_keys=True, allow_nan=False)


def digest(about: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> str:
    """Hash of a header without the hash itself, and of all tensors: one altered digit would be something else."""
    import torch

    total = hashlib.sha256(_dumped(about).encode())
    for name in sorted(tensors):
        value = tensors[name]
        total.update(f"{name} {value.dtype} {tuple(value.shape)}\n".encode())
        total.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


__all__ = ["BEST", "FORMAT", "LAST", "Checkpoint", "digest", "fits", "read", "write"]
