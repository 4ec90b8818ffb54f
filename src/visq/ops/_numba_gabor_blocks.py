"""NumPy engine of MAD's appearance stage: one response at a time, in strips of rows and columns.

The transforms are split by hand, so that how they are split does not depend on the number of threads.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from visq.ops.block_moments import block_count
from visq.ops.numeric import read_only
from visq.ops.threads import run_strips

# At exp(-60) the gain is below the rounding of the transform by ten powers of ten.
_NOTHING = -60.0
_STRIP = 64


@njit(cache=True, nogil=True, fastmath={"contract", "arcp"}, error_model="numpy")
def _angular(angle, places, turn, rate, first, end, out):  # type: ignore[no-untyped-def]
    """Angular part of a filter; some of its rows."""
    rows, columns, up, left = places
    whole = 2.0 * np.pi
    for r in range(first, end):
        line = angle[rows[r]]
        for c in range(out.shape[1]):
            a = line[columns[c]]
            a = np.pi - a if left[c] else a
            t = abs((a if up[r] else -a) - turn)
            t = min(t, whole - t)
            power = t * t * rate
            out[r, c] = np.exp(power) if power > _NOTHING else 0.0


@njit(cache=True, nogil=True, fastmath={"contract", "arcp"}, error_model="numpy")
def _radial(logarithm, centre, rate, first, end, out):  # type: ignore[no-untyped-def]
    for r in range(first, end):
        for c in range(out.shape[1]):
            a = logarithm[r, c] - centre
            power = a * a * rate
            out[r, c] = np.exp(power) if power > _NOTHING else 0.0


@njit(cache=True, nogil=True, fastmath={"contract", "arcp"}, error_model="numpy")
def _filtered(half, radial, angular, places, first, end, out):  # type: ignore[no-untyped-def]
    """Half a spectrum (`rfft2`) times a log-Gabor filter, as a whole one; some of its rows."""
    rows, columns, _, _ = places
    height, width = out.shape
    known = half.shape[1]
    for r in range(first, end):
        opposite = (height - r) % height
        line = radial[rows[r]]
        for c in range(known):
            out[r, c] = half[r, c] * (line[columns[c]] * angular[r, c])
        for c in range(known, width):
            out[r, c] = np.conj(half[opposite, width - c]) * (line[columns[c]] * angular[r, c])
    if first == 0:
        out[0, 0] = 0.0


@njit(cache=True, nogil=True, fastmath={"contract", "arcp", "reassoc", "nsz"}, error_model="numpy")
def _cells(response, first, end, out):  # type: ignore[no-untyped-def]
    """Mean and central sums of the 4 x 4 cells of the magnitude; some of their rows."""
    columns = out.shape[2]
    line = np.empty((4, 4 * columns))
    for i in range(first, end):
        for k in range(4):
            for c in range(4 * columns):
                v = response[4 * i + k, c]
                line[k, c] = np.sqrt(v.real * v.real + v.imag * v.imag)
        for j in range(columns):
            total = 0.0
            for k in range(4):
                for c in range(4 * j, 4 * j + 4):
                    total += line[k, c]
            mean = total / 16.0
            second = third = fourth = 0.0
            for k in range(4):
                for c in range(4 * j, 4 * j + 4):
                    d = line[k, c] - mean
                    q = d * d
                    second += q
                    third += q * d
                    fourth += q * q
            out[0, i, j] = mean
            out[1, i, j] = second
            out[2, i, j] = third
            out[3, i, j] = fourth


@njit(cache=True, nogil=True, forceinline=True, fastmath={"contract"}, error_model="numpy")
def _shape(cells, i, j):  # type: ignore[no-untyped-def]
    """Deviation, skewness and kurtosis of the block of 4 x 4 cells at `i`, `j`."""
    total = 0.0
    for k in range(i, i + 4):
        for c in range(j, j + 4):
            total += cells[0, k, c]
    centre = total / 16.0
    second = third = fourth = 0.0
    for k in range(i, i + 4):
        for c in range(j, j + 4):
            d = cells[0, k, c] - centre
            q = d * d
            s, t = cells[1, k, c], cells[2, k, c]
            second += s + 16.0 * q
            third += t + d * (3.0 * s + 16.0 * q)
            fourth += cells[3, k, c] + 4.0 * d * t + q * (6.0 * s + 16.0 * q)
    variance = second / 256.0
    # The powers of a tiny variance may vanish before it does.
    cube, square = variance * np.sqrt(variance), variance * variance
    skewness = third / 256.0 / cube if cube > 0.0 else 0.0
    kurtosis = fourth / 256.0 / square if square > 0.0 else 0.0
    return np.sqrt(second / 255.0), skewness, kurtosis


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _keep(cells, out):  # type: ignore[no-untyped-def]
    for i in range(out.shape[1]):
        for j in range(out.shape[2]):
            out[0, i, j], out[1, i, j], out[2, i, j] = _shape(cells, i, j)


@njit(cache=True, nogil=True, fastmath={"contract"}, error_model="numpy")
def _compare(cells, other, weight, out):  # type: ignore[no-untyped-def]
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            deviation, skewness, kurtosis = _shape(cells, i, j)
            change = abs(deviation - other[0, i, j]) + 2.0 * abs(skewness - other[1, i, j])
            out[i, j] += weight * (change + abs(kurtosis - other[2, i, j]))


def _spectrum(x: np.ndarray) -> np.ndarray:
    from scipy import fft

    # The filters have no response at frequency zero: without the middle of the range a constant is exactly nothing.
    # One worker: how the transform is split must not depend on the number of threads.
    middle = 0.5 * (float(x.max()) + float(x.min()))
    return read_only(fft.rfft2(np.subtract(x, middle, dtype=np.float64), workers=1))


def _quadrant(height: int, width: int) -> tuple[np.ndarray, np.ndarray, Any]:
    """Logarithm of the radius and angle of the frequencies of one quadrant, and where every frequency stands there.

    The places are the row and column of the quadrant, and whether the frequency is above and to the left of zero.
    """
    from visq.ops.gabor_blocks import along_axis

    y, x = along_axis(height), along_axis(width)
    (above, rows), (beside, columns) = (np.unique(np.abs(z), return_inverse=True) for z in (y, x))
    with np.errstate(divide="ignore"):
        logarithm = np.log(np.hypot(beside[None, :], above[:, None]))
    angle = np.arctan2(above[:, None], beside[None, :])
    return read_only(logarithm), read_only(angle), tuple(map(read_only, (rows, columns, y < 0, x < 0)))


def shape_differences(x: np.ndarray, y: np.ndarray, bank: Any, weights: tuple[float, ...]) -> np.ndarray:
    """`visq.ops.gabor_blocks.shape_differences` of two planes."""
    height, width = x.shape
    spectra = [_spectrum(x), _spectrum(y)]
    logarithm, angle, places = _quadrant(height, width)
    by_radius = -1.0 / (2 * math.log(bank.sigma_on_f) ** 2)
    by_angle = -1.0 / (2 * (math.pi / bank.orientations / bank.spacing_on_sigma) ** 2)
    rows, columns = block_count(height, width)
    response = np.empty((height, width), np.complex128)
    angular, radial = np.empty((height, width)), np.empty(logarithm.shape)
    cells = np.empty((4, rows + 3, columns + 3))
    shape = np.empty((3, rows, columns))
    total = np.zeros((rows, columns))
    for o in range(bank.orientations):
        turn = o * math.pi / bank.orientations
        run_strips(lambda a, b, _: _angular(angle, places, turn, by_angle, a, b, angular), height, _STRIP)  # noqa: B023
        for s, weight in enumerate(weights):
            centre = -math.log(bank.min_wavelength * bank.multiplier**s)
            run_strips(lambda a, b, _: _radial(logarithm, centre, by_radius, a, b, radial), len(radial), _STRIP)  # noqa: B023
            for k, half in enumerate(spectra):
                _respond(half, radial, angular, places, response)
                run_strips(lambda a, b, _: _cells(response, a, b, cells), rows + 3, _STRIP // 4)
                if k == 0:
                    _keep(cells, shape)
                else:
                    _compare(cells, shape, weight, total)
    return total


def _respond(half: np.ndarray, radial: np.ndarray, angular: np.ndarray, places: Any, out: np.ndarray) -> None:
    """The response of one filter, in place."""
    from scipy import fft

    def along_rows(first: int, end: int, _index: int) -> None:
        _filtered(half, radial, angular, places, first, end, out)
        out[first:end] = fft.ifft(out[first:end], axis=1, workers=1, overwrite_x=True)

    def along_columns(first: int, end: int, _index: int) -> None:
        out[:, first:end] = fft.ifft(out[:, first:end], axis=0, workers=1)

    run_strips(along_rows, out.shape[0], _STRIP)
    run_strips(along_columns, out.shape[1], _STRIP)
