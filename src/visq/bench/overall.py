"""Several databases: means over them, plain and weighted by their numbers of pictures.

Both are what papers print since Z. Wang and Q. Li, "Information content weighting for perceptual image quality
assessment", IEEE TIP 20 (2011), 1185-1198. A mean says who does well throughout; whether two metrics differ is said by
each database for itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from visq.bench.judging import Verdict

NUMBERS = ("srcc", "krcc", "plcc_fitted", "plcc")


@dataclass(frozen=True, slots=True)
class Row:
    """One metric over all databases that judged it: weighted and plain mean of each number."""

    label: str
    identity: str
    databases: tuple[str, ...]
    images: int
    weighted: dict[str, float]
    plain: dict[str, float]


def overall(verdicts: Sequence[Verdict]) -> tuple[Row, ...]:
    """A row for each metric: those that all databases judged first, by their weighted SRCC; empty for one database.

    The weight of a database is the number of its pictures that the metric scored.
    """
    if len(verdicts) < 2:
        return ()
    found: dict[str, list[tuple[Verdict, int]]] = {}
    for verdict in verdicts:
        for place, entry in enumerate(verdict.entries):
            if entry.agreement is not None:
                found.setdefault(entry.request.identity, []).append((verdict, place))
    rows = [_row(identity, places) for identity, places in found.items()]
    return tuple(sorted(rows, key=lambda row: (-len(row.databases), -row.weighted["srcc"], row.label)))


def _row(identity: str, places: Sequence[tuple[Verdict, int]]) -> Row:
    entries = [verdict.entries[place] for verdict, place in places]
    agreements = [e.agreement for e in entries if e.agreement is not None]
    total = sum(a.n for a in agreements)
    return Row(
        entries[0].label,
        identity,
        tuple(verdict.plan.name for verdict, _ in places),
        total,
        {name: math.fsum(getattr(a, name) * a.n for a in agreements) / total for name in NUMBERS},
        {name: math.fsum(getattr(a, name) for a in agreements) / len(agreements) for name in NUMBERS},
    )
