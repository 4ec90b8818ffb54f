"""A study as one HTML file: verdicts, figures, tables, how it was made. Nothing is fetched, no extra is needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from typing import Any

import visq
from visq.bench.page import template
from visq.evaluate import Interval
from visq.explain.agreements import Agreement
from visq.explain.estimators import STABLE
from visq.explain.study import charts
from visq.explain.study.claims import ASKED, STRONG, few, has_split
from visq.explain.study.results import Judged, Results
from visq.explain.study.tables import TITLE
from visq.media.source import printable

#: Of fewer pictures the page says that they are few.
ENOUGH = 200
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_WORDS = {
    "full": "whole picture", "critical": "critical half", "random": "random halves", "trivial": "trivial half",
}  # fmt: skip
_ASKED = {name: name.replace("full", "whole") for name in ASKED}
_MEASURES = {
    "saliency": "saliency", "frequency": "frequency (energy of fine detail)", "objectness": "objectness",
    "hf_ratio": "frequency (share of fine detail)",
}  # fmt: skip
_FAMILIES = {
    "transformer": "transformer, positions can be masked", "cnn": "network", "classical": "classical, no network",
}  # fmt: skip


def render(found: Results) -> str:
    """The page as text."""
    own = files("visq.explain.study").joinpath("templates", "study.css").read_text("utf-8")
    sections = [_claims(found), _halves(found), _curves(found), _crossed(found), _meanings(found), _models(found)]
    sections += [_reading(found), _made(found)]
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{TITLE} {_t(found.about.get("title", ""))}</title>
<meta name="generator" content="visq {visq.__version__}">
<style>
{template("leaderboard.css")}{own}
</style>
</head>
<body>
<a class="skip" href="#main">Skip to the verdicts</a>
{_header(found)}
<main id="main">
{"".join(sections)}
</main>
<footer><p class="soft">Made by visq {visq.__version__}.</p></footer>
</body>
</html>
"""


def _header(found: Results) -> str:
    about = found.about
    part = f", part <code>{_t(about['part'])}</code>" if about.get("part") else ""
    where = f" of {_t(about['title'])}{part}" if about.get("title") else ""
    few = ""
    if len(found.pictures) < ENOUGH:
        few = (
            f'<p class="warn" role="note">Only {len(found.pictures)} pictures: the question was posed for '
            f"{ENOUGH} or more, and intervals over few pictures are wide.</p>"
        )
    if found.failures:
        first = found.failures[0]
        few += (
            f'<p class="warn" role="note">{len(found.failures)} pictures were left out because a model did not take '
            f"them, among them {_t(first.picture)} ({_t(first.model)}: {_t(first.reason)}).</p>"
        )
    return f"""<header>
<h1>{TITLE}</h1>
<p class="soft">{len(found.pictures)} rated pictures{where}, judged by
{_t(", ".join(one.name for one in found.models))}. The question is that of J. You, Y. Lin, J. Korhonen, “Half of
an image is enough for quality assessment” (arXiv 2301.12891). Only its abstract was found: estimators, measures,
thresholds and the transformer here are reconstructions and proposals.</p>
{few}</header>
<nav aria-label="Sections"><ul>
<li><a href="#claims">Claims</a></li><li><a href="#halves">Halves</a></li><li><a href="#curves">Share kept</a></li>
<li><a href="#crossed">Other models' halves</a></li><li><a href="#measures">Measures</a></li>
<li><a href="#models">Models</a></li><li><a href="#reading">How to read it</a></li>
<li><a href="#made">How it was made</a></li></ul></nav>"""


