"""Published correlations, from the authors' own values for each image and the databases' scores.

The six files hold what the authors of DeepWSD released for each image beside the databases' scores; the figures are
those of its table of results, and a value agrees where it rounds to the printed digits.
"""

from __future__ import annotations

import csv

import numpy as np
import pytest

from shared_data import shared
from visq.evaluate import agreement, fit_logistic, krcc, plcc, srcc

# Items, SRCC, KRCC, PLCC, PLCC after the five-parameter fit where the table has it.
_PUBLISHED = {
    "csiq": (750, ".9652", ".8297", ".950", ".960"),
    "tid2013": (3000, ".8741", ".6932", ".876", ".896"),
    "kadid10k": (10125, ".8883", ".7076", ".875", ".888"),
    "live": (982, ".9624", ".8378", ".965", None),
    "live_md": (450, ".9265", ".7607", ".928", None),
    "ivc": (185, ".9231", ".7570", ".919", None),
}


def _read(name):
    with shared(f"golden/scores/{name}.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    values = np.array([[float(cell) for cell in row[1:]] for row in rows])
    directions = {"lower_is_better": True, "scores_lower_is_better": head[1] == "dmos"}
    return values[:, 1], values[:, 0], directions, [row[0] for row in rows]


def _rounds_to(value, printed):
    digits = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5 * 10**-digits + 1e-9


@pytest.mark.parametrize("name", _PUBLISHED)
def test_each_printed_figure(name):
    predictions, scores, directions, _ = _read(name)
    items, *printed, fitted = _PUBLISHED[name]
    assert predictions.size == items
    values = [measure(predictions, scores, **directions) for measure in (srcc, krcc, plcc)]
    assert all(map(_rounds_to, values, printed)), values
    fit = fit_logistic(predictions, scores)
    assert fit.kind == "logistic5"
    if fitted:
        assert _rounds_to(plcc(fit(predictions), scores), fitted)


@pytest.mark.parametrize("name", ["csiq", "tid2013", "kadid10k"])
def test_agreement_has_the_same_figures(name):
    predictions, scores, directions, images = _read(name)
    content = [image.rpartition("/")[2].replace("_", ".").split(".")[0].lower() for image in images]
    found = agreement(predictions, scores, groups=content, samples=200, **directions)
    items, *printed, fitted = _PUBLISHED[name]
    assert found.n == items
    assert found.groups == {"csiq": 30, "tid2013": 25, "kadid10k": 81}[name]
    assert all(map(_rounds_to, (found.srcc, found.krcc, found.plcc, found.plcc_fitted), [*printed, fitted]))
    for measure, (low, high) in found.intervals.items():
        assert low < getattr(found, measure) < high
    assert not found.notes


def test_live_without_its_reference_copies():
    """982 rows include 203 copies of the references, which flatter the correlation; 779 are distorted."""
    predictions, scores, directions, _ = _read("live")
    distorted = scores != 0
    assert distorted.sum() == 779
    assert _rounds_to(srcc(predictions[distorted], scores[distorted], **directions), ".9254")
