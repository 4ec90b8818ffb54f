"""NumPy engine of the gradient magnitude similarity deviation: one pass over the luma, no intermediate image.

Every strip keeps three rows of each (down-sampled) image. Elementwise arithmetic is compiled without
reassociation, so that equal pixels in both images give a deficit of exactly 0; the sums are compiled with it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_STRIP = 64


# Rows are passed as an array and a row number: a view of a row costs two atomic operations.


@njit(cache=True, nogil=True, error_model="numpy")
def _load(x, row, halve, line, target, slot):  # type: ignore[no-untyped-def]
    """Row `row` of the image (or 4 times that of its 2 x 2 means) into `target[slot, 1:-1]`; zeros outside."""
    height, width = x.shape
    count = target.shape[1] - 2
    first = 2 * row if halve else row
    if row < 0 or first >= height:
        for c in range(count):
            target[slot, c + 1] = 0
    elif not halve:
        for c in range(count):
            target[slot, c + 1] = x[first, c]
    else:
        if first + 1 < height:
            for c in range(width):
                line[c] = x[first, c]
                line[c] += x[first + 1, c]
        else:
            for c in range(width):
                line[c] = x[first, c]
        for c in range(count):
            target[slot, c + 1] = line[2 * c] + line[2 * c + 1]


@njit(cache=True, nogil=True, error_model="numpy")
def _gradient(p, up, here, down, smooth, step, g, i):  # type: ignore[no-untyped-def]
    """Three times the Prewitt derivatives of the middle one of three rows into `g[i]` and `g[i + 1]`."""
    for c in range(smooth.size):
        smooth[c] = (p[up, c] + p[here, c]) + p[down, c]
        step[c] = p[down, c] - p[up, c]
    for c in range(g.shape[1]):
        g[i, c] = smooth[c + 2] - smooth[c]
        g[i + 1, c] = (step[c] + step[c + 1]) + step[c + 2]


@njit(cache=True, nogil=True, error_model="numpy")
def _deficit(g, k, out):  # type: ignore[no-untyped-def]
    constant, mask, tiny = k[0], k[1], k[2]
    real = k.dtype.type
    for c in range(out.size):
        ax, bx, ay, by = real(g[0, c]), real(g[1, c]), real(g[2, c]), real(g[3, c])
        squared_x, squared_y = ax * ax + bx * bx, ay * ay + by * by
        both, cross, change = squared_x + squared_y, np.sqrt(squared_x * squared_y), squared_x - squared_y
        # (gx - gy)^2 = change^2 / (gx + gy)^2: one root, and no cancellation for nearly equal gradients.
        out[c] = change * change / ((both + (cross + cross) + tiny) * (both - mask * cross + constant))


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST, error_model="numpy")
def _moments(row):  # type: ignore[no-untyped-def]
    total = 0.0
    for c in range(row.size):
        total += np.float64(row[c])
    mean = total / row.size
    spread = 0.0
    for c in range(row.size):
        d = np.float64(row[c]) - mean
        spread += d * d
    return mean, spread


@njit(cache=True, nogil=True, error_model="numpy")
def _merge(state, count, mean, spread):  # type: ignore[no-untyped-def]
    """Chan's update of (count, mean, sum of squared deviations)."""
    both = state[0] + count
    delta = mean - state[1]
    state[2] += spread + delta * delta * state[0] * count / both
    state[1] += delta * count / both
    state[0] = both


@njit(cache=True, nogil=True, error_model="numpy")
def _rows(x, y, first, end, halve, k, exact_like, state, out):  # type: ignore[no-untyped-def]
    exact = exact_like.dtype
    width = (x.shape[1] + 1) // 2 if halve else x.shape[1]
    line = np.zeros(x.shape[1] + 1, exact)
    px, py = np.zeros((3, width + 2), exact), np.zeros((3, width + 2), exact)
    smooth, step = np.zeros(width + 2, exact), np.zeros(width + 2, exact)
    g = np.zeros((4, width), exact)
    row = np.zeros(width, k.dtype)
    for r in range(first - 1, first + 1):
        _load(x, r, halve, line, px, r % 3)
        _load(y, r, halve, line, py, r % 3)
    for r in range(first, end):
        up, here, down = (r - 1) % 3, r % 3, (r + 1) % 3
        _load(x, r + 1, halve, line, px, down)
        _load(y, r + 1, halve, line, py, down)
        _gradient(px, up, here, down, smooth, step, g, 0)
        _gradient(py, up, here, down, smooth, step, g, 2)
        _deficit(g, k, row)
        mean, spread = _moments(row)
        _merge(state, width, mean, spread)
        if out.shape[0]:
            for c in range(width):
                out[r, c] = 1 - row[c]


def deviation(
    x: np.ndarray, y: np.ndarray, *, constant: float, mask: float, halve: bool, ddof: int, dtype: Any, keep: bool
) -> tuple[np.ndarray, np.ndarray | None]:
    """`(N,)` standard deviation of the similarity of two `(N, H, W)` lumas in 0..255, and its map if `keep`."""
    count, height, width = x.shape
    if halve:
        height, width = -(-height // 2), -(-width // 2)
    # The kernel leaves out the thirds of the Prewitt taps and the quarter of the 2 x 2 mean.
    k = np.array([constant * 9 * (16 if halve else 1), mask, 1e-30], dtype)
    similarity = np.empty((count, height, width), dtype) if keep else None
    scores = np.empty(count)
    nothing = np.empty((0, 0), dtype)
    # Four levels of 8 bit and their Prewitt sums fit in 16 bit: integers as long as they are exact.
    exact = np.empty(0, np.int16 if x.dtype == np.uint8 else dtype)
    for n in range(count):
        out = nothing if similarity is None else similarity[n]
        spread, pixels = _image(read_only(x[n]), read_only(y[n]), halve, k, exact, out, height)
        scores[n] = np.sqrt(spread / max(pixels - ddof, 1.0))
    return scores, similarity


def _image(
    x: np.ndarray, y: np.ndarray, halve: bool, k: np.ndarray, exact: np.ndarray, out: np.ndarray, rows: int
) -> tuple[float, float]:
    """Sum of squared deviations from the mean, and number of pixels."""
    states = np.zeros((strip_count(rows, _STRIP), 3))
    run_strips(lambda a, b, i: _rows(x, y, a, b, halve, k, exact, states[i], out), rows, _STRIP)
    for part in states[1:]:
        _merge(states[0], *part)
    return float(states[0, 2]), float(states[0, 0])
