"""`visq weights`: which files of parameters there are, where they lie, whether they are right, and taking them."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from visq.cli import exits
from visq.cli.interrupts import Interruptible
from visq.cli.messages import counted, say
from visq.errors import VisqError
from visq.paths import hindrance, is_file
from visq.types import MetricSpec, Weights
from visq.weights import VARIABLE, check_hash, hash_is_whole, inventory, locate, noted_hash, places
from visq.weights.stand_in import has_torch, stand_in

_EPILOG = """\b
Examples:
  visq weights list
  visq weights fetch lpips
  visq weights fetch vgg16 --to ~/weights
  visq weights where deepwsd
  visq weights verify

\b
Exit codes:
  0    done; what was looked at is right
  1    a file that was named is missing, a file is wrong, or one could not be fetched
  2    wrong usage: a name that there is none of
  130  interrupted: what had not come whole is gone
"""


@click.group("weights", epilog=_EPILOG)
def command() -> None:
    """Files of parameters: which there are, where they lie, whether they are right, and how to get them.

    Small ones ship with visq. Those of networks do not: put them into a folder and name it in VISQ_WEIGHTS, or let
    `fetch` take them from the network into the cache. Nothing else in visq uses the network.
    """


_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@command.command("list")
@_json
def list_command(as_json: bool) -> None:
    """List all files: state, size, the metrics and networks that need them, licence, where they come from.

    State: `ships` with visq, `found`, `missing`, or `not needed`, where another file with the same parameters is there.
    Column CHECKED, what a file can be checked by: `scores`, its SHA-256, and scores made with it were compared with
    published ones; `hash`, its SHA-256 alone; `digits`, the first ones of it; `nothing`, where no hash is known: such
    a file is used as it is. A narrow terminal shows less; a pipe shows all, and --json whole licences too.
    """
    listed = inventory.items()
    if as_json:
        click.echo(json.dumps([_fields(item) for item in listed], indent=2))
        return
    rows = [
        (w.filename, _state(item), _size(item.path), item.users, _clause(w.licence), _from(item), _checked(w))
        for item in listed
        for w in (item.weights,)
    ]
    _print_table(("FILE", "STATE", "SIZE", "FOR", "LICENCE", "FROM", "CHECKED"), rows)


@command.command("where")
@click.argument("name", required=False)
def where_command(name: str | None) -> int:
    """Print the folders that are searched, or the paths of the files of NAME: a metric, a network or a file.

    Where torch is not installed, the exported network METRIC.onnx in one of these folders stands in for it and for the
    files of the metric; then its path is printed. A terminal shows licence and origin of each file too.
    """
    if name is None:
        labels = [f"${VARIABLE}"] * (len(places()) - 2) + ["package", "cache"]
        for label, place in zip(labels, places(), strict=True):
            why = hindrance(place)
            click.echo(f"{label:<15}{place}{f'  ({why})' if why else ''}")
        return exits.OK
    needs, spec = inventory.named(name), _metric(name)
    graph = _graph(spec)
    if graph is not None:
        click.echo(str(graph))
        _aside("an exported network, which stands in for torch")
        return exits.OK
    if not needs:
        click.echo(f"{name} needs no files")
    for need in needs:
        found = need.found
        if found is None:
            say(_missing(need))
        else:
            click.echo(str(found[1]))
            _aside(f"licence {found[0].licence}; {found[0].origin}")
    _tell_of_stand_in(spec)
    return exits.OK if all(need.found for need in needs) else exits.SOME_FAILED


@command.command("verify")
@click.argument("names", metavar="[NAME|FILE]...", nargs=-1)
@_json
def verify_command(names: tuple[str, ...], as_json: bool) -> int:
    """Check files from end to end: SHA-256, structure, and that every number in them is finite.

    Without names, all files that are there; those that are not are told and are no mistake. A FILE may be any file of
    parameters on the disk; one whose name visq does not know has no hash to be compared with. A file without a known
    hash is said to be not checked by hash, and is no mistake either. An exported network (.onnx) is right if visq wrote
    it and would run it; its numbers are not looked at.
    """
    rows = _verified(names)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            click.echo(f"{row['state']:<8} {row['file']}  {row['detail']}")
    failed = [row for row in rows if row["state"] == "wrong" or (names and row["state"] == "missing")]
    for name in dict.fromkeys(names):
        _tell_of_stand_in(None if is_file(Path(name)) else _metric(name))
    if failed:
        say(f"{counted(len(failed), 'file')} missing or wrong")
    return exits.SOME_FAILED if failed else exits.OK


@command.command("fetch")
@click.argument("names", metavar="NAME...", nargs=-1)
@click.option("--to", metavar="DIR", type=click.Path(file_okay=False), help="Keep the files here, not in the cache.")
@click.option("--all", "everything", is_flag=True, help="All files that have a public address: several gigabytes.")
def fetch_command(names: tuple[str, ...], to: str | None, everything: bool) -> int:
    """Take files from the network: those of a metric or a network, or a file by its name.

    They come from the address that `visq weights list` shows, their SHA-256 is checked while they come, and what is
    not right is not kept. A file that is there already is left alone. The licences are those of their authors.
    """
    if bool(names) == everything:
        raise click.UsageError("Name what to fetch, or give --all." if not names else "Give names or --all, not both.")
    named = _everything() if everything else [need for name in names for need in inventory.named(name)]
    # Two names may mean one file.
    wanted = list({_aim(need, to).filename: need for need in named}.values())
    if not wanted:
        click.echo(f"{', '.join(names)}: no files are needed")
        return exits.OK
    failed = 0
    with Interruptible() as interruptible:
        try:
            for need in wanted:
                failed += not _fetch(need, to)
        except KeyboardInterrupt:
            say("interrupted: what had not come whole is gone")
            return interruptible.exit_code
    if failed and len(wanted) > 1:
        say(f"{failed} of {counted(len(wanted), 'file')} could not be fetched")
    return exits.SOME_FAILED if failed else exits.OK


def _everything() -> list[inventory.Need]:
    needs = dict.fromkeys(item.need for item in inventory.items() if not item.weights.ships)
    return [need for need in needs if need.offered.hub or need.offered.url]


def _fetch(need: inventory.Need, to: str | None) -> bool:
    from visq.weights.fetching import fetch, there_already

    weights = _aim(need, to)
    found = need.found if to is None else None
    bar = _Bar(weights.filename)
    try:
        if found is not None and locate(weights) is None:
            got = there_already(weights, found[1])
        else:
            got = fetch(weights, to, bar.update)
    except VisqError as error:
        bar.clear()
        say(str(error))
        return False
    bar.clear()
    click.echo(f"{got.path}  {f'from {got.source}' if got.source else 'was there already'}")
    click.echo(f"  SHA-256 {got.sha256}{f'  ({got.note})' if got.note else ''}")
    if got.source:
        click.echo(f"  licence {weights.licence}; {weights.origin}")
    return True


def _aim(need: inventory.Need, to: str | None) -> Weights:
    """The file that is there, or else the one to be taken. A package has one that lies in none of our folders."""
    found = need.found if to is None else None
    return found[0] if found is not None else need.offered


def _metric(name: str) -> MetricSpec | None:
    """The metric that a name stands for; a file or a network of that name comes first."""
    from visq import backbones, catalog

    try:
        backbones.get(name.strip())
    except VisqError:
        try:
            return catalog.get(name.strip())
        except VisqError:
            return None
    return None


def _graph(spec: MetricSpec | None) -> Path | None:
    return stand_in(spec.id) if spec is not None and spec.graph else None


def _tell_of_stand_in(spec: MetricSpec | None) -> None:
    """What would do instead, where a metric rests on torch and neither that nor its exported network is here."""
    if spec is not None and spec.graph and not has_torch() and _graph(spec) is None:
        name = f"{spec.id}.onnx"
        say(
            f"torch is not installed. The file {name} in a folder of {VARIABLE} would stand in for it and for these "
            f"files: `visq export {spec.id} -o {name}` writes it where they are."
        )


def _aside(text: str) -> None:
    """For eyes only: a script reads paths."""
    if sys.stdout.isatty():
        click.echo(f"  {text}")


class _Bar:
    """How much of a file has come, on a terminal only."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = -1
        self._terminal = sys.stderr.isatty()

    def update(self, done: int, total: int) -> None:
        step = done * 100 // total if total else done // 1_000_000
        if self._terminal and step != self._shown:
            self._shown = step
            share = f"{step} % of {_bytes(total)}" if total else _bytes(done)
            click.echo(f"\r{self._name}  {share}\x1b[K", nl=False, err=True)

    def clear(self) -> None:
        if self._shown >= 0:
            click.echo("\r\x1b[K", nl=False, err=True)


