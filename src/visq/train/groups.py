"""Which parameters move, how fast, and with what decay, by the beginnings of their names."""

from __future__ import annotations

import difflib
from typing import Any

import torch
from torch import nn

from visq.errors import OptionError
from visq.train.lars import LARS
from visq.train.recipe import Optimiser


def freeze(network: nn.Module, prefixes: tuple[str, ...]) -> None:
    """Let the parameters whose names begin with one of the prefixes be as they are.

    Raises
    ------
    OptionError
        A prefix that no parameter has.
    """
    for prefix in prefixes:
        _check(network, prefix, "optimiser.frozen")
    for name, parameter in network.named_parameters():
        if name.startswith(prefixes or "\0"):
            parameter.requires_grad_(False)


def training_mode(network: nn.Module, frozen: tuple[str, ...]) -> None:
    """Training mode but for the frozen modules, whose statistics would move in it.

    Examples
    --------
    >>> network = nn.Sequential(nn.BatchNorm1d(2), nn.BatchNorm1d(2))
    >>> training_mode(network, ("0.",))
    >>> [one.training for one in network]
    [False, True]
    """
    network.train()
    for name, module in network.named_modules():
        if name and f"{name}.".startswith(frozen or "\0"):
            module.eval()


def optimiser(network: nn.Module, settings: Optimiser) -> torch.optim.Optimizer:
    """The optimiser of a network: a group for each pair of rate and decay, the names of its parameters in `names`.

    Raises
    ------
    OptionError
        A prefix that no parameter has; nothing that moves.
    """
    for wanted in settings.groups:
        _check(network, wanted.prefix, "optimiser.groups")
    found: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in network.named_parameters():
        if not parameter.requires_grad:
            continue
        rate, decay = _of(name, settings)
        if parameter.ndim < 2 and not settings.decay_vectors:
            decay = 0.0
        group = found.setdefault((rate, decay), {"params": [], "names": [], "lr": rate, "weight_decay": decay})
        group["params"].append(parameter)
        group["names"].append(name)
    if not found:
        raise OptionError("no parameter of the network moves", hint="optimiser.frozen holds all of them.")
    groups = list(found.values())
    if settings.name == "sgd":
        return torch.optim.SGD(groups, momentum=settings.momentum, nesterov=settings.momentum > 0)
    if settings.name == "lars":
        return LARS(groups, momentum=settings.momentum)
    kind = torch.optim.AdamW if settings.name == "adamw" else torch.optim.Adam
    return kind(groups, betas=settings.betas)


def counts(network: nn.Module) -> tuple[int, int]:
    """Numbers of parameters: all, and those that move.

    >>> counts(nn.Linear(3, 2))
    (8, 8)
    """
    every = list(network.parameters())
    return sum(p.numel() for p in every), sum(p.numel() for p in every if p.requires_grad)


def _of(name: str, settings: Optimiser) -> tuple[float, float]:
    fitting = [group for group in settings.groups if name.startswith(group.prefix)]
    if not fitting:
        return settings.rate, settings.decay
    group = max(fitting, key=lambda one: len(one.prefix))
    return settings.rate * group.rate, settings.decay if group.decay is None else group.decay


def _check(network: nn.Module, prefix: str, where: str) -> None:
    names = [name for name, _ in network.named_parameters()]
    if prefix and any(name.startswith(prefix) for name in names):
        return
    beginnings = list(dict.fromkeys(f"{name.partition('.')[0]}." if "." in name else name for name in names))
    near = difflib.get_close_matches(prefix, beginnings, n=1, cutoff=0.5)
    raise OptionError(
        f"{where}: no parameter begins with {prefix!r}", expected=f"{' or '.join(map(repr, beginnings))}, or longer",
        hint=f"Did you mean {near[0]!r}?" if near else "",
    )  # fmt: skip


__all__ = ["counts", "freeze", "optimiser", "training_mode"]
