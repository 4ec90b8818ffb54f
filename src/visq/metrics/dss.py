"""DCT sub-band similarity (DSS): local variances of the sub-bands, pooled over the worst places."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from visq.ops import filters
from visq.ops.arrays import Batch, namespace, read_pair
from visq.ops.colour import Luma, luma_weights
from visq.ops.dct import block_dct
from visq.ops.numeric import mean, safe_sqrt
from visq.ops.precision import wide
from visq.ops.similarity import similarity
from visq.ops.threads import each

MIN_SIDE = 32
BLOCK = 8

DC, AC = 1000.0, 300.0
WORST = 0.05
# Share of the mean square below which a variance in float64 is one of rounding errors.
_ROUNDING = 16 * np.finfo(np.float64).eps
_SPREAD = 1.55
_LEAST = 1e-2
_WINDOW, _SIGMA = 3, 1.5


def _weights() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertical and horizontal frequency of the sub-bands that count, the constant one first, and their weights."""
    distance = (np.arange(BLOCK) + 0.5) ** 2
    weight = np.exp(-(distance[:, None] + distance[None, :]) / (2 * _SPREAD**2))
    down, across = np.nonzero(weight >= _LEAST)
    kept = weight[down, across]
    return down, across, kept / kept.sum()


_DOWN, _ACROSS, _WEIGHT = _weights()

# Pixels from which it pays to take the two images at the same time.
_LARGE = 1 << 19


def dss(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    luma: Luma = "rgb2gray",
    rounded_luma: bool | None = None,
    full: bool = False,
) -> Any:
    """DCT sub-band similarity, -1..1; higher is better, 1 for an identical pair.

    The luma is transformed in blocks of 8 x 8 (DCT). For each of the 17 sub-bands of low frequency, with ``s^2`` its
    local variance under a 3 x 3 Gaussian (sigma 1.5, zeros outside), the similarity is the mean of the lowest
    twentieth of::

        (2 s1 s2 + C) / (s1^2 + s2^2 + C)

    with C = 300. For the constant sub-band C is 1000, and the similarity is multiplied by the mean of the lowest
    twentieth of ``(s12 + C) / (s1 s2 + C)``, `s12` being the covariance. The score is the mean over the sub-bands
    ``(u, v)`` with weights ``exp(-((u + 1/2)^2 + (v + 1/2)^2) / (2 1.55^2))``.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 32 pixels. Rows and
        columns beyond the last whole block are not looked at.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    luma : {"rgb2gray", "bt601"}
        Shares of R, G and B: MATLAB's `rgb2gray`, or 0.299, 0.587, 0.114.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.
    full : bool
        Also return the map: one value a block, ``(H // 8, W // 8)``, the weighted mean over the sub-bands of the
        local similarity. The score is not its mean: each sub-band is pooled over its own worst blocks.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 32 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    Variances are small differences of large numbers: they are computed in float64. One that is made of rounding errors
    (below zero, or within 16 units of the last place) counts as 0, and the covariance never exceeds ``s1 s2``. In
    torch the gradient is 0 where a variance is 0.

    References
    ----------
    A. Balanov, A. Schwartz, Y. Moshe, N. Peleg, "Image quality assessment based on DCT subband similarity", ICIP
    2015 (program dss_index.m). To reproduce its tables: 8-bit images, luma by `rgb2gray`.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    >>> dss(reference, reference), dss(reference // 2, reference) < 0.9
    (1.0, True)
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    weights = luma_weights(luma)

    def subbands(batch: Batch) -> Any:
        return _subbands(batch.luma(255.0, weights=weights, rounded=rounded_luma))

    parallel = not x.torch and math.prod(x.size) >= _LARGE
    a, b = each(subbands, (x, y), parallel=parallel)
    return _pooled(x, *_similarities(a, b, parallel=parallel), full=full)


def _pooled(x: Batch, local: Any, structure: Any, *, full: bool) -> Any:
    """The score out of the maps of the sub-bands and of the structure of the first, and the map where it is wanted."""
    worst = [_lowest(local[:, k]) for k in range(len(_WEIGHT))]
    worst[0] = worst[0] * _lowest(structure)
    # As 1 minus what is missing: exactly 1 where nothing is.
    score = 1 - sum(float(w) * (1 - value) for w, value in zip(_WEIGHT, worst, strict=True))
    score = x.xp.astype(score, x.dtype) if x.torch else score
    if not full:
        return x.result(score)
    deficit = sum(float(w) * (1 - local[:, k]) for k, w in enumerate(_WEIGHT) if k)
    whole = 1 - deficit - float(_WEIGHT[0]) * (1 - local[:, 0] * structure)
    return x.result(score), x.result(x.xp.astype(whole, x.dtype))


def _subbands(luma: Any) -> Any:
    """`(N, 17, H // 8, W // 8)` in float64."""
    return wide(_bands_first(block_dct(luma, BLOCK, BLOCK)[..., _DOWN, _ACROSS]))


def _bands_first(x: Any) -> Any:
    """`(N, h, w, K)` as `(N, K, h, w)`."""
    return x.movedim(-1, 1) if hasattr(x, "movedim") else np.moveaxis(x, -1, 1)


def _similarities(a: Any, b: Any, *, parallel: bool) -> tuple[Any, Any]:
    """Of the variances `(N, 17, h, w)`, and of the structure of the constant sub-band `(N, h, w)`."""

    def local_mean(z: Any) -> Any:
        return filters.gaussian(z, _WINDOW, _SIGMA, border="zero")

    def moments(z: Any) -> tuple[Any, Any, Any]:
        average = local_mean(z)
        variance = _variance(local_mean(z * z), average)
        return average, variance, safe_sqrt(variance)

    (mean_a, variance_a, deviation_a), (mean_b, variance_b, deviation_b) = each(moments, (a, b), parallel=parallel)
    constants = [DC] + [AC] * (len(_WEIGHT) - 1)
    local = similarity(deviation_a, deviation_b, _column(constants, a))
    both = safe_sqrt(variance_a[:, 0] * variance_b[:, 0])
    covariance = local_mean(a[:, 0] * b[:, 0]) - mean_a[:, 0] * mean_b[:, 0]
    covariance = covariance.clip(-both, both)
    return local, (covariance + DC) / (both + DC)


def _variance(mean_square: Any, average: Any) -> Any:
    """Of two numbers that agree but for rounding, the difference is 0: its root would be a hundred-thousandth."""
    variance = mean_square - average * average
    return namespace(variance).where(variance > _ROUNDING * mean_square, variance, 0.0 * variance)


def _column(values: list[float], like: Any) -> Any:
    if isinstance(like, np.ndarray):
        return np.array(values, like.dtype)[:, None, None]
    return like.new_tensor(values)[:, None, None]


def _lowest(x: Any) -> Any:
    """Mean of the lowest twentieth of each `(N, h, w)` map, at least one; halves round up, as in MATLAB."""
    flat = x.reshape(len(x), -1)
    count = max(1, math.floor(WORST * flat.shape[1] + 0.5))
    if isinstance(flat, np.ndarray):
        return mean(np.partition(flat, count - 1, axis=1)[:, :count], (-1,))
    return flat.topk(count, dim=1, largest=False).values.mean(dim=1)
