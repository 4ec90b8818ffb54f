"""`visq dataset`: the rated databases visq knows, and whether a copy of one is complete."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import click

from visq.cli import exits
from visq.datasets.registry import get, specs
from visq.datasets.spec import DatasetSpec, Labels

_KINDS = {
    "fr": "images with references",
    "nr": "images alone",
    "pairs": "choices between two images",
    "stereo": "stereo pairs",
    "video": "videos",
}
_EPILOG = """\b
Examples:
  visq dataset list --kind fr
  visq dataset show tid2013
  visq dataset check tid2013 ~/data/tid2013 --full --jobs 8
  visq dataset splits kadid10k --root ~/data/kadid10k --json > splits.json

\b
Exit codes:
  0    done; what was checked can be used
  1    check found files missing, damaged or of a wrong size, or rows lacking
  2    wrong usage, or no label file that can be read
"""


class _Group(click.Group):
    """`synth` is imported when it is asked for: it brings the distortions with it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), "synth"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "synth":
            from visq.cli.dataset_synth import command as synth

            return synth
        return super().get_command(ctx, cmd_name)


@click.group("dataset", cls=_Group, epilog=_EPILOG)
def command() -> None:
    """Rated image and video databases: what they are, where their files lie, and whether a copy is complete.

    visq brings no pictures and no scores. Ask for a database at its home page (`show`), unpack it, and name its folder.
    """


def _known(_: click.Context, __: click.Parameter, name: str) -> DatasetSpec:
    return get(name)


_name = click.argument("spec", metavar="NAME", callback=_known)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@command.command("list")
@click.option("--kind", type=click.Choice(list(_KINDS)), help="; ".join(f"{k}: {v}" for k, v in _KINDS.items()) + ".")
@_json
def list_command(kind: str | None, as_json: bool) -> None:
    """List the databases that visq can read."""
    found = specs(kind)
    if as_json:
        click.echo(json.dumps([fields(spec) for spec in found], indent=2))
        return
    rows = [(s.id, s.kind, s.score_name, direction(s), _count(s.count), _count(s.contents), s.summary) for s in found]
    header = ("DATABASE", "KIND", "SCORE", "BETTER", "SAMPLES", "CONTENTS", "WHAT IT HOLDS")
    _print_table(header, rows)


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header) - 1)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in (header, *rows):
        line = "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        click.echo(line[: room - 3] + "..." if room and len(line) > room else line)


@command.command("show")
@_name
@_json
def show_command(spec: DatasetSpec, as_json: bool) -> None:
    """Everything about one database: scale and direction, files, official split, licence, paper."""
    if as_json:
        click.echo(json.dumps(fields(spec), indent=2))
        return
    click.echo(f"{spec.title}: {spec.summary}\n")
    for label, value in facts(spec):
        lines = textwrap.wrap(value, 80, break_on_hyphens=False, break_long_words=False) or [""]
        click.echo(f"{label:<16}{lines[0]}")
        for line in lines[1:]:
            click.echo(" " * 16 + line)


@command.command("check")
@_name
@click.argument("root", metavar="ROOT", type=click.Path())
@click.option("--full", is_flag=True, help="Decode every pixel; otherwise only headers are read.")
@click.option("--labels", default="", metavar="SET", help="Which set of scores, where there are several.")
@click.option("-j", "--jobs", type=click.IntRange(min=0), default=0, help="Threads; 0 for one for each processor.")
@_json
def check_command(spec: DatasetSpec, root: str, full: bool, labels: str, jobs: int, as_json: bool) -> int:
    """Say what is missing, damaged, doubled, of a wrong size or too much in the copy of a database in ROOT."""
    from visq.cli.progress import Progress
    from visq.datasets.checker import check

    with Progress(not as_json, unit="files") as progress:

        def on_file() -> None:
            progress.advance()
            progress.tick()

        report = check(spec, root, full=full, jobs=jobs, labels=labels, on_file=on_file)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2))
    else:
        click.echo("\n".join(report.lines()))
    return exits.OK if report.ok else exits.SOME_FAILED


