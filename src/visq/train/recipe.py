"""A training as data: what is learned, from what, how. One frozen value in a Python file that can be read.

A recipe file sets `RECIPE` and says in its head (the docstring of the module) by which command it is run, how long
that takes on which machine, and what comes out. `visq/train/example.py` is a small one to copy.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib import import_module
from typing import Any, Literal, get_type_hints

from visq.errors import OptionError, VisqError
from visq.train.values import describe, matches


class _Checked:
    """Types and ranges of the fields; every mistake is told at once."""

    def __post_init__(self) -> None:
        wrong = []
        for name, hint in hints(type(self)).items():
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, value := tuple(value))
            if not matches(value, hint):
                wrong.append(f"{name} must be {describe(hint)}, not {value!r}")
        wrong = wrong or list(self._mistakes())
        if wrong:
            raise OptionError(f"{type(self).__name__}: {'; '.join(wrong)}")

    def _mistakes(self) -> list[str]:
        return []

    def _below(self, least: float, *names: str) -> list[str]:
        values = {name: getattr(self, name) for name in names}
        return [
            f"{name} must be {least:g} or more, not {v!r}" for name, v in values.items() if v is not None and v < least
        ]


@dataclass(frozen=True)
class Group(_Checked):
    """Parameters whose names begin with `prefix`; of several groups that fit the longest prefix counts.

    Attributes
    ----------
    prefix : str
        `trunk.` or `trunk.blocks.0.`.
    rate : float
        Times the learning rate.
    decay : float, optional
        Weight decay in place of the optimiser's.
    """

    prefix: str
    rate: float = 1.0
    decay: float | None = None

    def _mistakes(self) -> list[str]:
        return self._below(0, "rate", "decay")


@dataclass(frozen=True)
class Optimiser(_Checked):
    """How parameters move.

    Attributes
    ----------
    name : {"adamw", "adam", "sgd", "lars"}
        As in torch; `sgd` has Nesterov's momentum where `momentum` is above 0. `lars` is `visq.train.lars.LARS`, for
        batches of thousands.
    rate : float
        The learning rate that the schedule scales.
    decay : float
        Weight decay. Vectors (biases, scales of normalisations) are left out of it unless `decay_vectors`.
    betas, momentum
        Of Adam; of SGD and LARS.
    clip : float, optional
        The largest norm of the gradient of all parameters together; longer ones are scaled to it.
    groups : tuple of Group
        Parts with a rate or a decay of their own.
    frozen : tuple of str
        Prefixes of names of parameters that do not move. Modules below them stay in evaluation mode: the statistics of
        their batch normalisations do not move either, and they drop nothing out.
    """

    name: Literal["adamw", "adam", "sgd", "lars"] = "adamw"
    rate: float = 1e-3
    decay: float = 0.0
    decay_vectors: bool = False
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = 0.9
    clip: float | None = None
    groups: tuple[Group, ...] = ()
    frozen: tuple[str, ...] = ()

    def _mistakes(self) -> list[str]:
        wrong = self._below(0, "rate", "decay", "momentum")
        if self.clip is not None and self.clip <= 0:
            wrong.append(f"clip must be above 0, not {self.clip!r}")
        return wrong + [f"betas must be in 0..1, not {b!r}" for b in self.betas if not 0 <= b < 1]


@dataclass(frozen=True)
class Schedule(_Checked):
    """The learning rate over time, as a factor; formulae in `visq.train.schedules`. Times are in epochs.

    Attributes
    ----------
    kind : {"cosine", "plateau", "constant", "step"}
        What follows the warm-up.
    warm_up : float
        Epochs in which the factor rises in even steps from nearly 0 to 1.
    floor : float
        The least factor after the warm-up.
    factor : float
        `step`, `plateau`: what the rate is multiplied by.
    every : float
        `step`: epochs from one multiplication to the next.
    patience : int
        `plateau`: validations in a row without a better one before a multiplication.
    """

    kind: Literal["cosine", "plateau", "constant", "step"] = "cosine"
    warm_up: float = 0.0
    floor: float = 0.0
    factor: float = 0.1
    every: float = 10.0
    patience: int = 5

    def _mistakes(self) -> list[str]:
        wrong = self._below(0, "warm_up", "floor") + self._below(1, "patience")
        if self.every <= 0:
            wrong.append(f"every must be above 0, not {self.every!r}")
        if not 0 < self.factor < 1:
            wrong.append(f"factor must be between 0 and 1, not {self.factor!r}")
        if self.floor > 1:
            wrong.append(f"floor must be at most 1, not {self.floor!r}")
        return wrong + [
            f"{f.name} has no effect in the schedule {self.kind!r}"
            for f in fields(self)
            if self.kind not in _USED.get(f.name, (self.kind,)) and getattr(self, f.name) != f.default
        ]


_USED = {
    "factor": ("step", "plateau"), "every": ("step",), "patience": ("plateau",), "floor": ("cosine", "step", "plateau"),
}  # fmt: skip


@dataclass(frozen=True)
class Validation(_Checked):
    """What a training is judged by while it lasts.

    Attributes
    ----------
    split : str
        Name of the part that is judged by. One that is called a test split is refused.
    every : int
        Epochs from one validation to the next; there is one after the last epoch in any case.
    best : str
        The measure that decides which checkpoint is the best, when the rate falls (`plateau`) and when it stops.
    higher_is_better : bool
        Which way it points.
    patience : int, optional
        Validations in a row without a better one before the training stops. None: it never stops early.
    """

    split: str = "val"
    every: int = 1
    best: str = "srcc"
    higher_is_better: bool = True
    patience: int | None = None

    def _mistakes(self) -> list[str]:
        return self._below(1, "every", "patience")


@dataclass(frozen=True)
class Recipe(_Checked):
    """A training.

    The functions are named as `module:function`, or given as functions.

    Attributes
    ----------
    name : str
        What it is called.
    network : str or callable
        ``network(options) -> torch.nn.Module``, its parameters drawn from torch's global generator, which is seeded.
    streams : str or callable
        ``streams(recipe, data) -> visq.train.Streams``; `data` is what the caller of `fit` gives.
    objective : str or callable
        ``objective(outputs, batch) -> {name: tensor}``: terms, weighted, that are means over the samples of the batch.
        Their sum is minimised. `outputs` is what the network makes of the batch's `inputs`, in float32.
    measure : str or callable
        ``measure(outputs, batch) -> {name: number}``, called once for a validation: `outputs` of all its samples
        joined (tuples become lists), `batch` all tensors joined but the network's inputs; on the CPU.
    start : str or callable, optional
        ``start(network, streams)``, called before the first step: sets what comes from the data, or from another
        training. The scale of features, a solution in closed form, a trunk that was trained before. A training that is
        gone on with is set by its checkpoint after that.
    inputs : tuple of str
        The tensors of a batch that the network is called with, in order.
    data : str
        What `data` has to be, for the message where it lacks. Empty: the recipe makes its own.
    epochs, batch : int
        Passes over the data; samples in a batch, which is for `streams` to heed.
    accumulation : int
        Batches that make one step together. The gradient is that of one large batch, where terms are means over
        samples and no layer looks at the whole batch.
    average : float, optional
        Decay of the moving average of the weights, which then is what is validated and used.
    precision : {"float32", "bf16", "fp16"}
        What the network computes in; parameters, their average and the objective are float32. `fp16` needs a GPU.
    seed : int
        Of initial weights and of what the network draws; streams take it too.
    optimiser, schedule, validation
        See there.
    options : mapping
        Whatever else the system has to say. `objective`, `measure` and `start` get it too if they take a third
        argument.
    source : str
        Hash of the file it was read from, set by `load`.

    Raises
    ------
    OptionError
        Wrong types, values out of range; all of them at once.
    """

    name: str
    network: str | Callable
    streams: str | Callable
    objective: str | Callable
    measure: str | Callable
    start: str | Callable | None = None
    inputs: tuple[str, ...] = ("image",)
    data: str = ""
    epochs: int = 10
    batch: int = 32
    accumulation: int = 1
    average: float | None = None
    precision: Literal["float32", "bf16", "fp16"] = "float32"
    seed: int = 0
    optimiser: Optimiser = field(default_factory=Optimiser)
    schedule: Schedule = field(default_factory=Schedule)
    validation: Validation = field(default_factory=Validation)
    options: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "options", dict(self.options))

    def _mistakes(self) -> list[str]:
        wrong = self._below(1, "epochs", "batch", "accumulation") + self._below(0, "seed")
        if self.average is not None and not 0 < self.average < 1:
            wrong.append(f"average must be between 0 and 1, not {self.average!r}")
        if not self.inputs:
            wrong.append("inputs names no tensor")
        for part in ("network", "streams", "objective", "measure", "start"):
            value = getattr(self, part)
            if value is None:
                continue
            if isinstance(value, str) and not all(value.partition(":")):
                wrong.append(f"{part} must be 'module:function' or a function, not {value!r}")
            elif not isinstance(value, str) and not hasattr(value, "__qualname__"):
                wrong.append(f"{part} must be a function with a name, which checkpoints keep, not {value!r}")
        return wrong

    def call(self, part: str, *given: Any) -> Any:
        """Call one of the functions; `options` is handed on to those with one parameter more.

        Raises
        ------
        OptionError
            There is no such function.
        """
        function = _function(getattr(self, part))
        if part in ("objective", "measure", "start") and _takes(function, len(given) + 1):
            given = (*given, self.options)
        return function(*map(self._handed, given))

    def _handed(self, value: Any) -> Any:
        """Options as a copy: a function that takes some out of the table would alter the recipe."""
        if value is self:
            return replace(self, options=copy.deepcopy(self.options))
        return copy.deepcopy(value) if value is self.options else value

    def as_data(self) -> dict[str, Any]:
        """All of it but `source`, as JSON holds it: functions by name, tuples as lists.

        Raises
        ------
        OptionError
            Options that are no plain data.
        """
        data = {f.name: _plain(getattr(self, f.name), f.name) for f in fields(self) if f.name != "source"}
        return json.loads(json.dumps(data))


def hints(kind: Any) -> dict[str, Any]:
    """The types of the fields of a dataclass."""
    found = get_type_hints(kind)
    return {f.name: found[f.name] for f in fields(kind)}


def digest(data: bytes) -> str:
    """SHA-256 of a recipe's file."""
    return hashlib.sha256(data).hexdigest()


