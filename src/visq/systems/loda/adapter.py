"""What was learned, as a file: the adapter and the CNN's running statistics, without the frozen networks."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from visq.errors import OptionError, WeightsError
from visq.paths import expanded
from visq.store.tables import replacing
from visq.systems.loda.checkpoint import of_training
from visq.systems.loda.design import FORMAT, Design
from visq.systems.loda.network import LoDa
from visq.systems.loda.sealed import SEAL
from visq.weights.headers import told
from visq.weights.tensors import load as load_tensors

_KEY = "visq"


def save(network: LoDa, path: str | os.PathLike[str], notes: Mapping[str, Any] | None = None) -> None:
    """Write what a network has learned; a file that is there is replaced, whole or not at all.

    Parameters
    ----------
    network : LoDa
    path : path
        A name that ends in `.safetensors`.
    notes : mapping, optional
        What else the file is to say of itself: data, seed, recipe. Kept as JSON.

    Raises
    ------
    StoreError
        It cannot be written.
    """
    from safetensors.torch import save as packed

    about = {"format": FORMAT, "design": network.design.options(), "frozen": network.seal_of_parts}
    about |= {"notes": dict(notes or {})}
    # safetensors refuses tensors that share memory.
    kept = [(name, value) for name, value in sorted(network.state_dict().items()) if name != SEAL]
    state = {name: value.detach().cpu().contiguous().clone() for name, value in kept}
    with replacing(os.fspath(path)) as file:
        file.write(packed(state, {_KEY: json.dumps(about, sort_keys=True)}))


def load(
    path: str | os.PathLike[str], vit: str | os.PathLike[str] = "public", cnn: str | os.PathLike[str] = "public"
) -> LoDa:
    """The network of a file that `save` wrote, or of a checkpoint of the recipes `loda` and `loda-mini`.

    In evaluation mode, on the CPU, in float32.

    Parameters
    ----------
    path : path
    vit, cnn : {"public"} or path
        The frozen parameters.

    Raises
    ------
    WeightsError
        The file is missing, damaged or something else; the frozen parameters are missing, or other ones than it was
        learned beside.
    """
    path = expanded(path)
    design, state = _design(path)
    network = LoDa(design, vit, cnn)
    if state is None:
        network.check_seal(_about(path)["frozen"], str(path))
        shapes = {n: tuple(v.shape) for n, v in network.state_dict().items() if n != SEAL}
        state = {**load_tensors(path, shapes), SEAL: network.sealed_sha256}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(f"{path} holds another network", got=str(error)[:200]) from None
    except WeightsError as error:
        raise error.with_context(str(path)) from None
    return network.requires_grad_(False).eval()


def _about(path: Any) -> dict[str, Any]:
    about = told(path)
    try:
        if about["format"] == FORMAT and len(bytes.fromhex(about["frozen"])) == 32:
            return about
    except (ValueError, KeyError, TypeError):
        pass
    raise WeightsError(
        f"{path} is no adapter of LoDa's", expected=f"a file that visq wrote ({FORMAT}), or a checkpoint of visq train"
    )


def _design(path: Any) -> tuple[Design, dict[str, Any] | None]:
    checkpoint = of_training(path)
    try:
        if checkpoint is None:
            return Design.of(_about(path)["design"]), None
        return Design.of(checkpoint.about["recipe"]["options"]["design"]), checkpoint.network_state()
    except (KeyError, TypeError, OptionError) as error:
        raise WeightsError(f"{path} does not say which network of LoDa's it is", got=str(error)[:200]) from None


__all__ = ["load", "save"]
