"""Peak signal-to-noise ratios that weigh DCT coefficients by what the eye sees (PSNR-HVS and PSNR-HVS-M)."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.errors import OptionError
from visq.metrics.psnr import CEILING_DB, WHITE
from visq.ops.arrays import namespace, read_pair
from visq.ops.dct import block_dct
from visq.ops.numeric import mean, safe_divide, safe_sqrt

MIN_SIDE = 8

# Vertical frequency down, horizontal across: the contrast sensitivity at each coefficient ...
SENSITIVITY = (
    (1.608443, 2.339554, 2.573509, 1.608443, 1.072295, 0.643377, 0.504610, 0.421887),
    (2.144591, 2.144591, 1.838221, 1.354478, 0.989811, 0.443708, 0.428918, 0.467911),
    (1.838221, 1.979622, 1.608443, 1.072295, 0.643377, 0.451493, 0.372972, 0.459555),
    (1.838221, 1.513829, 1.169777, 0.887417, 0.504610, 0.295806, 0.321689, 0.415082),
    (1.429727, 1.169777, 0.695543, 0.459555, 0.378457, 0.236102, 0.249855, 0.334222),
    (1.072295, 0.735288, 0.467911, 0.402111, 0.317717, 0.247453, 0.227744, 0.279729),
    (0.525206, 0.402111, 0.329937, 0.295806, 0.249855, 0.212687, 0.214459, 0.254803),
    (0.357432, 0.279729, 0.270896, 0.262603, 0.229778, 0.257351, 0.249855, 0.259950),
)
# ... and how much it masks: (10 / q)^2 of JPEG's luminance quantisation table q, to the program's six decimals.
MASKING = (
    (0.390625, 0.826446, 1.000000, 0.390625, 0.173611, 0.062500, 0.038447, 0.026874),
    (0.694444, 0.694444, 0.510204, 0.277008, 0.147929, 0.029727, 0.027778, 0.033058),
    (0.510204, 0.591716, 0.390625, 0.173611, 0.062500, 0.030779, 0.021004, 0.031888),
    (0.510204, 0.346021, 0.206612, 0.118906, 0.038447, 0.013212, 0.015625, 0.026015),
    (0.308642, 0.206612, 0.073046, 0.031888, 0.021626, 0.008417, 0.009426, 0.016866),
    (0.173611, 0.081633, 0.033058, 0.024414, 0.015242, 0.009246, 0.007831, 0.011815),
    (0.041649, 0.024414, 0.016437, 0.013212, 0.009426, 0.006830, 0.006944, 0.009803),
    (0.019290, 0.011815, 0.011080, 0.010412, 0.007972, 0.010000, 0.009426, 0.010203),
)

# The mean of a block neither masks nor is masked.
MASKS = ((0.0, *MASKING[0][1:]), *MASKING[1:])
MASKED = ((0.0, *(1 / w for w in MASKING[0][1:])), *(tuple(1 / w for w in row) for row in MASKING[1:]))


def psnr_hvs(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    masking: bool = False,
    rounded_luma: bool | None = None,
    ceiling: float | None = CEILING_DB,
) -> Any:
    """PSNR-HVS in decibels, -8.3..100; higher is better, 100 for an identical pair. With masking: PSNR-HVS-M.

    ``10 log10(255^2 / E)``, `E` the mean over all coefficients of the DCT of 8 x 8 blocks of the luma of ``(c d)^2``,
    where `d` is the difference of the two images and `c` the contrast sensitivity at that frequency. Rows and columns
    that fill no block are left out.

    PSNR-HVS-M first takes from every difference but the mean's what the block masks, ``max(0, |d| - m / w)``:
    ``m^2 = V sum(w X^2) / 32^2`` over the coefficients `X` but the mean, `w` a table, `V` the variances of the four
    quarters (divisor ``n - 1``, times their pixels) over that of the block; of the two images the larger `m`.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 8.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    masking : bool
        PSNR-HVS-M instead of PSNR-HVS.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.
    ceiling : float, optional
        Largest value returned; an identical pair gives exactly this. None gives infinity for an identical pair.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 8, values out of range, NaN, a ceiling that is not positive.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    Follows N. Ponomarenko's `psnrhvsm.m`, which says 100000 where this says `ceiling`. The variant of the Daala and
    VMAF projects (other tables, blocks that overlap, weighted chroma) gives other numbers under the same name.

    References
    ----------
    K. Egiazarian, J. Astola, N. Ponomarenko, V. Lukin, F. Battisti, M. Carli: New full-reference quality metrics
    based on HVS. VPQM 2006.
    N. Ponomarenko, F. Silvestri, K. Egiazarian, M. Carli, J. Astola, V. Lukin: On between-coefficient contrast masking
    of DCT basis functions. VPQM 2007. The defaults give the program's numbers.

    Examples
    --------
    >>> import numpy as np
    >>> black, grey = np.zeros((8, 8), np.uint8), np.full((8, 8), 16, np.uint8)
    >>> psnr_hvs(grey, grey), round(psnr_hvs(grey, black), 3), round(psnr_hvs(grey, black, masking=True), 3)
    (100.0, 19.92, 19.92)
    """
    if ceiling is not None and not ceiling > 0:
        raise OptionError("ceiling is not usable", expected="a positive number of decibels or None", got=repr(ceiling))
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    a, b = (batch.luma(255.0, rounded=rounded_luma, keep_uint8=True) for batch in (x, y))
    if x.torch:
        error = plain_error(a, b, masking=masking)
    else:
        from visq.ops import _numba_psnr_hvs

        error = _numba_psnr_hvs.weighted_error(a, b, (SENSITIVITY, MASKS, MASKED), masking, x.dtype)
    return x.result(decibels(error, ceiling, x.xp))


def decibels(error: Any, ceiling: float | None, xp: Any) -> Any:
    """``10 log10(255^2 / error)``, not above `ceiling`, with a gradient that is finite everywhere: 0 at the ceiling."""
    floor, highest = (0.0, np.inf) if ceiling is None else (WHITE**2 * 10 ** (-ceiling / 10), ceiling)
    counted = xp.where(error > floor, error, xp.ones_like(error))
    return xp.where(error > floor, 10.0 * xp.log10(WHITE**2 / counted), xp.full_like(error, highest))


def plain_error(a: Any, b: Any, *, masking: bool) -> Any:
    """`(N,)` weighted errors from the shared operations: the torch engine, and what the fused one equals."""
    x, y = block_dct(a), block_dct(b)
    difference = namespace(a).abs(x - y)
    if masking:
        limit = namespace(a).maximum(_masked(a, x), _masked(b, y))[..., None, None]
        difference = namespace(a).clip(difference - limit * _table(MASKED, a), 0.0, None)
    return mean((difference * _table(SENSITIVITY, a)) ** 2, (-4, -3, -2, -1))


def _table(values: Any, like: Any) -> Any:
    xp = namespace(like)
    return xp.asarray(values, dtype=like.dtype, device=like.device)


def _masked(pixels: Any, coefficients: Any) -> Any:
    xp = namespace(pixels)
    energy = (coefficients**2 * _table(MASKS, pixels)).sum(axis=(-2, -1))
    rows, columns = (int(n) for n in coefficients.shape[-4:-2])
    shape = (*pixels.shape[:-2], rows, 2, 4, columns, 2, 4)
    quarters = xp.reshape(pixels[..., : 8 * rows, : 8 * columns], shape)
    d = quarters - quarters.mean(axis=(-4, -1), keepdims=True)
    inner = (d * d).sum(axis=(-5, -4, -2, -1)) * (16 / 15)
    whole = quarters - quarters.mean(axis=(-5, -4, -2, -1), keepdims=True)
    outer = (whole * whole).sum(axis=(-5, -4, -2, -1)) * (64 / 63)
    return safe_sqrt(energy * safe_divide(inner, outer, 0.0)) / 32
