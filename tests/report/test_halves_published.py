"""The published study of halves: its page is that of its numbers, and its numbers are those of its photographs."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest
from scipy.stats import spearmanr

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("an installed copy has no benchmarks", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import halves_page  # noqa: E402

KEPT = BENCHMARKS / "results" / "halves"


@pytest.fixture(scope="module")
def found():
    return json.loads((KEPT / "halves.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def scores():
    with (KEPT / "halves.images.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_page_is_that_of_the_numbers(found):
    assert halves_page.PAGE.read_text(encoding="utf-8") == halves_page.page(found).rstrip() + "\n"


def test_the_command_names_no_place(found):
    assert found["made"]["command"].startswith("visq halves biq2021=BIQ2021 ")
    for name in halves_page.FILES:
        assert "/tmp" not in (KEPT / name).read_text(encoding="utf-8")


def test_two_hundred_photographs_of_the_test_part_and_all_of_them_judged(found, scores):
    assert found["about"]["part"] == "official:test"
    assert found["pictures"] == len({row["image"] for row in scores}) >= 200
    assert not found["not_judged"]


def test_correlations_are_those_of_the_photographs_by_scipy(found, scores):
    lower = {model["name"]: model["lower_is_better"] for model in found["models"]}
    checked = 0
    for one in found["halves"]:
        chooser = "" if one["chooser"] == one["judge"] else one["chooser"]
        rows = [row for row in scores if (row["model"], row["chooser"]) == (one["judge"], chooser)]
        people = [float(row["label"]) for row in rows]
        for part in ("full", "critical", "trivial"):
            expected = spearmanr(people, [float(row[part]) for row in rows]).statistic
            expected *= -1 if lower[one["judge"]] else 1
            # Scores are written with all their digits.
            assert one["srcc"][part]["estimate"] == pytest.approx(expected, abs=1e-12)
            checked += 1
    assert checked == 3 * len(found["models"]) ** 2


def test_the_split_is_told_by_four_differences(found):
    """The second and third claim, by hand from the intervals."""
    said = {e["model"]: e["verdict"] for claim in found["claims"][1:3] for e in claim["evidence"]}
    own = {one["judge"]: one for one in found["halves"] if one["judge"] == one["chooser"]}
    stable = {model["name"]: model["stability"] for model in found["models"]}
    assert set(said) == {model["name"] for model in found["models"] if model["family"] != "classical"}
    for name, verdict in said.items():
        near, far, above, order = (own[name]["differences"][d] for d in halves_page.ASKED)
        if own[name]["srcc"]["full"]["low"] <= 0.1:
            expected = "undecided"
        elif near["high"] <= 0.05 and far["low"] >= 0.1 and above["low"] > 0 and order["low"] > 0:
            expected = "confirmed"
        elif near["low"] > 0.05 or far["high"] < 0.1 or above["high"] < 0 or order["high"] < 0:
            expected = "contradicted" if stable[name] is None or stable[name] >= 0.7 else "undecided"
        else:
            expected = "undecided"
        assert verdict == expected, name
