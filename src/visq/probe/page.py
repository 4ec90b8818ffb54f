"""One HTML file with everything a probe found: conclusions, figures, tables, how it was made. Nothing is fetched."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from importlib.resources import files
from typing import Any

from visq.bench import page as board
from visq.extras import require
from visq.media.source import printable
from visq.probe import figures
from visq.probe.comparing import compare
from visq.probe.reading import BY_NAME
from visq.probe.table import BASELINE, COLUMNS, Table
from visq.probe.verdicts import conclusions, plain_readout

#: Rows of the whole table on the page; the CSV has them all.
ROWS = 3000
_CAPTIONS = {
    "layer": "Agreement with people against layer. Band: 95 % interval over contents; dashed: the same architecture "
    "with random weights; shaded: every other block; levels: metrics.",
    "bars": "The best layer, chosen on the same pairs, with its interval; hollow: random weights; levels: metrics. "
    "Two differ only if their paired interval leaves 0 out: see the tables above.",
    "data": "Best layer with its interval.",
    "size": "Best layer against parameters and against layers with weights; hollow: random weights.",
    "joined": "All layers up to a depth taken together, against the layer at that depth alone. Deeper layers often "
    "have less raw energy and add little to an unweighted sum.",
    "readout": "Best layer by each read-out; hollow: random weights. Relevance is tested on contents it was not fitted "
    "on.",
}


def check() -> None:
    """Raise where no page can be made, before anything is measured.

    Raises
    ------
    MissingExtraError
        jinja2 or matplotlib is not installed.
    """
    require("jinja2", "the report", "report", otherwise="write .csv and .json alone")
    figures.check()


def write(path: str, table: Table, *, on_done: Callable[[], None] = lambda: None) -> None:
    """Write the page, whole or not at all. `on_done` is called after every figure.

    Raises
    ------
    MissingExtraError
        jinja2 or matplotlib is not installed.
    StoreError
        The file cannot be written.
    """
    from visq.store.tables import replacing

    text = render(table, on_done=on_done)
    with replacing(path) as file:
        file.write(text.encode())


def render(table: Table, *, on_done: Callable[[], None] = lambda: None) -> str:
    """The page as text."""
    import jinja2

    check()
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    filters: dict[str, Any] = {"figure": _figure, "short": board.short, "shade": board.shade, "printable": printable}
    environment.filters |= filters
    plain = plain_readout(table)
    judged = conclusions(table, readout=plain)
    return environment.get_template("probe.html.j2").render(
        table=table,
        facts=table.as_dict(),
        made=table.made,
        plain=plain,
        overall=[one for one in judged if not one.dataset],
        each={one.number: [o for o in judged if o.dataset and o.number == one.number] for one in judged},
        standings=_standings(table, plain),
        baselines=[row for row in table.rows if row.goal == BASELINE],
        drawn=_drawn(table, plain, on_done),
        heats=_heats(table, plain),
        kinds={name: figures.kinds(table, name) for name in table.sets},
        columns=[c for c in COLUMNS if c not in ("identity", "surrogate", "random", "parameters", "depth", "arch")],
        rows=table.rows[:ROWS],
        against=[row for row in table.rows if row.srcc is not None and row.srcc < 0],
        transductive=[name for name, one in BY_NAME.items() if one.transductive],
        style=board.template("leaderboard.css") + _template("probe.css"),
        script=board.template("leaderboard.js"),
    )


def _standings(table: Table, plain: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for line in compare(table, "goal", readout=plain, baselines=("psnr", "ssim", "lpips", "dists")):
        found.setdefault(line.dataset, []).append(line)
    return found


def _drawn(table: Table, plain: str, on_done: Callable[[], None]) -> list[tuple[str, str, str]]:
    """(title, SVG, caption) of every figure that there is something for."""
    jobs: list[tuple[str, Callable[[str], str], str]] = []
    for net in table.nets:
        if table.where(net=net.name, readout=plain) and (not net.random or _alone(table, net.name)):
            draw = partial(figures.by_layer, table, net.name, plain)
            jobs.append((f"{net.name}, layer by layer", draw, _CAPTIONS["layer"]))
    jobs += [
        ("Best layer of each network", partial(figures.bars, table, plain), _CAPTIONS["bars"]),
        ("The same architecture, other training images", partial(figures.by_data, table, plain), _CAPTIONS["data"]),
        ("Size and depth", partial(figures.by_size, table, plain), _CAPTIONS["size"]),
        ("Concatenated layers", partial(figures.joined, table, plain), _CAPTIONS["joined"]),
    ]
    for dataset in table.sets:
        jobs.append((f"Read-outs on {dataset}", partial(figures.by_readout, table, dataset), _CAPTIONS["readout"]))
    result = []
    for number, (title, drawn, caption) in enumerate(jobs):
        svg = drawn(f"f{number}")
        on_done()
        if svg:
            result.append((title, svg, caption))
    return result


def _alone(table: Table, name: str) -> bool:
    """Whether a network with random weights was measured without its trained sibling."""
    return name.removesuffix("-random") not in [net.name for net in table.nets if not net.random]


def _heats(table: Table, plain: str) -> list[tuple[str, str, list[tuple[str, list[float]]]]]:
    return [
        (dataset, net.name, lines)
        for dataset in table.sets
        for net in table.nets
        if not net.random and (lines := figures.heat(table, dataset, net.name, plain))
    ]


def _figure(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, float):
        return f"{round(value, 3) + 0.0:.3f}" if abs(value) < 1000 else f"{value:.3g}"
    return printable(str(value))


def _template(name: str) -> str:
    return files("visq.probe").joinpath("templates", name).read_text(encoding="utf-8")
