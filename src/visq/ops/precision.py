"""Double precision inside single-precision metrics, for steps that float32 cannot carry."""

from __future__ import annotations

from typing import Any

from visq.ops.arrays import is_torch, namespace


def wide(x: Any) -> Any:
    """`x` in float64; unchanged on Apple's GPU, which has none.

    >>> import numpy as np
    >>> wide(np.zeros(2, np.float32)).dtype.name
    'float64'
    """
    if is_torch(x) and x.device.type == "mps":
        return x
    xp = namespace(x)
    return xp.astype(x, xp.float64, copy=False)


__all__ = ["wide"]
