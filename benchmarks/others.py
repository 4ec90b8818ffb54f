"""How busy the machine was with other things while something was measured."""

from __future__ import annotations

import os
import time
from pathlib import Path

#: Other work than this, in cores, spoils wall times.
QUIET = 0.3


class Others:
    """Processor seconds that went to other processes (or another guest of the host), a second, from now on."""

    def __init__(self, pids: list[int]) -> None:
        self.pids = [os.getpid(), *pids]
        self.start = self._state()

    def cores(self) -> float | None:
        """Mean number of cores that others kept busy since; None where the system does not tell."""
        if self.start is None:
            return None
        now = self._state()
        if now is None:
            return None
        passed, busy, own = (b - a for a, b in zip(self.start, now, strict=True))
        return round(max(0.0, (busy - own) / passed), 2) if passed > 0 else None

    def _state(self) -> tuple[float, float, float] | None:
        try:
            tick = os.sysconf("SC_CLK_TCK")
            fields = [int(v) for v in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]]
            user, nice, system, _, _, interrupts, soft, steal = fields[:8]
            own = sum(map(processor_seconds, self.pids))
            return time.perf_counter(), (user + nice + system + interrupts + soft + steal) / tick, own
        except (OSError, ValueError):
            return None


def processor_seconds(pid: int) -> float:
    """Processor seconds of one process and of its children that have ended; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(int(v) for v in fields[11:15]) / os.sysconf("SC_CLK_TCK")


def wait_until_quiet(patience: float) -> bool:
    """Whether others kept less than `QUIET` cores busy for five seconds; tried again for `patience` seconds."""
    end = time.perf_counter() + patience
    while True:
        others = Others([])
        time.sleep(5)
        cores = others.cores()
        if cores is not None and cores <= QUIET:
            return True
        if cores is None or time.perf_counter() > end:
            return False
