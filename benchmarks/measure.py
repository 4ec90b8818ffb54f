"""One row of the results at a time: a case at one size, by one number of threads, or its memory."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pictures
from cases import Call, Group
from others import Others
from turns import COMPILING, CompileError, Effort, LateError, Worker, WorkerError, paired

Row = dict[str, Any]
Files = dict[str, dict[str, str]]


def identity(kind: str, group: Group, call: Call, size: str, threads: int) -> Row:
    """The fields that say which row it is."""
    row = {"kind": kind, "metric": group.label, "pixels": group.pixels, "peer": call.peer, "call": call.call}
    return row | {"form": call.form, "size": size, "threads": threads}


def key(row: Row) -> str:
    """What two rows of the same measurement share."""
    fields = ("kind", "metric", "pixels", "peer", "call", "form", "size", "threads", "command")
    return "|".join(str(row.get(name, "")) for name in fields)


def files(folder: Path, size: str) -> Files:
    """Paths of the pictures, as text."""
    return {
        pixels: {name: str(path) for name, path in both.items()}
        for pixels, both in pictures.write(folder, size).items()
    }


def order(group: Group, call: Call, paths: Files) -> Row:
    """What a worker opens: the reference only where it is an input."""
    return {"files": _inputs(group, paths[group.pixels]), "form": call.form, "setup": call.setup, "call": call.call}


def _inputs(group: Group, pair: dict[str, str]) -> dict[str, str]:
    return {"x": pair["x"]} if group.alone else pair


def speed(
    group: Group, call: Call, size: str, threads: int, workers: tuple[Worker, Worker], folder: Path, effort: Effort
) -> Row:
    """Times of visq and one peer, their values, and how busy the machine was otherwise."""
    row = identity("speed", group, call, size, threads) | {"same": call.same, "note": call.note}
    paths = files(folder, size)
    ours, theirs = workers
    begun = time.perf_counter()

    def work() -> Row:
        ours.ask("open", 300, **order(group, group.ours, paths))
        theirs.ask("open", 300, **order(group, call, paths))
        others = Others([ours.pid, theirs.pid])
        found = paired(ours, theirs, threads, effort)
        found |= {"other_load": others.cores(), "load_average": round(os.getloadavg()[0], 2)}
        values = (worker.ask("value", 60)["value"] for worker in (ours, theirs))
        return found | dict(zip(("visq_value", "peer_value"), values, strict=True))

    row |= _guarded(work, lambda spent: _alone(ours, group, paths, threads, spent), call.peer, threads, effort.cap)
    return row | {"seconds": round(time.perf_counter() - begun, 1)}


def _alone(ours: Worker, group: Group, paths: Files, threads: int, spent: float) -> Row:
    """visq's time against a peer that was given up: what it had spent by then stands for its time, as a lower bound."""
    clock = _clock(threads)
    ours.ask("open", 300, **order(group, group.ours, paths))
    others = Others([ours.pid])
    times = sorted(ours.ask("run", 300, calls=1)[clock] for _ in range(4))
    found = {"visq_ms": float(f"{times[1] * 1e3:.4g}"), "over_s": spent, "ratio": float(f"{spent / times[1]:.4g}")}
    return found | {"other_load": others.cores(), "load_average": round(os.getloadavg()[0], 2)}


def _clock(threads: int) -> str:
    return "cpu_s" if threads == 1 else "wall_s"


def _guarded(work: Callable[[], Row], alone: Callable[[float], Row], peer: str, threads: int, cap: float) -> Row:
    try:
        return work()
    except LateError as error:
        # Only a call of the peer is a time; a late import or a late visq is trouble.
        if error.what != f"{peer} run":
            return {"error": str(error)}
        spent = round(error.spent[_clock(threads)], 1)
        if spent < cap:
            # A busy machine kept it waiting: that says too little about it to be published as a time.
            return {"error": f"{error}, of which {spent} s of processor time: the machine was busy"}
        try:
            return alone(spent)
        except (LateError, WorkerError) as trouble:
            return {"error": f"visq: {trouble}"}
    except (CompileError, WorkerError) as error:
        return {"error": str(error)}


def too_slow(smaller: Row | None, size: str, threads: int, effort: Effort) -> bool:
    """Whether a peer's time on a smaller picture says that it would run far beyond the cap."""
    if smaller is None:
        return False
    if "over_s" in smaller:
        return True
    grown = _pixels(size) / _pixels(smaller["size"])
    return bool(smaller.get("peer_ms", 0.0) / 1e3 * grown / max(1, threads / smaller["threads"]) > 1.5 * effort.cap)


def given_up(group: Group, call: Call, size: str, threads: int, ours: Worker, folder: Path, effort: Effort) -> Row:
    """The row of a peer that is not even tried: published, and not counted, for its bound is not a measurement."""
    row = identity("speed", group, call, size, threads) | {"same": call.same, "note": call.note, "tried": False}
    try:
        return row | _alone(ours, group, files(folder, size), threads, effort.cap)
    except (LateError, WorkerError) as error:
        return row | {"error": f"visq: {error}"}


def memory(group: Group, call: Call, size: str, worker: Worker, folder: Path, cap: float) -> Row:
    """Growth of the resident peak over a call, in a process forked for it."""
    row = identity("memory", group, call, size, 1)
    paths = files(folder, size)
    # A peer that compiles does so for every size: its first call cannot be told from the compiler.
    small = None if call.peer in COMPILING else _inputs(group, files(folder, pictures.SMALL)[group.pixels])
    try:
        answer = worker.ask("peak", cap, **order(group, call, paths), small=small)
    except (LateError, WorkerError) as error:
        return row | {"error": str(error)}
    return row | {name: round(value, 2) for name, value in answer.items()}


def _pixels(size: str) -> int:
    width, height = map(int, size.split("x"))
    return width * height
