"""Complex-wavelet structural similarity."""

from __future__ import annotations

import math
from typing import Any

from visq.errors import OptionError
from visq.metrics._moments import picture_planes
from visq.ops.arrays import is_torch, namespace, read_pair
from visq.ops.colour import Luma
from visq.ops.filters import gaussian_window, uniform
from visq.ops.numeric import safe_sqrt
from visq.ops.precision import wide
from visq.ops.steerable import complex_bands

WINDOW = 7
# Mean squared amplitude below which a window holds rounding errors of the transform and no picture: those are near
# 1e-22, and a single grey level in a single pixel is near 1.
_NOTHING = 1e-12


def cw_ssim(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    level: int = 4,
    orientations: int = 8,
    k: float = 0.0,
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = None,
) -> Any:
    """Complex-wavelet structural similarity (CW-SSIM), 0..1; higher is better, 1 for an identical pair.

    With a and b the complex coefficients of the two images in one band of a steerable pyramid, in every window of
    7 x 7 coefficients ::

        (2 |sum a conj(b)| + k) / (sum |a|^2 + sum |b|^2 + k)

    averaged over the band with a Gaussian weight centred on the image (a quarter of the band's height as standard
    deviation), then over the orientations. Small shifts, rotations and changes of light hardly change it: they turn
    the phase of all coefficients of a window alike. Symmetric in its two images.

    Follows the authors' `cwssim_index.m` with ``level=4, or=8, guardb=0, K=0``, which is what published values come
    from. Computed in float64. Where neither image has anything in a window the ratio is 0/0: it counts as 1 if the
    images are identical and as 0 if not.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least ``2^(level + 2)``.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    level : int
        Level of the pyramid that is compared; 1 is the finest.
    orientations : int
        Bands a level, 1 to 16.
    k : float
        Constant that steadies windows with little content, on the scale of squared amplitudes of 0..255 images.
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
        Shapes that differ, a side below ``2^(level + 2)``, values out of range, NaN.
    visq.errors.OptionError
        An option outside its domain.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    References
    ----------
    M. P. Sampat, Z. Wang, S. Gupta, A. C. Bovik, M. K. Markey, "Complex wavelet structural similarity: a new image
    similarity index", IEEE Trans. Image Processing 18(11), 2009.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    >>> cw_ssim(picture, picture), round(cw_ssim(np.roll(picture, 3, 1), picture), 3)
    (1.0, 0.985)
    """
    _check(level, orientations, k)
    x, y = read_pair(image, reference, data_range=data_range, min_side=2 ** (int(level) + 2))
    (a,), (b,) = (picture_planes(z, "luma", rounded_luma, luma=luma) for z in (x, y))
    if x.torch:
        a, b = wide(a), wide(b)
    scores = _score(a, b, int(level), int(orientations), float(k))
    return x.result(scores.to(x.dtype) if x.torch else scores)


def _check(level: int, orientations: int, k: float) -> None:
    if level != level // 1 or not 1 <= level <= 16 or orientations != orientations // 1 or not 1 <= orientations <= 16:
        raise OptionError(
            "level or orientations cannot be used",
            expected="whole numbers from 1 to 16",
            got=f"level={level}, orientations={orientations}",
        )
    if not 0.0 <= k < math.inf:
        raise OptionError("k cannot be used", expected="a finite number >= 0", got=repr(k))


def _score(x: Any, y: Any, level: int, orientations: int, k: float) -> Any:
    xp = namespace(x)
    equal = xp.all(xp.reshape(x == y, (x.shape[0], -1)), axis=1)
    (a,), (b,) = (list(complex_bands(z, (level,), orientations)) for z in (x, y))
    loss = _loss(a, b, equal, k)
    height, width = (int(n) for n in loss.shape[-2:])
    sigma = (height + WINDOW - 1) / 4
    rows, columns = (_like(gaussian_window(n, sigma), loss, xp) for n in (height, width))
    lost = xp.sum(xp.mean(loss, axis=1) * rows[:, None] * columns, axis=(1, 2))
    return xp.clip(1.0 - lost, 0.0, 1.0)


def _loss(a: Any, b: Any, equal: Any, k: float) -> Any:
    """What every window lacks to 1: exactly 0 for equal bands."""
    xp = namespace(a)
    (ar, ai), (br, bi) = ((xp.real(z), xp.imag(z)) for z in (a, b))
    real, imaginary, energy = (
        uniform(z, WINDOW, border="valid")
        for z in (ar * br + ai * bi, ai * br - ar * bi, (ar * ar + ai * ai) + (br * br + bi * bi))
    )
    shared = 2.0 * safe_sqrt(real**2 + imaginary**2)
    known = energy + k > _NOTHING
    loss = xp.clip(energy - shared, 0.0, None) / xp.where(known, energy + k, xp.ones_like(energy))
    nothing = xp.astype(~equal, energy.dtype)[:, None, None, None]
    return xp.where(known, loss, nothing * xp.ones_like(energy))


def _like(values: Any, x: Any, xp: Any) -> Any:
    return xp.asarray(values, dtype=x.dtype, device=x.device) if is_torch(x) else values
