"""Pieces of feature-similarity metrics (FSIM, VSI, SR-SIM, ...): how alike two features are, and weighted pooling."""

from __future__ import annotations

import math
from typing import Any

from visq.ops.arrays import namespace
from visq.ops.numeric import mean, safe_divide, total


def similarity(a: Any, b: Any, constant: float) -> Any:
    """``(2 a b + c) / (a^2 + b^2 + c)``: exactly 1 where `a` equals `b`; in (0, 1] for features of one sign.

    >>> import numpy as np
    >>> similarity(np.array([3.0, 0.0]), np.array([3.0, 2.0]), 1.0).tolist()
    [1.0, 0.2]
    """
    product = a * b
    # a^2 + b^2 as 2 ab + (a - b)^2: no rounding can carry the quotient above 1.
    return (2 * product + constant) / ((a - b) ** 2 + 2 * product + constant)


def real_power(x: Any, exponent: float) -> Any:
    """Real part of ``x ** exponent`` for a real base of either sign: MATLAB's ``real(x .^ p)``.

    A negative base gives ``|x|^p cos(pi p)``; zero gives 0, with gradient 0.

    >>> import numpy as np
    >>> real_power(np.array([4.0, 0.0, -4.0]), 2.0).round(12).tolist()
    [16.0, 0.0, 16.0]
    """
    xp = namespace(x)
    other = x != 0
    size = xp.where(other, xp.abs(x), xp.ones_like(x)) ** exponent
    signed = xp.where(x > 0, size, size * math.cos(math.pi * exponent))
    return xp.where(other, signed, xp.zeros_like(signed))


def weighted_mean(values: Any, weights: Any) -> Any:
    """Mean of `(N, H, W)` values with non-negative weights over each image; the plain mean where all weights are 0.

    >>> import numpy as np
    >>> weighted_mean(np.array([[[1.0, 3.0]]]), np.array([[[3.0, 1.0]]])).tolist()
    [1.5]
    """
    xp = namespace(values)
    mass = total(weights)
    return xp.where(mass > 0, safe_divide(total(values * weights), mass, 0.0), mean(values))


__all__ = ["real_power", "similarity", "weighted_mean"]
