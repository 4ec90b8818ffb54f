"""The page `docs/benchmarks.md`, from the rows."""

from __future__ import annotations

from typing import Any

import deep_page
import nr_page
import visq
from cases import GROUPS
from measure import Row
from others import QUIET
from pictures import SIZES
from results import MEMORY, Rows, Summary, factor, hungry, noisy, summary
from visq.cli.messages import counted

_PLACES = {(group.label, group.pixels): place for place, group in enumerate(GROUPS)}


def render(
    rows: Rows, networks: Rows | None = None, alone: Rows | None = None, folder: dict[str, Any] | None = None
) -> str:
    """Every row, wins and losses; `networks` are those of `deep.py`, `alone` of `nr_speed.py`.

    `folder` is what `folder.py` measured.
    """
    parts = [_head(rows), _summaries(rows), _losses(rows)]
    parts += [_size(rows, size) for size in SIZES]
    parts += [_memory(rows), _startup(rows), _megapixels(rows)]
    parts += [deep_page.section(networks) if networks else "", nr_page.section(alone, folder) if alone else ""]
    parts += [_calls(rows), _failed(rows)]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _head(rows: Rows) -> str:
    facts: dict[str, Any] = next(iter(rows.of("machine")), {})
    packages = ", ".join(f"{name} {version}" for name, version in facts.get("packages", {}).items())
    peers = ", ".join(f"{name} {version}" for name, version in facts.get("peers", {}).items())
    return f"""# Benchmarks

Written by `benchmarks/run.py` from the rows in `benchmarks/results`, {facts.get("date", "")}.
{facts.get("processor", "")}, {facts.get("cores", "")} cores, {facts.get("memory_gib", "")} GiB,
{facts.get("system", "")}, Python {facts.get("python", "")}; {packages}.
Peers, each in an environment of its own: {peers}.

How it was measured: `benchmarks/README.md`. visq's NumPy engine and a peer take turns in two processes on the same
pictures. A ratio above 1 means visq is that many times faster; it is the median over paired turns, quartiles in
brackets. Milliseconds are processor time for one thread, wall time for two. `>` marks a peer that was given up, with
what it had used by then; "not run" one that a smaller picture showed to be far too slow, which is not counted.
Peak MB is what a call adds to the resident memory. `*` marks a peer that computes something else under the same
name (the last table says what): published, but not counted. `†` marks wall times taken while other programs kept more
than {QUIET} of a core busy: not counted either."""


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.0f} %)" if whole else "none measured"


def _summaries(rows: Rows) -> str:
    speed = rows.of("speed")
    lines = [
        "## Summary",
        "",
        "A row here is one quantity at one size by one number of threads, over all peers that compute it.",
        "",
        "| size | threads | visq first or within 10 % | ten times the median peer | of pairs: first or within 10 % |",
        "|---|--:|--:|--:|--:|",
    ]
    for size in SIZES:
        for threads in (1, 2):
            part = summary(r for r in speed if r["size"] == size and r["threads"] == threads)
            if part.quantities:
                lines.append(_summary_line(size, str(threads), part))
    total = summary(speed)
    lines.append(_summary_line("**all**", "", total))
    if total.noisy:
        lines += ["", f"Taken on a busy machine (†) and not counted: {counted(total.noisy, 'pair')}."]
    if total.untried:
        untried = counted(total.untried, "pair")
        lines += ["", f"Not run, the peer being too slow at a smaller size, and not counted: {untried}."]
    lines += _hungry(rows)
    for r in speed:
        if (r["metric"], r["size"], r["threads"]) == ("mad", SIZES[0], 1) and "visq_ms" in r:
            lines += ["", f"MAD at {SIZES[0]} on one thread: {_number(r['visq_ms'])} ms."]
    return "\n".join(lines)


def _hungry(rows: Rows) -> list[str]:
    if not rows.of("memory"):
        return []
    networks = {spec.id for spec in visq.catalog.specs() if spec.extra == "torch"}
    found: dict[bool, list[str]] = {False: [], True: []}
    for r in hungry(rows.of("memory")):
        found[r["metric"] in networks].append(f"{_name(r)} {r['size']} ({factor(r):.1f})")
    text, rest = (", ".join(sorted(found[deep])) for deep in (False, True))
    lines = ["", f"Metrics that take more than {MEMORY:g} times the memory of their inputs: {text or 'none'}."]
    return lines + ["", f"Networks keep whole layers, and are not held against that: {rest}."] * bool(rest)


def _summary_line(size: str, threads: str, part: Summary) -> str:
    shares = [(part.first, part.quantities), (part.tenfold, part.quantities), (part.pairs_first, part.pairs)]
    return f"| {size} | {threads} | " + " | ".join(_share(*share) for share in shares) + " |"


def _losses(rows: Rows) -> str:
    lost = sorted(summary(rows.of("speed")).losses, key=lambda r: r["ratio"])
    if not lost:
        return ""
    lines = ["Where a peer is faster:", ""]
    for row in lost:
        threads = f"{row['threads']} thread{'s' if row['threads'] > 1 else ''}"
        lines.append(f"- {_name(row)} {row['size']}, {threads}: {row['peer']}, ratio {_number(row['ratio'])}")
    return "\n".join(lines)


