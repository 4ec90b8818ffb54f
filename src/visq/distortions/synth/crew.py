"""Processes that do tasks under supervision: one that hangs or dies takes no other with it, and nothing is lost.

The tasks of `visq.run.pool` are scores; these are any JSON. Workers are started afresh (not forked), so that nothing of
the parent's threads and locks is inherited; they ignore Ctrl-C, which the parent decides on, and end with it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any

from visq.errors import VisqError

# A task whose worker died is tried again: somebody may have killed the worker for another reason.
_TRIES = 3
_STARTS_THAT_FAIL = 3
_START_SECONDS = 180.0
_TICK_SECONDS = 0.1

Task = dict[str, Any]
#: A task and its answer; the answer is a text, the reason, where there is none.
Done = tuple[Task, "dict[str, Any] | str"]


@dataclass
class _Worker:
    process: BaseProcess
    pipe: Connection
    deadline: float
    ready: bool = False
    task: Task | None = None
    tries: int = 0


class Crew:
    """Workers that answer tasks.

    Parameters
    ----------
    prepare : str
        `module:function` that makes of `config` the function that answers one task; called in each worker.
    config : dict
        JSON.
    jobs : int
        Workers. The second and later ones are started once the first has answered: what the first compiles, they find.
    timeout : float
        Seconds for a task; its worker is killed then. 0 means no limit.
    on_tick : callable, optional
        Called about ten times a second.

    Notes
    -----
    `with Crew(...) as crew` ends every worker at the end of the block, at once.
    """

    def __init__(
        self,
        prepare: str,
        config: dict[str, Any],
        *,
        jobs: int = 1,
        timeout: float = 0.0,
        on_tick: Callable[[], None] | None = None,
    ) -> None:
        self._prepare, self._config = prepare, json.dumps(config)
        self._jobs, self._timeout = jobs, timeout
        self._on_tick = on_tick or (lambda: None)
        self._workers: list[_Worker] = []
        self._again: deque[tuple[Task, int]] = deque()
        self._failed_starts = 0
        self._proven = False

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every worker at once."""
        for worker in self._workers:
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.pipe.close()
            worker.process.close()
        self._workers.clear()

    def run(self, tasks: Iterable[Task]) -> Generator[Done, None, None]:
        """Each task with its answer, in the order they are done. `tasks` is taken from as workers become free.

        Raises
        ------
        VisqError
            Workers cannot be started.
        """
        source = iter(tasks)
        exhausted = False
        last_tick = 0.0
        while True:
            if not exhausted:
                exhausted = self._hand_out(source)
            elif self._again:
                self._hand_out(iter(()))
            busy = [w for w in self._workers if w.task is not None]
            if exhausted and not busy and not self._again:
                return
            yield from self._take_in()
            now = time.monotonic()
            if now - last_tick >= _TICK_SECONDS:
                last_tick = now
                self._on_tick()

    def _hand_out(self, source: Iterable[Task]) -> bool:
        """Hand out tasks while there is somebody to take them; returns whether the source is exhausted."""
        tasks = iter(source)
        while True:
            free = next((w for w in self._workers if w.ready and w.task is None), None)
            if free is None:
                starting = any(not w.ready for w in self._workers)
                if not starting and len(self._workers) < (self._jobs if self._proven else 1):
                    self._start()
                return False
            if self._again:
                task, tries = self._again.popleft()
            else:
                found = next(tasks, None)
                if found is None:
                    return True
                task, tries = found, 0
            free.task, free.tries = task, tries
            free.deadline = time.monotonic() + self._timeout if self._timeout else float("inf")
            with suppress(OSError):  # it died: that is noticed where answers are taken in
                free.pipe.send_bytes(json.dumps(task).encode())

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, self._prepare, self._config), daemon=True)
        try:
            process.start()
        except OSError as error:
            ours.close()
            if self._workers:  # no room for another: those that run do the work
                self._jobs = len(self._workers)
                return
            raise VisqError(
                f"workers cannot be started: {error.strerror}",
                hint="Close other programs, or raise the system's limit.",
            ) from error
        finally:
            theirs.close()
        self._workers.append(_Worker(process, ours, time.monotonic() + _START_SECONDS))

    def _take_in(self) -> Generator[Done, None, None]:
        if not self._workers:
            return
        for pipe in wait([w.pipe for w in self._workers], _TICK_SECONDS):
            worker = next(w for w in self._workers if w.pipe is pipe)
            try:
                message = json.loads(worker.pipe.recv_bytes())
            except (EOFError, OSError, ValueError):
                yield from self._bury(worker)
                continue
            yield from self._heard(worker, message)
        now = time.monotonic()
        for worker in [w for w in self._workers if now > w.deadline and (w.task is not None or not w.ready)]:
            worker.process.kill()
            yield from self._bury(worker, late=True)

    def _heard(self, worker: _Worker, message: dict[str, Any]) -> Generator[Done, None, None]:
        if "fatal" in message:
            raise VisqError(f"a worker cannot start: {message['fatal']}", hint="`visq doctor` shows what is missing.")
        if "ready" in message:
            worker.ready, self._failed_starts = True, 0
            return
        task, worker.task = worker.task, None
        self._proven = True
        if task is not None:
            yield task, message["answer"]

    def _bury(self, worker: _Worker, *, late: bool = False) -> Generator[Done, None, None]:
        """A worker is gone: what it was at is tried again, or given up."""
        self._workers.remove(worker)
        worker.process.join(timeout=2)
        if worker.process.exitcode is None:
            worker.process.kill()
            worker.process.join()
        ending = _ending(worker.process.exitcode or 0)
        worker.pipe.close()
        worker.process.close()
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS_THAT_FAIL:
                raise VisqError(f"workers cannot start: {ending}", hint="`visq doctor` shows what works here.")
        if worker.task is None:
            return
        if late:
            yield worker.task, f"took longer than {self._timeout:g} s; --timeout raises the limit"
        elif worker.tries + 1 < _TRIES:
            self._again.append((worker.task, worker.tries + 1))
        else:
            yield worker.task, f"the process that made it was ended {_TRIES} times ({ending})"


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


# In the worker ------------------------------------------------------------------------------------------------


def _serve(pipe: Connection, prepare: str, config: str) -> None:
    from visq.run.worker import die_with_parent

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    die_with_parent()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VISQ_THREADS"):
        os.environ[name] = "1"  # equal sums for any number of jobs, and no more threads than jobs
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)  # whatever a library prints is no result of the program
    os.dup2(null, 2)
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    try:
        module, _, name = prepare.partition(":")
        work = getattr(import_module(module), name)(json.loads(config))
    except Exception as error:
        _send(pipe, {"fatal": f"{type(error).__name__}: {error}"})
        return
    _send(pipe, {"ready": True})
    with suppress(EOFError, OSError):  # the parent is gone
        while True:
            task = json.loads(pipe.recv_bytes())
            _send(pipe, {"answer": work(task)})


def _send(pipe: Connection, message: dict[str, Any]) -> None:
    pipe.send_bytes(json.dumps(message).encode())


__all__ = ["Crew", "Done", "Task"]
