"""Pictures of a probe, drawn by matplotlib as SVG for the inside of a page (extra `report`).

Ink, lines and marks take the page's colours, as in a leader-board; networks have colours that show on light and dark.
A twin with random weights is drawn in its network's colour, hollow or dashed. Whiskers are intervals over contents.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from visq.probe.comparing import Curve, Standing, compare, curve
from visq.probe.table import BASELINE, Row, Table, best
from visq.report.inline_figures import CURVE, FAINT, INK, LINE, PAGE, bare, figure_class, svg

#: Colours of networks, in the order of the table.
COLOURS = ("#2b8cbe", "#e6702e", "#2ca25f", "#b565a7", "#c49a00", "#d6476b", "#7a7aed", "#8c7b6b")
_LINES = ("--", ":", "-.", (0, (1, 3)))
#: Metrics whose level is drawn as a line.
LEVELS = ("psnr", "ssim", "lpips", "dists")
_SMALL = 7.5
# One width, so that letters are of one size on the page.
_WIDTH = 10.0


def check() -> None:
    """Raise where nothing can be drawn.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    _figure_class()


def colours(table: Table) -> dict[str, str]:
    """A colour for each architecture with its training; a twin has that of its network."""
    names = list(dict.fromkeys(net.name.removesuffix("-random") for net in table.nets))
    own = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    return {net.name: own[net.name.removesuffix("-random")] for net in table.nets}


def by_layer(table: Table, net: str, readout: str, name: str) -> str:
    """SRCC and PLCC against layer: a panel a database; bands are blocks; the twin is dashed."""
    lines = curve(table, readout=readout, net=net)
    twins = [c for c in curve(table, readout=readout) if c.net == f"{net}-random"]
    colour = colours(table)[net]
    figure = _figure_class()(figsize=(_WIDTH, 3.3), layout="constrained")
    panels = figure.subplots(1, len(lines), squeeze=False, sharey=True)[0]
    for panel, line in zip(panels, lines, strict=True):
        _bands(panel, line.layers)
        _levels(panel, table, line.dataset)
        for twin in (c for c in twins if c.dataset == line.dataset):
            shared = [i for i, layer in enumerate(twin.layers) if layer in line.layers]
            places = [line.layers.index(twin.layers[i]) for i in shared]
            panel.plot(places, _numbers(twin.srcc)[shared], color=colour, linestyle="--", linewidth=1.1,
                       label="SRCC, random weights")  # fmt: skip
        at = np.arange(len(line.layers))
        low, high = _numbers(line.low), _numbers(line.high)
        panel.fill_between(at, low, high, color=colour, alpha=0.18, linewidth=0)
        panel.plot(at, _numbers(line.srcc), color=colour, marker="o", markersize=3, linewidth=1.5, label="SRCC")
        panel.plot(at, _numbers(line.plcc), color=FAINT, linewidth=1.1, label="PLCC raw")
        panel.set_xticks(at, line.layers, rotation=90, fontsize=6.5)
        panel.set_title(_title(table, line.dataset), fontsize=8.5, color=INK, parse_math=False)
        bare(panel)
        panel.tick_params(axis="x", labelsize=6.5)
    panels[0].set_ylabel("agreement with people", color=INK, fontsize=8)
    _legend(figure, panels[0])
    return svg(figure, name, f"{net}: agreement by layer, read-out {readout}")


def bars(table: Table, readout: str, name: str) -> str:
    """The best layer of each network, grouped by what it was trained for; metrics as levels."""
    lines = compare(table, "goal", readout=readout, baselines=())
    sets = [d for d in table.sets if any(line.dataset == d for line in lines)]
    goals = list(dict.fromkeys(line.value for line in lines))
    figure = _figure_class()(figsize=(_WIDTH, 0.9 + 0.27 * len(table.nets)), layout="constrained")
    panels = figure.subplots(1, len(sets), squeeze=False, sharey=True, sharex=True)[0]
    order = [line for goal in goals for line in lines if line.value == goal]
    names = list(dict.fromkeys(line.best.net for line in order))
    for panel, dataset in zip(panels, sets, strict=True):
        for line in (o for o in order if o.dataset == dataset):
            _whisker(panel, line.best, len(names) - 1 - names.index(line.best.net), colours(table)[line.best.net])
        _levels(panel, table, dataset, upright=True)
        labels = {line.best.net: f"{line.value}: {line.best.net}" for line in order}
        panel.set_yticks(range(len(names)), [labels[n] for n in names[::-1]], fontsize=_SMALL)
        panel.set_title(_title(table, dataset), fontsize=8.5, color=INK, parse_math=False)
        panel.set_xlabel("SRCC of the best layer", color=INK, fontsize=8)
        panel.set_ylim(-0.6, len(names) - 0.1)
        bare(panel)
    _legend(figure, panels[0])
    return svg(figure, name, "best layer of each network")


