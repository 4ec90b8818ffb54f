"""Batches made ahead, numbers that say how, and who hears of it."""

from __future__ import annotations

import sys

import pytest

from visq.errors import OptionError
from visq.train.data.prefetch import batches, check_threads, check_whole
from visq.train.data.work import shown


def test_progress_is_drawn_on_a_terminal_and_nowhere_else(monkeypatch):
    import io

    for terminal in (False, True):
        out = io.StringIO()
        out.isatty = lambda terminal=terminal: terminal
        monkeypatch.setattr(sys, "stderr", out)
        with shown("pictures") as work:
            work.tell("1 GB to be made")
            work.expect(3)
            for _ in range(3):
                work.on_item()
        assert ("1 GB to be made" in out.getvalue()) == terminal
        assert ("3/3" in out.getvalue()) == terminal


def test_batches_that_cannot_be_are_refused_at_once():
    assert list(batches(lambda i: i, 5, 0, 3, 0)) == [3, 4]
    assert list(batches(lambda i: i, 5, 0, 5, 0)) == []
    for number, start in ((-1, 0), (0, 6), (0, -1), (0.5, 0), (True, 0)):
        with pytest.raises(OptionError):
            batches(lambda i: i, 5, number, start, 0)
    assert check_whole("n", 3) == 3
    for threads in (-1, 1.5, "2", True):
        with pytest.raises(OptionError, match="number of threads"):
            check_threads(threads)
