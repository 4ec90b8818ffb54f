"""The pages of metrics: docstrings, presets, the study of severity."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from visq import catalog
from visq.report import docstrings, metric_pages
from visq.types import Like

ROOT = Path(__file__).resolve().parents[2]


def test_a_docstring_becomes_markdown():
    found = docstrings.parse(
        """Mean of ``x < y``.

        With `a` and
        ``b|c`` a pair, if a <b ::

            a + b

            c

        - one
          line
        - two

        Parameters
        ----------
        image, reference : array
            Pixels.

            More of them.
        full : bool
            Also the map.

        Returns
        -------
        float
        """
    )
    assert found.summary == "Mean of `x < y`."
    assert found.text == "With `a` and `b|c` a pair, if a \\<b\n\n```text\na + b\n\nc\n```\n\n- one line\n- two"
    assert [(e.name, e.type, e.text) for e in found.entries["Parameters"]] == [
        ("image, reference", "array", "Pixels.\n\nMore of them."),
        ("full", "bool", "Also the map."),
    ]
    assert [(e.name, e.type, e.text) for e in found.entries["Returns"]] == [("", "float", "")]


def test_presets_and_severity_get_a_section_only_where_there_are_any(tmp_path):
    likes = (Like("other", "other 1.0, f()", (("full", True),), "works | otherwise", "1e-6"),)
    study = {
        "set": "a set",
        "photographs": ["01", "05"],
        "levels": {"blur": [0.6, 1.0]},
        "meaning": {"blur": "Gaussian blur, in pixels"},
        "metrics": {"psnr": {"identity": "psnr@1", "kinds": {"blur": {"steps": 4, "broken": {"05": [1, 2]}}}}},
    }
    spec = catalog.get("psnr")
    page = metric_pages.metric_page(dataclasses.replace(spec, likes=likes), [], study)
    assert "| `other` | other 1.0, f() | works \\| otherwise | `full=true` | within 1e-6 |" in page
    assert "\n| Gaussian blur, in pixels | 0.6, 1 | 4 | 2 | 05: 1, 2 |\n" in page
    page = metric_pages.metric_page(dataclasses.replace(spec, likes=()), [], study | {"metrics": {}})
    assert "Presets of other" not in page
    assert "Severity" not in page
    assert metric_pages.severity(tmp_path / "none.json") == {}
    path = tmp_path / "severity.json"
    path.write_text(json.dumps(study), encoding="utf-8")
    assert metric_pages.severity(path) == study


def test_the_severity_study_is_of_the_scores_of_today():
    """Every metric for images, at its present version: `python benchmarks/severity.py PHOTOS` makes it again."""
    study = metric_pages.severity(ROOT / "benchmarks" / "results" / "severity.json")
    found = {name: entry["identity"] for name, entry in study["metrics"].items()}
    today = {spec.id: spec.identity() for spec in catalog.specs() if spec.kind != "video"}
    # Only what rests on weights that do not ship may wait for a machine that has them.
    apart = {spec.id for spec in catalog.specs() if any(not w.ships for w in spec.weights)}
    assert found == {name: identity for name, identity in today.items() if name in found or name not in apart}
    assert len(study["photographs"]) >= 12
    kinds = {tuple(entry["kinds"]) for entry in study["metrics"].values()}
    assert kinds == {("blur", "noise", "jpeg", "jpeg2000", "downsampling")}
    assert {len(levels) for levels in study["levels"].values()} == {5}
