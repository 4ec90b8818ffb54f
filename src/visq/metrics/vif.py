"""Visual information fidelity in the wavelet domain."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from visq.metrics._moments import picture_planes
from visq.ops.arrays import namespace, read_pair
from visq.ops.colour import Luma
from visq.ops.filters import separable
from visq.ops.precision import wide
from visq.ops.scale_mixture import inverse_and_eigenvalues
from visq.ops.steerable import derivative_band, low_passes

LEVELS = 4
BLOCK = 3
NOISE = 0.4
# Smallest side of which the coarsest level still covers its low-pass filter: 72 -> 36 -> 18 -> 9.
MIN_SIDE = 72
# Sum of squares in a window below which it counts as constant, as in the authors' program.
_EPS = 1e-15


def vif(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = None,
) -> Any:
    """Visual information fidelity (VIF), 0 and up; higher is better, 1 for an identical pair.

    Both images are taken apart by a steerable pyramid; of its bands, the horizontal and the vertical one of four
    levels are used. The reference's blocks of 3 x 3 coefficients are a Gaussian scale mixture ``s u`` with
    ``u ~ N(0, C)``; the image is a gain g times the reference plus noise of variance v, both local. The score is ::

        sum log(1 + g^2 s^2 l_j / (v + 0.4)) / sum log(1 + s^2 l_j / 0.4)

    over all blocks, bands and eigenvalues l_j of C. A contrast-enhanced image may exceed 1. Not symmetric: the
    reference comes second.

    Follows the authors' `vifvec.m`: windows for g and v of 17, 9, 5, 3 coefficients from the finest to the coarsest
    level, blocks whose windows would leave the band left out, a negative gain set to 0 with v the sum (not the mean)
    of squares.
    The stabilising constants of 1e-15 are replaced by exact comparisons: an identical pair gives exactly 1. Where
    the reference has no detail at all the ratio is 0/0: an image equal to it gets 1, any other 0.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 72 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    luma : {"rgb2gray", "bt601"}
        Shares of R, G and B: MATLAB's `rgb2gray`, or 0.299, 0.587, 0.114.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 72, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    References
    ----------
    H. R. Sheikh, A. C. Bovik, "Image information and visual quality", IEEE Trans. Image Processing 15(2), 2006.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    >>> vif(picture, picture), round(vif(picture // 2, picture), 2)
    (1.0, 0.72)
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    (a,), (b,) = (picture_planes(z, "luma", rounded_luma, luma=luma) for z in (x, y))
    if x.torch:
        return x.result(plain(a, b).to(x.dtype))
    return x.result(np.array([_fused(p[None], q[None]) for p, q in zip(a, b, strict=True)]))


def _fused(x: np.ndarray, y: np.ndarray) -> float:
    from visq.ops import _numba_information

    if np.array_equal(x, y):
        return 1.0
    kept, held = 0.0, 0.0
    for level, (p, q) in enumerate(zip(low_passes(x, LEVELS), low_passes(y, LEVELS), strict=True)):
        for orientation in ("horizontal", "vertical"):
            band, target = (derivative_band(z, orientation)[0] for z in (p, q))
            inverse, strengths = inverse_and_eigenvalues(_numba_information.covariance(target)[None])
            part = _numba_information.shared(band, target, inverse[0], strengths[0], _reach(level), NOISE, _EPS)
            kept, held = kept + part[0], held + part[1]
            del band, target
    return kept / held if held > 0.0 else 0.0


def _reach(level: int) -> int:
    """Coefficients on each side of a window's centre; the finest level (0) has the largest windows."""
    return 2 ** (LEVELS - 1 - level)


def _whole_blocks(x: Any) -> Any:
    height, width = (int(n) // BLOCK * BLOCK for n in x.shape[-2:])
    return x[..., :height, :width]


def plain(x: Any, y: Any) -> Any:
    """VIF of `(N, H, W)` planes in 0..255 from the shared filters: the torch engine, and what the fused one equals."""
    xp = namespace(x)
    x, y = wide(x), wide(y)
    equal = xp.all(xp.reshape(x == y, (x.shape[0], -1)), axis=1)
    kept: Any = 0.0
    held: Any = 0.0
    for level, (p, q) in enumerate(zip(low_passes(x, LEVELS), low_passes(y, LEVELS), strict=True)):
        for orientation in ("horizontal", "vertical"):
            one, two = (_whole_blocks(derivative_band(z, orientation)) for z in (p, q))
            part = _information(one, two, _reach(level), xp)
            kept, held = kept + part[0], held + part[1]
    known = held > 0.0
    ratio = kept / xp.where(known, held, xp.ones_like(held))
    same = xp.astype(equal, held.dtype)
    return xp.where(known & ~equal, ratio, same)


def _information(x: Any, y: Any, reach: int, xp: Any) -> tuple[Any, Any]:
    """Information of the image about the reference, and of the reference, in nats; `(N,)` each."""
    height, width = (int(n) for n in y.shape[-2:])
    every = xp.stack([y[:, i : height - 2 + i, j : width - 2 + j] for i in range(BLOCK) for j in range(BLOCK)], axis=1)
    every = xp.reshape(every, (*every.shape[:2], -1))
    every = every - xp.mean(every, axis=-1, keepdims=True)
    covariance = every @ xp.matrix_transpose(every) / int(every.shape[-1])
    inverse, strengths = inverse_and_eigenvalues(covariance)
    # Blocks whose windows would leave the band are left out.
    edge = math.ceil(reach / BLOCK)
    blocks = xp.stack([y[:, i::BLOCK, j::BLOCK] for i in range(BLOCK) for j in range(BLOCK)], axis=1)
    blocks = blocks[:, :, edge:-edge, edge:-edge]
    flat = xp.reshape(blocks, (*blocks.shape[:2], -1))
    signal = xp.sum((inverse @ flat) * flat, axis=1) / BLOCK**2
    signal = xp.clip(signal, 0.0, None)[..., None] * strengths[:, None, :]
    gain, noise = (xp.reshape(z, (z.shape[0], -1))[..., None] for z in _channel(x, y, reach, edge, blocks.shape))
    held = xp.log1p(signal / NOISE)
    kept = xp.log1p(gain**2 * signal / (noise + NOISE))
    return xp.sum(kept, axis=(1, 2)), xp.sum(held, axis=(1, 2))


def _channel(x: Any, y: Any, reach: int, edge: int, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Gain and noise of the image as a distorted reference, in the window around every block."""
    xp = namespace(x)
    side = 2 * reach + 1
    count = side**2
    first = 1 + BLOCK * edge - reach
    sums = separable(xp.stack([x, y, x * x, y * y, x * y]), np.ones(side), np.ones(side), border="valid")
    sums = sums[..., first::BLOCK, first::BLOCK][..., : shape[-2], : shape[-1]]
    sum_x, sum_y, square_x, square_y, product = (sums[i] for i in range(5))
    total_x = xp.clip(square_x - sum_x**2 / count, 0.0, None)
    total_y = xp.clip(square_y - sum_y**2 / count, 0.0, None)
    joint = product - sum_x * sum_y / count
    zero = xp.zeros_like(total_y)
    varied = total_y >= _EPS
    gain = joint / xp.where(varied, total_y, xp.ones_like(total_y))
    usable = varied & (gain >= 0) & (total_x >= _EPS)
    rest = xp.clip(total_x - gain * joint, 0.0, None) / count
    noise = xp.where(usable, rest, xp.where(total_x >= _EPS, total_x, zero))
    return xp.where(usable, gain, zero), noise
