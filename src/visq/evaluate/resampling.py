"""Bootstrap over contents: what other pictures of the same kind could have given.

Images made from one photograph are not independent, so it is contents that are drawn, with replacement, and all their
items come along.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from visq.errors import InputError, VisqError
from visq.evaluate import correlation
from visq.evaluate.inputs import Codes, Floats, choice, labels, same_length, share, vector, whole
from visq.evaluate.scaling import standardise

Method = Literal["percentile", "bca"]
Counts = NDArray[np.int64]
# Entries of a block of resamples: 32 MB.
_BLOCK = 4_000_000
# Contents beyond are left out by the block for the acceleration of BCa.
_LEFT_OUT = 400
# A variance below this part of its terms is the rounding of their sum.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Interval:
    """A bootstrap interval, and what it rests on.

    Attributes
    ----------
    estimate, low, high : float
        The statistic of all items, and the limits. NaN where it is undefined in half of the resamples or more.
    level : float
        What share of such intervals should hold the true value.
    samples, undefined : int
        Resamples, and those in which the statistic was undefined.
    groups : int
        How many contents were drawn; the number of items where each was its own.
    unit : str
        `contents`, or `items` where no groups were given: too narrow where several items share a content.
    method : str
        `percentile` or `bca`.
    seed : int
    """

    estimate: float
    low: float
    high: float
    level: float
    samples: int
    undefined: int
    groups: int
    unit: str
    method: Method
    seed: int


class Resampler:
    """Draws contents with replacement: the same draws for every statistic, and for every metric."""

    def __init__(self, length: int, groups: Any, samples: int, seed: int) -> None:
        self.samples = whole(samples, "samples", minimum=0)
        self.seed = whole(seed, "seed", minimum=0)
        self.unit = "items" if groups is None else "contents"
        self.content: Codes
        if groups is None:
            self.content, self.groups = np.arange(length), length
        else:
            self.content, names = labels(groups, length, "groups")
            self.groups = len(names)

    def counts(self) -> Iterator[Counts]:
        """How often each content was drawn, `(resamples, groups)`, block by block."""
        rng = np.random.default_rng(self.seed)
        rows = max(1, _BLOCK // self.groups)
        for first in range(0, self.samples, rows):
            number = min(rows, self.samples - first)
            drawn = rng.integers(0, self.groups, (number, self.groups))
            drawn += np.arange(number)[:, None] * self.groups
            yield np.bincount(drawn.ravel(), minlength=number * self.groups).reshape(number, self.groups)

    def without(self) -> Iterator[Counts]:
        """All contents once, without one of them (or one block of them) each time."""
        block = np.arange(self.groups)
        if self.groups > _LEFT_OUT:
            block = np.random.default_rng(self.seed).permutation(self.groups) % _LEFT_OUT
        rows = max(1, _BLOCK // self.groups)
        for first in range(0, int(block.max()) + 1, rows):
            left_out = np.arange(first, min(first + rows, int(block.max()) + 1))
            yield (block != left_out[:, None]).astype(np.int64)


class Statistic:
    """A correlation of resamples, prepared once: `of(counts)` gives one value a row."""

    def __init__(self, name: str, x: Floats, y: Floats, resampler: Resampler) -> None:
        self.name, self.content, self.groups = name, resampler.content, resampler.groups
        self.estimate = {"srcc": correlation.spearman, "krcc": correlation.kendall, "plcc": correlation.pearson}[name](
            x, y
        )
        if name == "plcc":
            u, v = standardise(x)[0], standardise(y)[0]
            self.sums = content_sums(np.stack([np.ones_like(u), u, v, u * u, v * v, u * v], 1), resampler)
        else:
            self.x, self.y = _sorted(x), _sorted(y)

    def of(self, counts: Counts) -> Floats:
        if self.name == "plcc":
            n, x, y, xx, yy, xy = (counts @ self.sums).T
            with np.errstate(invalid="ignore", divide="ignore"):
                left, right = xx - x * x / n, yy - y * y / n
                defined = (left > _ROUNDING * xx) & (right > _ROUNDING * yy)
                return np.where(defined, np.clip((xy - x * y / n) / np.sqrt(left * right), -1, 1), np.nan)
        from visq.evaluate import _numba_ranks

        order_x, start_x, _ = self.x
        order_y, start_y, level_y = self.y
        if self.name == "srcc":
            return _numba_ranks.spearman(counts, self.content, order_x, start_x, order_y, start_y)
        return _numba_ranks.kendall(counts, self.content, order_x, start_x, level_y, start_y.size - 1)


def _sorted(values: Floats) -> tuple[Codes, Codes, Codes]:
    """What sorts the values, where each run of equal ones begins (and the end), and the number of each one's run."""
    _, level, counts = np.unique(values, return_inverse=True, return_counts=True)
    start: Codes = np.concatenate([[0], np.cumsum(counts)])
    return np.argsort(values, kind="stable"), start, level


