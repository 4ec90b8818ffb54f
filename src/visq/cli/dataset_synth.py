"""`visq dataset synth`: a database of distorted photographs, made by rule."""

# Names stay the text that was given, as in `visq score`.
# ruff: noqa: PTH112, PTH118

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from visq.cli import exits, options
from visq.cli.interrupts import Interruptible
from visq.cli.messages import as_options, counted, say
from visq.cli.progress import Progress
from visq.cli.text import name
from visq.distortions.synth import Photo, Plan, Recipe, types_of
from visq.distortions.synth.plan import check_photos, levels_of, size_of
from visq.errors import OptionError, StoreError
from visq.run.plan import Finder

if TYPE_CHECKING:
    from visq.distortions.synth.estimate import Estimate
    from visq.distortions.synth.run import Outcome, Synthesis

_FORMS = {"png": "png", "webp-lossless": "webp"}
_EXAMPLES = """\b
Examples:
  visq dataset synth photos/ -o set --size 512x384 --dry-run
  visq dataset synth photos/ -o set --size 512x384 --jobs auto
  visq dataset synth photos/ -o set --size 512x384 --jobs auto --resume
  visq dataset synth photos/ -o blurred -t gaussian_blur -t lens_blur --levels 1,3,5
"""


@click.command(name="synth", epilog=f"{_EXAMPLES}\n{exits.MAKERS_EPILOG}")
@click.argument("photos", nargs=-1, required=True, type=click.UNPROCESSED, metavar="PHOTOS...")
@click.option("-o", "--output", required=True, metavar="DIR", help="Folder of the set: new, or empty.")
@click.option("--bank", metavar="BANK", help="Types of kadid10k, tid2013, reiqa, or all that visq has.  "
              "[default: kadid10k]")  # fmt: skip
@click.option("-t", "--type", "names", multiple=True, metavar="NAME",
              help="Instead of a bank: one distortion, numbered in the order given; repeat it.")  # fmt: skip
@click.option(
    "--levels", default="1-5", show_default=True, metavar="LEVELS", help="1 mild to 5 severe: 1-5, 3 or 1,3,5."
)
@click.option("--size", metavar="WxH", help="Cut this size from the centre of every photograph; nothing is resized.  "
              "[default: the whole photograph]")  # fmt: skip