def by_data(table: Table, readout: str, name: str) -> str:
    """A panel an architecture, goal and database: its different training images; empty where none has several."""
    lines = [line for line in compare(table, "train_data", readout=readout, baselines=()) if not line.best.random]
    kinds: dict[tuple[str, str, str], list[Standing]] = {}
    for line in lines:
        kinds.setdefault((line.best.arch, line.best.goal, line.dataset), []).append(line)
    kinds = {kind: some for kind, some in kinds.items() if len({line.value for line in some}) > 1}
    if not kinds:
        return ""
    figure = _figure_class()(figsize=(_WIDTH, 2.6), layout="constrained")
    panels = figure.subplots(1, len(kinds), squeeze=False, sharey=True)[0]
    for panel, ((arch, goal, dataset), some) in zip(panels, kinds.items(), strict=True):
        values = list(dict.fromkeys(line.value for line in some))
        for line in some:
            _whisker(panel, line.best, values.index(line.value), colours(table)[line.best.net], upright=True)
        panel.set_xticks(range(len(values)), values, fontsize=_SMALL)
        title = f"{arch}, {goal}\n{_title(table, dataset)}"
        panel.set_title(title, fontsize=8.5, color=INK, parse_math=False)
        bare(panel)
    return svg(figure, name, "the same architecture with different training images")


def by_size(table: Table, readout: str, name: str) -> str:
    """SRCC of the best layer against parameters and against depth; a shape a database, hollow without training."""
    lines = compare(table, "net", readout=readout, baselines=())
    figure = _figure_class()(figsize=(_WIDTH, 3.2), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    shapes = dict(zip(table.sets, "osD^vP*X" * 4, strict=False))
    for panel, what in zip(panels, ("parameters", "depth"), strict=True):
        for line in lines:
            row, colour = line.best, colours(table)[line.best.net]
            place = getattr(row, what)
            if row.srcc is None or not place:
                continue
            panel.plot(place, row.srcc, marker=shapes[row.dataset], markersize=6, color=colour, linestyle="none",
                       markerfacecolor=PAGE if row.random else colour, markeredgewidth=1.3)  # fmt: skip
        panel.set_xscale("log")
        places = sorted({getattr(line.best, what) for line in lines if getattr(line.best, what)})
        panel.set_xticks(places, [_short(place) for place in places], fontsize=_SMALL)
        panel.minorticks_off()
        panel.margins(x=0.15, y=0.1)
        words = "parameters" if what == "parameters" else "layers with weights"
        panel.set_xlabel(words, color=INK, fontsize=8)
        bare(panel)
    panels[0].set_ylabel("SRCC of the best layer", color=INK, fontsize=8)
    handles = [_mark(panels[0], shape, FAINT, _title(table, d)) for d, shape in shapes.items() if d in table.sets]
    handles += [_mark(panels[0], "o", c, n) for n, c in colours(table).items() if not n.endswith("-random")]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, fontsize=_SMALL, labelcolor=INK)
    return svg(figure, name, "best layer against size and depth of the network")


def joined(table: Table, readout: str, name: str) -> str:
    """SRCC of all layers up to one, concatenated, against that of the layer alone; empty where not measured."""
    sets = [d for d in table.sets if table.where(dataset=d, readout="concat")]
    nets = [n.name for n in table.nets if not n.random and table.where(net=n.name, readout="concat")]
    if not sets or not nets:
        return ""
    figure = _figure_class()(figsize=(_WIDTH, 3.0), layout="constrained")
    panels = figure.subplots(1, len(sets), squeeze=False, sharey=True)[0]
    for panel, dataset in zip(panels, sets, strict=True):
        for net in nets:
            colour = colours(table)[net]
            for which, style in (("concat", "-"), (readout, ":")):
                for line in _curves(table, dataset, net, which):
                    kept = [i for i, layer in enumerate(line.layers) if layer != "input"]
                    words = "concatenated" if which == "concat" else "one layer"
                    panel.plot([line.x[i] for i in kept], _numbers(line.srcc)[kept], color=colour, linestyle=style,
                               linewidth=1.4, label=f"{net}, {words}")  # fmt: skip
        panel.set_title(_title(table, dataset), fontsize=8.5, color=INK, parse_math=False)
        panel.set_xlabel("depth (fraction)", color=INK, fontsize=8)
        bare(panel)
    panels[0].set_ylabel("SRCC", color=INK, fontsize=8)
    _legend(figure, panels[0])
    return svg(figure, name, "agreement of concatenated layers")


def _curves(table: Table, dataset: str, net: str, readout: str) -> tuple[Curve, ...]:
    rows = table.where(dataset=dataset, net=net, readout=readout)
    return curve(table, "depth", readout=readout, dataset=dataset, net=net) if rows else ()


