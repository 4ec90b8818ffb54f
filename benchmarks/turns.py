"""Two processes taking turns: visq in one, a peer in its own environment in the other."""

from __future__ import annotations

import json
import math
import os
import select
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from others import processor_seconds

HERE = Path(__file__).parent
POOLS = (
    "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "VISQ_THREADS",
)  # fmt: skip

#: Peers whose first call compiles (torch.compile), which says nothing about the calls after it.
COMPILING = ("frame-analytics",)


class LateError(Exception):
    """A worker did not answer in time and was ended, or a call took longer than the cap.

    `wall_s` and `cpu_s` are what it had used by then: lower bounds of what it takes.
    """

    def __init__(self, what: str, wall_s: float, cpu_s: float) -> None:
        super().__init__(f"{what} took more than {wall_s:.0f} s")
        self.what = what
        self.spent = {"wall_s": wall_s, "cpu_s": cpu_s}


class CompileError(Exception):
    """The call that does not count (imports, compilation) did not end: nothing is known about the call itself."""


class WorkerError(Exception):
    """A worker could not do what it was asked, with its reason."""


class Worker:
    """A library in a process of its own, started when first asked, and again after it had to be ended."""

    def __init__(self, python: Path, library: str, threads: int, gib: float) -> None:
        self.command = [str(python), str(HERE / "worker.py"), library]
        self.env = {**os.environ, **dict.fromkeys(POOLS, str(threads)), "BENCH_GIB": str(gib)}
        self.env |= {"TORCHINDUCTOR_COMPILE_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
        self.library = library
        self.process: subprocess.Popen[bytes] | None = None
        self.rest = b""

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    def ask(self, do: str, timeout: float, **order: Any) -> dict[str, Any]:
        """One command and its answer.

        Raises
        ------
        WorkerError
            What the worker says went wrong.
        LateError
            No answer after `timeout` seconds; the process is ended.
        """
        if self.process is None:
            self._start()
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.end()
            raise WorkerError("the process has ended") from None
        # Several calls that are late together are not the time of one.
        return self._answer(timeout, do if order.get("calls", 1) == 1 else f"{do} several")

    def end(self) -> None:
        """End the process, if there is one."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process, self.rest = None, b""

    def _start(self) -> None:
        self.process = subprocess.Popen(
            self.command, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._answer(300, "import")

    def _answer(self, timeout: float, do: str) -> dict[str, Any]:
        assert self.process is not None
        assert self.process.stdout is not None
        stream, end = self.process.stdout.fileno(), time.perf_counter() + timeout
        before = processor_seconds(self.pid)
        while b"\n" not in self.rest:
            ready, _, _ = select.select([stream], [], [], max(0.0, end - time.perf_counter()))
            if not ready:
                spent = processor_seconds(self.pid) - before
                self.end()
                raise LateError(f"{self.library} {do}", timeout, spent)
            part = os.read(stream, 1 << 16)
            if not part:
                status = self.process.wait()
                self.end()
                raise WorkerError(f"the process ended with status {status}")
            self.rest += part
        line, _, self.rest = self.rest.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    seconds: float = 2.0
    """For both together, warm-up not counted."""
    burst: float = 0.02
    """A turn is as many calls in a row as take so long, at least one."""
    least: int = 5
    most: int = 31
    slow: float = 20.0
    """A call that takes so long is made once."""
    cap: float = 75.0
    """A call that takes longer is given up."""


QUICK = Effort(seconds=0.3, burst=0.005, least=3, most=5, slow=5.0, cap=20.0)


def paired(ours: Worker, theirs: Worker, threads: int, effort: Effort) -> dict[str, Any]:
    """Medians of both, and the median of the paired ratios, taking turns; processor time for one thread, else wall.

    Both have their call open, and keep the value of their last call. The first call of each, with imports and
    compilation, does not count. Raises what `Worker.ask` and `warm_up` raise.
    """
    clock = "cpu_s" if threads == 1 else "wall_s"
    ours.ask("run", 300, calls=1)
    first = warm_up(theirs, effort)
    if first[clock] > effort.slow:
        # It may have been compiling: only a call that had nothing else to do says how slow a peer is.
        once = theirs.ask("run", patience(effort), calls=1)
        if once[clock] > effort.cap:
            raise LateError(f"{theirs.library} run", once["wall_s"], once["cpu_s"])
        if once[clock] > effort.slow:
            runs = [ours.ask("run", 300, calls=1)[clock] for _ in range(3)]
            return _row([(statistics.median(runs), once[clock])], statistics.median(runs))
    counts = []
    for worker in (ours, theirs):
        # A slow first call is long enough to know that a turn is one call; a quick one had imports in it.
        slow = worker is theirs and first["wall_s"] > 5 and theirs.library not in COMPILING
        single = first["wall_s"] if slow else worker.ask("run", patience(effort), calls=1)["wall_s"]
        counts.append(max(1, min(2000, math.ceil(effort.burst / max(single, 1e-7)))))
    pairs: list[tuple[float, float]] = []
    start = time.perf_counter()
    while len(pairs) < effort.least or (time.perf_counter() - start < effort.seconds and len(pairs) < effort.most):
        turn = []
        for worker, calls in zip((ours, theirs), counts, strict=True):
            turn.append(worker.ask("run", patience(effort), calls=calls)[clock] / calls)
            if threads > 1:
                # OpenMP's threads spin for a while after their work and would take time from the other.
                time.sleep(0.005)
        pairs.append((turn[0], turn[1]))
        if turn[1] > effort.slow / 10 and len(pairs) >= 3:
            break
    return _row(pairs, statistics.median(p[0] for p in pairs))


def patience(effort: Effort) -> float:
    """Wall seconds to wait for one call: a busy machine stretches them beyond the processor seconds of the cap."""
    return 2 * effort.cap


def warm_up(theirs: Worker, effort: Effort) -> dict[str, float]:
    """The call that does not count. Compiling gets longer than the cap; a call that is plainly too slow does not.

    Raises
    ------
    LateError
        A peer that does not compile has used up the cap.
    CompileError
        A peer that compiles is not done after five minutes.
    """
    if theirs.library not in COMPILING:
        return theirs.ask("run", patience(effort), calls=1)
    try:
        return theirs.ask("run", 300, calls=1)
    except LateError as error:
        raise CompileError(f"the first call, which compiles: {error}") from None


def _row(pairs: list[tuple[float, float]], ours: float) -> dict[str, Any]:
    ratios = [b / a for a, b in pairs if a > 0]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return {
        "visq_ms": _digits(ours * 1e3),
        "peer_ms": _digits(statistics.median(b for _, b in pairs) * 1e3),
        "ratio": _digits(middle),
        "ratio_quartiles": [_digits(low), _digits(high)],
        "turns": len(pairs),
    }


def _digits(value: float) -> float:
    return float(f"{value:.4g}")
