"""`visq fit`: the read-out of a system is fitted on a rated database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING, Any

import click

from visq.cli import exits
from visq.cli.interrupts import Interruptible
from visq.cli.messages import counted, say
from visq.errors import OptionError

if TYPE_CHECKING:
    from visq.systems.readout.fitting import Report

_EXAMPLES = """\b
Examples:
  visq fit --list
  visq fit reiqa quality=quality/best.safetensors content=content/best.safetensors \\
      --data biq2021=/data/biq -o reiqa.safetensors
  visq fit reiqa quality=quality_aware_r50.pth content=content_aware_r50.pth --data koniq10k=koniq -o koniq.safetensors
  visq fit reiqa quality=q.safetensors reference=true --data kadid10k=kadid --split 0 -o full_reference.safetensors
"""

_EXITS = """\b
Exit codes:
  0    the file was written
  2    wrong usage, data, weights or extras that lack, a file that is there already: nothing was written
  130  interrupted by Ctrl-C; 143 by SIGTERM. With --cache the same command goes on.
"""


@click.command(name="fit", epilog=f"{_EXAMPLES}\n{_EXITS}")
@click.argument("system", metavar="SYSTEM", required=False)
@click.argument("options", metavar="[OPTION=VALUE]...", nargs=-1)
@click.option("--data", metavar="DATABASE[:LABELS]=ROOT", help="Rated pictures, and the folder they lie in.")
@click.option("-o", "--output", metavar="FILE", default="", help="File to write.")
@click.option("--split", type=click.IntRange(min=0, max=9), metavar="K",
              help="One of the ten fixed splits.  [default: the official one]")  # fmt: skip
@click.option("--alphas", default="geom:1e-3:1e3:100", show_default=True, metavar="geom:LEAST:MOST:COUNT|A,...",
              help="Strengths of the regression to choose from.")  # fmt: skip
@click.option("--splits", type=click.IntRange(min=1), default=10, show_default=True, metavar="N",
              help="Divisions of the training part that the strength is chosen by.")  # fmt: skip
@click.option("--validation", type=click.FloatRange(min=0, max=1, max_open=True), default=0.0, show_default=True,
              metavar="SHARE", help="Contents of the training part to leave out, drawn as trainings draw their "
              "validation part.")  # fmt: skip
@click.option("--calibration", type=click.FloatRange(min=0, max=1, max_open=True), default=0.0, show_default=True,
              metavar="SHARE", help="Likewise their calibration part.")  # fmt: skip
@click.option("--raw", is_flag=True, help="Do not standardise the features.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N", help="Of all divisions.")
@click.option("--cache", metavar="FOLDER", help="Keep features there: the same command goes on where it was ended.")
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@click.option("--list", "listing", is_flag=True, help="List the systems and their options.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with what came of it.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def command(**given: Any) -> int:
    """Fit the read-out of a system on a rated database.

    SYSTEM makes features of pictures by networks that are not changed; a ridge regression makes scores of them. Its
    strength is chosen inside the training part, by content; the test part is not opened. FILE then holds all that
    scoring needs. Needs: pip install "visq[torch]".
    """
    if given["listing"]:
        return _list()
    if not given["system"]:
        raise click.UsageError("SYSTEM is missing: `visq fit --list` lists them")
    for name, flag in (("data", "--data DATABASE=ROOT"), ("output", "-o FILE")):
        if not given[name]:
            raise click.UsageError(f"{flag} is missing")
    from visq.systems.readout import systems

    systems.get(given["system"])
    options = _options(given["options"])
    with Interruptible() as interruptible:
        try:
            report = _fit(options, given)
        except KeyboardInterrupt:
            say("interrupted: nothing was written" + ("; features are kept" if given["cache"] else ""))
            return interruptible.exit_code
    _tell(report, given)
    return exits.OK


def _fit(options: dict[str, str], given: dict[str, Any]) -> Report:
    from visq.bench.plan import source
    from visq.datasets.reader import dataset
    from visq.paths import expanded
    from visq.systems.readout.fitting import check_target, fit_readout
    from visq.train.data.work import Work, shown

    check_target(expanded(given["output"]), overwrite=given["overwrite"])
    if "=" not in given["data"]:
        raise OptionError("--data names no database", expected="DATABASE=ROOT (biq2021=/data/biq)", got=given["data"])
    named = source(given["data"])
    rated = dataset(named.name, named.root, labels=named.labels)
    chosen: dict[str, Any] = {name: given[name] for name in ("split", "alphas", "splits", "validation", "calibration",
                                                             "seed", "cache", "overwrite")}  # fmt: skip
    chosen |= {"options": options, "standardise": not given["raw"]}
    if given["quiet"] or given["as_json"]:
        return fit_readout(given["system"], rated, given["output"], work=Work(), **chosen)
    with shown("pictures") as work:
        return fit_readout(given["system"], rated, given["output"], work=work, **chosen)


def _options(texts: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"{text!r} is not OPTION=VALUE")
        if name.strip() in found:
            raise click.UsageError(f"{name.strip()} is given twice")
        found[name.strip()] = value
    return found


def _list() -> int:
    from visq.systems.readout.systems import SYSTEMS

    for name, one in SYSTEMS.items():
        click.echo(f"{name}  {one.about}")
        width = max(len(option.name) for option in one.options)
        for option in one.options:
            default = "" if option.default is None else f" [{str(option.default).lower()}]"
            click.echo(f"  {option.name:<{width}}  {option.help}{default}")
    return exits.OK


def _tell(report: Report, given: dict[str, Any]) -> None:
    if given["as_json"]:
        from visq.systems.readout.fitting import as_data

        click.echo(json.dumps(as_data(report), indent=2))
    elif not given["quiet"]:
        part = "the official test part" if report.split is None else f"the test part of split {report.split}"
        click.echo(f"{report.file}: {report.scale}")
        click.echo(
            f"  fitted on   {counted(report.pictures, 'picture')} of {counted(report.contents, 'content')}, "
            f"{report.features} features; {part} was not opened"
        )
        click.echo(f"  strength    {report.alpha:.4g}")
        click.echo(f"  agreement   SRCC {report.srcc:.4f}, the median over {counted(given['splits'], 'division')}: "
                   "chosen by it, so no figure to publish")  # fmt: skip
        click.echo(f"  use it as   -m {quote(f'{report.metric}:model={report.file}')}")
        if "," in str(report.file):
            say("a comma in -m parts one metric from the next: rename the file before you name it there")
    if report.at_an_end and not given["quiet"]:
        say("the strength lies at an end of those that were tried: --alphas may reach further")


__all__ = ["command"]
