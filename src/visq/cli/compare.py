"""`visq compare`: images against their pristine references."""

# Names stay the text that was given: pathlib would rewrite "./a", and is slow for a million of them.
# ruff: noqa: PTH112, PTH119

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import click

from visq.cli import exits, metric_option, options
from visq.cli.features import walk_features
from visq.cli.maps import Maps, no_map
from visq.cli.maps import option as maps_option
from visq.cli.messages import say
from visq.cli.session import Input, Session, passed_over
from visq.cli.text import name
from visq.errors import PairingError, ReadError, VisqError
from visq.features import FeatureFile
from visq.run.pairing import Pairing
from visq.run.plan import Finder

_EXAMPLES = """\b
Examples:
  visq compare original.png copy.jpg
  visq compare original.png q10.jpg q50.jpg q90.jpg -m ssim,ms_ssim
  visq compare originals/ compressed/ -o scores.csv --jobs 4 --maps maps/
  visq compare original.png copy.jpg -m ssim --fail-under ssim=0.95
  visq compare --features original.json copy.jpg other.jpg
"""


@dataclass
class _Plan:
    """What is compared with what, and what has no partner."""

    inputs: Callable[[], Iterator[Input]]
    finder: Finder
    pairings: list[tuple[str, Pairing]] = field(default_factory=list)

    def alone(self) -> list[str]:
        alone = [f"{name(path)}: no reference has this name" for _, p in self.pairings for path in p.without_reference]
        for folder, pairing in self.pairings:
            alone += [f"{name(path)}: no image in {name(folder)} has this name" for path in pairing.without_image()]
        return alone


@click.command(name="compare", epilog=f"{_EXAMPLES}\n{exits.EPILOG}")
@click.argument("images", nargs=-1, required=True, type=click.UNPROCESSED, metavar="REFERENCE DISTORTED...")
@options.shared("fr")
@click.option(
    "--features",
    metavar="FILE",
    help="Compare with what `visq features` kept of the reference, instead of REFERENCE: a file, or a folder of them. "
    "Without -m, every metric in it is measured.",
)
@maps_option
@click.option("--allow-unpaired", is_flag=True, help="Files without a partner do not make the exit code 1.")
@options.all_files
def command(
    images: tuple[str, ...],
    features: str | None,
    maps: str | None,
    allow_unpaired: bool,
    all_files: bool,
    **given: Any,
) -> int:
    """Compare images with their pristine references.

    REFERENCE is an image: every DISTORTED image (files, folders, patterns) is compared with it. Or REFERENCE is a
    folder: every DISTORTED is a folder too, and files are paired by their path inside the folder, never by order. The
    extension may differ (a/x.jpg with a/x.png) where only one reference has that name. What has no partner is listed
    and makes the exit code 1. Images must be as large as their references: nothing is resized. With --features every
    argument is a DISTORTED one, and a file or folder of features stands for the reference or the folder of references.

    Scores go to standard output: a table on a terminal, tab-separated lines in a pipe, a summary where there are many
    or where -o keeps them.
    """
    unusable: list[str] = []
    if features:
        reference, distorted = features, images
        held, unusable = ([], []) if given["metrics"] else _in_file(features)
        settings = options.settings("rr", given, features=True, default=held)
    else:
        reference, *others = images
        distorted = tuple(others)
        if not distorted:
            raise click.UsageError("Missing argument 'DISTORTED...': what is compared with the reference")
        settings = options.settings("fr", given)
    written = Maps(maps, settings.requests, "fr")
    make = _paired if os.path.isdir(reference) else _one_against_many
    if make is _one_against_many:
        Finder().check(distorted)
    plan = make(reference, distorted, all_files, written.stem, bool(features))
    counted = make(reference, distorted, all_files, no_map, bool(features))
    session = Session(settings, lambda: sum(1 for _ in counted.inputs()))

    session.notes = lambda: passed_over(plan.finder) + written.notes()
    session.looked_at = distorted
    session.alone = plan.alone
    session.allow_alone = allow_unpaired
    code = session.run(plan.inputs())
    for reason in unusable:
        say(f"{name(features or '')}: not measured: {reason}")
    return exits.SOME_FAILED if unusable and code == exits.OK else code


def _one_against_many(
    reference: str, distorted: tuple[str, ...], all_files: bool, map_name: Callable[[str], str], _features: bool
) -> _Plan:
    finder = Finder(all_files=all_files)

    def inputs() -> Iterator[Input]:
        for found in finder.find(distorted):
            yield Input(found.path, reference, map_name(found.relative), found.problem)

    return _Plan(inputs, finder)


def _paired(
    reference: str, distorted: tuple[str, ...], all_files: bool, map_name: Callable[[str], str], features: bool
) -> _Plan:
    for folder in distorted:
        if not os.path.isdir(folder):
            raise PairingError(
                f"{reference} is a folder and {folder} is not", expected="two folders, or one reference image"
            )
    finder = Finder(all_files=all_files)
    plan = _Plan(lambda: iter(()), finder)

    def inputs() -> Iterator[Input]:
        references = list(walk_features(reference) if features else finder.walk(reference))
        plan.pairings = [(folder, Pairing.of(references)) for folder in distorted]
        for folder, pairing in plan.pairings:
            pairing.check(partial(Finder(all_files=all_files).walk, folder))
        for folder, pairing in plan.pairings:
            prefix = os.path.basename(os.path.normpath(folder)) + "/" if len(distorted) > 1 else ""
            for pair in pairing.pairs(finder.walk(folder)):
                yield Input(pair.image, pair.reference, map_name(prefix + pair.relative), pair.problem)

    plan.inputs = inputs
    return plan


def _in_file(features: str) -> tuple[list[metric_option.Named], list[str]]:
    """Metrics and options of a file of features, or of all those in a folder; and what it cannot use."""
    if not os.path.isdir(features):
        return _usable(features)
    reason: VisqError | None = None
    held: dict[str, metric_option.Named] = {}
    unusable: dict[str, None] = {}
    for one in walk_features(features):
        try:
            usable, reasons = _usable(one.path)
        except VisqError as error:
            reason = reason or error
            continue
        held |= {repr(named): named for named in usable}
        unusable |= dict.fromkeys(reasons)
    if held:
        return list(held.values()), list(unusable)
    if reason:
        raise reason
    raise PairingError(f"{features} holds no files of features", hint="Make them with: visq features FOLDER -o DIR.")


def _usable(path: str) -> tuple[list[metric_option.Named], list[str]]:
    usable, reasons = FeatureFile(path).requests()
    if not usable:
        raise ReadError(f"{path}: no features in it that this visq can use: {reasons[0]}")
    return usable, reasons
