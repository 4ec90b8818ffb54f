"""`visq probe`: how well distances inside pre-trained networks agree with people."""

# Names stay the text that was given: pathlib would rewrite "./a".
# ruff: noqa: PTH111, PTH112, PTH113, PTH122

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from visq.cli import exits
from visq.cli.given import adding, as_given
from visq.cli.interrupts import Interruptible
from visq.cli.messages import counted, say
from visq.cli.progress import Progress
from visq.errors import OptionError, StoreError, VisqWarning

if TYPE_CHECKING:
    from visq.probe.pairsets import PairSet
    from visq.probe.table import Table

_EXAMPLES = """\b
Examples:
  visq probe --nets vgg16,alexnet --data tid2013=/data/tid2013 -o report.html
  visq probe --nets vgg16 --layers relu4_1,relu5_1 --readout l2,cosine,stats --data kadid10k=kadid -o table.csv
  visq probe --nets vgg16,alexnet --random-twin --readout all --baselines psnr,ssim,lpips --data set -o report.html \\
      -o table.csv
  visq probe --nets vgg16@mine.safetensors --data pairs.csv -o table.json
"""

_EXITS = """\b
Exit codes:
  0    every pair was measured
  1    the result could not be written, or the run could not be finished
  2    wrong usage, weights or files that lack, outputs that exist: nothing was judged
  130  interrupted by Ctrl-C; 143 by SIGTERM. What was measured is kept: the same command goes on.
"""

_ENDINGS = (".html", ".csv", ".json", ".parquet")
_DISTANCES = ".distances.csv"
#: Lists of pairs in folders of one's own, and of `visq dataset synth`.
_LISTS = ("visq.csv", "manifest.csv")
_OPTIONS = (
    click.option("--nets", required=True, multiple=True, metavar="NET,...",
                 help="Networks: NET is the name of a backbone, `NAME-random` for random weights, `NAME@FILE` for "
                      "weights of your own."),
    click.option("--layers", default="all", show_default=True, metavar="TAP,...",
                 help="`all`: the input, every layer after its ReLU, pools and blocks; `every`: convolutions before it "
                      "too; or names of taps."),
    click.option("--readout", "readouts", default=("l2",), multiple=True, metavar="NAME,...", show_default=True,
                 help="l2, rms, cosine, l2_norm, minkowski_p, lpips_style, stats_mean, stats_std, stats_ms, gram, hist "
                      "(the last five: stats), concat, concat(TAP+TAP), relevance, relevance_nnls, relevance_greedy; "
                      "or all."),
    click.option("--data", required=True, multiple=True, metavar="ID[:LABELS]=ROOT|FOLDER|CSV",
                 help="A full-reference database of `visq dataset list` and its folder; a folder with visq.csv or made "
                      "by `visq dataset synth`; or a .csv with image, reference, score. Repeat it for several."),
    click.option("--baselines", default="psnr,ssim", show_default=True, metavar="METRIC,...",
                 help="Full-reference metrics that go into the same table; `none` for none."),
    click.option("--random-twin", is_flag=True, help="Each network once more with random weights, named -random."),
    click.option("--allow-random", is_flag=True,
                 help="Where public weights are not there, take random ones and say so in the name."),
    click.option("--exclude-contents", default="", metavar="NAME,...",
                 help="Contents to leave out, by name or by the number in it (25 for TID's synthetic picture)."),
    click.option("--limit", type=click.IntRange(min=1), metavar="N",
                 help="A trial on the first N contents of each database; every output says so."),
    click.option("-o", "--output", "outputs", required=True, multiple=True, metavar="FILE",
                 help="report.html, table.csv, table.json or table.parquet; repeat it for several. "
                      "NAME.distances.csv gets the distance of every pair."),
    click.option("--overwrite", is_flag=True, help="Replace files that exist. The same command replaces its own "
                 "without it."),
    click.option("--cache", default="", metavar="FILE",
                 help="Where measurements are kept, so that the same command goes on.  [default: beside the first -o, "
                      "NAME.probe.sqlite]"),
    click.option("--samples", type=click.IntRange(min=0), default=2000, show_default=True, metavar="N",
                 help="Draws of contents behind each interval."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
                 help="Of draws, rotations and random weights."),
    click.option("-q", "--quiet", is_flag=True, help="No progress, table or notes; errors are still printed."),
)  # fmt: skip


