"""A progress bar on standard error, only where somebody is looking."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any


class Progress:
    """Shows how many images are done, the rate and the time left; does nothing unless stderr is a terminal.

    Parameters
    ----------
    show : bool
        False keeps it silent on a terminal too.
    count : callable, optional
        Counts the inputs. Called in a thread, while the first of them are already being scored.
    unit : str
        What is counted.
    """

    def __init__(self, show: bool, count: Callable[[], int] | None = None, *, unit: str = "images") -> None:
        self._bar: Any = None
        self._count = count
        self._total: int | None = None
        self._done = 0
        self._unit = unit
        self._show = show and sys.stderr.isatty()
        self._said_compiling = False

    def __enter__(self) -> Progress:
        if self._count is not None and self._show:
            threading.Thread(target=self._find_total, daemon=True).start()
        return self

    def _find_total(self) -> None:
        try:
            self._total = self._count() if self._count else None
        except Exception:  # the run itself will meet it and say so
            self._total = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._refresh()
            self._bar.stop()
            self._bar = None

    @property
    def done(self) -> int:
        """How many inputs are done."""
        return self._done

    def expect(self, total: int) -> None:
        """How many inputs there are, where whoever works through them counts."""
        self._total = total

    def advance(self) -> None:
        """One more input is done."""
        self._done += 1

    def tick(self) -> None:
        """Redraw. Called often; the bar appears once there is something to wait for."""
        if self._show and self._total != 1:
            if self._bar is None:
                self._start()
            self._refresh()

    def compiling(self) -> None:
        """Say once why the first image takes long."""
        if self._show and not self._said_compiling:
            self._said_compiling = True
            text = "compiling kernels (first run only) ..."
            if self._bar is None:
                sys.stderr.write(text + "\n")
            else:
                self._bar.console.print(text)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the bar off the line meanwhile, so that what is printed has it to itself."""
        if self._bar is not None:
            self._bar.stop()
        yield
        if self._bar is not None:
            self._bar.start()

    def _start(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, TaskProgressColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
        from rich.text import Text

        unit = self._unit

        class Rate(ProgressColumn):
            def render(self, task: Any) -> Text:
                speed = task.finished_speed or task.speed
                return Text(f"{speed:.1f} {unit}/s" if speed else f"- {unit}/s")

        self._bar = Bar(
            BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn(),
            console=Console(stderr=True), auto_refresh=False, transient=True,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=self._total)
        self._bar.start()

    def _refresh(self) -> None:
        self._bar.update(self._task, completed=self._done, total=self._total)
        self._bar.refresh()
