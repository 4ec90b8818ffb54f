"""Functions whose gradient is finite where the textbook one is not. NumPy or torch."""

from __future__ import annotations

from typing import Any

from visq.ops.arrays import namespace


def safe_sqrt(x: Any) -> Any:
    """Square root with value 0 and gradient 0 for `x` <= 0, exact elsewhere."""
    xp = namespace(x)
    positive = x > 0
    return xp.where(positive, xp.sqrt(xp.where(positive, x, xp.ones_like(x))), xp.zeros_like(x))


def safe_divide(numerator: Any, denominator: Any) -> Any:
    """`numerator / denominator`; 0, with gradient 0, where the denominator is not positive."""
    xp = namespace(denominator)
    positive = denominator > 0
    quotient = numerator / xp.where(positive, denominator, xp.ones_like(denominator))
    return xp.where(positive, quotient, xp.zeros_like(quotient))


__all__ = ["safe_divide", "safe_sqrt"]
