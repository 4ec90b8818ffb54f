"""The factorisation of fixed order against LAPACK."""

from __future__ import annotations

import numpy as np
import pytest

from visq.ops import _numba_cholesky


@pytest.mark.parametrize("size", [1, 2, 37, 200])
def test_solutions_are_those_of_lapack(size):
    rng = np.random.default_rng(size)
    a = rng.normal(size=(size, size + 3))
    matrix, right = a @ a.T / size + np.eye(size), rng.normal(size=(size, 5))
    before = matrix.copy(), right.copy()
    np.testing.assert_allclose(_numba_cholesky.solve(matrix, right), np.linalg.solve(matrix, right), rtol=1e-9)
    assert np.array_equal(matrix, before[0])
    assert np.array_equal(right, before[1])


def test_what_is_not_positive_definite_has_no_solution():
    for matrix in (np.zeros((2, 2)), -np.eye(3), np.array([[1.0, 2.0], [2.0, 1.0]]), np.full((2, 2), np.nan)):
        assert _numba_cholesky.solve(matrix, np.ones((len(matrix), 1))) is None
