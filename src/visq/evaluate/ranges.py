"""The range effect: a correlation over the whole range of quality says little about images of nearly equal quality."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from visq.errors import InputError
from visq.evaluate.correlation import sign as sign_of
from visq.evaluate.correlation import spearman
from visq.evaluate.inputs import choice, constant, pair, warn_constant, whole

_FEWEST = 3


@dataclass(frozen=True, slots=True)
class RangeEffect:
    """SRCC over all items and within narrow ranges of the scores.

    Attributes
    ----------
    overall : float
        SRCC of all items.
    within : tuple of float
        SRCC of each range, from the lowest scores to the highest; NaN where undefined.
    ranges : tuple of (float, float)
        Lowest and highest score in each.
    counts : tuple of int
        Items in each.
    fine : float
        Mean of `within`, leaving out what is undefined.
    gap : float
        `overall - fine`: how much of the correlation rests on the width of the range.
    rule : str
        `count` or `width`.
    """

    overall: float
    within: tuple[float, ...]
    ranges: tuple[tuple[float, float], ...]
    counts: tuple[int, ...]
    fine: float
    gap: float
    rule: str


def range_effect(
    predictions: Any,
    scores: Any,
    *,
    bins: int = 5,
    rule: Literal["count", "width"] = "count",
    lower_is_better: bool = False,
    scores_lower_is_better: bool = False,
) -> RangeEffect:
    """SRCC within ranges of the scores.

    Parameters
    ----------
    predictions, scores : sequence of float, (n,)
    bins : int
        How many ranges, from 2 on.
    rule : str
        `count`: the items in the order of their scores, cut into equal numbers (equal scores stay in the order given).
        `width`: the range of the scores cut into equal widths.
    lower_is_better, scores_lower_is_better : bool
        As `srcc` has them.

    Returns
    -------
    RangeEffect

    Raises
    ------
    InputError
        Fewer than 3 items a range with `rule="count"`; everything that `srcc` refuses.

    Notes
    -----
    The effect: B. Li, F. Huo, REQA: Coarse-to-fine assessment of image quality to alleviate the range effect, JVCIR 98
    (2024), 104043. The paper's ranges are not known to us; five of equal count are our choice.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> mos = np.linspace(1, 5, 500)
    >>> found = range_effect(mos + rng.normal(0, 0.5, 500), mos)
    >>> found.counts, found.overall > 0.9, found.fine < 0.6
    ((100, 100, 100, 100, 100), True, True)
    """
    x, y = pair(predictions, scores)
    whole(bins, "bins", minimum=2)
    choice(rule, ("count", "width"), "rule")
    if rule == "count" and x.size < _FEWEST * bins:
        raise InputError(f"too few items for {bins} ranges", expected=f"{_FEWEST * bins} or more", got=str(x.size))
    sign = sign_of(lower_is_better, scores_lower_is_better)
    if warn_constant(x, y, "SRCC"):
        return RangeEffect(math.nan, (), (), (), math.nan, math.nan, rule)
    order = np.argsort(y, kind="stable")
    if rule == "count":
        parts = np.array_split(order, bins)
    else:
        edges = np.linspace(y.min(), y.max(), bins + 1)[1:-1]
        at = np.searchsorted(edges, y, side="right")
        parts = [np.flatnonzero(at == k) for k in range(bins)]
    within = tuple(sign * _within(x[part], y[part]) for part in parts)
    ranges = tuple((float(y[p].min()), float(y[p].max())) if p.size else (math.nan, math.nan) for p in parts)
    defined = [value for value in within if not math.isnan(value)]
    fine = sum(defined) / len(defined) if defined else math.nan
    overall = sign * spearman(x, y)
    return RangeEffect(overall, within, ranges, tuple(p.size for p in parts), fine, overall - fine, rule)


def _within(x: Any, y: Any) -> float:
    return math.nan if x.size < _FEWEST or constant(x) or constant(y) else spearman(x, y)