def _claims(found: Results) -> str:
    items = []
    for one in found.claims:
        reason = f'<p class="soft">{_t(_sentence(one.reason))}</p>' if one.reason else ""
        rows = [_row(name, _left(_verdict(verdict)), _figures(text)) for name, verdict, text in one.evidence]
        evidence = _table("Evidence", ["model", "<says", "<figures with 95 % intervals"], rows) if rows else ""
        items.append(
            f"<li><p><strong>{_t(one.claim)}</strong> {_verdict(one.verdict)}</p>{reason}"
            f'<details><summary>Rule and figures</summary><p class="soft">{_t(one.rule)}</p>{evidence}</details></li>'
        )
    return f"""<section aria-labelledby="claims"><h2 id="claims">The paper's four claims</h2>
<p class="soft">Each has its rule, which was fixed before any picture was looked at. A claim is undecided where the
intervals meet neither side of it.</p>
<ol class="claims">{"".join(items)}</ol></section>"""


def _halves(found: Results) -> str:
    groups = [(m.name, _remark(m), [(w, found.own(m.name).srcc[p]) for p, w in _WORDS.items()]) for m in found.models]
    columns = ["model", "<split by intervals", *_WORDS.values(), *_ASKED.values(), "k", "<by estimates"]
    table = _table("Halves", columns, [_halves_row(found, m) for m in found.models])
    linear = [_row(m.name, *(_cell(found.own(m.name).plcc[p]) for p in _WORDS)) for m in found.models]
    return f"""<section aria-labelledby="halves"><h2 id="halves">Halves</h2>
<p class="soft">Rank correlation (SRCC) with people, positive where a model agrees. The halves are those that the model
told apart itself, which flatters the critical one; those of other models are below.</p>
<figure class="wide"><div class="scroll" tabindex="0" role="region" aria-label="Halves, drawn">
{charts.dots(groups, "SRCC with people of whole pictures and halves, by model")}</div>
<figcaption>Dots: all pictures. Lines: 95 % intervals over pictures.</figcaption></figure>
{table}
<details><summary>The same by PLCC</summary>
{_table("Halves by PLCC", ["model", *_WORDS.values()], linear)}</details></section>"""


def _halves_row(found: Results, model: Judged) -> str:
    one = found.own(model.name)
    verdict, _ = few(has_split(one, model.stability), len(found.pictures))
    cells = [*(one.srcc[p] for p in _WORDS), *(one.differences[d] for d in _ASKED)]
    why = "; ".join(f"{k.replace('full', 'whole')}: {'yes' if v else 'no'}" for k, v in one.checks.items())
    met = f'<td class="left" title="{_t(why)}">{sum(one.checks.values())} of {len(one.checks)} met</td>'
    return _row(model.name, _left(_verdict(verdict)), *map(_cell, cells), _cell(one.ratio, 2), met)


def _curves(found: Results) -> str:
    figures = "".join(
        f"<figure><figcaption><b>{_t(m.name)}</b></figcaption>"
        f"{charts.curve(m.curve, f'SRCC of {m.name} over the share of the picture that is kept')}</figure>"
        for m in found.models
    )
    return f"""<section aria-labelledby="curves"><h2 id="curves">The share that is kept</h2>
<p class="soft">SRCC with people where a growing share of each picture is kept:<span class="key most"></span>the most
important cells first,<span class="key least"></span>the least important first. Bands: 95 % intervals over pictures.</p>
<div class="curves">{figures}</div></section>"""


def _crossed(found: Results) -> str:
    stable = {m.name: m.stability for m in found.models}
    halves = {part: words for part, words in _WORDS.items() if part != "full"}
    rows = []
    for one in found.splits:
        if one.crossed:
            verdict, _ = few(has_split(one, stable[one.chooser]), len(found.pictures))
            cells = [*(one.srcc[p] for p in halves), *(one.differences[d] for d in _ASKED)]
            chooser, said = _left(_t(one.chooser)), _left(_verdict(verdict))
            rows.append(_row(one.judge, chooser, said, *map(_cell, cells), _cell(one.ratio, 2)))
    columns = ["judged by", "<halves by", "<split by intervals", *halves.values(), *_ASKED.values(), "k"]
    table = _table("Halves of other models", columns, rows)
    return f"""<section aria-labelledby="crossed"><h2 id="crossed">Halves of other models</h2>
<p class="soft">A model's own critical half always looks good to it. Here one model tells the halves apart and another
judges them.</p>
{table if rows else '<p class="soft">With one model there are none.</p>'}</section>"""