@click.option(
    "--photos", "limit", type=click.IntRange(min=1), metavar="N", help="Only the first N photographs, by name."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of what is random.")
@click.option("-j", "--jobs", default="1", show_default=True, metavar="N",
              help="Processes; `auto` for one a core. The pictures are the same for any number.")  # fmt: skip
@click.option("--format", "form", type=click.Choice(list(_FORMS)), default="png", show_default=True,
              help="Of the pictures. Both lose nothing; WebP is smaller and slower, and holds 8 bit.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with the set in DIR: what is missing or damaged is made.")
@click.option(
    "--dry-run", is_flag=True, help="Only say what would be made, how long it takes and how much room it needs."
)
@click.option("--timeout", type=click.FloatRange(min=0), default=600.0, show_default=True, metavar="SECONDS",
              help="Give up a photograph, or one type of it, after this long; 0 never does.")  # fmt: skip
@click.option("--max-pixels", type=click.IntRange(min=1), metavar="N",
              help="Refuse larger photographs.  [default: 64000000]")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No plan, progress or summary; errors are still printed.")
def command(
    photos: tuple[str, ...],
    output: str,
    bank: str | None,
    names: tuple[str, ...],
    levels: str,
    size: str | None,
    limit: int | None,
    seed: int,
    jobs: str,
    form: str,
    resume: bool,
    dry_run: bool,
    timeout: float,
    max_pixels: int | None,
    quiet: bool,
) -> int:
    """Make a database of distorted photographs in the layout of KADID-10k.

    PHOTOS are pictures or folders. DIR gets `images/I01.png`, `images/I01_10_05.png` (photograph, type, level),
    `dmos.csv`, `manifest.csv` and `README.txt`, and `visq.dataset("synthetic", DIR)` reads it. Nobody has rated it:
    dmos is a surrogate, 5 - 4 level / 5, and types whose severity does not rise with the level get none.

    How many pictures, how long and how much room is measured on a few photographs and said before anything is made. A
    photograph that cannot be read is a row with the reason, and the run goes on; one that was ended goes on with
    --resume.
    """
    from visq.distortions.synth.run import Synthesis

    if dry_run and resume:
        raise OptionError("--dry-run and --resume exclude each other")
    recipe = Recipe(
        types_of(names, "" if names and not bank else bank or "kadid10k"),
        levels_of(levels),
        size_of(size) if size else None,
        seed,
        _FORMS[form],
    )
    plan = Plan(recipe, tuple(islice(_photos(photos, output), limit)))
    check_photos(plan.photos)
    count = options.job_count(jobs)
    limits = {"max_pixels": max_pixels} if max_pixels else {}
    run = Synthesis(plan, Path(output), count, timeout, resume, limits)
    with Interruptible() as interruptible:
        try:
            return _dry(run, output) if dry_run else _make(run, output, quiet=quiet)
        except KeyboardInterrupt:
            if not dry_run:
                safe = f"{counted(run.safe(), 'picture')} of {plan.pictures + len(plan.photos)} are safe"
                say(f"interrupted: {safe}; run the same command with --resume to go on")
            return interruptible.exit_code


def _photos(paths: tuple[str, ...], output: str) -> Iterator[Photo]:
    """Pictures of what was named, each once; not those of the set itself, where it lies in a folder of photographs."""
    finder = Finder()
    finder.check(paths)
    own = os.path.realpath(output)
    inside = any(own.startswith(os.path.join(os.path.realpath(path), "")) for path in paths if os.path.isdir(path))
    seen: set[str] = set()
    for found in finder.find(paths):
        if found.path in seen or (inside and os.path.realpath(found.path).startswith(os.path.join(own, ""))):
            continue
        seen.add(found.path)
        yield Photo(found.path, found.relative, found.problem)


def _dry(run: Synthesis, output: str) -> int:
    from visq.distortions.synth.estimate import check_room

    reckoned = run.reckon()
    for line in _described(run, reckoned, output):
        click.echo(line)
    check_room(reckoned, run.folder)
    return exits.OK


def _described(run: Synthesis, reckoned: Estimate, output: str) -> Iterator[str]:
    from visq.distortions.synth.estimate import free_bytes, in_bytes, in_time

    recipe = run.plan.recipe
    parts = [
        counted(len(run.plan.photos), "photograph"), counted(len(recipe.types), "type"),
        counted(len(recipe.levels), "level"),
    ]  # fmt: skip
    yield f"{' x '.join(parts)}: {run.plan.pictures} pictures in {name(output)}"
    left = f"{reckoned.pictures} pictures and {counted(reckoned.references, 'reference')} to make"
    free = f"{in_bytes(free_bytes(run.folder))} free"
    if not reckoned.measured:
        yield f"{left}; none of the first photographs can be read, so time and room are not known ({free})"
        return
    time = in_time(reckoned.time(run.jobs))
    rate = reckoned.pictures / reckoned.time(run.jobs) if reckoned.time(run.jobs) else 0.0
    yield f"{left}: about {in_bytes(reckoned.bytes)} ({free})"
    yield (
        f"about {time} with {counted(run.jobs, 'job')}, {rate:.3g} pictures a second "
        f"(measured on {counted(reckoned.measured, 'picture')})"
    )
    if any(not one.monotone for one in recipe.types):
        some = ", ".join(one.title for one in recipe.types if not one.monotone)
        yield f"no label, as severity does not rise with the level: {some}"


def _make(run: Synthesis, output: str, *, quiet: bool) -> int:
    from visq.distortions.synth.run import Watcher

    total = run.plan.pictures + len(run.plan.photos)
    with Progress(not quiet, lambda: total, unit="pictures") as progress:

        class Shown(Watcher):
            def planned(self, estimate: Estimate) -> None:
                for line in _described(run, estimate, output) if not quiet else ():
                    say(line)

            def advance(self, pictures: int) -> None:
                for _ in range(pictures):
                    progress.advance()

            def tick(self) -> None:
                progress.tick()

        run.watcher = Shown()
        try:
            outcome = run.run()
        except StoreError as error:
            if run.journal is None:
                raise StoreError(error.message, expected=error.expected, got=error.got,
                                 hint=_as_flags(error.hint)) from None  # fmt: skip
            say(_as_flags(str(error)))
            return exits.SOME_FAILED
    return _report(outcome, output, quiet=quiet)


def _report(outcome: Outcome, output: str, *, quiet: bool) -> int:
    from visq.distortions.synth.estimate import in_bytes

    if not quiet:
        for note in outcome.notes:
            say(note)
        click.echo(
            f"{outcome.pictures} pictures of {counted(outcome.references, 'photograph')} in {name(output)}, "
            f"{in_bytes(outcome.bytes)}; made now: {outcome.made}"
        )
    for image, reason in outcome.reasons:
        say(f"{name(image)}: {as_options(reason)}")
    if outcome.failed:
        say(f"{counted(outcome.failed, 'row')} of manifest.csv with an error")
    return exits.SOME_FAILED if outcome.failed else exits.OK


def _as_flags(text: str) -> str:
    """Hints of the library in the words of the command line."""
    for words, flag in (("Resume it.", "--resume goes on with it."), ("resume the run", "run the same command with "
                        "--resume")):  # fmt: skip
        text = text.replace(words, flag)
    return text


__all__ = ["command"]
