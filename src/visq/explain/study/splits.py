"""Halves against people: correlations of wholes and parts, their paired differences, and the share that is kept.

Pictures are drawn with replacement, the same draws for every part, so that differences are paired.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from visq.errors import VisqWarning
from visq.evaluate import Interval, bootstrap
from visq.evaluate.resampling import Resampler, Statistic, limits
from visq.explain.cells import Floats
from visq.explain.half_reports import BELOW, NEAR, PARTS, ratio_of_means

LEVEL = 0.95
#: Differences of SRCC that the claims ask for.
DIFFERENCES = (
    ("full", "critical"), ("full", "trivial"), ("random", "trivial"), ("critical", "random"), ("critical", "trivial"),
)  # fmt: skip
CHECKS = (
    f"full - critical <= {NEAR:g}",
    f"full - trivial >= {BELOW:g}",
    "trivial < random < critical",
)


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of many pictures and their parts, in the direction of people's.

    Attributes
    ----------
    full, critical, trivial : (n,) array
    random : (draws, n) array
    """

    full: Floats
    critical: Floats
    trivial: Floats
    random: Floats


@dataclass(frozen=True, slots=True)
class Split:
    """What one model says of the halves that it, or another, told apart.

    Attributes
    ----------
    judge, chooser : str
        The same model, or two.
    srcc, plcc : dict of str to Interval
        Agreement with people of `full`, `critical`, `trivial`, `random` (mean over the draws).
    differences : dict of str to Interval
        Of SRCC, paired: `full - critical` and so on.
    ratio : Interval
        k: how much further scores move without critical halves than without trivial ones.
    """

    judge: str
    chooser: str
    srcc: dict[str, Interval]
    plcc: dict[str, Interval]
    differences: dict[str, Interval]
    ratio: Interval

    @property
    def crossed(self) -> bool:
        """Whether another model chose the halves."""
        return self.judge != self.chooser

    @property
    def checks(self) -> dict[str, bool]:
        """The spec's conditions, asked of the estimates alone."""
        value = {part: self.srcc[part].estimate for part in PARTS}
        met = (
            value["full"] - value["critical"] <= NEAR,
            value["full"] - value["trivial"] >= BELOW,
            value["trivial"] < value["random"] < value["critical"],
        )
        return dict(zip(CHECKS, met, strict=True))


@dataclass(frozen=True, slots=True)
class Share:
    """SRCC of pictures of which a share is kept: the most important cells first, and the least important."""

    share: float
    most: Interval
    least: Interval


class Drawn:
    """Correlations with people of any scores of the pictures, all by the same draws."""

    def __init__(self, labels: Floats, groups: Any, samples: int, seed: int) -> None:
        self._labels = labels
        self._groups, self._samples, self._seed = groups, samples, seed
        self._resampler = Resampler(labels.size, groups, samples, seed)

    def values(self, name: str, scores: Floats) -> tuple[float, Floats]:
        """Estimate, and one value for each draw."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", VisqWarning)  # constant scores: NaN says it
            statistic = Statistic(name, scores, self._labels, self._resampler)
            drawn = [statistic.of(counts) for counts in self._resampler.counts()]
        return statistic.estimate, np.concatenate(drawn) if drawn else np.empty(0)

    def interval(self, found: tuple[float, Floats]) -> Interval:
        estimate, values = found
        low, high = limits(values, LEVEL)
        one = self._resampler
        undefined = int(np.isnan(values).sum())
        return Interval(
            estimate, low, high, LEVEL, one.samples, undefined, one.groups, one.unit, "percentile", one.seed
        )

    def of(self, statistic: Callable[..., float], *columns: Floats) -> Interval:
        """Of any function of the pictures."""
        return bootstrap(statistic, *columns, groups=self._groups, samples=self._samples, seed=self._seed)


def split(judge: str, chooser: str, scores: Scores, drawn: Drawn) -> Split:
    """Correlations, differences and k."""
    known: dict[str, dict[str, tuple[float, Floats]]] = {}
    for name in ("srcc", "plcc"):
        parts = {part: drawn.values(name, getattr(scores, part)) for part in PARTS[:3]}
        several = [drawn.values(name, column) for column in scores.random]
        parts["random"] = float(np.mean([e for e, _ in several])), np.mean([v for _, v in several], axis=0)
        known[name] = parts
    rank = known["srcc"]
    differences = {
        f"{a} - {b}": drawn.interval((rank[a][0] - rank[b][0], rank[a][1] - rank[b][1])) for a, b in DIFFERENCES
    }
    moved = (np.abs(scores.trivial - scores.full), np.abs(scores.critical - scores.full))
    srcc, plcc = ({part: drawn.interval(x) for part, x in known[name].items()} for name in ("srcc", "plcc"))
    return Split(judge, chooser, srcc, plcc, differences, drawn.of(ratio_of_means, *moved))


def curve(shares: Sequence[float], most: Floats, least: Floats, drawn: Drawn) -> tuple[Share, ...]:
    """Of scores `(shares, n)`."""
    return tuple(
        Share(share, *(drawn.interval(drawn.values("srcc", way[i])) for way in (most, least)))
        for i, share in enumerate(shares)
    )


__all__ = ["CHECKS", "DIFFERENCES", "LEVEL", "Drawn", "Scores", "Share", "Split", "curve", "split"]
