"""Torch engine of the separable filters."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from visq.ops.borders import output_length, padded_index, padding


def gather(x: torch.Tensor, rows: np.ndarray, columns: np.ndarray) -> torch.Tensor:
    """Rows and columns of `x` by index along the last two axes; index -1 gives zeros."""
    zeros = [_zero_margins(columns, x.shape[-1]), _zero_margins(rows, x.shape[-2])]
    if all(margin is not None for margin in zeros):
        margins = [n for margin in zeros for n in margin or ()]
        return functional.pad(x, margins) if any(margins) else x
    for axis, index in ((-2, rows), (-1, columns)):
        if np.array_equal(index, np.arange(x.shape[axis])):
            continue
        where = torch.as_tensor(np.maximum(index, 0), device=x.device)
        x = x.index_select(x.ndim + axis, where)
        if (index < 0).any():
            inside = torch.as_tensor(index >= 0, device=x.device)
            x = x * (inside[:, None] if axis == -2 else inside).to(x.dtype)
    return x


def _zero_margins(index: np.ndarray, length: int) -> tuple[int, int] | None:
    """Zeros before and after, where `index` is the whole axis between zeros: copied faster than gathered."""
    inside = np.flatnonzero(index >= 0)
    if not np.array_equal(index[inside], np.arange(length)) or inside[-1] - inside[0] + 1 != length:
        return None
    return int(inside[0]), int(len(index) - 1 - inside[-1])


def separable(x: torch.Tensor, rows: np.ndarray, columns: np.ndarray, border: str) -> torch.Tensor:
    shape = x.shape
    flat = x.reshape(-1, 1, *shape[-2:])
    if border != "valid":
        flat = gather(
            flat,
            padded_index(shape[-2], *padding(len(rows), border), border),
            padded_index(shape[-1], *padding(len(columns), border), border),
        )
    flat = _along(_along(flat, rows, 2), columns, 3)
    return flat.reshape(*shape[:-2], *flat.shape[-2:])


def _along(x: torch.Tensor, taps: np.ndarray, axis: int) -> torch.Tensor:
    """Weighted sum of shifted views, equal weights from both ends together.

    Two to five times as fast on a CPU as a convolution of one channel, and never rounded to TF32 on a GPU.
    """
    weights = [float(w) for w in taps]
    last = len(weights) - 1
    length = output_length(x.shape[axis], len(weights), "valid")

    def view(k: int) -> torch.Tensor:
        return x.narrow(axis, k, length)

    if weights != weights[::-1]:
        out = view(0) * weights[0]
        for k in range(1, last + 1):
            out = torch.add(out, view(k), alpha=weights[k])
        return out
    half = (last + 1) // 2
    out = view(half) * weights[half] if last % 2 == 0 else (view(half - 1) + view(half)) * weights[half]
    for k in range(half if last % 2 == 0 else half - 1):
        out = torch.add(out, view(k) + view(last - k), alpha=weights[k])
    return out
