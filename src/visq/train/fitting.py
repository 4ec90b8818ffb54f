"""`fit`: the only training loop of visq."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from visq.errors import OptionError
from visq.paths import expanded
from visq.train import folders
from visq.train.checkpoints import BEST, LAST
from visq.train.engine import engine
from visq.train.loading import load
from visq.train.recipe import Recipe
from visq.train.streams import Stream, Streams, refuse_test
from visq.train.trackers import Kind, Row, Trackers

if TYPE_CHECKING:
    import torch

    from visq.train.checkpoints import Checkpoint
    from visq.train.stepping import Training

Reason = Literal["finished", "early stopping", "interrupted"]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a training came to.

    Attributes
    ----------
    recipe : Recipe
    folder : Path
        Holds `last.safetensors`, `best.safetensors`, the logs of `visq.train.trackers`, and `sessions.jsonl`: machine,
        versions and seconds of every start.
    reason : {"finished", "early stopping", "interrupted"}
        Why it ended.
    step, steps : int
        Steps made, and in all.
    history : tuple of dict
        Every validation: `step`, `epoch`, `measures`.
    main : bool
        Whether this process is the one, of several that trained together, that writes and speaks.
    """

    recipe: Recipe
    folder: Path
    reason: Reason
    step: int
    steps: int
    history: tuple[Mapping[str, Any], ...]
    main: bool = True

    @property
    def best(self) -> Mapping[str, Any] | None:
        """The validation with the best deciding measure; None where there was none."""
        from visq.train.schedules import best_of

        kind = self.recipe.validation
        place = best_of([e["measures"][kind.best] for e in self.history], higher_is_better=kind.higher_is_better)
        return self.history[place] if place >= 0 else None

    def network(self, which: Literal["best", "last"] = "best") -> torch.nn.Module:
        """The network of a checkpoint, on the CPU, in evaluation mode; its average weights where they were kept.

        Raises
        ------
        WeightsError
            There is no such checkpoint, or it is damaged.
        """
        import torch

        from visq.train.checkpoints import read

        checkpoint = read(self.folder / (BEST if which == "best" else LAST))
        with torch.random.fork_rng([]):
            network = self.recipe.call("network", self.recipe.options)
        network.load_state_dict(checkpoint.network_state())
        return network.eval()


def fit(
    recipe: Recipe | str | os.PathLike[str], data: Any = None, *, into: str | os.PathLike[str], resume: bool = False,
    every_steps: int | None = None, every_minutes: float | None = 10.0, tensorboard: bool = True, cpu: bool = False,
    on_start: Callable[[int, int], Any] | None = None, on_row: Callable[[Kind, Row], Any] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Fitted:  # fmt: skip
    """Train what a recipe says.

    On one processor with one number of threads the result is the same to the last bit every time, whether or not the
    training was killed on the way and gone on with. torch's generators are afterwards as they were.

    Parameters
    ----------
    recipe : Recipe, str or path
        A recipe, the name of one that ships, or its Python file.
    data
        What the recipe's `streams` take: the folder of a database, say.
    into : path
        A folder for checkpoints and logs, new or empty. All machines of a training must see it.
    resume : bool
        Go on with the training in `into`, from its last checkpoint; where there is none yet it begins.
    every_steps, every_minutes : int, float, optional
        How often a checkpoint is written, whichever comes first. After every validation there is one in any case.
    tensorboard : bool
        Write logs for it too, where it is installed.
    cpu : bool
        Leave GPUs alone.
    on_start : callable, optional
        Called with the steps made and those in all before the first step. In the process that writes, as `on_row`.
    on_row : callable, optional
        Called with `"train"` or `"validation"` and every row of the logs.
    should_stop : callable, optional
        Asked after every step, and within validations: where it is true a checkpoint is written, and it ends.

    Returns
    -------
    Fitted

    Raises
    ------
    OptionError
        A recipe that cannot be run, a test split to validate on, another recipe or other data than were begun with.
    StoreError
        The folder is not empty, in use, or cannot be written.
    WeightsError
        The checkpoint to go on from is damaged, or of another network.
    InputError
        A loss or gradient that is not finite. The checkpoints stay; so does what they hold.
    MissingExtraError
        The extra `train` is not installed.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> fitted = fit("example", into=f"{folder.name}/run", tensorboard=False, cpu=True)
    >>> fitted.reason, fitted.step == fitted.steps, fitted.best["measures"]["srcc"] > 0.95
    ('finished', True, True)
    >>> type(fitted.network()).__name__
    'Linear'
    >>> folder.cleanup()
    """
    recipe, folder = recipe if isinstance(recipe, Recipe) else load(recipe), expanded(into)
    cadence = _Cadence(every_steps, every_minutes)
    with engine(recipe.precision, cpu=cpu) as accelerator:
        main = accelerator.is_main_process
        with folders.claimed(folder, resume=resume, writes=main) as checkpoint:
            training = _prepared(recipe, data, accelerator, checkpoint, folder / LAST)
            logs = checkpoint.about.get("logs", {}) if checkpoint is not None else {}
            trackers = Trackers(folder, logs, training.step, tensorboard=tensorboard) if main else None
            run = _Run(training, folder, trackers, cadence, on_row, should_stop or _never)
            try:
                reason = run.whole(on_start)
            finally:
                training.close()
                if trackers is not None:
                    trackers.close()
    return Fitted(recipe, folder, reason, training.step, training.steps, tuple(training.history), main)


def _never() -> bool:
    return False


def _prepared(recipe: Recipe, data: Any, accelerator: Any, checkpoint: Checkpoint | None, path: Path) -> Training:
    """The training, where the checkpoint left it."""
    from visq.train.resuming import check_recipe, restore
    from visq.train.stepping import Training

    if checkpoint is not None:
        # Before the data is read, which may take long.
        check_recipe(checkpoint.about["recipe"], recipe, path)
    training = Training(recipe, streams_of(recipe, data), accelerator)
    if checkpoint is not None:
        restore(training, checkpoint, path)
    # Nobody writes before everybody has read.
    accelerator.wait_for_everyone()
    return training


def streams_of(recipe: Recipe, data: Any) -> Streams:
    """The streams of a recipe, none of them a test split.

    Raises
    ------
    OptionError
        Data that lacks, or that nobody asked for; streams that are none, empty, a test split, or one and the same;
        options that no checkpoint can keep.
    """
    recipe.as_data()
    if data is None and recipe.data:
        raise OptionError(f"{recipe.name} learns from data, and none is given", expected=recipe.data)
    if data is not None and not recipe.data:
        raise OptionError(f"{recipe.name} makes its own data", expected="none", got=str(data))
    refuse_test(recipe.validation.split, "validation.split")
    found = recipe.call("streams", recipe, data)
    if not (isinstance(found, tuple) and len(found) == 2 and all(isinstance(one, Stream) for one in found)):
        raise OptionError(
            f"{recipe.name}: streams gives no streams", expected="visq.train.Streams(train, validation)",
            got=type(found).__name__,
        )  # fmt: skip
    for name, stream in zip(Streams._fields, found, strict=True):
        refuse_test(str(getattr(stream, "split", "")), f"the {name} stream")
        if not len(stream):
            raise OptionError(f"the {name} stream is empty", expected="at least one batch")
        if not isinstance(stream.identity, str):
            got = type(stream.identity).__name__
            raise OptionError(f"the identity of the {name} stream is no text", expected="a hash in letters", got=got)
    if found[0].identity == found[1].identity:
        raise OptionError(f"{recipe.name} is validated on what it learns from", expected="two streams that differ")
    return Streams(*found)


class _Cadence:
    """When a checkpoint is due."""

    def __init__(self, steps: int | None, minutes: float | None) -> None:
        if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int) or steps < 1):
            raise OptionError("every_steps is no number of steps", expected="1 or more, or None", got=repr(steps))
        if minutes is not None and not minutes > 0:
            raise OptionError("every_minutes is no time", expected="above 0, or None", got=repr(minutes))
        self._steps, self._seconds = steps, None if minutes is None else minutes * 60.0
        self._since = time.monotonic()

    def due(self, step: int) -> bool:
        by_step = self._steps is not None and step % self._steps == 0
        return by_step or (self._seconds is not None and time.monotonic() - self._since >= self._seconds)

    def done(self) -> None:
        self._since = time.monotonic()


