"""`visq train`: a recipe is trained, gone on with, or looked at before it costs anything."""

from __future__ import annotations

import json
import math
import os
import shlex
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from visq.cli import exits
from visq.cli.interrupts import Interruptible
from visq.cli.messages import counted, say, warnings_said
from visq.cli.progress import Progress
from visq.errors import VisqError
from visq.paths import expanded

if TYPE_CHECKING:
    from visq.train import Fitted, Recipe

_EXAMPLES = """\b
Examples:
  visq train --list
  visq train example -o run
  visq train example -o run2 epochs=20 optimiser.rate=0.02
  visq train my_recipe.py --data photos/ --dry-run
  visq train my_recipe.py --data photos/ -o run --resume
"""

_EXITS = """\b
Exit codes:
  0    the training came to its end, or stopped early as its recipe says
  1    it could not be finished: a loss that is not finite, a full disk. Checkpoints stay
  2    wrong usage, data or extras that lack, a folder that is in use or not empty: nothing was trained
  130  interrupted by Ctrl-C; 143 by SIGTERM. A checkpoint was written: --resume goes on from it
"""

_MINUTES = 10.0
_REDRAW_SECONDS = 0.1
# Programs that start several processes hand on a Ctrl-C that the terminal has sent to all of them.
_SAME_SECONDS = 1.0