def _size(rows: Rows, size: str) -> str:
    speed = [r for r in rows.of("speed") if r["size"] == size and "ratio" in r]
    if not speed:
        return ""
    memory = {_memory_key(r): r for r in rows.of("memory") if r["size"] == size and "again_mb" in r}
    lines = [
        f"## {size}",
        "",
        "| metric | peer | visq ms, 1 thread | peer ms | ratio | visq ms, 2 threads | peer ms | ratio "
        "| visq peak MB | peer peak MB |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    pairs: dict[tuple[str, ...], dict[int, Row]] = {}
    for row in sorted(speed, key=_order):
        pairs.setdefault((row["metric"], row["pixels"], row["peer"], row["call"]), {})[row["threads"]] = row
    for both in pairs.values():
        row = next(iter(both.values()))
        cells = [_name(row), row["peer"] + ("" if row.get("same", True) else " *")]
        for threads in (1, 2):
            cells += _times(both.get(threads))
        for peer, call in (("visq", ""), (row["peer"], row["call"])):
            found = memory.get((row["metric"], row["pixels"], peer, call))
            cells.append(f"{found['again_mb']:.1f}" if found else "")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _order(row: Row) -> tuple[int, str, str]:
    """Quantities in the order of the table of cases, what is no longer in it last."""
    name = row["metric"], row["pixels"]
    return _PLACES.get(name, len(_PLACES)), row["peer"], row["call"]


def _memory_key(row: Row) -> tuple[str, str, str, str]:
    return row["metric"], row["pixels"], row["peer"], "" if row["peer"] == "visq" else row["call"]


def _name(row: Row) -> str:
    return f"{row['metric']}, {row['pixels']}"


def _times(row: Row | None) -> list[str]:
    if row is None:
        return ["", "", ""]
    mark = " †" if noisy(row) else ""
    if not row.get("tried", True):
        return [_number(row["visq_ms"]), "not run", mark]
    if "over_s" in row:
        return [_number(row["visq_ms"]), f"> {row['over_s'] * 1000:.0f}", f"**> {_number(row['ratio'])}**{mark}"]
    low, high = map(_number, row["ratio_quartiles"])
    return [
        _number(row["visq_ms"]),
        _number(row["peer_ms"]),
        f"**{_number(row['ratio'])}** ({low} .. {high}){mark}",
    ]


def _number(value: float) -> str:
    """Three digits."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _memory(rows: Rows) -> str:
    own = [r for r in rows.of("memory") if r["peer"] == "visq" and "again_mb" in r]
    if not own:
        return ""
    lines = [
        "## Memory of visq, in inputs",
        "",
        "What a call adds to the resident memory, over the bytes of the 8-bit pictures it is given: the larger of the",
        f"first and the second call in a process. The rule is {MEMORY:g} at most; less than 1 MB cannot be told.",
        "",
        "| metric | " + " | ".join(SIZES) + " |",
        "|---|" + "--:|" * len(SIZES),
    ]
    above = {id(r) for r in hungry(own)}
    table: dict[str, dict[str, str]] = {}
    for row in own:
        text = f"{factor(row):.1f}"
        table.setdefault(_name(row), {})[row["size"]] = f"**{text}**" if id(row) in above else text
    for name, cells in sorted(table.items()):
        lines.append(f"| {name} | " + " | ".join(cells.get(size, "") for size in SIZES) + " |")
    return "\n".join(lines)


def _startup(rows: Rows) -> str:
    found = rows.of("startup")
    if not found:
        return ""
    lines = [
        "## Start-up, whole processes",
        "",
        "| command | wall s | CPU s | `import torch` takes this many times as long |",
        "|---|--:|--:|--:|",
    ]
    for r in found:
        ratio = r.get("import_torch_over_this", "")
        lines.append(f"| `{r['command']}` | {r['wall_s']:.3f} | {r['cpu_s']:.3f} | {ratio} |")
    return "\n".join(lines)


def _megapixels(rows: Rows) -> str:
    found = rows.of("megapixels")
    if not found:
        return ""
    lines = [
        "## Peak memory on 100 megapixels (10,000 x 10,000, 8-bit RGB PNG files)",
        "",
        "Resident peak of the whole process, decoded pixels included (0.3 GB a picture).",
        "",
        "| metric | peak MB | reading s | scoring s |",
        "|---|--:|--:|--:|",
    ]
    lines += [f"| {r['metric']} | {r['peak_mb']} | {r['open_s']} | {r['score_s']} |" for r in found]
    return "\n".join(lines)


def _calls(rows: Rows) -> str:
    """What was called, what it gave, and what differs."""
    speed = [r for r in rows.of("speed") if r["size"] == SIZES[0] and r["threads"] == 1]
    if not speed:
        return ""
    lines = [
        "## What was called",
        "",
        f"Values on the pair of {SIZES[0]}. Forms: `t8` torch uint8, `t32` torch float32, `u8` NumPy uint8.",
        "",
        "| metric | peer | call | form | visq | peer | differs |",
        "|---|---|---|---|--:|--:|---|",
    ]
    for row in sorted(speed, key=_order):
        values = [f"{row[k]:.6g}" if row.get(k) is not None else "" for k in ("visq_value", "peer_value")]
        note = row.get("note", "") + ("" if row.get("same", True) else " (not counted)")
        cells = [_name(row), row["peer"], f"`{row['call']}`", row["form"], *values, note]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _failed(rows: Rows) -> str:
    failed = [r for r in (*rows.of("speed"), *rows.of("memory")) if "error" in r]
    if not failed:
        return ""
    lines = ["## Did not run", ""]
    for r in failed:
        threads = f", {r['threads']} threads" if r["kind"] == "speed" else " (memory)"
        lines.append(f"- {_name(r)}, {r['peer']}, {r['size']}{threads}: {r['error'].replace('|', '/')}")
    return "\n".join(lines)
