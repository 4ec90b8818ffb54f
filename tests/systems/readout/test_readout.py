"""Ridge regression, the search of its strength, and the file, each against somebody else's arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from visq.errors import InputError, OptionError
from visq.systems.readout.ridge import Path, fit
from visq.systems.readout.search import Search, search, strengths

_RNG = np.random.default_rng(7)


def _made(pictures, features):
    x = _RNG.normal(size=(pictures, features)) * _RNG.uniform(0.01, 50, features) + _RNG.normal(size=features)
    return x, x[:, 0] * 3 + _RNG.normal(size=pictures)


@pytest.mark.parametrize("shape", [(60, 12), (25, 80), (30, 30)])
@pytest.mark.parametrize("alpha", [1e-3, 0.7, 1e3])
def test_it_is_least_squares_of_the_table_with_rows_for_the_penalty(shape, alpha):
    """NumPy's least squares on ``[X 1; sqrt(alpha) I 0]``: another way to the same minimum, wide and long tables."""
    x, y = _made(*shape)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    count = shape[1]
    system = np.block([[z, np.ones((len(z), 1))], [np.sqrt(alpha) * np.eye(count), np.zeros((count, 1))]])
    solution = np.linalg.lstsq(system, np.concatenate([y, np.zeros(count)]), rcond=None)[0]
    found = fit(x, y, alpha)
    # The condition of the system, up to 1e5 for the smallest alpha, squared by either side's normal equations.
    assert found.weights == pytest.approx(solution[:-1], rel=1e-5, abs=1e-6)
    assert found.intercept == pytest.approx(solution[-1], rel=1e-6)
    assert found.predict(x[3]) == pytest.approx(z[3] @ solution[:-1] + solution[-1], rel=1e-6)


def test_one_decomposition_serves_every_strength():
    x, y = _made(30, 50)
    path, alphas = Path(x, y), [1e-2, 1.0, 100.0]
    together = path.predict(x[:4], alphas)
    for k, alpha in enumerate(alphas):
        assert together[:, k] == pytest.approx(fit(x, y, alpha).predict(x[:4]), rel=1e-9)


def test_features_that_never_change_count_nothing():
    x, y = _made(30, 4)
    with_constant = np.concatenate([x, np.full((30, 1), 0.1)], axis=1)
    found, without = fit(with_constant, y, 1.0), fit(x, y, 1.0)
    assert found.weights[-1] == pytest.approx(0.0, abs=1e-9)
    assert found.predict(np.append(x[0], 5.0)) == pytest.approx(without.predict(x[0]))


def test_without_standardising_units_matter():
    x, y = _made(40, 3)
    raw = fit(x, y, 5.0, standardise=False)
    z = x - x.mean(axis=0)
    assert raw.weights == pytest.approx(np.linalg.solve(z.T @ z + 5 * np.eye(3), z.T @ (y - y.mean())))


@pytest.mark.parametrize(
    ("rows", "scores", "said"),
    [
        (np.zeros((3, 2)), [1.0, 1.0, 1.0], "all scores are equal"),
        (np.full((3, 2), np.nan), [1.0, 2.0, 3.0], "NaN"),
        (np.zeros((3, 2)), [1.0, 2.0], "no table"),
        (np.zeros(3), [1.0, 2.0, 3.0], "no table"),
    ],
)
def test_tables_that_are_none(rows, scores, said):
    with pytest.raises(InputError, match=said):
        Path(rows, scores)


def test_other_features_than_it_was_fitted_on():
    x, y = _made(25, 3)
    with pytest.raises(InputError, match="3 in a row"):
        fit(x, y, 1.0).predict([1.0, 2.0])
    with pytest.raises(OptionError, match="strength"):
        fit(x, y, 0.0)


def test_the_search_is_a_loop_over_divisions_by_content():
    """Every division again, with SciPy's rank correlation and one fit a strength."""
    x, y = _made(64, 6)
    groups = [f"g{i // 2}" for i in range(64)]
    found = search(x, y, groups=groups, alphas=[0.01, 1.0, 100.0], splits=4, seed=3)
    from visq.datasets.splits import by_rule

    values = []
    for k in range(4):
        part = by_rule("readout/3", groups, k, (0.875, 0.125, 0.0))
        held = np.array([part[g] == "val" for g in groups])
        assert held.sum() == 8
        assert not {g for g, h in zip(groups, held, strict=True) if h} & {
            g for g, h in zip(groups, held, strict=True) if not h
        }
        values.append([spearmanr(fit(x[~held], y[~held], a).predict(x[held]), y[held])[0] for a in (0.01, 1.0, 100.0)])
    assert found.values == pytest.approx(np.array(values))
    medians = np.median(values, axis=0)
    assert found.srcc == pytest.approx(medians.max())
    assert found.alpha == max(a for a, m in zip((0.01, 1.0, 100.0), medians, strict=True) if m == medians.max())


def test_the_published_grid():
    grid = strengths("geom:1e-3:1e3:100")
    assert len(grid) == 100
    assert grid[[0, -1]] == pytest.approx([1e-3, 1e3])
    assert np.diff(np.log(grid)) == pytest.approx(np.log(1e6) / 99)


def test_a_strength_at_an_end_is_noticed():
    alphas = np.array([1.0, 2.0, 3.0])
    assert Search(3.0, alphas, np.zeros((1, 3))).at_an_end
    assert not Search(2.0, alphas, np.zeros((1, 3))).at_an_end


@pytest.mark.parametrize("text", ["geom:1:2", "geom:0:1:5", "1,-2", "", "geom:1:x:3", "inf"])
def test_grids_that_are_none(text):
    with pytest.raises(OptionError, match="no strengths"):
        strengths(text)


def test_too_little_to_search_in():
    x, y = _made(19, 3)
    with pytest.raises(InputError, match="20 or more"):
        search(x, y)
    x, y = _made(20, 3)
    with pytest.raises(InputError, match="cannot be divided"):
        search(x, y, groups=["one"] * 20)
    with pytest.raises(InputError, match="all scores are equal"):
        search(x, np.ones(20))
    with pytest.raises(OptionError, match="share"):
        search(x, y, validation=1.0)
