"""Linear colour transforms of R'G'B' pixels, one code for NumPy and torch.

Each matrix holds the coefficients that the authors' programs use, to their digits: rows are the components of
the result, columns the shares of R, G, B.
"""

from __future__ import annotations

from typing import Any, Literal

from visq.ops.arrays import BT601, RGB2GRAY, namespace
from visq.ops.choices import check_choice

Luma = Literal["rgb2gray", "bt601"]

Matrix = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]

#: NTSC YIQ as FSIM and HaarPSI write it.
YIQ: Matrix = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))

#: NTSC YIQ to four digits.
YIQ_4: Matrix = ((0.299, 0.587, 0.114), (0.5959, -0.2746, -0.3213), (0.2115, -0.5227, 0.3112))

#: Full-range Y'CbCr of BT.601, as JPEG has it: Cb and Cr around 0.
YCBCR: Matrix = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))

#: Gaussian colour model (Geusebroek et al., 2001) as VSI uses it: one luminance and two opponent channels.
LMN: Matrix = ((0.06, 0.63, 0.27), (0.30, 0.04, -0.35), (0.34, -0.60, 0.17))

#: MDSI's: luminance of BT.601 to four digits, opponent channels H and M of the Gaussian colour model.
LHM: Matrix = ((0.2989, 0.5870, 0.1140), (0.30, 0.04, -0.35), (0.34, -0.60, 0.17))


_LUMA = {"rgb2gray": RGB2GRAY, "bt601": BT601}


def luma_weights(luma: str) -> tuple[float, float, float]:
    """Shares of R, G and B in the luma of that name.

    Raises
    ------
    visq.errors.OptionError
        Another name.

    Examples
    --------
    >>> luma_weights("bt601")
    (0.299, 0.587, 0.114)
    """
    check_choice("luma", luma, _LUMA)
    return _LUMA[luma]


def convert(rgb: Any, matrix: Matrix) -> Any:
    """Multiply the channel axis by a matrix.

    Parameters
    ----------
    rgb : array
        `(N, 3, H, W)`, float.
    matrix : 3 x 3 floats
        One row a component of the result.

    Returns
    -------
    array
        `(N, 3, H, W)` in the dtype of `rgb`.

    Examples
    --------
    >>> import numpy as np
    >>> convert(np.eye(3)[:, :, None, None], YIQ)[0].ravel().tolist()  # of pure red
    [0.299, 0.596, 0.211]
    """
    r, g, b = rgb[:, 0], rgb[:, 1], rgb[:, 2]
    return namespace(rgb).stack([row[0] * r + row[1] * g + row[2] * b for row in matrix], axis=1)


def rgb_to_yiq(rgb: Any) -> Any:
    """`(N, 3, H, W)` R'G'B' to Y, I, Q in the same units (I and Q are 0 for grey)."""
    return convert(rgb, YIQ)


def rgb_to_lmn(rgb: Any) -> Any:
    """`(N, 3, H, W)` R'G'B' to L, M, N of VSI in the same units."""
    return convert(rgb, LMN)
