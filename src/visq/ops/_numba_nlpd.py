"""NumPy engine of the normalised Laplacian pyramid: one pass a band over both images, a few rows of each in work.

The pyramid's low-pass images are the only planes kept; bands and normalised bands live in a ring of three rows.
Everything but the sums is compiled without reassociation and by the same code for both images, so equal images
differ by exactly 0.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops.borders import padded_index
from visq.ops.laplacian import TAPS
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips, strip_count

_STRIP = 64


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _halve_rows(x, out, first, end, rows, columns, taps):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    line = np.empty(width, x.dtype)
    a, b, c = taps[0], taps[1], taps[2]
    last = out.shape[1]
    for r in range(first, end):
        r0, r1, r2, r3, r4 = rows[2 * r], rows[2 * r + 1], rows[2 * r + 2], rows[2 * r + 3], rows[2 * r + 4]
        for k in range(width):
            line[k] = a * (x[r0, k] + x[r4, k]) + b * (x[r1, k] + x[r3, k]) + c * x[r2, k]
        for k in range(last):
            if k == 0 or 2 * k + 2 >= width:
                k0, k1, k2, k3, k4 = 2 * k, 2 * k + 1, 2 * k + 2, 2 * k + 3, 2 * k + 4
                outer = line[columns[k0]] + line[columns[k4]]
                out[r, k] = a * outer + b * (line[columns[k1]] + line[columns[k3]]) + c * line[columns[k2]]
            else:
                i = 2 * k
                out[r, k] = a * (line[i - 2] + line[i + 2]) + b * (line[i - 1] + line[i + 1]) + c * line[i]


def halve(x: np.ndarray) -> np.ndarray:
    """`visq.ops.laplacian.halve` of an `(H, W)` plane, computing only what is kept."""
    height, width = x.shape
    out = np.empty(((height + 1) // 2, (width + 1) // 2), x.dtype)
    # One place more than the filter reaches past the end of an even side.
    rows, columns = (padded_index(n, 2, 3, "symmetric") for n in (height, width))
    fixed = read_only(rows), read_only(columns), read_only(TAPS.astype(x.dtype))
    source = read_only(x)
    run_strips(lambda first, end, _: _halve_rows(source, out, first, end, *fixed), len(out), _STRIP)
    return out


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _band_row(x, low, r, line, band, size, slot):  # type: ignore[no-untyped-def]
    """Row `r` of the band into `band[slot]`, its size into `size[slot]` between zeros; zeros outside the image."""
    height, width = x.shape
    if r < 0 or r >= height:
        for c in range(width):
            size[slot, c + 2] = 0
        return
    if low.shape[0] == 0:
        for c in range(width):
            band[slot, c] = x[r, c]
    else:
        real = x.dtype.type
        tenth, most, half = real(0.1), real(0.8), real(0.5)
        count, i = low.shape[1], r // 2
        below = min(i + 1, low.shape[0] - 1)
        if r % 2 == 0:
            above = max(i - 1, 0)
            for c in range(count):
                line[c + 1] = tenth * (low[above, c] + low[below, c]) + most * low[i, c]
        else:
            for c in range(count):
                line[c + 1] = half * (low[i, c] + low[below, c])
        line[0], line[count + 1] = line[1], line[count]
        for c in range(count):
            band[slot, 2 * c] = x[r, 2 * c] - (tenth * (line[c] + line[c + 2]) + most * line[c + 1])
        for c in range(width // 2):
            band[slot, 2 * c + 1] = x[r, 2 * c + 1] - half * (line[c + 1] + line[c + 2])
    for c in range(width):
        size[slot, c + 2] = abs(band[slot, c])


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _normalised_row(band, size, up, here, down, k, out):  # type: ignore[no-untyped-def]
    sigma, above, below, left, right, far = k[0], k[1], k[2], k[3], k[4], k[5]
    for c in range(out.size):
        near = above * size[up, c + 2] + below * size[down, c + 2]
        beside = left * size[here, c + 1] + right * size[here, c + 3] + far * size[here, c]
        out[c] = band[here, c] / (sigma + (near + beside))


@njit(cache=True, nogil=True, forceinline=True, fastmath={"reassoc", "contract"}, error_model="numpy")
def _squared(p, q):  # type: ignore[no-untyped-def]
    total = 0.0
    for c in range(p.size):
        d = np.float64(p[c] - q[c])
        total += d * d
    return total


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _difference_rows(x, y, low_x, low_y, first, end, k, sums, index):  # type: ignore[no-untyped-def]
    width = x.shape[1]
    line = np.zeros(low_x.shape[1] + 2, x.dtype)
    # Two columns of zeros before and one after: what the normalisation sees beside the image.
    band_x, band_y = np.zeros((3, width), x.dtype), np.zeros((3, width), x.dtype)
    size_x, size_y = np.zeros((3, width + 3), x.dtype), np.zeros((3, width + 3), x.dtype)
    p, q = np.zeros(width, x.dtype), np.zeros(width, x.dtype)
    for r in range(first - 1, first + 1):
        _band_row(x, low_x, r, line, band_x, size_x, r % 3)
        _band_row(y, low_y, r, line, band_y, size_y, r % 3)
    total = 0.0
    for r in range(first, end):
        up, here, down = (r - 1) % 3, r % 3, (r + 1) % 3
        _band_row(x, low_x, r + 1, line, band_x, size_x, down)
        _band_row(y, low_y, r + 1, line, band_y, size_y, down)
        _normalised_row(band_x, size_x, up, here, down, k, p)
        _normalised_row(band_y, size_y, up, here, down, k, q)
        total += _squared(p, q)
    sums[index] = total


def squared_difference(
    x: np.ndarray, y: np.ndarray, low_x: np.ndarray | None, low_y: np.ndarray | None, constants: tuple[float, ...]
) -> float:
    """Mean squared difference of two normalised bands.

    `x`, `y` are the levels of the pyramids, `low_x`, `low_y` the next ones (None: the last level is its own band).
    `constants`: sigma, then the weights of the neighbours above, below, left, right and two to the left.
    """
    none = np.empty((0, 0), x.dtype)
    p, q, low_p, low_q = (read_only(z if z is not None else none) for z in (x, y, low_x, low_y))
    k = read_only(np.array(constants, x.dtype))
    sums = np.zeros(strip_count(len(x), _STRIP))
    run_strips(lambda first, end, i: _difference_rows(p, q, low_p, low_q, first, end, k, sums, i), len(x), _STRIP)
    return float(sums.sum()) / x.size
