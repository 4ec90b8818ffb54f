"""`visq distort`: pictures, degraded by rule."""

# Names stay the text that was given, as in `visq score`.
# ruff: noqa: PTH112, PTH118, PTH120, PTH122

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from visq.cli import distort_list, exits
from visq.cli.interrupts import Interruptible
from visq.cli.messages import as_options, counted, say
from visq.cli.progress import Progress
from visq.cli.text import name
from visq.distortions import registry
from visq.distortions.chain import parse
from visq.distortions.synth.plan import EVERY, MANIFEST, levels_of, step_title, written
from visq.errors import InputError, OptionError, PairingError, StoreError
from visq.run.plan import Finder, Found

if TYPE_CHECKING:
    from visq.cli.distort_run import Job

_EXAMPLES = """\b
Examples:
  visq distort photo.jpg -t gaussian_blur:3 -o blurred.png
  visq distort photo.jpg -t gaussian_blur=1.5+jpeg=40 -o both.png
  visq distort photo.jpg --all -o folder/ --sheet sheet.png
  visq distort photos/ --bank kadid10k --levels 1,5 -o folder/
  visq distort --list
"""


@dataclass(frozen=True, slots=True)
class Strength:
    """One distortion at one strength: `level` is None where the name says it."""

    name: str
    title: str
    level: int | None

    @property
    def label(self) -> str:
        """As part of a file name, on any system."""
        safe = self.name.replace("/", "-").replace(":", "-").replace(" ", "_")
        return safe if self.level is None else f"{safe}_{self.level}"


@click.command(name="distort", epilog=f"{_EXAMPLES}\n{exits.MAKERS_EPILOG}")
@click.argument("images", nargs=-1, type=click.UNPROCESSED, metavar="IMAGE...")
@click.option("-t", "--type", "names", multiple=True, metavar="NAME[:LEVEL|=AMOUNT]",
              help="A distortion, one of a bank (kadid10k/10), or several one after the other "
              "(gaussian_blur:3+jpeg:4). Without level or amount: every level of --levels. Repeat it "
              "for more.")  # fmt: skip
@click.option("--all", "every", is_flag=True, help="Every distortion that there is.")
@click.option(
    "--bank", metavar="BANK", help="Every distortion of kadid10k, tid2013 or reiqa, at that database's levels."
)
@click.option(
    "--levels", default="1-5", show_default=True, metavar="LEVELS", help="1 mild to 5 severe: 1-5, 3 or 1,3,5."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True,
              help="Of what is random, together with the content of the picture's file.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE|DIR",
              help="One picture: .png, .tif, .ppm, .bmp or .webp, all lossless. Several: a folder for PNG and "
              "manifest.csv.")  # fmt: skip