def content_sums(columns: Floats, resampler: Resampler) -> Floats:
    """Sum of each column over the items of each content, `(groups, columns)`."""
    sums = [np.bincount(resampler.content, weights=column, minlength=resampler.groups) for column in columns.T]
    return np.stack(sums, 1)


def bootstrap(
    statistic: str | Callable[..., float],
    *sequences: Any,
    groups: Any = None,
    samples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    method: Method = "percentile",
) -> Interval:
    """Interval of a statistic by resampling contents.

    Parameters
    ----------
    statistic : str or callable
        `srcc`, `krcc` or `plcc` of two sequences (prepared once: under half a millisecond a resample of 10,000 items),
        or a function of as many arrays as there are sequences (called for every resample).
    *sequences : sequence of float, (n,)
        Predictions and scores, or whatever the function takes.
    groups : sequence, (n,), optional
        The content (reference photograph, scene) that each item was made from. Without it every item is its own
        content, and the result says `items`.
    samples, seed : int
        Resamples, and the seed of their generator.
    level : float
    method : str
        `percentile`: quantiles of the resampled values. `bca`: the same, corrected for bias and acceleration (B. Efron,
        JASA 82, 1987, 171-185), better where the statistic is skewed, as correlations near 1 are; the acceleration is
        from leaving out one content (or one of 400 blocks of contents) at a time.

    Returns
    -------
    Interval

    Raises
    ------
    InputError
        Lengths that differ, NaN, fewer than 2 contents, an unknown statistic or method.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> scores = rng.normal(size=200)
    >>> found = bootstrap("srcc", scores + rng.normal(size=200), scores, groups=np.arange(200) // 10)
    >>> found.unit, found.groups, found.low < found.estimate < found.high
    ('contents', 20, True)
    """
    arrays = _sequences(sequences)
    choice(method, ("percentile", "bca"), "method")
    resampler = Resampler(arrays[0].size, groups, samples, seed)
    if resampler.groups < 2:
        raise InputError("a bootstrap over contents needs several", expected="2 or more", got=str(resampler.groups))
    if callable(statistic):
        estimate = float(statistic(*arrays))
        of = _called(statistic, arrays, resampler)
    else:
        choice(statistic, ("srcc", "krcc", "plcc"), "statistic")
        if len(arrays) != 2:
            raise InputError(f"{statistic} takes predictions and scores", got=f"{len(arrays)} sequences")
        prepared = Statistic(statistic, arrays[0], arrays[1], resampler)
        estimate, of = prepared.estimate, prepared.of
    values = np.concatenate([of(counts) for counts in resampler.counts()]) if samples else np.empty(0)
    left = np.concatenate([of(counts) for counts in resampler.without()]) if method == "bca" else None
    low, high = limits(values, share(level, "level"), estimate=estimate, without=left)
    undefined = int(np.isnan(values).sum())
    return Interval(
        estimate, low, high, level, samples, undefined, resampler.groups, resampler.unit, method, resampler.seed
    )


def _sequences(sequences: tuple[Any, ...]) -> list[Floats]:
    if not sequences:
        raise InputError("nothing to resample", expected="predictions and scores")
    arrays = [vector(values, f"sequence {number}") for number, values in enumerate(sequences, 1)]
    for number, array in enumerate(arrays[1:], 2):
        same_length(array, arrays[0].size, f"sequence {number}", "sequence 1")
    return arrays


def _called(statistic: Callable[..., float], arrays: list[Floats], resampler: Resampler) -> Callable[[Counts], Floats]:
    """The statistic of each resample, items repeated as often as their content was drawn."""

    def of(counts: Counts) -> Floats:
        values = np.empty(len(counts))
        for row, count in enumerate(counts):
            items = np.repeat(np.arange(resampler.content.size), count[resampler.content])
            try:
                values[row] = float(statistic(*(array[items] for array in arrays)))
            except VisqError:
                values[row] = math.nan  # too few items were drawn: counted as undefined
        return values

    return of


def limits(
    values: Floats, level: float, *, estimate: float = math.nan, without: Floats | None = None
) -> tuple[float, float]:
    """Limits of the interval that holds `level` of the values; by BCa where those `without` a content are given."""
    defined = values[~np.isnan(values)]
    if defined.size == 0 or 2 * defined.size < values.size:
        return math.nan, math.nan
    tails = np.array([(1 - level) / 2, (1 + level) / 2])
    if without is not None:
        from scipy.special import ndtr, ndtri

        below = np.mean(defined < estimate) + 0.5 * np.mean(defined == estimate)
        if not 0 < below < 1:
            return math.nan, math.nan
        without = without[~np.isnan(without)]
        if without.size == 0:
            return math.nan, math.nan
        bias = ndtri(below)
        spread = np.mean(without) - without
        cube = float(np.sum(spread**2)) ** 1.5
        acceleration = float(np.sum(spread**3)) / (6 * cube) if cube > 0 else 0.0
        moved = bias + ndtri(tails)
        tails = ndtr(bias + moved / (1 - acceleration * moved))
    low, high = np.quantile(defined, tails)
    return float(low), float(high)
