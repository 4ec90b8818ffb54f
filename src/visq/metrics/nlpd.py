"""Normalised Laplacian pyramid distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops.arrays import namespace, read_pair
from visq.ops.colour import Luma, luma_weights
from visq.ops.filters import pad
from visq.ops.laplacian import double, halve
from visq.ops.numeric import mean, safe_sqrt

Bands = tuple[tuple[float, ...], ...]

# Of each band: sigma, and the weights of the sizes above, below, left, right and two to the left, as the convolution
# of the authors' program (which turns its kernels round) applies them.
BANDS = (
    (0.0248, 0.1015, 0.1011, 0.1460, 0.1493, 0.0072),
    (0.0185, 0.0837, 0.0757, 0.1846, 0.1986, 0.0),
    (0.0179, 0.0467, 0.0477, 0.2243, 0.2138, 0.0),
    (0.0191, 0.0, 0.0, 0.2616, 0.2503, 0.0),
    (0.0220, 0.0, 0.0, 0.2552, 0.2598, 0.0),
    (0.2782, 0.0, 0.0, 0.0717, 0.2215, 0.0),
)


def nlpd(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = None,
    far: bool = True,
) -> Any:
    """Normalised Laplacian pyramid distance (NLPD), 0 and up; 0 for an identical pair, lower is better.

    The luma in 0..1 is split into five bands and a low-pass rest, ``L_k = x_k - up(x_(k+1))``, ``x_(k+1) =
    down(x_k)``, by Burt and Adelson's filter (0.05, 0.25, 0.4, 0.25, 0.05). Every coefficient is divided by a
    constant and a weighted sum of the sizes of its neighbours, ``y_k = L_k / (s_k + F_k * |L_k|)``, the parameters
    being those that the authors fitted to photographs. The score is the mean over the six bands of the root mean
    squared difference of `y`.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`. From 32 pixels a side on, every band has
        its own pixels; smaller images are taken too.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    luma : {"rgb2gray", "bt601"}
        Shares of R, G and B: MATLAB's `rgb2gray`, or 0.299, 0.587, 0.114.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images. Not rounding lowers the score of nearly equal colour pairs by a third.
    far : bool
        Let the finest band also count the neighbour two to the left, as the authors do. False leaves it out, as `pyiqa`
        does, whose score is then met with ``luma="bt601", rounded_luma=False``.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    Follows the authors' `NLP_dist.m`: luma without a gamma, outside the image symmetric for the halving, replicated
    for the doubling and zero for the division. The formula is symmetric in its two images.

    References
    ----------
    V. Laparra, J. Balle, A. Berardino, E. P. Simoncelli: Perceptual image quality assessment using a normalized
    Laplacian pyramid. Human Vision and Electronic Imaging, 2016. The defaults give the paper's numbers.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.kron(np.arange(4, dtype=np.uint8), np.full((64, 16), 60, np.uint8))
    >>> nlpd(steps, steps), round(nlpd(steps // 2, steps), 4)
    (0.0, 0.5983)
    """
    x, y = read_pair(image, reference, data_range=data_range)
    weights = luma_weights(luma)
    a, b = (batch.luma(1.0, weights=weights, rounded=rounded_luma) for batch in (x, y))
    bands = BANDS if far else tuple((*band[:-1], 0.0) for band in BANDS)
    if x.torch:
        return x.result(plain(a, b, bands))
    return x.result(np.array([_fused(p, q, bands) for p, q in zip(a, b, strict=True)]))


def _fused(x: np.ndarray, y: np.ndarray, bands: Bands) -> float:
    from visq.ops import _numba_nlpd

    total = 0.0
    for band in bands[:-1]:
        low_x, low_y = _numba_nlpd.halve(x), _numba_nlpd.halve(y)
        total += _numba_nlpd.squared_difference(x, y, low_x, low_y, band) ** 0.5
        x, y = low_x, low_y
    total += _numba_nlpd.squared_difference(x, y, None, None, bands[-1]) ** 0.5
    return total / len(bands)


def plain(x: Any, y: Any, bands: Bands = BANDS) -> Any:
    """NLPD of `(N, H, W)` planes in 0..1 from the shared operations: the torch engine, what the fused one equals."""
    total: Any = 0.0
    for k, band in enumerate(bands):
        last = k == len(bands) - 1
        low_x, low_y = (x, y) if last else (halve(x), halve(y))
        p, q = (_normalised(z, None if last else low, band) for z, low in ((x, low_x), (y, low_y)))
        total = total + safe_sqrt(mean((p - q) ** 2))
        x, y = low_x, low_y
    return total / len(bands)


def _normalised(x: Any, low: Any, constants: tuple[float, ...]) -> Any:
    sigma, above, below, left, right, far = constants
    height, width = int(x.shape[-2]), int(x.shape[-1])
    band = x if low is None else x - double(low, height, width)
    size = pad(namespace(x).abs(band), 1, 1, 2, 1, border="zero")
    here, rows = size[..., 1:-1, :], slice(2, width + 2)
    total = left * here[..., 1:-2] + right * here[..., 3:]
    if far:
        total = total + far * here[..., :-3]
    if above or below:
        total = total + above * size[..., :-2, rows] + below * size[..., 2:, rows]
    return band / (sigma + total)
