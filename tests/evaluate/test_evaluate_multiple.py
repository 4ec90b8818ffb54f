"""Corrections for many tests, against printed examples."""

from __future__ import annotations

import math

import numpy as np
import pytest

from visq.errors import InputError, VisqError
from visq.evaluate import adjust

# Y. Benjamini, Y. Hochberg, JRSS B 57 (1995), the example of section 3.2: 15 ordered p-values.
_THROMBOLYSIS = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
]  # fmt: skip


def test_benjamini_and_hochberg_1995():
    """The paper: their procedure rejects the four smallest at 5 %, Bonferroni's the three smallest."""
    assert (adjust(_THROMBOLYSIS, "bh") < 0.05).sum() == 4
    assert (adjust(_THROMBOLYSIS, "bonferroni") < 0.05).sum() == 3
    assert adjust(_THROMBOLYSIS, "bh")[:4] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625], abs=1e-12)


def test_holm_as_printed():
    """Documentation of Julia's MultipleTesting 0.6, `adjust(pvals, Holm())`."""
    assert adjust([0.001, 0.01, 0.03, 0.5], "holm").tolist() == pytest.approx([0.004, 0.03, 0.06, 0.5], abs=1e-15)


def test_holm_by_hand():
    # Steps 3 x 0.01, 2 x 0.04, 1 x 0.03, made monotone in the order 0.01, 0.03, 0.04.
    assert adjust([0.01, 0.04, 0.03], "holm").tolist() == pytest.approx([0.03, 0.06, 0.06], abs=1e-15)


def test_order_limits_and_gaps():
    p = np.array([0.3, math.nan, 0.001, 0.9])
    for correction in ("holm", "bonferroni", "bh"):
        adjusted = adjust(p, correction)
        assert math.isnan(adjusted[1])
        known = adjusted[[0, 2, 3]]
        assert (known >= p[[0, 2, 3]]).all()
        assert (known <= 1).all()
        assert adjusted[2] == pytest.approx(0.003, abs=1e-15)  # three tests, not four
    assert adjust(p, "none")[[0, 2, 3]].tolist() == [0.3, 0.001, 0.9]
    assert adjust([], "holm").size == 0


def test_refused():
    with pytest.raises(InputError, match="p-values"):
        adjust([0.5, 1.5])
    with pytest.raises(InputError, match="correction"):
        adjust([0.5], "sidak")


@pytest.mark.parametrize(
    "p", [["a", 0.1], [[0.1], [0.1, 0.2]], [None, 0.1], np.ma.masked_array([0.1, 0.2], [True, False])]
)
def test_what_are_no_numbers(p):
    with pytest.raises(VisqError, match=r"^p (is not|has)"):
        adjust(p)
