"""How well predictions agree with people, how sure that is, and whether one metric is better than another.

Plain functions of two sequences: what a metric predicts, and what people said. A correlation is positive where the two
agree, so say which of them fall as quality rises (`lower_is_better`, `scores_lower_is_better`).

>>> from visq.evaluate import plcc, srcc
>>> round(srcc([3.1, 2.4, 1.2, 0.3], [4.5, 4.1, 2.0, 2.2]), 2)
0.8

Which number means what, which fit, which test: docs/evaluation.md. Importing this package loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.lazy import names as _names

# Modules have other names than the functions in them: a module of the same name would hide the function.
_LAZY = {
    "Agreement": "agreements",
    "Comparison": "significance",
    "Conformal": "conformal",
    "CorrelationTest": "dependent",
    "Coverage": "interval_quality",
    "Fit": "logistic",
    "Interval": "resampling",
    "PairAnalysis": "pairs",
    "PairComparison": "pairs",
    "RangeEffect": "ranges",
    "ResidualTest": "residuals",
    "ShiftTolerance": "shifts",
    "SignificanceMatrix": "significance",
    "TwoAlternative": "choices",
    "adjust": "multiple",
    "agreement": "agreements",
    "as_dict": "forms",
    "as_json": "forms",
    "as_text": "forms",
    "bootstrap": "resampling",
    "breakdown": "breakdowns",
    "compare_metrics": "significance",
    "compare_pairs": "pairs",
    "conformal_intervals": "conformal",
    "conformal_quantile": "conformal",
    "coverage": "interval_quality",
    "expected_coverage": "interval_quality",
    "fit_logistic": "logistic",
    "interval_score": "interval_quality",
    "krcc": "correlation",
    "meng": "dependent",
    "outlier_ratio": "outliers",
    "pair_analysis": "pairs",
    "pair_outcomes": "pairs",
    "pitman_morgan": "residuals",
    "plcc": "correlation",
    "power": "dependent",
    "range_effect": "ranges",
    "residual_f_test": "residuals",
    "rmse": "correlation",
    "shift_tolerance": "shifts",
    "significance_matrix": "significance",
    "srcc": "correlation",
    "steiger": "dependent",
    "two_alternative": "choices",
    "williams": "dependent",
}

__all__ = [
    "Agreement",
    "Comparison",
    "Conformal",
    "CorrelationTest",
    "Coverage",
    "Fit",
    "Interval",
    "PairAnalysis",
    "PairComparison",
    "RangeEffect",
    "ResidualTest",
    "ShiftTolerance",
    "SignificanceMatrix",
    "TwoAlternative",
    "adjust",
    "agreement",
    "as_dict",
    "as_json",
    "as_text",
    "bootstrap",
    "breakdown",
    "compare_metrics",
    "compare_pairs",
    "conformal_intervals",
    "conformal_quantile",
    "coverage",
    "expected_coverage",
    "fit_logistic",
    "interval_score",
    "krcc",
    "meng",
    "outlier_ratio",
    "pair_analysis",
    "pair_outcomes",
    "pitman_morgan",
    "plcc",
    "power",
    "range_effect",
    "residual_f_test",
    "rmse",
    "shift_tolerance",
    "significance_matrix",
    "srcc",
    "steiger",
    "two_alternative",
    "williams",
]

if TYPE_CHECKING:
    from visq.evaluate.agreements import Agreement, agreement
    from visq.evaluate.breakdowns import breakdown
    from visq.evaluate.choices import TwoAlternative, two_alternative
    from visq.evaluate.conformal import Conformal, conformal_intervals, conformal_quantile
    from visq.evaluate.correlation import krcc, plcc, rmse, srcc
    from visq.evaluate.dependent import CorrelationTest, meng, power, steiger, williams
    from visq.evaluate.forms import as_dict, as_json, as_text
    from visq.evaluate.interval_quality import Coverage, coverage, expected_coverage, interval_score
    from visq.evaluate.logistic import Fit, fit_logistic
    from visq.evaluate.multiple import adjust
    from visq.evaluate.outliers import outlier_ratio
    from visq.evaluate.pairs import PairAnalysis, PairComparison, compare_pairs, pair_analysis, pair_outcomes
    from visq.evaluate.ranges import RangeEffect, range_effect
    from visq.evaluate.resampling import Interval, bootstrap
    from visq.evaluate.residuals import ResidualTest, pitman_morgan, residual_f_test
    from visq.evaluate.shifts import ShiftTolerance, shift_tolerance
    from visq.evaluate.significance import Comparison, SignificanceMatrix, compare_metrics, significance_matrix


__getattr__ = _names(__name__, _LAZY)


def __dir__() -> list[str]:
    return sorted(__all__)
