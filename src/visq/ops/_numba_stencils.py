"""NumPy engine of the 3 x 3 measures of one plane: Laplacian, Sobel energy, Immerkaer's noise mask, in one pass each.

Sums are in float64, in which those of bytes are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from visq.ops.borders import padded_index
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "contract", "nsz", "arcp"}


@njit(cache=True, nogil=True, fastmath=_FAST)
def _laplacian_rows(x, first, end, sums, index, rows, columns):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    one = two = 0.0
    for r in range(first, end):
        up, here, down = x[rows[r]], x[r], x[rows[r + 2]]
        for c in range(1, width - 1):
            # In pairs: four equal floats add up to four times one of them without an error.
            v = (np.float64(up[c]) + np.float64(down[c])) + (np.float64(here[c - 1]) + np.float64(here[c + 1]))
            v -= 4.0 * np.float64(here[c])
            one += v
            two += v * v
        for c in range(0, width, max(1, width - 1)):
            left, right = np.float64(here[columns[c]]), np.float64(here[columns[c + 2]])
            v = (np.float64(up[c]) + np.float64(down[c])) + (left + right) - 4.0 * np.float64(here[c])
            one += v
            two += v * v
    sums[index, 0] = one
    sums[index, 1] = two


@njit(cache=True, nogil=True, fastmath=_FAST)
def _sobel_rows(x, first, end, sums, index, rows, columns, threshold):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    smooth, step = np.empty(width), np.empty(width)
    total = 0.0
    for r in range(first, end):
        up, here, down = x[rows[r]], x[r], x[rows[r + 2]]
        for c in range(width):
            above, below = np.float64(up[c]), np.float64(down[c])
            smooth[c] = (above + below) + 2.0 * np.float64(here[c])
            step[c] = below - above
        for c in range(1, width - 1):
            across = smooth[c + 1] - smooth[c - 1]
            along = (step[c - 1] + step[c + 1]) + 2.0 * step[c]
            energy = across * across + along * along
            total += energy if energy > threshold else 0.0
        for c in range(0, width, max(1, width - 1)):
            across = smooth[columns[c + 2]] - smooth[columns[c]]
            along = (step[columns[c]] + step[columns[c + 2]]) + 2.0 * step[c]
            energy = across * across + along * along
            total += energy if energy > threshold else 0.0
    sums[index, 0] = total


@njit(cache=True, nogil=True, fastmath=_FAST)
def _mask_rows(x, first, end, sums, index):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    bend = np.empty(width)
    total = 0.0
    for r in range(max(first, 1), min(end, x.shape[0] - 1)):
        up, here, down = x[r - 1], x[r], x[r + 1]
        for c in range(width):
            bend[c] = (np.float64(up[c]) + np.float64(down[c])) - 2.0 * np.float64(here[c])
        for c in range(1, width - 1):
            total += abs((bend[c - 1] + bend[c + 1]) - 2.0 * bend[c])
    sums[index, 0] = total


def _sums(kernel: Callable[..., None], x: np.ndarray, *fixed: Any) -> np.ndarray:
    """`(N, 2)` sums of `(N, H, W)` planes."""
    return np.array([_plane(kernel, read_only(plane), fixed) for plane in x])


def _plane(kernel: Callable[..., None], x: np.ndarray, fixed: tuple[Any, ...]) -> np.ndarray:
    parts = np.zeros((strip_count(x.shape[0]), 2))
    run_strips(lambda a, b, i: kernel(x, a, b, parts, i, *fixed), x.shape[0])
    return parts.sum(axis=0)


def _padded(x: np.ndarray, border: str) -> tuple[np.ndarray, np.ndarray]:
    return padded_index(x.shape[1], 1, 1, border), padded_index(x.shape[2], 1, 1, border)


def laplacian_sums(x: np.ndarray) -> np.ndarray:
    """`(N, 2)`: sum and sum of squares of the Laplacian of `(N, H, W)` planes, border `reflect`."""
    return _sums(_laplacian_rows, x, *_padded(x, "reflect"))


def sobel_energy(x: np.ndarray, threshold: float) -> np.ndarray:
    """`(N,)` sums of the squared Sobel gradients above `threshold` (squared), border `replicate`."""
    return _sums(_sobel_rows, x, *_padded(x, "replicate"), threshold)[:, 0]


def mask_sums(x: np.ndarray) -> np.ndarray:
    """`(N,)` sums of the magnitude of Immerkaer's mask over the inner pixels."""
    return _sums(_mask_rows, x)[:, 0]
