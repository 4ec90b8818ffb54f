"""How many threads the NumPy engine uses, and the one way it uses them.

Work is cut into strips of rows whose size does not depend on the number of threads, and partial sums are
added in the order of the strips, so a score is bitwise the same for any number of threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from visq.errors import OptionError

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
    for future in _submit(work, bounds, threads):
        future.result()


def strip_count(rows: int, strip: int = 64) -> int:
    """Number of strips that `run_strips` makes: the length of a vector of partial sums."""
    return -(-rows // strip)


def _submit(work: Callable[[int, int, int], None], bounds: list[tuple[int, int, int]], threads: int) -> list[Future]:
    # One pool for images of every size. A caller in another thread may ask for another number of threads meanwhile:
    # the pool is exchanged between two calls, never while one hands in its strips; what is handed in is still done.
    global _pool, _pool_size
    with _lock:
        if _pool is None or _pool_size != threads:
            if _pool is not None:
                _pool.shutdown(wait=False)
            _pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="visq")
            _pool_size = threads
        return [_pool.submit(work, *b) for b in bounds]


def _forget_pool() -> None:
    # Threads do not survive a fork: the child makes its own pool, and its own lock, which may have been held.
    global _pool, _pool_size, _lock
    _pool, _pool_size, _lock = None, 0, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)
