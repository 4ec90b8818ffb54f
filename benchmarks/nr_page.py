"""The part of `docs/benchmarks.md` about visq-nr: `nr_speed.py`, and whole commands by `folder.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deep_page import times
from measure import Row
from others import QUIET
from results import Rows, noisy


def section(rows: Rows, folder: Mapping[str, Any] | None) -> str:
    """Every pair, wins and losses."""
    parts = [_networks(rows), _commands(folder) if folder else ""]
    return "\n\n".join(part for part in parts if part)


def _networks(rows: Rows) -> str:
    made = rows.of("nr_speed")
    counted = [r for r in made if "ratio" in r and not noisy(r)]
    if not counted:
        return ""
    machine = next(iter(rows.of("machine")), {})
    lines = [
        "## visq-nr against metrics on ResNet-50",
        "",
        f"Written from `benchmarks/results/nr_speed.jsonl`, {machine.get('date', '')};",
        "`python benchmarks/nr_speed.py`. visq-nr with its interval and sub-scores, from bytes; pyiqa's no-reference",
        "metrics that rest on a ResNet-50, with random parameters (theirs are downloads), from a tensor that is ready.",
        "One picture at a time, in paired turns; one thread in processor time, two in wall time. TReS and HyperIQA",
        "look at 50 and 25 squares of 224 pixels whatever the size, the others at all of the picture. Of one picture",
        "in seven, whose light is in the middle, visq-nr looks at both sides, which is twice the work: so of the one",
        "of 1920x1080. Lit from the left it stands for the other six.",
        "",
        f"The least of {len(counted)} ratios is {min(r['ratio'] for r in counted):.1f}."
        + (f" `†`: others kept more than {QUIET} of a core busy, not counted." if any(map(noisy, made)) else ""),
        "",
        "| peer | size | visq ms, 1 thread | peer ms | ratio | visq ms, 2 threads | peer ms | ratio |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    pairs: dict[tuple[str, str], dict[int, Row]] = {}
    for row in made:
        pairs.setdefault((row["size"], row["peer"]), {})[row["threads"]] = row
    for (size, peer), both in sorted(pairs.items(), key=lambda one: (int(one[0][0].split("x")[0]), one[0][1])):
        cells = [cell for threads in (1, 2) for cell in times(both.get(threads))]
        lines.append("| " + " | ".join([peer, size, *cells]) + " |")
    failed = [r for r in made if "error" in r]
    return "\n".join([*lines, *(f"\n- {r['peer']}, {r['size']}: {r['error']}" for r in failed)])


def _commands(folder: Mapping[str, Any]) -> str:
    lines = [
        "## Whole commands on a folder",
        "",
        f"{folder['photographs']}, from the start of the process to the written table;",
        "`python benchmarks/folder.py`, `benchmarks/results/folder.json`. pyiqa's command runs PIQE, the cheapest of",
        "its no-reference metrics that need no download. `visq score` alone runs visq-nr, a network: more work for",
        "every picture than PIQE is, on either side.",
        "",
        "| command | threads | wall s | CPU s | times as fast as pyiqa's, by wall time |",
        "|---|--:|--:|--:|--:|",
    ]
    for run in folder["runs"]:
        for row in run["rows"]:
            cells = (f"`{row['command']}`", run["threads"], row["wall_s"], row["cpu_s"], f"{row['times_as_fast']:.2f}")
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)
