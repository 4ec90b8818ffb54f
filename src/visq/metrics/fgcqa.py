"""Quality of finely graded compression (FGCQA): gradients where compression shows, and texture."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from visq.errors import OptionError
from visq.ops import filters
from visq.ops.arrays import Batch, namespace, read_pair
from visq.ops.colour import Matrix
from visq.ops.gradients import magnitude
from visq.ops.numeric import mean, safe_divide, safe_sqrt, total
from visq.ops.precision import wide
from visq.ops.texture import FGCQA_BANK, deficit_of_planes

MIN_SIDE = 64

#: Y, Cb and Cr of the authors' program, without the 128 of the latter two: no filter answers to a constant.
YCBCR: Matrix = ((0.299, 0.587, 0.114), (-0.172, -0.339, 0.511), (0.511, -0.428, -0.083))
GRADIENT_CONSTANT = 170.0
FLOOR = 1e-6
MAX_ALPHA = 3.0  # beyond it the score of an identical pair leaves single precision
_BEST_TEXTURE = FGCQA_BANK.orientations * math.sqrt(1.5)


class FgcqaFeatures(NamedTuple):
    """The four features, `(N,)` arrays or tensors each, and which pairs are identical to the metric.

    Attributes
    ----------
    gradient_mean, gradient_deviation : array
        Of the gradient similarity of the luma over the region sensitive to artefacts; 1 and 0 are best.
    texture_mean, texture_deviation : array
        Of the texture similarity of Y, Cb and Cr; ``sqrt(24)`` and 0 are best.
    identical : array of bool
        Both deviations below 1e-6.
    """

    gradient_mean: Any
    gradient_deviation: Any
    texture_mean: Any
    texture_deviation: Any
    identical: Any


def fgcqa(
    image: Any, reference: Any, *, data_range: float | None = None, alpha: float = 0.5, strict: bool = False
) -> Any:
    """Quality of finely graded compression, above 0; higher is better, 2213363.75 for an identical pair.

    With ``f1, f2`` mean and deviation of the gradient similarity and ``f3, f4`` those of the texture similarity (see
    `fgcqa_features`), the score is ``(f1 f3 / (f2 f4))^alpha``.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 64 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16. The constants assume 8-bit levels,
        to which everything is scaled.
    alpha : float
        Above 0, at most 3. The ranks do not depend on it.
    strict : bool
        Infinity for an identical pair, as the formula has it.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, a side below 64 pixels, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.
    visq.errors.OptionError
        An `alpha` outside its range.

    Notes
    -----
    Meant for compression only: blur and changes of contrast are not its target, and a pair that differs in level
    alone scores high. The score saturates nowhere: JPEG of quality 5 gives about 10, of quality 95 about 1000.

    ``f2`` and ``f4`` below 1e-6 count as 1e-6. This bounds the score by ``(sqrt(24) 1e12)^alpha``, here rounded to
    single precision so that both precisions return the same number.

    In torch the region and both floors have no gradient.

    References
    ----------
    Z. Zhang et al., "Perceptual quality assessment for fine-grained compressed images", J. Visual Communication and
    Image Representation 90, 2023, 103696. Written from the description of the authors' program, against whose
    numbers it has not been run.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    >>> fgcqa(reference, reference), fgcqa(reference, reference, strict=True)
    (2213363.75, inf)
    >>> fgcqa(reference // 64 * 64, reference) < fgcqa(reference // 16 * 16, reference)
    True
    """
    if not 0 < alpha <= MAX_ALPHA:
        raise OptionError("alpha is not usable", expected=f"above 0, at most {MAX_ALPHA:g}", got=repr(alpha))
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    f = _features(x, y)
    best = float(np.float32((_BEST_TEXTURE / FLOOR**2) ** alpha))
    deviations = f.gradient_deviation.clip(FLOOR) * f.texture_deviation.clip(FLOOR)
    score = ((f.gradient_mean * f.texture_mean / deviations) ** alpha).clip(0.0, best)
    xp = x.xp
    score = xp.where(f.identical, xp.full_like(score, math.inf if strict else best), score)
    return x.result(xp.astype(score, x.dtype) if x.torch else score)


def fgcqa_features(image: Any, reference: Any, *, data_range: float | None = None) -> FgcqaFeatures:
    """The four features of `fgcqa`.

    Gradient: the luma is averaged over 2 x 2 pixels (every position, zeros beyond the last row and column), ``G`` is
    the magnitude of its Sobel gradient (a quarter of the usual kernel, zeros outside), and the similarity is ``S =
    (2 G1 G2 + 170) / (G1^2 + G2^2 + 170)`` with 1 the reference and 2 the image. Its mean and deviation (divisor n -
    1) are taken where either gradient is above its own mean, or where ``|G2 - G1| > |mean(G2 - G1)|`` both are
    low; everywhere if there is no such place.

    Texture: of Y, Cb and Cr each, ``T = sum_s w_s sum_o (2 p q + 1) / (p^2 + q^2 + 1)`` over the amplitudes of
    log-Gabor filters, wavelengths 6, 12, 24, 48, 96 with weights in proportion to 0.5, 0.75, 1, 5, 6, four
    orientations. Mean and deviation are those of ``sqrt(T_Y^2 + T_Cb^2 / 4 + T_Cr^2 / 4)``. An odd last row or column
    is left out of the texture, since the bank would let the constant part through.

    Parameters
    ----------
    image, reference, data_range
        As `fgcqa`.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    >>> f = fgcqa_features(reference, reference)
    >>> [float(v[0]) for v in f[:4]], bool(f.identical[0])
    ([1.0, 0.0, 4.898979485566356, 0.0], True)
    """
    return _features(*read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE))


def _features(image: Batch, reference: Batch) -> FgcqaFeatures:
    f1, f2 = _gradient_features(_component(reference, 0), _component(image, 0))
    f3, f4 = _texture_features(image, reference)
    return FgcqaFeatures(f1, f2, f3, f4, (f2 < FLOOR) & (f4 < FLOOR))


def _component(batch: Batch, row: int) -> Any:
    """`(N, H, W)` Y, Cb or Cr: one at a time, all three of both images would take the most memory."""
    if batch.grey:
        return batch.planes(255.0)[:, 0]
    weights = YCBCR[row]
    if batch.torch:
        rgb = batch.planes(255.0)
        return weights[0] * rgb[:, 0] + weights[1] * rgb[:, 1] + weights[2] * rgb[:, 2]
    return batch.luma(255.0, weights=weights, rounded=False)


def _gradient_features(first: Any, second: Any) -> tuple[Any, Any]:
    g1, g2 = (magnitude(_box(x), "sobel", border="zero") for x in (first, second))
    deficit = (g1 - g2) ** 2 / (g1 * g1 + g2 * g2 + GRADIENT_CONSTANT)
    mean1, mean2 = mean(g1, keepdims=True), mean(g2, keepdims=True)
    low = (abs(g2 - g1) > abs(mean2 - mean1)) & (g1 < mean1)
    region = (g1 > mean1) | (g2 > mean2) | low
    empty = ~region.any(-1).any(-1)[:, None, None]
    xp = namespace(deficit)
    return _mean_and_deviation(deficit, xp.astype(region | empty, deficit.dtype), 1.0)


def _box(x: Any) -> Any:
    taps = np.array([0.5, 0.5])
    return filters.separable(filters.pad(x, 0, 1, 0, 1, border="zero"), taps, taps, border="valid")


def _texture_features(image: Batch, reference: Batch) -> tuple[Any, Any]:
    height, width = (n - n % 2 for n in image.size)
    best = float(FGCQA_BANK.orientations)
    square: Any = 0.5 * best**2 if image.grey else 0.0
    for row, share in enumerate((1.0,) if image.grey else (1.0, 0.25, 0.25)):
        pair = (_component(batch, row)[:, :height, :width] for batch in (reference, image))
        square = square + share * (best - deficit_of_planes(pair)) ** 2
    return _mean_and_deviation(_BEST_TEXTURE - safe_sqrt(square), image.xp.ones_like(square), _BEST_TEXTURE)


def _mean_and_deviation(deficit: Any, region: Any, best: float) -> tuple[Any, Any]:
    """Of ``best - deficit`` over the region: exactly `best` and 0 where nothing lacks."""
    count = total(region)
    average = total(deficit * region) / count
    apart = (deficit - average[:, None, None]) * region
    deviation = safe_sqrt(safe_divide(total(apart * apart), (count - 1).clip(0), 0.0))
    return wide(best - average), wide(deviation)