def _verified(names: Sequence[str]) -> list[dict[str, Any]]:
    if not names:
        return [_verify(item.weights, item.path) for item in inventory.items() if _state(item) != "not needed"]
    rows = []
    known = {item.weights.filename: item.weights for item in inventory.items()}
    for name in names:
        if is_file(Path(name)):
            rows.append(_verify(known.get(Path(name).name), Path(name)))
            continue
        needs, graph = inventory.named(name), _graph(_metric(name))
        if graph is not None:
            rows.append(_verify(None, graph))
            continue
        for need in needs:
            weights, path = need.found or (need.offered, None)
            rows.append(_verify(weights, path))
    return rows


def _verify(weights: Weights | None, path: Path | None) -> dict[str, Any]:
    from visq.weights.checking import look_into

    if path is None:
        name = weights.filename if weights else ""
        return {"file": name, "path": None, "state": "missing", "detail": "in none of the folders searched"}
    row: dict[str, Any] = {"file": weights.filename if weights else str(path), "path": str(path), "state": "ok"}
    try:
        if weights is not None:
            check_hash(path, weights)
        row["checked_by"], told = _by(weights, path)
        row["detail"] = f"{told}; {look_into(path)}; {path}"
    except VisqError as error:
        row |= {"state": "wrong", "detail": str(error)}
    return row


