"""An explanation as one HTML file: nothing is fetched, nothing is left outside, no extra is needed.

The photograph is in the file once; maps and halves are drawn over it as SVG, so that every cell says its value.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

import visq
from visq.bench.page import template
from visq.explain.cells import Bools, Cells, Floats
from visq.explain.drawing import shares
from visq.explain.explanation import Agreeing, Explanation
from visq.explain.reference_maps import MetricMap
from visq.media.source import printable
from visq.report.colours import colourise, table
from visq.report.scale import colour_range, text
from visq.store.tables import replacing

#: Sides of the maps of metrics on the page.
MAP_SIDE = 480
_WORDS = {
    "saliency": "Saliency: where the eye goes first (spectral residual)",
    "frequency": "Frequency: how much fine detail (8 x 8 cosine transform)",
    "objectness": "Objectness: windows that hold whole regions",
    "hf_ratio": "Share of fine detail in all detail",
    "centre": "Nearness to the centre (baseline)",
}
_ESTIMATORS = {
    "half": "random halves of the cells and a linear fit",
    "loo": "one cell left out after the other",
    "greedy": "cells taken away one after the other, the least important first",
}


def write(path: str, found: Explanation, *, command: str = "") -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    StoreError
        The file cannot be written.
    """
    with replacing(path) as file:
        file.write(render(found, command=command).encode())


def render(found: Explanation, *, command: str = "") -> str:
    """The page as text."""
    name = _t(found.name or "picture")
    sections = [_halves(found), _measures(found), _maps(found), _reading(found), _made(found, command)]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="visq {visq.__version__}">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{name}: where {_t(found.metric.spec.name)} comes from</title>
<style>
{template("leaderboard.css")}
{_file("explain.css")}
</style>
</head>
<body>
<a class="skip" href="#main">Skip to the pictures</a>
{_header(found, name)}
<main id="main">
{_first(found, name)}
{"".join(sections)}
</main>
<footer><p>Made by visq {visq.__version__} on {datetime.now(UTC).date().isoformat()}.</p></footer>
<script>
{_file("explain.js")}
</script>
</body>
</html>
"""


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def _header(found: Explanation, name: str) -> str:
    spec, importance = found.metric.spec, found.importance
    better = "lower is better" if spec.lower_is_better else "higher is better"
    rows, columns = importance.cells.shape
    facts = [
        (f"{spec.name}, {better}", text(importance.score)),
        ("critical half alone", text(importance.critical_score)),
        ("trivial half alone", text(importance.trivial_score)),
        ("cells", f"{rows} × {columns}"),
    ]
    items = "".join(f'<li><span>{_t(what)}</span><span class="score">{_t(value)}</span></li>' for what, value in facts)
    notes = "".join(f'<p class="warn" role="note">Altered or noted on reading: {_t(n)}.</p>' for n in found.notes)
    if importance.degenerate:
        notes += (
            '<p class="warn" role="note"><strong>No part matters more than another.</strong> The score hardly moves '
            "whatever is hidden: the map has no order, and its halves mean nothing.</p>"
        )
    return f"""<header>
<h1>Where the quality of {name} comes from</h1>
<p class="soft">{found.size[1]} × {found.size[0]} pixels, judged by <code>{_t(found.metric.identity)}</code>.</p>
<ul class="facts">{items}</ul>
{notes}</header>"""


def _first(found: Explanation, name: str) -> str:
    """The picture and its map. What is used again below is defined here."""
    importance = found.importance
    label = f"Importance of {found.importance.cells.count} cells"
    photograph = _svg(found, _picture(found), f"The picture {found.name}")
    heat = _figure(
        found, _heat(importance.map, importance.cells), label,
        f"<b>What decides on the score</b>{_bar(importance.map)}{_through()}",
    )  # fmt: skip
    return f"""<section aria-label="The picture and its map"><div class="pair">
<figure>{photograph}<figcaption><b>{name}</b></figcaption></figure>
{heat}</div>
<p class="soft">Importance by {_ESTIMATORS[importance.estimator]}{_level(found)}{_stability(importance.stability)}</p>
</section>"""


def _level(found: Explanation) -> str:
    importance = found.importance
    if importance.level == "token":
        merged = (
            f", {importance.factor} × {importance.factor} of the model's to a cell" if importance.factor > 1 else ""
        )
        return (
            f". Hidden were the model's own responses (level <code>token</code>{merged}): the picture stays as it is, "
            "and what a kept cell responds to still reaches into its neighbours."
        )
    if importance.fill == "reference":
        return (
            ". Hidden cells show the reference (level <code>pixel</code>): what is told is how much the damage in a "
            "cell decides, and a half alone is the half whose damage is left."
        )
    how = {
        "mean": "the picture's mean colour", "blur": "a blurred copy", "noise": "noise"
    }[importance.fill]  # fmt: skip
    return (
        f". Hidden cells were filled with {how} (level <code>pixel</code>): nothing leaks, but the metric sees the "
        "edges of the filling too."
    )


def _stability(value: float) -> str:
    if math.isnan(value):
        return ""
    words = "steady" if value >= 0.7 else "unsteady: more masks would change it"
    return f" Two maps from different masks agree with {value:.2f} (Spearman), {words}."


def _halves(found: Explanation) -> str:
    importance = found.importance
    drawn = "".join(
        _figure(found, _left_out(kept, importance.cells), f"The {word} half", caption)
        for word, kept, caption in (
            ("critical", importance.critical, _caption("The critical half alone", importance.critical_score)),
            ("trivial", ~importance.critical, _caption("The trivial half alone", importance.trivial_score)),
        )
    )
    k = importance.ratio
    moved = [abs(s - importance.score) for s in (importance.trivial_score, importance.critical_score)]
    said = f"Without the critical half the score moves by {text(moved[0])}, without the trivial one by {text(moved[1])}"
    said += f": {k:.1f} times as far." if math.isfinite(k) else "."
    return f"""<section aria-labelledby="halves"><h2 id="halves">Half of the picture</h2>
