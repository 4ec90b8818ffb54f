"""The benchmark's table of cases, its arithmetic and its page; nothing is timed here."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import numpy as np
import pytest

import visq

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("an installed copy has no benchmarks", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import adapters  # noqa: E402
import cases  # noqa: E402
import deep  # noqa: E402
import environments  # noqa: E402
import measure  # noqa: E402
import page  # noqa: E402
import results  # noqa: E402
import turns  # noqa: E402


@pytest.mark.parametrize("group", cases.GROUPS, ids=lambda g: f"{g.label}-{g.pixels}")
def test_group_is_a_metric_of_the_catalogue(group: cases.Group) -> None:
    spec = visq.catalog.get(group.metric)
    assert spec.id == group.metric
    assert visq.catalog.check_options(spec, dict(group.options)) == group.options
    assert group.alone == (spec.kind == "nr")


def test_a_quantity_stands_once_and_a_peer_once_in_it() -> None:
    names = [(group.label, group.pixels) for group in cases.GROUPS]
    assert len(names) == len(set(names))
    for group in cases.GROUPS:
        peers = [call.peer for call in group.peers]
        assert len(peers) == len(set(peers)) > 0


def test_every_peer_has_an_environment_an_adapter_and_a_pinned_version() -> None:
    used = {call.peer for group in cases.GROUPS for call in group.peers}
    assert used == set(cases.PEERS)
    used |= {case.peer for case in deep.CASES}
    assert used == set(environments.PEERS) == set(adapters._ADAPTERS) - {"visq"}
    for peer in used:
        assert f"{peer}==" in (environments.REQUIREMENTS / f"{peer}.txt").read_text()


@pytest.mark.parametrize("group", cases.GROUPS, ids=lambda g: f"{g.label}-{g.pixels}")
def test_calls_are_expressions_over_the_pictures(group: cases.Group) -> None:
    for call in (group.ours, *group.peers):
        names = {node.id for node in ast.walk(ast.parse(call.call, mode="eval")) if isinstance(node, ast.Name)}
        assert "x" in names
        # A call that leaves the reference out would be quick, and wrong.
        assert ("y" in names) != group.alone


def row(metric: str, peer: str, ratio: float | None = None, **others: object) -> measure.Row:
    base = {"kind": "speed", "metric": metric, "pixels": "grey", "peer": peer, "call": "f(x, y)", "form": "u8"}
    base |= {"size": "512x384", "threads": 1, "same": True, "note": "", "other_load": 0.1}
    if ratio is not None:
        base |= {"visq_ms": 2.0, "peer_ms": 2.0 * ratio, "ratio": ratio, "ratio_quartiles": [ratio, ratio], "turns": 5}
    return base | others


STORED = [
    {"kind": "machine", "date": "2026-01-02", "processor": "P", "cores": 2, "packages": {"visq": "0"}, "peers": {}},
    row("ssim", "piq", 30.0),
    row("ssim", "frame-analytics", 0.95),
    row("ssim", "sewar", 12.0),
    row("gmsd", "piq", 20.0),
    row("gmsd", "frame-analytics", 0.8),
    # Counted: it was run, and had used 75 s when it was given up.
    row("mad", "pyiqa", 300.0, over_s=75.0),
    # Not counted: something else, a busy machine, an unknown load, not run, did not run.
    row("uqi", "torchmetrics", 0.1, same=False),
    row("ssim", "piq", 0.2, threads=2, other_load=0.9),
    row("fsim", "piq", 500.0, threads=2, other_load=None),
    row("mad", "pyiqa", 900.0, over_s=75.0, tried=False, size="1920x1080"),
    row("vif", "pyiqa", error="URLError: no network"),
    {**row("mad", "visq"), "kind": "memory", "first_mb": 9.0, "again_mb": 2.0, "input_mb": 0.5},
    {**row("ssim", "visq"), "kind": "memory", "first_mb": 0.4, "again_mb": 0.3, "input_mb": 0.02},
]


@pytest.fixture
def stored(tmp_path: Path) -> results.Rows:
    rows = results.Rows(tmp_path / "rows.jsonl")
    for one in STORED:
        rows.add(dict(one))
    return results.Rows(rows.path)


def test_summary_counts_only_what_was_measured_alike(stored: results.Rows) -> None:
    found = results.summary(stored.rows.values())
    # ssim (0.95 is within a tenth), gmsd (lost), mad.
    assert (found.quantities, found.first) == (3, 2)
    # Medians: ssim 12, gmsd 10.4, mad 300.
    assert found.tenfold == 3
    assert (found.pairs, found.pairs_first) == (6, 5)
    assert (found.noisy, found.untried) == (2, 1)
    assert [(r["metric"], r["ratio"]) for r in found.losses] == [("ssim", 0.95), ("gmsd", 0.8)]


def test_memory_is_held_against_the_larger_of_two_calls(stored: results.Rows) -> None:
    # 9 / 0.5 = 18 inputs; ssim's 0.4 MB are 20 inputs, but less than can be told.
    assert [(r["metric"], results.factor(r)) for r in results.hungry(stored.of("memory"))] == [("mad", 18.0)]


def test_page_shows_every_row(stored: results.Rows) -> None:
    text = page.render(stored)
    assert "| ssim, grey | frame-analytics | 2.00 | 1.90 | **0.95** (0.95 .. 0.95) |" in text
    assert "- gmsd, grey 512x384, 1 thread: frame-analytics, ratio 0.80" in text
    assert "uqi, grey | torchmetrics *" in text
    assert "**0.20** (0.20 .. 0.20) †" in text
    assert "> 75000 | **> 300**" in text
    assert "not run" in text
    assert "vif, grey, pyiqa, 512x384, 1 threads: URLError: no network" in text
    assert "mad, grey 512x384 (18.0)" in text
    assert "| 512x384 | 1 | 2 of 3 (67 %) | 3 of 3 (100 %) | 5 of 6 (83 %) |" in text
    assert "Taken on a busy machine (†) and not counted: 2 pairs." in text
    assert "Not run, the peer being too slow at a smaller size, and not counted: 1 pair." in text


def test_rows_survive_a_run_that_was_killed(stored: results.Rows) -> None:
    with stored.path.open("a") as stream:
        stream.write('{"kind": "speed", "metric": "ms_s')
    again = results.Rows(stored.path)
    assert len(again.rows) == len(STORED)
    again.add(row("gmsd", "frame-analytics", 1.5))
    last = results.Rows(stored.path)
    assert len(last.rows) == len(STORED)
    assert json.loads(stored.path.read_text().splitlines()[-1])["ratio"] == 1.5
    assert [r["metric"] for r in results.summary(last.rows.values()).losses] == ["ssim"]


def test_worker_computes_and_says_what_went_wrong(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pair = {name: rng.integers(0, 256, (40, 48), dtype=np.uint8) for name in ("x", "y")}
    paths = {name: str(tmp_path / f"{name}.npy") for name in pair}
    for name, picture in pair.items():
        np.save(paths[name], picture)
    call = cases.Group("mse", "grey", ()).ours
    with turns.Worker(Path(sys.executable), "visq", 1, 0) as worker:
        alone = cases.Group("entropy", "grey", (), alone=True)
        opened = worker.ask("open", 120, **measure.order(alone, alone.ours, {"grey": paths}))
        # The reference is no input of a metric without one, and its bytes would hide half of what it takes.
        assert opened["bytes"] == 40 * 48
        opened = worker.ask("open", 120, **measure.order(cases.Group("mse", "grey", ()), call, {"grey": paths}))
        assert opened["bytes"] == 2 * 40 * 48
        assert worker.ask("run", 60, calls=3)["wall_s"] > 0
        assert worker.ask("value", 60)["value"] == visq.metric("mse")(pair["x"], pair["y"])
        worker.ask("open", 60, files=paths, form="u8", call="missing(x)")
        with pytest.raises(turns.WorkerError, match="NameError"):
            worker.ask("run", 60, calls=1)
        # A late call ends the process, and says whose call it was; the next question starts a new one.
        worker.ask("open", 60, files=paths, form="u8", setup="import time", call="time.sleep(60)")
        with pytest.raises(turns.LateError, match="more than") as late:
            worker.ask("run", 0.2, calls=1)
        assert late.value.what == "visq run"
        assert worker.pid == 0


@pytest.mark.parametrize(
    ("smaller", "threads", "expected"),
    [
        (None, 1, False),
        # 10.5 times the pixels of 512 x 384: 12 s become 127 s, 8 s become 84 s, and 1.5 x 75 s is the bound.
        (row("mad", "pyiqa", 6000.0), 1, True),
        (row("mad", "pyiqa", 4000.0), 1, False),
        (row("mad", "pyiqa", 37.5, over_s=75.0), 1, True),
        (row("mad", "pyiqa", error="RuntimeError"), 1, False),
    ],
)
def test_a_peer_is_left_out_only_where_it_would_be_far_too_slow(
    smaller: measure.Row | None, threads: int, expected: bool
) -> None:
    assert measure.too_slow(smaller, "1920x1080", threads, turns.Effort()) is expected


@pytest.mark.parametrize(
    ("what", "cpu_s", "expected"),
    [
        ("pyiqa run", 80.0, {"over_s": 80.0}),
        # Kept waiting by a busy machine, an import, several calls, visq itself: none is the time of a peer's call.
        ("pyiqa run", 3.0, {"error": "3.0 s of processor time"}),
        ("pyiqa import", 80.0, {"error": "pyiqa import"}),
        ("pyiqa run several", 80.0, {"error": "several"}),
        ("visq run", 80.0, {"error": "visq run"}),
    ],
)
def test_only_a_late_call_of_the_peer_is_a_lower_bound(what: str, cpu_s: float, expected: measure.Row) -> None:
    def work() -> measure.Row:
        raise turns.LateError(what, 150.0, cpu_s)

    found = measure._guarded(work, lambda spent: {"over_s": spent}, "pyiqa", 1, 75.0)
    assert found.keys() == expected.keys()
    assert all(value == found[name] or value in found[name] for name, value in expected.items())
