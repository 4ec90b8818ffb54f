"""Colourfulness of a photograph, after Hasler and Suesstrunk."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from visq.ops.arrays import Batch, read_one
from visq.ops.choices import check_choice
from visq.ops.lab import rgb_to_lab
from visq.ops.numeric import mean, safe_sqrt

Variant = Literal["m1", "m2", "m3"]

CENTRE_WEIGHT, CHROMA_WEIGHT, OPPONENT_WEIGHT = 0.37, 0.94, 0.3


def colourfulness(image: Any, *, data_range: float | None = None, variant: Variant = "m3") -> Any:
    """Colourfulness, 0 for a grey picture, above 100 for a garish one; higher is more colourful, not always better.

    ``m3``: ``sigma + 0.3 mu`` of the opponent signals ``R - G`` and ``(R + G) / 2 - B`` in 0..255: sigma is the root
    of the sum of their variances, mu the distance of their means from grey. ``m1``: ``sigma + 0.37 mu`` of a* and b*
    of CIELab. ``m2``: ``sigma + 0.94`` times the mean chroma in CIELab.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`, sRGB.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    variant : {"m1", "m2", "m3"}
        ``m3`` is the one the authors propose for speed. They were scaled to the same ratings, and do not compare
        beyond that.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Values out of range, NaN, an unknown variant.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    The authors' scale for `m3`: 0 not, 15 slightly, 33 moderately, 45 averagely, 59 quite, 82 highly, 109 extremely
    colourful. A colour cast counts as colour, and so does colour noise.

    References
    ----------
    D. Hasler, S. Suesstrunk, "Measuring colourfulness in natural images", SPIE 5007, Human Vision and Electronic
    Imaging VIII, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> colourfulness(np.full((4, 4), 90, np.uint8)), colourfulness(np.full((4, 4, 3), (200, 100, 150), np.uint8))
    (0.0, 30.0)
    """
    check_choice("variant", variant, get_args(Variant))
    x = read_one(image, data_range=data_range)
    if x.torch:
        return x.result(_plainly(x, variant))
    return x.result(np.array([_fused(x, n, variant) for n in range(x.data.shape[0])]))


def _plainly(x: Batch, variant: str) -> Any:
    xp = x.xp
    if variant == "m3":
        red, green, blue = (x.rgb(255.0)[:, k] for k in range(3))
        a, b = red - green, 0.5 * (red + green) - blue
    else:
        lab = rgb_to_lab(x.rgb(1.0))
        a, b = lab[:, 1], lab[:, 2]
    variance = 0.0
    for signal in (a, b):
        # From the first pixel, so that a flat picture has a variance of exactly 0.
        offset = signal - signal[:, :1, :1]
        departure = offset - mean(offset, keepdims=True)
        variance = variance + mean(departure * departure)
    sigma = safe_sqrt(variance)
    if variant == "m2":
        return sigma + CHROMA_WEIGHT * mean(safe_sqrt(a * a + b * b))
    centre = safe_sqrt(mean(a) ** 2 + mean(b) ** 2)
    return xp.astype(sigma + (OPPONENT_WEIGHT if variant == "m3" else CENTRE_WEIGHT) * centre, x.dtype)


def _fused(x: Batch, n: int, variant: str) -> float:
    from visq.ops import _numba_tone

    means, variances, chroma = _numba_tone.moments(_numba_tone.planes(x, n), x.peak, variant != "m3")
    sigma = float(np.sqrt(variances.sum()))
    if variant == "m2":
        return sigma + CHROMA_WEIGHT * chroma
    return sigma + (OPPONENT_WEIGHT if variant == "m3" else CENTRE_WEIGHT) * float(np.hypot(*means))
