"""Where a score comes from: which parts of a picture decide on it, and what these parts are.

>>> import numpy as np
>>> from visq.explain import region_importance, semantics
>>> picture = np.full((64, 64), 128, np.uint8)
>>> picture[:32, :32] += np.arange(32, dtype=np.uint8) % 2 * 64
>>> found = region_importance("tv", picture, level="pixel", cells=4, estimator="loo")
>>> [[int(v) for v in row] for row in found.critical]
[[1, 1], [0, 0]]

Importing this package loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visq.lazy import names as _names

# Modules have other names than the functions in them: a module of the same name would hide the function.
_LAZY = {
    "Agreement": "agreements",
    "Attribution": "attribution",
    "Cells": "cells",
    "Explanation": "explanation",
    "Faithfulness": "faithful",
    "HalvesReport": "half_reports",
    "Importance": "importances",
    "MEASURES": "measures",
    "Masker": "masking",
    "MetricMap": "reference_maps",
    "Pooled": "pooling",
    "agreement": "agreements",
    "explain": "explanation",
    "faithfulness": "faithful",
    "grad_cam": "attribution",
    "halves_report": "half_reports",
    "integrated_gradients": "attribution",
    "metric_maps": "reference_maps",
    "occlusion": "attribution",
    "prepared": "masking",
    "region_importance": "importances",
    "semantics": "measures",
}

__all__ = [
    "MEASURES",
    "Agreement",
    "Attribution",
    "Cells",
    "Explanation",
    "Faithfulness",
    "HalvesReport",
    "Importance",
    "Masker",
    "MetricMap",
    "Pooled",
    "agreement",
    "explain",
    "faithfulness",
    "grad_cam",
    "halves_report",
    "integrated_gradients",
    "metric_maps",
    "occlusion",
    "prepared",
    "region_importance",
    "semantics",
]

if TYPE_CHECKING:
    from visq.explain.agreements import Agreement, agreement
    from visq.explain.attribution import Attribution, grad_cam, integrated_gradients, occlusion
    from visq.explain.cells import Cells
    from visq.explain.explanation import Explanation, explain
    from visq.explain.faithful import Faithfulness, faithfulness
    from visq.explain.half_reports import HalvesReport, halves_report
    from visq.explain.importances import Importance, region_importance
    from visq.explain.masking import Masker, prepared
    from visq.explain.measures import MEASURES, semantics
    from visq.explain.pooling import Pooled
    from visq.explain.reference_maps import MetricMap, metric_maps


__getattr__ = _names(__name__, _LAZY)


def __dir__() -> list[str]:
    return sorted(__all__)
