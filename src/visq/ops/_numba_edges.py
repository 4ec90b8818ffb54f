"""NumPy engine of CPBD: MATLAB's Canny edges counted by block, and the widths of Sobel edges, of 8-bit planes.

Only what is needed later is kept: one magnitude and one mark a pixel. Gradients live in strips of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_STRIP = 64
# MATLAB's edge(..., 'canny'): sixteen taps for sigma sqrt(2), the share of pixels that are no edges, and the low
# threshold over the high one.
_SIGMA, _TAPS = 2**0.5, 16
NOT_EDGES, LOW_SHARE, _BINS = 0.7, 0.4, 64
# The longest way from an edge to its end.
_REACH = 101
_STEEPEST = 2**0.5 - 1


def canny_taps() -> tuple[np.ndarray, np.ndarray]:
    """Smoothing and derivative taps: a Gaussian, and its central differences with each sign's sum set to 1."""
    position = np.arange(_TAPS) - (_TAPS - 1) / 2
    smooth = np.exp(-(position**2) / (2 * _SIGMA**2))
    smooth /= smooth.sum()
    slope = np.gradient(smooth)
    return smooth, slope / slope[slope > 0].sum()


@njit(cache=True, nogil=True)
def _horizontal(line, smooth, slope, width, out, derive):  # type: ignore[no-untyped-def]
    # Tap by tap, pairs of equal weight together: flat parts have a derivative of exactly 0.
    out[:] = 0.0
    for k in range(smooth.size // 2):
        # Slices, because the compiler cannot see that c + a is never negative.
        a = smooth.size - 1 - k
        before, after = line[k : k + width], line[a : a + width]
        if derive:
            w = slope[k]
            for c in range(width):
                out[c] += w * (after[c] - before[c])
        else:
            w = smooth[k]
            for c in range(width):
                out[c] += w * (after[c] + before[c])


@njit(cache=True, nogil=True)
def _gradient_row(x, r, smooth, slope, line, gx, gy, magnitude):  # type: ignore[no-untyped-def]
    height, width = x.shape
    taps = smooth.size
    half = taps // 2
    # The taps reach from 7 before a pixel to 8 after it, as MATLAB centres an even kernel.
    before = half - 1
    inner = line[before : before + width]
    for derive in range(2):
        inner[:] = 0.0
        for k in range(half):
            upper = x[min(max(r - before + k, 0), height - 1)]
            lower = x[min(max(r - before + taps - 1 - k, 0), height - 1)]
            if derive:
                w = slope[k]
                for c in range(width):
                    inner[c] += w * (np.float64(lower[c]) - np.float64(upper[c]))
            else:
                w = smooth[k]
                for c in range(width):
                    inner[c] += w * (np.float64(lower[c]) + np.float64(upper[c]))
        line[:before] = inner[0]
        line[before + width :] = inner[width - 1]
        if derive:
            _horizontal(line, smooth, slope, width, gy, False)
        else:
            _horizontal(line, smooth, slope, width, gx, True)
    for c in range(width):
        magnitude[c] = np.sqrt(gx[c] * gx[c] + gy[c] * gy[c])


@njit(cache=True, nogil=True)
def _peak_row(gx, gy, above, here, below, out):  # type: ignore[no-untyped-def]
    """Negative magnitude where it is largest along the gradient, between two neighbours on either side as in MATLAB."""
    for c in range(1, here.size - 1):
        m, x, y = here[c], gx[c], gy[c]
        right, down = x > 0, y > 0
        ahead, behind = (below, above) if down else (above, below)
        far = ahead[c + 1] if right else ahead[c - 1]
        near = behind[c - 1] if right else behind[c + 1]
        size_x, size_y = abs(x), abs(y)
        if size_x >= size_y:
            share = size_y / size_x if size_x > 0 else 0.0
            front, back = (here[c + 1], here[c - 1]) if right else (here[c - 1], here[c + 1])
        else:
            share = size_x / size_y
            front, back = ahead[c], behind[c]
        top = (m >= front * (1 - share) + far * share) & (m >= back * (1 - share) + near * share) & (m > 0)
        out[c] = -m if top else m


@njit(cache=True, nogil=True)
def _magnitude_rows(x, smooth, slope, first, end, out, largest, index):  # type: ignore[no-untyped-def]
    """Magnitude of every pixel of the rows, negative at the peaks along the gradient."""
    height, width = x.shape
    low, high = max(first - 1, 0), min(end + 1, height)
    line = np.empty(width + smooth.size - 1)
    gx, gy, size = np.empty((high - low, width)), np.empty((high - low, width)), np.empty((high - low, width))
    peak = 0.0
    for r in range(low, high):
        _gradient_row(x, r, smooth, slope, line, gx[r - low], gy[r - low], size[r - low])
    for r in range(first, end):
        k = r - low
        out[r] = size[k]
        peak = max(peak, size[k].max())
        if 0 < r < height - 1:
            _peak_row(gx[k], gy[k], size[k - 1], size[k], size[k + 1], out[r])
    largest[index] = peak


@njit(cache=True, nogil=True)
def _histogram_rows(size, largest, first, end, counts, index):  # type: ignore[no-untyped-def]
    scale = (counts.shape[1] - 1) / largest
    for r in range(first, end):
        for c in range(size.shape[1]):
            counts[index, int(abs(size[r, c]) * scale + 0.5)] += 1


@njit(cache=True, nogil=True)
def _edge_counts(size, low, high, block, counts):  # type: ignore[no-untyped-def]
    """Pixels of every block that are peaks above `low` and connected to one above `high`; `size` is used up."""
    height, width = size.shape
    stack = np.empty(1024, np.int64)
    for row in range(height):
        for column in range(width):
            if size[row, column] >= -high:
                continue
            stack[0] = row * width + column
            size[row, column] = 0.0
            depth = 1
            while depth:
                depth -= 1
                r, c = stack[depth] // width, stack[depth] % width
                if r // block < counts.shape[0] and c // block < counts.shape[1]:
                    counts[r // block, c // block] += 1
                if depth + 8 > stack.size:
                    grown = np.empty(2 * stack.size, np.int64)
                    grown[: stack.size] = stack
                    stack = grown
                # Peaks never lie on the border, so the neighbours exist.
                for i in range(r - 1, r + 2):
                    for j in range(c - 1, c + 2):
                        if size[i, j] < -low:
                            size[i, j] = 0.0
                            stack[depth] = i * width + j
                            depth += 1


@njit(cache=True, nogil=True)
def _run(row, c, step, sign):  # type: ignore[no-untyped-def]
    """Pixels from the neighbour of `c` onwards over which the row keeps rising (`sign` 1) or falling (-1)."""
    count = 1
    near, far = c + step, c + 2 * step
    while count < _REACH and 0 <= far < row.size and sign * (np.int64(row[far]) - np.int64(row[near])) > 0:
        near, far, count = far, far + step, count + 1
    return count


@njit(cache=True, nogil=True)
def _sobel_row(x, r, out):  # type: ignore[no-untyped-def]
    # Outside lies what the border repeats.
    up, here, down = x[max(r - 1, 0)], x[r], x[min(r + 1, x.shape[0] - 1)]
    last = out.size - 1
    for c in range(out.size):
        a, b = min(c + 1, last), max(c - 1, 0)
        right = np.int64(up[a]) + 2 * np.int64(here[a]) + np.int64(down[a])
        left = np.int64(up[b]) + 2 * np.int64(here[b]) + np.int64(down[b])
        out[c] = (right - left) ** 2


@njit(cache=True, nogil=True)
def _width_rows(x, limit, first, end, block, taken, contrast_levels, widths, sums, index):  # type: ignore[no-untyped-def]
    """Edges of the blocks that are taken: how many there are, and how many are no wider than just noticeable."""
    height, width = x.shape
    above, here, below = np.zeros(width, np.int64), np.zeros(width, np.int64), np.zeros(width, np.int64)
    columns = taken.shape[1] * block
    found = sharp = 0
    start = max(first, 1)
    _sobel_row(x, start - 1, here)
    _sobel_row(x, start, below)
    for r in range(start, min(end, height - 1, taken.shape[0] * block)):
        above, here, below = here, below, above
        _sobel_row(x, r + 1, below)
        row = x[r]
        for c in range(1, min(columns, width - 1)):
            e = here[c]
            if e <= limit or taken[r // block, c // block] < 0:
                continue
            beside = here[c - 1] <= e and e > here[c + 1]
            if not beside and not (above[c] <= e and e > below[c]):
                continue
            gx = np.int64(row[c + 1]) - np.int64(row[c - 1])
            gy = np.int64(x[r + 1, c]) - np.int64(x[r - 1, c])
            # Within 22.5 degrees of the row; the authors' program takes a gradient without slope along it for 0.
            if gx != 0 and abs(gy) >= _STEEPEST * abs(gx):
                continue
            sign = -1 if gx < 0 else 1
            spread = _run(row, c, 1, sign) + _run(row, c, -1, -sign)
            found += 1
            sharp += spread <= widths[1 if taken[r // block, c // block] >= contrast_levels else 0]
    sums[index, 0] = found
    sums[index, 1] = sharp


def canny_magnitude(x: np.ndarray) -> tuple[np.ndarray, float]:
    """Gradient magnitude of one `(H, W)` plane, float32, negative where it peaks along the gradient; the largest."""
    smooth, slope = canny_taps()
    x = read_only(x)
    size = np.empty(x.shape, np.float32)
    largest = np.zeros(strip_count(x.shape[0], _STRIP))
    run_strips(lambda a, b, i: _magnitude_rows(x, smooth, slope, a, b, size, largest, i), x.shape[0], _STRIP)
    return size, float(largest.max())


def canny_counts(x: np.ndarray, block: int) -> np.ndarray:
    """Canny edge pixels of every complete block of one `(H, W)` plane."""
    size, largest = canny_magnitude(x)
    counts = np.zeros((x.shape[0] // block, x.shape[1] // block), np.int64)
    if largest == 0:
        return counts
    strips = np.zeros((strip_count(x.shape[0], _STRIP), _BINS), np.int64)
    run_strips(lambda a, b, i: _histogram_rows(size, largest, a, b, strips, i), x.shape[0], _STRIP)
    high = (int(np.argmax(np.cumsum(strips.sum(axis=0)) > NOT_EDGES * x.size)) + 1) / _BINS
    _edge_counts(size, LOW_SHARE * high * largest, high * largest, block, counts)
    return counts


def edge_widths(x: np.ndarray, threshold: float, contrast: np.ndarray, block: int, split: int, widths: Any) -> Any:
    """Number of edges in the blocks of `contrast` 0 or more, and of those no wider than just noticeable.

    `widths` holds the just noticeable widths for contrasts below `split` levels and from there on.
    """
    x = read_only(x)
    # Sobel's mask is divided by 8.
    limit = (8 * threshold) ** 2
    sums = np.zeros((strip_count(x.shape[0], _STRIP), 2), np.int64)
    fixed = block, contrast, split, np.asarray(widths, np.int64)
    run_strips(lambda a, b, i: _width_rows(x, limit, a, b, *fixed, sums, i), x.shape[0], _STRIP)
    return sums.sum(axis=0)
