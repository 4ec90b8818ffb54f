"""Torch engine of the separable filters."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch.nn import functional

from visq.ops.borders import padded_index, padding


def gather(x: torch.Tensor, rows: np.ndarray, columns: np.ndarray) -> torch.Tensor:
    """Rows and columns of `x` by index along the last two axes; index -1 gives zeros."""
    for axis, index in ((-2, rows), (-1, columns)):
        if np.array_equal(index, np.arange(x.shape[axis])):
            continue
        where = torch.as_tensor(np.maximum(index, 0), device=x.device)
        x = x.index_select(x.ndim + axis, where)
        if (index < 0).any():
            inside = torch.as_tensor(index >= 0, device=x.device)
            x = x * (inside[:, None] if axis == -2 else inside).to(x.dtype)
    return x


def separable(x: torch.Tensor, rows: np.ndarray, columns: np.ndarray, border: str) -> torch.Tensor:
    shape = x.shape
    flat = x.reshape(-1, 1, *shape[-2:])
    if border != "valid":
        flat = gather(
            flat,
            padded_index(shape[-2], *padding(len(rows), border), border),
            padded_index(shape[-1], *padding(len(columns), border), border),
        )
    for taps, axis in ((rows, 2), (columns, 3)):
        kernel = torch.as_tensor(np.asarray(taps, float), dtype=x.dtype, device=x.device)
        flat = functional.conv2d(flat, kernel.reshape(1, 1, *((-1, 1) if axis == 2 else (1, -1))))
    return flat.reshape(*shape[:-2], *flat.shape[-2:])


def correlate(x: Any, kernel: np.ndarray, border: str) -> Any:
    """Correlation with a full two-dimensional kernel."""
    shape = x.shape
    flat = x.reshape(-1, 1, *shape[-2:])
    if border != "valid":
        flat = gather(
            flat,
            padded_index(shape[-2], *padding(kernel.shape[0], border), border),
            padded_index(shape[-1], *padding(kernel.shape[1], border), border),
        )
    weight = torch.as_tensor(np.asarray(kernel, float), dtype=x.dtype, device=x.device)
    flat = functional.conv2d(flat, weight[None, None])
    return flat.reshape(*shape[:-2], *flat.shape[-2:])
