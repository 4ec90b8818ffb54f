"""`visq features`: the few numbers of a reference that reduced-reference metrics need."""

# Names stay the text that was given, as in `visq compare`.
# ruff: noqa: PTH103, PTH110, PTH112, PTH118, PTH119, PTH120, PTH121, PTH122

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from visq.cli import exits, metric_option
from visq.cli.interrupts import Interruptible
from visq.cli.messages import as_options, counted, say
from visq.cli.text import name
from visq.errors import InputError, OptionError, PairingError, SizeError, StoreError, VisqError
from visq.run.plan import Finder, Found

if TYPE_CHECKING:
    from visq.api import Metric
    from visq.features import Features

#: What files of features are called.
SUFFIX = ".json"
_EXAMPLES = """\b
Examples:
  visq features original.png -o original.json
  visq compare --features original.json copy.jpg other.jpg
  visq features originals/ -m rred,wnism -o features/
  visq compare --features features/ compressed/ -o scores.csv
"""


@click.command(name="features", epilog=f"{_EXAMPLES}\n{exits.EPILOG}")
@click.argument("reference", type=click.UNPROCESSED, metavar="REFERENCE")
@click.option("-o", "--output", metavar="FILE", help="JSON file to write; a folder where REFERENCE is one.")
@click.option(
    "-m",
    "--metric",
    "metrics",
    multiple=True,
    metavar="METRIC[:OPTION=VALUE],...",
    help="For which reduced-reference metrics; repeat it or use commas.  [default: all that the picture "
    "is large enough for]",
)
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.option("--resume", is_flag=True, help="Keep what files hold of the same picture, and make what is missing.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array with what was kept and its size.")
@click.option(
    "--max-pixels", type=click.IntRange(min=1), metavar="N", help="Refuse larger images.  [default: 64000000]"
)
def command(
    reference: str,
    output: str | None,
    metrics: tuple[str, ...],
    overwrite: bool,
    resume: bool,
    as_json: bool,
    quiet: bool,
    max_pixels: int | None,
) -> int:
    """Keep the few numbers of a reference that images can be judged by where the reference itself is not at hand.

    REFERENCE is an image, or a folder of images: then -o is a folder that gets one JSON file for each. The size of
    what is kept is printed in bits. `visq compare --features FILE IMAGE` uses it, on any machine with visq. A run over
    a folder that was ended goes on with --resume.
    """
    from visq.api import Metric

    chosen = [Metric(one.spec, one.options) for one in metric_option.requests(metrics, "rr")]
    many = os.path.isdir(reference)
    if many and not output:
        raise click.UsageError("REFERENCE is a folder: -o DIR is needed")
    if output and not many and not output.lower().endswith(SUFFIX):
        raise OptionError(f"-o {output}: features are kept as JSON", expected=f"a name ending in {SUFFIX}")
    pairs = list(_names(reference, output or "")) if many else [(Found(reference, ""), output or "")]
    if many:
        _make_folder(output or "")
    keep = _Keeper(
        chosen, asked=bool(metrics), overwrite=overwrite, resume=resume, max_pixels=max_pixels, notes=not quiet
    )
    rows: list[dict[str, object]] = []
    failed = 0
    with Interruptible() as interruptible:
        try:
            for found, path in pairs:
                try:
                    features = keep(found, path)
                except VisqError as error:
                    if not many:
                        raise
                    failed += 1
                    say(as_options(str(error)))
                    continue
                rows += [_row(found.path, path, one) for one in features]
                if not (as_json or quiet):
                    _print(found.path, features)
        except KeyboardInterrupt:
            say(f"interrupted: features of {counted(len({r['reference'] for r in rows}), 'reference')} were taken")
            return interruptible.exit_code
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    if failed:
        say(f"{counted(failed, 'reference', 'references')} of {len(pairs)} could not be used")
    return exits.SOME_FAILED if failed else exits.OK


def _print(reference: str, features: list[Features]) -> None:
    for one in features:
        size = f"{counted(one.numbers, 'number', 'numbers')}, {counted(one.bits, 'bit', 'bits')}"
        click.echo(f"{name(reference)}\t{one.metric}\t{size}")


