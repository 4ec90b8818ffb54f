"""NumPy engine of the texture similarity: one filter at a time, made while it is applied, both images side by side."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from visq.ops.numeric import read_only
from visq.ops.phase import frequency_grid
from visq.ops.threads import run_strips

_FAST = {"reassoc", "contract", "nsz", "arcp"}


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _filtered(spectra, out, first, end, logarithm, angle, shape):  # type: ignore[no-untyped-def]
    """Rows of half a spectrum of each image times a filter, to whole ones: the rest is the mirrored conjugate.

    `shape` is the logarithm of the wavelength, the direction, and what the squares of both distances count.
    """
    images, height, width = out.shape
    half = width // 2 + 1
    wavelength, direction, by_radius, by_angle = shape[0], shape[1], shape[2], shape[3]
    turn = angle.dtype.type(2 * np.pi)
    gain = np.empty(width, angle.dtype)
    for r in range(first, end):
        for c in range(width):
            radial = logarithm[r, c] + wavelength
            apart = abs(angle[r, c] - direction)
            apart = min(apart, turn - apart)
            gain[c] = np.exp(-(by_radius * radial * radial + by_angle * apart * apart))
        mirrored = height - r if r else 0
        if r == 0:
            gain[0] = 0
        for i in range(images):
            spectrum = spectra[i]
            for c in range(half):
                out[i, r, c] = spectrum[r, c] * gain[c]
            for c in range(half, width):
                out[i, r, c] = np.conj(spectrum[mirrored, width - c]) * gain[c]


@njit(cache=True, nogil=True, fastmath=_FAST, error_model="numpy")
def _add_rows(responses, out, first, end, constants):  # type: ignore[no-untyped-def]
    weight, constant = constants[0], constants[1]
    for r in range(first, end):
        for c in range(out.shape[1]):
            v, w = responses[0, r, c], responses[1, r, c]
            p = v.real * v.real + v.imag * v.imag
            q = w.real * w.real + w.imag * w.imag
            apart = np.sqrt(p) - np.sqrt(q)
            out[r, c] += weight * (apart * apart) / (p + q + constant)


def grid(height: int, width: int, dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the radius (0 at frequency zero) and angle of every frequency."""
    radius, angle = frequency_grid(height, width)
    radius[0, 0] = 1.0
    return read_only(np.log(radius, out=radius).astype(dtype)), read_only(angle.astype(dtype))


def filter_shape(bank: Any, scale: int, orientation: int, dtype: Any) -> np.ndarray:
    """What `_filtered` makes the filter from."""
    sigma = math.pi / bank.orientations / bank.spacing_on_sigma
    wavelength = math.log(bank.min_wavelength * bank.multiplier**scale)
    direction = orientation * math.pi / bank.orientations
    return np.array([wavelength, direction, 0.5 / math.log(bank.sigma_on_f) ** 2, 0.5 / sigma**2], dtype)


def half_spectra(x: np.ndarray) -> list[np.ndarray]:
    """Half a spectrum of every plane of `(N, H, W)`."""
    from scipy import fft

    # No filter answers to a constant: without it, flat images have no amplitudes at all.
    return [fft.rfft2(plane - plane[0, 0], workers=1) for plane in x]


def deficit(first: np.ndarray, second: np.ndarray, bank: Any, out: np.ndarray) -> None:
    """The texture deficit of two planes from `half_spectra`, added to `out`, which has their size."""
    from scipy import fft

    dtype = out.dtype
    planes = grid(out.shape[0], out.shape[1], dtype)
    spectra = read_only(first), read_only(second)
    responses = np.empty((2, *out.shape), first.dtype)
    for s, weight in enumerate(bank.scale_weights):
        constants = np.array([weight, bank.constant], dtype)
        for o in range(bank.orientations):
            _both(spectra, planes, filter_shape(bank, s, o, dtype), responses, fft)
            _add(responses, out, constants)


def _both(
    spectra: tuple[np.ndarray, np.ndarray], planes: Any, shape: np.ndarray, responses: np.ndarray, fft: Any
) -> None:
    run_strips(
        lambda first, end, _: _filtered(spectra, responses, first, end, planes[0], planes[1], shape), responses.shape[1]
    )

    def one(i: int, _end: int, _index: int) -> None:
        # One worker: how the transform is split must not depend on the number of threads.
        responses[i] = fft.ifft2(responses[i], workers=1, overwrite_x=True)

    run_strips(one, 2, 1)


def _add(responses: np.ndarray, out: np.ndarray, constants: np.ndarray) -> None:
    run_strips(lambda first, end, _: _add_rows(responses, out, first, end, constants), len(out))
