"""A worker process: reads tasks from standard input, writes records to standard output, one JSON object a line.

Started by `visq.run.pool`, which may kill it at any time: it holds nothing but what it is working on. It ends when its
input ends, and on Linux at once when its parent dies.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, BinaryIO

from visq.run.tasks import RECORD_FIELDS, Reading, Request, Task

Send = Callable[[dict[str, Any]], None]


def main() -> int:
    """Serve tasks until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    die_with_parent()
    incoming, outgoing = _private_pipes()
    send = _sender(outgoing)
    try:
        config = json.loads(incoming.readline())
        scorer = _prepare(config, send)
    except Exception as error:
        send({"fatal": f"{type(error).__name__}: {error}"})
        return 1
    send({"ready": True})
    from visq.ops.threads import set_threads

    lines = _Lines(incoming)
    while message := lines.next_task():
        task, threads = _task(message)
        send({"begun": task.item})
        if config["large"] and scorer.announced_pixels(task) > config["large"]:
            send({"large": task.item})
            permit = lines.permit()
            if permit is None:
                break
            threads = permit["threads"]
        set_threads(threads)
        for record in scorer.steps(task):
            # Told one by one: what is there is kept when a later metric hangs or ends the process.
            if isinstance(record, int):
                send({"read": task.item, "pixels": record})
            else:
                send({"record": [getattr(record, name) for name in RECORD_FIELDS]})
        send({"done": task.item})
    return 0


def _prepare(config: dict[str, Any], send: Send) -> Any:
    _tell_compiling(send)
    from visq.ops.threads import set_threads
    from visq.run.shard import Scorer

    if config["threads"]:
        set_threads(config["threads"])
    requests = [Request(*r) for r in config["requests"]]
    scorer = Scorer(requests, Reading(config["limits"], config["allow_truncated"], config["features"]))
    scorer.load()
    return scorer


class _Lines:
    """What the parent sends: tasks (arrays), and leave to begin a large picture (an object), which overtakes them."""

    def __init__(self, incoming: BinaryIO) -> None:
        self._incoming = incoming
        self._waiting: deque[list[Any]] = deque()

    def next_task(self) -> list[Any] | None:
        """The next task; None at the end of the input."""
        if self._waiting:
            return self._waiting.popleft()
        line = self._incoming.readline()
        return json.loads(line) if line else None

    def permit(self) -> dict[str, Any] | None:
        """Leave to go on; None at the end of the input."""
        while line := self._incoming.readline():
            message = json.loads(line)
            if isinstance(message, dict):
                return message
            self._waiting.append(message)
        return None


def _task(parts: list[Any]) -> tuple[Task, int | None]:
    """A task, and the threads for it."""
    item, image, reference, only, map_stem, threads = parts
    return Task(item, image, reference, None if only is None else tuple(only), map_stem), threads


def _private_pipes() -> tuple[BinaryIO, BinaryIO]:
    # Whatever a library prints must not end up between the records.
    incoming, outgoing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb")


def _sender(outgoing: BinaryIO) -> Send:
    lock = threading.Lock()

    def send(message: dict[str, Any]) -> None:
        with lock:
            outgoing.write(json.dumps(message).encode() + b"\n")
            outgoing.flush()

    return send


def _tell_compiling(send: Send) -> None:
    """Report when a kernel is compiled: that time is no image's, and must not count against its limit."""
    from numba.core import event

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:  # noqa: ARG002
            send({"compiling": 1})

        def on_end(self, event: Any) -> None:  # noqa: ARG002
            send({"compiling": -1})

    event.register("numba:compile", Listener())


def die_with_parent() -> None:
    """On Linux, be killed when the process that started this one ends."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    pr_set_pdeathsig = 1
    try:
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
    except (OSError, AttributeError):  # another C library: the end of the input does it too, a little later
        return


if __name__ == "__main__":
    sys.exit(main())
