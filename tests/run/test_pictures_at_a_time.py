"""How many pictures are in work together where nobody says so, with how many threads, and large ones one by one."""

from __future__ import annotations

import io
import json
import sys
import time
import types
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visq.ops import threads
from visq.run import pool as pool_module
from visq.run.pool import Pool
from visq.run.shard import Scorer
from visq.run.tasks import Reading, Request, Task, request
from visq.run.worker import _Lines

_TV = [request("tv")]

# A worker that notes, beside each picture, when it was in work and with how many threads; the name says what it waits
# for: `meet` for another such picture in work at the same time, `slow` for a second, `hang` for ever.
_WORKER = """
import os, sys, time
from pathlib import Path
from visq.ops.threads import get_threads
from visq.run import worker, shard
real = shard.Scorer._open
def opened(self, path):
    began, name = time.monotonic(), os.path.basename(path)
    if name.startswith("meet"):
        Path(path + ".here").touch()
        while len(list(Path(path).parent.glob("*.here"))) < 2:
            if time.monotonic() - began > 20:
                raise RuntimeError("nobody came")
            time.sleep(0.01)
    time.sleep({"slow": 1.0, "hang": 600.0}.get(name[:4], 0.0))
    image = real(self, path)
    Path(path + ".note").write_text(f"{began} {time.monotonic()} {get_threads()}")
    return image
shard.Scorer._open = opened
sys.exit(worker.main())
"""


@pytest.fixture(autouse=True)
def _two_threads_at_once(monkeypatch):
    """Whatever tests before asked for, and however much memory those beside take."""
    monkeypatch.setattr(threads, "_threads", None)
    monkeypatch.setattr(pool_module, "fitting", lambda most: most)
    monkeypatch.setenv("VISQ_THREADS", "2")
    monkeypatch.setattr(pool_module, "_ADD_SECONDS", 0.0)


def _tasks(folder, *names, side=32):
    paths = []
    for i, name in enumerate(names):
        pixels = np.random.default_rng(i).integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / name)
        paths.append(str(folder / name))
    return [Task(i, path) for i, path in enumerate(paths)]


def _pool(requests=_TV, **options):
    return Pool(requests, Reading(), command=(sys.executable, "-c", _WORKER), **{"jobs": None, **options})


def _statuses(results):
    return {Path(task.image).name: records[0].error or "ok" for task, records in results}


def _by_both(pool, tasks):
    """Results, once two workers are ready."""

    def when_ready():
        while sum(w.ready for w in pool._workers.values()) < 2:
            yield None
        yield from tasks

    pool._start_worker()
    pool._start_worker()
    return pool.run(when_ready())


def _notes(folder):
    """When each picture was in work (from, to), and the threads."""
    texts = {p.name.removesuffix(".note"): p.read_text().split() for p in folder.glob("*.note")}
    return {name: (float(a), float(b), int(n)) for name, (a, b, n) in texts.items()}


def _together(notes, one, other):
    return notes[one][0] < notes[other][1] and notes[other][0] < notes[one][1]


def test_two_pictures_are_in_work_at_the_same_time(tmp_path):
    names = ["first.png", *(f"slow{i}.png" for i in range(16)), *(f"meet{i}.png" for i in range(4))]
    done = _statuses(_pool().run(_tasks(tmp_path, *names)))
    assert set(done.values()) == {"ok"}
    notes = _notes(tmp_path)
    assert notes["first.png"][2] == 2
    assert {notes[name][2] for name in names[-4:]} == {1}
    assert any(_together(notes, a, b) for a in names[-4:] for b in names[-4:] if a != b)


def test_no_second_worker_for_a_short_run_or_one_thread(tmp_path, monkeypatch):
    tasks = _tasks(tmp_path, *(f"{i}.png" for i in range(6)))
    monkeypatch.setattr(pool_module, "_ADD_SECONDS", 600.0)
    short = _pool()
    assert [len(short._workers) for _ in short.run(tasks)] == [1] * 6
    assert {n for _, _, n in _notes(tmp_path).values()} == {2}
    monkeypatch.setattr(pool_module, "_ADD_SECONDS", 0.0)
    monkeypatch.setenv("VISQ_THREADS", "1")
    single = _pool()
    assert [len(single._workers) for _ in single.run(tasks)] == [1] * 6


def test_metrics_whose_sums_depend_on_the_threads_have_one_worker():
    torch = Request("lpips", {}, "lpips@1")
    assert torch.spec.extra
    assert _pool([*_TV, torch])._jobs == 1
    assert _pool([*_TV, request("visq_nr")])._jobs == 2


def test_one_and_two_at_a_time_give_the_same_bits_and_a_broken_file_disturbs_nobody(tmp_path, monkeypatch):
    tasks = _tasks(tmp_path, *(f"{i}.png" for i in range(7)), "broken.png", *(f"a{i}.png" for i in range(3)), side=96)
    Path(tasks[7].image).write_bytes(b"\x89PNG\r\n\x1a\n")
    requests = [request("visq_nr"), request("tv")]
    two = sorted(_pool(requests).run(tasks), key=lambda result: result[0].item)
    monkeypatch.setenv("VISQ_THREADS", "1")
    one = sorted(_pool(requests).run(tasks), key=lambda result: result[0].item)
    assert two == one
    assert [task.item for task, records in two if records[0].status == "error"] == [7]


