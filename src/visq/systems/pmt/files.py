"""Parameters of a trained network: one safetensors file that says itself what network they are of."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from visq.errors import OptionError, WeightsError
from visq.extras import require
from visq.paths import expanded
from visq.store.tables import replacing
from visq.systems.given_files import pmt as pmt_file
from visq.systems.inputs import building
from visq.systems.pmt.design import FORMAT, Design
from visq.systems.pmt.network import Network
from visq.weights.headers import told

_KEY = "visq"
_COUNTER = "num_batches_tracked"


def write(
    network: Network, path: str | os.PathLike[str], notes: Mapping[str, Any] | None = None, *, half: bool = False
) -> None:
    """Write all parameters, with the design of the network.

    Parameters
    ----------
    network : Network
    path : path
        A file that is there is replaced.
    notes : mapping, optional
        What else the file is to say of itself: data, seed, recipe. Kept as JSON.
    half : bool
        In half precision, half the bytes; otherwise in single precision.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    save = require("safetensors.torch", "writing parameters", "torch").save
    kept = torch.float16 if half else torch.float32
    state = {n: t.detach().cpu().to(kept).contiguous() for n, t in network.state_dict().items() if _COUNTER not in n}
    about = {"format": FORMAT, "design": network.design.options(), "notes": dict(notes or {})}
    data = save(state, metadata={_KEY: json.dumps(about, sort_keys=True)})
    with replacing(os.fspath(expanded(path))) as file:
        file.write(data)


def load(path: str | os.PathLike[str]) -> Network:
    """The network in a file that `write` wrote, or in a checkpoint of a training, on the CPU, in evaluation mode.

    Raises
    ------
    WeightsError
        Missing, damaged, of another system, or without a tensor that belongs to it.
    """
    path = expanded(path)
    pmt_file(path)
    about = told(path)
    checkpoint = about.get("format") != FORMAT
    try:
        design = Design.of(about["recipe"]["options"]["design"]) if checkpoint else Design(**about["design"])
    except (KeyError, TypeError, OptionError) as error:
        raise WeightsError(f"{path} is of another network", expected=FORMAT, got=str(error)[:200]) from None
    with building():
        network = Network(design, "random").eval().requires_grad_(False)
        network.load_state_dict(_checkpoint(path, network) if checkpoint else _plain(path, network), strict=False)
    return network


def _plain(path: Path, network: Network) -> dict[str, torch.Tensor]:
    from visq.weights.tensors import load as read

    shapes = {n: tuple(t.shape) for n, t in network.state_dict().items() if _COUNTER not in n}
    return read(path, shapes)


def _checkpoint(path: Path, network: Network) -> dict[str, torch.Tensor]:
    from visq.train.checkpoints import fits, read

    state = read(path).network_state()
    fits(path, state, network.state_dict())
    return state


__all__ = ["load", "write"]
