"""Who hears how far a long piece of work has come."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# A bar that is drawn more often than it is seen costs more than the work.
_REDRAW_SECONDS = 0.1


@dataclass(frozen=True)
class Work:
    """Called while something is computed; by default nobody listens.

    Attributes
    ----------
    tell : callable
        Gets a sentence: what is about to be done, and what it takes.
    expect : callable
        Gets the number of items that are to come.
    on_item : callable
        Called after each.
    """

    tell: Callable[[str], None] = lambda text: None  # noqa: ARG005
    expect: Callable[[int], None] = lambda total: None  # noqa: ARG005
    on_item: Callable[[], None] = lambda: None


def kept_in(folder: str | os.PathLike[str] | None, name: str = "") -> Path:
    """Where a training keeps what it has computed: the folder that is given, or one beside fetched weights."""
    from visq.weights import cache_folder

    return Path(folder) if folder else cache_folder().parent / "training" / name


@contextmanager
def shown(unit: str) -> Iterator[Work]:
    """A `Work` that draws a progress bar on standard error, where that is a terminal.

    Parameters
    ----------
    unit : str
        What is counted: `pictures`.
    """
    from visq.cli.progress import Progress

    def tell(text: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(text + "\n")

    drawn = 0.0
    with Progress(True, unit=unit) as bar:

        def on_item() -> None:
            nonlocal drawn
            bar.advance()
            if time.monotonic() - drawn >= _REDRAW_SECONDS:
                drawn = time.monotonic()
                bar.tick()

        yield Work(tell, bar.expect, on_item)


__all__ = ["Work", "kept_in", "shown"]
