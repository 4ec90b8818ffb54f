"""Engines on this machine. Both call `shard.Scorer` and yield the same records, so their sorted tables are equal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from visq.run.pool import Pool, Result
from visq.run.shard import Scorer
from visq.run.tasks import Reading, Request, Task


def in_process(
    tasks: Iterable[Task | None], requests: Sequence[Request], reading: Reading | None = None
) -> Iterator[Result]:
    """Score in this process, in order. Nothing guards against a file that hangs or crashes the reader."""
    scorer = Scorer(requests, reading)
    for task in tasks:
        if task is not None:
            yield task, scorer.score(task)


def in_workers(
    tasks: Iterable[Task | None],
    requests: Sequence[Request],
    reading: Reading | None = None,
    *,
    jobs: int = 1,
    timeout: float = 30.0,
    on_tick: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """Score in `jobs` processes that are killed when an image takes longer than `timeout` seconds.

    Results come in the order they are done; sort by `Task.item`.
    """
    return Pool(requests, reading or Reading(), jobs=jobs, timeout=timeout, on_tick=on_tick).run(tasks)
