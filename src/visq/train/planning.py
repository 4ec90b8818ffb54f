"""What a training would be, before it is one: sizes, steps, and a time measured on its first steps."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from itertools import islice
from typing import Any

from visq.errors import OptionError
from visq.train.engine import engine
from visq.train.fitting import streams_of
from visq.train.loading import load
from visq.train.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Plan:
    """A training to be.

    Attributes
    ----------
    parameters, moving : int
        Of the network: all, and those that are trained.
    batches, validation_batches : int
        In an epoch of the training stream, and in a validation.
    per_epoch, steps, validations : int
        Steps in an epoch and in all; validations in all.
    device : str
        Where it would run.
    processes : int
        That would train together.
    step_seconds, validation_seconds : float
        Measured: the median of a few steps after the first, and a validation by its first batches.
    """

    recipe: Recipe
    parameters: int
    moving: int
    batches: int
    validation_batches: int
    per_epoch: int
    steps: int
    validations: int
    device: str
    processes: int
    step_seconds: float
    validation_seconds: float

    @property
    def seconds(self) -> float:
        """Estimated for the whole, without early stopping."""
        return self.steps * self.step_seconds + self.validations * self.validation_seconds


def plan(recipe: Recipe | str | os.PathLike[str], data: Any = None, *, timed: int = 5, cpu: bool = False) -> Plan:
    """Prepare a training, make a few steps of it and measure on a few batches; nothing is written.

    Parameters
    ----------
    recipe, data, cpu
        As `visq.train.fit`.
    timed : int
        Steps to time after a first one, which is often slower.

    Raises
    ------
    VisqError
        As `visq.train.fit`.

    Examples
    --------
    >>> about = plan("example", cpu=True, timed=1)
    >>> about.parameters, about.steps, about.seconds > 0
    (9, 160, True)
    """
    if not isinstance(recipe, Recipe):
        recipe = load(recipe)
    with engine(recipe.precision, cpu=cpu) as accelerator:
        from visq.train.groups import counts
        from visq.train.stepping import Training

        training = Training(recipe, streams_of(recipe, data), accelerator)
        try:
            parameters, moving = counts(training.network)
            step_seconds = _median(_steps(training, timed))
            validation_seconds = _validation(training, timed)
        finally:
            training.close()
        streams = training.streams
        return Plan(
            recipe, parameters, moving, len(streams.train), len(streams.validation), training.per_epoch, training.steps,
            -(-recipe.epochs // recipe.validation.every), accelerator.device.type, accelerator.num_processes,
            step_seconds, validation_seconds,
        )  # fmt: skip


def _steps(training: Any, timed: int) -> list[float]:
    seconds = []
    for _ in range(min(timed + 1, training.steps)):
        began = time.perf_counter()
        training.advance()
        seconds.append(time.perf_counter() - began)
    return seconds[1:] or seconds


def _validation(training: Any, timed: int) -> float:
    import torch

    from visq.train.batches import closing, kept, others

    stream = training.streams.validation
    count = min(timed, len(stream))
    training.network.eval()
    began, pieces = time.perf_counter(), []
    with torch.no_grad(), closing(stream.epoch(0)) as source:
        for number, batch in enumerate(islice(source, count)):
            pieces.append((number, kept(training.outputs(batch)), kept(others(batch, training.recipe.inputs))))
    seconds = (time.perf_counter() - began) / count * len(stream)
    try:
        training.measured(pieces)
    except OptionError:
        raise  # the deciding measure lacks
    except Exception:  # on a part of the samples a measure may have no value
        if count == len(stream):
            raise
    return seconds


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


__all__ = ["Plan", "plan"]
