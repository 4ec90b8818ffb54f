"""`visq explain`: which parts of a picture decide on its score, and what they are."""

# Names stay the text that was given: pathlib would rewrite "./a".
# ruff: noqa: PTH103, PTH112, PTH118, PTH119, PTH120, PTH208

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from visq.cli import exits, metric_option
from visq.cli.given import adding, as_given
from visq.cli.messages import say, warnings_said
from visq.errors import OptionError, StoreError

if TYPE_CHECKING:
    from visq.api import Metric
    from visq.explain.explanation import Explanation

_EXAMPLES = """\b
Examples:
  visq explain photo.jpg -o why.html
  visq explain photo.jpg -m brisque -o why.html -o why.png
  visq explain copy.jpg --reference original.png -m ssim -o maps/
  visq explain photo.jpg -m piqe --fill blur --cells 96 --estimator half --json
"""

_EXITS = """\b
Exit codes:
  0    the picture was explained
  1    a file could not be written
  2    wrong usage, a picture that cannot be read or is not taken: nothing was made
  130  interrupted by Ctrl-C; 143 by SIGTERM. Files written before are whole.
"""

_ENDINGS = (".html", ".png", ".json")
#: What is explained where no metric is named: an image alone, and one with a reference.
DEFAULT, DEFAULT_WITH_REFERENCE = metric_option.DEFAULTS["nr"][0], "ssim"
_OPTIONS = (
    click.option("-m", "--metric", "model", metavar="METRIC[:OPTION=VALUE,...]", default="",
                 help="What judges it; `visq list` names them.  "
                      f"[default: {DEFAULT}; with a reference {DEFAULT_WITH_REFERENCE}]"),
    click.option("-r", "--reference", metavar="FILE", default="",
                 help="The pristine picture, for metrics that compare."),
    click.option("-o", "--output", "outputs", multiple=True, metavar="FILE|DIR",
                 help="page.html with everything; picture.png with everything; numbers.json; or a folder (there "
                      "already, or a name ending in /) that gets the page, the numbers and every picture by itself. "
                      "Repeat it for several."),
    click.option("--level", type=click.Choice(["token", "pixel"]),
                 help="Hide what the model makes of a cell, or fill cells of the picture.  "
                      "[default: token where the metric has it]"),
    click.option("--estimator", type=click.Choice(["half", "loo", "greedy"]),
                 help="Random halves and a fit; one cell left out at a time; or the least important taken away one by "
                      "one.  [default: half for tokens, loo for pixels, means over tokens, and loda]"),
    click.option("--fill", type=click.Choice(["mean", "blur", "noise", "reference"]),
                 help="Level pixel: what hidden cells show.  [default: reference where there is one, else mean]"),
    click.option("--cells", type=click.IntRange(2, 1024), metavar="N",
                 help="The most cells.  [default: 192 tokens (loda 64), 48 squares of pixels]"),
    click.option("--no-maps", is_flag=True, help="Leave out the maps that metrics have of their own."),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of masks and noise."),
    click.option("--overwrite", is_flag=True, help="Replace files that exist."),
    click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object."),
    click.option("--max-pixels", type=click.IntRange(min=1), metavar="N",
                 help="Refuse larger images.  [default: 64000000]"),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no notes; errors are still printed."),
)  # fmt: skip


@click.command(name="explain", epilog=f"{_EXAMPLES}\n{_EXITS}")
@click.argument("image", metavar="IMAGE")
@adding(_OPTIONS)
def command(**given: Any) -> int:
    """Show which parts of a picture decide on its score, and what these parts are.

    Cells of the picture are hidden from the metric, and what the score does tells how much each of them decides. The
    page has the picture, the map, the half that decides and the rest, each alone with its score, and how the map agrees
    with saliency, fine detail and objectness. With a reference, the maps of all metrics that have one come with it.

    Works for every metric that scores an image. Slow metrics take a while: each mask is a picture to score.
    """
    _check_outputs(given)
    metric = _metric(given)
    from visq.cli.interrupts import Interruptible

    written: list[str] = []
    with Interruptible() as interruptible:
        try:
            found = _explained(metric, given, interruptible.check)
            interruptible.check()
            code = _write(found, given, written)
        except KeyboardInterrupt:
            say(f"interrupted: {'written before: ' + ', '.join(written) if written else 'nothing was written'}")
            return interruptible.exit_code
    if given["as_json"]:
        click.echo(json.dumps(found.as_dict(), indent=1))
    else:
        _show(found)
    if written and not given["quiet"]:
        say(f"written: {', '.join(written)}")
    return code


def _metric(given: dict[str, Any]) -> Metric:
    """The metric asked for, or the default, checked before the picture is read."""
    from visq.explain.masking import as_metric
    from visq.weights.stand_in import check

    metric = as_metric(given["model"] or (DEFAULT_WITH_REFERENCE if given["reference"] else DEFAULT))
    kind = metric.spec.kind
    if kind == "video":
        raise OptionError(f"{metric.id} judges video", expected="a metric of single images")
    if metric.spec.takes_reference and not given["reference"]:
        raise OptionError(f"{metric.id} compares with a reference", hint="Name it: --reference FILE.")
    if given["reference"] and not metric.spec.takes_reference:
        raise OptionError(
            f"{metric.id} judges an image alone",
            hint="Leave --reference out, or choose a metric of `visq list --kind fr`.",
        )
    check(metric.spec, metric.options)
    return metric


