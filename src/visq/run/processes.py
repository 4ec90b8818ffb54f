"""The starts, the pipes and the ends of worker processes."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

#: A worker that scores a photograph of 12 megapixels with the largest of the ordinary metrics takes so much memory.
_WORKER_BYTES = 1_250_000_000


def begin(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """A worker that listens and answers; what it says besides is dropped."""
    environment = dict(os.environ)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        environment.setdefault(name, "1")  # equal sums for any number of jobs
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environment)


def write(process: subprocess.Popen[bytes], message: Any) -> None:
    """Send a message to a worker."""
    if process.stdin is None:
        return
    try:
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
    except OSError:  # it died: the end of its output says so, and its tasks are handed out again
        return


def close_input(process: subprocess.Popen[bytes]) -> None:
    """Tell a worker that nothing more comes."""
    try:
        if process.stdin is not None:
            process.stdin.close()
    except OSError:  # what was left in the buffer has nobody to read it
        return


def listen(
    number: int, process: subprocess.Popen[bytes], messages: queue.SimpleQueue[tuple[int, dict[str, Any] | None]]
) -> None:
    """Thread of one worker: its lines become messages, its end becomes None."""
    if process.stdout is not None:
        with process.stdout:
            for line in process.stdout:
                if line.endswith(b"\n"):  # not a line cut in the middle by a kill
                    messages.put((number, json.loads(line)))
    messages.put((number, None))


def end(process: subprocess.Popen[bytes]) -> int:
    """Exit code of a process whose output has ended; one that lives on all the same is killed."""
    try:
        return process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def fitting(most: int, memory: Path = Path("/proc/meminfo"), limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """How many workers, 1 to `most`, the memory that is free has room for; `most` where the system does not tell."""
    free = []
    for path, start in ((memory, "MemAvailable:"), (limit, "")):
        try:
            lines = [line for line in path.read_text(encoding="ascii").splitlines() if line.startswith(start)]
            free.append(int(lines[0].removeprefix(start).split()[0]) * (1024 if start else 1))
        except (OSError, ValueError, IndexError):  # not Linux, no limit ("max")
            continue
    return max(1, min(most, *(n // _WORKER_BYTES for n in free))) if free else most
