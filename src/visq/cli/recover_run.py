"""What `visq recover` does: one descent after the other, and the files that are made of them."""

# Names stay the text that was given, as in `visq score`.
# ruff: noqa: PTH112, PTH118, PTH119, PTH120

from __future__ import annotations

import csv
import io
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from visq.catalog.naming import value_text
from visq.cli import exits
from visq.cli.interrupts import Interruptible
from visq.cli.messages import counted, say
from visq.cli.progress import Progress
from visq.cli.text import name
from visq.errors import MissingExtraError, OptionError, StoreError, VisqError
from visq.media import Limits, open_image
from visq.media.lossless import check_name, replace, save
from visq.recovery import starts
from visq.recovery.descent import Descent
from visq.recovery.drawing import strip
from visq.recovery.results import Pixels, Recovery, eight_bit

if TYPE_CHECKING:
    from visq.api import Metric
    from visq.cli.recover import Outputs, Wanted

# Redrawing the bar at every step of a small picture would take longer than the step.
_REDRAW_SECONDS = 0.1
_COLUMNS = ("metric", "step", "loss", "rate", "psnr", "ssim")


def run(wanted: Wanted) -> int:
    """Recover under every metric, write the files, print a line each; returns the exit code.

    Raises
    ------
    VisqError
        The reference cannot be read, there is nothing to start from, or the only metric does not take the picture.
    """
    source = open_image(wanted.reference, limits=Limits(**wanted.limits))
    reference, notes = starts.read(source, wanted.size)
    begin, of_start = starts.opened(wanted.start, reference, seed=wanted.seed, size=wanted.size)
    _make_folders(wanted.outputs)
    if not wanted.quiet:
        for note in notes:
            say(f"{name(wanted.reference)}: altered or noted on reading: {note}")
        for note in of_start:
            say(f"altered or noted on reading: {note}")
    notes = (*notes, *of_start)
    titles = {metric.identity: _label(metric) for metric in wanted.metrics}
    done: list[tuple[str, Recovery]] = []
    code = exits.OK
    with Interruptible() as interruptible:
        try:
            for label, recovery in _descents(wanted, titles, reference, begin, notes, done):
                _tell(label, recovery, wanted)
        except KeyboardInterrupt:
            code = interruptible.exit_code
        refused = [pair for pair in done if pair[1].problem]
        for label, recovery in refused:
            say(f"{label}: {recovery.problem}")
        if code == exits.OK and refused:
            say(f"{len(refused)} of {counted(len(wanted.metrics), 'recovery', 'recoveries')} did not reach the end")
            code = exits.SOME_FAILED
        interrupted, written = code not in (exits.OK, exits.SOME_FAILED), True
        try:
            _write(wanted, done, reference)
        except StoreError as error:
            say(str(error))
            code, written = code if interrupted else exits.SOME_FAILED, False
        if interrupted:
            _say_interrupted(wanted, done, written=written)
    if wanted.as_json:
        click.echo(json.dumps([_record(wanted, label, one) for label, one in done], indent=2))
    return code


def _descents(
    wanted: Wanted, titles: dict[str, str], reference: Pixels, begin: Pixels, notes: tuple[str, ...],
    done: list[tuple[str, Recovery]],
) -> Any:  # fmt: skip
    """Every recovery with its label, as soon as it is there; in `done` even where it was interrupted."""
    total = len(wanted.metrics) * (wanted.settings.steps + 1)
    with Progress(not wanted.quiet, lambda: total, unit="steps") as progress:
        for metric in wanted.metrics:
            label = titles[metric.identity]
            descent = Descent(reference, metric, begin, wanted.settings, notes=notes)
            problem = ""
            try:
                _walk(descent, progress)
            except KeyboardInterrupt:
                if descent.begun:
                    done.append((label, descent.result()))
                raise
            except MissingExtraError:
                raise
            except VisqError as error:
                if len(wanted.metrics) == 1 and not descent.begun:
                    raise
                problem = str(error).removeprefix(f"{metric.id}: ")
            done.append((label, descent.result(problem)))
            yield done[-1]


def _label(metric: Metric) -> str:
    """The metric as -m takes it, options included: they decide what is recovered."""
    given = ",".join(f"{key}={value_text(value)}" for key, value in metric.options.items())
    return f"{metric.id}:{given}" if given else metric.id


def _walk(descent: Descent, progress: Progress) -> None:
    drawn = 0.0
    for _ in descent:
        progress.advance()
        if time.monotonic() - drawn > _REDRAW_SECONDS:
            progress.tick()
            drawn = time.monotonic()


def _tell(label: str, recovery: Recovery, wanted: Wanted) -> None:
    if wanted.quiet or wanted.as_json or not recovery.trace:
        return
    last = recovery.last
    ssim = "" if last.ssim is None else f"\tSSIM {last.ssim:.4f}"
    click.echo(f"{label}\tstep {last.step}\tloss {last.loss:.6g}\t{last.psnr:.2f} dB{ssim}")