class _Run:
    """One session: from the state that was reached to the end, or to an interruption."""

    def __init__(
        self, training: Training, folder: Path, trackers: Trackers | None, cadence: _Cadence,
        on_row: Callable[[Kind, Row], Any] | None, should_stop: Callable[[], bool],
    ) -> None:  # fmt: skip
        self._training, self._folder, self._trackers, self._cadence = training, folder, trackers, cadence
        self._on_row, self._should_stop = on_row, should_stop

    def whole(self, on_start: Callable[[int, int], Any] | None) -> Reason:
        """The loop, and what is noted of the session before and after it."""
        from visq.train import hardware

        training, began = self._training, time.monotonic()
        facts = hardware.facts(training.accelerator.device, training.accelerator.num_processes)
        self._note(recipe=training.recipe.as_data(), versions=hardware.made_with(), hardware=facts)
        first = training.step
        if on_start is not None and self._trackers is not None:
            on_start(first, training.steps)
        reason = self.loop()
        self._note(reason=reason, steps=training.step - first, seconds=round(time.monotonic() - began, 1))
        return reason

    def loop(self) -> Reason:
        """Step, validate, write down, until there is no more to do or somebody stops it."""
        training = self._training
        while True:
            if training.validation_due:
                row = training.validate(self._should_stop)
                if row is None:
                    self._save(LAST)
                    return "interrupted"
                self._write("validation", row)
                if training.best_is_last:
                    self._save(BEST)
                self._save(LAST)
            if training.finished:
                return "finished"
            if training.stalled:
                return "early stopping"
            if training.stopped:
                self._save(LAST)
                return "interrupted"
            self._write("train", training.advance(self._should_stop))
            if self._cadence.due(training.step):
                self._save(LAST)

    def _note(self, **entry: Any) -> None:
        if self._trackers is not None:
            folders.note(self._folder, {"step": self._training.step, **entry})

    def _write(self, kind: Kind, row: Row) -> None:
        if self._trackers is not None:
            self._trackers.write(kind, row)
        if self._on_row is not None and self._trackers is not None:
            self._on_row(kind, row)

    def _save(self, name: str) -> None:
        if self._trackers is None:
            return
        from visq.train.checkpoints import write
        from visq.train.resuming import checkpoint_of

        write(self._folder / name, checkpoint_of(self._training, self._trackers.sizes()))
        if name == LAST:
            self._cadence.done()


__all__ = ["Fitted", "fit", "streams_of"]
