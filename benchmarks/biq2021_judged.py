"""What the scores of the table on BIQ2021 come to: agreement, paired comparisons, verdicts by rules fixed before."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from biq2021_rows import ROWS, Start
from visq.evaluate import adjust, agreement, as_dict, compare_metrics

#: What is printed of every start, and whether more of it is better.
NUMBERS = ("srcc", "plcc_fitted", "rmse_fitted")
#: Chance of an error of a single comparison.
ALPHA = 0.05
#: Random starts that a claim over random starts needs.
STARTS = 3

RULE = (
    "Start by start, both on the same photographs, the difference of SRCC with its 95 % interval (bootstrap over "
    "photographs). **Confirmed** where it lies above 0 with its whole interval in every start; **contradicted** where "
    "in some start it lies below 0 with its whole interval; **undecided** otherwise; **not testable** with fewer than "
    "three starts, or where files do not belong together. No correction for several starts: all of them have to agree."
)
AGAINST_RULE = (
    "By the same rule, but for one start or more, and significance after Holm's correction for all comparisons of this "
    "section; intervals are of single comparisons."
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is said to do better than others: than the best of them, where they are several."""

    claim: str
    better: str
    than: tuple[str, ...]


CLAIMS: tuple[Claim, ...] = (
    Claim("LoDa-mini beats the linear probe of the same ViT in all three starts", "loda-mini", ("loda-probe",)),
    Claim("The tokens of the CNN help: LoDa-mini beats itself without them", "loda-mini", ("loda-no-tokens",)),
    Claim("Cross-attention helps: LoDa-mini beats plain addition", "loda-mini", ("loda-add",)),
    Claim("Re-IQA's two encoders together beat the better one alone", "reiqa-both", ("reiqa-quality", "reiqa-content")),
    Claim("The transformer helps: PMT small beats the mean of its cells", "pmt-small", ("pmt-mean",)),
)
#: Held against every other row.
OURS = "visq-nr"


@dataclass(frozen=True, slots=True)
class Difference:
    """Two starts on the same pictures: SRCC of `a` less that of `b`."""

    a: str
    b: str
    a_start: int
    b_start: int
    a_srcc: float
    b_srcc: float
    difference: float
    low: float
    high: float
    p: float
    adjusted: float

    @property
    def sign(self) -> int:
        """1 or -1 where it is significant, else 0."""
        return int(np.sign(self.difference)) if self.adjusted < ALPHA else 0


def verdict(signs: Sequence[int], least: int = STARTS) -> str:
    """The rule.

    >>> verdict([1, 1, 1]), verdict([1, 0, 1]), verdict([1, 1, -1]), verdict([1, 1])
    ('confirmed', 'undecided', 'contradicted', 'not testable')
    """
    if len(signs) < least:
        return "not testable"
    if all(sign > 0 for sign in signs):
        return "confirmed"
    return "contradicted" if any(sign < 0 for sign in signs) else "undecided"


