"""CIEDE2000: how different the colours of two images look, pixel by pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops import ciede, light
from visq.ops.arrays import Batch, read_pair
from visq.ops.lab import rgb_to_lab
from visq.ops.numeric import mean


def ciede2000(image: Any, reference: Any, *, data_range: float | None = None, full: bool = False) -> Any:
    """Mean CIEDE2000 colour difference, 0 to about 120; 0 for an identical pair, lower is better.

    The pixels of both images are sRGB, brought to CIELab under D65; the map is their difference by the formula of CIE
    142-2001 with unit weights,
    ``sqrt(dL^2 / SL^2 + dC^2 / SC^2 + dH^2 / SH^2 + RT dC dH / (SC SH))``, and the score its mean. A difference of
    about 1 is just noticeable; black against white is 100.

    Parameters
    ----------
    image, reference : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    full : bool
        Also return the map (0 is good), as large as the image.

    Returns
    -------
    float, (N,) array, or (score, map)

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, values out of range, NaN.
    visq.errors.InputTypeError
        Not two arrays or two tensors, or of a dtype that holds no pixels.

    Notes
    -----
    Computed in double precision whatever the input: the hue of a nearly grey colour needs the digits. White is the
    colour of R = G = B under the matrix used, so grey pixels have no chroma at all; programs with a tabulated white
    (scikit-image) differ by up to some thousandths.

    The formula jumps by a few percent where two hues are opposite, which is its own property. In torch the gradient is
    taken as 0 at equal colours.

    References
    ----------
    G. Sharma, W. Wu, E. N. Dalal: The CIEDE2000 color-difference formula: implementation notes, supplementary test
    data, and mathematical observations. Color Research and Application 30(1), 2005.

    Examples
    --------
    >>> import numpy as np
    >>> steps = np.kron(np.arange(4, dtype=np.uint8), np.full((16, 4), 60, np.uint8))
    >>> ciede2000(steps, steps)
    0.0
    >>> round(ciede2000(np.zeros((8, 8)), np.ones((8, 8))), 6)
    100.0
    """
    x, y = read_pair(image, reference, data_range=data_range)
    if x.torch:
        values = plain_map(light.encoded(x), light.encoded(y))
        score = mean(values).to(x.dtype)
        values = values.to(x.dtype)
    else:
        score, values = _engine(x, y, full)
    return (x.result(score), x.result(values)) if full else x.result(score)


def plain_map(image: Any, reference: Any) -> Any:
    """`(N, H, W)` differences of `(N, 3, H, W)` sRGB in 0..1, from the operations in `visq.ops`; NumPy or torch."""
    return ciede.ciede2000(rgb_to_lab(reference), rgb_to_lab(image))


def _engine(image: Batch, reference: Batch, keep: bool) -> tuple[np.ndarray, np.ndarray]:
    from visq.ops import _numba_ciede, _numba_light

    values = np.empty((image.data.shape[0], *(image.size if keep else (0, 0))), image.dtype)
    pairs = zip(_numba_light.sources(image), _numba_light.sources(reference), values, strict=True)
    return np.array([_numba_ciede.errors(*pair) for pair in pairs]), values