@click.command(name="probe", epilog=f"{_EXAMPLES}\n{_EXITS}")
@adding(_OPTIONS)
def command(**given: Any) -> int:
    """Tell how well distances inside pre-trained networks agree with people, layer by layer.

    Both pictures of a pair go through a network; a read-out turns their responses at a layer into a distance, and its
    correlation with people's scores is a row of the table, with an interval over contents. Nothing is trained, but for
    the read-outs named relevance, which are tested on contents they were not fitted on.

    The report has curves over layers, networks and read-outs side by side, agreement by kind of distortion, and the
    seven conclusions of the paper this follows (arXiv 2302.13345), each confirmed, wholly or in part, contradicted,
    undecided or not testable with what was measured.
    """
    given["cache"] = given["cache"] or _cache(given["outputs"][0])
    _check_outputs(given)
    with warnings.catch_warnings(), Interruptible() as interruptible:
        warnings.simplefilter("ignore", VisqWarning)  # notes of the databases say the same
        try:
            return _probe(given)
        except KeyboardInterrupt:
            say("interrupted: what was measured is kept; the same command goes on with it")
            return interruptible.exit_code


def _probe(given: dict[str, Any]) -> int:
    from visq.probe.networks import parse_nets
    from visq.probe.reading import readouts
    from visq.probe.running import made_by, run

    reading = [one.name for one in readouts(given["readouts"])]
    sets = [_pairs(text, given) for text in given["data"]]
    if not given["quiet"]:
        for one in sets:
            facts = f"{counted(len(one), 'pair')} of {counted(len(one.contents), 'content')}"
            say(f"{one.id}: {'; '.join((facts, *one.notes))}")
    nets, baselines = list(parse_nets(given["nets"])), _baselines(given["baselines"])
    progress = Progress(not given["quiet"], unit="pairs")
    try:
        with progress:
            table = run(
                nets, layers=given["layers"], readouts=reading, dataset=sets, baselines=baselines,
                random_twin=given["random_twin"], allow_random=given["allow_random"], samples=given["samples"],
                seed=given["seed"], cache=given["cache"], on_total=progress.expect, on_pair=progress.advance,
                on_tick=progress.tick,
            )  # fmt: skip
    except StoreError as error:
        if not progress.done:
            raise
        say(f"{error} What was measured before is kept; the same command goes on with it.")
        return exits.SOME_FAILED
    table = replace(table, made=made_by(as_given()))
    code = _write(table, given["outputs"])
    if not given["quiet"]:
        _show(table)
        for line in _skipped(table):
            say(line)
        if code == exits.OK:
            say(f"written: {', '.join(given['outputs'])}")
    return code


def _pairs(text: str, given: dict[str, Any]) -> PairSet:
    from visq.probe.pairsets import pairs

    name, equals, root = text.partition("=")
    excluded = [one for one in given["exclude_contents"].split(",") if one.strip()]
    if equals:
        name, _, labels = name.partition(":")
        if not name.strip() or not root:
            raise OptionError(f"--data {text!r} names no database", expected="ID=ROOT")
        found = pairs(name.strip(), root, labels=labels.strip(), exclude_contents=excluded)
    else:
        found = pairs(text, exclude_contents=excluded)
    return found.first_contents(given["limit"] or 0)


def _baselines(text: str) -> list[str]:
    from visq.catalog.naming import parse, value_text

    if text.strip() in ("", "none"):
        return []
    named = []
    for name, options in parse(text):
        shown = ",".join(f"{key}={value_text(value)}" for key, value in options.items())
        named.append(f"{name}:{shown}" if shown else name)
    return named


