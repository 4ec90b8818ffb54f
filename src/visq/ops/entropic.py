"""Entropies of the coefficients of one sub-band, block by block: what RRED and ST-RRED know of a picture."""

from __future__ import annotations

import math

import numpy as np

from visq.ops.scale_mixture import inverse_and_eigenvalues
from visq.ops.steerable import derivative_band, low_passes

LEVELS = 4
BLOCK = 3
NOISE = 0.1
# Smallest side of which the coarsest level still covers its low-pass filter: 72 -> 36 -> 18 -> 9.
MIN_SIDE = 72


def coarse_band(plane: np.ndarray) -> np.ndarray:
    """The fourth of six orientations of the fourth level of the spatial steerable pyramid, whole blocks only.

    Parameters
    ----------
    plane : (H, W) array
        Luma in 0..255; worked on in float64.

    Returns
    -------
    (h, w) array
        An eighth of the sides, rounded up, less what exceeds a multiple of 3. Zero where the image is constant.
    """
    # The weakest direction of a band holds a ten-thousandth of its variance: float32 would leave noise there.
    *_, low = low_passes(plane[None].astype(np.float64), LEVELS)
    height, width = grid(*plane.shape)
    return derivative_band(low, "vertical")[0, : height * BLOCK, : width * BLOCK]


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of blocks that a picture has.

    >>> grid(1080, 1920)
    (45, 80)
    """
    reduction = 2 ** (LEVELS - 1)
    return -(-height // reduction) // BLOCK, -(-width // reduction) // BLOCK


def block_entropies(band: np.ndarray, *, bits: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Weight and entropy of every block of 3 x 3 coefficients of a band, `(rows, columns)` each.

    The blocks are a Gaussian scale mixture ``s u``, ``u ~ N(0, C)``, seen with noise of variance 0.1. With C the
    covariance of all blocks, overlapping, l_k its eigenvalues and ``s^2 = c' C^-1 c / 9`` of block c::

        weight = log2(1 + s^2)        entropy = sum over k of log2(s^2 l_k + 0.1) + log2(2 pi e)

    Parameters
    ----------
    band : (h, w) array
        Sides that are multiples of 3.
    bits : bool
        False: the constant is ``ln(2 pi e)``, which mixes bits and nats.
    """
    from visq.ops import _numba_information

    covariance = _numba_information.covariance(band)[None]
    inverse, strengths = (z[0] for z in inverse_and_eigenvalues(covariance))
    rows, columns = (n // BLOCK for n in band.shape)
    blocks = band.reshape(rows, BLOCK, columns, BLOCK).transpose(0, 2, 1, 3).reshape(rows, columns, BLOCK**2)
    variance = np.clip(np.sum((blocks @ inverse) * blocks, axis=-1) / BLOCK**2, 0.0, None)
    constant = math.log2(2 * math.pi * math.e) if bits else math.log(2 * math.pi * math.e)
    entropy = np.log2(variance[..., None] * strengths + NOISE).sum(axis=-1) + BLOCK**2 * constant
    return np.log2(1.0 + variance), entropy


def tile_means(values: np.ndarray, side: int) -> np.ndarray:
    """Means over square tiles of `side` blocks; tiles at the right and bottom hold what is left."""
    counts = tile_counts(values.shape, side)
    rows, columns = (np.arange(0, n, side) for n in values.shape)
    return np.add.reduceat(np.add.reduceat(values, rows, axis=0), columns, axis=1) / counts


def tile_counts(shape: tuple[int, ...], side: int) -> np.ndarray:
    """How many blocks each tile of `tile_means` holds."""
    rows, columns = (np.minimum(side, n - np.arange(0, n, side)) for n in shape)
    return rows[:, None] * columns


__all__ = ["LEVELS", "MIN_SIDE", "block_entropies", "coarse_band", "grid", "tile_counts", "tile_means"]