@pytest.mark.parametrize("jobs", [None, 2])
def test_large_pictures_are_never_in_work_together_unless_asked_for(tmp_path, monkeypatch, jobs):
    monkeypatch.setattr(pool_module, "_ORDINARY_PIXELS", 32 * 32 - 1)
    names = [f"slow{i}.png" for i in range(6)]
    done = _statuses(_by_both(_pool(jobs=jobs, timeout=30.0), _tasks(tmp_path, *names)))
    assert set(done.values()) == {"ok"}
    notes = _notes(tmp_path)
    pairs = [_together(notes, a, b) for i, a in enumerate(names) for b in names[:i]]
    assert any(pairs) == (jobs is not None)
    if jobs is None:
        assert 2 in {n for _, _, n in notes.values()}  # those that wait leave their threads


def test_a_large_picture_that_hangs_gives_way_to_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr(pool_module, "_ORDINARY_PIXELS", 32 * 32 - 1)
    tasks = _tasks(tmp_path, "first.png", "hang.png", "b.png", "c.png")
    done = _statuses(_by_both(_pool(timeout=12.0), tasks))
    late = "took longer than 12 s; --timeout raises the limit"
    assert done == {"first.png": "ok", "hang.png": late, "b.png": "ok", "c.png": "ok"}


def test_who_waits_longest_with_a_large_picture_goes_on_first():
    pool = _pool()
    sent = {n: types.SimpleNamespace(stdin=io.BytesIO()) for n in (1, 2, 3)}
    for number, since in ((1, 5.0), (2, 3.0), (3, 0.0)):
        pool._workers[number] = pool_module._Worker(sent[number], 0.0, ready=True, waiting=since)
    order = []
    for _ in range(3):
        pool._permit()
        order.append([number for number, w in pool._workers.items() if w.large])
        for w in pool._workers.values():
            w.large = False
    assert order == [[2], [1], []]
    assert [len(process.stdin.getvalue().splitlines()) for process in sent.values()] == [1, 1, 0]


class StoppedError(Exception):
    """What Ctrl-C is to a caller."""


def test_a_caller_who_stops_ends_workers_that_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(pool_module, "_ORDINARY_PIXELS", 32 * 32 - 1)
    processes, stopped = [], []

    def tick():
        assert time.monotonic() - began < 120, "nobody waits"
        workers = pool._workers.values()
        if any(w.waiting for w in workers) and any(w.large for w in workers):
            processes.extend(w.process for w in workers)
            stopped.append(time.monotonic())
            raise StoppedError

    pool, began = _pool(timeout=0, on_tick=tick), time.monotonic()
    with pytest.raises(StoppedError):
        list(_by_both(pool, _tasks(tmp_path, "hang1.png", "hang2.png", "hang3.png")))
    assert time.monotonic() - stopped[0] < 10  # those that hang would for ten minutes
    assert len(processes) == 2
    assert all(p.poll() is not None for p in processes)


def test_leave_to_go_on_overtakes_tasks_that_were_sent_before_it():
    messages = [[1, "a"], [2, "b"], {"threads": 2}, [3, "c"]]
    lines = _Lines(io.BytesIO(b"".join(json.dumps(m).encode() + b"\n" for m in messages)))
    assert lines.next_task() == [1, "a"]
    assert lines.permit() == {"threads": 2}
    assert [lines.next_task() for _ in range(3)] == [[2, "b"], [3, "c"], None]
    assert lines.permit() is None


def test_the_size_is_that_of_the_larger_header(tmp_path):
    small, large = _tasks(tmp_path, "a.png")[0].image, str(tmp_path / "large.png")
    Image.new("L", (300, 200)).save(large)
    scorer = Scorer(_TV)
    assert scorer.announced_pixels(Task(0, small)) == 32 * 32
    assert scorer.announced_pixels(Task(0, small, large)) == 300 * 200
    assert scorer.announced_pixels(Task(0, str(tmp_path / "none.png"))) == 0


# Only the first worker starts: {} is what others do.
_ALONE = """
import sys
from pathlib import Path
try:
    Path({folder!r}, "one").touch(exist_ok=False)
except FileExistsError:
    Path({folder!r}, "another").touch()
    {fails}
""".strip()


_SAYS = """print('{"fatal": "MemoryError: "}', flush=True); sys.exit(1)"""


@pytest.mark.parametrize("fails", ["sys.exit(9)", _SAYS], ids=["ends", "says so"])
def test_where_no_second_worker_starts_the_first_does_it_all(tmp_path, fails):
    tasks = _tasks(tmp_path, *(f"slow{i}.png" for i in range(4)))
    program = _ALONE.format(folder=str(tmp_path), fails=fails) + _WORKER
    pool = Pool(_TV, Reading(), jobs=None, command=(sys.executable, "-c", program))
    assert _statuses(pool.run(tasks)) == {f"slow{i}.png": "ok" for i in range(4)}
    assert (tmp_path / "another").exists()
    assert pool._started == 2