def _check_outputs(given: dict[str, Any]) -> None:
    """Refuse what cannot be written, what is to be read, and to replace what was not asked for."""
    from visq.probe.table import check_output, made_by_a_probe

    outputs, cache = given["outputs"], given["cache"]
    for name in outputs:
        check_output(name, _ENDINGS)
        if name.lower().endswith(".html"):
            from visq.probe import page

            page.check()
    files = (*outputs, _distances(outputs[0]))
    if len({os.path.realpath(name) for name in (*files, cache)}) <= len(files):
        raise OptionError("two outputs have one name", expected="a file for each", got=", ".join((*files, cache)))
    for name in files:
        if os.path.isdir(name):
            raise StoreError(f"{name} is a folder", hint="Give another name with -o.")
        if not os.path.lexists(name):
            continue
        ours = made_by_a_probe(name)
        if _is_data(name, given["data"], ours=ours):
            raise StoreError(f"{name} belongs to the data to be read", hint="Give another name with -o.")
        if not given["overwrite"] and not (ours and os.path.isfile(cache)):
            raise StoreError(f"{name} exists already", hint="Use --overwrite to replace it.")


def _is_data(name: str, data: tuple[str, ...], *, ours: bool) -> bool:
    """Whether a file that exists is a list of pairs, or lies in a database's folder and is no result (`ours`)."""
    path = os.path.realpath(name)
    for text in data:
        root = Path(os.path.realpath(os.path.expanduser(text.partition("=")[2] or text)))
        if path in (str(root), *(str(root / each) for each in _LISTS)) or (not ours and root in Path(path).parents):
            return True
    return False


def _cache(output: str) -> str:
    return f"{os.path.splitext(output)[0]}.probe.sqlite"


def _distances(output: str) -> str:
    return os.path.splitext(output)[0] + _DISTANCES


def _write(table: Table, outputs: tuple[str, ...]) -> int:
    """Every file that can be written; returns the exit code."""
    from visq.store.tables import replacing

    code = exits.OK
    for name in (*outputs, _distances(outputs[0])):
        try:
            if name not in outputs:
                with replacing(name) as file:
                    file.write(table.distances_as_csv().encode())
            elif name.lower().endswith(".html"):
                from visq.probe import page

                page.write(name, table)
            else:
                table.write(name)
        except StoreError as error:
            say(f"{error.message}. What was measured is kept: the same command writes it without measuring again.")
            code = exits.SOME_FAILED
    return code


def _show(table: Table) -> None:
    """The best layer of each network and read-out, and the metrics."""
    from visq.cli import layout
    from visq.probe.comparing import compare
    from visq.probe.table import BASELINE

    for dataset in table.sets:
        click.echo("")
        click.echo(layout.bold(table.sets[dataset].title))
        rows = [
            (line.best.net, line.best.readout, line.best.layer, *_figures(line.best))
            for line in compare(table, "readout", baselines=())
            if line.dataset == dataset
        ]
        rows += [(r.net, "metric", "", *_figures(r)) for r in table.where(dataset=dataset, goal=BASELINE)]
        for line in _columns([("network", "read-out", "best layer", "SRCC", "95 % over contents", "PLCC"), *rows]):
            click.echo(line)


def _figures(row: Any) -> tuple[str, str, str]:
    def shown(value: float | None) -> str:
        return "-" if value is None else f"{value:.3f}"

    between = "-" if row.ci_low is None else f"{row.ci_low:.3f} to {row.ci_high:.3f}"
    return shown(row.srcc), between, shown(row.plcc)


def _columns(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _skipped(table: Table) -> list[str]:
    """A line for each network, database and reason."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for one in table.skipped:
        layers = found.setdefault((one.dataset, one.net, one.reason), [])
        if one.layer not in layers:
            layers.append(one.layer)
    return [f"{dataset}: {net}: skipped {', '.join(layers)}: {why}" for (dataset, net, why), layers in found.items()]
