"""How many threads the NumPy engine uses, and the one way it uses them.

Work is cut into strips of rows whose size does not depend on the number of threads, and partial sums are
added in the order of the strips, so a score is bitwise the same for any number of threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from visq.errors import OptionError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_threads: int | None = None
_pool: ThreadPoolExecutor | None = None
_pool_size = 0
_lock = threading.Lock()


def get_threads() -> int:
    """Number of threads: what `set_threads` said, else `VISQ_THREADS`, else the cores this process may use."""
    if _threads is not None:
        return _threads
    text = os.environ.get("VISQ_THREADS", "")
    if text:
        if not text.isdecimal() or int(text) < 1:
            raise OptionError("VISQ_THREADS is not a number of threads", expected="an integer >= 1", got=repr(text))
        return int(text)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def set_threads(count: int | None) -> None:
    """Use `count` threads from now on in this process; None goes back to the environment's number."""
    global _threads
    if count is not None and count < 1:
        raise OptionError("not a number of threads", expected="an integer >= 1", got=str(count))
    _threads = count


def run_strips(work: Callable[[int, int, int], None], rows: int, strip: int = 64) -> None:
    """Call `work(first_row, end_row, strip_index)` for every strip of `strip` rows, on all threads.

    Parameters
    ----------
    work : callable
        Writes its own rows of shared arrays. It should release the GIL (a Numba kernel with ``nogil=True``).
    rows : int
        Number of rows in all.
    strip : int
        Rows a strip. Part of the result's definition: do not derive it from the number of threads.
    """
    threads = get_threads()
    if 0 < rows <= strip:
        # Without the lists below: they cost as much as the work on a small picture.
        work(0, rows, 0)
        return
    bounds = [(r, min(r + strip, rows), i) for i, r in enumerate(range(0, rows, strip))]
    if min(threads, len(bounds)) <= 1:
        for first, end, index in bounds:
            work(first, end, index)
        return
    _share(work, bounds, min(threads, len(bounds)))


def each(work: Callable[[_Item], _Result], items: Sequence[_Item], *, parallel: bool = True) -> list[_Result]:
    """`[work(item) for item in items]`, at the same time where there are threads and `parallel` allows it.

    For steps that are long in one thread (transforms, sorting), such as the same work on an image and its reference.
    They may call `run_strips` within.
    """
    if not parallel or get_threads() < 2 or len(items) < 2:
        return [work(item) for item in items]
    results: list[Any] = [None] * len(items)

    def one(index: int) -> None:
        results[index] = work(items[index])

    _share(one, [(i,) for i in range(len(items))], min(get_threads(), len(items)))
    return results


def strip_count(rows: int, strip: int = 64) -> int:
    """Number of strips that `run_strips` makes: the length of a vector of partial sums."""
    return -(-rows // strip)


def _share(work: Callable[..., None], pieces: Sequence[tuple[Any, ...]], threads: int) -> None:
    """Every piece once, taken by the caller and by up to ``threads - 1`` threads as they become free."""
    shared = _Shared(work, pieces)
    _submit(shared.help, threads - 1)
    try:
        shared.take()
    finally:
        shared.wait()
    if shared.error is not None:
        raise shared.error


class _Shared:
    """Pieces of work that several threads take one by one.

    A thread that comes when all is taken finds nothing, and nobody waits for it: work too small for its waking costs
    no more than in one thread.
    """

    def __init__(self, work: Callable[..., None], pieces: Sequence[tuple[Any, ...]]) -> None:
        self._work, self._pieces = work, iter(pieces)
        self._lock = threading.Lock()
        self._finished = threading.Lock()
        self._at_work = 0
        self._awaited = False
        self.error: BaseException | None = None

    def take(self) -> None:
        """The caller's share."""
        while True:
            with self._lock:
                piece = next(self._pieces, None)
            if piece is None:
                return
            self._work(*piece)

    def help(self) -> None:
        """The share of a thread of the pool."""
        while True:
            with self._lock:
                piece = next(self._pieces, None)
                if piece is None:
                    return
                self._at_work += 1
            try:
                self._work(*piece)
            except BaseException as error:
                self.error = error
            with self._lock:
                self._at_work -= 1
                if self._awaited and not self._at_work:
                    self._finished.release()

    def wait(self) -> None:
        """Until no other thread is at work; what nobody has taken is left (there is some only after an error)."""
        with self._lock:
            self._pieces = iter(())
            self._awaited = self._at_work > 0
            if self._awaited:
                self._finished.acquire()
        if self._awaited:
            self._finished.acquire()
        # A thread that has still to come would keep the arrays of the work alive until then.
        del self._work


def _submit(work: Callable[[], None], count: int) -> None:
    # One pool for images of every size. A caller in another thread may ask for another number of threads meanwhile:
    # the pool is exchanged between two calls, never while one hands in its work; what is handed in is still done.
    global _pool, _pool_size
    with _lock:
        if _pool is None or _pool_size < count:
            if _pool is not None:
                _pool.shutdown(wait=False)
            _pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="visq")
            _pool_size = count
        for _ in range(count):
            _pool.submit(work)


def _forget_pool() -> None:
    # Threads do not survive a fork: the child makes its own pool, and its own lock, which may have been held.
    global _pool, _pool_size, _lock
    _pool, _pool_size, _lock = None, 0, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
