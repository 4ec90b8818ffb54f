"""Information content weighted structural similarity."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.metrics._moments import picture_planes, plain_map
from visq.ops.arrays import is_torch, namespace, read_pair
from visq.ops.binomial_pyramid import bands
from visq.ops.colour import Luma
from visq.ops.filters import gaussian_window, uniform
from visq.ops.numeric import safe_power
from visq.ops.precision import wide
from visq.ops.scale_mixture import inverse_and_eigenvalues

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW, SIGMA = 11, 1.5
C1, C2 = (0.01 * 255.0) ** 2, (0.03 * 255.0) ** 2
NOISE = 0.4
# 161 -> 81 -> 41 -> 21 -> 11 pixels: the window still fits.
MIN_SIDE = 161
# Variance below which a window counts as constant, as in the authors' program.
_EPS = 1e-15


def iw_ssim(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = False,
) -> Any:
    """Information content weighted SSIM (IW-SSIM), 0..1; higher is better, 1 for an identical pair.

    Both images are taken apart into a Laplacian pyramid of five scales. At each, the contrast-structure term of SSIM
    (at the last one, the low-pass image, all of SSIM) is averaged with weights; the score is the product over the
    scales of these means to the powers 0.0448, 0.2856, 0.3001, 0.2363, 0.1333, over their sum. The weight of a
    pixel is the information that image and reference share with what is seen of them through noise of variance
    n = 0.4 ::

        sum over j of log(1 + ((v + (1 + g^2) n) s^2 l_j + n v) / n^2)

    with the image modelled as gain g times the reference plus noise v in 3 x 3 windows, and the reference's 3 x 3
    neighbours together with their parent in the next scale as a Gaussian scale mixture ``s u`` whose covariance has
    the eigenvalues l_j. The last scale is not weighted. Not symmetric: the reference comes second.

    Follows the authors' `iwssim.m`. A negative mean counts as 0. Where a scale has no information at all its mean is
    not weighted. Sides from 161 pixels are taken, where that program asks for 176.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 161 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    luma : {"rgb2gray", "bt601"}
        Weights of R, G and B: MATLAB's rgb2gray, or 0.299, 0.587, 0.114.
    rounded_luma : bool, optional
        Round luma to 8 bit. The recorded MATLAB value for a colour pair comes from luma that is not rounded, so that is
        the default. None rounds that of colour pixels of 8 or 16 bit.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 161, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    References
    ----------
    Z. Wang, Q. Li, "Information content weighting for perceptual image quality assessment", IEEE Trans. Image
    Processing 20(5), 2011.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.random.default_rng(0).integers(0, 256, (192, 192), dtype=np.uint8)
    >>> iw_ssim(picture, picture), round(iw_ssim(picture // 2, picture), 2)
    (1.0, 0.79)
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    (a,), (b,) = (picture_planes(z, "luma", rounded_luma, luma) for z in (x, y))
    if x.torch:
        return x.result(plain(a, b).to(x.dtype))
    return x.result(np.array([_fused(p[None], q[None]) for p, q in zip(a, b, strict=True)]))


def _fused(x: np.ndarray, y: np.ndarray) -> float:
    from visq.ops import _numba_iw_ssim

    taps = gaussian_window(WINDOW, SIGMA)
    pairs = zip(*(((z[0] for z in bands(v, len(WEIGHTS)))) for v in (x, y)), strict=True)
    means = []
    p, q = next(pairs)
    # Two scales are held at a time.
    for scale in range(len(WEIGHTS) - 1):
        after = next(pairs)
        parent = None if scale == len(WEIGHTS) - 2 else (after[1], *_places(q.shape[0]), *_places(q.shape[1]))
        inverse, strengths = inverse_and_eigenvalues(_numba_iw_ssim.second_moments(q, parent)[None])
        loss, weight, mean = _numba_iw_ssim.weighted_loss(p, q, parent, taps, C2, inverse[0], strengths[0], NOISE, _EPS)
        means.append(1.0 - (loss / weight if weight > 0.0 else mean))
        p, q = after
    means.append(np.mean(plain_map(p[None], q[None], taps, C1, C2, luminance=True)))
    return float(_product([np.asarray(m) for m in means], np))


def plain(x: Any, y: Any) -> Any:
    """IW-SSIM of `(N, H, W)` planes in 0..255 from shared parts: the torch engine, and what the fused one equals."""
    xp = namespace(x)
    taps = gaussian_window(WINDOW, SIGMA)
    p, q = (list(bands(wide(z), len(WEIGHTS))) for z in (x, y))
    means = []
    for scale in range(len(WEIGHTS)):
        last = scale == len(WEIGHTS) - 1
        loss = 1.0 - plain_map(p[scale], q[scale], taps, C1, C2, luminance=last)
        mean = xp.mean(loss, axis=(1, 2))
        if not last:
            weight = _weights(p[scale], q[scale], _parent(q, scale), xp)
            total = xp.sum(weight, axis=(1, 2))
            known = total > 0.0
            weighted = xp.sum(weight * loss, axis=(1, 2)) / xp.where(known, total, xp.ones_like(total))
            mean = xp.where(known, weighted, mean)
        means.append(1.0 - mean)
    return _product(means, xp)


def _product(means: list[Any], xp: Any) -> Any:
    result: Any = 1.0
    for mean, weight in zip(means, WEIGHTS, strict=True):
        result = result * safe_power(xp.clip(mean, 0.0, 1.0), weight / sum(WEIGHTS))
    return result


def _parent(pyramid: list[Any], scale: int) -> Any:
    """The next band-pass image, enlarged to the size of this one; None at the coarsest, which has none."""
    if scale + 1 == len(WEIGHTS) - 1:
        return None
    height, width = pyramid[scale].shape[-2:]
    return _enlarge(_enlarge(pyramid[scale + 1], int(height), -2), int(width), -1)


def _places(length: int) -> tuple[np.ndarray, np.ndarray]:
    """For `length` pixels enlarged from half as many: the sample before each and the share of the one after.

    As the authors' `imenlarge2.m`: n samples are enlarged bilinearly to ``4 n - 3``, the ends are extended by one
    sample, and every second one is kept.
    """
    n = -(-length // 2)
    position = (2 * np.arange(2 * n) - 0.5) * n / (4 * n - 3) - 0.5
    position[0], position[-1] = 0, n - 1
    position = np.clip(position, 0, n - 1)[:length]
    low = np.minimum(position.astype(np.int64), n - 2)
    return low, position - low


def _enlarge(x: Any, length: int, axis: int) -> Any:
    """Twice as long along one axis, cut to `length`."""
    low, share = _places(length)
    share = share[:, None] if axis == -2 else share
    xp = namespace(x)
    if is_torch(x):
        low, share = xp.asarray(low, device=x.device), xp.asarray(share, dtype=x.dtype, device=x.device)
    first, second = xp.take(x, low, axis=axis), xp.take(x, low + 1, axis=axis)
    return first + share * (second - first)


def _weights(x: Any, y: Any, parent: Any, xp: Any) -> Any:
    """Information of every position where the window of SSIM fits, `(N, H - 10, W - 10)`, in nats."""
    height, width = (int(n) for n in y.shape[-2:])
    members = [y[:, i : height - 2 + i, j : width - 2 + j] for i in range(3) for j in range(3)]
    if parent is not None:
        members.append(parent[:, 1:-1, 1:-1])
    every = xp.stack(members, axis=1)
    flat = xp.reshape(every, (*every.shape[:2], -1))
    inverse, strengths = inverse_and_eigenvalues(flat @ xp.matrix_transpose(flat) / int(flat.shape[-1]))
    signal = xp.reshape(xp.sum((inverse @ flat) * flat, axis=1) / len(members), every[:, 0].shape)
    mean_x, mean_y, square_x, square_y, product = (uniform(z, 3, border="valid") for z in (x, y, x * x, y * y, x * y))
    edge = WINDOW // 2 - 1
    signal, mean_x, mean_y, square_x, square_y, product = (
        z[:, edge:-edge, edge:-edge] for z in (signal, mean_x, mean_y, square_x, square_y, product)
    )
    variance_x, variance_y = square_x - mean_x**2, square_y - mean_y**2
    joint = product - mean_x * mean_y
    varied = variance_x >= _EPS
    usable = varied & (variance_y >= _EPS)
    gain = xp.where(usable, joint, xp.zeros_like(joint)) / xp.where(usable, variance_y, xp.ones_like(joint))
    noise = xp.where(varied, xp.clip(variance_x - gain * joint, 0.0, None), xp.zeros_like(joint))
    seen = xp.clip(signal, 0.0, None) * (noise + (1.0 + gain**2) * NOISE) / NOISE**2
    total: Any = 0.0
    for j in range(int(strengths.shape[-1])):
        total = total + xp.log1p(seen * strengths[:, j, None, None] + noise / NOISE)
    return total
