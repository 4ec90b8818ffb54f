"""Whether what decides on a score is what is salient, detailed, or a thing: agreement, and what chance would give."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from visq.errors import InputError
from visq.evaluate import Interval, bootstrap
from visq.evaluate.correlation import spearman
from visq.explain.cells import Bools, Cells, Floats
from visq.explain.importances import Importance

SAMPLES = 2000
BASELINES = ("centre", "shuffled")
_STATISTICS = ("srcc", "auc")


@dataclass(frozen=True, slots=True)
class Row:
    """A measure, or its baseline, over images.

    Attributes
    ----------
    measure : str
        `saliency`, ...; the centre baseline is the same for every measure and has the name `centre`.
    baseline : str
        Empty for the measure itself; `centre`, `shuffled`.
    statistic : str
        `srcc`, Spearman's correlation of importance and measure; `auc`, the area under the ROC curve of the measure
        for the critical half.
    mean : Interval
        Mean over images, with its bootstrap interval; of a baseline, the mean itself too.
    median : float
    images : int
        That had a value: an image whose importance or measure is constant has none.
    """

    measure: str
    baseline: str
    statistic: str
    mean: Interval
    median: float
    images: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a measure has over a baseline: the mean of the differences image by image, and their interval."""

    measure: str
    baseline: str
    statistic: str
    difference: Interval

    @property
    def better(self) -> bool:
        """Whether the interval lies above 0."""
        return self.difference.low > 0


@dataclass(frozen=True, slots=True)
class Agreement:
    """All rows, and what each measure has over each baseline."""

    rows: tuple[Row, ...]
    verdicts: tuple[Verdict, ...]
    images: int

    def explains(self, measure: str, statistic: str = "srcc") -> bool:
        """Whether a measure explains importance: only if it is better than every baseline."""
        found = [v.better for v in self.verdicts if (v.measure, v.statistic) == (measure, statistic)]
        return bool(found) and all(found)

    def claim(self, measure: str, statistic: str = "srcc") -> str:
        """`confirmed` where it explains; `contradicted` where a baseline is better; else `undecided`."""
        found = [v for v in self.verdicts if (v.measure, v.statistic) == (measure, statistic)]
        if found and all(v.better for v in found):
            return "confirmed"
        return "contradicted" if any(v.difference.high < 0 for v in found) else "undecided"


def auc(values: Floats, critical: Bools) -> float:
    """How often a critical cell has the larger value than a trivial one; ties count half. NaN without both kinds.

    >>> auc(np.array([0.9, 0.8, 0.1, 0.1]), np.array([True, False, True, False]))
    0.625
    """
    from scipy.stats import rankdata

    inside = int(critical.sum())
    outside = critical.size - inside
    if not inside or not outside:
        return math.nan
    ranks = rankdata(values)[critical.ravel()].sum()
    return float((ranks - inside * (inside + 1) / 2) / (inside * outside))


def centre(cells: Cells) -> Floats:
    """Minus the distance of every cell's middle to the middle of the picture, in shares of its sides."""
    y, x = ((edges[1:] + edges[:-1]) / (2 * edges[-1]) - 0.5 for edges in (cells.rows, cells.columns))
    return -np.hypot(*np.meshgrid(y, x, indexing="ij"))


def one(importance: Importance, values: Floats, *, border: bool = True) -> dict[str, float]:
    """Spearman's correlation and AUC of one picture; NaN where there is no order, as in a degenerate map.

    `border` says whether the outer ring of cells counts.
    """
    part = (slice(None), slice(None)) if border else (slice(1, -1), slice(1, -1))
    mine, theirs, critical = importance.map[part].ravel(), values[part].ravel(), importance.critical[part].ravel()
    if importance.degenerate or mine.size < 2:
        return dict.fromkeys(_STATISTICS, math.nan)
    return {"srcc": spearman(mine, theirs), "auc": auc(theirs, critical)}


