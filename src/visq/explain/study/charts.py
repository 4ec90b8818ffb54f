"""Drawings of a study as SVG in the page: dots with whiskers, and curves over the share that is kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from visq.evaluate import Interval
from visq.explain.study.splits import Share

Lines = Sequence[tuple[str, str, Sequence[tuple[str, Interval]]]]

_WIDTH, _LEFT, _RIGHT = 640, 150, 16
_ROW, _GAP, _HEAD = 16, 12, 26
_EDGE = 22


def dots(groups: Lines, label: str, marks: Sequence[float] = ()) -> str:
    """Groups of dots with their 95 % intervals, one a line.

    Parameters
    ----------
    groups : sequence of (name, remark, lines)
        Of each group, its lines: what it is, and its interval.
    label : str
        What the figure shows, for who cannot see it; and the name of its axis.
    marks : sequence of float
        Where upright lines are drawn.
    """
    ends = [v for _, _, lines in groups for _, one in lines for v in (one.low, one.high, one.estimate)]
    low, high, ticks = _axis([v for v in (*ends, *marks) if math.isfinite(v)])

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    parts, y = [], 8.0
    for name, remark, lines in groups:
        parts.append(f'<text x="0" y="{y + 12:.0f}" class="name">{escape(name)}</text>')
        if remark:
            parts.append(
                f'<text x="{_WIDTH - _RIGHT}" y="{y + 12:.0f}" class="soft" text-anchor="end">{escape(remark)}</text>'
            )
        y += _HEAD - 6
        for what, one in lines:
            parts.append(_dot(what, one, x, y))
            y += _ROW
        y += _GAP
    bottom = y - _GAP / 2
    grid = "".join(
        f'<line x1="{x(t):.1f}" x2="{x(t):.1f}" y1="4" y2="{bottom:.0f}" class="grid"/>'
        f'<text x="{x(t):.1f}" y="{bottom + 15:.0f}" text-anchor="middle" class="soft">{t:g}</text>'
        for t in ticks
    )
    grid += "".join(f'<line x1="{x(m):.1f}" x2="{x(m):.1f}" y1="4" y2="{bottom:.0f}" class="mark"/>' for m in marks)
    return _svg(_WIDTH, bottom + 22, label, grid + "".join(parts))


def _dot(what: str, one: Interval, place: Callable[[float], float], y: float) -> str:
    middle = f"{y + 7:.0f}"
    title = f"<title>{escape(what)}: {_figure(one)}</title>"
    text = f'<text x="12" y="{y + 11:.0f}" class="soft">{escape(what)}</text>'
    if not math.isfinite(one.estimate):
        return text
    whisker = ""
    if math.isfinite(one.low):
        ends = f'x1="{place(one.low):.1f}" x2="{place(one.high):.1f}"'
        whisker = f'<line {ends} y1="{middle}" y2="{middle}" class="whisk"/>'
    dot = f'<circle cx="{place(one.estimate):.1f}" cy="{middle}" r="3.6"/>'
    return f'<g class="{_kind(what)}">{title}{text}{whisker}{dot}</g>'


def curve(shares: Sequence[Share], label: str) -> str:
    """SRCC over the share that is kept, both ways, each with the band of its interval."""
    width, height, left, top, bottom = 330, 230, 42, 10, 34
    ends = [v for s in shares for one in (s.most, s.least) for v in (one.low, one.high, one.estimate)]
    low, high, ticks = _axis([v for v in ends if math.isfinite(v)])

    def place(share: float, value: float) -> str:
        x = left + share * (width - left - _EDGE)
        y = top + (high - value) / (high - low) * (height - top - bottom)
        return f"{x:.1f},{y:.1f}"

    parts = []
    for t in ticks:
        y = place(0, t).split(",")[1]
        parts.append(f'<line x1="{left}" x2="{width - _EDGE}" y1="{y}" y2="{y}" class="grid"/>')
        parts.append(f'<text x="{left - 6}" y="{float(y) + 4:.1f}" text-anchor="end" class="soft">{t:g}</text>')
    for share in (0, 0.25, 0.5, 0.75, 1):
        x = place(share, low).split(",")[0]
        parts.append(f'<text x="{x}" y="{height - 16}" text-anchor="middle" class="soft">{share:.0%}</text>')
    half = place(0.5, low).split(",")[0]
    parts.append(f'<line x1="{half}" x2="{half}" y1="{top}" y2="{height - bottom}" class="mark"/>')
    for way, name in (("most", "most important first"), ("least", "least important first")):
        several = [(s.share, getattr(s, way)) for s in shares]
        known = [(share, one) for share, one in several if math.isfinite(one.low)]
        band = [place(s, one.high) for s, one in known] + [place(s, one.low) for s, one in reversed(known)]
        dots_of = [(s, one) for s, one in several if math.isfinite(one.estimate)]
        parts.append(f'<g class="{way}"><polygon points="{" ".join(band)}"/>')
        parts.append(f'<polyline points="{" ".join(place(s, one.estimate) for s, one in dots_of)}"/>')
        for s, one in dots_of:
            cx, cy = place(s, one.estimate).split(",")
            parts.append(f'<circle cx="{cx}" cy="{cy}" r="3"><title>{s:.0%}, {name}: {_figure(one)}</title></circle>')
        parts.append("</g>")
    return _svg(width, height, label, "".join(parts))


def _axis(values: Sequence[float]) -> tuple[float, float, list[float]]:
    """Ends and ticks of an axis that holds all values."""
    low, high = (min(values), max(values)) if values else (0.0, 1.0)
    if high - low < 1e-6:
        low, high = low - 0.1, high + 0.1
    step = next(s for s in (0.05, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 5.0, 1e9) if (high - low) / s <= 8)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    return low, high, [round(low + i * step, 6) + 0.0 for i in range(round((high - low) / step) + 1)]


def _kind(what: str) -> str:
    return what.split(",")[0].split(" ")[0]


def _figure(one: Interval) -> str:
    return f"{one.estimate:.3f} ({one.low:.3f} to {one.high:.3f})"


def _svg(width: float, height: float, label: str, inside: str) -> str:
    return f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(label)}">{inside}</svg>'


__all__ = ["curve", "dots"]
