"""How the values of a stage are cut into short vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    import torch

Grouping = Literal["released", "window"]
GROUPINGS: tuple[str, ...] = get_args(Grouping)


def whole_windows(side: int, window: int) -> int:
    """`side` brought to the nearest multiple of `window`, halves to the even one; up or down.

    In whole numbers, so that it can be part of a graph whose sizes are open.

    >>> [whole_windows(n, 4) for n in (5, 6, 7, 8, 10, 14)]
    [4, 8, 8, 8, 8, 16]
    """
    return (2 * side + window - 1 + (side // window) % 2) // (2 * window) * window


def fit(features: torch.Tensor, window: int) -> torch.Tensor:
    """Features `(..., H, W)` padded with zeros, or cropped, to whole windows: on the left and at the bottom."""
    import torch

    height, width = features.shape[-2:]
    left, bottom = whole_windows(width, window) - width, whole_windows(height, window) - height
    # While a graph is recorded sizes are tensors, and the comparison would become part of it.
    if not torch.jit.is_tracing() and left == 0 and bottom == 0:
        return features
    return torch.nn.functional.pad(features, (left, 0, 0, bottom))


def group(features: torch.Tensor, window: int, grouping: Grouping) -> torch.Tensor:
    """Vectors of ``n = window ** 2`` values, one a column: `(..., n, M)` of features `(..., C, H, W)`.

    Parameters
    ----------
    features : torch.Tensor
        `(..., C, H, W)`, both sides multiples of `window`.
    window : int
        Side of a window.
    grouping : {"released", "window"}
        `released`: of the values in the order of channel, row and column, vector `j` has number ``j``, ``M + j``,
        ``2 M + j``, ...: what reshaping makes of them in the authors' program, and no window. `window`: true windows
        that do not overlap, channel by channel and row by row.

    Examples
    --------
    >>> import torch
    >>> features = torch.arange(32).reshape(2, 4, 4)
    >>> group(features, 2, "released")[:, 0].tolist(), group(features, 2, "window")[:, 0].tolist()
    ([0, 8, 16, 24], [0, 1, 4, 5])
    """
    n = window * window
    *batch, channels, height, width = features.shape
    if grouping == "released":
        return features.reshape(*batch, n, -1)
    blocks = features.reshape(*batch, channels, height // window, window, width // window, window)
    k = len(batch)
    return blocks.permute(*range(k), k + 2, k + 4, k, k + 1, k + 3).reshape(*batch, n, -1)


__all__ = ["GROUPINGS", "Grouping", "fit", "group", "whole_windows"]
