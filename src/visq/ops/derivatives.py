"""Gaussian derivatives of a plane, and what their distributions look like in every block of it."""

from __future__ import annotations

import math

import numpy as np

from visq.errors import OptionError

# Far above the rounding errors of float64, far below what one pixel that is one level off does to a derivative.
_ZERO = 1e-9


def taps(sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """The two factors of a first derivative of a Gaussian, over `ceil(3 sigma)` pixels to either side.

    Returns
    -------
    even, odd : arrays
        ``exp(-t^2 / (2 sigma^2))``, and ``-t`` times it: not scaled to a sum. As correlations, odd along one axis
        and even along the other give a derivative along the first.

    Examples
    --------
    >>> even, odd = taps(0.5)
    >>> even.round(3).tolist(), odd.round(3).tolist()
    ([0.0, 0.135, 1.0, 0.135, 0.0], [0.001, 0.135, -0.0, -0.135, -0.001])
    """
    reach = math.ceil(3 * sigma)
    t = np.arange(-reach, reach + 1.0)
    even = np.exp(-(t**2) / (2 * sigma**2))
    return even, -t * even


def block_statistics(x: np.ndarray, side: int, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Sums for the fits of `visq.ops.statistics`, and Weibull parameters, of every block of a plane.

    Outside the plane lie zeros. A derivative that is nothing but rounding error, as in areas of one level, counts as
    the zero that it is.

    Parameters
    ----------
    x : array
        `(H, W)` float64, H and W multiples of `side`.
    side : int
        Height and width of a block.
    sigma : float
        Of the Gaussian.

    Returns
    -------
    sums : (blocks, 3, 5) array
        The sums of `visq.ops.statistics.sums_of`, of the plane itself and of its derivatives along the rows and
        along the columns; blocks in row order.
    weibull : (blocks, 2) array
        Scale and shape of the Weibull distribution of greatest likelihood for the gradient's magnitude plus 2^-52.
        The shape is infinite where all magnitudes are the same.

    Raises
    ------
    visq.errors.OptionError
        Blocks that do not fill the plane.

    References
    ----------
    J.-M. Geusebroek and A. W. M. Smeulders, "A six-stimulus theory for stochastic texture", IJCV 62, 2005.

    Examples
    --------
    >>> plane = np.random.default_rng(0).normal(size=(64, 96))
    >>> sums, weibull = block_statistics(plane, 32, 1.0)
    >>> sums.shape, weibull.shape, bool(abs(weibull[:, 1].mean() - 2) < 0.2)  # of two Gaussians: Rayleigh
    ((6, 3, 5), (6, 2), True)
    """
    if x.shape[0] % side or x.shape[1] % side:
        raise OptionError("blocks do not fit", expected=f"multiples of {side}", got=str(tuple(x.shape)))
    from visq.ops import _numba_derivatives

    blocks = (x.shape[0] // side) * (x.shape[1] // side)
    sums, weibull = np.empty((blocks, 3, 5)), np.empty((blocks, 2))
    _numba_derivatives.plane_statistics(np.ascontiguousarray(x, np.float64), *taps(sigma), side, _ZERO, sums, weibull)
    return sums, weibull


def weibull_fit(x: np.ndarray) -> tuple[float, float]:
    """Scale and shape of the Weibull distribution of greatest likelihood for positive numbers.

    The shape k solves ``sum x^k log x / sum x^k - 1 / k = mean(log x)``; the scale is ``mean(x^k)^(1/k)``. Where all
    numbers are equal, the shape is infinite.

    Examples
    --------
    >>> scale, shape = weibull_fit(3 * np.random.default_rng(0).weibull(1.5, 100_000))
    >>> round(scale, 1), round(shape, 1)
    (3.0, 1.5)
    """
    from visq.ops import _numba_derivatives

    out = np.empty(2)
    _numba_derivatives.weibull_of_logs(np.log(np.asarray(x, np.float64)).ravel(), out)
    return float(out[0]), float(out[1])
