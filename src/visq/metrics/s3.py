"""S3: local sharpness from the slope of the spectrum and from the variation between neighbours."""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from typing import Any

import numpy as np

from visq.ops.arrays import read_one
from visq.ops.borders import padded_index

# Spectra: blocks of 32 in steps of 8, each for the 8 x 8 pixels in its middle.
BLOCK, STEP = 32, 8
MIN_SIDE = BLOCK
# Slope of the amplitude spectrum at which the spectral sharpness is a half, and how fast it falls there.
MIDDLE_SLOPE, STEEPNESS = 2.0, 3.0
# Mean light and range of light, of white 160, below which 8 x 8 pixels show nothing.
LEAST_LIGHT, LEAST_RANGE = 2.0, 5.0
POOLED_SHARE = 0.01
# Points on a circle of the spectrum.
DEGREES = 360
# The map is constant on cells of this side.
CELL = 4


def s3(image: Any, *, data_range: float | None = None, rounded_luma: bool | None = None, full: bool = False) -> Any:
    """Spectral and spatial sharpness, 0..1; higher is sharper, mostly better.

    The map is ``sqrt(s1 s2)``. Of 32 x 32 blocks, ``s1 = 1 - 1 / (1 + exp(-3 (a - 2)))`` with the slope -a of the
    logarithm of the amplitude spectrum, averaged around circles, over that of frequency; 0 in blocks without visible
    contrast. Of 8 x 8 blocks, `s2` is the largest sum of the six differences between 2 x 2 neighbours, divided by 4
    white; the larger of two grids, one shifted by 4. The score is the mean of the sharpest hundredth of the map.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 32.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.
    full : bool
        Also return the map.

    Returns
    -------
    float or (N,) array, or (score, map)
        The map is `(H, W)` or `(N, H, W)`. Without a gradient; tensors are computed in NumPy.

    Raises
    ------
    visq.errors.SizeError
        A side below 32.
    visq.errors.InputError
        Values out of range, NaN, a shape that is not an image's.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    The map is that of the authors' `s3_map`, its edges included: a last row or column of cells that no block reaches
    is 0 in s1 or in the shifted grid; so is the weight of neighbours around circles of the spectrum, which is
    exchanged for negative frequencies. Of the cells, the sharpest are taken until they hold a hundredth of the pixels
    (rounded, at least one).

    Because the sharpest hundredth decides, a sharp object before a blurred ground scores as sharp, which is meant.
    Noise raises the score, and so does contrast, by way of s2.

    References
    ----------
    C. T. Vu, T. D. Phan, D. M. Chandler, "S3: a spectral and spatial measure of local perceived sharpness in natural
    images", IEEE TIP 21(3), 2012.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    >>> s3(noise) > 0.9, s3(np.full((64, 64), 99, np.uint8))
    (True, 0.0)
    """
    x = read_one(image, data_range=data_range, min_side=MIN_SIDE)
    luma = x.luma(255.0, rounded=rounded_luma, keep_uint8=True)
    planes = luma.detach().cpu().numpy() if x.torch else luma
    cells = [_cells(plane) for plane in planes]
    score = x.result_of_numpy([_pool(c, *x.size) for c in cells])
    if not full:
        return score
    found = np.stack([_spread(c, *x.size) for c in cells])
    return score, x.result_of_numpy(found if x.torch else found.astype(x.dtype))


