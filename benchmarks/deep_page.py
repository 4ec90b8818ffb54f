"""The part of `docs/benchmarks.md` that `deep.py` measured."""

from __future__ import annotations

from measure import Row
from others import QUIET
from results import TIE, Rows, noisy


def section(rows: Rows) -> str:
    """Every row of the metrics that rest on networks, wins and losses."""
    made = rows.of("deep")
    if not made:
        return ""
    counted = [r for r in made if "ratio" in r and not noisy(r)]
    never = sum(r["ratio"] >= 1 for r in counted)
    tied = sum(TIE <= r["ratio"] < 1 for r in counted)
    machine = next(iter(rows.of("machine")), {})
    lines = [
        "## Metrics on networks",
        "",
        f"Written from `benchmarks/results/deep.jsonl`, {machine.get('date', '')}; `python benchmarks/deep.py`.",
        "The same parameters on both sides, in paired turns. visq is given bytes as NumPy arrays, its peers",
        "tensors that are ready; what visq remembers of references is cleared before every call. Shared: all pictures",
        "of the batch have one reference, whose features visq computes once. One thread in processor time, two in",
        "wall time.",
        "",
        f"Of {len(counted)} rows visq is faster in {never}, slower by less than a tenth in {tied}, slower in "
        f"{len(counted) - never - tied}."
        + (f" `†`: others kept more than {QUIET} of a core busy, not counted." if any(map(noisy, made)) else ""),
        "",
        "| metric | peer | size | batch | visq ms, 1 thread | peer ms | ratio | visq ms, 2 threads | peer ms | ratio |",
        "|---|---|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    pairs: dict[tuple[str, ...], dict[int, Row]] = {}
    for row in made:
        batch = f"{row['batch']}, shared" if row["shared"] else str(row["batch"])
        pairs.setdefault((row["metric"], row["peer"], row["size"], batch), {})[row["threads"]] = row
    for names, both in sorted(pairs.items()):
        cells = [cell for threads in (1, 2) for cell in times(both.get(threads))]
        lines.append("| " + " | ".join([*names, *cells]) + " |")
    return "\n".join([*lines, *_failed(made)])


def times(row: Row | None) -> list[str]:
    """Milliseconds of visq and of the peer, and their ratio with its quartiles."""
    if row is None or "ratio" not in row:
        return ["", "", ""]
    low, high = row["ratio_quartiles"]
    mark = " †" if noisy(row) else ""
    return [f"{row['visq_ms']:.4g}", f"{row['peer_ms']:.4g}", f"**{row['ratio']:.2f}** ({low:.2f} .. {high:.2f}){mark}"]


def _failed(made: list[Row]) -> list[str]:
    failed = [r for r in made if "error" in r]
    lines = [f"- {r['metric']}, {r['peer']}, {r['size']}, batch {r['batch']}: {r['error']}" for r in failed]
    return ["", "Did not run:", "", *lines] if lines else []
