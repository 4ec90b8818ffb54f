"""Transport along a line: the formula written out, a linear programme, and the two engines against each other."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from visq.errors import InputError, InputTypeError
from visq.ops.threads import set_threads
from visq.ops.transport import squared_transport

torch = pytest.importorskip("torch")


def _masses(n, m, seed=0, *, sparse=0.4):
    rng = np.random.default_rng(seed)
    return [np.where(rng.random((n, m)) < sparse, 0.0, rng.random((n, m)) ** 3) for _ in range(2)]


def _written_out(x, y):
    """The formula of the docstring, value by value."""
    above = [np.cumsum(v) for v in (x, y)]
    last, before, cost = len(x) - 1, 0.0, 0.0
    for q in sorted([*above[0], *above[1]]):
        i, j = (next((k for k, v in enumerate(a) if v >= q), last) for a in above)
        cost += (q - before) * (i - j) ** 2
        before = q
    return cost


def _sorted_cost(x, y):
    from visq.ops._torch_transport import sorted_cost

    return sorted_cost(torch.from_numpy(x), torch.from_numpy(y)).numpy()


@pytest.mark.parametrize("engine", [squared_transport, _sorted_cost], ids=["kernel", "sort"])
@pytest.mark.parametrize("n", [1, 2, 3, 16, 64, 256])
def test_the_formula(engine, n):
    x, y = _masses(n, 37, seed=n)
    # Rounding of a sum of 2 n terms of squared ways up to n^2.
    np.testing.assert_allclose(
        engine(x, y), [_written_out(a, b) for a, b in zip(x.T, y.T, strict=True)], rtol=1e-10, atol=1e-13 * n**3
    )


def test_the_least_cost_of_a_linear_programme():
    """The transport problem itself, solved by SciPy: every way of moving mass is tried, not only the monotone one."""
    n = 6
    x, y = _masses(n, 8, seed=3, sparse=0.2)
    x, y = x / x.sum(0), y / y.sum(0)
    place = np.arange(n)
    ways = (place[:, None] - place[None, :]) ** 2.0
    leave = np.kron(np.eye(n), np.ones(n))
    arrive = np.kron(np.ones(n), np.eye(n))
    for j, ours in enumerate(squared_transport(x, y)):
        best = linprog(ways.ravel(), A_eq=np.vstack([leave, arrive]), b_eq=np.concatenate([x[:, j], y[:, j]]))
        assert best.success
        assert ours == pytest.approx(best.fun, rel=1e-9, abs=1e-12)


def test_values_of_pot():
    """POT where it is installed: its one-dimensional solver, of equal masses and of others."""
    ot = pytest.importorskip("ot", reason="needs POT (pip install POT)")
    x, y = _masses(16, 20, seed=1)
    x[0] += 0.1
    y[-1] += 0.1
    place = np.tile(np.arange(16.0)[:, None], 20)
    np.testing.assert_allclose(squared_transport(x, y), ot.lp.wasserstein_1d(place, place, x, y, p=2), rtol=1e-9)


def test_small_cases():
    x, y = np.zeros((16, 3)), np.zeros((16, 3))
    x[0], y[3] = 1.0, 1.0
    assert squared_transport(x, y).tolist() == [9.0] * 3
    assert squared_transport(x, x).tolist() == [0.0] * 3
    assert squared_transport(0.25 * x, 0.25 * y).tolist() == [2.25] * 3
    # Mass that the other side lacks is charged against its last position.
    assert squared_transport(x, 0 * y).tolist() == [225.0] * 3
    assert squared_transport(0 * x, 0 * y).tolist() == [0.0] * 3


def test_scaling_both_scales_the_cost_and_sides_are_alike():
    x, y = _masses(16, 50)
    np.testing.assert_allclose(squared_transport(x * 3e-7, y * 3e-7), squared_transport(x, y) * 3e-7, rtol=1e-9)
    np.testing.assert_array_equal(squared_transport(x, y), squared_transport(y, x))


def test_one_column_does_not_depend_on_its_neighbours_nor_on_threads():
    x, y = _masses(16, 5000)
    found = squared_transport(x, y)
    np.testing.assert_array_equal(squared_transport(x[:, 4000:], y[:, 4000:]), found[4000:])
    np.testing.assert_array_equal(squared_transport(x.astype(np.float32), y), squared_transport(np.float32(x) * 1.0, y))
    try:
        for threads in (1, 2, 3):
            set_threads(threads)
            np.testing.assert_array_equal(squared_transport(x, y), found)
    finally:
        set_threads(None)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_tensors_and_arrays_agree(dtype):
    x, y = (torch.from_numpy(v).to(dtype) for v in _masses(16, 200))
    found = squared_transport(x, y)
    assert found.dtype == dtype
    within = 1e-9 if dtype == torch.float64 else 1e-4
    np.testing.assert_allclose(found.numpy(), squared_transport(x.numpy(), y.numpy()), rtol=within, atol=within)


def _slopes(work, x, y, weights):
    x, y = (torch.from_numpy(v).requires_grad_() for v in (x, y))
    return torch.autograd.grad((work(x, y) * weights).sum(), (x, y))


def test_the_slopes_of_both_engines_agree():
    from visq.ops._torch_transport import sorted_cost

    x, y = _masses(16, 60, sparse=0.0)
    weights = torch.rand(60, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for a, b in zip(_slopes(squared_transport, x, y, weights), _slopes(sorted_cost, x, y, weights), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


def test_slopes_are_those_of_the_cost():
    x, y = (torch.from_numpy(v).requires_grad_() for v in _masses(8, 3, sparse=0.0))
    assert torch.autograd.gradcheck(squared_transport, (x, y))
    assert torch.autograd.gradgradcheck(squared_transport, (x, y))


@pytest.mark.parametrize("case", ["equal", "black", "one black"])
def test_slopes_are_finite_where_sums_meet(case):
    x, y = _masses(16, 20)
    if case == "equal":
        y = x.copy()
    if case == "black":
        x = 0 * x
    if case != "equal":
        y = 0 * y
    for slope in _slopes(squared_transport, x, y, torch.ones(20, dtype=torch.float64)):
        assert torch.isfinite(slope).all()
        assert case != "equal" or not slope.any()


def test_no_slope_is_kept_where_none_is_asked_for():
    x, y = (torch.from_numpy(v) for v in _masses(4, 2))
    assert not squared_transport(x, y).requires_grad
    with torch.no_grad():
        assert not squared_transport(x.requires_grad_(), y).requires_grad


def test_what_does_not_fit_is_refused():
    x = np.zeros((4, 2))
    with pytest.raises(InputError, match="shape"):
        squared_transport(x, np.zeros((4, 3)))
    with pytest.raises(InputError, match="columns"):
        squared_transport(np.zeros(4), np.zeros(4))
    with pytest.raises(InputError, match="columns"):
        squared_transport(np.zeros((0, 4)), np.zeros((0, 4)))
    with pytest.raises(InputTypeError, match="kinds"):
        squared_transport(x, torch.zeros(4, 2))
    with pytest.raises(InputTypeError, match="kinds"):
        squared_transport([[1.0]], [[1.0]])
