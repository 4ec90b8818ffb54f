"""Spectral-residual similarity (SR-SIM and SR-SIMc): saliency and gradients and, for colour, chroma."""

from __future__ import annotations

from numbers import Integral
from typing import Any

from visq.errors import OptionError
from visq.ops.arrays import Batch, read_pair
from visq.ops.blocks import colour_block_mean, imfilter_offset, viewing_block
from visq.ops.colour import YIQ_4
from visq.ops.gradients import magnitude
from visq.ops.numeric import safe_power, safe_sqrt
from visq.ops.saliency import spectral_residual
from visq.ops.similarity import similarity, weighted_mean
from visq.ops.threads import each

MIN_SIDE = 32

C1 = 0.40  # saliency
C2 = 225.0  # gradient
T3 = T4 = 200.0  # I and Q
LAMBDA = 0.03


def sr_sim(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    chromatic: bool = False,
    window: int = 10,
    full: bool = False,
) -> Any:
    """Spectral-residual similarity, 0..1; higher is better, 1 for an identical pair.

    With the spectral-residual saliency ``V`` and the gradient magnitude ``G`` (Scharr, in 8-bit levels) of the luma
    of the two images, the local similarity is::

        S = (2 V1 V2 + 0.4) / (V1^2 + V2^2 + 0.4) * sqrt((2 G1 G2 + 225) / (G1^2 + G2^2 + 225))

    and the score its mean over the image weighted by ``max(V1, V2)``. SR-SIMc multiplies `S` by
    ``|S_I S_Q|^0.03``, where ``S_I = (2 I1 I2 + 200) / (I1^2 + I2^2 + 200)`` and `S_Q` likewise compare the chroma of
    YIQ. Both work on images averaged over blocks of ``round(min(height, width) / 256)`` pixels; the saliency is
    computed at a quarter of that size.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 32 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    chromatic : bool
        SR-SIMc instead of SR-SIM. On grey images both are the same.
    window : int
        Side of the Gaussian that smooths the saliency map, at least 1.
    full : bool
        Also return the map of `S`, at the size after averaging: ``ceil(height / block)`` by
        ``ceil(width / block)``.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError, visq.errors.InputTypeError
        Shapes that differ, a side below 32 pixels, values out of range, NaN; no arrays or tensors of pixels.
    visq.errors.OptionError
        A window below 1.

    Notes
    -----
    The luma is ``0.299 R + 0.587 G + 0.114 B``, not rounded, as in the authors' SR_SIM.m; the saliency is computed in
    float64. SR-SIMc was proposed by the authors of `piq`, whose YIQ matrix (four digits) and absolute value, where
    FSIMc takes a real part, are kept. The enlarged saliency may fall below 0 by a little (bicubic): a score beyond 0..1
    is held to it. Where neither image has any saliency (both black) the plain mean of `S` is returned.

    References
    ----------
    L. Zhang, H. Li, "SR-SIM: a fast and high performance IQA index based on spectral residual", ICIP 2012. To
    reproduce its tables: images as the databases hold them, no resizing.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    >>> sr_sim(reference, reference), sr_sim(reference // 2, reference) < 0.95
    (1.0, True)
    """
    if not isinstance(window, Integral) or window < 1:
        raise OptionError("window is not usable", expected="an integer of at least 1", got=repr(window))
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    block = viewing_block(x.size)
    before = imfilter_offset(block)

    def features(batch: Batch) -> tuple[Any, Any]:
        planes = colour_block_mean(batch, YIQ_4, block, before=before)
        return planes, spectral_residual(planes[:, 0], size=int(window))

    (first, v1), (second, v2) = each(features, (x, y), parallel=not x.torch)
    local = _local_similarity(first, second, v1, v2, chromatic=chromatic and not x.grey)
    score = weighted_mean(local, x.xp.maximum(v1, v2)).clip(0.0, 1.0)
    return (x.result(score), x.result(local)) if full else x.result(score)


def _local_similarity(first: Any, second: Any, v1: Any, v2: Any, *, chromatic: bool) -> Any:
    g1, g2 = (magnitude(p[:, 0], "scharr", border="zero") for p in (first, second))
    local = similarity(v1, v2, C1) * safe_sqrt(similarity(g1, g2, C2))
    if chromatic:
        chroma = similarity(first[:, 1], second[:, 1], T3) * similarity(first[:, 2], second[:, 2], T4)
        local = local * safe_power(abs(chroma), LAMBDA)
    return local
