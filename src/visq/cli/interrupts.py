"""Ctrl-C and SIGTERM end a run in good order."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from visq.cli import exits


class Interruptible:
    """Turns the first SIGINT or SIGTERM into KeyboardInterrupt; further ones are ignored while the run is put away.

    `exit_code` tells which it was. Libraries that call back drop exceptions here and there: `check` raises again what
    one of them may have swallowed.
    """

    def __init__(self) -> None:
        self.exit_code = exits.INTERRUPTED
        self._former: dict[int, Any] = {}
        self._stopped = False

    def __enter__(self) -> Interruptible:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._former[number] = signal.signal(number, self._stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if a signal has come."""
        if self._stopped:
            raise KeyboardInterrupt

    def _stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        for each in self._former:
            signal.signal(each, signal.SIG_IGN)
        self._stopped = True
        self.exit_code = exits.TERMINATED if number == signal.SIGTERM else exits.INTERRUPTED
        raise KeyboardInterrupt
