"""The amount of a distortion that gives a stated PSNR on one picture: how TID2008 and TID2013 set most levels."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

_STEPS = 14
# Near enough, in decibels: most of the database's own pictures lie within 0.1 of their targets.
_CLOSE = 0.02
# An untouched picture has no finite PSNR; this far above the target is far enough to aim by.
_FAR = 20.0


def amount_for_psnr(
    run: Callable[[float], np.ndarray], pixels: np.ndarray, psnr: float, search: tuple[float, float]
) -> tuple[float, np.ndarray]:
    """Narrow the range of amounts until the PSNR over all channels is met within 0.02 dB.

    Parameters
    ----------
    run : callable
        The distortion of one amount, with one realisation of what is random.
    pixels : array
        The picture, white at 1.
    psnr : float
        In decibels.
    search : (float, float)
        The mildest and the most severe amount. Between two positive ones ratios are halved, else distances.

    Returns
    -------
    amount : float
        The one tried that comes nearest; an end of the range where the PSNR lies beyond it.
    array
        The distorted picture.

    Examples
    --------
    >>> grey = np.full((8, 8, 1), 0.5)
    >>> amount, _ = amount_for_psnr(lambda a: grey + a, grey, 20.0, (0.0, 0.4))
    >>> round(amount, 3)
    0.1
    """
    mild, severe = search
    ratio = mild > 0 and severe > 0

    def between(t: float) -> float:
        return mild * (severe / mild) ** t if ratio else mild + t * (severe - mild)

    # Only the nearest trial is kept: of a large picture each takes hundreds of megabytes.
    nearest = math.inf, mild, pixels

    def excess(at: float) -> float:
        nonlocal nearest
        amount = between(at)
        out = run(amount)
        miss = min(_psnr(out, pixels) - psnr, _FAR)
        if abs(miss) < nearest[0]:
            nearest = abs(miss), amount, out
        return miss

    low, high = (0.0, excess(0.0)), (1.0, excess(1.0))
    for step in range(_STEPS):
        if nearest[0] < _CLOSE or low[1] <= 0 or high[1] >= 0:
            break
        # PSNR is nearly straight in the logarithm of most amounts; where it is not, or jumps, halving saves the day.
        share = 0.5 if step % 3 == 2 else min(max(low[1] / (low[1] - high[1]), 0.05), 0.95)
        at = low[0] + share * (high[0] - low[0])
        found = excess(at)
        low, high = ((at, found), high) if found > 0 else (low, (at, found))
    _, amount, out = nearest
    return amount, out


def _psnr(out: np.ndarray, pixels: np.ndarray) -> float:
    error = float(np.mean((out - pixels) ** 2))
    return -10.0 * math.log10(error) if error > 0 else math.inf


__all__ = ["amount_for_psnr"]
