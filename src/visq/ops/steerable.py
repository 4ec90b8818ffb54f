"""Steerable pyramids, NumPy or torch: two derivative bands in the pixel plane, complex bands in the frequency plane.

Both follow E. Simoncelli's matlabPyrTools. The spatial one is ``buildSpyr(x, levels, 'sp5Filters', 'reflect1')``; of
its six orientations the first and the fourth are here, a horizontal and a vertical fifth derivative: VIF and the
reduced-reference measures use no other. The frequency one is ``buildSCFpyr(x, level, orientations - 1)``, whose
real part is ``buildSFpyr``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from visq.errors import OptionError, SizeError
from visq.ops.arrays import is_torch, namespace

# A quarter of each symmetric kernel, centre first: entry [i, j] is the weight i rows and j columns from the centre.
_LO0 = np.array(
    [
        [0.40304148, 0.15925570, -0.03848215],
        [0.15925570, 0.05586982, -0.01551246],
        [-0.03848215, -0.01551246, 0.00341614],
    ]
)
_LOW = 2 * np.array(
    [
        [0.10096540, 0.08169618, 0.03981393, 0.01002988, -0.00962054],
        [0.08169618, 0.06426333, 0.03277038, 0.00410600, -0.00944432],
        [0.03981393, 0.03277038, 0.01396746, -0.00661117, -0.00387812],
        [0.01002988, 0.00410600, -0.00661117, -0.00523281, -0.00244917],
        [-0.00962054, -0.00944432, -0.00387812, -0.00244917, 0.00085404],
    ]
)
# The derivative along the rows (weights change sign left of the centre); the other band is its transpose.
_BAND = np.array(
    [
        [0.0, 0.11732297, -0.02755155, -0.01455399],
        [0.0, 0.08226445, -0.01189859, -0.01026699],
        [0.0, 0.03075356, 0.00893064, -0.00496194],
        [0.0, 0.01021852, 0.00986904, -0.00277643],
    ]
)
_STRIP = 64
Orientation = Literal["vertical", "horizontal"]


def low_passes(x: Any, levels: int) -> Iterator[Any]:
    """The low-pass images that the bands of `levels` levels are made of, finest first.

    Parameters
    ----------
    x : array
        `(N, H, W)`; uint8 arrays are worked on in float32.
    levels : int
        Number of levels. Every level has half the sides, rounded up, and twice the gain of the one before.
    """
    x = _correlate(x, _LO0, 1, 1, 1)
    yield x
    for _ in range(levels - 1):
        x = _correlate(x, _LOW, 1, 1, 2)
        yield x


def derivative_band(low: Any, orientation: Orientation) -> Any:
    """Band of one level from its low-pass image.

    `horizontal` answers to steps across the image and `vertical` to steps up; they are bands 1 and 4 of the six of
    `sp5Filters`. NumPy: both are exactly zero where the image is constant.
    """
    if orientation == "horizontal":
        return _correlate(low, _BAND, 1, -1, 1)
    return _correlate(low, -_BAND.T, -1, 1, 1)


def _correlate(x: Any, quarter: np.ndarray, down: int, across: int, step: int) -> Any:
    if is_torch(x):
        from visq.ops import _torch_steerable

        return _torch_steerable.correlate(x, quarter, down, across, step)
    from visq.ops import _numba_steerable

    return _numba_steerable.correlate(x, quarter, down, across, step)


def complex_bands(x: Any, levels: tuple[int, ...], orientations: int) -> Iterator[Any]:
    """Complex bands of some levels of the frequency-plane pyramid.

    Parameters
    ----------
    x : array
        `(N, H, W)`, sides of at least ``2^(level + 2)`` for every level; NumPy: any dtype, transformed in float64.
    levels : tuple of int
        Which levels, ascending; 1 is the finest and has the size of the image.
    orientations : int
        Bands a level. Band k (from 0) answers to structure at the angle ``k pi / orientations``.

    Yields
    ------
    array
        `(N, orientations, h, w)`, complex, for one level after the other. Amplitudes grow fourfold a level, as those
        of the authors' program, which does not rescale the cropped spectrum.
    """
    height, width = int(x.shape[-2]), int(x.shape[-1])
    if not levels or list(levels) != sorted(set(levels)) or levels[0] < 1 or orientations < 1:
        raise OptionError(
            "levels and orientations are counted from 1",
            expected="ascending levels, one orientation or more",
            got=f"levels={levels}, orientations={orientations}",
        )
    if min(height, width) < 2 ** (levels[-1] + 2):
        raise SizeError(
            f"image is too small for level {levels[-1]} of the pyramid",
            expected=f"at least {2 ** (levels[-1] + 2)} pixels a side",
            got=f"{width}x{height}",
        )
    half = _half_spectrum(x, level_size(width, levels[0]) // 2)
    xp = namespace(half)
    phase = (-1j) ** (orientations - 1)
    for level in levels:
        radial, angular = _masks(height, width, level, orientations)
        part = _centred(half, radial.shape[0], radial.shape[1], xp)
        if is_torch(x):
            radial, angular = (xp.asarray(m, dtype=x.dtype, device=x.device) for m in (radial, angular))
        spectrum = (part * radial * phase)[:, None] * angular
        yield xp.fft.ifft2(xp.fft.ifftshift(spectrum, axes=(-2, -1)))


def real_band(
    half: np.ndarray,
    size: tuple[int, ...],
    level: int,
    orientation: int,
    orientations: int,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """Real part of one band of `complex_bands`, in a fraction of the memory.

    Parameters
    ----------
    half : array
        What `half_spectrum` gives of an image.
    size : (int, int)
        Height and width of that image.
    level, orientation, orientations : int
        Level from 1, orientation from 0, of how many.
    out : array, optional
        Where to put the band.

    Returns
    -------
    array
        `(h, w)` float64.
    """
    height, width = size
    h, w = level_size(height, level), level_size(width, level)
    across = np.arange(w // 2 + 1)
    at = orientation * math.pi / orientations
    phase = (-1j) ** (orientations - 1)
    spectrum = np.empty((h, len(across)), np.complex128)
    x = across / (width / 2)
    rows = np.arange(h) - h // 2
    for first in range(0, h, _STRIP):
        part = rows[first : first + _STRIP]
        y, wide_x = np.meshgrid(part / (height / 2), x, indexing="ij")
        radial = _radial(np.hypot(wide_x, y), width, level)
        angle = np.arctan2(y, wide_x) - at
        # A real picture has the conjugate at the opposite frequency, half a turn away.
        shape = phase * _angular(angle, orientations) + np.conj(phase) * _angular(angle + math.pi, orientations)
        spectrum[part % h] = half[part % height, : len(across)] * (radial * (shape / 2))
    scipy_fft = _scipy_fft()
    for first in range(0, len(across), _STRIP):
        spectrum[:, first : first + _STRIP] = scipy_fft.ifft(spectrum[:, first : first + _STRIP], axis=0)
    found = np.empty((h, w)) if out is None else out
    for first in range(0, h, _STRIP):
        found[first : first + _STRIP] = scipy_fft.irfft(spectrum[first : first + _STRIP], n=w, axis=1)
    return found


def half_spectrum(plane: np.ndarray) -> np.ndarray:
    """Spectrum of a real `(H, W)` plane, column frequencies from 0 up: `(H, W // 2 + 1)`, complex128."""
    return _half_spectrum(plane[None], plane.shape[1] // 2)[0]


def _scipy_fft() -> Any:
    import scipy.fft

    return scipy.fft


def level_size(length: int, level: int) -> int:
    """Length of an axis at a level: halved `level - 1` times, rounded up.

    >>> [level_size(45, level) for level in (1, 2, 3)]
    [45, 23, 12]
    """
    return -(-length // 2 ** (level - 1))


def _half_spectrum(x: Any, highest: int) -> Any:
    """Spectrum of real `(N, H, W)`, unshifted, column frequencies 0 to `highest` only: the rest follows from it."""
    if is_torch(x):
        import torch

        return torch.fft.fft(torch.fft.rfft(x, dim=-1)[..., : highest + 1], dim=-2)
    scipy_fft = _scipy_fft()
    # Row by row in strips, in float64 whatever the input: most column frequencies are never needed at once.
    rows = np.empty((*x.shape[:-1], highest + 1), np.complex128)
    for first in range(0, x.shape[-2], _STRIP):
        part = np.s_[:, first : first + _STRIP]
        rows[part] = scipy_fft.rfft(x[part].astype(np.float64), axis=-1)[..., : highest + 1]
    return scipy_fft.fft(rows, axis=-2, overwrite_x=True)


def _centred(half: Any, height: int, width: int, xp: Any) -> Any:
    """The `height` x `width` lowest frequencies, zero in the middle: negative columns are conjugates of positive."""
    rows = np.arange(height) - height // 2
    right = _rows(half, rows, xp)[..., : width - width // 2]
    left = xp.conj(xp.flip(_rows(half, -rows, xp)[..., 1 : width // 2 + 1], axis=-1))
    return xp.concat([left, right], axis=-1)


def _rows(half: Any, rows: np.ndarray, xp: Any) -> Any:
    index = rows % int(half.shape[-2])
    return xp.take(half, xp.asarray(index, device=half.device) if is_torch(half) else index, axis=-2)


@lru_cache(maxsize=8)
def _masks(height: int, width: int, level: int, orientations: int) -> tuple[np.ndarray, np.ndarray]:
    """Radial `(h, w)` and angular `(orientations, h, w)` part of the filters of a level, zero frequency centred."""
    h, w = level_size(height, level), level_size(width, level)
    y, x = np.meshgrid((np.arange(h) - h // 2) / (height / 2), (np.arange(w) - w // 2) / (width / 2), indexing="ij")
    angle = np.arctan2(y, x)
    radial = _radial(np.hypot(x, y), width, level)
    return radial, np.stack([_angular(angle - math.pi * k / orientations, orientations) for k in range(orientations)])


def _radial(radius: np.ndarray, width: int, level: int) -> np.ndarray:
    """Radial part of the filters of a level at some distances from frequency zero, Nyquist's being 1."""
    # The frequency zero has no logarithm: it takes its neighbour's, which lies below every band.
    octave = np.log2(np.where(radius == 0, 2 / width, radius))
    radial = _transition(octave + level, high=True)
    for passed in range(level):
        radial = radial * _transition(octave + passed, high=False)
    return radial


def _transition(octave: np.ndarray, *, high: bool) -> np.ndarray:
    """Raised cosine over the octave below 0, 0 to 1 (`high`), or its power complement; 257 points, interpolated."""
    phase = np.linspace(-np.pi / 2, 0.0, 257)
    rise = np.cos(phase)
    rise[0] = 0.0
    return np.interp(octave, np.linspace(-1.0, 0.0, 257), rise if high else np.sqrt(1.0 - rise**2))


def _angular(angle: np.ndarray, orientations: int) -> np.ndarray:
    """A power of the cosine on the half plane around angle 0; a table of 1024 points a half turn, lines between."""
    order = orientations - 1
    gain = 2.0 * math.sqrt(4.0**order * math.factorial(order) ** 2 / (orientations * math.factorial(2 * order)))
    at = np.pi * np.arange(-2049, 1026) / 1024
    inside = np.abs(np.mod(np.pi + at, 2 * np.pi) - np.pi) < np.pi / 2
    return np.interp(angle, at, gain * np.cos(at) ** order * inside)


__all__ = ["complex_bands", "derivative_band", "half_spectrum", "level_size", "low_passes", "real_band"]
