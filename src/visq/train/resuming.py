"""From a training to a checkpoint and back, and whether the one belongs to the other."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from visq.errors import OptionError, VisqWarning, WeightsError
from visq.train import hardware
from visq.train.checkpoints import Checkpoint, fits
from visq.train.recipe import Recipe
from visq.train.stepping import Training

_SHOWN = 6


def checkpoint_of(training: Training, logs: Mapping[str, int]) -> Checkpoint:
    """The state of a training between two steps.

    Parameters
    ----------
    training : Training
    logs : mapping of str to int
        How long the logs are.
    """
    tensors: dict[str, Tensor] = {f"weights/{n}": t for n, t in training.network.state_dict().items()}
    if training.average is not None:
        tensors |= {f"average/{n}": t for n, t in training.average.tensors.items()}
    plain: dict[str, dict[str, Any]] = {}
    for place, values in training.optimiser.state_dict()["state"].items():
        for key, value in values.items():
            if isinstance(value, Tensor):
                tensors[f"optimiser/{key}/{training.names[place]}"] = value
            else:
                plain.setdefault(training.names[place], {})[key] = value
    accelerator, recipe = training.accelerator, training.recipe
    about = {
        "recipe": recipe.as_data(),
        "source": recipe.source,
        "streams": training.identities,
        "step": training.step,
        "steps": training.steps,
        "per_epoch": training.per_epoch,
        "history": [{**entry, "measures": _nulls(entry["measures"])} for entry in training.history],
        "average_updates": training.average.updates if training.average is not None else 0,
        "optimiser": plain,
        "scaler": accelerator.scaler.state_dict() if accelerator.scaler is not None else None,
        "logs": dict(logs),
        "versions": hardware.made_with(),
        "hardware": hardware.facts(accelerator.device, accelerator.num_processes),
    }
    return Checkpoint(about, tensors)


def restore(training: Training, checkpoint: Checkpoint, path: Path) -> None:
    """Put a training where a checkpoint left it.

    Raises
    ------
    OptionError
        A checkpoint of another recipe, or of other data.
    WeightsError
        A checkpoint of another network.

    Warns
    -----
    VisqWarning
        Other versions, another device or number of threads, another text of the recipe's file: the numbers are then
        not to the last bit those of a training that was never interrupted.
    """
    about = checkpoint.about
    check_recipe(about["recipe"], training.recipe, path)
    _check_streams(about["streams"], training.identities, path)
    _warn_of_changes(about, training)
    state = training.network.state_dict()
    fits(path, checkpoint.part("weights"), state)
    if training.average is not None:
        fits(path, checkpoint.part("average"), state)
        training.average.load(checkpoint.part("average"), int(about.get("average_updates", 0)))
    training.network.load_state_dict(checkpoint.part("weights"))
    _restore_optimiser(training, checkpoint, path)
    if training.accelerator.scaler is not None and about.get("scaler"):
        training.accelerator.scaler.load_state_dict(about["scaler"])
    try:
        history = [{**entry, "measures": _numbers(entry["measures"])} for entry in about["history"]]
    except (TypeError, KeyError, ValueError, AttributeError):
        raise WeightsError(f"{path}: the history of validations in its header cannot be read") from None
    training.resume_at(about["step"], history)


def check_recipe(kept: Mapping[str, Any], recipe: Recipe, path: Path) -> None:
    """Refuse a recipe other than the one that was begun with.

    Raises
    ------
    OptionError
        With the settings that differ.
    """
    before, now = _leaves(kept), _leaves(recipe.as_data())
    absent = object()
    other = [key for key in {**before, **now} if before.get(key, absent) != now.get(key, absent)]
    if other:
        told = [f"{key} was {before.get(key, 'absent')!r}, is {now.get(key, 'absent')!r}" for key in other[:_SHOWN]]
        more = [f"{len(other) - _SHOWN} more"] if len(other) > _SHOWN else []
        raise OptionError(
            f"{path} was made by another recipe: {'; '.join(told + more)}",
            hint="Go on with the settings it was begun with, or train into another folder.",
        )


def _check_streams(kept: Mapping[str, str], now: Mapping[str, str], path: Path) -> None:
    other = [name for name, identity in now.items() if kept.get(name) != identity]
    if other:
        raise OptionError(
            f"{path} was made with other data: the {' and the '.join(other)} stream",
            expected=", ".join(str(kept.get(name)) for name in other), got=", ".join(now[name] for name in other),
            hint="Give the data it was begun with, unaltered, or train into another folder.",
        )  # fmt: skip


def _warn_of_changes(about: Mapping[str, Any], training: Training) -> None:
    accelerator = training.accelerator
    now = {**hardware.made_with(), **hardware.facts(accelerator.device, accelerator.num_processes)}
    before = {**about.get("versions", {}), **about.get("hardware", {})}
    keys = ("visq", "python", "torch", "accelerate", "processor", "device", "accelerator", "threads", "processes")
    changed = [f"{k} {before.get(k)} is now {now.get(k)}" for k in keys if before.get(k) != now.get(k)]
    if about["source"] != training.recipe.source:
        changed.append("the recipe's file has been edited")
    if changed:
        warnings.warn(
            f"not all is as when the training began: {'; '.join(changed)}. It goes on, but its numbers will not be to "
            "the last bit those of a training that was never interrupted.",
            VisqWarning,
            stacklevel=5,
        )


def _restore_optimiser(training: Training, checkpoint: Checkpoint, path: Path) -> None:
    state: dict[int, dict[str, Any]] = {}
    places = {name: place for place, name in enumerate(training.names)}
    values: list[tuple[str, str, Any]] = []
    for path_in, value in checkpoint.part("optimiser").items():
        key, _, name = path_in.partition("/")
        values.append((key, name, value))
    values += [(k, n, v) for n, table in checkpoint.about.get("optimiser", {}).items() for k, v in table.items()]
    sizes = {name: p.shape for name, p in training.network.named_parameters()}
    for key, name, value in values:
        if name not in places or (isinstance(value, Tensor) and value.ndim and value.shape != sizes[name]):
            raise WeightsError(f"{path} holds the state of an optimiser of another network", got=f"{key} of {name}")
        state.setdefault(places[name], {})[key] = value
    groups = training.optimiser.state_dict()["param_groups"]
    training.optimiser.load_state_dict({"state": state, "param_groups": groups})


def _leaves(tree: Any, path: str = "") -> dict[str, Any]:
    if isinstance(tree, Mapping) and tree:
        return {key: value for k, part in tree.items() for key, value in _leaves(part, f"{path}.{k}").items()}
    return {path.lstrip("."): tree}


def _nulls(measures: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no NaN."""
    return {name: value if math.isfinite(value) else None for name, value in measures.items()}


def _numbers(measures: Mapping[str, float | None]) -> dict[str, float]:
    return {name: math.nan if value is None else float(value) for name, value in measures.items()}


__all__ = ["check_recipe", "checkpoint_of", "restore"]
