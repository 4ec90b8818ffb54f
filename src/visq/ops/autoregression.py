"""How well an image predicts itself: local autoregression, and the entropy of what it does not predict."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from visq.errors import OptionError

Solver = Literal["exact", "ridge"]
SOLVERS: tuple[str, ...] = get_args(Solver)

# Reciprocal condition number below which the neighbours are averaged, and the share of the mean of the diagonal that
# is added to it.
_LEAST = 1e-7
_RIDGE = 1e-6


def free_energy(x: np.ndarray, solver: Solver = "exact") -> float:
    """Entropy, in bits, of the rounded errors of a local linear prediction.

    Every pixel is predicted from its 8 neighbours with the weights that predict, in the least-squares sense, the 48
    other pixels of the 7 x 7 window around it from theirs. Beyond its border the image is mirrored.

    Parameters
    ----------
    x : array
        `(H, W)` luma in 0..255, NumPy, float64.
    solver : {"exact", "ridge"}
        `exact`: least squares, and equal weights where LAPACK's estimate of the reciprocal condition number of the
        normal matrix is below 1e-7. `ridge`: 1e-6 of the mean of its diagonal added to the diagonal, everywhere.

    Returns
    -------
    float
        0 (all errors alike, as in a constant image) to ``log2(511)``.

    Examples
    --------
    >>> free_energy(np.full((16, 16), 40.0))
    0.0
    """
    if solver not in SOLVERS:
        raise OptionError("unknown solver", expected=" or ".join(map(repr, SOLVERS)), got=repr(solver))
    from visq.ops import _numba_autoregression

    least, ridge = (_LEAST, 0.0) if solver == "exact" else (0.0, _RIDGE)
    counts = _numba_autoregression.error_counts(x, least, ridge)
    share = counts[counts > 0] / counts.sum()
    return abs(float((share * np.log2(share)).sum()))


__all__ = ["SOLVERS", "Solver", "free_energy"]
