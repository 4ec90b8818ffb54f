"""What every output of a bench says of its results, in the same words: facts, remarks, numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from visq.bench.judging import ALPHA, Entry, Verdict
from visq.media.source import printable

#: Numbers of an agreement that every output shows, with the names people know.
NUMBERS = {
    "srcc": "SRCC",
    "krcc": "KRCC",
    "plcc_fitted": "PLCC fitted",
    "plcc": "PLCC raw",
    "rmse_fitted": "RMSE fitted",
    "outlier_ratio": "OR",
}

#: With fewer contents than this, what a bootstrap over them says is itself uncertain.
FEW_CONTENTS = 10


def facts(verdict: Verdict) -> dict[str, Any]:
    """What a reader must know of a database and of what was taken of it."""
    plan, spec = verdict.plan, verdict.plan.dataset.spec
    return {
        "name": plan.name,
        "id": spec.id,
        "title": spec.title,
        "labels": plan.dataset.labels,
        "score": spec.score_name,
        "range": [spec.low, spec.high],
        "lower_is_better": spec.lower_is_better,
        "pictures": len(plan.dataset.samples),
        "contents": len(set(plan.dataset.groups.tolist())),
        "split": printable(plan.split),
        "trial": plan.limit,
        "pictures_before_trial": plan.whole,
        "missing": [printable(name) for name in plan.dataset.missing],
        "paper": spec.paper,
        "licence": spec.licence,
        "sha256": verdict.hashes,
        "read_with_warnings": verdict.scores.altered,
    }


def heading(verdict: Verdict) -> str:
    """A database by its title, with the set of scores and the part where one was named."""
    plan = verdict.plan
    more = [
        plan.source.more,
        plan.source.labels,
        f"split {plan.split}" if plan.split else "",
        "TRIAL" if plan.limit else "",
    ]
    return ", ".join([plan.dataset.spec.title, *(printable(m) for m in more if m)])


def described(verdict: Verdict) -> list[str]:
    """Lines on what was judged and how; a trial says so first."""
    plan, spec = verdict.plan, verdict.plan.dataset.spec
    contents = len(set(plan.dataset.groups.tolist()))
    lines = []
    if plan.limit:
        lines.append(
            f"A trial on the first {counted(plan.limit, 'content')} ({len(plan.dataset.samples)} of "
            f"{counted(plan.whole, 'picture')}): no result to print."
        )
    direction = "lower is better" if spec.lower_is_better else "higher is better"
    pictures = counted(len(plan.dataset.samples), "picture")
    lines.append(f"{pictures} of {counted(contents, 'content')}; {spec.score_name}, {direction}.")
    first = next((e.agreement for e in verdict.judged if e.agreement), None)
    if first is not None and first.intervals:
        lines.append(
            f"Intervals: {first.level:.0%}, bootstrap over {first.groups} {first.unit}, {first.samples} resamples, "
            f"seed {first.seed}."
        )
    if contents == 1:
        lines.append("One content alone: there are no intervals and no tests over contents.")
    elif contents < FEW_CONTENTS:
        lines.append(
            f"Only {contents} contents: intervals and tests over contents rest on little, and hardly anything can be "
            "significant."
        )
    if verdict.matrix is not None:
        lines.append(
            f"Group: metrics that share a letter do not differ significantly ({test(verdict)}, alpha {ALPHA:g}, on the "
            f"{verdict.common} pictures that all of them scored). Rank: 1 + the metrics that are significantly better."
        )
    if any(e.time for e in verdict.entries):
        lines.append("Time: processor time a picture, one thread, without reading the file.")
    return lines


def counted(number: int, noun: str) -> str:
    """`1 content`, `2 contents`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def remarks(verdict: Verdict) -> list[tuple[str, str]]:
    """(metric, what a reader of its row must know), for those with anything to know: see `remark`."""
    found = [(entry.label, remark(verdict, entry)) for entry in verdict.entries]
    return [(label, text) for label, text in found if text]


def remark(verdict: Verdict, entry: Entry) -> str:
    """Why a metric was not judged; that its parameters were fitted here; what its fit hides; what it did not score."""
    if entry.agreement is None:
        return f"not judged: {entry.why}"
    texts = [f"parameters from this database: {text}" for text in _fitted_here(verdict, entry)]
    texts += entry.agreement.notes
    lost = entry.values.size - entry.scored
    if lost:
        texts.append(f"{lost} of {counted(entry.values.size, 'picture')} not scored")
    return "; ".join(texts)


def _fitted_here(verdict: Verdict, entry: Entry) -> list[str]:
    """Where the parameters of a metric come from, if from this database, as far as their origin tells."""
    spec, request = verdict.plan.dataset.spec, entry.request
    if any(option.type == "path" and request.options.get(option.name) for option in request.spec.options):
        return []  # parameters of the user's own
    names = {name.casefold() for name in (spec.id, spec.title, *spec.aliases)}
    origins = dict.fromkeys(weights.origin for weights in request.spec.weights)
    return [origin for origin in origins if any(name in origin.casefold() for name in names)]


@dataclass(frozen=True, slots=True)
class Loss:
    """Pictures that the same metrics failed on for the same reason: how many, and the first of them."""

    count: int
    image: str
    metrics: str
    reason: str


def losses(verdict: Verdict) -> list[Loss]:
    """What was not scored, the most frequent reasons first."""
    names = {e.request.identity: e.label for e in verdict.entries}
    found: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for failure in verdict.scores.failures:
        found.setdefault((failure.identities, failure.reason), []).append(failure.image)
    rows = [
        Loss(len(images), printable(images[0]), ", ".join(names[i] for i in identities), printable(reason))
        for (identities, reason), images in found.items()
    ]
    return sorted(rows, key=lambda row: -row.count)


def test(verdict: Verdict) -> str:
    """The test and the correction, in words."""
    matrix = verdict.matrix
    if matrix is None:
        return ""
    tests = {"bootstrap": f"paired bootstrap over {matrix.groups} {matrix.unit}"}
    corrections = {"holm": "Holm's correction", "none": "no correction"}
    pairs = len(matrix.names) * (len(matrix.names) - 1) // 2
    return (
        f"{tests.get(matrix.method, matrix.method)} of {matrix.measure.upper()}, "
        f"{corrections.get(matrix.correction, matrix.correction)} for {pairs} pairs"
    )


def figure(value: float | None, name: str = "srcc") -> str:
    """A number as tables show it: correlations and ratios with three decimals, others with three digits at least.

    >>> figure(-1e-17), figure(0.04567, "rmse_fitted"), figure(1234.5, "rmse_fitted"), figure(2e-7, "p")
    ('0.000', '0.0457', '1.23e+03', '2e-07')
    """
    if value is None or math.isnan(value):
        return "-"
    if name not in ("rmse_fitted", "p"):
        return f"{round(value, 3) + 0.0:.3f}"
    return f"{value:.3f}" if 0.1 <= abs(value) < 100 or value == 0 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """A time with its unit: `3.2 ms`."""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"