@click.option("--sheet", metavar="FILE",
              help="Of one IMAGE: draw a grid with a row for each distortion and a column for each level.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.option(
    "--list", "list_them", is_flag=True, help="List the distortions (those of --bank), their levels and units."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array: of what was made, or of the list.")
@click.option("--max-pixels", type=click.IntRange(min=1), metavar="N",
              help="Refuse larger images.  [default: 64000000]")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def command(
    images: tuple[str, ...],
    names: tuple[str, ...],
    every: bool,
    bank: str | None,
    levels: str,
    seed: int,
    output: str | None,
    sheet: str | None,
    overwrite: bool,
    list_them: bool,
    as_json: bool,
    max_pixels: int | None,
    quiet: bool,
) -> int:
    """Degrade pictures in known ways, at known strengths.

    IMAGE is a picture or a folder. Level 1 is mild, 5 severe; an amount is in the unit that --list shows. The pixels
    keep their depth: 16-bit pictures stay 16-bit. The same picture, distortion and seed give the same pixels, whatever
    the name of the file, and with the same codecs on any machine.

    For a whole database, with labels, see `visq dataset synth`.
    """
    if list_them:
        distort_list.show(bank, as_json=as_json)
        return exits.OK
    if not images:
        raise click.UsageError("Missing argument 'IMAGE...': the picture to degrade, or --list")
    if not (output or sheet):
        raise click.UsageError("-o is missing: the file or folder to write, or --sheet FILE")
    strengths = _strengths(names, every, bank, levels)
    jobs = list(_jobs(images, strengths, output))
    _check_targets(jobs, output, sheet, overwrite)
    if sheet and len(jobs) != 1:
        raise OptionError("--sheet shows one picture", expected="one IMAGE", got=str(len(jobs)))
    limits = {"max_pixels": max_pixels} if max_pixels else {}
    return _run(jobs, strengths, output, sheet, _Printing(seed, limits, as_json, quiet))


@dataclass(frozen=True, slots=True)
class _Printing:
    seed: int
    limits: dict[str, int]
    as_json: bool
    quiet: bool


def _run(
    jobs: Sequence[Job], strengths: Sequence[Strength], output: str | None, sheet: str | None, how: _Printing
) -> int:
    from visq.cli.distort_run import Run

    folder = output if output and any(job.folder for job in jobs) else None
    run = Run(strengths, how.seed, how.limits, folder, sheet)
    total = len(jobs) * len(strengths)
    with Interruptible() as interruptible, Progress(not how.quiet, lambda: total, unit="pictures") as progress:
        try:
            for job in jobs:
                for row in run.do(job, alone=len(jobs) == 1):
                    progress.advance()
                    progress.tick()
                    if not (how.quiet or how.as_json or row["status"] != "ok" or not row["image"]):
                        click.echo(_line(row))
            run.finish()
        except KeyboardInterrupt:
            done = sum(row["status"] == "ok" for row in run.rows)
            say(f"interrupted: {counted(done, 'picture')} of {total} were made, and the manifest was not")
            return interruptible.exit_code
    if how.as_json:
        click.echo(json.dumps(run.rows, indent=2))
    failed = [row for row in run.rows if row["status"] != "ok"]
    for source, reason in dict.fromkeys((row["source"], as_options(row["error"])) for row in failed):
        say(f"{name(source)}: {reason}")
    if failed:
        say(f"{len(failed)} of {counted(total, 'picture')} could not be made")
    return exits.SOME_FAILED if failed else exits.OK


def _line(row: dict[str, Any]) -> str:
    level = "" if row["level"] is None else f" level {row['level']}"
    return f"{name(row['image'])}\t{row['distortion']}{level}\t{row['amount']}\t{row['unit']}"


def _strengths(names: Sequence[str], every: bool, bank: str | None, levels: str) -> list[Strength]:
    """What is to be done to each picture, in order."""
    if (bool(names) + every + bool(bank)) != 1:
        raise OptionError("what to do is not clear", expected="one of -t NAME, --all and --bank BANK")
    chosen = levels_of(levels)
    if every:
        texts = registry.ids()
    elif bank:
        texts = registry.ids() if registry.plain_name(bank) == EVERY else list(registry.bank(bank).names)
    else:
        texts = list(names)
    found: list[Strength] = []
    for text in texts:
        steps = parse(text)
        own = all(step.level is not None or step.amount is not None for step in steps)
        title = " + ".join(map(step_title, steps))
        found += [Strength(written(steps), title, level) for level in ([None] if own else chosen)]
    twice = [one.label for one in found if sum(other.label == one.label for other in found) > 1]
    if twice:
        raise OptionError(f"{twice[0]} is asked for twice", expected="each distortion and level once")
    return found


def _jobs(images: Sequence[str], strengths: Sequence[Strength], output: str | None) -> Iterator[Job]:
    """Each picture with the files that are made of it."""
    from visq.cli.distort_run import Job

    finder = Finder()
    finder.check(images)
    found = list(finder.find(images))
    if not found:
        raise InputError(f"no images found in {', '.join(map(name, images[:3]))}")
    one_file = len(found) == len(strengths) == 1 and not os.path.isdir(images[0]) and _is_file_name(output)
    if output and not one_file and _is_file_name(output):
        raise OptionError(
            f"-o {output} is one file, and there are {len(found) * len(strengths)} pictures to write",
            expected="the name of a folder",
        )
    taken: dict[str, Found] = {}
    for one in found:
        stem = os.path.splitext(one.relative)[0]
        other = taken.setdefault(stem, one)
        if other is not one and output:
            raise PairingError(f"{name(other.path)} and {name(one.path)} differ only in the extension or folder",
                               hint="Both would be kept under one name: do them one at a time.")  # fmt: skip
        if not output:
            targets = [""] * len(strengths)
        elif one_file:
            targets = [output]
        else:
            targets = [os.path.join(output, f"{stem}_{strength.label}.png") for strength in strengths]
        yield Job(one.path, one.problem, tuple(targets), folder=not one_file)


def _is_file_name(output: str | None) -> bool:
    from visq.media.lossless import check_name

    if not output or os.path.isdir(output) or output.endswith(("/", os.sep)) or not os.path.splitext(output)[1]:
        return False
    check_name(output)
    return True


def _check_targets(jobs: Sequence[Job], output: str | None, sheet: str | None, overwrite: bool) -> None:
    """Refuse to replace anything that was not asked for, and the picture itself in any case."""
    from visq.media.lossless import check_name

    targets = [target for job in jobs for target in job.targets if target]
    if output and any(job.folder for job in jobs):
        targets.append(os.path.join(output, MANIFEST))
    if sheet:
        check_name(sheet)
        targets.append(sheet)
    sources = {os.path.realpath(job.source) for job in jobs}
    for target in targets:
        if os.path.realpath(target) in sources:
            raise StoreError(f"{target} is the picture itself", hint="Name another file.")
        if os.path.lexists(target) and not overwrite:
            raise StoreError(f"{target} exists already", hint="Use --overwrite to replace it.")
    for folder in sorted({os.path.dirname(target) for target in targets} - {""}):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{folder} cannot be made: {error.strerror}") from None


__all__ = ["Strength", "command"]
