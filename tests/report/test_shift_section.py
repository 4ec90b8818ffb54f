"""The table of shifts in the pages of the metrics, and the study that it is made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from visq import catalog
from visq.report import metric_pages

RESULT = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "shift_tolerance.json"
STUDY = {
    "set": "a set",
    "photographs": ["01", "05"],
    "side": 192,
    "shifts": [1, 2],
    "distortions": ["gaussian_blur:1", "jpeg:3"],
    "metrics": {
        "psnr": {
            "identity": "psnr@1", "changes": [0.12345, 1.5], "flips": [0, 3], "flips_alone": [1, 8], "compared": 4,
            "compared_alone": 8,
        }
    },
}  # fmt: skip


def test_the_table_holds_the_study():
    page = metric_pages.metric_page(catalog.get("psnr"), [], {}, STUDY)
    assert "\n| 1 | 12.3% | 0 of 4 (0.0%) | 1 of 8 (12.5%) |\n" in page
    assert "\n| 2 | 150.0% | 3 of 4 (75.0%) | 8 of 8 (100.0%) |\n" in page
    assert "2 photographs of a set (01, 05), of each the middle 192x192 pixels" in page


def test_pages_without_a_study_have_no_section():
    assert "Shift tolerance" not in metric_pages.metric_page(catalog.get("ssim"), [], {}, STUDY)
    assert "Shift tolerance" not in metric_pages.metric_page(catalog.get("psnr"), [], {})


@pytest.mark.skipif(not RESULT.exists(), reason="the study has not been made: benchmarks/shift_tolerance.py")
def test_the_study_is_of_the_scores_of_today():
    """Full-reference metrics at their present versions; those whose weights do not come with visq may be missing."""
    study = metric_pages.severity(RESULT)
    today = {spec.id: spec.identity() for spec in catalog.specs("fr")}
    found = {name: entry["identity"] for name, entry in study["metrics"].items()}
    assert found == {name: identity for name, identity in today.items() if name in found}
    assert all(any(not w.ships for w in catalog.get(name).weights) for name in today.keys() - found.keys())
    assert study["shifts"] == list(range(1, 9))
    assert len(study["photographs"]) >= 12
    for entry in study["metrics"].values():
        assert len(entry["changes"]) == len(entry["flips"]) == len(entry["flips_alone"]) == 8
        assert max(entry["flips"]) <= entry["compared"]
        assert max(entry["flips_alone"]) <= entry["compared_alone"]
