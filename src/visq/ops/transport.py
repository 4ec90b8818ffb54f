"""Transport along a line: what it costs to move one distribution of mass onto another."""

from __future__ import annotations

from typing import Any

import numpy as np

from visq.errors import InputError, InputTypeError
from visq.ops.arrays import is_torch


def squared_transport(x: Any, y: Any) -> Any:
    """Least cost of moving the masses of one column onto those of another, at the squared way; exact.

    Mass ``x_i`` lies at position ``i`` = 0..n-1. With the cumulative masses ``A`` of a column of `x` and ``B`` of
    `y`, sorted together into ``q_1 <= ... <= q_2n``, ``q_0 = 0``::

        W = sum_r (q_r - q_(r-1)) (i_A(q_r) - i_B(q_r))^2

    where ``i_A(q)`` is the first position with ``A >= q``, and the last one where there is none: mass that one column
    has and the other lacks is charged as if the other had it at its last position. Where both have the same mass, `W`
    is the second power of the 2-Wasserstein distance, times that mass.

    Parameters
    ----------
    x, y : array
        `(n, m)` masses, not negative, m columns. NumPy, or torch, on the CPU best in float64: the sums of many small
        masses are what counts.

    Returns
    -------
    array
        `(m,)` costs, 0 or more, 0 for equal columns; of a NumPy array in float64. Differentiable in torch; where
        cumulative masses of both columns are equal there is a corner, and the slope on the CPU is the mean of both
        sides: 0 for equal columns.

    Raises
    ------
    visq.errors.InputError
        Shapes that differ, or are no `(n, m)` with a row at least.
    visq.errors.InputTypeError
        Not two arrays or two tensors.

    Examples
    --------
    >>> x, y = np.zeros((4, 2)), np.zeros((4, 2))
    >>> x[0], y[3, 0], y[:2, 1] = 1.0, 1.0, 0.5
    >>> squared_transport(x, y).tolist()
    [9.0, 0.5]
    """
    if is_torch(x) != is_torch(y) or not (is_torch(x) or (isinstance(x, np.ndarray) and isinstance(y, np.ndarray))):
        raise InputTypeError(
            "masses are of different kinds",
            expected="two NumPy arrays or two torch tensors",
            got=f"{type(x).__name__} and {type(y).__name__}",
        )
    if x.shape != y.shape or x.ndim != 2 or x.shape[0] == 0:
        raise InputError(
            "masses differ in shape, or are no columns",
            expected="(n, m) twice",
            got=f"{tuple(x.shape)} and {tuple(y.shape)}",
        )
    if is_torch(x):
        from visq.ops import _torch_transport

        return _torch_transport.cost(x, y)
    from visq.ops import _numba_transport

    return _numba_transport.cost(x.astype(np.float64, copy=False), y.astype(np.float64, copy=False))


__all__ = ["squared_transport"]
