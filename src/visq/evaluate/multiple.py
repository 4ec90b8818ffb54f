"""Corrections for many tests at once."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from visq.errors import InputError
from visq.evaluate.inputs import Floats, choice, numbers

Correction = Literal["holm", "bonferroni", "bh", "none"]
CORRECTIONS: tuple[Correction, ...] = ("holm", "bonferroni", "bh", "none")


def adjust(p: Any, correction: Correction = "holm") -> Floats:
    """Adjusted p-values: compare them with alpha itself.

    Parameters
    ----------
    p : sequence of float, (m,)
        0 to 1; NaN stays NaN and is not counted as a test.
    correction : str
        `holm` (S. Holm, Scandinavian Journal of Statistics 6, 1979, 65-70) keeps the chance of a single false finding
        below alpha; `bonferroni` does so with less power; `bh` (Y. Benjamini, Y. Hochberg, JRSS B 57, 1995, 289-300)
        keeps the expected share of false findings below alpha; `none` leaves them.

    Returns
    -------
    ndarray, (m,)

    Raises
    ------
    InputError
        A value outside 0 to 1, an unknown correction.

    Examples
    --------
    >>> adjust([0.001, 0.01, 0.03, 0.5]).round(3).tolist()
    [0.004, 0.03, 0.06, 0.5]
    """
    choice(correction, CORRECTIONS, "correction")
    if np.ma.is_masked(p):
        raise InputError("p has masked entries", hint="NaN stands for a test that was not made.")
    values = numbers(p, "p")
    known = ~np.isnan(values)
    wrong = values[known & ~((values >= 0) & (values <= 1))]
    if wrong.size:
        raise InputError("p is not a list of p-values", expected="numbers from 0 to 1, (m,)", got=str(wrong[0]))
    result = values.copy()
    result[known] = _adjusted(values[known], correction)
    return result


def _adjusted(p: Floats, correction: Correction) -> Floats:
    tests = p.size
    if correction == "none" or tests == 0:
        return p
    if correction == "bonferroni":
        return np.minimum(p * tests, 1.0)
    if correction == "bh":
        from scipy.stats import false_discovery_control

        controlled: Floats = false_discovery_control(p)
        return controlled
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(tests, 0, -1))
    result = np.empty_like(p)
    result[order] = np.minimum(stepped, 1.0)
    return result
