"""NumPy engine of phase congruency: one orientation of one image is one task, its scales are transformed together."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from visq.ops.threads import run_strips

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_GROUP = 4  # images in work at a time: bounds the memory of a batch


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _filtered(spectrum, spread, radial, out):  # type: ignore[no-untyped-def]
    scales, height, width = radial.shape
    line = np.empty(width, spectrum.dtype)
    for r in range(height):
        for c in range(width):
            line[c] = spectrum[r, c] * spread[r, c]
        for s in range(scales):
            for c in range(width):
                out[s, r, c] = line[c] * radial[s, r, c]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _power(response, out):  # type: ignore[no-untyped-def]
    height, width = out.shape
    for r in range(height):
        for c in range(width):
            v = response[r, c]
            out[r, c] = v.real * v.real + v.imag * v.imag


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _energy(response, threshold, epsilon, energy, amplitude):  # type: ignore[no-untyped-def]
    scales, height, width = response.shape
    sum_even = np.empty(width, energy.dtype)
    sum_odd = np.empty(width, energy.dtype)
    across = np.empty(width, energy.dtype)
    for r in range(height):
        for c in range(width):
            v = response[0, r, c]
            sum_even[c] = v.real
            sum_odd[c] = v.imag
            amplitude[r, c] = np.sqrt(v.real * v.real + v.imag * v.imag)
            across[c] = 0
        for s in range(1, scales):
            for c in range(width):
                v = response[s, r, c]
                sum_even[c] += v.real
                sum_odd[c] += v.imag
                amplitude[r, c] += np.sqrt(v.real * v.real + v.imag * v.imag)
        for s in range(scales):
            for c in range(width):
                v = response[s, r, c]
                across[c] += np.abs(v.real * sum_odd[c] - v.imag * sum_even[c])
        for c in range(width):
            total = sum_even[c] * sum_even[c] + sum_odd[c] * sum_odd[c]
            energy[r, c] = max((total - across[c]) / (np.sqrt(total) + epsilon) - threshold, 0)


@njit(cache=True, nogil=True, error_model="numpy")
def _congruency(energy, amplitude, out):  # type: ignore[no-untyped-def]
    orientations, height, width = energy.shape
    for r in range(height):
        for o in range(1, orientations):
            for c in range(width):
                energy[0, r, c] += energy[o, r, c]
                amplitude[0, r, c] += amplitude[o, r, c]
        for c in range(width):
            a = amplitude[0, r, c]
            quotient = energy[0, r, c] / a
            out[r, c] = quotient if a > 0 else 0


def phase_congruency(x: np.ndarray, filters: Any, epsilon: float) -> np.ndarray:
    """`(N, H, W)` to `(N, H, W)`; `filters` is a `visq.ops.phase.Bank` of the same size and precision."""
    out = np.empty_like(x)
    for first in range(0, len(x), _GROUP):
        _group(x[first : first + _GROUP], filters, epsilon, out[first : first + _GROUP])
    return out


def _group(x: np.ndarray, filters: Any, epsilon: float, out: np.ndarray) -> None:
    from scipy import fft

    orientations = len(filters.angular)
    real = x.dtype.type
    spectra = [fft.fft2(image - real(0.5) * (image.max() + image.min()), workers=1) for image in x]
    energy = np.empty((len(x), orientations, *x.shape[1:]), x.dtype)
    amplitude = np.empty_like(energy)

    def orientation(task: int, _end: int, _index: int) -> None:
        n, o = divmod(task, orientations)
        response = np.empty(filters.radial.shape, spectra[n].dtype)
        _filtered(spectra[n], filters.angular[o], filters.radial, response)
        # One worker: how the transform is split must not depend on the number of threads.
        response = fft.ifft2(response, workers=1, overwrite_x=True)
        _power(response[0], amplitude[n, o])
        threshold = filters.noise[o] * np.sqrt(_median(amplitude[n, o]))
        _energy(response, real(threshold), real(epsilon), energy[n, o], amplitude[n, o])

    run_strips(orientation, len(x) * orientations, 1)
    for n in range(len(x)):
        _congruency(energy[n], amplitude[n], out[n])


@njit(cache=True, nogil=True)
def _bin_count(keys, shift, bins):  # type: ignore[no-untyped-def]
    for r in range(keys.shape[0]):
        for c in range(keys.shape[1]):
            bins[keys[r, c] >> shift] += 1


def _median(x: np.ndarray) -> float:
    """Median of non-negative numbers; only those that share the leading bits of the median are ordered."""
    bits = 8 * x.itemsize
    keys = x.view(f"u{x.itemsize}")  # the order of non-negative floats is that of their bit patterns
    shift = keys.dtype.type(bits - 13)  # sign and exponent, and at least a bit of the mantissa
    bins = np.zeros(1 << 13, np.int64)
    _bin_count(keys, shift, bins)
    ends = np.cumsum(bins)
    low, high = (x.size - 1) // 2, x.size // 2
    first, last = np.searchsorted(ends, (low, high), side="right")
    inside = x[(keys >= keys.dtype.type(int(first) << int(shift))) & ((keys >> shift) <= last)]
    before = ends[first] - bins[first]
    values = np.partition(inside, sorted({int(low - before), int(high - before)}))
    return float((values[low - before] + values[high - before]) / 2) if low != high else float(values[low - before])
