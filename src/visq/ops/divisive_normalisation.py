"""Divisive normalisation: wavelet coefficients over the local energy of their neighbours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from visq.ops.steerable import half_spectrum, level_size, real_band

LEVELS = (1, 2, 3)
ORIENTATIONS = 4
#: Coefficients left out at every border, finest level first: the transform takes the image for periodic.
GUARDS = (16, 8, 4)
_REACH = 1
_STRIP = 1 << 15  # pixels whose neighbourhoods are held at a time
# Grey levels below which a coefficient is a rounding error of the transform.
_NOTHING = 1e-6
# Added to the local deviation, which is 1 on average.
_STEADY = 1e-3


def normalised_bands(x: np.ndarray) -> Iterator[np.ndarray]:
    """The bands of a steerable pyramid, divided by what their neighbourhoods make one expect.

    The neighbourhood of a coefficient holds 3 x 3 coefficients of its band, those of the other orientations in its
    place, and its parent in the next level, where there is one. With their covariance C over the band, the local
    deviation of a Gaussian scale mixture is ``z = sqrt(y' C^-1 y / n)`` for the n neighbours y.

    Parameters
    ----------
    x : array
        `(H, W)` luma in 0..255, NumPy, float64, sides of at least 96.

    Yields
    ------
    array
        `(h, w)`, in grey levels, four orientations of the finest level, of the second and of the third; margins of
        `GUARDS` left out.
    """
    bands = _bands(x)
    for level, guard in enumerate(GUARDS):
        parents = bands[level + 1] if level + 1 < len(bands) else None
        for k in range(ORIENTATIONS):
            yield _normalised(bands[level], parents[k] if parents is not None else None, k, guard)


def _bands(x: np.ndarray) -> list[np.ndarray]:
    """The real bands, `(orientations, h, w)` a level; the finest first, while there is most memory to work in."""
    half = half_spectrum(x)
    bands = []
    for i, level in enumerate(LEVELS):
        found = np.empty((ORIENTATIONS, *(level_size(n, level) for n in x.shape)))
        for k in range(ORIENTATIONS):
            band = real_band(half, x.shape, level, k, ORIENTATIONS, out=found[k])
            band /= 4.0**i  # amplitudes of the pyramid grow fourfold a level
            for row in band:
                row[np.abs(row) < _NOTHING] = 0.0
        bands.append(found)
    return bands


def _normalised(bands: np.ndarray, parent: np.ndarray | None, k: int, guard: int) -> np.ndarray:
    height, width = bands.shape[1] - 2 * guard, bands.shape[2] - 2 * guard
    rows = max(1, _STRIP // width)
    strips = [(r, min(r + rows, height)) for r in range(0, height, rows)]
    total: np.ndarray | float = 0.0
    for first, end in strips:
        y = _neighbours(bands, parent, k, guard, first, end)
        total = total + y @ y.T
    whiten = _inverse_root(np.asarray(total) / (height * width))
    out = np.empty((height, width))
    for first, end in strips:
        y = _neighbours(bands, parent, k, guard, first, end)
        z = np.sqrt(np.mean((whiten @ y) ** 2, axis=0)).reshape(end - first, width)
        out[first:end] = bands[k, guard + first : guard + end, guard : guard + width] / (z + _STEADY)
    return out


def _neighbours(bands: np.ndarray, parent: np.ndarray | None, k: int, guard: int, first: int, end: int) -> np.ndarray:
    """`(n, pixels)` neighbourhoods of some rows of band `k`."""
    width = bands.shape[2] - 2 * guard
    top, left = guard + first, guard
    rows, columns = np.arange(top, top + end - first), np.arange(left, left + width)
    around = range(-_REACH, _REACH + 1)
    parts = [bands[k, top + i : guard + end + i, left + j : left + j + width] for i in around for j in around]
    parts += [bands[o, top : guard + end, left : left + width] for o in range(len(bands)) if o != k]
    if parent is not None:
        parts.append(parent[rows[:, None] // 2, columns[None, :] // 2])
    return np.stack(parts).reshape(len(parts), -1)


def _inverse_root(covariance: np.ndarray) -> np.ndarray:
    """A matrix W with ``W'W = C^-1``; directions without energy are left out."""
    values, vectors = np.linalg.eigh(covariance)
    some = values > 1e-12 * max(float(values[-1]), 0.0)
    some &= values > 0.0
    root = np.where(some, 1.0 / np.sqrt(np.where(some, values, 1.0)), 0.0)
    return root[:, None] * vectors.T


__all__ = ["GUARDS", "LEVELS", "ORIENTATIONS", "normalised_bands"]
