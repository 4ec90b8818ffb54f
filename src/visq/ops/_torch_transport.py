"""Torch engine of one-dimensional transport: on the CPU the compiled kernel, gradients too; elsewhere a sort."""

from __future__ import annotations

from typing import Any

import torch

from visq.ops import _numba_transport


def cost(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Costs `(m,)` between the columns of two `(n, m)` tensors of masses."""
    if x.device.type == "cpu" and x.dtype == torch.float64:
        if torch.is_grad_enabled() and (x.requires_grad or y.requires_grad):
            return _Cost.apply(x, y)
        return torch.from_numpy(_numba_transport.cost(x.detach().numpy(), y.detach().numpy()))
    return sorted_cost(x, y)


def sorted_cost(x: torch.Tensor, y: torch.Tensor, n: int | None = None) -> torch.Tensor:
    """The same from a sort and cumulative sums alone: on any device, differentiable, and exportable as a graph.

    Among the sorted cumulative masses, those of one column that come before a value say at which of its positions the
    mass below that value lies. Where values are equal the order among them is of no account: nothing lies between.

    `x` and `y` may have axes of batches before the last two; `n` is the number of rows where a graph is recorded, in
    which shapes are no numbers.
    """
    n = x.shape[-2] if n is None else n
    values, order = torch.sort(torch.cat([x.cumsum(-2), y.cumsum(-2)], dim=-2), dim=-2)
    of_x = (order < n).to(values.dtype)
    rank = torch.arange(2 * n, dtype=values.dtype, device=values.device)[:, None]
    before_x = of_x.cumsum(-2) - of_x
    way = before_x.clamp(max=n - 1) - (rank - before_x).clamp(max=n - 1)
    lengths = values[..., 1:, :] - values[..., :-1, :]
    return (lengths * (way * way)[..., 1:, :]).sum(-2)


class _Cost(torch.autograd.Function):
    """The kernel with its own slopes: memory for two arrays of masses, where a sort keeps six."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        out, slope_x, slope_y = _numba_transport.cost_and_slopes(x.detach().numpy(), y.detach().numpy())
        ctx.save_for_backward(torch.from_numpy(slope_x), torch.from_numpy(slope_y))
        return torch.from_numpy(out)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        # The cost is linear between ties: its slopes are constants, for a second derivative too.
        needed = zip(ctx.needs_input_grad, ctx.saved_tensors, strict=True)
        return tuple(gradients[0] * slope if wanted else None for wanted, slope in needed)
