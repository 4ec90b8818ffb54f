"""Work done ahead of who waits for it: in threads, in order, never more than a few pieces ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def ahead(
    work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int, *, depth: int = 0
) -> Generator[_Result]:
    """`map(work, items)`, computed by other threads while the results before are used.

    Decoding, copying and hashing leave Python's lock, so that threads are enough. `work` must depend on its item
    alone: then the results do not depend on the number of threads.

    Parameters
    ----------
    work : callable
    items : iterable
    threads : int
        0 does the work in the caller's thread, when its result is asked for.
    depth : int
        Most results that are finished or on their way; 0 stands for two a thread.

    Notes
    -----
    An exception of `work` comes in its place in the order. When the iterator is closed, by an exception of the caller
    (Ctrl-C among them) or because nobody holds it any longer, what was not begun is dropped, and what was begun is
    waited for: no thread of it is left.

    Examples
    --------
    >>> list(ahead(lambda n: n * n, range(5), threads=3))
    [0, 1, 4, 9, 16]
    """
    if threads <= 0:
        yield from map(work, items)
        return
    source = iter(items)
    pool = ThreadPoolExecutor(threads, thread_name_prefix="visq-ahead")
    waiting: deque[Future[_Result]] = deque()
    try:
        waiting.extend(pool.submit(work, item) for item in islice(source, depth or 2 * threads))
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(work, item) for item in islice(source, 1))
            yield result
            del result  # a batch that is used is not kept alive by the wait for the next
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


__all__ = ["ahead"]