def _by(weights: Weights | None, path: Path) -> tuple[str, str]:
    """What a file that `check_hash` lets pass was checked by: a word, and a clause."""
    if weights is not None and hash_is_whole(weights):
        return "hash", "SHA-256 as in the catalogue"
    digits = f", of which the catalogue has {len(weights.sha256)} digits" if weights and weights.sha256 else ""
    noted = noted_hash(path) if weights is not None else ""
    if weights is not None and noted and noted.startswith(weights.sha256):
        return "note", f"SHA-256 as noted when it was fetched{digits}"
    if digits:
        return "digits", f"only the first digits of the SHA-256 checked{digits}"
    return "nothing", "not checked by hash: no hash is known for it"


def _missing(need: inventory.Need) -> str:
    names = " or ".join(weights.filename for weights in need.files)
    way = need.offered
    hint = f"`visq weights fetch {way.filename}`" if way.hub or way.url else f"Its origin: {way.origin}."
    return f"{names} is missing. {hint}"


def _state(item: inventory.Item) -> str:
    if item.path is None:
        return "missing" if item.need.found is None else "not needed"
    return "ships" if item.weights.ships else "found"


def _from(item: inventory.Item) -> str:
    weights = item.weights
    if weights.ships:
        return "visq"
    return "hub" if weights.hub else "web" if weights.url else "package" if item.need.installed else "-"


def _checked(weights: Weights) -> str:
    """What a file can be checked by: scores go beyond a hash, and count where the hash says that it is that file."""
    if hash_is_whole(weights):
        return "scores" if weights.verified else "hash"
    return "digits" if weights.sha256 else "nothing"


def _clause(licence: str) -> str:
    """The name of a licence, without what is said about it."""
    return licence.partition(";")[0].partition(" for ")[0]


def _size(path: Path | None) -> str:
    return _bytes(path.stat().st_size) if path is not None else "?"


def _bytes(number: int) -> str:
    return f"{number / 1e6:.1f} MB" if number >= 1e5 else f"{number / 1e3:.1f} kB"


def _fields(item: inventory.Item) -> dict[str, Any]:
    from dataclasses import asdict

    path = item.path
    return {
        **asdict(item.weights),
        "metrics": list(item.metrics),
        "networks": list(item.networks),
        "instead_of": [w.filename for w in item.need.files if w != item.weights],
        "state": _state(item),
        "path": None if path is None else str(path),
        "bytes": None if path is None else path.stat().st_size,
        "whole_hash": hash_is_whole(item.weights),
    }


# Columns of `list`: two that may be cut short, how many always stand there, and what width the two should have.
_FILE, _FOR = 0, 3
_ALWAYS, _READABLE = 5, 56


def _print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """The table; on a terminal that is too narrow without its last columns, and with names cut short."""
    table = [header, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    if sys.stdout.isatty():
        widths = _fitting(widths, shutil.get_terminal_size().columns)
    for row in table:
        cells = [_cut(row[i], width, i == _FOR).ljust(width) for i, width in enumerate(widths)]
        click.echo("  ".join(cells).rstrip())


def _fitting(widths: list[int], room: int) -> list[int]:
    """Widths of the columns that a terminal has room for: FILE and FOR give way, and the last ones stay away."""
    least = {_FILE: 26, _FOR: 10}

    def spare(kept: list[int]) -> int:
        """What remains for FILE and FOR together."""
        return room - 2 * (len(kept) - 1) - sum(width for i, width in enumerate(kept) if i not in least)

    kept = list(widths)
    # Names that can be read are worth more than where a file comes from.
    while len(kept) > _ALWAYS and spare(kept) < min(_READABLE, widths[_FILE] + widths[_FOR]):
        kept.pop()
    left = max(spare(kept), sum(least.values()))
    kept[_FOR] = min(widths[_FOR], max(least[_FOR], left - widths[_FILE], left // 3))
    kept[_FILE] = min(widths[_FILE], left - kept[_FOR])
    return kept


def _cut(cell: str, width: int, many: bool) -> str:
    """A cell that is too long, without its middle, for names differ at both ends; a list without its end."""
    if len(cell) <= width:
        return cell
    tail = 0 if many else (width - 3) // 2
    return f"{cell[: width - 3 - tail]}...{cell[len(cell) - tail :]}"
