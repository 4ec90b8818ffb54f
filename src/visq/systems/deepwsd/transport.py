"""The distance of one stage: between the vectors of two pictures, as distributions and value by value."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch

from visq.ops._torch_transport import sorted_cost
from visq.ops.precision import wide
from visq.ops.transport import squared_transport
from visq.systems.deepwsd.variants import Measure

# Added to the sum of a stage before it divides.
_EPSILON = 1e-6
# Added to the distance of distributions before it weighs the errors.
_OFFSET = 10.0
# Values of a piece of a stage: a few megabytes, and too few for torch to share among threads, whose number would change
# the last digits of the sums.
_PIECE = 1 << 18

Pair = tuple[torch.Tensor, torch.Tensor]
Distances = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def stage(x: torch.Tensor, y: torch.Tensor, measure: Measure = "transport") -> Pair:
    """Sums over the vectors of a stage: their distances as distributions, and their weighted squared errors.

    With ``W_j`` the distance of the vectors ``x_j`` and ``y_j`` as distributions::

        (sum_j W_j,  sum_j lambda_j |x_j - y_j|^2),    lambda = exp(1 / (2 (W + 10))) / (W + 10)^2

    Parameters
    ----------
    x, y : torch.Tensor
        `(n, M)`, a vector a column.
    measure : {"transport", "jsd", "skld"}
        `transport`: squared one-dimensional transport along the n entries, of the masses ``x^2 / (sum x + 1e-6)``, the
        sum over the whole stage. `jsd`: Jensen-Shannon divergence, in nats, of the softmax over the n entries. `skld`:
        half the sum of the Kullback-Leibler divergences both ways, of the same.

    Returns
    -------
    (torch.Tensor, torch.Tensor)
        Two scalars, float64.
    """
    distances = _transport(x, y, squared_transport) if measure == "transport" else _DIVERGENCES[measure]
    columns = x.shape[1]
    step = max(1, _PIECE // x.shape[0])
    pieces = [_sums(x[:, i : i + step], y[:, i : i + step], distances) for i in range(0, columns, step)]
    moved, weighted = zip(*pieces, strict=True)
    return torch.stack(moved).sum(), torch.stack(weighted).sum()


def stage_graph(x: torch.Tensor, y: torch.Tensor, measure: Measure = "transport") -> Pair:
    """As `stage` of every stage `(N, n, M)` of a batch, `(N,)` each, in operations that can be exported as a graph."""
    cost = partial(sorted_cost, n=int(x.shape[-2]))
    return _sums(x, y, _transport(x, y, cost) if measure == "transport" else _DIVERGENCES[measure])


def _sums(x: torch.Tensor, y: torch.Tensor, distances: Distances) -> Pair:
    a, b = wide(x), wide(y)
    distance = distances(a, b)
    error = ((a - b) ** 2).sum(-2)
    away = distance + _OFFSET
    return distance.sum(-1), (torch.exp(0.5 / away) / away**2 * error).sum(-1)


def _transport(x: torch.Tensor, y: torch.Tensor, cost: Distances) -> Distances:
    share_x, share_y = (1.0 / (_total(v) + _EPSILON) for v in (x, y))

    def distances(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return cost(a * a * share_x, b * b * share_y)

    return distances


def _total(x: torch.Tensor) -> torch.Tensor:
    # Rows first: torch shares the sum of one number among threads, whose number would change its last digits.
    rows = x.sum(-1, keepdim=True) if x.device.type == "mps" else x.sum(-1, keepdim=True, dtype=torch.float64)
    return rows.sum(-2, keepdim=True)


def _jensen_shannon(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    p, q = a.log_softmax(-2), b.log_softmax(-2)
    # The logarithm of the mean lies this far below that of the larger of the two, exactly 0 where they are equal.
    larger = torch.maximum(p, q)
    below = torch.log1p(0.5 * (torch.exp(-(p - q).abs()) - 1.0))
    divergence = (p.exp() * (p - larger - below) + q.exp() * (q - larger - below)).sum(-2)
    # Rounding may leave it a hair below 0.
    return 0.5 * divergence.clamp_min(0.0)


def _symmetric_kullback_leibler(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    p, q = a.log_softmax(-2), b.log_softmax(-2)
    return 0.5 * ((p.exp() - q.exp()) * (p - q)).sum(-2)


_DIVERGENCES = {"jsd": _jensen_shannon, "skld": _symmetric_kullback_leibler}

__all__ = ["stage", "stage_graph"]
