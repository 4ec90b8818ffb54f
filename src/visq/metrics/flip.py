"""FLIP: the difference a person sees when two images alternate in place."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

import numpy as np

from visq.errors import OptionError
from visq.ops import filters, light
from visq.ops.arrays import Batch, namespace, read_pair
from visq.ops.flip_filters import FlipFilters, flip_filters
from visq.ops.lab import relative_xyz_to_lab
from visq.ops.numeric import mean, safe_power, safe_sqrt

#: Pixels per degree at 0.7 m from a screen 0.7 m wide with 3840 pixels.
PPD = 0.7 * 3840 / 0.7 * math.pi / 180
MIN_PPD = 1e-6
MAX_PPD = 1000.0

# Linear BT.709 light to X, Y, Z divided by those of white (D65): each row sums to 1.
_XYZ = np.array([
    [10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794],
    [2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897],
    [1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382],
])  # fmt: skip
TO_XYZ = _XYZ / _XYZ.sum(axis=1, keepdims=True)
FROM_XYZ = np.linalg.inv(TO_XYZ)

COLOUR_EXPONENT, FEATURE_EXPONENT = 0.7, 0.5
#: Colour errors below this share of the largest take this share of the range.
KNEE, KNEE_VALUE = 0.4, 0.95


def flip(image: Any, reference: Any, *, data_range: float | None = None, ppd: float = PPD, full: bool = False) -> Any:
    """FLIP (LDR), 0..1; 0 for an identical pair, lower is better.

    Both images are brought to an opponent space (Y, Cx, Cz, linear in light) and filtered with the contrast
    sensitivity of the eye. The colour error `c` of a pixel is the HyAB distance ``|dL| + sqrt(da^2 + db^2)`` in Hunt
    adjusted CIELab (``a`` and ``b`` times L / 100), to the power of 0.7 and mapped to 0..1. The feature error `f` is
    the larger of the differences of edges and of points in luminance, ``sqrt(max(|e1 - e2|, |p1 - p2|) / sqrt(2))``.
    The map is ``c^(1 - f)`` and the score its mean.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    ppd : float
        Pixels per degree of visual angle, above 0 and at most 1000. The default, 67.02, is a 4K screen 0.7 m wide seen
        from 0.7 m; at `d` metres from a screen `w` metres wide with `n` pixels it is ``d n / w pi / 180``.
    full : bool
        Also return the map (0 is good), as large as the image.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, values out of range, NaN, a `ppd` that is not usable.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    Computed in double precision whatever the input: the root in `f` would turn rounding errors of 1e-7 into 3e-4.
    Outside the image lie its border pixels, as in the authors' program.

    In torch the gradient is taken as 0 where a root or power has none: at pixels without any difference.

    References
    ----------
    P. Andersson, J. Nilsson, T. Akenine-Moller, M. Oskarsson, K. Astrom, M. D. Fairchild: FLIP: a difference
    evaluator for alternating images. Proc. ACM Computer Graphics and Interactive Techniques 3(2), 2020. The defaults
    give the paper's numbers.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.kron(np.arange(4, dtype=np.uint8), np.full((16, 4), 60, np.uint8))
    >>> flip(steps, steps)
    0.0
    >>> round(flip(steps // 2, steps), 3)
    0.532
    """
    x, y = read_pair(image, reference, data_range=data_range)
    if not isinstance(ppd, Real) or isinstance(ppd, bool) or not MIN_PPD <= ppd <= MAX_PPD:
        raise OptionError("ppd is not usable", expected=f"a number from {MIN_PPD:g} to {MAX_PPD:g}", got=repr(ppd))
    kernels = flip_filters(float(ppd))
    if x.torch:
        values = plain_map(light.linear(x), light.linear(y), kernels)
        score = mean(values).to(x.dtype)
        values = values.to(x.dtype)
    else:
        score, values = _engine(x, y, kernels, full)
    return (x.result(score), x.result(values)) if full else x.result(score)


def _engine(image: Batch, reference: Batch, kernels: FlipFilters, keep: bool) -> tuple[np.ndarray, np.ndarray]:
    from visq.ops import _numba_flip, _numba_light

    height, width = image.size
    count = image.data.shape[0]
    values = np.empty((count, height, width) if keep else (count, 0, 0), image.dtype)
    pairs = zip(_numba_light.sources(image), _numba_light.sources(reference), values, strict=True)
    constants = _numba_flip.Constants(
        TO_XYZ, FROM_XYZ, COLOUR_EXPONENT, *colour_scale(), KNEE_VALUE, kernels, FEATURE_EXPONENT
    )
    scores = np.array([_numba_flip.errors(*pair, constants) for pair in pairs])
    return scores, values


def colour_scale() -> tuple[float, float]:
    """Largest colour error (green against blue, both of full light), and that of the knee, before mapping."""
    lab = _hunt_lab(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])[:, :, None, None])[..., 0, 0]
    step = lab[0] - lab[1]
    largest = float((abs(step[0]) + math.hypot(step[1], step[2])) ** COLOUR_EXPONENT)
    return largest, KNEE * largest


def plain_map(image: Any, reference: Any, kernels: FlipFilters) -> Any:
    """`(N, H, W)` errors of `(N, 3, H, W)` linear light, from the operations in `visq.ops`; NumPy or torch."""
    xp = namespace(image)
    x, y = (_mixed(z, TO_XYZ) for z in (image, reference))
    feature = _feature_error(x[:, 1], y[:, 1], kernels)
    colour = _colour_error(_seen(x, kernels), _seen(y, kernels))
    none = colour <= 0
    error = xp.where(none, xp.ones_like(colour), colour) ** (1.0 - feature)
    return xp.where(none, xp.zeros_like(error), error)


def _mixed(planes: Any, matrix: np.ndarray) -> Any:
    a, b, c = planes[:, 0], planes[:, 1], planes[:, 2]
    return namespace(planes).stack([float(m[0]) * a + float(m[1]) * b + float(m[2]) * c for m in matrix], axis=1)


def _both(x: Any, rows: np.ndarray, columns: np.ndarray) -> Any:
    return filters.separable(x, rows, columns, border="replicate")


def _seen(xyz: Any, kernels: FlipFilters) -> Any:
    """Hunt adjusted CIELab of the image as the eye resolves it."""
    # Y, Cx / 500 and Cz / 200 without the offset: the filters are linear and sum to 1.
    x, y, z = xyz[:, 0], xyz[:, 1], xyz[:, 2]
    smooth = _both(y, kernels.luminance, kernels.luminance)
    red = _both(x - y, kernels.red_green, kernels.red_green)
    blue = sum(_both(y - z, g, g) for g in kernels.blue_yellow)
    filtered = namespace(y).stack([smooth + red, smooth, smooth - blue], axis=1)
    return _hunt_lab(namespace(y).clip(_mixed(filtered, FROM_XYZ), 0.0, 1.0))


def _hunt_lab(linear: Any) -> Any:
    lab = relative_xyz_to_lab(_mixed(linear, TO_XYZ))
    lightness, a, b = lab[:, 0], lab[:, 1], lab[:, 2]
    return namespace(lab).stack([lightness, 0.01 * lightness * a, 0.01 * lightness * b], axis=1)


def _colour_error(x: Any, y: Any) -> Any:
    xp = namespace(x)
    largest, knee = colour_scale()
    step = x - y
    distance = xp.abs(step[:, 0]) + safe_sqrt(step[:, 1] ** 2 + step[:, 2] ** 2)
    power = safe_power(distance, COLOUR_EXPONENT)
    above = KNEE_VALUE + (power - knee) / (largest - knee) * (1.0 - KNEE_VALUE)
    return xp.clip(xp.where(power < knee, KNEE_VALUE / knee * power, above), 0.0, 1.0)


def _feature_error(x: Any, y: Any, kernels: FlipFilters) -> Any:
    xp = namespace(x)
    edge, point = (
        xp.abs(_strength(x, taps, kernels.smooth) - _strength(y, taps, kernels.smooth))
        for taps in (kernels.first, kernels.second)
    )
    return xp.clip(safe_power(xp.maximum(edge, point) / math.sqrt(2.0), FEATURE_EXPONENT), 0.0, 1.0)


def _strength(luminance: Any, taps: np.ndarray, smooth: np.ndarray) -> Any:
    return safe_sqrt(_both(luminance, smooth, taps) ** 2 + _both(luminance, taps, smooth) ** 2)
