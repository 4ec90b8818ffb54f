"""From sRGB to CIELab, step by step: linear light, XYZ for D65, L*a*b*. NumPy or torch, with finite gradients.

All functions take and give arrays with three planes on the third axis from the end: `(3, H, W)`, `(N, 3, H, W)`.
The primaries are those of BT.709 (which sRGB uses). White is the XYZ of R = G = B = 1 under this very matrix, so
that a grey pixel has a = b = 0; programs with a tabulated white (scikit-image, MATLAB) give a grey pixel up to
0.005 of a and b.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.errors import InputError
from visq.ops.arrays import is_torch, namespace

RGB_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
WHITE = RGB_TO_XYZ.sum(axis=1)
# Rows that give X/Xn, Y/Yn, Z/Zn at once; each sums to 1.
RGB_TO_RELATIVE_XYZ = RGB_TO_XYZ / WHITE[:, None]

# IEC 61966-2-1: below the knee the curve is a straight line.
SRGB_KNEE, SRGB_SLOPE, SRGB_OFFSET, SRGB_GAMMA = 0.04045, 12.92, 0.055, 2.4
# CIE 15: the cube root is replaced by its tangent below (6/29)^3.
LAB_KNEE = (6 / 29) ** 3
LAB_SLOPE = (29 / 3) ** 3


def srgb_to_linear(rgb: Any) -> Any:
    """Undo the sRGB transfer curve: 0..1 code values to 0..1 linear light."""
    xp = namespace(rgb)
    low = rgb <= SRGB_KNEE
    # The power never sees what the straight line handles: its gradient would be wrong or NaN there.
    base = (xp.where(low, xp.full_like(rgb, SRGB_KNEE), rgb) + SRGB_OFFSET) / (1 + SRGB_OFFSET)
    return xp.where(low, rgb / SRGB_SLOPE, base**SRGB_GAMMA)


def linear_to_xyz(linear: Any, *, relative: bool = False) -> Any:
    """Linear light to CIE XYZ (white at Y = 1); with `relative`, each divided by that of white."""
    matrix = RGB_TO_RELATIVE_XYZ if relative else RGB_TO_XYZ
    red, green, blue = linear[..., 0, :, :], linear[..., 1, :, :], linear[..., 2, :, :]
    planes = [float(m[0]) * red + float(m[1]) * green + float(m[2]) * blue for m in matrix]
    return namespace(linear).stack(planes, axis=-3)


def relative_xyz_to_lab(xyz: Any) -> Any:
    """X/Xn, Y/Yn, Z/Zn to L* (0..100), a*, b*. The cube root is safe: finite value and gradient at 0."""
    xp = namespace(xyz)
    low = xyz <= LAB_KNEE
    root = xp.where(low, xp.full_like(xyz, LAB_KNEE), xyz) ** (1 / 3)
    f = xp.where(low, (LAB_SLOPE * xyz + 16.0) / 116.0, root)
    y, fx, fy, fz = xyz[..., 1, :, :], f[..., 0, :, :], f[..., 1, :, :], f[..., 2, :, :]
    # Straight from Y where it is small: 116 f - 16 would lose the digits of a nearly black pixel.
    lightness = xp.where(low[..., 1, :, :], LAB_SLOPE * y, 116.0 * fy - 16.0)
    return xp.stack([lightness, 500.0 * (fx - fy), 200.0 * (fy - fz)], axis=-3)


def rgb_to_lab(rgb: Any) -> Any:
    """sRGB in 0..1 to CIELab, D65.

    Parameters
    ----------
    rgb : array
        `(..., 3, H, W)`, float.

    Returns
    -------
    array
        Same shape and dtype: L* in 0..100, a* about -86..98, b* about -108..95.

    Raises
    ------
    InputError
        No axis of three planes.

    Examples
    --------
    >>> import numpy as np
    >>> red = np.array([1.0, 0.0, 0.0]).reshape(3, 1, 1)
    >>> rgb_to_lab(red).ravel().round(2).tolist()
    [53.24, 80.09, 67.2]
    """
    if rgb.ndim < 3 or rgb.shape[-3] != 3:
        raise InputError("not three colour planes", expected="(..., 3, H, W)", got=str(tuple(rgb.shape)))
    if is_torch(rgb):
        return relative_xyz_to_lab(linear_to_xyz(srgb_to_linear(rgb), relative=True))
    from visq.ops import _numba_lab

    return _numba_lab.rgb_to_lab(rgb)


__all__ = [
    "LAB_KNEE",
    "LAB_SLOPE",
    "RGB_TO_RELATIVE_XYZ",
    "RGB_TO_XYZ",
    "WHITE",
    "linear_to_xyz",
    "relative_xyz_to_lab",
    "rgb_to_lab",
    "srgb_to_linear",
]
