"""Shannon entropy of the histogram of a picture's levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops.arrays import read_one
from visq.ops.levels import eight_bit_luma, histogram


def entropy(image: Any, *, data_range: float | None = None) -> Any:
    """Entropy of the luma's 256 levels in bits, 0..8; higher is more varied, which is not always better.

    ``-sum p log2 p`` over the shares p of the levels that occur: MATLAB's ``entropy(rgb2gray(image))``.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`. The luma is rounded to 8-bit levels
        whatever the input, as MATLAB does.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.

    Returns
    -------
    float or (N,) array
        Without a gradient: levels are counted.

    Raises
    ------
    visq.errors.InputError
        Values out of range, NaN, a shape that is not an image's.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    It knows no place: the pixels in any order score the same. Noise raises it, and so does haze lifted by equalising
    the histogram; a drawing of few colours scores low however good it is. Compare renderings of one scene.

    References
    ----------
    C. E. Shannon, "A mathematical theory of communication", Bell System Technical Journal 27, 1948. R. C. Gonzalez,
    R. E. Woods, S. L. Eddins, "Digital image processing using MATLAB", 2003.

    Examples
    --------
    >>> import numpy as np
    >>> entropy(np.full((8, 8), 7, np.uint8)), entropy(np.arange(256, dtype=np.uint8).reshape(16, 16))
    (0.0, 8.0)
    """
    x = read_one(image, data_range=data_range)
    height, width = x.size
    share = histogram(eight_bit_luma(x)) / (height * width)
    bits = share * np.log2(np.where(share > 0, share, 1.0))
    values = np.clip(0.0 - bits.sum(axis=1), 0.0, 8.0)
    return x.result_of_numpy(values)
