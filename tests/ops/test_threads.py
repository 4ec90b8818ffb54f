"""The pool of threads: callers in several threads, with images of several sizes, while the number changes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from visq.errors import OptionError
from visq.ops.threads import get_threads, run_strips, set_threads, strip_count


@pytest.fixture(autouse=True)
def _as_before():
    yield
    set_threads(None)


def _rows(count):
    out = np.zeros(count)

    def work(first, end, _):
        out[first:end] += np.arange(first, end)

    run_strips(work, count)
    return np.array_equal(out, np.arange(count))


def test_callers_with_images_of_different_sizes_share_the_pool():
    set_threads(4)
    with ThreadPoolExecutor(4) as callers:
        done = list(callers.map(_rows, [100, 600] * 300))
    assert all(done)


def test_the_number_of_threads_may_change_while_strips_are_being_worked_on():
    def call(k):
        set_threads(2 + k % 3)
        return _rows(400)

    with ThreadPoolExecutor(4) as callers:
        assert all(callers.map(call, range(300)))


def test_an_error_in_a_strip_reaches_the_caller():
    set_threads(3)

    def work(first, end, index):
        if index == 1:
            raise OptionError("wrong strip")

    with pytest.raises(OptionError, match="wrong strip"):
        run_strips(work, 300)


def test_the_number_of_threads(monkeypatch):
    monkeypatch.setenv("VISQ_THREADS", "3")
    assert get_threads() == 3
    set_threads(2)
    assert get_threads() == 2
    monkeypatch.setenv("VISQ_THREADS", "many")
    set_threads(None)
    with pytest.raises(OptionError, match="VISQ_THREADS"):
        get_threads()
    with pytest.raises(OptionError):
        set_threads(0)
    assert strip_count(129) == 3