def _function(value: Any) -> Callable[..., Any]:
    if not isinstance(value, str):
        return value
    module, _, name = value.partition(":")
    try:
        found: Any = import_module(module)
    except ModuleNotFoundError as error:
        # What the module itself lacks (torch, say) is another matter than a wrong name.
        if error.name is None or not (module == error.name or module.startswith(f"{error.name}.")):
            raise
        raise OptionError(
            f"{value}: there is no module {error.name}",
            hint="The folder of a module of one's own must be named in PYTHONPATH.",
        ) from None
    except VisqError:
        raise
    except Exception as error:  # whatever the module does
        raise OptionError(f"{value}: {module} cannot be imported", got=f"{type(error).__name__}: {error}") from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise OptionError(f"{value}: {module} has no {name}")
        found = getattr(found, part)
    if not callable(found):
        raise OptionError(f"{value} is not a function", got=type(found).__name__)
    return found


def _takes(function: Callable[..., Any], count: int) -> bool:
    try:
        kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return False
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(kind in places for kind in kinds) >= count


def _plain(value: Any, path: str) -> Any:
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and matches(value, float)):
        return value
    if isinstance(value, tuple | list):
        return [_plain(one, f"{path}.{k}") for k, one in enumerate(value)]
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name), f"{path}.{f.name}") for f in fields(value)}
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _plain(one, f"{path}.{key}") for key, one in value.items()}
    if callable(value) and hasattr(value, "__qualname__"):
        return f"{value.__module__}:{value.__qualname__}"
    raise OptionError(
        f"{path} cannot be kept in a checkpoint",
        expected="numbers, texts, true, false, none, lists and tables of them", got=type(value).__name__,
    )  # fmt: skip


__all__ = ["Group", "Optimiser", "Recipe", "Schedule", "Validation", "digest", "hints"]