<div class="pair">{drawn}</div>
<p>{said} That one half moves the score more shows that the model looks at parts unequally; that this half carries the
quality is only shown by agreement with people, over many pictures.</p>
</section>"""


def _caption(title: str, score: float) -> str:
    return f'<b>{title}</b><br><span class="score">{text(score)}</span>'


def _measures(found: Explanation) -> str:
    cells = found.importance.cells
    drawn = "".join(
        _figure(found, _heat(values, cells), f"{name}, by cell", f"<b>{_t(_WORDS.get(name, name))}</b>{_through()}")
        for name, values in found.measures.items()
    )
    rows = "".join(_row(name, a, found.agreeing["centre"]) for name, a in found.agreeing.items())
    return f"""<section aria-labelledby="measures"><h2 id="measures">What these parts are</h2>
<p class="soft">Each measure is made of the pixels alone and ranked within the picture: dark for the least, bright for
the most.</p>
<div class="trio">{drawn}</div>
<div class="scroll" tabindex="0" role="region" aria-label="Agreement of measures with importance">
<table class="scores"><thead><tr><th scope="col">measure</th><th scope="col">Spearman</th>
<th scope="col">by chance</th><th scope="col">AUC</th><th scope="col" class="left">in this picture</th></tr></thead>
<tbody>{rows}</tbody></table></div>
<p class="soft">Spearman's correlation with importance, the middle 95 % of what the same map gives when it is moved
round the picture, and how often a critical cell has the larger value than a trivial one. A measure explains
importance only where it beats the nearness to the centre and the same measure of other pictures, over many of them.</p>
</section>"""


def _row(name: str, found: Agreeing, centre: Agreeing) -> str:
    def shown(value: float) -> str:
        return "-" if math.isnan(value) else f"{value:.2f}"

    chance = "-" if math.isnan(found.low) else f"{found.low:.2f} to {found.high:.2f}"
    verdict = ""
    if name != "centre" and not math.isnan(found.srcc):
        if found.more_than_chance:
            beats = found.srcc > centre.srcc
            words = "more than chance" + (", more than the centre" if beats else ", not more than the centre")
            verdict = f'<span class="verdict{" yes" if beats else ""}">{words}</span>'
        else:
            verdict = '<span class="verdict">no more than chance</span>'
    word = "nearness to the centre (baseline)" if name == "centre" else name
    return (
        f'<tr><th scope="row">{_t(word)}</th><td>{shown(found.srcc)}</td><td>{chance}</td><td>{shown(found.auc)}</td>'
        f'<td class="left">{verdict}</td></tr>'
    )


def _maps(found: Explanation) -> str:
    if not found.maps:
        return ""
    drawn = "".join(_metric_map(one) for one in found.maps.values() if one.values is not None)
    refused = "".join(
        f"<li><code>{_t(name)}</code>: {_t(one.problem)}</li>" for name, one in found.maps.items() if one.values is None
    )
    notes = f'<ul class="notes">{refused}</ul>' if refused else ""
    return f"""<section aria-labelledby="maps"><h2 id="maps">Maps that metrics have of their own</h2>
<p class="soft">What the papers of these metrics define for every pixel. Bright is worse.</p>
<div class="trio">{drawn}</div>{notes}</section>"""


def _metric_map(one: MetricMap) -> str:
    spec, values = one.metric.spec, _shrunk(np.asarray(one.values))
    colours = colour_range(values, one.value_range, lower_is_better=spec.map_lower_is_better)
    share = np.clip((values - colours.low) / (colours.high - colours.low), 0.0, 1.0)
    picture = _data(colourise(share if spec.map_lower_is_better else 1.0 - share))
    alt = f"Map of {spec.name}, bright is worse"
    return (
        f'<figure><img src="{picture}" alt="{_t(alt)}"><figcaption><b>{_t(spec.name)}</b> {text(one.score)}<br>'
        f"{_t(colours.note)}</figcaption></figure>"
    )


def _reading(found: Explanation) -> str:
    del found
    return """<section aria-labelledby="reading"><h2 id="reading">How to read it</h2>
