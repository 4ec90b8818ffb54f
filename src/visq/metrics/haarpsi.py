"""Haar wavelet-based perceptual similarity index."""

from __future__ import annotations

import math
from typing import Any

from visq.errors import OptionError
from visq.ops import filters
from visq.ops.arrays import Batch, namespace, read_pair
from visq.ops.blocks import block_mean, block_mean_rows, colour_block_mean
from visq.ops.colour import YIQ, YIQ_4, Matrix
from visq.ops.numeric import safe_divide, total

MIN_SIDE = 16

_CONSTANT = 30.0
_ALPHA = 4.2
_SCALES = 3
_LARGEST = 2**_SCALES
_YIQ = {3: YIQ, 4: YIQ_4}


def haarpsi(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    preprocessing: bool = True,
    digits: int = 3,
) -> Any:
    """Haar wavelet-based perceptual similarity index (HaarPSI), 0..1; 1 for an identical pair, higher is better.

    For horizontal and vertical Haar filters (zeros outside) the similarity of the two finest scales,
    ``(2 a b + 30) / (a^2 + b^2 + 30)`` of the coefficients' magnitudes in 8-bit levels, is averaged and weighted by
    the larger magnitude at the third scale. Colour images add the similarity of the 2 x 2 means of I and Q, weighted
    by the mean of the other two weights. The score is ``(l^-1(sum w l(s) / sum w))^2`` with the logistic function
    ``l(s) = 1 / (1 + exp(-4.2 s))``.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 16. A grey pair has
        no colour term; a grey image against a colour one is repeated to three channels.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    preprocessing : bool
        Average over 2 x 2 pixels and keep every second one first, as the paper does for the usual viewing
        distance.
    digits : {3, 4}
        Of the coefficients of YIQ: the authors' three, or four, as `piq` has them.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, values out of range, NaN, an image too small, another number of digits.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    The luma is the Y of YIQ, ``0.299 R + 0.587 G + 0.114 B``, never rounded, as the authors' program computes it.

    Two black images have no weight anywhere (0/0 in the authors' program); they are identical and score 1. The paper
    has one similarity map for each orientation and none that pools to the score without its weights, so there is
    no `full`.

    References
    ----------
    R. Reisenhofer, S. Bosse, G. Kutyniok, T. Wiegand: A Haar wavelet-based perceptual similarity index for image
    quality assessment. Signal Processing: Image Communication 61, 2018. The defaults give the paper's numbers.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.kron(np.arange(4, dtype=np.uint8), np.full((32, 8), 60, np.uint8))
    >>> haarpsi(steps, steps)
    1.0
    >>> round(haarpsi(steps // 2, steps), 4)
    0.7793
    """
    if digits not in _YIQ:
        raise OptionError("no YIQ of that many digits", expected="3 or 4", got=repr(digits))
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    size, matrix = 2 if preprocessing else 1, _YIQ[digits]
    if x.torch:
        loss, weight = plain_weighted_deficit(*(_planes(batch, size, matrix) for batch in (x, y)))
    else:
        from visq.ops import _numba_haarpsi

        a, b = (block_mean_rows(batch, matrix, size) for batch in (x, y))
        loss, weight = _numba_haarpsi.weighted_deficit(a, b, _CONSTANT, _ALPHA)
    return x.result(_score(x.xp, safe_divide(loss, weight, 0.0)))


def _planes(batch: Batch, size: int, matrix: Matrix) -> Any:
    """`(N, 1, h, w)` grey or `(N, 3, h, w)` YIQ in 0..255."""
    if not batch.grey:
        return colour_block_mean(batch, matrix, size)
    return block_mean(batch.planes(255.0), size)


def _score(xp: Any, deficit: Any) -> Any:
    # The inverse logistic of l(1) - deficit, relative to its value at 0: exactly 1 there, and never above it.
    tail = math.exp(-_ALPHA)
    full = 1 / (1 + tail)
    drop = xp.log1p(-deficit / full) - xp.log1p(deficit / (tail * full))
    return (1 + drop / _ALPHA) ** 2


def plain_weighted_deficit(a: Any, b: Any) -> tuple[Any, Any]:
    """``sum w (l(1) - l(s))`` and ``sum w`` from the operations in `visq.ops`, for NumPy and torch: `(N,)` each."""
    xp = namespace(a)
    coefficients = [[_haar(xp, z[:, 0], across) for across in (False, True)] for z in (a, b)]
    deficits, weights = [], []
    for p, q in zip(*coefficients, strict=True):
        deficits.append((_deficit(p[0], q[0]) + _deficit(p[1], q[1])) / 2)
        weights.append(xp.maximum(p[2], q[2]))
    if a.shape[1] == 3:
        i_and_q = [xp.abs(_mean_2x2(z[:, 1:])) for z in (a, b)]
        deficits.append(_deficit(*i_and_q).sum(axis=1) / 2)
        weights.append((weights[0] + weights[1]) / 2)
    deficit, weight = xp.stack(deficits, axis=1), xp.stack(weights, axis=1)
    tail = math.exp(-_ALPHA)
    growth = xp.expm1(_ALPHA * deficit)
    # l(1) - l(1 - d), with exp(alpha d) - 1 taken out of it: no cancellation where d is small.
    loss = tail / (1 + tail) * growth / (1 + tail + tail * growth)
    return total(weight * loss, (-3, -2, -1)), total(weight, (-3, -2, -1))


def _deficit(p: Any, q: Any) -> Any:
    return (p - q) ** 2 / (p * p + q * q + _CONSTANT)


def _haar(xp: Any, plane: Any, across: bool) -> list[Any]:
    """Magnitudes at three scales of the filter that differs along the rows (`across`) or down the columns."""
    height, width = plane.shape[-2:]
    lead, tail = _LARGEST // 2 - 1, _LARGEST // 2
    padded = filters.pad(plane, lead, tail, lead, tail, border="zero")

    def box(rows: tuple[int, int], columns: tuple[int, int]) -> Any:
        lines = sum(padded[..., lead + k : lead + k + height, :] for k in range(*rows))
        return sum(lines[..., lead + k : lead + k + width] for k in range(*columns))

    out = []
    for scale in range(1, _SCALES + 1):
        half = 2 ** (scale - 1)
        before, after, both = (1 - half, 1), (1, half + 1), (1 - half, half + 1)
        pair = (box(both, after), box(both, before)) if across else (box(after, both), box(before, both))
        out.append(xp.abs(pair[0] - pair[1]) / 2**scale)
    return out


def _mean_2x2(x: Any) -> Any:
    height, width = x.shape[-2:]
    padded = filters.pad(x, 0, 1, 0, 1, border="zero")
    down = padded[..., :height, :] + padded[..., 1:, :]
    return (down[..., :width] + down[..., 1:]) / 4
