"""`visq halves`: does half of an image decide what models say of it?"""

# Names stay the text that was given: pathlib would rewrite "./a".
# ruff: noqa: PTH112, PTH113, PTH122

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from visq.cli import exits, metric_option
from visq.cli.given import adding, as_given, was_given
from visq.cli.interrupts import Interruptible
from visq.cli.messages import as_options, counted, say
from visq.cli.progress import Progress
from visq.errors import OptionError, StoreError, VisqWarning

if TYPE_CHECKING:
    from visq.bench.plan import Source
    from visq.datasets import Dataset
    from visq.explain.study.models import Model
    from visq.explain.study.results import Results

_EXAMPLES = """\b
Examples:
  visq halves biq2021=/data/BIQ2021 --split official:test --images 200 -m visq_nr,cnniqa,nima,brisque -o halves.html
  visq halves koniq10k=koniq -m pmt:model=a.safetensors,pmt:model=b.safetensors,visq_nr -o halves.html -o halves.json
  visq halves kadid10k=kadid --split 0:test --images 50 -m visq_nr,brisque --level pixel --cells 24 -o trial.csv
"""

_EXITS = """\b
Exit codes:
  0    every picture was judged by every model
  1    some were not (they are left out for all models), or a result could not be written
  2    wrong usage, weights or files that lack, outputs that exist: nothing was judged
  130  interrupted by Ctrl-C; 143 by SIGTERM. What was measured is kept: the same command goes on.
"""

_ENDINGS = (".html", ".json", ".csv")
_PICTURES = ".images.csv"
_SAID = 10
_OPTIONS = (
    click.option("-m", "--metrics", "models", required=True, multiple=True, metavar="METRIC[:OPTION=VALUE],...",
                 help="The models: metrics that judge an image alone; repeat it or use commas. The claims ask for a "
                      "transformer whose positions can be masked (pmt) and two other networks or more."),
    click.option("--split", default="", metavar="official:PART|K[:PART]",
                 help="Pictures of a part alone: of the official split, or of one of the ten fixed ones (0 to 9). "
                      "PART is test unless given."),
    click.option("--images", "count", type=click.IntRange(min=3), metavar="N",
                 help="So many pictures of it, chosen by --seed and their names alone; more only add to fewer.  "
                      "[default: all]"),
    click.option("-o", "--output", "outputs", required=True, multiple=True, metavar="FILE",
                 help="report.html, report.json or table.csv; repeat it for several. NAME.images.csv gets the scores "
                      "of every picture."),
    click.option("--overwrite", is_flag=True, help="Replace files that exist. The same command replaces its own "
                 "without it."),
    click.option("--cache", default="", metavar="FILE",
                 help="Where measurements are kept, so that the same command goes on.  [default: beside the first -o, "
                      "NAME.halves.sqlite]"),
    click.option("--level", type=click.Choice(["token", "pixel"]),
                 help="Hide what a model makes of a cell, or fill cells of the picture.  "
                      "[default: token for every model that has it, pixel for the others]"),
    click.option("--fill", type=click.Choice(["mean", "blur", "noise"]), default="mean", show_default=True,
                 help="Level pixel: what hidden cells show."),
    click.option("--cells", type=click.IntRange(2, 192), metavar="N",
                 help="The most cells of a picture.  [default: 192 tokens (loda 64), 48 squares of pixels]"),
    click.option("--estimator", type=click.Choice(["half", "loo"]),
                 help="Of the importance: random halves and a fit, or one cell left out at a time.  [default: half; "
                      "loo for models whose score is a mean over cells (cnniqa, nima), of which halves tell nothing, "
                      "and for loda, of which each costs fifteen passes]"),
    click.option("--masks", type=click.IntRange(min=4), metavar="N",
                 help="Random halves that tell the importance of a picture, by `half`.  [default: 20 a cell; at level "
                      "token to 80 where two sets of them disagree]"),
    click.option("--samples", type=click.IntRange(min=100), default=2000, show_default=True, metavar="N",
                 help="Draws of pictures behind each interval."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
                 help="Of the choice of pictures, of masks and draws."),
    click.option("-q", "--quiet", is_flag=True, help="No progress, tables or notes; errors are still printed."),
)  # fmt: skip


@click.command(name="halves", epilog=f"{_EXAMPLES}\n{_EXITS}")
@click.argument("dataset", type=click.UNPROCESSED, metavar="DATASET[:LABELS][=ROOT]")
@adding(_OPTIONS)
def command(**given: Any) -> int:
    """Tell whether half of an image decides what models say of it, by what people said of the images.

    DATASET is a database that `visq dataset list` names, and ROOT the folder it lies in (by default a folder of its
    name). Every model tells the critical half of each picture from the trivial one; what it then says of whole
    pictures, of either half, and of random halves is held against people, and so are the halves that the other models
    told apart. Importance is held against saliency, frequency and objectness.

    The report has the four claims of the paper this follows (arXiv 2301.12891), each confirmed, contradicted,
    undecided, or not testable with these models, with its rule and the figures behind it.
    """
    given["cache"] = given["cache"] or os.path.splitext(given["outputs"][0])[0] + ".halves.sqlite"
    if given["split"] == "" and was_given("split"):
        raise OptionError("--split is empty", expected="official:PART, or K or K:PART")
    with warnings.catch_warnings(), Interruptible() as interruptible:
        warnings.simplefilter("ignore", VisqWarning)  # notes of the database and of single pictures
        try:
            return _halves(given, interruptible.check)
        except KeyboardInterrupt:
            say("interrupted: what was measured is kept; the same command goes on with it")
            return interruptible.exit_code