def shifts(importance: Importance, values: Floats, level: float = 0.95) -> tuple[float, float]:
    """What Spearman's correlation is by chance in one picture: the range of it over all shifts of the measure.

    The map of the measure is moved round by every number of rows and columns. What it keeps is how its neighbours are
    alike, which is what makes a correlation of two smooth maps large for nothing.

    Returns
    -------
    (float, float)
        The middle 95 % (`level`) of the correlations; NaN where the map has no order.
    """
    if importance.degenerate:
        return math.nan, math.nan
    from scipy.stats import rankdata

    height, width = values.shape
    ranks = rankdata(values).reshape(values.shape)
    mine = rankdata(importance.map)
    mine = mine - mine.mean()
    moved = np.array([np.roll(ranks, (i, j), (0, 1)).ravel() for i in range(height) for j in range(width)][1:])
    if not len(moved) or np.ptp(ranks) == 0:
        return math.nan, math.nan
    moved = moved - moved.mean(axis=1, keepdims=True)
    found = moved @ mine.ravel() / np.sqrt((moved**2).sum(axis=1) * (mine**2).sum())
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def agreement(
    importances: Importance | Sequence[Importance],
    semantics: Mapping[str, Floats] | Sequence[Mapping[str, Floats]],
    baselines: Iterable[str] = BASELINES,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
    level: float = 0.95,
    border: bool = True,
) -> Agreement:
    """How well measures agree with importance over pictures, against what a centred or a foreign map would give.

    Parameters
    ----------
    importances : sequence of Importance
        One for each picture; two at least.
    semantics : sequence of dict
        The maps of `visq.explain.semantics` on the cells of the same picture.
    baselines : names
        `centre`: minus the distance to the middle. `shuffled`: the same measure of another picture, paired at random.
    samples, seed, level
        Of the bootstrap over pictures, and of the pairing.
    border : bool
        Whether the outer ring of cells counts: networks pad pictures there, and what is decided there may be the
        padding's doing. Tell both.

    Raises
    ------
    InputError
        Numbers of pictures that differ, or fewer than 2; maps of another grid.

    Notes
    -----
    Pictures need not have one grid: a map of another picture is averaged in the cells of this one.
    """
    maps = [importances] if isinstance(importances, Importance) else list(importances)
    found = [semantics] if isinstance(semantics, Mapping) else list(semantics)
    if len(maps) != len(found):
        raise InputError("importances and measures do not belong together", expected=f"{len(maps)} pictures",
                         got=str(len(found)))  # fmt: skip
    if len(maps) < 2:
        raise InputError("agreement is told over pictures", expected="2 or more", got=str(len(maps)),
                         hint="Of one picture, visq.explain.agreements.one and shifts tell it.")  # fmt: skip
    chosen = list(baselines)
    unknown = [name for name in chosen if name not in BASELINES]
    if unknown:
        raise InputError(f"no baseline is called {unknown[0]!r}", expected=" or ".join(BASELINES))
    partner = _partners(len(maps), seed)
    values: dict[tuple[str, str], list[dict[str, float]]] = {}
    for i, importance in enumerate(maps):
        for name in found[0]:
            _check(importance, found[i], name)
            values.setdefault((name, ""), []).append(one(importance, found[i][name], border=border))
            if "shuffled" in chosen:
                other = maps[partner[i]].cells.carried(importance.cells, found[partner[i]][name])
                values.setdefault((name, "shuffled"), []).append(one(importance, other, border=border))
        if "centre" in chosen:
            values.setdefault(("centre", "centre"), []).append(one(importance, centre(importance.cells), border=border))
    settings = {"samples": samples, "seed": seed, "level": level}
    rows = tuple(
        _row(*key, statistic, several, settings) for key, several in values.items() for statistic in _STATISTICS
    )
    verdicts = tuple(
        _verdict(name, baseline, statistic, values, settings)
        for name in found[0]
        for baseline in chosen
        for statistic in _STATISTICS
    )
    return Agreement(rows, verdicts, len(maps))


def _partners(count: int, seed: int) -> list[int]:
    """Another picture for each: a random cycle through all of them."""
    order = np.random.default_rng(seed).permutation(count)
    found = np.empty(count, dtype=int)
    found[order] = np.roll(order, 1)
    return [int(i) for i in found]


def _check(importance: Importance, maps: Mapping[str, Floats], name: str) -> None:
    if name not in maps or np.shape(maps[name]) != importance.map.shape:
        got = str(np.shape(maps[name])) if name in maps else "none"
        raise InputError(f"{name} is not on the grid of the importance", expected=str(importance.map.shape), got=got)


def _known(several: list[dict[str, float]], statistic: str) -> Floats:
    return np.array([one[statistic] for one in several])


def _mean(values: Floats, settings: dict[str, float | int]) -> Interval:
    known = values[np.isfinite(values)]
    if known.size < 2:
        raise InputError("too few pictures have an order to agree with", expected="2 or more", got=str(known.size))
    return bootstrap(lambda x: float(np.mean(x)), known, **settings)  # type: ignore[arg-type]


def _row(
    measure: str, baseline: str, statistic: str, several: list[dict[str, float]], settings: dict[str, float | int]
) -> Row:
    values = _known(several, statistic)
    mean = _mean(values, settings)
    known = values[np.isfinite(values)]
    return Row(measure, baseline, statistic, mean, float(np.median(known)), known.size)


def _verdict(
    measure: str,
    baseline: str,
    statistic: str,
    values: Mapping[tuple[str, str], list[dict[str, float]]],
    settings: dict[str, float | int],
) -> Verdict:
    other = values["centre", "centre"] if baseline == "centre" else values[measure, baseline]
    difference = _known(values[measure, ""], statistic) - _known(other, statistic)
    return Verdict(measure, baseline, statistic, _mean(difference, settings))


__all__ = [
    "BASELINES", "SAMPLES", "Agreement", "Row", "Verdict", "agreement", "auc", "centre", "one", "shifts",
]  # fmt: skip
