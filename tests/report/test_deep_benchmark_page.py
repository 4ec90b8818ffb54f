"""The part of the page of benchmarks that tells of networks; nothing is timed here."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("an installed copy has no benchmarks", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import deep_page  # noqa: E402
import page  # noqa: E402
import results  # noqa: E402


def row(metric: str, ratio: float | None, **others: Any) -> dict[str, Any]:
    base = {"kind": "deep", "metric": metric, "peer": "piq", "size": "256x256", "threads": 1, "batch": 1}
    base |= {"shared": False, "call": "f(x, y)", "form": "t32", "command": "", "other_load": 0.1}
    if ratio is not None:
        base |= {"visq_ms": 10.0, "peer_ms": 10.0 * ratio, "ratio": ratio}
        base |= {"ratio_quartiles": [ratio - 0.1, ratio + 0.1]}
    base |= others
    return base | {"command": f"batch={base['batch']},shared={base['shared']}"}


def rows(folder: Path, made: list[dict[str, Any]]) -> results.Rows:
    found = results.Rows(folder / "deep.jsonl")
    for one in made:
        found.add(one)
    return found


def test_counts_wins_ties_and_losses_and_not_what_was_noisy(tmp_path: Path) -> None:
    text = deep_page.section(
        rows(
            tmp_path,
            [
                row("dists", 1.2),
                row("dists", 0.95, threads=2),
                row("style", 0.5),
                row("content", 9.0, threads=2, other_load=0.9),
                row("content", None, batch=8, error="LateError: late"),
            ],
        )
    )
    assert "Of 3 rows visq is faster in 1, slower by less than a tenth in 1, slower in 1." in text
    assert "| dists | piq | 256x256 | 1 | 10 | 12 | **1.20** (1.10 .. 1.30) | 10 | 9.5 | **0.95** (" in text
    assert "**9.00** (8.90 .. 9.10) †" in text
    assert "- content, piq, 256x256, batch 8: LateError: late" in text


def test_a_shared_reference_has_a_line_of_its_own(tmp_path: Path) -> None:
    text = deep_page.section(rows(tmp_path, [row("style", 2.0, batch=8), row("style", 4.0, batch=8, shared=True)]))
    assert "| style | piq | 256x256 | 8 |" in text
    assert "| style | piq | 256x256 | 8, shared |" in text


def test_the_page_has_the_part_only_when_rows_are_there(tmp_path: Path) -> None:
    nothing = results.Rows(tmp_path / "none.jsonl")
    assert "Metrics on networks" not in page.render(nothing, nothing)
    assert "Metrics on networks" not in page.render(nothing)
    assert "Metrics on networks" in page.render(nothing, rows(tmp_path, [row("dists", 1.0)]))
