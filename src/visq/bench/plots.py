"""Pictures of a leader-board, drawn by matplotlib as SVG for the inside of a page (extra `report`).

Colours of ink, lines and marks are CSS variables of the page, so that one picture suits light, dark and print. Points
beyond `VECTOR` are drawn as pixels, in a colour that shows on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from visq.media.source import printable
from visq.report.inline_figures import CURVE, INK, LINE, MARK, PAGE, bare, figure_class, svg

if TYPE_CHECKING:
    from visq.bench.judging import Entry, Verdict

#: Points drawn as shapes; more become pixels, which keeps the page small.
VECTOR = 500
_PIXELS = "#3a86c8"
_SIZE = (3.3, 2.5)
_WIDE = (7.6, 4.2)
# A clock of coarse ticks may say 0, which has no place on a logarithmic axis.
_SHORTEST = 1e-7


def check() -> None:
    """Raise where nothing can be drawn, before anything is scored.

    Raises
    ------
    MissingExtraError
    """
    _figure_class()


def scatter(verdict: Verdict, entry: Entry, name: str) -> str:
    """What the metric gave against what people said, a dot for each picture, with the fitted curve.

    Parameters
    ----------
    verdict, entry
    name : str
        Goes into the identifiers of the picture, which must differ on one page.

    Returns
    -------
    str
        An `<svg>` element.
    """
    dataset = verdict.plan.dataset
    known = np.isfinite(entry.values)
    x, y = entry.values[known], dataset.scores[known]
    figure = _figure_class()(figsize=_SIZE, layout="constrained")
    panel = figure.subplots()
    many = x.size > VECTOR
    alpha = float(np.clip(60 / np.sqrt(max(x.size, 1)) / 6, 0.12, 0.75))
    panel.plot(
        x, y, linestyle="none", marker="o", markersize=2.2 if many else 3.4, markeredgewidth=0,
        color=_PIXELS if many else MARK, alpha=alpha, rasterized=many,
    )  # fmt: skip
    fit = entry.agreement.fit if entry.agreement else None
    if fit is not None and fit.kind != "none":
        at = np.linspace(x.min(), x.max(), 160)
        panel.plot(at, fit(at), color=CURVE, linewidth=1.8, solid_capstyle="round")
    spread = float(y.max() - y.min()) or 1.0
    panel.set_ylim(float(y.min()) - 0.06 * spread, float(y.max()) + 0.06 * spread)
    panel.set_xlabel(_plain(entry.label), color=INK, fontsize=8, parse_math=False)
    panel.set_ylabel(_plain(dataset.spec.score_name), color=INK, fontsize=8, parse_math=False)
    bare(panel)
    return svg(figure, name, f"{entry.label} against {dataset.spec.score_name}, {x.size} pictures")


def speed(verdict: Verdict, name: str) -> str:
    """Time against SRCC, a dot for each metric; the ones that nothing both quicker and better beats are filled."""
    entries = [e for e in verdict.judged if e.time is not None and e.agreement is not None]
    times = np.array([max(e.time.seconds, _SHORTEST) * 1e3 for e in entries if e.time])
    found = np.array([e.agreement.srcc for e in entries if e.agreement])
    front = unbeaten(times, found)
    figure = _figure_class()(figsize=_WIDE, layout="constrained")
    panel = figure.subplots()
    panel.set_xscale("log")
    panel.xaxis.set_major_formatter("{x:g}")
    step = np.argsort(times[front], kind="stable")
    panel.plot(times[front][step], found[front][step], color=LINE, linewidth=1.4, drawstyle="steps-post", zorder=1)
    for i, entry in enumerate(entries):
        best = bool(front[i])
        [dot] = panel.plot(
            times[i], found[i], linestyle="none", marker="o", markersize=6.5, markeredgewidth=1.4, color=MARK,
            markerfacecolor=MARK if best else PAGE, zorder=3,
        )  # fmt: skip
        dot.set_gid(f"dot-{i}")
        del entry
    panel.margins(x=0.08, y=0.09)
    panel.set_xlabel("processor time a picture in ms", color=INK, fontsize=9)
    panel.set_ylabel("SRCC", color=INK, fontsize=9)
    bare(panel)
    panel.grid(True, color=LINE, linewidth=0.5, alpha=0.6)
    panel.set_axisbelow(True)
    _name_dots(figure, panel, times, found, [_plain(e.label) for e in entries], front)
    titles = {f"dot-{i}": f"{_plain(e.label)}: SRCC {found[i]:.3f}, {times[i]:.3g} ms" for i, e in enumerate(entries)}
    return svg(figure, name, f"processor time against SRCC of {len(entries)} metrics", titles)


def unbeaten(times: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Which points no other beats in time without being worse, or in correlation without being slower.

    Examples
    --------
    >>> unbeaten(np.array([1.0, 2.0, 3.0]), np.array([0.5, 0.4, 0.9])).tolist()
    [True, False, True]
    """
    quicker, better = times[None, :] < times[:, None], found[None, :] > found[:, None]
    no_slower, no_worse = times[None, :] <= times[:, None], found[None, :] >= found[:, None]
    beaten = (quicker & no_worse) | (better & no_slower)
    result: np.ndarray = np.logical_not(beaten.any(axis=1))
    return result


def _name_dots(
    figure: Any, panel: Any, times: np.ndarray, found: np.ndarray, names: Sequence[str], front: np.ndarray
) -> None:
    """Names beside the dots wherever there is room, those of the front first; the others show theirs to a pointer."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.draw_without_rendering()
    renderer = FigureCanvasAgg(figure).get_renderer()
    dots = [panel.transData.transform(point) for point in zip(times, found, strict=True)]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in dots]
    taken += _steps(sorted((float(dots[i][0]), float(dots[i][1])) for i in np.flatnonzero(front)))
    area = panel.get_window_extent(renderer)
    order = sorted(range(len(names)), key=lambda i: (not front[i], -found[i]))
    for i in order:
        bold = "bold" if front[i] else "normal"
        text = panel.annotate(
            names[i], (times[i], found[i]), xytext=(6, 0), textcoords="offset points", fontsize=7.5, color=INK,
            va="center", fontweight=bold, parse_math=False,
        )  # fmt: skip
        for offset, horizontal, vertical in _PLACES:
            text.set_position(offset)
            text.set_ha(horizontal)
            text.set_va(vertical)
            box = text.get_window_extent(renderer)
            corners = (box.x0, box.y0, box.x1, box.y1)
            inside = area.x0 <= box.x0 and box.x1 <= area.x1 and area.y0 <= box.y0 and box.y1 <= area.y1
            own = taken[i]
            if inside and not any(_overlap(corners, other) for other in taken if other is not own):
                taken.append(corners)
                break
        else:
            text.remove()


def _steps(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float, float, float]]:
    """Thin boxes along the line that joins the front."""
    boxes = []
    for (x, y), (right, top) in pairwise(corners):
        boxes += [(x, y - 1, right, y + 1), (right - 1, y, right + 1, top)]
    return boxes


_PLACES = (
    ((6, 0), "left", "center"), ((-6, 0), "right", "center"), ((0, 6), "center", "bottom"), ((0, -6), "center", "top"),
    ((5, 5), "left", "bottom"), ((5, -5), "left", "top"), ((-5, 5), "right", "bottom"), ((-5, -5), "right", "top"),
)  # fmt: skip


def _overlap(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _plain(text: str) -> str:
    text = printable(text)
    return text if len(text) <= 44 else f"{text[:28]}...{text[-13:]}"


def _figure_class() -> Any:
    return figure_class("drawing the leader-board", "use --no-html")