def _say_interrupted(wanted: Wanted, done: Sequence[tuple[str, Recovery]], *, written: bool) -> None:
    there = [pair for pair in done if pair[1].trace]
    if not there:
        say("interrupted: nothing was reached, and nothing was written")
        return
    label, recovery = there[-1]
    reached = f"{label} had made {recovery.last.step} of {counted(wanted.settings.steps, 'step')}"
    files = [path for path in (wanted.outputs.strip, wanted.outputs.trace) if path]
    kept = f"what was reached is in {' and '.join(files)}" if files else "the pictures reached were kept"
    say(f"interrupted: {reached}" + (f"; {kept}" if written else ""))


def _record(wanted: Wanted, label: str, one: Recovery) -> dict[str, Any]:
    last = one.trace[-1] if one.trace else None
    return {
        "metric": label, "identity": one.metric, "start": wanted.start, "seed": wanted.seed, "steps": one.steps,
        "rate": str(wanted.settings.schedule), "reached": last and last.step, "loss": last and last.loss,
        "psnr": last and last.psnr, "ssim": last and last.ssim, "status": "error" if one.problem else "ok",
        "error": one.problem, "notes": list(one.notes),
    }  # fmt: skip


# Files --------------------------------------------------------------------------------------------------------


def check_outputs(outputs: Outputs, reference: str, start: str, metrics: int, *, overwrite: bool) -> None:
    """Refuse to replace anything that was not asked for, and the pictures that are read in any case.

    Raises
    ------
    OptionError
        Names of formats that are not written; `--final` for several metrics.
    StoreError
        Files that exist.
    """
    if outputs.final and metrics > 1:
        raise OptionError("--final is one picture", expected="one metric", got=str(metrics), hint="Use --save DIR.")
    for path in filter(None, (outputs.strip, outputs.final)):
        check_name(path)
    if outputs.trace and not outputs.trace.lower().endswith((".csv", ".json")):
        raise OptionError(f"--trace {outputs.trace}: unknown kind of table", expected="a name ending in .csv or .json")
    files = [path for path in (outputs.strip, outputs.final, outputs.trace) if path]
    if len({os.path.realpath(path) for path in files}) < len(files):
        raise OptionError("two outputs have one name", expected="a file for each")
    for path in files:
        if os.path.realpath(path) in {os.path.realpath(reference), os.path.realpath(start)}:
            raise StoreError(f"{path} is a picture to be read", hint="Name another file.")
        if os.path.isdir(path):
            raise StoreError(f"{path} is a folder", hint="Name a file.")
        if os.path.lexists(path) and not overwrite:
            raise StoreError(f"{path} exists already", hint="Use --overwrite to replace it.")
    if outputs.folder and os.path.isdir(outputs.folder) and os.listdir(outputs.folder) and not overwrite:  # noqa: PTH208
        raise StoreError(f"{outputs.folder} is not empty", hint="Use --overwrite to add to it, or name another folder.")


def _make_folders(outputs: Outputs) -> None:
    files = (outputs.strip, outputs.final, outputs.trace)
    for folder in sorted({os.path.dirname(path) for path in files} | {outputs.folder} - {""}):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder} cannot be made: {error.strerror}") from None


def _write(wanted: Wanted, done: Sequence[tuple[str, Recovery]], reference: Pixels) -> None:
    outputs, there = wanted.outputs, [pair for pair in done if pair[1].trace]
    if not there:
        return
    if outputs.strip:
        height, width = reference.shape[:2]
        title = (
            f"{name(os.path.basename(wanted.reference))}, {width}x{height}, from {wanted.start}; Adam "
            f"{wanted.settings.schedule}, {counted(wanted.settings.steps, 'step')}, seed {wanted.seed}"
        )
        save(outputs.strip, np.asarray(strip(done, reference, title=title, start=wanted.start)))
    if outputs.final:
        save(outputs.final, eight_bit(there[-1][1].image))
    if outputs.folder:
        for label, one in there:
            for kept in one.snapshots:
                save(os.path.join(outputs.folder, f"{_safe(label)}_{kept.at.step:06d}.png"), eight_bit(kept.image))
    if outputs.trace:
        _write_trace(outputs.trace, wanted, done)


def _write_trace(path: str, wanted: Wanted, done: Sequence[tuple[str, Recovery]]) -> None:
    if path.lower().endswith(".json"):
        found = [_record(wanted, label, one) | {"trace": one.rows()} for label, one in done]
        data = (json.dumps(found, indent=1) + "\n").encode()
    else:
        text = io.StringIO()
        lines = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
        lines.writeheader()
        lines.writerows(row for _, one in done for row in one.rows())
        data = text.getvalue().encode()
    try:
        replace(path, data)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}") from error


def _safe(label: str) -> str:
    """A label as part of a file name, on any system."""
    return "".join(c if c.isalnum() or c in "._-=," else "-" for c in label)


__all__ = ["check_outputs", "run"]