def _halves(given: dict[str, Any], check: Callable[[], None]) -> int:
    from visq.bench import plan as planning
    from visq.bench.provenance import made
    from visq.explain.study.pictures import choose
    from visq.explain.study.running import run

    source = planning.source(given["dataset"])
    _check_outputs(given, source.root)
    models = _models(given)
    dataset = planning.part_of(source, given["split"])
    pictures = choose(dataset, given["count"] or 0, given["seed"])
    about = _about(source, dataset, len(pictures), given)
    if not given["quiet"]:
        say(
            f"{about['title']}: {counted(len(pictures), 'picture')} of {about['of']} by {counted(len(models), 'model')}"
        )
        if (given["count"] or 0) > len(pictures):
            say(f"there are no {given['count']} pictures: all are taken")
    progress = Progress(not given["quiet"], unit="pictures by a model")

    def tick() -> None:
        check()
        progress.tick()

    def done() -> None:
        check()
        progress.advance()
        progress.tick()

    try:
        with progress:
            found = run(
                models, pictures, labels_lower_is_better=dataset.spec.lower_is_better, samples=given["samples"],
                seed=given["seed"], cache=given["cache"], about=about, on_total=progress.expect, on_done=done,
                on_tick=tick,
            )  # fmt: skip
    except StoreError as error:
        if not progress.done:
            raise
        say(f"{error} What was measured before is kept; the same command goes on with it.")
        return exits.SOME_FAILED
    found = replace(found, made=made(as_given()))
    code = max(_say_failures(found), _write(found, given["outputs"]))
    if not given["quiet"]:
        _show(found)
        say(f"written: {', '.join(given['outputs'])}, {_pictures(given['outputs'][0])}")
    return code


def _models(given: dict[str, Any]) -> list[Model]:
    """The models, with names that differ."""
    from visq.catalog.naming import value_text
    from visq.explain.study.models import model

    found: dict[str, Model] = {}
    settings = {name: given[name] for name in ("cells", "estimator", "masks")}
    for text in given["models"]:
        for name, options in metric_option.parse(text):
            shown = f"{name}:{','.join(f'{k}={value_text(v)}' for k, v in options.items())}" if options else name
            one = model(shown, level=given["level"], fill=given["fill"], **settings)
            if one.identity in [other.identity for other in found.values()]:
                continue
            one = replace(one, name=shown) if one.name in found else one
            found[one.name] = one
    return list(found.values())


def _about(source: Source, dataset: Dataset, count: int, given: dict[str, Any]) -> dict[str, Any]:
    spec = dataset.spec
    return {
        "dataset": source.name, "title": spec.title, "part": given["split"], "chosen": count, "of": len(dataset),
        "score": spec.score_name, "scores_lower_is_better": spec.lower_is_better, "licence": spec.licence,
        "seed": given["seed"],
    }  # fmt: skip


def _check_outputs(given: dict[str, Any], root: str) -> None:
    """Refuse what cannot be written, what is to be read, and to replace what was not asked for."""
    from visq.explain.study.tables import made_by_a_study
    from visq.probe.table import check_output

    outputs, cache = given["outputs"], given["cache"]
    for name in outputs:
        check_output(name, _ENDINGS)
    files = (*outputs, _pictures(outputs[0]))
    if len({os.path.realpath(name) for name in (*files, cache)}) <= len(files):
        raise OptionError("two outputs have one name", expected="a file for each", got=", ".join((*files, cache)))
    folder = Path(os.path.realpath(root))
    for name in files:
        if os.path.isdir(name):
            raise StoreError(f"{name} is a folder", hint="Give another name with -o.")
        if not os.path.lexists(name):
            continue
        ours = made_by_a_study(name)
        if not ours and folder in Path(os.path.realpath(name)).parents:
            raise StoreError(f"{name} belongs to the data to be read", hint="Give another name with -o.")
        if not given["overwrite"] and not (ours and os.path.isfile(cache)):
            raise StoreError(f"{name} exists already", hint="Use --overwrite to replace it.")


def _pictures(output: str) -> str:
    return os.path.splitext(output)[0] + _PICTURES


def _say_failures(found: Results) -> int:
    for one in found.failures[:_SAID]:
        say(f"{one.picture}: {one.model}: {as_options(one.reason)}")
    if len(found.failures) > _SAID:
        say(f"... and {len(found.failures) - _SAID} more: see not_judged in the JSON")
    if found.failures:
        say(f"{counted(len(found.failures), 'picture')} left out; the same command tries them again")
    return exits.SOME_FAILED if found.failures else exits.OK


def _write(found: Results, outputs: tuple[str, ...]) -> int:
    """Every file that can be written; returns the exit code."""
    from visq.explain.study import tables

    code = exits.OK
    for name in (*outputs, _pictures(outputs[0])):
        try:
            (tables.write if name in outputs else tables.write_pictures)(name, found)
        except StoreError as error:
            say(f"{error.message}. What was measured is kept: the same command writes it without measuring again.")
            code = exits.SOME_FAILED
    return code


def _show(found: Results) -> None:
    """Agreement of wholes and halves by model, and the verdicts."""
    from visq.cli import layout

    rows, parts = [], ("full", "critical", "random", "trivial")
    for one in found.splits:
        cells = [f"{one.srcc[part].estimate:.3f}" for part in parts]
        rows.append((one.judge if not one.crossed else f"{one.judge}, halves by {one.chooser}", cells))
    click.echo(layout.bold("SRCC with people"))
    titles = ["whole", *parts[1:]]
    layout.show(
        layout.names_and_numbers("model", titles, rows, layout.terminal_width(to_stderr=False)), to_stderr=False
    )
    click.echo("")
    for claim in found.claims:
        reason = f" ({claim.reason})" if claim.reason else ""
        click.echo(f"{claim.number}. {claim.claim} {claim.verdict}{reason}")
