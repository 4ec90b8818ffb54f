"""Which values the colours of a map span, and where its colour bar has ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# Coarse on purpose: maps of one run mostly share a step, so that their colours compare.
_STEPS = (1.0, *(m * 10.0**-e for e in range(1, 7) for m in (5, 2, 1)))

# Share of the pixels that may lie beyond the colours: a few extremes would darken all the rest.
_BEYOND = 1e-2


@dataclass(frozen=True, slots=True)
class ColourRange:
    """Values at the two ends of the bar, and one phrase on where they come from."""

    low: float
    high: float
    note: str


def colour_range(values: np.ndarray, value_range: tuple[float, float] | None, *, lower_is_better: bool) -> ColourRange:
    """Ends of the colour bar for a map.

    A finite `value_range` decides, so that maps compare. It starts at the better end and is used whole, or to
    a half, fifth, tenth, ... of its length, the smallest that holds 99 % of the pixels: a squared
    error of 50 would be black on a scale of 65025. The rest gets the colour of the worse end. Where more than
    1 % of the pixels lie beyond the worse end of `value_range`, or it is not finite, the map's own values decide,
    again without the worst 1 %. What is better than the better end has its colour: a similarity of MDSI may pass 1.

    Examples
    --------
    >>> colour_range(np.array([0.7, 1.0]), (-1.0, 1.0), lower_is_better=False)
    ColourRange(low=0.6, high=1.0, note='colours span 0.6 to 1 of -1 to 1')
    """
    low, high = (float(v) for v in value_range) if value_range is not None else (math.nan, math.nan)
    best = low if lower_is_better else high
    if math.isfinite(best) and values.min() == values.max() == best:
        whole = (low, high) if math.isfinite(high - low) and low < high else (best - 0.5, best + 0.5)
        return ColourRange(*whole, f"identical: every pixel has the best value, {text(best)}")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return _own_range(values, lower_is_better)
    # The float32 of a map may miss the ends of its range by a rounding error.
    slack = 1e-6 * (high - low)
    beyond = values > high + slack if lower_is_better else values < low - slack
    if np.mean(beyond) > _BEYOND:
        return _own_range(values, lower_is_better)
    shares = (values - low) / (high - low) if lower_is_better else (high - values) / (high - low)
    reach = float(np.quantile(shares, 1.0 - _BEYOND))
    step = 1.0 if reach <= 0 else min((s for s in _STEPS if s >= reach), default=1.0)
    if step == 1.0:
        return ColourRange(low, high, f"colours span the full range, {text(low)} to {text(high)}")
    length = (high - low) * step
    ends = (low, low + length) if lower_is_better else (high - length, high)
    note = f"colours span {text(ends[0])} to {text(ends[1])} of {text(low)} to {text(high)}"
    return ColourRange(*ends, note + (", what is worse has the end colour" if np.any(shares > step) else ""))


def _own_range(values: np.ndarray, lower_is_better: bool) -> ColourRange:
    low, high = float(values.min()), float(values.max())
    if not high > low:
        room = max(0.5, 0.05 * abs(low))
        return ColourRange(low - room, high + room, f"constant map, {text(low)}")
    worse = float(np.quantile(values, 1.0 - _BEYOND if lower_is_better else _BEYOND))
    if low < worse < high:
        ends = (low, worse) if lower_is_better else (worse, high)
        extreme = high if lower_is_better else low
        note = f"colours span {text(ends[0])} to {text(ends[1])}, 99 % of this map"
        return ColourRange(*ends, f"{note}; the worst pixel has {text(extreme)}")
    return ColourRange(low, high, f"colours span the values of this map, {text(low)} to {text(high)}")


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers inside `[low, high]`, at most `most` of them and at least one.

    Examples
    --------
    >>> ticks(-1.0, 1.0, 5)
    [-1.0, -0.5, 0.0, 0.5, 1.0]
    """
    span = high - low
    step = 10.0 ** math.floor(math.log10(span / max(most, 1)))
    for factor in (1, 2, 2.5, 5, 10, 20, 25, 50):
        first = math.ceil(low / (step * factor) - 1e-9)
        last = math.floor(high / (step * factor) + 1e-9)
        if last - first + 1 <= max(most, 1):
            digits = 12 - math.floor(math.log10(span))
            found = [round(i * step * factor, digits) + 0.0 for i in range(first, last + 1)]
            if found:
                return found
            break
    return [low]


def text(value: float) -> str:
    """A number short enough for a label: `0.25`, `6502.5`, `1.2e-05`."""
    if value == 0:
        return "0"
    return f"{value:.5g}" if 1e-4 <= abs(value) < 1e6 else f"{value:.3g}"
