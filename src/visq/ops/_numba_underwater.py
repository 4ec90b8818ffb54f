"""NumPy engines of UCIQE and UIQM: one pass over the pixels, at most two planes in memory."""

from __future__ import annotations

import numpy as np
from numba import njit

from visq.ops import lab
from visq.ops._numba_lab import lab_of_linear, light_table, linear_light
from visq.ops.borders import padded_index
from visq.ops.threads import run_strips, strip_count

_FAST = {"reassoc", "contract", "nsz", "arcp"}
# Block rows a strip of the sharpness and contrast kernel.
_BLOCK_STRIP = 4
#: What saturation is: chroma over the hypotenuse of chroma and lightness, over lightness, or that of HSV.
SATURATIONS = ("hypotenuse", "ratio", "hsv")


@njit(cache=True, nogil=True)
def _lightness_rows(data, table, peak, unit, whole, saturation, pivot, lightness, chroma, first, end, sums, index):  # type: ignore[no-untyped-def]
    """Planes of lightness and of chroma - pivot; sums of chroma - pivot, its square, and saturation.

    `unit` holds the scale of L, the scale of a and b, and what is added to a and b first; `whole` rounds the three to
    255ths; `saturation` is an entry of `SATURATIONS`.
    """
    integer = table.size > 1
    one = two = three = 0.0
    for r in range(first, end):
        for c in range(data.shape[2]):
            if integer:
                red, green, blue = table[int(data[0, r, c])], table[int(data[1, r, c])], table[int(data[2, r, c])]
            else:
                red = linear_light(np.float64(data[0, r, c]) / peak)
                green = linear_light(np.float64(data[1, r, c]) / peak)
                blue = linear_light(np.float64(data[2, r, c]) / peak)
            star = lab_of_linear(red, green, blue)
            light = star[0] * unit[0]
            a, b = (star[1] + unit[2]) * unit[1], (star[2] + unit[2]) * unit[1]
            if whole:
                light, a, b = np.rint(255.0 * light) / 255.0, np.rint(255.0 * a) / 255.0, np.rint(255.0 * b) / 255.0
            colour = np.sqrt(a * a + b * b)
            lightness[r, c] = light
            if chroma.size:
                chroma[r, c] = colour - pivot
            one += colour - pivot
            two += (colour - pivot) ** 2
            above, below = colour, light
            if saturation == 0:
                below = np.sqrt(a * a + b * b + light * light)
            elif saturation == 2:
                red, green, blue = data[0, r, c] / peak, data[1, r, c] / peak, data[2, r, c] / peak
                below = max(red, green, blue)
                above = below - min(red, green, blue)
            if below > 0.0:
                three += above / below
    sums[index, 0] = one
    sums[index, 1] = two
    sums[index, 2] = three


@njit(cache=True, nogil=True, fastmath=_FAST)
def _departure_rows(offset, pivot, average, first, end, sums, index):  # type: ignore[no-untyped-def]
    """Sum of abs(1 - (mean / C)^2), with C = pivot + offset and its mean = pivot + average."""
    total = 0.0
    for r in range(first, end):
        for c in range(offset.shape[1]):
            chroma = pivot + np.float64(offset[r, c])
            departure = offset[r, c] - average
            total += abs(departure * (2.0 * chroma - departure)) / (chroma * chroma)
    sums[index] = total


def lightness_statistics(
    planes: np.ndarray,
    peak: float,
    dtype: type,
    unit: tuple[float, float, float],
    whole: bool,
    saturation: str,
    relative: bool,
) -> tuple[np.ndarray, float, float]:
    """Flat lightness, spread of chroma and mean saturation of one `(3, H, W)` picture of any dtype and strides."""
    if planes.dtype == np.float16:
        planes = planes.astype(np.float32)
    _, height, width = planes.shape
    count = height * width
    table, units = light_table(planes.dtype, peak), np.array(unit)
    lightness: np.ndarray = np.empty((height, width), dtype)
    chroma: np.ndarray = np.empty((height, width) if relative else (0, 0), dtype)
    pivot, kind = _chroma(planes[:, 0, 0].astype(np.float64) / peak, unit, whole), SATURATIONS.index(saturation)
    parts = np.zeros((strip_count(height), 3))
    run_strips(
        lambda a, b, i: _lightness_rows(
            planes, table, peak, units, whole, kind, pivot, lightness, chroma, a, b, parts, i
        ),
        height,
    )
    first, second, third = parts.sum(axis=0) / count
    if relative:
        departures = np.zeros(strip_count(height))
        run_strips(lambda a, b, i: _departure_rows(chroma, pivot, first, a, b, departures, i), height)
        spread = departures.sum() / count
    else:
        spread = max(second - first * first, 0.0)
    return lightness.reshape(-1), float(np.sqrt(spread)), float(third)


def _chroma(rgb: np.ndarray, unit: tuple[float, float, float], whole: bool) -> float:
    """Chroma of one pixel. Deviations are taken from the first pixel's, so that sums of squares keep their digits
    and a flat picture has no spread.
    """
    planes = lab.linear_to_xyz(lab.srgb_to_linear(rgb[:, None, None]), relative=True)
    _, a, b = lab.relative_xyz_to_lab(planes).ravel()
    a, b = (a + unit[2]) * unit[1], (b + unit[2]) * unit[1]
    return float(np.hypot(np.rint(255.0 * a) / 255.0, np.rint(255.0 * b) / 255.0) if whole else np.hypot(a, b))