@command.command("splits")
@_name
@click.option("--root", metavar="ROOT", type=click.Path(), help="Of a copy on disk, instead of the list that ships.")
@click.option("--labels", default="", metavar="SET", help="Which set of scores of the copy, where there are several.")
@_json
def splits_command(spec: DatasetSpec, root: str | None, labels: str, as_json: bool) -> None:
    """The ten fixed splits by content: how many of each part, or with --json which.

    With --root the indices of the samples are told, without it the contents.
    """
    parts = _of_copy(spec, root, labels) if root is not None else _of_contents(spec)
    if as_json:
        click.echo(json.dumps({"dataset": spec.id, "splits": parts}, indent=None))
        return
    unit = "samples" if root is not None else "contents"
    _print_table(
        ("SPLIT", "TRAIN", "VAL", f"TEST ({unit})"),
        [(str(k), *(str(len(names)) for names in split.values())) for k, split in enumerate(parts)],
    )


def _of_copy(spec: DatasetSpec, root: str, labels: str) -> list[dict[str, list[Any]]]:
    from visq.datasets import splits
    from visq.datasets.reader import dataset

    data = dataset(spec, root, labels=labels)
    return [{part: found.tolist() for part, found in data.split(k).items()} for k in range(splits.COUNT)]


def _of_contents(spec: DatasetSpec) -> list[dict[str, list[Any]]]:
    from visq.datasets import splits

    listed = splits.shipped(spec.splits_of or spec.id)
    if listed is None:
        raise click.UsageError(
            f"the contents of {spec.id} do not ship with visq: name a copy of it with --root, from whose labels they "
            "are read."
        )
    parts: list[dict[str, list[Any]]] = [{part: [] for part in splits.PARTS} for _ in range(splits.COUNT)]
    for content, numbers in listed.items():
        for split, number in zip(parts, numbers, strict=True):
            split[splits.PARTS[number]].append(content)
    return parts


def direction(spec: DatasetSpec | Labels) -> str:
    """Which way is better, in one word."""
    return "lower" if spec.lower_is_better else "higher"


def _count(number: int) -> str:
    return str(number) if number else "?"


def range_text(low: float, high: float) -> str:
    """`0 to 1`, or that the scale has no ends."""
    infinity = float("inf")
    if low == -infinity and high == infinity:
        return "without ends"
    return f"{low:g} to {high:g}"


def facts(spec: DatasetSpec) -> list[tuple[str, str]]:
    """Label and value of each fact of a database."""
    sizes = ", ".join(f"{width}x{height}" for width, height in spec.sizes[:6])
    sizes += ", ..." if len(spec.sizes) > 6 else ""
    rows = [
        ("name", spec.id),
        ("aliases", ", ".join(spec.aliases)),
        ("kind", _KINDS[spec.kind]),
        ("score", f"{spec.score_name}, {direction(spec)} is better, {range_text(spec.low, spec.high)}"),
        ("samples", _count(spec.count) + (f" of {spec.contents} contents" if spec.contents else "")),
        ("sizes", sizes),
        ("images", _folders(spec.images)),
        ("references", _folders(spec.references) if spec.reference else ""),
    ]
    rows += [("labels", _labels_text(labels)) for labels in spec.labels]
    rows += [
        ("official split", spec.official or "none"),
        ("fixed splits", "ten by content: " + ", ".join(f"{share:.0%}" for share in spec.fractions)),
        ("layout", f"{spec.layout}: {spec.source}" if spec.source else spec.layout),
        ("licence", spec.licence),
        ("paper", spec.paper),
        ("home page", spec.homepage),
        ("note", spec.note),
    ]
    return [(label, value) for label, value in rows if value]


def _folders(folders: Iterable[str]) -> str:
    return " or ".join(folder or "the folder itself" for folder in folders)


def _labels_text(labels: Labels) -> str:
    files = ", ".join(table.file.replace("|", " or ") for table in labels.tables) or "made by a reader of its own"
    changes = []
    if labels.score_name is not None or labels.lower_is_better is not None:
        changes.append(labels.score_name or "")
    if labels.lower_is_better is not None:
        changes.append(f"{direction(labels)} is better")
    if labels.low is not None and labels.high is not None:
        changes.append(range_text(labels.low, labels.high))
    note = " ".join(part for part in (", ".join(c for c in changes if c), labels.note) if part)
    return f"{labels.id}: {files}" + (f". {note}" if note else "")


def fields(spec: DatasetSpec) -> dict[str, Any]:
    """A row of the table as JSON takes it: no infinity (null)."""
    from dataclasses import asdict

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(one) for one in value]
        return None if isinstance(value, float) and abs(value) == float("inf") else value

    converted: dict[str, Any] = plain(asdict(spec))
    return converted
