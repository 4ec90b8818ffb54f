"""Work done ahead of who waits for it: in threads, in order, never more than a few pieces ahead."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from numbers import Integral
from typing import Any, TypeVar

from visq.errors import OptionError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def ahead(
    work: Callable[[_Item], _Result], items: Iterable[_Item], threads: int, *, depth: int = 0
) -> Iterator[_Result]:
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


def batches(make: Callable[[int], _Result], length: int, number: int, start: int, threads: int) -> Iterator[_Result]:
    """Batches `start` to `length - 1` of epoch `number`, each `make(its index)`.

    Raises
    ------
    OptionError
        At once, where the epoch or the batch cannot be.
    """
    check_whole("the number of an epoch", number)
    check_whole("the first batch", start, most=length)
    return ahead(make, range(int(start), length), threads)


def check_whole(what: str, value: Any, *, least: int = 0, most: int | None = None) -> int:
    """`value` if it is a whole number within bounds.

    Raises
    ------
    OptionError
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or int(value) < least or (most is not None and int(value) > most):
        bounds = f"{least} or more" if most is None else f"{least} to {most}"
        raise OptionError(f"{what} cannot be that", expected=f"a whole number, {bounds}", got=repr(value))
    return int(value)


__all__ = ["ahead", "batches", "check_whole"]
