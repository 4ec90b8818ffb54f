"""Work ahead of its use: in order, bounded, with its exceptions, and no thread left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from visq.ahead import ahead


def _ours():
    return [t for t in threading.enumerate() if t.name.startswith("visq-ahead")]


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
def test_results_come_in_order_whatever_finishes_first(threads):
    def slow_first(n):
        time.sleep(0.002 * (7 - n % 7))
        return n * n

    assert list(ahead(slow_first, range(30), threads)) == [n * n for n in range(30)]
    assert not _ours()


def test_only_so_many_are_begun():
    begun = []
    source = ahead(lambda n: begun.append(n) or n, range(100), 2, depth=3)
    assert next(source) == 0
    time.sleep(0.05)
    assert max(begun) <= 3  # three on their way, and one more for the one that was taken
    source.close()
    assert not _ours()


def test_items_are_taken_as_they_are_needed():
    taken = []

    def source():
        for i in range(1000):
            taken.append(i)
            yield i

    results = ahead(lambda i: i * i, source(), 2)
    assert [next(results) for _ in range(10)] == [i * i for i in range(10)]
    assert len(taken) < 20
    assert list(results)[-1] == 999 * 999


def test_an_exception_comes_in_its_place():
    def work(n):
        if n == 3:
            raise ValueError("three")
        return n

    source = ahead(work, range(10), 4)
    assert [next(source) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(source)
    assert not _ours()


def test_what_was_not_begun_is_dropped_when_nobody_reads_on():
    done = []

    def work(n):
        time.sleep(0.02)
        done.append(n)
        return n

    source = ahead(work, range(50), 2, depth=20)
    next(source)
    source.close()
    assert len(done) <= 5
    assert not _ours()


# What is started in a shell's background ignores Ctrl-C, and hands that down to its children.
_ENDLESS = """
import itertools, signal, time
from visq.ahead import ahead
signal.signal(signal.SIGINT, signal.default_int_handler)
def work(n):
    time.sleep(0.01)
    return n
try:
    for n in ahead(work, itertools.count(), 3):
        if n == 3:
            print("running", flush=True)
except KeyboardInterrupt:
    import threading
    print([t.name for t in threading.enumerate()])
"""


def test_ctrl_c_stops_at_once_and_leaves_no_thread():
    process = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stdout.readline() == "running\n"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert time.monotonic() - began < 10
    assert out == "['MainThread']\n"
