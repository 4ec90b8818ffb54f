"""Moments of 16 x 16 blocks every 4 pixels, put together from 4 x 4 cells without cancellation; NumPy or torch.

A cell keeps its mean and its sums of squared, cubed and fourth powers about that mean. A block is 4 x 4 cells.
"""

from __future__ import annotations

from typing import Any

from visq.ops.arrays import namespace
from visq.ops.numeric import safe_divide, safe_sqrt

CELL = 4
BLOCK = 16


def _centred(x: Any) -> tuple[Any, Any]:
    """Means of the 4 x 4 cells of `(..., H, W)`, and the pixels less the mean of their cell."""
    height, width = int(x.shape[-2]) // CELL, int(x.shape[-1]) // CELL
    x = x[..., : height * CELL, : width * CELL]
    x = namespace(x).reshape(x, (*x.shape[:-2], height, CELL, width, CELL))
    mean = x.sum(axis=(-3, -1)) / CELL**2
    return mean, x - mean[..., :, None, :, None]


def cells(x: Any) -> tuple[Any, Any, Any, Any]:
    """Mean and second to fourth central sums of the 4 x 4 cells; what fills no cell is left out."""
    mean, d = _centred(x)
    square = d * d
    return mean, square.sum(axis=(-3, -1)), (square * d).sum(axis=(-3, -1)), (square * square).sum(axis=(-3, -1))


def windows(x: Any, size: int, blocks: tuple[int, int]) -> list[Any]:
    """The `size` x `size` cells of every block, one array for each place in the block."""
    rows, columns = blocks
    return [x[..., i : i + rows, j : j + columns] for i in range(size) for j in range(size)]


def block_count(height: int, width: int) -> tuple[int, int]:
    """How many blocks fit one above and one beside the other."""
    return (height - BLOCK) // CELL + 1, (width - BLOCK) // CELL + 1


def mean_and_deviation(x: Any, size: int = BLOCK) -> tuple[Any, Any]:
    """Mean and standard deviation (divisor ``n - 1``) of blocks of `size` at the places of the 16 x 16 blocks."""
    mean, d = _centred(x)
    square = (d * d).sum(axis=(-3, -1))
    blocks = block_count(int(x.shape[-2]), int(x.shape[-1]))
    means, squares = (windows(z, size // CELL, blocks) for z in (mean, square))
    centre = sum(means) / len(means)
    spread = sum(squares) + CELL**2 * sum((m - centre) ** 2 for m in means)
    return centre, safe_sqrt(spread / (size**2 - 1))


def shape_of_blocks(x: Any) -> tuple[Any, Any, Any]:
    """Standard deviation (divisor 255), skewness and kurtosis (3 for a Gaussian) of the blocks; 0 where constant."""
    blocks = block_count(int(x.shape[-2]), int(x.shape[-1]))
    mean, second, third, fourth = (windows(z, BLOCK // CELL, blocks) for z in cells(x))
    centre = sum(mean) / len(mean)
    n = CELL**2
    total2: Any = 0.0
    total3: Any = 0.0
    total4: Any = 0.0
    for m, s, t, f in zip(mean, second, third, fourth, strict=True):
        d = m - centre
        q = d * d
        total2 = total2 + s + n * q
        total3 = total3 + t + d * (3 * s + n * q)
        total4 = total4 + f + 4 * d * t + q * (6 * s + n * q)
    variance = total2 / BLOCK**2
    deviation = safe_sqrt(variance)
    skewness = safe_divide(total3 / BLOCK**2, variance * deviation, 0.0)
    kurtosis = safe_divide(total4 / BLOCK**2, variance * variance, 0.0)
    return safe_sqrt(total2 / (BLOCK**2 - 1)), skewness, kurtosis


__all__ = ["block_count", "cells", "mean_and_deviation", "shape_of_blocks", "windows"]
