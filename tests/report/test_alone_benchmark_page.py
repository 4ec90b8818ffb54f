"""The part of the page of benchmarks that tells of visq-nr and of whole commands; nothing is timed here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("an installed copy has no benchmarks", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import nr_page  # noqa: E402
import page  # noqa: E402
import results  # noqa: E402


def row(peer: str, ratio: float, **others: Any) -> dict[str, Any]:
    base = {"kind": "nr_speed", "metric": "visq_nr", "peer": peer, "size": "512x384", "threads": 1, "call": "f(x)"}
    base |= {"form": "t32", "other_load": 0.1, "visq_ms": 50.0, "peer_ms": 50.0 * ratio, "ratio": ratio}
    return base | {"ratio_quartiles": [ratio - 0.5, ratio + 0.5]} | others


def rows(folder: Path, *made: dict[str, Any]) -> results.Rows:
    found = results.Rows(folder / "nr_speed.jsonl")
    for one in made:
        found.add(one)
    return found


def test_the_least_ratio_is_of_rows_that_were_quiet(tmp_path: Path) -> None:
    made = rows(
        tmp_path,
        row("tres", 80.0, size="1920x1080"),
        row("arniqa", 7.8),
        row("arniqa", 4.0, threads=2, other_load=0.9),
    )
    text = nr_page.section(made, None)
    assert "The least of 2 ratios is 7.8. `†`" in text
    lines = [line for line in text.splitlines() if line.startswith(("| arniqa", "| tres"))]
    assert lines == [
        "| arniqa | 512x384 | 50 | 390 | **7.80** (7.30 .. 8.30) | 50 | 200 | **4.00** (3.50 .. 4.50) † |",
        "| tres | 1920x1080 | 50 | 4000 | **80.00** (79.50 .. 80.50) |  |  |  |",
    ]


def test_losses_of_whole_commands_are_told(tmp_path: Path) -> None:
    folder = {
        "photographs": "500 photographs",
        "runs": [
            {"threads": 2, "rows": [{"command": "visq score", "wall_s": 35.1, "cpu_s": 68.9, "times_as_fast": 0.6}]}
        ],
    }
    text = page.render(rows(tmp_path), None, rows(tmp_path, row("arniqa", 7.8)), folder)
    assert "| `visq score` | 2 | 35.1 | 68.9 | 0.60 |" in text
    assert "Whole commands" not in page.render(rows(tmp_path))


def test_the_page_has_the_figures_that_are_kept() -> None:
    written = (BENCHMARKS.parent / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    folder = json.loads((BENCHMARKS / "results" / "folder.json").read_text(encoding="utf-8"))
    kept = results.Rows(BENCHMARKS / "results" / "nr_speed.jsonl")
    assert kept.of("nr_speed")
    assert nr_page.section(kept, folder) in written