class Table:
    """The starts with their scores of the same pictures.

    Parameters
    ----------
    starts : sequence of Start
    values : mapping of identity to (n,)
        NaN where a picture was not scored: it is left out for all.
    scores, groups : (n,)
        What people said, and contents.
    samples, seed : int
        Of the bootstrap.
    """

    def __init__(
        self, starts: Sequence[Start], values: Mapping[str, np.ndarray], scores: np.ndarray, groups: np.ndarray, *,
        samples: int = 2000, seed: int = 0,
    ) -> None:  # fmt: skip
        self.starts = list(starts)
        found = np.array([values[one.request.identity] for one in starts])
        self.common = np.flatnonzero(np.isfinite(found).all(axis=0))
        # Directions are turned here, once: more is better from now on.
        turn = [-1.0 if one.request.spec.lower_is_better else 1.0 for one in starts]
        self.values = (found * np.array(turn)[:, None])[:, self.common]
        self.scores, self.groups = scores[self.common], groups[self.common]
        self.left_out = len(scores) - self.common.size
        self.drawn: dict[str, Any] = {"groups": self.groups, "samples": samples, "seed": seed}

    def of(self, row: str) -> list[int]:
        """Places of the starts of a row."""
        return [i for i, one in enumerate(self.starts) if one.row.id == row]

    def rows(self) -> list[dict[str, Any]]:
        """Every row: each start, and over the starts mean, least and most; rows without a file say so."""
        found = []
        for row in ROWS:
            places = self.of(row.id)
            each = [self._start(i) for i in places]
            over = {name: _over([one[name] for one in each]) for name in NUMBERS} if each else {}
            found.append({"row": row.id, "title": row.title, "note": row.note, "starts": each, "over": over})
        return found

    def _start(self, place: int) -> dict[str, Any]:
        one, result = self.starts[place], agreement(self.values[place], self.scores, **self.drawn)
        facts = as_dict(asdict(one.facts))
        numbers: dict[str, Any] = {name: getattr(result, name) for name in NUMBERS}
        intervals = {name: list(result.intervals[name]) for name in NUMBERS if name in result.intervals}
        return {
            "number": one.number, "identity": one.request.identity, **numbers, "intervals": intervals,
            "fit": result.fit.kind, "facts": facts,
        }  # fmt: skip

    def compare(self, a: str, b: str) -> list[Difference] | str:
        """Start by start, or why they cannot be compared; a single start stands against each of the other row."""
        left, right = self.of(a), self.of(b)
        if not left or not right:
            return f"no file of {' and '.join(name for name, of in ((a, left), (b, right)) if not of)}"
        if len(left) != len(right) and 1 not in (len(left), len(right)):
            return f"{len(left)} starts of {a}, {len(right)} of {b}"
        pairs = [(left[i % len(left)], right[i % len(right)]) for i in range(max(len(left), len(right)))]
        for i, j in pairs:
            other = self._differing(i, j)
            if other:
                return f"start {self.starts[i].number}: {a} and {b} have another {other} each"
        return [self._difference(i, j) for i, j in pairs]

    def _differing(self, i: int, j: int) -> str:
        """What both have and is not the same: a transformer, an encoder."""
        left, right = self.starts[i].facts.parts, self.starts[j].facts.parts
        return next((name for name in left if name in right and left[name] != right[name]), "")

    def _difference(self, i: int, j: int) -> Difference:
        found = compare_metrics(self.values[i], self.values[j], self.scores, **self.drawn)
        a, b = self.starts[i], self.starts[j]
        return Difference(
            a.row.id, b.row.id, a.number, b.number, found.a, found.b, found.difference, *found.interval, found.p,
            found.p,
        )  # fmt: skip

    def claims(self) -> list[dict[str, Any]]:
        """The claims with their verdicts."""
        return [self._claim(claim) for claim in CLAIMS]

    def _claim(self, claim: Claim) -> dict[str, Any]:
        missing = [name for name in claim.than if not self.of(name)]
        than = claim.than[0] if missing else max(claim.than, key=self._mean)
        found = f"no file of {' and '.join(missing)}" if missing else self.compare(claim.better, than)
        return {"claim": claim.claim, "better": claim.better, "than": than, **_judged(found, STARTS)}

    def _mean(self, row: str) -> float:
        """SRCC, over the starts."""
        from visq.evaluate import srcc

        return statistics.fmean(srcc(self.values[i], self.scores) for i in self.of(row))

    def against(self) -> list[dict[str, Any]]:
        """The shipped metric against every other row that there is, Holm's correction over all comparisons."""
        compared = {row.id: self.compare(OURS, row.id) for row in ROWS if row.id != OURS and self.of(row.id)}
        every = [one for found in compared.values() if not isinstance(found, str) for one in found]
        adjusted: Iterator[float] = iter(adjust([one.p for one in every], "holm") if every else ())
        rows = []
        for name, found in compared.items():
            told = found if isinstance(found, str) else [replace(one, adjusted=float(next(adjusted))) for one in found]
            rows.append({"row": name, **_judged(told, 1)})
        return rows


def _judged(found: list[Difference] | str, least: int) -> dict[str, Any]:
    if isinstance(found, str):
        return {"verdict": "not testable", "why": found, "differences": []}
    said = verdict([one.sign for one in found], least)
    why = f"{len(found)} of {least} starts" if said == "not testable" else ""
    return {"verdict": said, "why": why, "differences": [{**asdict(one), "sign": one.sign} for one in found]}


def _over(values: Sequence[float]) -> dict[str, float]:
    """Over starts; the deviation is that of a sample, 0 of one."""
    return {
        "mean": statistics.fmean(values), "low": min(values), "high": max(values),
        "deviation": statistics.stdev(values) if len(values) > 1 else 0.0,
    }  # fmt: skip
