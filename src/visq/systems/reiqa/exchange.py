"""What processes that train together pass between them: pictures in another company, keys for everybody's queue."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch import distributed as group


def shuffled(values: Tensor, work: Callable[[Tensor], Tensor]) -> tuple[Tensor, int]:
    """`work` of the rows of all processes, each in a share drawn at random; every process gets all results in order.

    Parameters
    ----------
    values : (N, ...)
        Rows of this process. Processes may have different numbers of them.
    work : callable
        From rows to as many results.

    Returns
    -------
    results : (M, ...)
        Of all M rows, those of the first process first.
    first : int
        The place of this process's first row among them.

    Notes
    -----
    One process has nobody to exchange with: `work` gets its rows as they are.

    Examples
    --------
    >>> shuffled(torch.arange(3), lambda rows: rows * 10)
    (tensor([ 0, 10, 20]), 0)
    """
    if not (group.is_available() and group.is_initialized()) or group.get_world_size() == 1:
        return work(values), 0
    rank, count = group.get_rank(), group.get_world_size()
    every, sizes = gathered(values)
    order = torch.randperm(len(every), device="cpu").to(values.device)
    group.broadcast(order, 0)
    shares = [len(every) * k // count for k in range(count + 1)]
    made, _ = gathered(work(every[order[shares[rank] : shares[rank + 1]]]))
    return made[order.argsort()], sum(sizes[:rank])


def gathered(values: Tensor) -> tuple[Tensor, list[int]]:
    """The rows of all processes, and how many each has."""
    count = group.get_world_size()
    size = torch.tensor([len(values)], device=values.device)
    sizes = [torch.zeros_like(size) for _ in range(count)]
    group.all_gather(sizes, size)
    lengths = [int(one) for one in sizes]
    # Collective calls take rows of one number: shorter ones are filled up, and cut again.
    filled = values.new_zeros((max(lengths), *values.shape[1:]))
    filled[: len(values)] = values
    parts = [torch.empty_like(filled) for _ in range(count)]
    group.all_gather(parts, filled)
    return torch.cat([part[:length] for part, length in zip(parts, lengths, strict=True)]), lengths


__all__ = ["gathered", "shuffled"]
