"""How many threads torch computes with while a metric is computed, without anybody else noticing.

torch has one number for each thread of the program, and one that new threads begin with, which is the last that any of
them set. A metric needs the first for itself. The second is given back at once: a thread that begins while another one
is at work would otherwise keep that one's number for ever.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

_Result = TypeVar("_Result")

_lock = threading.Lock()
_forked = False


@contextmanager
def told_threads(*, arrays: bool = True) -> Iterator[None]:
    """The number of threads that visq is told to use, in this thread of the program, for the time of the block.

    Parameters
    ----------
    arrays : bool
        The pixels came as arrays. For tensors torch keeps its own number, which is their caller's business.

    Examples
    --------
    >>> import torch, visq
    >>> before = torch.get_num_threads()
    >>> visq.set_threads(3)
    >>> with told_threads():
    ...     torch.get_num_threads()
    3
    >>> visq.set_threads(None)
    >>> torch.get_num_threads() == before
    True
    """
    import torch

    from visq.ops.threads import get_threads

    with _lock:  # a thread that begins now must not see the number of another one
        before = torch.get_num_threads()
    # OpenMP's threads do not survive a fork, and torch waits for them for ever.
    wanted = 1 if _forked else get_threads() if arrays else before
    if wanted == before:
        yield
        return
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(count: int) -> None:
    """The number of this thread alone: what new threads begin with stays as it is."""
    import torch

    with _lock:
        try:
            fresh = _elsewhere(torch.get_num_threads)
        except RuntimeError:  # the interpreter ends: no more threads are started
            fresh = count
        torch.set_num_threads(count)
        if fresh != count:
            _elsewhere(lambda: torch.set_num_threads(fresh))


def _elsewhere(work: Callable[[], _Result]) -> _Result:
    """The result of something that is done in a new thread."""
    found: list[_Result] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def _after_fork() -> None:
    # The lock may have been held by a thread that does not survive the fork.
    global _forked, _lock
    _forked, _lock = True, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

__all__ = ["told_threads"]
