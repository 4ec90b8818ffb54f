"""Sharpness by derivatives: the variance of the Laplacian and the Tenengrad."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.errors import OptionError
from visq.ops import filters
from visq.ops.arrays import Batch, read_one
from visq.ops.gradients import components
from visq.ops.numeric import mean, total
from visq.ops.precision import wide

# More than any gradient, 1442.5.
LARGEST = 1500.0
# `components` divides the smoothing taps 1 2 1 by their sum.
SOBEL_SCALE = 4.0


def sharpness_laplacian(image: Any, *, data_range: float | None = None, rounded_luma: bool | None = None) -> Any:
    """Variance of the Laplacian of the luma, 0 or more; higher is sharper, which is not always better.

    ``L = up + down + left + right - 4 centre`` in 8-bit levels, reflected at the border; the score is
    ``mean(L^2) - mean(L)^2``, in squared levels.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Values out of range, NaN, a shape that is not an image's.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    To reproduce it with OpenCV: ``cv2.Laplacian(grey, cv2.CV_64F).var()`` of a grey picture. OpenCV's own conversion
    of colour to grey differs from `rgb2gray` by one level in some pixels.

    Noise raises the score more than anything else does, and so do texture and contrast: compare pictures of one
    scene at one size, as in focusing. A threshold found on one camera does not hold for another.

    References
    ----------
    J. L. Pech-Pacheco, G. Cristobal, J. Chamorro-Martinez, J. Fernandez-Valdivia, "Diatom autofocusing in brightfield
    microscopy: a comparative study", ICPR 2000.

    Examples
    --------
    >>> import numpy as np
    >>> dot = np.zeros((5, 5), np.uint8)
    >>> dot[2, 2] = 10
    >>> sharpness_laplacian(dot)  # one of -40 and four of 10 in 25 pixels
    80.0
    """
    x = read_one(image, data_range=data_range)
    luma = x.luma(255.0, rounded=rounded_luma, keep_uint8=True)
    if x.torch:
        curved = _laplacian(luma)
        centred = curved - mean(curved, keepdims=True)
        return x.result(mean(centred * centred))
    from visq.ops import _numba_stencils

    first, second = (_numba_stencils.laplacian_sums(luma) / (x.size[0] * x.size[1])).T
    return x.result(np.maximum(second - first * first, 0.0))


def _laplacian(luma: Any) -> Any:
    p = filters.pad(luma, 1, 1, 1, 1, border="reflect")
    rows, columns = p[..., 1:-1, :], p[..., :, 1:-1]
    return (columns[..., :-2, :] + columns[..., 2:, :]) + (rows[..., :-2] + rows[..., 2:]) - 4.0 * luma


def tenengrad(
    image: Any, *, data_range: float | None = None, threshold: float = 0.0, rounded_luma: bool | None = None
) -> Any:
    """Mean squared Sobel gradient of the luma, 0 or more; higher is sharper, which is not always better.

    ``mean(Gx^2 + Gy^2)`` in squared 8-bit levels, with the masks 1 2 1 across and -1 0 1 along, not divided by
    anything, and the outermost pixels repeated at the border.

    Parameters
    ----------
    image : array
        NumPy `(H, W)`, `(H, W, 3)`, `(N, H, W, 3)` or torch `(N, C, H, W)`.
    data_range : float, optional
        Value of white. None: 1 for floats, 255 and 65535 for uint8 and uint16.
    threshold : float
        Gradients of this magnitude or less, in the units above (up to 1442), count as 0, as in Tenenbaum's and
        Krotkov's programs; the mean is still over all pixels. 0 takes all.
    rounded_luma : bool, optional
        Round luma to 8-bit levels. None: that of colour pixels of 8 or 16 bit, as MATLAB's `rgb2gray` rounds it, and
        not floats or grey images.

    Returns
    -------
    float or (N,) array

    Raises
    ------
    visq.errors.InputError
        Values out of range, NaN, a shape that is not an image's, a negative threshold.
    visq.errors.InputTypeError
        Neither array nor tensor, or of a dtype that holds no pixels.

    Notes
    -----
    The default is `TENG` of Pertuz, Puig and Garcia's collection of focus measures. OpenCV's `Sobel` gives the same
    gradients with ``borderType=cv2.BORDER_REPLICATE``.

    Noise, texture and contrast raise the score as sharpness does: compare pictures of one scene at one size. A
    threshold above the noise helps; in torch the gradient does not see which pixels pass it.

    References
    ----------
    J. M. Tenenbaum, "Accommodation in computer vision", PhD thesis, Stanford, 1970. E. Krotkov, "Focusing", IJCV
    1(3), 1988. S. Pertuz, D. Puig, M. A. Garcia, "Analysis of focus measure operators for shape-from-focus", Pattern
    Recognition 46(5), 2013.

    Examples
    --------
    >>> import numpy as np
    >>> edge = np.zeros((4, 4), np.uint8)
    >>> edge[:, 2:] = 10
    >>> tenengrad(edge)  # two of four columns have a gradient of 40
    800.0
    """
    if not 0 <= threshold < float("inf"):
        raise OptionError("threshold is not usable", expected="0 or a positive finite number", got=repr(threshold))
    threshold = min(float(threshold), LARGEST)
    x = read_one(image, data_range=data_range)
    luma = x.luma(255.0, rounded=rounded_luma, keep_uint8=True)
    pixels = x.size[0] * x.size[1]
    if x.torch:
        return x.result(total(_energy(x, luma, threshold)) / pixels)
    from visq.ops import _numba_stencils

    return x.result(_numba_stencils.sobel_energy(luma, threshold**2) / pixels)


def _energy(x: Batch, luma: Any, threshold: float) -> Any:
    across, down = (SOBEL_SCALE * part for part in components(luma, "sobel", border="replicate"))
    energy = across * across + down * down
    if threshold == 0:
        return energy
    return x.xp.where(wide(energy) > threshold**2, energy, x.xp.zeros_like(energy))
