"""Feature similarity (FSIM and FSIMc): phase congruency, gradients and, for colour, chroma."""

from __future__ import annotations

from typing import Any

from visq.ops.arrays import Batch, read_pair
from visq.ops.blocks import block_mean, colour_block_mean, imfilter_offset, viewing_block
from visq.ops.colour import YIQ
from visq.ops.gradients import magnitude
from visq.ops.phase import phase_congruency
from visq.ops.similarity import real_power, similarity, weighted_mean
from visq.ops.threads import each

MIN_SIDE = 32

T1 = 0.85  # phase congruency
T2 = 160.0  # gradient
T3 = T4 = 200.0  # I and Q
LAMBDA = 0.03


def fsim(
    image: Any, reference: Any, *, data_range: float | None = None, chromatic: bool = False, full: bool = False
) -> Any:
    """Feature similarity index, 0..1; higher is better, 1 for an identical pair.

    With phase congruency ``P`` and gradient magnitude ``G`` (Scharr, in 8-bit levels) of the luma Y of the
    two images, the local similarity is::

        S = (2 P1 P2 + 0.85) / (P1^2 + P2^2 + 0.85) * (2 G1 G2 + 160) / (G1^2 + G2^2 + 160)

    and the score its mean over the image weighted by ``max(P1, P2)``. FSIMc multiplies `S` by the real part of
    ``(S_I S_Q)^0.03``, where ``S_I = (2 I1 I2 + 200) / (I1^2 + I2^2 + 200)`` and `S_Q` likewise compare the chroma
    of YIQ. Both work on images averaged over blocks of ``round(min(height, width) / 256)`` pixels.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; both sides at least 32 pixels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    chromatic : bool
        FSIMc instead of FSIM. On grey images both are the same.
    full : bool
        Also return the map of `S`, at the size after averaging: ``ceil(height / block)`` by
        ``ceil(width / block)``.

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
    The luma is ``0.299 R + 0.587 G + 0.114 B``, not rounded, also for 8-bit input, as the authors' program
    FeatureSIM.m computes it; on the same files this function gives that program's score.

    FSIM sees features, not levels: where neither image has any (both constant) the weights are all zero, the
    program divides 0 by 0, and this function returns the plain mean of `S`.

    A product ``S_I S_Q`` below zero (opposite chroma) has a complex power; as in the program its real part is
    taken, ``|S_I S_Q|^0.03 cos(0.03 pi)``.

    In torch the gradient passes through every step, the median of the noise threshold included, except through
    exact zeros of roots and powers, where it is taken as 0.

    References
    ----------
    L. Zhang, L. Zhang, X. Mou, D. Zhang, "FSIM: a feature similarity index for image quality assessment",
    IEEE Trans. Image Processing 20(8), 2011. To reproduce its tables: FSIMc of the images as the databases hold
    them, no resizing.

    Examples
    --------
    >>> import numpy as np
    >>> reference = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    >>> fsim(reference, reference), fsim(reference // 2, reference) < 0.9
    (1.0, True)
    """
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    block = viewing_block(x.size)
    chromatic = chromatic and not x.grey

    def features(batch: Batch) -> tuple[Any, Any, Any]:
        planes = _planes(batch, block, chromatic)
        return planes, phase_congruency(planes[:, 0]), magnitude(planes[:, 0], "scharr", border="zero")

    (first, p1, g1), (second, p2, g2) = each(features, (x, y), parallel=not x.torch)
    local = similarity(p1, p2, T1) * similarity(g1, g2, T2)
    if chromatic:
        chroma = similarity(first[:, 1], second[:, 1], T3) * similarity(first[:, 2], second[:, 2], T4)
        local = local * real_power(chroma, LAMBDA)
    score = weighted_mean(local, x.xp.maximum(p1, p2))
    return (x.result(score), x.result(local)) if full else x.result(score)


def _planes(batch: Batch, block: int, chromatic: bool) -> Any:
    """`(N, 1 or 3, H', W')` Y, or Y, I, Q, in 8-bit levels, averaged as `conv2(..., 'same')(1:block:end)`."""
    before = imfilter_offset(block)
    if batch.grey:
        return block_mean(batch.planes(255.0), block, before=before)
    planes = colour_block_mean(batch, YIQ, block, before=before)
    return planes if chromatic else planes[:, :1]