def _cells(plane: np.ndarray) -> np.ndarray:
    """The map of one `(H, W)` plane in 0..255, one value a cell of 4 x 4 pixels."""
    from visq.ops import _numba_s3

    shape = tuple(-(-side // CELL) for side in plane.shape)
    # Blocks from pixel 0 on, and those from pixel -4 on as far as they are whole or the border fills them.
    whole = tuple(-(-side // STEP) for side in plane.shape)
    shifted = tuple((side + STEP) // STEP for side in plane.shape)
    s2 = _doubled(_numba_s3.variation(plane, 0, whole), 0, shape)
    s2 = np.maximum(s2, _doubled(_numba_s3.variation(plane, -CELL, shifted), 1, shape)) / (4 * 255.0)
    s1 = _doubled(_spectral(plane), 1, shape)
    return np.sqrt(s1 * np.minimum(s2, 1.0))


def _doubled(blocks: np.ndarray, skip: int, shape: tuple[int, ...]) -> np.ndarray:
    """Every value for two cells each way, without the first `skip`; 0 where there is none."""
    cells = np.repeat(np.repeat(blocks, 2, axis=0), 2, axis=1)[skip:, skip:][: shape[0], : shape[1]]
    return np.pad(cells, [(0, n - have) for n, have in zip(shape, cells.shape, strict=True)])


def _spectral(plane: np.ndarray) -> np.ndarray:
    """`s1` of all blocks of 32 that begin 16 pixels before the picture, in steps of 8."""
    import scipy.fft

    from visq.ops import _numba_s3

    high, wide = (side // STEP + 1 for side in plane.shape)
    rows, columns = (
        padded_index(side, BLOCK // 2, STEP * (n - 1) + BLOCK // 2 - side + STEP, "symmetric")
        for side, n in zip(plane.shape, (high, wide), strict=True)
    )
    # Seven by seven of the small blocks lie within one of 32.
    small = tuple(2 * (n - 1) + 7 for n in (high, wide))
    parts = _numba_s3.visible(plane, -BLOCK // 2, small, LEAST_LIGHT, LEAST_RANGE)
    seen = np.asarray(np.lib.stride_tricks.sliding_window_view(parts, (7, 7))[::2, ::2].any(axis=(2, 3)))
    window, average, fit = _tables()
    out = np.zeros((high, wide))
    for i in np.flatnonzero(seen.any(axis=1)):
        chosen = np.flatnonzero(seen[i])
        band = plane[rows[STEP * i : STEP * i + BLOCK]][:, columns].astype(np.float64)
        blocks = np.lib.stride_tricks.sliding_window_view(band, BLOCK, axis=1)[:, ::STEP][:, chosen]
        spectrum = np.abs(scipy.fft.rfft2(np.moveaxis(blocks, 1, 0) * window, axes=(1, 2)))
        slope = -np.log(spectrum.reshape(chosen.size, -1) @ average) @ fit
        out[i, chosen] = 1 - 1 / (1 + np.exp(-STEEPNESS * (slope - MIDDLE_SLOPE)))
    return out


@cache
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hann window of a block, the matrix of averages around circles of the half spectrum, weights of the slope."""
    taper = 0.5 * (1 - np.cos(2 * np.pi * np.arange(1, BLOCK + 1) / (BLOCK + 1)))
    radii = np.arange(1, BLOCK // 2 + 1)
    average = np.zeros((BLOCK, BLOCK // 2 + 1, radii.size))
    for k, degree in product(range(radii.size), range(DEGREES)):
        angle = degree / DEGREES * (2 * math.pi)
        across, down = (_between(float(radii[k]) * f(angle)) for f in (math.sin, math.cos))
        for (i, a), (j, b) in product(across, down):
            for u, v, share in _half(i, j):
                average[u, v, k] += a * b * share / DEGREES
    log = np.log(0.5 * radii / radii[-1])
    centred = log - log.mean()
    return np.outer(taper, taper), average.reshape(-1, radii.size), centred / (centred @ centred)


def _between(position: float) -> tuple[tuple[int, float], tuple[int, float]]:
    """The two whole frequencies around one, and their shares; of negative ones as the authors' program has them.

    It measures the distance from the outer of the two instead of from the inner one, so that their shares change
    places. The scores that were published have this, and so have the ports of the program.
    """
    inner, outer = math.floor(abs(position)), math.ceil(abs(position))
    sign = -1 if position < 0 else 1
    share = abs(position) - inner if sign > 0 or inner == outer else outer - abs(position)
    return (sign * inner, 1 - share), (sign * outer, share)


def _half(i: int, j: int) -> list[tuple[int, int, float]]:
    """Where the amplitude at a frequency stands in the half spectrum; for that of the mean, its two neighbours."""
    if i == j == 0:
        return [(1, 0, 0.5), (0, 1, 0.5)]
    j = (j + BLOCK // 2) % BLOCK - BLOCK // 2
    return [(i % BLOCK, j, 1.0)] if j >= 0 else [(-i % BLOCK, -j, 1.0)]


def _areas(height: int, width: int) -> np.ndarray:
    down, across = (np.full(-(-side // CELL), CELL) for side in (height, width))
    down[-1], across[-1] = height - CELL * (down.size - 1), width - CELL * (across.size - 1)
    return np.outer(down, across)


def _pool(cells: np.ndarray, height: int, width: int) -> float:
    wanted = max(1, round(POOLED_SHARE * height * width))
    order = np.argsort(cells, axis=None)[::-1]
    pixels = _areas(height, width).ravel()[order]
    taken = np.minimum(pixels, np.maximum(wanted - (np.cumsum(pixels) - pixels), 0))
    return float(cells.ravel()[order] @ taken) / wanted


def _spread(cells: np.ndarray, height: int, width: int) -> np.ndarray:
    return np.repeat(np.repeat(cells, CELL, axis=0), CELL, axis=1)[:height, :width]