@njit(cache=True, nogil=True, forceinline=True, fastmath=_FAST)
def _product_row(x, rows, r, columns, gain, summed, smooth, step, value, product, floor):  # type: ignore[no-untyped-def]
    """Squared Sobel magnitude times the squared channel, one row; magnitudes under the floor are 0.

    `summed` takes the square of the difference of the two gradients instead.
    """
    width = x.shape[1]
    above, here, below = x[rows[r]], x[rows[r + 1]], x[rows[r + 2]]
    for c in range(width):
        p, q, s = above[c] * gain, here[c] * gain, below[c] * gain
        value[c] = q
        smooth[c + 1] = p + 2.0 * q + s
        step[c + 1] = s - p
    smooth[0], smooth[width + 1] = smooth[1 + columns[0]], smooth[1 + columns[width + 1]]
    step[0], step[width + 1] = step[1 + columns[0]], step[1 + columns[width + 1]]
    for c in range(width):
        across = smooth[c + 2] - smooth[c]
        down = step[c] + 2.0 * step[c + 1] + step[c + 2]
        if summed:
            magnitude = (down - across) * (down - across)
            product[c] = magnitude if magnitude >= floor else 0.0
            continue
        magnitude = across * across + down * down
        squared = value[c] * value[c]
        product[c] = magnitude * squared if magnitude >= floor and squared >= floor else 0.0


@njit(cache=True, nogil=True)
def _block_rows(data, rows, columns, gain, block, summed, floor, first, end, edge, low, high, index):  # type: ignore[no-untyped-def]
    """Per channel: sum of ln(max / min) of the edge map; extremes of every block of the channel itself."""
    channels, _, width = data.shape
    smooth, step = np.zeros(width + 2), np.zeros(width + 2)
    value, product = np.zeros(width), np.zeros(width)
    least, most, dark, bright = np.empty(width), np.empty(width), np.empty(width), np.empty(width)
    for i in range(first, end):
        for ch in range(channels):
            least[:], most[:], dark[:], bright[:] = np.inf, 0.0, np.inf, -np.inf
            for y in range(block):
                _product_row(data[ch], rows, i * block + y, columns, gain, summed, smooth, step, value, product, floor)
                for c in range(width):
                    least[c] = min(least[c], product[c])
                    most[c] = max(most[c], product[c])
                    dark[c] = min(dark[c], value[c])
                    bright[c] = max(bright[c], value[c])
            for j in range(width // block):
                a, b = j * block, j * block + block
                smallest = least[a:b].min()
                if smallest > 0.0:
                    # Both are squares: half the logarithm.
                    edge[index, ch] += 0.5 * np.log(most[a:b].max() / smallest)
                low[ch, i, j] = dark[a:b].min()
                high[ch, i, j] = bright[a:b].max()


def block_statistics(
    planes: np.ndarray, peak: float, block: int, summed: bool, floor: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of one `(C, H, W)` picture, in 0..255: sum of ln(max/min) of each channel's edge map over whole blocks,
    and the smallest and largest value of every block, `(C, H // block, W // block)`.
    """
    if planes.dtype == np.float16:
        planes = planes.astype(np.float32)
    channels, height, width = planes.shape
    rows, columns = padded_index(height, 1, 1, "symmetric"), padded_index(width, 1, 1, "symmetric")
    high = np.empty((channels, height // block, width // block))
    low = np.empty_like(high)
    edge = np.zeros((strip_count(high.shape[1], _BLOCK_STRIP), channels))
    run_strips(
        lambda a, b, i: _block_rows(
            planes, rows, columns, 255.0 / peak, block, summed, floor, a, b, edge, low, high, i
        ),
        high.shape[1],
        _BLOCK_STRIP,
    )
    return edge.sum(axis=0), low, high


@njit(cache=True, nogil=True)
def _histogram_rows(data, first, end, red_green, yellow_blue):  # type: ignore[no-untyped-def]
    for r in range(first, end):
        for c in range(data.shape[2]):
            red, green, blue = int(data[0, r, c]), int(data[1, r, c]), int(data[2, r, c])
            red_green[red - green + 255] += 1
            yellow_blue[red + green - 2 * blue + 510] += 1


def opponent_histograms(planes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Counts of R - G (from -255) and R + G - 2B (from -510) of one `(3, H, W)` uint8 picture."""
    height = planes.shape[1]
    red_green = np.zeros((strip_count(height), 511), np.int64)
    yellow_blue = np.zeros((strip_count(height), 1021), np.int64)
    run_strips(lambda a, b, i: _histogram_rows(planes, a, b, red_green[i], yellow_blue[i]), height)
    return red_green.sum(axis=0), yellow_blue.sum(axis=0)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _square_rows(x, mean, first, end, sums, index):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(first, end):
        d = np.float64(x[k]) - mean
        total += d * d
    sums[index] = total


def sum_of_squares(x: np.ndarray, mean: float) -> float:
    """Sum of (x - mean)^2 of a vector, in float64, without a copy."""
    step = 1 << 16
    parts = np.zeros(strip_count(x.size, step))
    run_strips(lambda a, b, i: _square_rows(x, mean, a, b, parts, i), x.size, step)
    return float(parts.sum())
