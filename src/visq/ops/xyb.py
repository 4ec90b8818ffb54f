"""XYB, the opponent colour space of JPEG XL: a model of the cones in cube-root response. NumPy or torch."""

from __future__ import annotations

from typing import Any

from visq.ops.arrays import namespace

#: Shares of linear R, G, B (BT.709) that the L, M and S cones absorb; each row sums to 1.
ABSORBANCE = (
    (0.30, 0.622, 0.078),
    (0.23, 0.692, 0.078),
    (0.24342268924547819, 0.20476744424496821, 0.5518098665095536),
)
#: Response of the cones to darkness.
BIAS = 0.0037930732552754493


#: ``14 X + 0.42``, ``Y + 0.01`` and ``B - Y + 0.55`` lie in 0..1 for all colours of sRGB.
X_GAIN, X_SHIFT, Y_SHIFT, B_SHIFT = 14.0, 0.42, 0.01, 0.55


def positive_xyb(linear: Any) -> Any:
    """Linear light `(..., 3, H, W)` to XYB with B less Y and every plane brought into 0..1."""
    xyb = linear_to_xyb(linear)
    x, y, b = (xyb[..., k, :, :] for k in range(3))
    return namespace(linear).stack([X_GAIN * x + X_SHIFT, y + Y_SHIFT, b - y + B_SHIFT], axis=-3)


def linear_to_xyb(linear: Any) -> Any:
    """Linear light to X (red against green), Y (luminance) and B (blue).

    With the cone responses ``f(v) = cbrt(v + bias) - cbrt(bias)``, ``X = (f(L) - f(M)) / 2``,
    ``Y = (f(L) + f(M)) / 2`` and ``B = f(S)``.

    Parameters
    ----------
    linear : array
        `(..., 3, H, W)`, float, not below minus the bias.

    Returns
    -------
    array
        Same shape and dtype; grey has X = 0 and B = Y, white Y = 0.8453.

    Examples
    --------
    >>> import numpy as np
    >>> linear_to_xyb(np.array([1.0, 0.0, 0.0]).reshape(3, 1, 1)).ravel().round(4).tolist()
    [0.0281, 0.4882, 0.4717]
    """
    red, green, blue = linear[..., 0, :, :], linear[..., 1, :, :], linear[..., 2, :, :]
    low = BIAS ** (1 / 3)
    l, m, s = ((a * red + b * green + c * blue + BIAS) ** (1 / 3) - low for a, b, c in ABSORBANCE)  # noqa: E741
    return namespace(linear).stack([0.5 * (l - m), 0.5 * (l + m), s], axis=-3)
