"""From the two responses of one tap to the few numbers that read-outs need: nothing larger is kept.

Every reduction takes responses `(C, H, W)`, accumulates in float64, and gives one vector. What it needs of the
reference alone is prepared once for all images of that reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Numbers before the channels in the vector of `base`: positions, <f,g>, <f,f>, <g,g>, sum |d|, sum d^4.
HEAD = 6
#: Bins of a histogram.
BINS = 16
#: Channels of which a Gram matrix is made as they are; of more, this many fixed random projections.
GRAM_CHANNELS, GRAM_PROJECTIONS = 512, 256
# Values of a block: it and its doubles stay in the processor's cache.
_BLOCK = 1 << 17
_POSITIONS = 1 << 13
# Of lengths that responses are divided by, as LPIPS has it.
_EPS = 1e-10


@dataclass(frozen=True, slots=True)
class Reduction:
    """`prepare(reference)` gives what `measure(prepared, reference, image)` needs of the reference."""

    name: str
    prepare: Callable[[Any], Any]
    measure: Callable[[Any, Any, Any], Floats]


def _layout(f: Any) -> tuple[NDArray[np.float32], bool]:
    """`(C, HW)`, or `(HW, C)` where the response lies so in memory; whether it is the latter. Nothing is copied."""
    last = f.permute(1, 2, 0)
    if last.is_contiguous() and not f.is_contiguous():
        return last.float().flatten(0, 1).numpy(), True
    return np.ascontiguousarray(f.float().flatten(1).numpy()), False


def _positions(f: Any) -> Any:
    """`(HW, C)`, a view of either layout."""
    return f.permute(1, 2, 0).flatten(0, 1) if not f.is_contiguous() else f.flatten(1).T


def base(_: Any, f: Any, g: Any) -> Floats:
    """Products, sums of powers, and the mean squared difference of each channel.

    Returns
    -------
    ndarray, (6 + C,)
        Positions HW, <f,g>, <f,f>, <g,g>, sum |f-g|, sum (f-g)^4, then mean over space of (f-g)^2, channel by channel.
    """
    from visq.probe import _numba_reductions

    (a, last), (b, other) = _layout(f), _layout(g)
    if last != other:
        (a, last), (b, _) = _layout(f.contiguous()), _layout(g.contiguous())
    each = np.zeros((HEAD, f.shape[0]))
    (_numba_reductions.sums_last if last else _numba_reductions.sums)(a, b, each)
    positions = f.shape[1] * f.shape[2]
    return np.concatenate([[positions], each[:5].sum(1), each[5] / positions])


def unit(_: Any, f: Any, g: Any) -> Floats:
    """Mean over space of the squared difference of responses of unit length across channels, as LPIPS has it."""
    a, b = _positions(f), _positions(g)
    step = max(1, _BLOCK // f.shape[0])
    total = 0.0
    for first in range(0, a.shape[0], step):
        u, v = a[first : first + step].double(), b[first : first + step].double()
        u = u / ((u * u).sum(1, keepdim=True).sqrt() + _EPS)
        v = v / ((v * v).sum(1, keepdim=True).sqrt() + _EPS)
        total += float(((u - v) ** 2).sum())
    return np.array([total / a.shape[0]])


def moments(f: Any) -> tuple[Floats, Floats]:
    """Mean and standard deviation of every channel over space, `(C,)` each."""
    from visq.probe import _numba_reductions

    means, deviations = np.empty(f.shape[0]), np.empty(f.shape[0])
    a, last = _layout(f)
    (_numba_reductions.moments_last if last else _numba_reductions.moments)(a, means, deviations)
    return means, deviations


def _stats(prepared: tuple[Floats, Floats], _: Any, g: Any) -> Floats:
    """Distances between the means, the deviations, and both together."""
    mean, deviation = moments(g)
    first = float(np.sum((mean - prepared[0]) ** 2))
    second = float(np.sum((deviation - prepared[1]) ** 2))
    return np.sqrt([first, second, first + second])


def gram(f: Any) -> Any:
    """Upper triangle with the diagonal of F F^T / (HW), float64; F is `(C, HW)`, or 256 projections of more."""
    import torch

    a = _positions(f).float()
    projection = torch.from_numpy(_projection(a.shape[1])).T if a.shape[1] > GRAM_CHANNELS else None
    size = a.shape[1] if projection is None else GRAM_PROJECTIONS
    total = torch.zeros((size, size), dtype=torch.float64)
    for first in range(0, a.shape[0], _POSITIONS):
        block = a[first : first + _POSITIONS]
        block = block if projection is None else block @ projection
        total += block.T @ block
    rows, columns = torch.triu_indices(size, size)
    return total[rows, columns] / a.shape[0]


def _projection(channels: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(channels)
    return (rng.standard_normal((GRAM_PROJECTIONS, channels)) / math.sqrt(channels)).astype(np.float32)


def _gram_distance(prepared: Any, _: Any, g: Any) -> Floats:
    return np.array([float((gram(g) - prepared).norm())])


@dataclass(frozen=True, slots=True)
class Bins:
    """Where the 16 bins of each channel lie: between the least and the largest value of the reference's response."""

    low: Floats
    high: Floats

    def count(self, f: Any) -> Floats:
        """Share of positions in each bin, `(C, 16)`; values beyond the ends belong to the first and the last bin.

        NaN where a value is NaN or infinite.
        """
        from visq.probe import _numba_reductions

        out = np.zeros((f.shape[0], BINS))
        a, last = _layout(f)
        (_numba_reductions.histogram_last if last else _numba_reductions.histogram)(a, self.low, self.high, out)
        return out / (f.shape[1] * f.shape[2])


def bins(f: Any) -> Bins:
    """The bins that a reference sets."""
    return Bins(f.amin((1, 2)).double().numpy(), f.amax((1, 2)).double().numpy())


def _histogram(f: Any) -> tuple[Bins, Floats]:
    places = bins(f)
    return places, places.count(f)


def _histogram_distance(prepared: tuple[Bins, Floats], _: Any, g: Any) -> Floats:
    places, counts = prepared
    return np.array([np.linalg.norm(places.count(g) - counts)])


def _nothing(_: Any) -> None:
    return None


REDUCTIONS = {
    one.name: one
    for one in (
        Reduction("base", _nothing, base),
        Reduction("unit", _nothing, unit),
        Reduction("stats", moments, _stats),
        Reduction("gram", gram, _gram_distance),
        Reduction("hist", _histogram, _histogram_distance),
    )
}


__all__ = ["BINS", "HEAD", "REDUCTIONS", "Bins", "Reduction", "base", "bins", "gram", "moments", "unit"]
