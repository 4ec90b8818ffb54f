"""`visq list`: what can be measured."""

from __future__ import annotations

import json
import re
import shutil
import sys
from typing import Any

import click

from visq import catalog
from visq.types import MetricSpec

_KINDS = {"fr": "full reference", "rr": "reduced reference", "nr": "no reference", "video": "video, full reference"}


@click.command("list")
@click.option(
    "--kind",
    type=click.Choice(list(_KINDS)),
    help="Only full-reference (fr), reduced-reference (rr), no-reference (nr) or video metrics.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array with every field of every metric.")
def command(kind: str | None, as_json: bool) -> None:
    """List the metrics.

    Columns: name, kind, which direction is better, range, what is looked at (luma or rgb), smallest side in
    pixels, paper. `visq show METRIC` tells all about one of them. In a pipe the lines are not shortened.
    """
    specs = catalog.specs(kind)
    if as_json:
        click.echo(json.dumps([spec_fields(spec) for spec in specs], indent=2))
        return
    rows = [(s.id, s.kind, direction(s), range_text(s), s.input.colour, str(s.min_side), short_paper(s)) for s in specs]
    header = ("METRIC", "KIND", "BETTER", "RANGE", "INPUT", "MIN SIDE", "PAPER")
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header) - 1)]
    terminal = sys.stdout.isatty()
    room = shutil.get_terminal_size().columns if terminal else None
    for number, row in enumerate((header, *rows)):
        line = "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        if room and len(line) > room:
            line = line[: room - 3] + "..."
        click.echo(click.style(line, bold=True) if terminal and number == 0 else line)
    if terminal:
        click.echo(f"\nWithout -m: {', '.join(catalog.DEFAULT_NO_REFERENCE)} for images alone, "
                   f"{', '.join(catalog.DEFAULT_FULL_REFERENCE)} with a reference.")  # fmt: skip


def short_paper(spec: MetricSpec) -> str:
    """First author and year where the reference has them: `Wang 2004`."""
    author = re.match(r"(?:[A-Z][\w.-]* )*([A-Z][\w-]+)(?: et al\.?)?[,:]", spec.paper)
    years = re.findall(r"\b(?:19|20)\d\d\b", spec.paper)
    return f"{author[1]} {years[-1]}" if author and years else spec.paper


def kind_text(spec: MetricSpec) -> str:
    """The kind in words."""
    return _KINDS.get(spec.kind, spec.kind)


def direction(spec: MetricSpec) -> str:
    """Which way is better, in one word."""
    return "lower" if spec.lower_is_better else "higher"


def is_default(spec: MetricSpec) -> bool:
    """Whether it is measured where no metric is named."""
    return spec.id in (*catalog.DEFAULT_NO_REFERENCE, *catalog.DEFAULT_FULL_REFERENCE)


def range_text(spec: MetricSpec) -> str:
    """`0 to 1`, `0 or more`, `any`."""
    low, high = spec.value_range
    unbounded = float("inf")
    if low == -unbounded and high == unbounded:
        return "any"
    if high == unbounded:
        return f"{low:g} or more"
    if low == -unbounded:
        return f"{high:g} or less"
    return f"{low:g} to {high:g}"


def spec_fields(spec: MetricSpec) -> dict[str, Any]:
    """A spec as JSON takes it: no infinity (null), lists for tuples, presets as an object."""
    from dataclasses import asdict

    fields = asdict(spec)
    for name in ("value_range", "map_range"):
        if fields[name] is not None:
            fields[name] = [v if abs(v) != float("inf") else None for v in fields[name]]
    fields["presets"] = dict(spec.presets)
    fields["identity"] = spec.identity()
    fields["default"] = is_default(spec)
    return fields
