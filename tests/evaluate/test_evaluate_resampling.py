"""The bootstrap over contents: equal to resampling for real, deterministic, with the coverage it states."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from visq.errors import InputError
from visq.evaluate import bootstrap, srcc
from visq.evaluate.resampling import Resampler, Statistic

_NAIVE = {
    "srcc": lambda x, y: stats.spearmanr(x, y).statistic,
    "krcc": lambda x, y: stats.kendalltau(x, y).statistic,
    "plcc": lambda x, y: stats.pearsonr(x, y).statistic,
}


def _data(seed=0, n=60, groups=12, levels=None):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    y = x + rng.normal(size=n)
    if levels:
        x, y = np.round(x * levels), np.round(y * levels)
    return x, y, rng.permutation(n) % groups


@pytest.mark.parametrize("name", _NAIVE)
@pytest.mark.parametrize("levels", [None, 3, 1])
@pytest.mark.parametrize("grouped", [True, False])
def test_walks_through_sorted_items_equal_resampling_for_real(name, levels, grouped):
    """Each resample built item by item and given to scipy: 1e-10, double precision in another order."""
    x, y, content = _data(levels=levels)
    resampler = Resampler(x.size, content if grouped else None, 25, 3)
    prepared = Statistic(name, x, y, resampler)
    counts = np.concatenate(list(resampler.counts()))
    assert counts.shape == (25, 12 if grouped else 60)
    assert (counts.sum(1) == resampler.groups).all()
    for count, value in zip(counts, prepared.of(counts), strict=True):
        items = np.repeat(np.arange(x.size), count[resampler.content])
        assert value == pytest.approx(_NAIVE[name](x[items], y[items]), abs=1e-10)


@pytest.mark.parametrize("name", _NAIVE)
def test_undefined_resamples_are_nan_and_counted(name):
    x, y = np.array([0.0, 0.0, 0.0, 1.0]), np.array([1.0, 2.0, 3.0, 4.0])
    found = bootstrap(name, x, y, samples=400)
    # The one item that differs is left out in (3/4)^4 = 32 % of the draws, and drawn alone in 0.4 %.
    assert 90 < found.undefined < 170
    assert not math.isnan(found.low)
    apart = np.array([0.0] * 30 + [1.0])
    assert bootstrap(name, apart, np.arange(31.0), groups=[0] * 30 + [1], samples=50).undefined > 10


def test_percentile_and_bca_against_scipy():
    """Two random streams of 20,000 and 3,000 draws: the limits differ by the simulation's own error, about 0.004."""
    x, y, _ = _data(n=80)
    for method in ("percentile", "bca"):
        ours = bootstrap("plcc", x, y, samples=20_000, method=method)
        theirs = stats.bootstrap(
            (x, y), lambda a, b: np.corrcoef(a, b)[0, 1], paired=True, vectorized=False, n_resamples=3000,
            method=method, rng=np.random.default_rng(0),
        ).confidence_interval  # fmt: skip
        assert ours.low == pytest.approx(theirs.low, abs=0.012)
        assert ours.high == pytest.approx(theirs.high, abs=0.012)


def test_bca_of_many_contents_leaves_out_blocks():
    rng = np.random.default_rng(0)
    x = rng.normal(size=1500)
    y = x + rng.normal(size=1500)
    resampler = Resampler(1500, None, 10, 0)
    left = np.concatenate(list(resampler.without()))
    assert left.shape == (400, 1500)
    assert (left.sum(0) == 399).all()
    found = bootstrap("plcc", x, y, samples=500, method="bca")
    assert found.low < found.estimate < found.high


def test_a_function_of_any_number_of_sequences():
    x, y, content = _data()
    named = bootstrap("srcc", x, y, groups=content, samples=200)
    called = bootstrap(srcc, x, y, groups=content, samples=200)
    assert (called.low, called.high) == pytest.approx((named.low, named.high), abs=1e-10)
    one = bootstrap(np.mean, x, samples=200)
    assert one.low < x.mean() < one.high


def test_intervals_over_contents_are_wider_where_contents_matter():
    rng = np.random.default_rng(4)
    content = np.repeat(np.arange(20), 25)
    y = rng.normal(size=500)
    x = y + 2 * rng.normal(size=20)[content] + 0.5 * rng.normal(size=500)
    over, items = bootstrap("srcc", x, y, groups=content), bootstrap("srcc", x, y)
    assert over.unit == "contents"
    assert items.unit == "items"
    assert (over.groups, items.groups) == (20, 500)
    assert over.high - over.low > 1.2 * (items.high - items.low)


def test_the_same_seed_gives_the_same_interval_in_another_process():
    x, y, content = _data()
    found = bootstrap("srcc", x, y, groups=content, samples=300, seed=5)
    assert bootstrap("srcc", x, y, groups=[f"scene {c}" for c in content], samples=300, seed=5) == found
    assert bootstrap("srcc", x, y, groups=content, samples=300, seed=6) != found
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from test_evaluate_resampling import _data\n"
        "from visq.evaluate import bootstrap\nx, y, c = _data()\n"
        "print(repr(bootstrap('srcc', x, y, groups=c, samples=300, seed=5)))"
    )
    folder = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == repr(found)


def test_global_state_is_left_alone():
    before = np.random.get_state()[1].copy()
    bootstrap("plcc", [1, 2, 3, 4], [1, 2, 4, 3], samples=50)
    assert (np.random.get_state()[1] == before).all()


def test_coverage():
    """95 % intervals of a correlation of 0.6 from 80 items hold it in 95 % of 500 studies; allowed 3 %."""
    rng = np.random.default_rng(7)
    held = 0
    for study in range(500):
        x = rng.normal(size=80)
        y = 0.6 * x + 0.8 * rng.normal(size=80)
        found = bootstrap("plcc", x, y, samples=400, seed=study)
        held += found.low < 0.6 < found.high
    assert abs(held / 500 - 0.95) < 0.03


@pytest.mark.parametrize(
    ("arguments", "options", "text"),
    [
        (("srcc", [1, 2, 3], [1, 2]), {}, "differ in length"),
        (("srcc", [1, 2, 3]), {}, "predictions and scores"),
        (("srcc",), {}, "nothing to resample"),
        (("mean", [1, 2, 3], [1, 2, 3]), {}, "unknown statistic"),
        (("srcc", [1, 2, 3], [1, 2, 3]), {"groups": [1, 1, 1]}, "needs several"),
        (("srcc", [1, 2, 3], [1, 2, 3]), {"groups": [1, 2]}, "groups and predictions differ"),
        (("srcc", [1, 2, 3], [1, 2, 3]), {"groups": [1, None, 2]}, "no label at position 1"),
        (("srcc", [1, 2, 3], [1, 2, 3]), {"groups": [1.0, math.nan, 2.0]}, "no label at position 1"),
        (("srcc", [1, 2, 3], [1, 2, 3]), {"samples": -1}, "samples out of range"),
        (("srcc", [1, 2, 3], [1, 2, 3]), {"level": 95}, "level out of range"),
        (("srcc", [1, 2, 3], [1, 2, 3]), {"method": "normal"}, "unknown method"),
    ],
)
def test_refused(arguments, options, text):
    with pytest.raises(InputError, match=text):
        bootstrap(*arguments, **options)
