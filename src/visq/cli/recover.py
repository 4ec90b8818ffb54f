"""`visq recover`: pictures that metrics make out of noise, on the way to a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from visq.cli import exits
from visq.recovery.settings import Schedule, Settings

if TYPE_CHECKING:
    from visq.api import Metric

_EXAMPLES = """\b
Examples:
  visq recover photo.jpg -m ssim -o strip.png
  visq recover photo.jpg -m mse,ssim,mdsi --start gaussian_blur:4 -o strip.png
  visq recover photo.jpg -m ssim --start white --rate 0.1 --halve-every 100 --final out.png
"""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files to write; empty where none is."""

    strip: str = ""
    final: str = ""
    folder: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options of the command line come to."""

    reference: str
    metrics: tuple[Metric, ...]
    start: str
    seed: int
    size: int | None
    settings: Settings
    outputs: Outputs
    limits: dict[str, int]
    as_json: bool
    quiet: bool


@click.command(name="recover", epilog=f"{_EXAMPLES}\n{exits.MAKERS_EPILOG}")
@click.argument("reference", metavar="REFERENCE")
@click.option("-m", "--metric", "metrics", multiple=True, required=True, metavar="METRIC[:OPTION=VALUE],...",
              help="What to descend: full-reference metrics with a gradient, each a row of the strip. `all` for "
              "all.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE", default="",
              help="The strip: pictures on the way with step, loss, PSNR and SSIM, and the reference beside "
              "them.")  # fmt: skip
@click.option("--final", metavar="FILE", default="", help="The last picture of a single metric, in 8 bit.")
@click.option("--save", "folder", metavar="DIR", default="", help="A folder for the pictures of the strip, as PNG.")
@click.option("--trace", metavar="FILE", default="", help="Every step's figures: .csv or .json.")
@click.option("--start", default="noise", show_default=True, metavar="WHAT",
              help="noise, white, grey, a distortion of the reference (gaussian_blur:4, jpeg=10), or a picture "
              "file.")  # fmt: skip
@click.option("--steps", type=click.IntRange(min=0), default=300, show_default=True, help="Steps of descent.")
@click.option("--rate", type=float, default=0.01, show_default=True,
              help="Learning rate of Adam, in pixel values of which white is 1.")  # fmt: skip
@click.option("--halve-every", type=click.IntRange(min=1), metavar="N",
              help="Halve the rate after every N steps.  [default: constant]")  # fmt: skip
@click.option("--floor", type=float, default=1e-5, show_default=True, help="With --halve-every: the lowest rate.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the noise.")
@click.option("--size", type=click.IntRange(min=0), default=256, show_default=True, metavar="N",
              help="Make a larger reference smaller, to N pixels at its longest side; 0 leaves it.")  # fmt: skip
@click.option("--frames", type=click.IntRange(min=2), default=8, show_default=True, metavar="N",
              help="Pictures to keep, spaced logarithmically.")  # fmt: skip
@click.option("--device", default="cpu", show_default=True, help="Where torch computes: cpu, cuda, cuda:1.")
@click.option("--overwrite", is_flag=True, help="Replace files that exist.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array with what each metric led to.")
@click.option("--max-pixels", type=click.IntRange(min=1), metavar="N",
              help="Refuse larger images.  [default: 64000000]")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but errors.")
def command(**given: Any) -> int:
    """Recover a picture by descending a metric.

    Pixels are moved down the gradient of a full-reference metric, from noise or a damaged copy towards the REFERENCE.
    What is reached shows what the metric sees, and what it lets pass. The same seed gives the same pictures, bit by
    bit on one machine's processor. Needs torch: pip install "visq[torch]".
    """
    from visq.cli.recover_run import check_outputs, run

    outputs = Outputs(given["output"], given["final"], given["folder"], given["trace"])
    if not (outputs.strip or outputs.final or outputs.folder or outputs.trace):
        raise click.UsageError("-o is missing: the strip to draw, or --final, --save or --trace")
    settings = Settings(
        given["steps"], Schedule(given["rate"], given["halve_every"], given["floor"]), given["frames"], given["device"]
    )
    metrics = _metrics(given["metrics"])
    check_outputs(outputs, given["reference"], given["start"], len(metrics), overwrite=given["overwrite"])
    limits = {"max_pixels": given["max_pixels"]} if given["max_pixels"] else {}
    wanted = Wanted(
        given["reference"], metrics, given["start"], given["seed"], given["size"] or None, settings, outputs, limits,
        given["as_json"], given["quiet"],
    )  # fmt: skip
    return run(wanted)


def _metrics(texts: tuple[str, ...]) -> tuple[Metric, ...]:
    """Every metric asked for, once."""
    from visq import catalog
    from visq.api import Metric
    from visq.catalog.naming import parse
    from visq.cli.metric_option import every
    from visq.recovery.metrics import candidates, usable

    found: list[Metric] = []
    for name, options in (one for text in texts for one in parse(text)):
        able = set(every("fr")) & set(candidates()) if name == "all" and not options else set()
        names = [each for each in candidates() if each in able] or [name]
        found += [usable(Metric(catalog.get(each), options)) for each in names]
    return tuple({one.identity: one for one in found}.values())


__all__ = ["Outputs", "Wanted", "command"]