@click.command(name="train", epilog=f"{_EXAMPLES}\n{_EXITS}")
@click.argument("recipe", metavar="RECIPE", required=False)
@click.argument("settings", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--data", metavar="ROOT", help="What the recipe learns from, usually the folder of a database.")
@click.option("-o", "--output", "folder", metavar="FOLDER", default="", help="Where checkpoints and logs go.")
@click.option("--resume", is_flag=True,
              help="Go on with the training in FOLDER from its last checkpoint; begin where it has none.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Time a few steps, say how large and how long it would be, and end.")
@click.option("--list", "listing", is_flag=True, help="List the recipes that come with visq.")
@click.option("--checkpoint-steps", type=click.IntRange(min=1), metavar="N", help="A checkpoint every N steps.")
@click.option("--checkpoint-minutes", type=click.FloatRange(min=0, min_open=True), default=_MINUTES,
              show_default=True, metavar="M",
              help="A checkpoint every M minutes, and after every validation.")  # fmt: skip
@click.option("--tensorboard/--no-tensorboard", default=True, show_default=True,
              help="Logs for TensorBoard too, where it is installed.")  # fmt: skip
@click.option("--cpu", is_flag=True, help="Leave GPUs alone.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with what came of it.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def command(**given: Any) -> int:
    """Train what a recipe says.

    RECIPE is the name of one that ships, or a Python file that sets RECIPE. KEY=VALUE changes settings of it; dots lead
    into its parts (optimiser.rate=1e-4, options.width=2). A key that there is none of is an error.

    FOLDER gets last.safetensors and best.safetensors (weights, their average, the optimiser, the recipe, versions, and
    what the data was), log.jsonl, train.csv, validation.csv, and logs for TensorBoard. A training that was ended in
    whatever way goes on with --resume as if nothing had been. On several GPUs or machines the same command is run by
    `accelerate launch -m visq train ...`. Needs: pip install "visq[train]".
    """
    if given["listing"]:
        return _list()
    if not given["recipe"]:
        raise click.UsageError("RECIPE is missing: a name (`visq train --list` lists them) or a Python file")
    if not given["folder"] and not given["dry_run"]:
        raise click.UsageError("-o FOLDER is missing: where checkpoints and logs go, or --dry-run")
    from visq.train import load, override
    from visq.train.memory import keep_freed

    if given["folder"] and not given["dry_run"]:
        from visq.train import folders

        folders.check(expanded(given["folder"]), resume=given["resume"])
    recipe = override(load(given["recipe"]), *given["settings"])
    keep_freed()
    with warnings_said(quiet=given["quiet"]):
        return _plan(recipe, given) if given["dry_run"] else _train(recipe, given)


def _list() -> int:
    from visq.train.shipped import SHIPPED

    width = max(map(len, SHIPPED))
    for name, one in SHIPPED.items():
        click.echo(f"{name:<{width}}  {one.about}")
    return exits.OK


class _Finishing(Interruptible):
    """The first Ctrl-C or SIGTERM lets the step be finished, once there are steps; the second ends it where it is."""

    def __init__(self, begun: Callable[[], bool], *, quiet: bool) -> None:
        super().__init__()
        self.asked = False
        self._since = 0.0
        self._begun, self._quiet = begun, quiet

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.asked and time.monotonic() - self._since < _SAME_SECONDS:
            return
        if self.asked or not self._begun():
            super()._stop(number, frame)
        self.asked, self._since = True, time.monotonic()
        self.exit_code = exits.TERMINATED if number == signal.SIGTERM else exits.INTERRUPTED
        if number == signal.SIGINT and not self._quiet:
            # Straight to the file: it may have come in the middle of another line.
            with suppress(OSError):
                os.write(2, b"\nvisq: finishing the step, which may take a while; Ctrl-C once more ends it at once\n")


def _train(recipe: Recipe, given: Mapping[str, Any]) -> int:
    from visq.train import fit

    lines = not (given["quiet"] or given["as_json"])
    screen = _Screen(resume=given["resume"], quiet=given["quiet"], lines=lines)
    interrupts = _Finishing(lambda: screen.begun, quiet=given["quiet"])

    def should_stop() -> bool:
        screen.begun = True  # in processes that do not write, too
        return interrupts.asked

    with interrupts, screen.progress:
        try:
            fitted = fit(
                recipe, given["data"], into=given["folder"], resume=given["resume"],
                every_steps=given["checkpoint_steps"], every_minutes=given["checkpoint_minutes"],
                tensorboard=given["tensorboard"], cpu=given["cpu"], on_start=screen.begin, on_row=screen.show,
                should_stop=should_stop,
            )  # fmt: skip
        except KeyboardInterrupt:
            say(
                f"interrupted within a step; from the last checkpoint on: {_again(given)}"
                if screen.begun
                else "interrupted before the first step: nothing was trained"
            )
            return interrupts.exit_code
        except VisqError as error:
            if not screen.begun:
                raise
            say(str(error))
            return exits.SOME_FAILED
    if not fitted.main:
        return exits.OK if fitted.reason != "interrupted" else interrupts.exit_code
    if given["as_json"]:
        click.echo(json.dumps(_record(fitted), indent=2))
    if fitted.reason == "interrupted":
        say(f"interrupted at step {fitted.step} of {fitted.steps}; to go on: {_again(given)}")
        return interrupts.exit_code
    if not (given["quiet"] or given["as_json"]):
        _summary(fitted)
    return exits.OK


class _Screen:
    """The progress bar, and a line for every validation."""

    def __init__(self, *, resume: bool, quiet: bool, lines: bool) -> None:
        self.begun = False
        self.progress = Progress(not quiet, unit="steps")
        self._resume, self._lines = resume, lines
        self._drawn = 0.0
        self._losses: list[float] = []

    def begin(self, step: int, steps: int) -> None:
        self.begun = True
        self.progress.expect(steps - step)
        if step and self._lines:
            say(f"going on after step {step} of {steps}")
        elif self._resume and self._lines:
            say("no checkpoint to go on from: it begins with step 1")

    def show(self, kind: str, row: Mapping[str, Any]) -> None:
        if kind == "train":
            self._losses.append(row["loss"])
            self.progress.advance()
            if time.monotonic() - self._drawn > _REDRAW_SECONDS:
                self.progress.tick()
                self._drawn = time.monotonic()
        elif self._lines:
            measures = [f"{name} {_figure(value)}" for name, value in row.items() if name not in ("step", "epoch")]
            # Those since the last validation: one step's alone jumps about.
            loss = [f"loss {math.fsum(self._losses) / len(self._losses):.4g}"] if self._losses else []
            self._losses.clear()
            with self.progress.aside():
                click.echo("\t".join((f"epoch {row['epoch']}", f"step {row['step']}", *loss, *measures)))


def _figure(value: float) -> str:
    return f"{value:.4f}" if math.isfinite(value) else "-"


def _summary(fitted: Fitted) -> None:
    best, name = fitted.best, fitted.recipe.validation.best
    if fitted.reason == "early stopping":
        click.echo(f"stopped early after {counted(fitted.step, 'step')} of {fitted.steps}")
    if best is not None:
        file = os.fspath(fitted.folder / "best.safetensors")
        click.echo(f"best\tstep {best['step']}\t{name} {_figure(best['measures'][name])}\t{file}")


def _record(fitted: Fitted) -> dict[str, Any]:
    best = fitted.best
    measures = {name: v if math.isfinite(v) else None for name, v in best["measures"].items()} if best else None
    return {
        "recipe": fitted.recipe.name, "folder": os.fspath(fitted.folder), "reason": fitted.reason, "step": fitted.step,
        "steps": fitted.steps, "best_step": best and best["step"], "best": measures,
    }  # fmt: skip


def _again(given: Mapping[str, Any]) -> str:
    """The command that goes on."""
    parts = ["visq", "train", given["recipe"], *given["settings"]]
    parts += ["--data", given["data"]] if given["data"] is not None else []
    parts += ["--cpu"] if given["cpu"] else []
    parts += [] if given["tensorboard"] else ["--no-tensorboard"]
    steps, minutes = given["checkpoint_steps"], given["checkpoint_minutes"]
    parts += ["--checkpoint-steps", str(steps)] if steps is not None else []
    parts += ["--checkpoint-minutes", f"{minutes:g}"] if minutes != _MINUTES else []
    return shlex.join([*parts, "-o", given["folder"], "--resume"])


def _plan(recipe: Recipe, given: Mapping[str, Any]) -> int:
    from visq.train import plan

    found = plan(recipe, given["data"], cpu=given["cpu"])
    if given["as_json"]:
        facts = {name: getattr(found, name) for name in found.__slots__ if name != "recipe"}
        click.echo(json.dumps({"recipe": recipe.as_data(), **facts, "seconds": found.seconds}, indent=2))
        return exits.OK
    click.echo(f"{recipe.name}: {found.parameters} parameters, {found.moving} of them trained")
    together = f", {recipe.accumulation} a step" if recipe.accumulation > 1 else ""
    click.echo(
        f"{counted(found.steps, 'step')}: {counted(recipe.epochs, 'epoch')} of {found.per_epoch} "
        f"({counted(found.batches, 'batch', 'batches')} of {recipe.batch}{together}), "
        f"{counted(found.validations, 'validation')} of {counted(found.validation_batches, 'batch', 'batches')}"
    )
    alone = "" if found.processes == 1 else f" in {found.processes} processes"
    click.echo(
        f"{found.device}{alone}, {recipe.precision}: about {_duration(found.seconds)} "
        f"({found.step_seconds:.2g} s a step, {found.validation_seconds:.2g} s a validation, measured)"
    )
    return exits.OK


def _duration(seconds: float) -> str:
    if seconds < 1:
        return "less than 1 s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours"


__all__ = ["command"]
