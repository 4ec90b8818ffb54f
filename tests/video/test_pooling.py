"""Pooling against the standard library's statistics and by hand."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from visq.errors import InputError, OptionError
from visq.video.pooling import check, check_all, pool

_SCORES = [93.5, 88.25, 0.0, 71.0, 99.0, 64.5, 12.0]


@pytest.mark.parametrize(
    ("how", "function"),
    [("mean", statistics.fmean), ("median", statistics.median), ("std", statistics.pstdev), ("min", min), ("max", max)],
)
def test_against_the_standard_library(how, function):
    assert pool(_SCORES, how) == pytest.approx(function(_SCORES), rel=1e-12)
    assert pool([7.5], how) == function([7.5])


def test_the_harmonic_mean_is_libvmafs():
    wanted = statistics.harmonic_mean([s + 1 for s in _SCORES]) - 1
    assert pool(_SCORES, "harmonic") == pytest.approx(wanted, rel=1e-12)
    assert pool(_SCORES, "harmonic_mean") == pool(_SCORES, "harmonic") < pool(_SCORES, "mean")
    # Every frame alike: the mean is that.
    assert pool([40.0] * 5, "harmonic") == pytest.approx(40.0, rel=1e-14)
    assert pool([-0.5, 0.5], "harmonic") == pytest.approx(2 / (1 / 0.5 + 1 / 1.5) - 1, rel=1e-14)


@pytest.mark.parametrize("lowest", [-1.0, -1.5, -40.0])
def test_the_harmonic_mean_is_refused_where_it_has_no_sense(lowest):
    with pytest.raises(InputError, match=r"above -1.*got -[\d.]+\. Pool by mean"):
        pool([50.0, lowest], "harmonic")


@pytest.mark.parametrize(("how", "wanted"), [("p0", 0.0), ("p100", 30.0), ("p50", 15.0), ("p5", 1.5), ("p2.5", 0.75)])
def test_percentiles_are_linear_between_frames(how, wanted):
    # Four frames at 0, 1/3, 2/3 and 1 of the way: 5 % is 0.15 of the first step of 10.
    assert pool([30.0, 0.0, 20.0, 10.0], how) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("how", ["", "p", "p101", "p-1", "average", "pp5", "q5", "p5%", "mean,min", "std_mean"])
def test_unknown_poolings(how):
    with pytest.raises(OptionError, match="percentile"):
        check(how)


def test_lists_of_poolings():
    assert check_all("mean, P5,harmonic-mean,mean") == ("mean", "p5", "harmonic")
    assert check_all(["min", "max,p1"]) == ("min", "max", "p1")


@pytest.mark.parametrize("scores", [[], [np.nan], [1.0, np.inf], [[1.0, 2.0]]])
def test_what_cannot_be_pooled(scores):
    with pytest.raises(InputError):
        pool(scores)
