"""`visq distort --list`: what can be done to a picture."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

from visq.distortions import registry
from visq.distortions.spec import Bank, BankEntry, DistortionSpec
from visq.distortions.synth.plan import EVERY

_DISTORTIONS = ("NAME", "FAMILY", "LEVELS 1 TO 5", "UNIT", "NOTES")
_ENTRIES = ("NAME", "TYPE", "DISTORTION", "LEVELS 1 TO 5", "UNIT", "NOTES")


def show(bank: str | None, *, as_json: bool) -> None:
    """Print the distortions, or those of a bank: a line each, or one JSON array."""
    chosen = None if bank is None or registry.plain_name(bank) == EVERY else registry.bank(bank)
    if as_json:
        found = [asdict(one) for one in registry.specs()] if chosen is None else [asdict(one) for one in chosen.entries]
        click.echo(json.dumps([_plain(one) for one in found], indent=2))
    elif chosen is None:
        _print(_DISTORTIONS, [_row(spec) for spec in registry.specs()])
    else:
        _print(_ENTRIES, [_entry_row(chosen, entry) for entry in chosen.entries])


def _row(spec: DistortionSpec) -> tuple[str, ...]:
    return spec.id, spec.family, _amounts(spec.amounts), spec.unit, _notes(spec, monotone=spec.monotone)


def _entry_row(bank: Bank, entry: BankEntry) -> tuple[str, ...]:
    spec = registry.get(entry.distortion)
    unit = "PSNR in dB" if entry.search is not None else spec.unit
    notes = _notes(spec, monotone=entry.monotone, evidence=entry.evidence)
    return bank.name(entry), entry.name, spec.id, _amounts(entry.amounts), unit, notes


def _notes(spec: DistortionSpec, *, monotone: bool, evidence: str = "") -> str:
    notes = ["random"] if spec.random else []
    notes += [] if monotone else ["severity does not rise with the level"]
    notes += [f"needs visq[{spec.extra}]"] if spec.extra else []
    notes += [f"levels {evidence}"] if evidence and evidence != "read" else []
    return ", ".join(notes)


def _amounts(amounts: Sequence[float]) -> str:
    return " ".join(f"{amount:g}" for amount in amounts)


def _print(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Columns; on a terminal a line is cut at its edge."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header) - 1)]
    terminal = sys.stdout.isatty()
    room = shutil.get_terminal_size().columns if terminal else None
    for number, row in enumerate((header, *rows)):
        line = "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]).rstrip()
        if room and len(line) > room:
            line = line[: room - 3] + "..."
        click.echo(click.style(line, bold=True) if terminal and number == 0 else line)


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """A spec as JSON takes it: no infinity (null), options as an object."""
    plain = dict(fields)
    if plain.get("limits"):
        plain["limits"] = [end if abs(end) != float("inf") else None for end in plain["limits"]]
    plain["options"] = dict(plain["options"])
    return plain


__all__ = ["show"]
