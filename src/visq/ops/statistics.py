"""Natural-scene statistics: locally normalised luma, and generalised Gaussians fitted to it by matching moments.

One core for every metric that looks at an image this way. `coefficients` gives the normalised map,
`block_sums` gives - without ever storing that map - what the fits need to know of it and of its products with its
four neighbours, and `ggd_fit` / `aggd_fit` turn those sums into shape and spread.

Flat areas
----------
Where a whole window has one grey level (or rises evenly through it), the numerator is zero in exact arithmetic, and in
floating point it is the rounding error of the filter: a number near 1e-14 whose sign depends on the grey level and on
the order in which the filter adds. The authors' fits count positive and negative coefficients, so that these signs can
move their scores by 5 % (NIQE) and 10 % (BRISQUE) on a picture of which a third is flat. `flat="authors"` repeats them
from a table of one sign a level; `flat="zero"` takes the coefficient as the zero that it is.

The table was found from scores that the authors' programs gave. In two pictures with flat areas of two and of six
levels, one single combination of signs gives NIQE to 12 digits, and the same one gives BRISQUE to all printed
digits. The other levels come from the filter with fused multiply-add, columns before rows, and window factors
within two units in the last place of the singular vectors, that gives these signs and comes nearest to two more
pictures: there 0.0021 of 8.6 and 0.0009 of 15.8 remain, because rises are not the same as flat areas to a filter.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, Literal, get_args

import numpy as np

from visq.errors import OptionError
from visq.ops.arrays import is_torch
from visq.ops.borders import Border
from visq.ops.filters import gaussian_window

Flat = Literal["authors", "zero"]
FLAT: tuple[str, ...] = get_args(Flat)

WINDOW = 7
SIGMA = 7 / 6

#: Sign of the coefficient in a flat window, for grey levels 0 to 255, as MATLAB's filters left it.
FLAT_SIGNS = (
    "000-0---00-0---00000-000-0---00-0-0-0-00--0-0000-00--0-0--0000-+"
    "00--0+-00+--0000---000--0-000000--0000-0-00--00+-0--000-000--0+-"
    "0-0+-0-000+0--0000+--0-00+0-0-00-0-0--0-0+0--0-00--0000+0-0-0000"
    "-0-0000+0-00-00--00-00---0000-+--000-0--0-000+--0-000--0-00-+---"
)
# Small enough to weigh nothing in a sum of squares, large enough that the product of two is still a number.
_RESIDUE = 1e-15
# Far above the rounding errors of float64, far below what one pixel that is one level off does to a mean.
_ZERO = 1e-9


def _flat_rule(flat: str) -> np.ndarray:
    if flat not in FLAT:
        raise OptionError("unknown rule for flat areas", expected=" or ".join(map(repr, FLAT)), got=repr(flat))
    signs = np.zeros(256)
    if flat == "authors":
        signs = np.array([{"-": -1.0, "0": 0.0, "+": 1.0}[s] for s in FLAT_SIGNS])
    return np.concatenate([[_RESIDUE, _ZERO], signs])


def coefficients(
    x: Any,
    *,
    border: Border = "replicate",
    size: int = WINDOW,
    sigma: float = SIGMA,
    constant: float = 1.0,
    flat: Flat = "authors",
) -> tuple[Any, Any]:
    """Mean-subtracted, contrast-normalised (MSCN) coefficients: ``(x - mean) / (deviation + constant)``.

    Mean and deviation are taken under a Gaussian window: ``deviation = sqrt(|E[x^2] - mean^2|)``.

    Parameters
    ----------
    x : array
        `(..., H, W)` luma in 0..255, NumPy or torch.
    border : str
        `replicate` as NIQE's program has it, `zero` as BRISQUE's.
    size, sigma : int, float
        Window.
    constant : float
        Keeps flat areas finite.
    flat : {"authors", "zero"}
        What a window of one grey level gives; see the head of this module.

    Returns
    -------
    coefficients, deviation : array
        Float64, same shape; without gradients.

    References
    ----------
    D. L. Ruderman, "The statistics of natural images", Network 5(4), 1994; A. Mittal, A. K. Moorthy and
    A. C. Bovik, "No-reference image quality assessment in the spatial domain", IEEE TIP 21(12), 2012.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(32.0), (32, 1))
    >>> y, deviation = coefficients(ramp)
    >>> y.shape, float(abs(y[16, 16])), round(float(deviation[16, 16]), 3)
    ((32, 32), 0.0, 1.154)
    """
    rule = _flat_rule(flat)
    taps = gaussian_window(size, sigma)
    if is_torch(x):
        from visq.ops import _torch_statistics

        return _torch_statistics.coefficients(x, taps, border, constant, rule)
    from visq.ops import _numba_statistics

    planes = np.ascontiguousarray(x).reshape(-1, *x.shape[-2:])
    pairs = [_numba_statistics.coefficients(plane, taps, border, constant, rule) for plane in planes]
    y, deviation = (np.stack(part).reshape(x.shape) for part in zip(*pairs, strict=True))
    return y, deviation


def block_sums(
    x: Any,
    height: int,
    width: int,
    *,
    border: Border = "replicate",
    size: int = WINDOW,
    sigma: float = SIGMA,
    constant: float = 1.0,
    flat: Flat = "authors",
) -> tuple[np.ndarray, np.ndarray]:
    """Sums over the coefficients y of every block, and over the products of y with four of its neighbours.

    The maps are y itself, then its product with the neighbour to the left, above, above left and above right.
    Neighbours are taken inside the block, which is closed to a torus as MATLAB's `circshift` closes it.

    Parameters
    ----------
    x : array
        `(H, W)` luma in 0..255; H and W multiples of `height` and `width`.
    height, width : int
        Size of a block.
    border, size, sigma, constant, flat
        As `coefficients`.

    Returns
    -------
    sums : (H / height, W / width, 5, 5) array
        Per block and map: number of values below zero, number above zero, sum of absolute values, sum of squares
        of the values below zero, of those above zero. NumPy float64 for tensors too: it is small.
    deviation : (H / height, W / width) array
        Mean local deviation, the sharpness of the block.

    Examples
    --------
    >>> import numpy as np
    >>> sums, deviation = block_sums(np.random.default_rng(0).uniform(0, 255, (64, 96)), 32, 32)
    >>> sums.shape, deviation.shape
    ((2, 3, 5, 5), (2, 3))
    """
    rule = _flat_rule(flat)
    taps = gaussian_window(size, sigma)
    if x.shape[-2] % height or x.shape[-1] % width:
        raise OptionError("blocks do not fit", expected=f"multiples of {height}x{width}", got=str(tuple(x.shape)))
    if is_torch(x):
        from visq.ops import _torch_statistics

        return _torch_statistics.block_sums(x, height, width, taps, border, constant, rule)
    from visq.ops import _numba_statistics

    return _numba_statistics.block_sums(np.ascontiguousarray(x), height, width, taps, border, constant, rule)


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    shape = np.arange(200, 10001) / 1000.0
    first, second, third = (np.array([math.gamma(k / g) for g in shape]) for k in (1, 2, 3))
    return shape, second**2 / (first * third), np.sqrt(first / third), second / first


def _nearest(table: np.ndarray, value: np.ndarray) -> np.ndarray:
    # Index of the nearest entry of an ascending table; the first of two as near as each other; 0 for NaN.
    right = np.clip(np.searchsorted(table, np.where(np.isnan(value), -np.inf, value)), 1, len(table) - 1)
    lower = np.abs(value - table[right - 1]) <= np.abs(table[right] - value)
    return np.where(np.isnan(value), 0, np.where(lower, right - 1, right))


def ggd_fit(sums: np.ndarray, count: float) -> tuple[np.ndarray, np.ndarray]:
    """Generalised Gaussian of mean zero from the sums of `block_sums`.

    The shape is the entry g of 0.2, 0.201, ..., 10 whose
    ``Gamma(1/g) Gamma(3/g) / Gamma(2/g)^2`` is nearest to ``E[y^2] / E[|y|]^2``.

    Parameters
    ----------
    sums : (..., 5) array
        As `block_sums` gives them for one map.
    count : float
        Number of values, zeros included.

    Returns
    -------
    shape, deviation : (...) arrays
        Shape, and standard deviation. Where all values are zero: 0.2 and 0.

    Examples
    --------
    >>> import numpy as np
    >>> y = np.random.default_rng(0).normal(size=100_000)
    >>> shape, deviation = ggd_fit(sums_of(y), y.size)
    >>> bool(abs(shape - 2) < 0.03), bool(abs(deviation - 1) < 0.01)
    (True, True)
    """
    shape, ratio, _, _ = _tables()
    energy = (sums[..., 3] + sums[..., 4]) / count
    with np.errstate(divide="ignore", invalid="ignore"):
        wanted = energy / (sums[..., 2] / count) ** 2
    return shape[_nearest(-1.0 / ratio, -wanted)], np.sqrt(energy)


def aggd_fit(sums: np.ndarray, count: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Asymmetric generalised Gaussian from the sums of `block_sums`.

    With ``l`` and ``r`` the root mean squares below and above zero, ``k = l / r`` and
    ``R = E[|y|]^2 / E[y^2] (k^3 + 1)(k + 1) / (k^2 + 1)^2``, the shape is the entry g of 0.2, 0.201, ..., 10 whose
    ``Gamma(2/g)^2 / (Gamma(1/g) Gamma(3/g))`` is nearest to R.

    Returns
    -------
    shape, left, right : (...) arrays
        Shape and the two root mean squares. A side without a value has NaN, and the shape is then 0.2, as in the
        authors' program.

    References
    ----------
    N.-E. Lasmar, Y. Stitou and Y. Berthoumieu, "Multiscale skewed heavy tailed model for texture analysis",
    ICIP 2009.
    """
    shape, ratio, _, _ = _tables()
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.sqrt(np.where(sums[..., 0] > 0, sums[..., 3] / sums[..., 0], np.nan))
        right = np.sqrt(np.where(sums[..., 1] > 0, sums[..., 4] / sums[..., 1], np.nan))
        k = left / right
        spread = (sums[..., 2] / count) ** 2 / ((sums[..., 3] + sums[..., 4]) / count)
        wanted = spread * (k**3 + 1) * (k + 1) / (k**2 + 1) ** 2
    return shape[_nearest(ratio, wanted)], left, right


def scale_of(shape: np.ndarray) -> np.ndarray:
    """``sqrt(Gamma(1/g) / Gamma(3/g))``: scale parameter of a generalised Gaussian of unit deviation."""
    return _tables()[2][np.rint(shape * 1000).astype(int) - 200]


def mean_of(shape: np.ndarray) -> np.ndarray:
    """``Gamma(2/g) / Gamma(1/g)``: mean absolute value of a generalised Gaussian of unit scale."""
    return _tables()[3][np.rint(shape * 1000).astype(int) - 200]


def sums_of(values: np.ndarray) -> np.ndarray:
    """The five sums of any sample, in the order of `block_sums`; last axis of the sample summed over.

    >>> sums_of(np.array([-2.0, 0.0, 1.0])).tolist()
    [1.0, 1.0, 3.0, 4.0, 1.0]
    """
    low, high = np.minimum(values, 0.0), np.maximum(values, 0.0)
    parts = ((values < 0).sum(-1), (values > 0).sum(-1), np.abs(values).sum(-1), (low**2).sum(-1), (high**2).sum(-1))
    return np.stack([np.asarray(p, float) for p in parts], axis=-1)