def _meanings(found: Results) -> str:
    parts = "".join(f"<h3>{_t(model.name)}</h3>{_agreement(model)}" for model in found.models)
    return f"""<section aria-labelledby="measures"><h2 id="measures">What is important</h2>
<p class="soft">Spearman's correlation of importance with each measure, the mean over pictures; {STRONG:g} or more is
called strong. A measure explains importance only if it beats both baselines: nearness to the centre, and the same
measure of another picture. Networks pad pictures at their border, so the last column leaves the outer ring out.</p>
{parts}</section>"""


def _agreement(model: Judged) -> str:
    agreement = model.agreement
    if agreement is None:
        return '<p class="soft">Its importance has no order to agree with.</p>'
    rows = []
    for name, words in _MEASURES.items():
        over = {v.baseline: v.difference for v in agreement.verdicts if (v.measure, v.statistic) == (name, "srcc")}
        against = [_cell(over["centre"], sign="+"), _cell(over["shuffled"], sign="+")]
        beats = _left("yes" if agreement.explains(name) else "no")
        rows.append(_row(words, *_means(agreement, name, ""), *against, beats, _inside(model, name, "")))
    middle = _means(agreement, "centre", "centre")
    rows.append(_row("nearness to the centre", *middle, *["<td></td>"] * 3, _inside(model, "centre", "centre")))
    columns = ["measure", "Spearman", "median", "AUC", "over centre", "over another picture", "<beats both"]
    return _table(f"Measures and {model.name}", [*columns, "without border"], rows)


def _means(agreement: Agreement, measure: str, baseline: str) -> list[str]:
    found = {r.statistic: r for r in agreement.rows if (r.measure, r.baseline) == (measure, baseline)}
    return [_cell(found["srcc"].mean), f"<td>{_n(found['srcc'].median)}</td>", _cell(found["auc"].mean)]


def _inside(model: Judged, measure: str, baseline: str) -> str:
    return _means(model.inside, measure, baseline)[0] if model.inside is not None else "<td>-</td>"


def _models(found: Results) -> str:
    rows = []
    for m in found.models:
        level = f"{m.level}, {m.fill}" if m.fill else m.level
        cells = [_left(_FAMILIES[m.family]), _left(level), f"<td>{m.cells}</td>", _left(m.estimator)]
        numbers = (m.masks, _n(m.stability, 2), m.unstable, m.degenerate, f"{m.seconds:.2f}")
        cells += [f"<td>{value}</td>" for value in numbers]
        rows.append(_row(m.name, *cells, _left(f"<code>{_t(m.identity)}</code>")))
    columns = ["model", "<kind", "<hidden at", "cells", "<estimator", "masks", "stability", "unstable", "without order"]
    return f"""<section aria-labelledby="models"><h2 id="models">Models</h2>
{_table("Models", [*columns, "seconds", "<identity"], rows)}
<p class="soft">Cells, masks of the importance, stability and processor seconds are medians over pictures. Unstable:
pictures where two disjoint sets of masks give maps whose rank correlation is below {STABLE:g}.</p></section>"""


