"""Solving a positive definite system in one fixed order.

LAPACK takes the sums of a large factorisation in another order on another number of threads, and so gives other last
digits; a score must not depend on that.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _factor(a):  # type: ignore[no-untyped-def]
    """Lower Cholesky factor in place, row by row; False where the matrix is not positive definite."""
    n = a.shape[0]
    for i in range(n):
        for j in range(i + 1):
            rest = a[i, j]
            for k in range(j):
                rest -= a[i, k] * a[j, k]
            if i > j:
                a[i, j] = rest / a[j, j]
            elif rest > 0.0:
                a[i, i] = np.sqrt(rest)
            else:
                return False
    return True


@njit(cache=True, nogil=True)
def _substitute(a, x):  # type: ignore[no-untyped-def]
    """Solve in place for every row of `x`, forwards and backwards."""
    n = a.shape[0]
    for i in range(n):
        for j in range(i):
            for r in range(x.shape[1]):
                x[i, r] -= a[i, j] * x[j, r]
        for r in range(x.shape[1]):
            x[i, r] /= a[i, i]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1, n):
            for r in range(x.shape[1]):
                x[i, r] -= a[j, i] * x[j, r]
        for r in range(x.shape[1]):
            x[i, r] /= a[i, i]


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray | None:
    """``matrix^-1 right`` of a symmetric `(n, n)` matrix and `(n, m)` columns; None where it is not positive definite.

    Examples
    --------
    >>> import numpy as np
    >>> solve(np.array([[4.0, 2.0], [2.0, 3.0]]), np.array([[8.0], [7.0]])).ravel().round(12).tolist()
    [1.25, 1.5]
    """
    factor = np.array(matrix, np.float64, order="C")
    found = np.array(right, np.float64, order="C")
    if not _factor(factor):
        return None
    _substitute(factor, found)
    return found
