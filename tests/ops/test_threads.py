"""The pool of threads: callers in several threads, with images of several sizes, while the number changes."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from visq.errors import OptionError
from visq.ops.threads import each, get_threads, run_strips, set_threads, strip_count


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


@pytest.mark.parametrize("bad", [0, 1])
def test_an_error_of_any_item_reaches_the_caller_and_the_pool_goes_on(bad):
    """Whichever thread took it; nobody is at work any more when it arrives."""
    set_threads(2)
    left = []

    def work(item):
        time.sleep(0.02 if item != bad else 0.005)
        if item == bad:
            raise OptionError("wrong item")
        left.append(item)

    for _ in range(20):
        with pytest.raises(OptionError, match="wrong item"):
            each(work, (0, 1))
    count = len(left)
    time.sleep(0.05)
    assert len(left) == count
    assert _rows(500)


def test_items_are_worked_on_at_the_same_time_and_may_use_strips():
    """Two items that wait for each other, each with strips of its own: in one thread they would never end."""
    set_threads(2)
    meeting = threading.Barrier(2, timeout=30)

    def work(item):
        meeting.wait()
        return item, _rows(700), _rows(130)

    assert each(work, ("image", "reference")) == [("image", True, True), ("reference", True, True)]
    set_threads(1)
    assert each(lambda item: item * 2, [1, 2, 3]) == [2, 4, 6]
    set_threads(4)
    assert each(lambda item: (threading.current_thread() is threading.main_thread(), item), [1, 2], parallel=False) == [
        (True, 1), (True, 2),
    ]  # fmt: skip


def test_every_strip_is_worked_on_once():
    set_threads(4)
    seen = np.zeros(5000, int)

    def work(first, end, index):
        assert index == first // 7
        seen[first:end] += 1

    for _ in range(10):
        run_strips(work, len(seen), 7)
    assert set(seen) == {10}


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


def test_a_thread_that_is_late_keeps_nothing_alive():
    """The pool is kept busy by one caller while another finishes alone: its arrays are free at once."""
    set_threads(2)
    begun, go_on = threading.Event(), threading.Event()

    def slow(item):
        if item:
            begun.set()
        go_on.wait(30)

    held = threading.Thread(target=each, args=(slow, (0, 1)))
    held.start()
    try:
        assert begun.wait(30)
        out = np.zeros(300)
        gone = weakref.ref(out)

        def work(first, end, _, out=out):
            out[first:end] += 1

        run_strips(work, 300)
        assert out.sum() == 300
        del out, work
        gc.collect()
        assert gone() is None
    finally:
        go_on.set()
        held.join()