<dl>
<dt>Importance</dt><dd>How far the score moves without a cell, up or down: a bright cell may be what makes the picture
look good, or what spoils it.</dd>
<dt>Critical half</dt><dd>The half of the cells with the largest importance; the rest is the trivial half.</dd>
<dt>Score of a half</dt><dd>What the metric says when the other half is hidden, as told above.</dd>
<dt>Origin</dt><dd>After “Half of an image is enough for quality assessment” (arXiv 2301.12891). Of that paper only the
claims were found: the estimators and the three measures here are proposals, not theirs.</dd>
</dl></section>"""


def _made(found: Explanation, command: str) -> str:
    importance = found.importance
    facts = {
        "Metric": f'<code class="break">{_t(found.metric.identity)}</code>',
        "Level": f"{importance.level}{', filled with ' + importance.fill if importance.fill else ''}",
        "Estimator": f"{importance.estimator}, {importance.calls} masked pictures",
        "Cells": f"{importance.cells.shape[0]} rows, {importance.cells.shape[1]} columns",
    }
    items = "".join(f"<dt>{k}</dt><dd>{v}</dd>" for k, v in facts.items())
    line = f"<pre><code>{_t(command)}</code></pre>" if command else ""
    return f'<section aria-labelledby="made"><h2 id="made">How it was made</h2>{line}<dl>{items}</dl></section>'


# SVG ---------------------------------------------------------------------------------------------------------------


def _svg(found: Explanation, inside: str, label: str) -> str:
    height, width = found.size
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{_t(label)}">{inside}</svg>'


def _picture(found: Explanation) -> str:
    height, width = found.size
    side = max(found.size) / 60
    return (
        f'<defs><pattern id="nothing" width="{2 * side:.2f}" height="{2 * side:.2f}" patternUnits="userSpaceOnUse">'
        f'<rect width="100%" height="100%" fill="#e8e8e8"/><path d="M0 0h{side:.2f}v{side:.2f}h-{side:.2f}z '
        f'M{side:.2f} {side:.2f}h{side:.2f}v{side:.2f}h-{side:.2f}z" fill="#cccccc"/></pattern></defs>'
        f'<image id="photograph" width="{width}" height="{height}" preserveAspectRatio="none" '
        f'href="{_data(found.shown)}"/>'
    )


def _figure(found: Explanation, over: str, label: str, caption: str) -> str:
    inside = f'<use href="#photograph"/><g class="map" shape-rendering="crispEdges">{over}</g>'
    return f"<figure>{_svg(found, inside, label)}<figcaption>{caption}</figcaption></figure>"


def _rects(cells: Cells, drawn: Callable[[int, int], str]) -> str:
    parts = []
    for i in range(cells.shape[0]):
        for j in range(cells.shape[1]):
            inside = drawn(i, j)
            if inside:
                x, y = cells.columns[j], cells.rows[i]
                parts.append(
                    f'<rect x="{x:g}" y="{y:g}" width="{cells.columns[j + 1] - x:g}" '
                    f'height="{cells.rows[i + 1] - y:g}" {inside}'
                )
    return "".join(parts)


def _heat(values: Floats, cells: Cells) -> str:
    colours = colourise(shares(values))

    def drawn(i: int, j: int) -> str:
        return f'fill="#{bytes(colours[i, j]).hex()}"><title>{i + 1}, {j + 1}: {values[i, j]:.3g}</title></rect>'

    return _rects(cells, drawn)


def _left_out(kept: Bools, cells: Cells) -> str:
    return _rects(cells, lambda i, j: "" if kept[i, j] else 'fill="url(#nothing)"/>')


def _bar(values: Floats) -> str:
    stops = "".join(
        f'<stop offset="{n / 16:.4f}" stop-color="#{bytes(table()[min(n * 16, 255)]).hex()}"/>' for n in range(17)
    )
    low, high = (f"{v:.3g}" for v in (values.min(), values.max()))
    return (
        f'<div class="bar"><span>{low}</span><svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<defs><linearGradient id="ramp">{stops}</linearGradient></defs>'
        '<rect width="100" height="8" fill="url(#ramp)"/></svg>'
        f"<span>{high}, bright decides more</span></div>"
    )


def _through() -> str:
    return (
        '<label class="through" hidden>look through <input type="range" min="0" max="90" value="0" '
        'aria-label="How much of the picture shows through the map"></label>'
    )


def _shrunk(values: NDArray[Any]) -> NDArray[np.float32]:
    from visq.ops.resize import imresize

    values = np.asarray(values, dtype=np.float32)
    share = MAP_SIDE / max(values.shape)
    if share >= 1:
        return values
    return imresize(values, size=tuple(max(1, round(n * share)) for n in values.shape), method="area")  # type: ignore[arg-type]


def _data(pixels: NDArray[np.uint8]) -> str:
    from visq.media.lossless import encode

    return "data:image/png;base64," + base64.b64encode(encode(np.ascontiguousarray(pixels))).decode("ascii")


def _t(value: str) -> str:
    return escape(printable(value))


def _file(name: str) -> str:
    return files("visq.explain").joinpath("templates", name).read_text(encoding="utf-8")


__all__ = ["render", "write"]