def _row(reference: str, path: str, one: Features) -> dict[str, object]:
    row: dict[str, object] = {"reference": reference, "file": path or None, "metric": one.metric}
    row |= {"identity": one.identity, "numbers": one.numbers, "bits": one.bits, "values": one.values}
    return row | {"warnings": list(one.warnings)}


def _names(folder: str, output: str) -> Iterator[tuple[Found, str]]:
    """Images of a folder and the file that each one's features go to."""
    taken: dict[str, str] = {}
    for found in Finder().walk(folder):
        stem = os.path.splitext(found.relative)[0]
        if stem in taken and not found.problem:
            raise PairingError(f"{taken[stem]} and {found.path} differ only in the extension",
                               hint="Both would be kept under one name: move one of them.")  # fmt: skip
        taken[stem] = found.path
        yield found, os.path.join(output, f"{stem}{SUFFIX}")
    if not taken:
        raise InputError(f"no images found in {folder}")


@dataclass(frozen=True)
class _Keeper:
    """Takes the features of a reference and writes them. `asked`: the user named the metrics."""

    metrics: list[Metric]
    asked: bool
    overwrite: bool
    resume: bool
    max_pixels: int | None
    notes: bool

    def __call__(self, found: Found, path: str) -> list[Features]:
        from visq.features import write_features
        from visq.media import Limits, open_image

        if found.problem:
            raise InputError(f"{found.path}: {found.problem}")
        held: dict[str, Features] = {}
        if path and os.path.exists(path):
            self._check_existing(found.path, path)
            held = self._held(found.path, path) if self.resume else {}
        missing = [metric for metric in self.metrics if metric.identity not in held]
        known = [held[metric.identity] for metric in self.metrics if metric.identity in held]
        if not missing:
            return known
        limits = Limits(max_pixels=self.max_pixels) if self.max_pixels else Limits()
        opened = open_image(found.path, limits=limits)
        for warning in opened.meta.warnings if self.notes else ():
            say(f"{name(found.path)}: altered or noted on reading: {warning}")
        try:
            features = self._extract(opened, found.path, missing, required=not known)
        except VisqError as error:
            raise error.with_context(found.path) from None
        if path:
            _make_folder(os.path.dirname(path))
            write_features(path, [*held.values(), *features])
        return known + features

    def _check_existing(self, reference: str, path: str) -> None:
        with suppress(OSError):
            if os.path.samefile(reference, path):
                raise StoreError(f"-o {path} is the reference itself", hint="Name another file for its features.")
        if not (self.overwrite or self.resume):
            raise StoreError(
                f"{path} exists already", hint="Use --resume to keep what is in it, or --overwrite to replace it."
            )

    def _held(self, reference: str, path: str) -> dict[str, Features]:
        """What a file holds already of this very picture, by identity."""
        from visq.features import read_features

        try:
            entries = read_features(path)
            with Path(reference).open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        except (VisqError, OSError):  # to be made again, or to be reported where the picture is read
            return {}
        same = (os.path.basename(reference), sha256)
        return {one.identity: one for one in entries if (one.source, one.sha256) == same}

    def _extract(self, opened: Any, reference: str, metrics: list[Metric], *, required: bool) -> list[Features]:
        """Of metrics that nobody asked for by name, those that a small picture is too small for are left out."""
        features, left_out, reason = [], [], None
        for metric in metrics:
            try:
                features.append(metric.extract(opened))
            except SizeError as error:
                if self.asked:
                    raise
                left_out.append(metric.spec.id)
                reason = error
        if reason and required and not features:
            raise reason
        if left_out and self.notes:
            say(f"{name(reference)}: too small for {', '.join(left_out)}, left out")
        return features


def _make_folder(folder: str) -> None:
    try:
        if folder:
            os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder} cannot be made: {error.strerror}") from None


def walk_features(folder: str) -> Iterator[Found]:
    """Files of features under a folder."""
    for found in Finder(all_files=True).walk(folder):
        if found.problem or found.path.lower().endswith(SUFFIX):
            yield found


__all__ = ["command", "walk_features"]