def _explained(metric: Metric, given: dict[str, Any], check: Callable[[], None]) -> Explanation:
    """The explanation; `check` is called after every step, and ends it."""
    from visq.cli.progress import Progress
    from visq.explain.explanation import explain
    from visq.media import Limits, open_image

    limits = Limits(**({"max_pixels": given["max_pixels"]} if given["max_pixels"] else {}))
    files = [given["image"]] + ([given["reference"]] if given["reference"] else [])
    opened = [open_image(path, limits=limits) for path in files]
    notes = tuple(dict.fromkeys(note for one in opened for note in one.meta.warnings))
    for note in notes if not given["quiet"] else ():
        say(f"altered or noted on reading: {note}")
    progress, total = Progress(not given["quiet"], unit="steps"), [0]

    def expect(count: int) -> None:
        total[0] = count
        progress.expect(count)

    def step() -> None:
        check()
        progress.advance()
        if progress.done > total[0]:  # an estimator asked for more masks
            expect(progress.done)
        progress.tick()

    with progress, warnings_said(quiet=given["quiet"]):
        return explain(
            metric, *(one.pixels for one in opened), name=os.path.basename(given["image"]), level=given["level"],
            estimator=given["estimator"], fill=given["fill"], cells=given["cells"], maps=not given["no_maps"],
            seed=given["seed"], notes=notes, on_total=expect, on_step=step,
        )  # fmt: skip


# Files -----------------------------------------------------------------------------------------------------------


def _is_folder(path: str) -> bool:
    return path.endswith(("/", os.sep)) or os.path.isdir(path)


def _check_outputs(given: dict[str, Any]) -> None:
    """Refuse what cannot be written, what is to be read, and to replace what was not asked for."""
    read = {os.path.realpath(path) for path in (given["image"], given["reference"]) if path}
    if len({os.path.realpath(path) for path in given["outputs"]}) < len(given["outputs"]):
        raise OptionError("two outputs have one name", expected="a file for each", got=", ".join(given["outputs"]))
    for path in given["outputs"]:
        if _is_folder(path):
            if os.path.lexists(path.rstrip("/" + os.sep) or path) and not os.path.isdir(path):
                raise StoreError(f"{path} is a file", hint="Give another name with -o.")
            if os.path.isdir(path) and os.listdir(path) and not given["overwrite"]:
                raise StoreError(f"{path} is not empty", hint="Use --overwrite to add to it, or name another folder.")
            continue
        if not path.lower().endswith(_ENDINGS):
            raise OptionError(f"-o {path}: unknown kind of file",
                              expected=f"a name ending in {', '.join(_ENDINGS)}, or in / for a folder")  # fmt: skip
        if os.path.realpath(path) in read:
            raise StoreError(f"{path} is a picture to be read", hint="Name another file.")
        if os.path.lexists(path) and not given["overwrite"]:
            raise StoreError(f"{path} exists already", hint="Use --overwrite to replace it.")
        folder = os.path.dirname(path)
        if folder and not os.path.isdir(folder):
            raise StoreError(f"{folder} is no folder", hint="Make it first, or name another place.")


def _write(found: Explanation, given: dict[str, Any], written: list[str]) -> int:
    """Every file that can be written, whose names are added; returns the exit code."""
    code = exits.OK
    for path in given["outputs"]:
        try:
            _write_one(path, found)
            written.append(path)
        except StoreError as error:
            say(str(error))
            code = exits.SOME_FAILED
    return code


def _write_one(path: str, found: Explanation) -> None:
    from visq.explain import drawing, page
    from visq.media.lossless import save
    from visq.store.tables import replacing

    if _is_folder(path):
        try:
            os.makedirs(path, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{path} cannot be made: {error.strerror}") from None
        drawing.write(path, found)
        _write_one(os.path.join(path, "explain.json"), found)
        _write_one(os.path.join(path, "explain.html"), found)
    elif path.lower().endswith(".html"):
        page.write(path, found, command=as_given())
    elif path.lower().endswith(".png"):
        import numpy as np

        save(path, np.asarray(drawing.sheet(found)))
    else:
        with replacing(path) as file:
            file.write((json.dumps(found.as_dict(), indent=1) + "\n").encode())


def _show(found: Explanation) -> None:
    """The numbers, one to a line, tabs between."""
    from visq.report.scale import text

    importance, spec = found.importance, found.metric.spec
    rows, columns = importance.cells.shape
    click.echo(
        f"{found.metric.id}\t{text(importance.score)}\t{'lower' if spec.lower_is_better else 'higher'} is better"
    )
    click.echo(f"critical half\t{text(importance.critical_score)}")
    click.echo(f"trivial half\t{text(importance.trivial_score)}")
    filled = f", filled with {importance.fill}" if importance.fill else ""
    click.echo(f"cells\t{rows}x{columns}\t{importance.level}{filled}, {importance.estimator}")
    if importance.degenerate:
        say("no part matters more than another: the halves mean nothing")
        return
    for name, one in found.agreeing.items():
        click.echo(f"{name}\t{one.srcc:.2f}\tby chance {one.low:.2f} to {one.high:.2f}\tAUC {one.auc:.2f}")