def _reading(found: Results) -> str:
    return f"""<section aria-labelledby="reading"><h2 id="reading">How to read it</h2><dl>
<dt>Importance</dt><dd><code>half</code>: random halves of the cells are kept, and a linear fit tells how much keeping
a cell holds the score in place. <code>loo</code>: one cell is left out at a time, for models whose score is a mean over
their cells, or nearly: it moves equally far without either of two halves, so that halves tell nothing of it. The
critical half are the cells with the most importance, exactly half of them; the rest is the trivial half.</dd>
<dt>Level</dt><dd><code>token</code>: what the model makes of a cell is hidden, and what a kept cell responds to still
reaches into its neighbours. <code>pixel</code>: the cell is filled in the picture, whose edges are seen too. Figures of
the two levels are not the same thing.</dd>
<dt>k</dt><dd>How much further scores move without critical halves than without trivial ones. Above 1 it shows that a
model looks at parts unequally, and no more: random attention gives 2 and more, and a model whose score is the mean over
its cells has 1 whatever they hold. No verdict rests on it.</dd>
<dt>Intervals</dt><dd>95 %, by a bootstrap over pictures ({found.samples} draws, seed {found.seed}), the same draws for
all parts, so that differences are paired.</dd>
<dt>By estimates</dt><dd>The conditions of the split asked of the estimates alone, without their intervals.</dd>
</dl></section>"""


def _made(found: Results) -> str:
    made, about = found.made, found.about
    command = f"<pre><code>{_t(made['command'])}</code></pre>" if made.get("command") else ""
    rows = []
    if made:
        packages = ", ".join(f"{k} {v}" for k, v in made["packages"].items())
        machine = "{processor}, {cores} cores, {memory_gib} GiB, {system}".format(**made["machine"])
        rows += [("Date", made["date"]), ("visq", f"{made['visq']}, Python {made['python']}, {packages}")]
        rows.append(("Machine", machine))
    if about.get("title"):
        chosen = f"{about['chosen']} of {about['of']}, chosen by the SHA-256 of seed {about['seed']} and name"
        better = "lower" if about["scores_lower_is_better"] else "higher"
        licence = about["licence"] or "none given"
        rows.append(("Pictures", f"{chosen}; {about['score']}, {better} is better. Licence: {licence}."))
    items = "".join(f"<dt>{_t(k)}</dt><dd>{_t(v)}</dd>" for k, v in rows)
    names = ", ".join(_t(one.name) for one in found.pictures)
    return f"""<section aria-labelledby="made"><h2 id="made">How it was made</h2>{command}<dl>{items}</dl>
<details><summary>The {len(found.pictures)} pictures</summary><p class="soft break">{names}</p></details></section>"""


def _table(label: str, columns: Sequence[str], rows: Sequence[str]) -> str:
    """Columns whose title begins with `<` are of text."""
    head = "".join(
        f'<th scope="col" class="left">{c[1:]}</th>' if c.startswith("<") else f'<th scope="col">{c}</th>'
        for c in columns
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_t(label)}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _row(name: str, *cells: str) -> str:
    return f'<tr><th scope="row">{_t(name)}</th>{"".join(cells)}</tr>'


def _left(inside: str) -> str:
    return f'<td class="left">{inside}</td>'


def _figures(text: str) -> str:
    """One figure a line."""
    return f'<td class="text">{"<br>".join(_t(part) for part in text.split("; "))}</td>'


def _remark(model: Judged) -> str:
    return f"{model.family}, {model.level}, {model.cells} cells"


def _cell(one: Interval, digits: int = 3, sign: str = "") -> str:
    if not math.isfinite(one.estimate):
        return "<td>-</td>"
    between = f"<small>{_n(one.low, digits, sign)} to {_n(one.high, digits, sign)}</small>"
    return f"<td>{_n(one.estimate, digits, sign)}{between if math.isfinite(one.low) else ''}</td>"


def _n(value: float, digits: int = 3, sign: str = "") -> str:
    return f"{round(value, digits) + 0.0:{sign}.{digits}f}" if math.isfinite(value) else "-"


def _verdict(verdict: str) -> str:
    return f'<span class="verdict {verdict.replace(" ", "-")}">{verdict}</span>'


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _t(value: Any) -> str:
    return escape(printable(str(value)))


__all__ = ["ENOUGH", "render"]
