"""Arithmetic whose value is exact and whose gradient is finite at the ends of its domain; careful means."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.ops.arrays import is_torch, namespace


def safe_sqrt(x: Any) -> Any:
    """Square root of non-negative `x`; exactly 0 at 0, where the gradient is taken as 0 and not as infinite."""
    return safe_power(x, 0.5)


def safe_power(x: Any, exponent: float) -> Any:
    """`x ** exponent` of non-negative `x`, 0 < exponent; exactly 0 at 0, where the gradient is taken as 0."""
    xp = namespace(x)
    if not is_torch(x):
        return np.sqrt(x) if exponent == 0.5 else np.power(x, exponent)
    positive = x > 0
    inside = xp.where(positive, x, xp.ones_like(x))
    root = xp.sqrt(inside) if exponent == 0.5 else inside**exponent
    return xp.where(positive, root, xp.zeros_like(x))


def safe_divide(numerator: Any, denominator: Any, otherwise: float) -> Any:
    """Quotient, and `otherwise` where the denominator is 0 (gradient 0 there)."""
    xp = namespace(denominator)
    zero = denominator == 0
    quotient = numerator / xp.where(zero, xp.ones_like(denominator), denominator)
    return xp.where(zero, xp.full_like(quotient, otherwise), quotient)


def mean(x: Any, axes: tuple[int, ...] = (-2, -1), *, keepdims: bool = False) -> Any:
    """Mean over `axes`; summed, and on NumPy returned, in float64."""
    if is_torch(x):
        return x.mean(dim=axes, keepdim=keepdims)
    return np.mean(x, axis=axes, dtype=np.float64, keepdims=keepdims)


def total(x: Any, axes: tuple[int, ...] = (-2, -1)) -> Any:
    """Sum over `axes`; on NumPy in float64."""
    if is_torch(x):
        return x.sum(dim=axes)
    return np.sum(x, axis=axes, dtype=np.float64)


def read_only(x: np.ndarray) -> np.ndarray:
    """A read-only contiguous view (or copy) of `x`.

    Numba compiles anew for every mix of writable and read-only arguments; with all inputs read-only it compiles
    once.
    """
    x = np.ascontiguousarray(x).view()
    x.flags.writeable = False
    return x
