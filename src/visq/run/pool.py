"""Worker processes under supervision: each may hang, crash or be killed without stopping the run.

A pool of its own, because `concurrent.futures` gives up as a whole when one process dies and cannot end one that hangs.
Workers are plain subprocesses that speak JSON lines (`visq.run.worker`), so nothing of the parent (locks, threads,
database handles) is inherited, and it works the same on every system.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from visq.errors import VisqError
from visq.ops.threads import get_threads
from visq.run.processes import begin, close_input, end, ending, fitting, listen, write
from visq.run.tasks import PICTURE_FIELDS, RECORD_FIELDS, Reading, Request, Task, failed, wanted_by
from visq.types import ScoreRecord

WORKER = (sys.executable, "-P", "-m", "visq.run.worker")

# One task in work and one waiting, so that a worker never idles while its records travel.
_WINDOW = 2
# A task whose worker died is tried again: somebody may have killed the worker for another reason.
_TRIES = 3
_START_SECONDS = 120.0
_COMPILE_SECONDS = 600.0
# Starts that fail one after the other until it is not worth trying: at first, and once some worker has scored an image.
_STARTS_THAT_FAIL = 3
_STARTS_THAT_FAIL_LATER = 20
_TICK_SECONDS = 0.1
# A larger picture has more time in proportion: whatever measures it looks at all of it.
_ORDINARY_PIXELS = 12_000_000
# Where the pool decides how many workers pay: a run that has lasted less may be over before another worker, which takes
# about as long to start, has done anything.
_ADD_SECONDS = 1.0

Result = tuple[Task, list[ScoreRecord]]


@dataclass
class _Worker:
    process: subprocess.Popen[bytes]
    deadline: float
    ready: bool = False
    begun: bool = False
    read: bool = False
    waiting: float = 0.0  # since when it waits with a large picture
    large: bool = False
    patience: float = 1.0
    compiling: int = 0
    compile_start: float = 0.0
    tasks: deque[Task] = field(default_factory=deque)


class Pool:
    """Runs tasks on `jobs` worker processes.

    Parameters
    ----------
    requests : sequence of Request
        Metrics of every task.
    reading : Reading
        Limits of the reader.
    jobs : int, optional
        Worker processes. With more than one, each uses a single thread. None: as many as pay, within the number of
        threads (`visq.ops.threads`) and free memory: one with all threads at first, and once the run has lasted a
        second one for each thread. Pictures of more than 12 megapixels are then never in work together, and have the
        threads that nobody else uses. Metrics whose sums may depend on the threads (torch) stay with one. Where
        another worker cannot start, those there are do the work.
    timeout : float
        Seconds that reading an image may take, and each of its scores: of images of more than 12 megapixels in
        proportion more. Compiling is not counted, 0 means no limit.
        The worker is killed then: the score gets an error row, an image that cannot be read one for each metric.
    on_tick : callable, optional
        Called about ten times a second, whatever the workers do.
    on_compile : callable, optional
        Called when a worker compiles a kernel.
    command : sequence of str
        How a worker is started.
    """

    def __init__(
        self,
        requests: Sequence[Request],
        reading: Reading,
        *,
        jobs: int | None = 1,
        timeout: float = 30.0,
        on_tick: Callable[[], None] | None = None,
        on_compile: Callable[[], None] | None = None,
        command: Sequence[str] = WORKER,
    ) -> None:
        self._requests = tuple(requests)
        self._reading = reading
        self._adaptive = jobs is None
        self._jobs = jobs or (fitting(get_threads()) if not any(r.spec.extra for r in self._requests) else 1)
        self._timeout = timeout
        self._on_tick = on_tick or (lambda: None)
        self._on_compile = on_compile or (lambda: None)
        self._command = tuple(command)
        self._workers: dict[int, _Worker] = {}
        self._messages: queue.SimpleQueue[tuple[int, dict[str, Any] | None]] = queue.SimpleQueue()
        self._again: deque[Task] = deque()
        self._tries: dict[int, int] = {}
        # Records of tasks in work, by item: they outlive a worker that is killed over a later metric.
        self._records: dict[int, list[ScoreRecord]] = {}
        self._started = 0
        self._failed_starts = 0
        self._proven = False
        self._proven_at = 0.0

    def start(self) -> None:
        """Start the first worker now, so that it loads its libraries while the caller does something else."""
        if not self._workers:
            self._start_worker()

    def run(self, tasks: Iterable[Task | None]) -> Generator[Result, None, None]:
        """Records of each task, in the order they are done.

        `tasks` is taken from as workers become free; a None in it means "nothing to hand out at the moment".

        Raises
        ------
        VisqError
            Workers cannot be started at all.
        """
        source = iter(tasks)
        last_tick = 0.0
        try:
            while True:
                exhausted = self._feed(source)
                if exhausted and not any(w.tasks for w in self._workers.values()):
                    return
                yield from self._take_messages()
                yield from self._kill_late()
                self._permit()
                now = time.monotonic()
                if now - last_tick >= _TICK_SECONDS:
                    last_tick = now
                    self._on_tick()
        finally:
            self.close()

    def close(self) -> None:
        """End every worker at once."""
        for worker in self._workers.values():
            worker.process.kill()
        for worker in self._workers.values():
            close_input(worker.process)
            worker.process.wait()
        self._workers.clear()

    # Handing out

    def _feed(self, source: Iterator[Task | None]) -> bool:
        """Hand out tasks while there are any and somebody to take them; returns whether the source is exhausted."""
        while True:
            task = self._next(source)
            if task is None:
                return False
            if task is _END:
                return True
            worker = self._free_worker()
            if worker is None:
                self._again.appendleft(task)
                return False
            self._send(worker, task)

    def _next(self, source: Iterator[Task | None]) -> Task | None:
        return self._again.popleft() if self._again else next(source, _END)

    def _free_worker(self) -> _Worker | None:
        """A worker with room. More are started if need be, the second and later ones once the first has proven itself:

        until then kernels may have to be compiled, which all of them would do at once.
        """
        idle = next((w for w in self._workers.values() if w.ready and not w.tasks), None)
        if idle is not None:
            return idle
        starting = any(not w.ready for w in self._workers.values())
        if not self._workers or (self._another_pays() and len(self._workers) < self._jobs and not starting):
            self._start_worker()
        free = [w for w in self._workers.values() if w.ready and len(w.tasks) < _WINDOW]
        return min(free, key=lambda w: len(w.tasks), default=None)

    def _another_pays(self) -> bool:
        wait = _ADD_SECONDS if self._adaptive else 0.0
        return self._proven and time.monotonic() - self._proven_at >= wait

    def _threads(self) -> int | None:
        """Threads of a worker; None is all."""
        several = len(self._workers) > 1 if self._adaptive else self._jobs > 1
        return 1 if several else None

    def _permit(self) -> None:
        """Let the worker go on that waits longest with a large picture, unless another has one in work."""
        if any(w.large for w in self._workers.values()):
            return
        chosen = min((w for w in self._workers.values() if w.waiting), key=lambda w: w.waiting, default=None)
        if chosen is None:
            return
        busy = sum(bool(w.tasks) and not w.waiting for w in self._workers.values())
        chosen.waiting, chosen.large = 0.0, True
        chosen.deadline = self._from_now(chosen)
        write(chosen.process, {"threads": max(1, get_threads() - busy)})

    def _send(self, worker: _Worker, task: Task) -> None:
        if not worker.tasks:
            worker.deadline = self._from_now(worker)
        worker.tasks.append(task)
        parts = [task.item, task.image, task.reference, task.only, task.map_stem, self._threads()]
        write(worker.process, parts)

    def _from_now(self, worker: _Worker) -> float:
        return time.monotonic() + self._timeout * worker.patience if self._timeout else float("inf")

    def _start_worker(self) -> None:
        try:
            process = begin(self._command)
        except OSError as error:
            if self._workers:  # no room for another: those that run do the work
                self._jobs = len(self._workers)
                return
            raise VisqError(
                f"workers cannot be started: {error.strerror}",
                hint="Close other programs, or raise the system's limit.",
            ) from error
        self._started += 1
        number = self._started
        worker = _Worker(process, time.monotonic() + _START_SECONDS)
        self._workers[number] = worker
        threading.Thread(target=listen, args=(number, process, self._messages), daemon=True).start()
        write(
            process,
            {
                "requests": [[r.id, r.options, r.identity] for r in self._requests],
                "limits": self._reading.limits,
                "allow_truncated": self._reading.allow_truncated,
                "features": self._reading.features,
                "threads": self._threads(),
                "large": _ORDINARY_PIXELS if self._adaptive and self._jobs > 1 else 0,
            },
        )

    # Taking in

    def _take_messages(self) -> Iterator[Result]:
        wait = True
        while True:
            try:
                number, message = self._messages.get(timeout=_TICK_SECONDS) if wait else self._messages.get_nowait()
            except queue.Empty:
                return
            wait = False
            worker = self._workers.get(number)
            if worker is None:
                continue  # a last word of one that was killed
            if message is None:
                yield from self._bury(number, worker)
            elif "done" in message:
                yield self._result(worker)
            else:
                self._note(worker, message)

    def _result(self, worker: _Worker) -> Result:
        if not self._proven:
            self._proven, self._proven_at = True, time.monotonic()
        worker.begun = worker.read = worker.large = False
        worker.patience = 1.0
        worker.deadline = self._from_now(worker)
        return self._finished(worker.tasks.popleft())

    def _finished(self, task: Task) -> Result:
        """The task, which may have come back for its last metrics only, with all its records in their order."""
        self._tries.pop(task.item, None)
        records = {r.identity: r for r in self._records.pop(task.item, ())}
        only = tuple(i for i, wanted in enumerate(self._requests) if wanted.identity in records)
        whole = replace(task, only=None if len(only) == len(self._requests) else only)
        return whole, [records[self._requests[i].identity] for i in only]

    def _note(self, worker: _Worker, message: dict[str, Any]) -> None:
        if "fatal" in message:
            if self._others_do():
                return  # its end follows
            raise VisqError(f"a worker cannot start: {message['fatal']}", hint="`visq doctor` shows what is missing.")
        if "ready" in message:
            worker.ready = True
            self._failed_starts = 0
            return
        if "begun" in message:
            worker.begun = True
            worker.deadline = self._from_now(worker)
            return
        if "large" in message:
            worker.waiting, worker.deadline = time.monotonic(), float("inf")
            return
        if "read" in message or "record" in message:
            worker.read = True
            if "pixels" in message:
                worker.patience = max(1.0, message["pixels"] / _ORDINARY_PIXELS)
            worker.deadline = self._from_now(worker)
            if "record" in message:
                item = worker.tasks[0].item
                self._records.setdefault(item, []).append(_record(message["record"]))
                self._tries.pop(item, None)
            return
        worker.compiling += message["compiling"]
        if message["compiling"] > 0 and worker.compiling == 1:
            worker.compile_start = time.monotonic()
            self._on_compile()
        elif worker.compiling == 0:
            worker.deadline += time.monotonic() - worker.compile_start

    def _others_do(self) -> bool:
        """Whether the run goes on without a worker that cannot start: nobody asked for as many."""
        return self._adaptive and any(w.ready for w in self._workers.values())

    def _bury(self, number: int, worker: _Worker) -> Iterator[Result]:
        """A worker is gone: the task it had begun is tried again, the others were never begun."""
        del self._workers[number]
        close_input(worker.process)
        code = end(worker.process)
        if not worker.ready:
            if self._others_do():
                self._jobs = len(self._workers)
                return
            self._failed_starts += 1
            if self._failed_starts >= (_STARTS_THAT_FAIL_LATER if self._proven else _STARTS_THAT_FAIL):
                raise VisqError(
                    f"workers cannot start: {ending(code)}", hint="`visq doctor` shows what works on this machine."
                )
        if not worker.tasks:
            return
        if not worker.begun:
            self._again.extend(worker.tasks)
            return
        task = worker.tasks.popleft()
        self._again.extend(worker.tasks)
        tries = self._tries.get(task.item, 0) + 1
        self._tries[task.item] = tries
        if tries < _TRIES:
            self._again.append(self._rest(task))
        else:
            reason = f"the process that scored it was ended {_TRIES} times ({ending(code)})"
            yield from self._give_up(task, worker.read, reason)

    def _kill_late(self) -> Iterator[Result]:
        now = time.monotonic()
        for number, worker in list(self._workers.items()):
            late = now - worker.deadline
            if worker.compiling:
                late = now - worker.compile_start - _COMPILE_SECONDS
            if late < 0 or (worker.ready and not worker.tasks):
                continue
            worker.process.kill()
            if not worker.tasks:
                yield from self._bury(number, worker)
                continue
            del self._workers[number]
            close_input(worker.process)
            worker.process.wait()
            task = worker.tasks.popleft()
            self._again.extend(worker.tasks)
            reason = f"took longer than {round(self._timeout * worker.patience, 1):g} s; --timeout raises the limit"
            yield from self._give_up(task, worker.read, reason)

    def _rest(self, task: Task) -> Task:
        """The task with the metrics that have no record yet."""
        done = {r.identity for r in self._records.get(task.item, ())}
        wanted = range(len(self._requests)) if task.only is None else task.only
        return replace(task, only=tuple(i for i in wanted if self._requests[i].identity not in done))

    def _give_up(self, task: Task, read: bool, reason: str) -> Iterator[Result]:
        """Of pictures that were read the score in work is given up, and the task goes on with the next metric."""
        records = self._records.setdefault(task.item, [])
        lost = wanted_by(self._rest(task), self._requests)
        known = {name: getattr(records[0], name) for name in PICTURE_FIELDS} if records else {}
        records += [failed(task, w, reason, **known) for w in (lost[:1] if read else lost)]
        self._tries.pop(task.item, None)
        rest = self._rest(task)
        if rest.only:
            self._again.append(rest)
        else:
            yield self._finished(task)


_END = Task(-1, "")


def _record(values: list[Any]) -> ScoreRecord:
    fields = dict(zip(RECORD_FIELDS, values, strict=True))
    return ScoreRecord(**{**fields, "warnings": tuple(fields["warnings"])})
