"""One step of a training, one validation, and the state between two steps.

A step is a function of the weights, the recipe, the stream and its own number: whatever the network draws (dropout)
comes from torch's generators, which are seeded anew before every batch with a hash of the recipe's seed, the number of
the step, that of the batch in it and that of the process. So nothing has to be remembered of chance, validations in
between change nothing, and a training gone on with makes the same steps.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from visq.errors import InputError, OptionError
from visq.train import batches, groups, schedules
from visq.train.averaging import Average
from visq.train.batches import Tensors
from visq.train.recipe import Recipe
from visq.train.streams import Batch, Streams

#: Columns of a row beside the terms of the objective.
COLUMNS = ("step", "epoch", "rate", "gradient_norm", "loss")
_TAKEN = ("kind", *COLUMNS)
_SHOWN_SAMPLES = 8
_OTHERWISE = "The weights are those of the step before. A lower rate, optimiser.clip or precision=float32 may get by."


def never() -> bool:
    """Nobody asks to stop."""
    return False


class Training:
    """A network on its way.

    Parameters
    ----------
    recipe : Recipe
    streams : Streams
    accelerator : accelerate.Accelerator
        Places, casts, shares out.

    Attributes
    ----------
    identities : dict of str to str
        What the streams read, as hashes.
    step, steps, per_epoch : int
        Steps made, in all, and in an epoch.
    history : list of dict
        Every validation: `step`, `epoch`, `measures`.
    stopped : bool
        Whether any process was asked to stop at the last step.
    """

    def __init__(self, recipe: Recipe, streams: Streams, accelerator: Any) -> None:
        self.recipe, self.streams, self.accelerator = recipe, streams, accelerator
        self.identities = {name: stream.identity for name, stream in streams._asdict().items()}
        self._seed(0, 0)
        self.network: torch.nn.Module = recipe.call("network", recipe.options)
        if not isinstance(self.network, torch.nn.Module):
            raise OptionError(
                f"{recipe.name}: network gives no network", expected="torch.nn.Module", got=type(self.network).__name__
            )
        if recipe.start is not None:
            recipe.call("start", self.network, streams)
        groups.freeze(self.network, recipe.optimiser.frozen)
        made = groups.optimiser(self.network, recipe.optimiser)
        self.names = [name for group in made.param_groups for name in group["names"]]
        self._rates = [group["lr"] for group in made.param_groups]
        self.model, self.optimiser = accelerator.prepare(self.network, made)
        self.average = Average(self.network, recipe.average) if recipe.average is not None else None
        self.per_epoch = -(-len(streams.train) // recipe.accumulation)
        self.steps = self.per_epoch * recipe.epochs
        self.step = 0
        self.history: list[dict[str, Any]] = []
        self.stopped = False
        self._source = self._groups()
        groups.training_mode(self.network, recipe.optimiser.frozen)

    # Steps ----------------------------------------------------------------------------------------------------

    def advance(self, should_stop: Callable[[], bool] = never) -> dict[str, float | int | None]:
        """Make one step; returns its row: `COLUMNS`, and the terms of the objective.

        Raises
        ------
        InputError
            A loss or a gradient that is not finite (the weights stay as they were); an objective that gives something
            else than terms; a stream that ends early.
        """
        group = next(self._source)
        rate = self._set_rate()
        self.optimiser.zero_grad()
        sizes = [batches.size(batch, self.recipe.inputs) for batch in group]
        terms: dict[str, float] = {}
        trouble = ""
        for k, (batch, size) in enumerate(zip(group, sizes, strict=True)):
            share = batches.share(batch, size, self.accelerator.process_index, self.accelerator.num_processes)
            weight = batches.size(share, self.recipe.inputs) / sum(sizes)
            with nullcontext() if k == len(group) - 1 else self.accelerator.no_sync(self.model):
                found = self._backward(share, weight, k)
            for name, value in found.items():
                terms[name] = terms.get(name, 0.0) + value * weight
                if not math.isfinite(value) and not trouble:
                    trouble = f"the term {name!r} is {value} in {self._where(k, share)}"
        terms = self._agree(terms, should_stop())
        if not all(map(math.isfinite, terms.values())):
            raise self._not_finite("loss", trouble or "in another process")
        norm = self._clip()
        self.optimiser.step()
        self._same_buffers()
        if self.average is not None:
            self.average.update(self.network)
        self.step += 1
        epoch = (self.step - 1) // self.per_epoch + 1
        loss = sum(terms.values())
        return {"step": self.step, "epoch": epoch, "rate": rate, "gradient_norm": norm, "loss": loss, **terms}

    def _groups(self) -> Iterator[list[Batch]]:
        """The batches of each step, from the step that is about to be made."""
        stream, size = self.streams.train, self.recipe.accumulation
        for epoch in range(self.step // self.per_epoch, self.recipe.epochs):
            start = self.step % self.per_epoch * size
            with batches.closing(stream.epoch(epoch, start)) as source:
                for first in range(start, len(stream), size):
                    wanted = min(size, len(stream) - first)
                    group = list(islice(source, wanted))
                    if len(group) < wanted:
                        raise InputError(
                            f"the training stream ended in epoch {epoch + 1} after batch {first + len(group)}",
                            expected=f"{len(stream)} batches",
                        )
                    yield group

    def _set_rate(self) -> float:
        kind = self.recipe.validation
        factor = schedules.factor(
            self.recipe.schedule, self.step, self.steps, self.per_epoch, self.deciding(),
            higher_is_better=kind.higher_is_better,
        )  # fmt: skip
        for group, rate in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        return self.recipe.optimiser.rate * factor

    def _backward(self, batch: Batch, weight: float, number: int) -> dict[str, float]:
        """Add the gradient of one batch; returns its terms."""
        self._seed(self.step + 1, number)
        placed = batches.placed(batch, self.accelerator.device)
        outputs = self.model(*(placed[name] for name in self.recipe.inputs))
        terms = self._terms(outputs, placed)
        # Gradients of processes are averaged: the weight makes a sum over samples of it again.
        loss = sum(terms.values(), torch.zeros((), device=self.accelerator.device)) * (
            weight * self.accelerator.num_processes
        )
        if not loss.requires_grad:
            raise InputError(
                "the objective has no gradient", hint="Its terms must be computed from the outputs by torch."
            )
        self.accelerator.backward(loss)
        return {name: float(value.detach()) for name, value in terms.items()}

    def _terms(self, outputs: Any, batch: Batch) -> dict[str, Tensor]:
        terms = self.recipe.call("objective", outputs, batch)
        if not isinstance(terms, Mapping) or not terms:
            raise InputError("the objective gives no terms", expected="{name: tensor}", got=type(terms).__name__)
        for name, value in terms.items():
            if not isinstance(value, Tensor) or value.ndim:
                got = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
                raise InputError(f"the term {name!r} is no single number", expected="a tensor without sides", got=got)
            if name in _TAKEN:
                raise InputError(f"a term is called {name!r}, which is a column of the log", hint="Call it otherwise.")
        return dict(terms)

    def _agree(self, terms: dict[str, float], stop: bool) -> dict[str, float]:
        """The terms of all processes together, and whether any of them is to stop."""
        self.stopped = stop
        if self.accelerator.num_processes == 1:
            return terms
        mine = torch.tensor([*terms.values(), float(stop)], dtype=torch.float64, device=self.accelerator.device)
        *values, stops = self.accelerator.reduce(mine, "sum").tolist()
        self.stopped = stops > 0
        return dict(zip(terms, values, strict=True))

    def _clip(self) -> float | None:
        """Scale the gradient to its longest, and return its norm before; None where the loss scaler skips the step."""
        limit = self.recipe.optimiser.clip
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        norm = float(self.accelerator.clip_grad_norm_(parameters, math.inf if limit is None else limit))
        if math.isfinite(norm):
            return norm
        if self.accelerator.scaler is None:
            raise self._not_finite("gradient", f"its norm is {norm}")
        return None

    def _same_buffers(self) -> None:
        """Give all processes the statistics of the first, which are what checkpoints hold and others would validate."""
        if self.accelerator.num_processes > 1:
            from accelerate.utils import broadcast

            for buffer in self.network.buffers():
                buffer.copy_(broadcast(buffer))

    def _not_finite(self, what: str, detail: str) -> InputError:
        epoch = self.step // self.per_epoch + 1
        return InputError(
            f"the {what} is not finite at step {self.step + 1} of epoch {epoch}: {detail}", hint=_OTHERWISE
        )

    def _where(self, number: int, batch: Batch) -> str:
        place = self.step % self.per_epoch * self.recipe.accumulation + number + 1
        text = f"batch {place}"
        if "index" in batch:
            indices = batch["index"].flatten().tolist()
            more = f" and {len(indices) - _SHOWN_SAMPLES} more" if len(indices) > _SHOWN_SAMPLES else ""
            text += f" (samples {', '.join(str(i) for i in indices[:_SHOWN_SAMPLES])}{more})"
        return text

    def _seed(self, step: int, number: int) -> None:
        """Seed what torch draws from."""
        text = f"{self.recipe.seed}/{step}/{number}/{self.accelerator.process_index if step else 0}"
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big")
        # Not torch.manual_seed, which seeds every device of the machine, and notes who called it.
        torch.default_generator.manual_seed(seed)
        kind = self.accelerator.device.type
        if kind != "cpu":
            torch.get_device_module(kind).manual_seed(seed)

    # Validation -----------------------------------------------------------------------------------------------

    def deciding(self) -> list[float]:
        """The deciding measure of every validation so far."""
        return [entry["measures"][self.recipe.validation.best] for entry in self.history]

    @property
    def finished(self) -> bool:
        """Whether all steps are made."""
        return self.step >= self.steps

    @property
    def stalled(self) -> bool:
        """Whether it is to stop early."""
        kind = self.recipe.validation
        return schedules.stalled(self.deciding(), kind.patience, higher_is_better=kind.higher_is_better)

    @property
    def best_is_last(self) -> bool:
        """Whether the last validation is the best."""
        kind = self.recipe.validation
        return schedules.best_of(self.deciding(), higher_is_better=kind.higher_is_better) == len(self.history) - 1

    @property
    def validation_due(self) -> bool:
        """Whether an epoch that ends with a validation has just ended, and there was none yet."""
        epoch, within = divmod(self.step, self.per_epoch)
        due = not within and epoch and (epoch % self.recipe.validation.every == 0 or self.finished)
        return bool(due) and (not self.history or self.history[-1]["step"] < self.step)

    def validate(self, should_stop: Callable[[], bool] = never) -> dict[str, float | int | None] | None:
        """Measure on the validation stream, which is read as its epoch 0 every time; returns the row.

        None where one process trains and was asked to stop meanwhile: nothing has happened then.

        Raises
        ------
        InputError
            A measure that is no table of numbers.
        OptionError
            A table without the measure that decides.
        """
        pieces: list[tuple[int, Tensors, Tensors]] = []
        alone = self.accelerator.num_processes == 1
        self.network.eval()
        try:
            with torch.no_grad(), batches.closing(self.streams.validation.epoch(0)) as source:
                for number, batch in enumerate(source):
                    if alone and should_stop():
                        return None
                    if number % self.accelerator.num_processes == self.accelerator.process_index:
                        rest = batches.others(batch, self.recipe.inputs)
                        pieces.append((number, batches.kept(self.outputs(batch)), batches.kept(rest)))
        finally:
            groups.training_mode(self.network, self.recipe.optimiser.frozen)
        measures = self.measured(batches.gathered(pieces, self.accelerator))
        epoch = self.step // self.per_epoch
        self.history.append({"step": self.step, "epoch": epoch, "measures": measures})
        return {"step": self.step, "epoch": epoch, **measures}

    def outputs(self, batch: Batch) -> Any:
        """What the network, with the average of its weights where one is kept, makes of a batch."""
        self._seed(self.step + 1, -1)
        batches.check(batch, self.recipe.inputs)
        placed = batches.placed({name: batch[name] for name in self.recipe.inputs}, self.accelerator.device)
        inputs = [placed[name] for name in self.recipe.inputs]
        return self.network(*inputs) if self.average is None else self.average.call(self.network, *inputs)

    def measured(self, pieces: list[tuple[int, Tensors, Tensors]]) -> dict[str, float]:
        """What is measured on batches, each with its number, outputs and other tensors; raises as `validate`."""
        if not pieces:
            raise InputError("the validation stream gave no batch")
        outputs = batches.joined([outputs for _, outputs, _ in pieces])
        found = self.recipe.call("measure", outputs, batches.joined([rest for _, _, rest in pieces]))
        try:
            measures = {str(name): float(value) for name, value in found.items()}
            measures = {name: value if math.isfinite(value) else math.nan for name, value in measures.items()}
        except (AttributeError, TypeError, ValueError):
            raise InputError("measure gives no table of numbers", expected="{name: number}", got=repr(found)) from None
        best, taken = self.recipe.validation.best, [name for name in measures if name in _TAKEN[:3]]
        if taken:
            raise InputError(
                f"a measure is called {taken[0]!r}, which is a column of the log", hint="Call it otherwise."
            )
        if best not in measures:
            raise OptionError(
                f"validation.best is {best!r}, which was not measured", expected=f"one of {', '.join(measures)}"
            )
        return measures

    def close(self) -> None:
        """Let go of what is read."""
        self._source.close()  # type: ignore[attr-defined]

    def resume_at(self, step: int, history: list[dict[str, Any]]) -> None:
        """Go on after `step` steps; weights and optimiser are set by whoever calls."""
        self.close()
        self.step, self.history = step, history
        self._source = self._groups()


__all__ = ["COLUMNS", "Training", "never"]