def by_readout(table: Table, dataset: str, name: str) -> str:
    """The best layer of each network by each read-out; those of networks with random weights are hollow."""
    rows = [row for row in table.where(dataset=dataset) if row.goal != BASELINE]
    readouts = list(dict.fromkeys(row.readout for row in rows))
    nets = [net.name for net in table.nets if not net.random]
    if len(readouts) < 2 or not nets:
        return ""
    figure = _figure_class()(figsize=(_WIDTH, 0.9 + 0.2 * len(readouts)), layout="constrained")
    panels = figure.subplots(1, len(nets), squeeze=False, sharey=True, sharex=True)[0]
    for panel, net in zip(panels, nets, strict=True):
        for place, readout in enumerate(reversed(readouts)):
            for which, shift in ((f"{net}-random", -0.17), (net, 0.12)):
                top = best(row for row in rows if row.net == which and row.readout == readout)
                if top is not None:
                    _whisker(panel, top, place + shift, colours(table)[which])
        _levels(panel, table, dataset, upright=True)
        panel.set_yticks(range(len(readouts)), readouts[::-1], fontsize=_SMALL)
        panel.set_title(net, fontsize=8.5, color=INK, parse_math=False)
        panel.set_xlabel("SRCC of the best layer", color=INK, fontsize=8)
        bare(panel)
    _legend(figure, panels[0])
    return svg(figure, name, f"read-outs on {dataset}")


def heat(table: Table, dataset: str, net: str, readout: str) -> list[tuple[str, list[float]]]:
    """SRCC within each kind of distortion, layer by layer, NaN where undefined; empty with fewer than two kinds."""
    from visq.evaluate.correlation import spearman

    pairs = table.sets[dataset]
    types = np.array([pair.distortion for pair in pairs.pairs])
    result = []
    for row in table.where(dataset=dataset, net=net, readout=readout):
        distances = table.distances[row.key]
        found = []
        for kind in kinds(table, dataset):
            of = types == kind
            found.append(spearman(distances[of], pairs.impairment[of]) if of.sum() > 2 else math.nan)
        result.append((row.layer, found))
    return result if len(kinds(table, dataset)) > 1 else []


def kinds(table: Table, dataset: str) -> list[str]:
    """Kinds of distortion, as they come."""
    return [kind for kind in dict.fromkeys(pair.distortion for pair in table.sets[dataset].pairs) if kind]


def _whisker(panel: Any, row: Row, place: float, colour: str, upright: bool = False) -> None:
    """A dot with its interval."""
    if row.srcc is None:
        return
    ends = [row.ci_low, row.ci_high]
    if None not in ends:
        panel.plot([place] * 2 if upright else ends, ends if upright else [place] * 2, color=colour, linewidth=1.6,
                   solid_capstyle="butt")  # fmt: skip
    panel.plot(*((place, row.srcc) if upright else (row.srcc, place)), marker="o", markersize=5, color=colour,
               markerfacecolor=PAGE if row.random else colour, markeredgewidth=1.3, linestyle="none")  # fmt: skip


def _levels(panel: Any, table: Table, dataset: str, upright: bool = False) -> None:
    """Lines at the SRCC of metrics."""
    rows = [(m, table.baseline(dataset, m)) for m in LEVELS]
    known = [(m, row.srcc) for m, row in rows if row is not None and row.srcc is not None]
    for (metric, level), style in zip(known, _LINES, strict=False):
        draw = panel.axvline if upright else panel.axhline
        draw(level, color=CURVE, linewidth=0.9, linestyle=style, zorder=0, label=metric)


def _bands(panel: Any, layers: Sequence[str]) -> None:
    """A shade behind every other block: layers whose names begin with the same number."""
    numbers = [(m.group(1) if (m := re.search(r"(\d+)", layer)) else "") for layer in layers]
    first = 0
    for number, (_, members) in enumerate(groupby(numbers)):
        count = len(list(members))
        if number % 2:
            panel.axvspan(first - 0.5, first + count - 0.5, color=LINE, alpha=0.35, linewidth=0, zorder=-1)
        first += count
    panel.set_xlim(-0.5, len(layers) - 0.5)


def _legend(figure: Any, panel: Any) -> None:
    handles, labels = panel.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    if not unique:
        return
    figure.legend(unique.values(), unique.keys(), loc="outside lower center", ncols=min(6, len(unique)), frameon=False,
                  fontsize=_SMALL, labelcolor=INK)  # fmt: skip


def _mark(panel: Any, shape: str, colour: str, label: str) -> Any:
    return panel.plot([], [], marker=shape, color=colour, linestyle="none", label=label)[0]


def _short(number: float) -> str:
    """`14.7 M`, `16`."""
    for unit, factor in (("M", 1e6), ("k", 1e3)):
        if number >= factor:
            return f"{number / factor:.3g} {unit}"
    return f"{number:g}"


def _title(table: Table, dataset: str) -> str:
    return dataset + (" (surrogate)" if table.sets[dataset].surrogate else "")


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([math.nan if v is None else v for v in values], dtype=np.float64)


__all__ = ["bars", "by_data", "by_layer", "by_readout", "by_size", "check", "heat", "joined", "kinds"]


def _figure_class() -> Any:
    return figure_class("drawing the report", "write .csv and .json alone")
