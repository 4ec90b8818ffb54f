"""Total variation: how much neighbouring pixels differ."""

from __future__ import annotations

from typing import Any, Literal, get_args

from visq.ops.arrays import Batch, read_one
from visq.ops.choices import check_choice
from visq.ops.numeric import safe_sqrt

Norm = Literal["l2", "l1", "l2_squared"]


def total_variation(image: Any, *, data_range: float | None = None, norm: Norm = "l2") -> Any:
    """Total variation of one image: 0 for a flat one, without bound above; lower is smoother.

    With d the differences between vertical and horizontal neighbours of every channel, white scaled to 1:
    ``l1`` is sum |d|, ``l2_squared`` is sum d^2, ``l2`` is its square root.

    A sum over the picture, not a mean: a larger picture has a larger value, and a grey one a smaller value than the
    same picture as RGB. It measures roughness, not quality: noise raises it, blur lowers it, and a lower value is
    a better picture only where noise is all that is wrong with it. Use it as a regulariser.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16. The value depends on the picture
        relative to white only.
    norm : {"l2", "l1", "l2_squared"}
        As above. ``l2`` takes one root of the whole sum, so it is not the isotropic total variation of Rudin,
        Osher and Fatemi, which takes one root a pixel.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Values out of range, NaN, an unknown norm.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    The defaults and the three norms are those of `piq.total_variation`, which reproduces this value when given
    the picture in 0..1 (piq does not scale: of a picture in 0..255 its value is 255 or 255^2 times larger).

    References
    ----------
    L. Rudin, S. Osher, E. Fatemi, "Nonlinear total variation based noise removal algorithms", Physica D, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> edge = np.array([[0.0, 1.0], [0.0, 1.0]])
    >>> total_variation(edge, norm="l1"), round(total_variation(edge), 4)
    (2.0, 1.4142)
    """
    check_choice("norm", norm, get_args(Norm))
    x = read_one(image, data_range=data_range)
    sums = _sums(x, squared=norm != "l1")
    return x.result(safe_sqrt(sums) if norm == "l2" else sums)


def _sums(x: Batch, *, squared: bool) -> Any:
    if x.torch:
        planes = x.planes(1.0)
        differences = (planes[:, :, :, 1:] - planes[:, :, :, :-1], planes[:, :, 1:] - planes[:, :, :-1])
        total = 0.0
        for d in differences:
            total = total + (d * d if squared else abs(d)).sum(dim=(1, 2, 3))
        return total
    from visq.ops import _numba_variation

    return _numba_variation.difference_sums(x.data, squared) / x.peak ** (2 if squared else 1)
