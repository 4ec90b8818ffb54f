"""Other libraries' numbers beside visq's: who is nearer to the published one.

``tests/golden/peers.csv`` holds what they gave: one line a metric, library and way of calling it, one column a picture.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from visq.report.golden import Row, half_digit

#: Two programs in double precision that add 200,000 numbers in another order differ by this much: no one is nearer.
ROUNDING = 1e-12

Verdict = Literal["printed digits", "rounding", "nearer", "not nearer"]


@dataclass(frozen=True, slots=True)
class PeerValue:
    """What a library gave for one picture; `digits` is half a unit of its last known digit."""

    metric: str
    image: str
    options: str
    peer: str
    version: str
    variant: str
    value: float
    digits: float
    origin: str

    def nearest(self, published: float) -> float:
        """The difference to a published value, the digits that are not known counted in the peer's favour."""
        return max(0.0, abs(self.value - published) - self.digits)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One published value: visq's difference to it, of 8-bit pixels and at best, and the nearest peer's."""

    metric: str
    image: str
    options: str
    printed: str
    digits: float
    ours: float
    given: str
    ours_8_bit: float
    peer: PeerValue
    theirs: float

    @property
    def verdict(self) -> Verdict:
        """Within half a printed digit, equal up to rounding, nearer than every peer, or not."""
        return _verdict(self.ours, self.digits, self.theirs)

    @property
    def verdict_8_bit(self) -> Verdict:
        """The same for pixels as the file holds them, which visq computes in single precision."""
        return _verdict(self.ours_8_bit, self.digits, self.theirs)


def _verdict(ours: float, digits: float, theirs: float) -> Verdict:
    # A difference of just half a unit is within the digits, whichever way its last bit was rounded.
    if ours <= digits * (1 + 1e-6):
        return "printed digits"
    if ours < ROUNDING:
        return "rounding"
    return "nearer" if ours < theirs else "not nearer"


def read(path: Path) -> list[PeerValue]:
    """The values of `peers.csv`; without the file, none."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return [value for line in csv.DictReader(file) for value in _values(line)]


def _values(line: dict[str, str]) -> Iterable[PeerValue]:
    for image, text in line.items():
        if "/" in image and text:
            yield PeerValue(
                metric=line["metric"],
                image=image,
                options=line["options"],
                peer=line["peer"],
                version=line["version"],
                variant=line["variant"],
                value=float(text),
                digits=half_digit(text),
                origin=line["origin"],
            )


def compare(rows: Iterable[tuple[Row, float]], peers: Iterable[PeerValue]) -> list[Comparison]:
    """Every number of the authors that a peer has, with visq's value for it in any form and with any such option.

    What visq could not compute (NaN) is left out.
    """
    table: dict[tuple[str, str, str], list[PeerValue]] = {}
    for value in peers:
        table.setdefault((value.metric, value.image, value.options), []).append(value)
    published: dict[tuple[str, str, str, str], list[tuple[Row, float]]] = {}
    for row, ours in rows:
        if row.authors and not math.isnan(ours):
            published.setdefault((row.metric, row.image, row.printed, row.origin), []).append((row, ours))
    out = []
    for group in published.values():
        found = [value for row, _ in group for value in table.get((row.metric, row.image, row.call_text), ())]
        if found:
            out.append(_comparison(group, list(dict.fromkeys(found))))
    return out


def _comparison(group: list[tuple[Row, float]], peers: list[PeerValue]) -> Comparison:
    row = group[0][0]
    peer = min(peers, key=lambda value: (value.nearest(row.value), abs(value.value - row.value)))
    nearest, best = min(((abs(ours - r.value), r) for r, ours in group), key=lambda pair: pair[0])
    eight_bit = [abs(ours - r.value) for r, ours in group if r.given != "float64"]
    return Comparison(
        metric=row.metric,
        image=row.image,
        options=best.option_text,
        printed=row.printed,
        digits=min(row.digits, row.allowed),
        ours=nearest,
        given=best.given,
        ours_8_bit=min(eight_bit, default=nearest),
        peer=peer,
        theirs=peer.nearest(row.value),
    )
