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
from visq.types import Weights
from visq.weights import VARIABLE, check_hash, hash_is_whole, inventory, places

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
    """List all files: state, size, where they come from, licence, and the metrics and networks that need them.

    State: `ships` with visq, `found`, `missing`, or `not needed`, where another file with the same parameters is there.
    Of the SHA-256 of some files only the first digits are published
    (column HASH): they are unverified weights.
    """
    listed = inventory.items()
    if as_json:
        click.echo(json.dumps([_fields(item) for item in listed], indent=2))
        return
    rows = [
        (w.filename, _state(item), _size(item.path), _from(item), _digits(w), w.licence, item.users)
        for item in listed
        for w in (item.weights,)
    ]
    _print_table(("FILE", "STATE", "SIZE", "FROM", "HASH", "LICENCE", "FOR"), rows)


@command.command("where")
@click.argument("name", required=False)
def where_command(name: str | None) -> int:
    """Print the folders that are searched, or the paths of the files of NAME: a metric, a network or a file."""
    if name is None:
        labels = [f"${VARIABLE}"] * (len(places()) - 2) + ["package", "cache"]
        for label, place in zip(labels, places(), strict=True):
            click.echo(f"{label:<15}{place}{'' if place.is_dir() else '  (not there)'}")
        return exits.OK
    needs = inventory.named(name)
    if not needs:
        click.echo(f"{name} needs no files")
    for need in needs:
        found = need.found
        if found is None:
            say(_missing(need))
        else:
            click.echo(str(found[1]))
    return exits.OK if all(need.found for need in needs) else exits.SOME_FAILED


@command.command("verify")
@click.argument("names", metavar="[NAME|FILE]...", nargs=-1)
@_json
def verify_command(names: tuple[str, ...], as_json: bool) -> int:
    """Check files from end to end: SHA-256, structure, and that every number in them is finite.

    Without names, all files that are there; those that are not are told and are no mistake. A FILE may be any file of
    parameters on the disk; one whose name visq does not know has no hash to be compared with.
    """
    rows = _verified(names)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    else:
        for row in rows:
            click.echo(f"{row['state']:<8} {row['file']}  {row['detail']}")
    failed = [row for row in rows if row["state"] == "wrong" or (names and row["state"] == "missing")]
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
    wanted = _everything() if everything else [need for name in names for need in inventory.named(name)]
    if not wanted:
        click.echo(f"{', '.join(names)}: no files are needed")
        return exits.OK
    failed = 0
    with Interruptible() as interruptible:
        try:
            for need in dict.fromkeys(wanted):
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
    from visq.weights.fetching import fetch

    found = need.found if to is None else None
    weights = found[0] if found is not None else need.offered
    bar = _Bar(weights.filename)
    try:
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
        if Path(name).is_file():
            rows.append(_verify(known.get(Path(name).name), Path(name)))
            continue
        for need in inventory.named(name):
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
        if weights is None:
            told = "no hash is known for it"
        else:
            check_hash(path, weights)
            told = "SHA-256 as in the catalogue"
            if not hash_is_whole(weights):
                told = f"unverified weights: {_digits(weights)} of the SHA-256 in the catalogue"
        row["detail"] = f"{told}; {look_into(path)}; {path}"
    except VisqError as error:
        row |= {"state": "wrong", "detail": str(error)}
    return row


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


def _digits(weights: Weights) -> str:
    return "whole" if hash_is_whole(weights) else f"{len(weights.sha256)} digits" if weights.sha256 else "none"


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


def _print_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = [header, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(header) - 1)]
    room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in table:
        line = "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        click.echo(line[: room - 3] + "..." if room and len(line) > room else line)
