"""Mean deviation similarity index."""

from __future__ import annotations

import math
from typing import Any, Literal

from visq.ops import gradients
from visq.ops.arrays import Batch, read_pair
from visq.ops.blocks import block_mean_rows, colour_block_mean, imfilter_offset, viewing_block
from visq.ops.choices import check_choice
from visq.ops.colour import LHM
from visq.ops.numeric import mean, safe_power, safe_sqrt

Combination = Literal["sum", "mult"]

MIN_SIDE = 3

_CONSTANTS = (140.0, 55.0, 550.0)
_ALPHA = 0.6
_GAMMA, _BETA = 0.2, 0.1
_POWER = 0.25


def mdsi(
    image: Any,
    reference: Any,
    *,
    data_range: float | None = None,
    combination: Combination = "sum",
    full: bool = False,
) -> Any:
    """Mean deviation similarity index (MDSI), 0..1; 0 for an identical pair, lower is better.

    Gradient similarity ``GS = s(1, 2; 140) + s(1, f; 55) - s(2, f; 55)`` with ``s(i, j; c) = (2 g_i g_j + c) /
    (g_i^2 + g_j^2 + c)``, where ``g`` is the Prewitt magnitude of the luminance of the distorted image (1), of the
    reference (2) and of their mean (f); colour similarity ``CS`` of the opponent channels H and M with constant
    550; both combined to ``GCS = 0.6 GS + 0.4 CS``, or ``GS^0.2 CS^0.1`` (`mult`). The score is
    ``(mean |z - mean z|)^(1/4)`` of ``z = GCS^(1/4)``.

    A negative similarity gives a complex ``z`` (principal power), as in the authors' MATLAB program, and ``|.|`` is
    its modulus. Images are averaged over blocks of ``f = round(min(H, W) / 256)`` pixels first (halves up).

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`; sides of at least 3.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    combination : {"sum", "mult"}
        How the two similarities are combined; `sum` is the paper's choice.
    full : bool
        Also return the map GCS (real part for `mult`), of the down-sampled size: 1 where the images agree, less
        where they differ; it may exceed 1 (up to 1.6) where one image has an edge that the other lacks.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, values out of range, NaN, an image too small, an unknown option.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    The luminance is ``0.2989 R + 0.5870 G + 0.1140 B``, never rounded, as the authors' program computes it.

    `piq` rounds halves of the block size to even: its scores differ where the shorter side is 640 (blocks of 3 in
    MATLAB and here, of 2 there), 1152, and so on in steps of 512.

    References
    ----------
    H. Ziaei Nafchi, A. Shahkolaei, R. Hedjam, M. Cheriet: Mean deviation similarity index: efficient and reliable
    full-reference image quality evaluator. IEEE Access 4, 2016. The defaults give the paper's numbers.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.kron(np.arange(4, dtype=np.uint8), np.full((16, 4), 60, np.uint8))
    >>> mdsi(steps, steps)
    0.0
    >>> round(mdsi(steps // 2, steps), 4)
    0.3715
    """
    check_choice("combination", combination, ("sum", "mult"))
    x, y = read_pair(image, reference, data_range=data_range, min_side=MIN_SIDE)
    size = viewing_block(x.size)
    streamed = None if x.torch or x.grey or combination != "sum" else _streamed(x, y, size)
    if streamed is not None and not full:
        return x.result(streamed)
    a, b = (colour_block_mean(batch, LHM, size, before=imfilter_offset(size)) for batch in (x, y))
    structure, colour = _deficits(a, b, x.torch)
    combine = _sum if combination == "sum" else _product
    length, angle = combine(x.xp, structure, colour)
    score = _mean_deviation(x.xp, length, angle) if streamed is None else streamed
    return (x.result(score), x.result(length * x.xp.cos(angle))) if full else x.result(score)


def _streamed(x: Batch, y: Batch, size: int) -> Any:
    """The score of NumPy colour pixels, from a few rows at a time."""
    from visq.ops import _numba_mdsi

    a, b = (block_mean_rows(batch, LHM, size, before=imfilter_offset(size)) for batch in (x, y))
    return safe_power(_numba_mdsi.mean_deviation(a, b, _CONSTANTS, _ALPHA), _POWER)


def _deficits(a: Any, b: Any, torch: bool) -> tuple[Any, Any]:
    if torch:
        return plain_deficits(a, b)
    from visq.ops import _numba_mdsi

    return _numba_mdsi.deficits(a, b, _CONSTANTS)


def plain_deficits(a: Any, b: Any) -> tuple[Any, Any]:
    """1 - GS and 1 - CS from the operations in `visq.ops`, for NumPy and torch; 0 where the images are equal."""
    c1, c2, c3 = _CONSTANTS
    g, h, fused = (gradients.magnitude(z) for z in (a[:, 0], b[:, 0], (a[:, 0] + b[:, 0]) / 2))
    structure = _deficit(g, h, c1) + _deficit(g, fused, c2) - _deficit(h, fused, c2)
    difference = ((a[:, 1:] - b[:, 1:]) ** 2).sum(axis=1)
    power = (a[:, 1:] ** 2 + b[:, 1:] ** 2).sum(axis=1)
    return structure, difference / (power + c3)


def _deficit(g: Any, h: Any, constant: float) -> Any:
    return (g - h) ** 2 / (g * g + h * h + constant)


def _sum(xp: Any, structure: Any, colour: Any) -> tuple[Any, Any]:
    """GCS as modulus and angle."""
    combined = 1 - (_ALPHA * structure + (1 - _ALPHA) * colour)
    return xp.abs(combined), math.pi * _negative(xp, combined)


def _product(xp: Any, structure: Any, colour: Any) -> tuple[Any, Any]:
    gs, cs = 1 - structure, 1 - colour
    length = safe_power(xp.abs(gs), _GAMMA) * safe_power(xp.abs(cs), _BETA)
    return length, math.pi * (_GAMMA * _negative(xp, gs) + _BETA * _negative(xp, cs))


def _negative(xp: Any, x: Any) -> Any:
    return xp.astype(x < 0, x.dtype)


def _mean_deviation(xp: Any, length: Any, angle: Any) -> Any:
    root = safe_power(length, _POWER)
    real, imaginary = root * xp.cos(_POWER * angle), root * xp.sin(_POWER * angle)
    real, imaginary = (z - mean(z, keepdims=True) for z in (real, imaginary))
    return safe_power(mean(safe_sqrt(real * real + imaginary * imaginary)), _POWER)
