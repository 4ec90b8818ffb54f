"""The rows: kept as lines of JSON while they are made, and what they come to."""

from __future__ import annotations

import json
import statistics
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from measure import Row, key
from others import QUIET

#: Within a tenth of the quickest counts as the quickest.
TIE = 1 / 1.1
#: No metric may need more than so many times the memory of its inputs.
MEMORY = 10.0
#: What resident memory cannot tell apart: pages of the interpreter and of code, in MB.
NOISE_MB = 1.0


class Rows:
    """A file of rows; of two of the same measurement the later counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: dict[str, Row] = {}
        if path.is_file():
            for line in path.read_text().splitlines():
                # A run that was killed may have left half a line.
                if line.startswith("{") and line.endswith("}"):
                    row = json.loads(line)
                    self.rows[key(row)] = row

    def add(self, row: Row) -> None:
        """Append at once, so that nothing is lost when the run is ended."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        broken = self.path.is_file() and self.path.stat().st_size > 0 and not self.path.read_bytes().endswith(b"\n")
        with self.path.open("a") as stream:
            stream.write(("\n" if broken else "") + json.dumps(row) + "\n")
        self.rows[key(row)] = row

    def get(self, row: Row) -> Row | None:
        """The row of a measurement, if it was made."""
        return self.rows.get(key(row))

    def of(self, kind: str) -> list[Row]:
        """All rows of a kind, in the order in which they were first made."""
        return [row for row in self.rows.values() if row["kind"] == kind]


def noisy(row: Row) -> bool:
    """Whether a wall time was taken while others worked, or nobody knows; processor time suffers little."""
    if row["threads"] == 1 or "ratio" not in row:
        return False
    load = row.get("other_load")
    return load is None or load > QUIET


@dataclass
class Summary:
    """What the speed rows come to, over quantities (a metric at a size by a number of threads)."""

    quantities: int = 0
    first: int = 0
    tenfold: int = 0
    pairs: int = 0
    pairs_first: int = 0
    noisy: int = 0
    untried: int = 0
    losses: list[Row] = field(default_factory=list)

    @property
    def first_share(self) -> float:
        return self.first / self.quantities if self.quantities else 0.0

    @property
    def tenfold_share(self) -> float:
        return self.tenfold / self.quantities if self.quantities else 0.0


def summary(rows: Iterable[Row]) -> Summary:
    """Shares of quantities in which visq is first or within a tenth, and ten times the median peer.

    Only peers that compute the same quantity and were run; wall times taken on a busy machine are left out. What is
    left out is counted. A call that was given up counts with the time that it had used by then.
    """
    found = Summary()
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row["kind"] != "speed" or "ratio" not in row or not row.get("same", True):
            continue
        if noisy(row) or not row.get("tried", True):
            found.noisy += noisy(row)
            found.untried += not row.get("tried", True)
            continue
        groups[row["metric"], row["pixels"], row["size"], row["threads"]].append(row)
    for group in groups.values():
        ratios = [row["ratio"] for row in group]
        found.quantities += 1
        found.first += min(ratios) >= TIE
        found.tenfold += statistics.median(ratios) >= 10
        found.pairs += len(ratios)
        found.pairs_first += sum(ratio >= TIE for ratio in ratios)
        found.losses += [row for row in group if row["ratio"] < 1]
    return found


def factor(row: Row) -> float:
    """Memory that visq's call took, over that of its inputs: the larger of the first and the second call."""
    return float(max(row["first_mb"], row["again_mb"]) / row["input_mb"])


def hungry(rows: Iterable[Row]) -> list[Row]:
    """visq's memory rows above the rule."""
    own = [row for row in rows if row["kind"] == "memory" and row["peer"] == "visq" and "error" not in row]
    return [r for r in own if factor(r) > MEMORY and max(r["first_mb"], r["again_mb"]) > NOISE_MB]
