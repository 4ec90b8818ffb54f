"""Workers that hang, crash and are killed; and one table whoever does the work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from visq.errors import VisqError, WeightsError
from visq.run import pool as pool_module
from visq.run.local import in_process, in_workers
from visq.run.pool import Pool
from visq.run.shard import map_label, score_shard
from visq.run.tasks import Reading, Task, request

_TV = [request("tv")]

# A worker whose reader, or whose metric `uciqe`, does as the file's name says.
_ODD_WORKER = """
import os, signal, sys, time
from visq.run import worker, shard
real, one = shard.Scorer.steps, shard.Scorer._one
def metric(self, task, wanted, *rest):
    name = os.path.basename(task.image)
    if wanted.id == "uciqe" and name.startswith("slow"):
        time.sleep(600)
    if wanted.id == "uciqe" and name.startswith("fatal"):
        os.kill(os.getpid(), signal.SIGSEGV)
    return one(self, task, wanted, *rest)
def steps(self, task):
    name = os.path.basename(task.image)
    if name.startswith("hang"):
        time.sleep(600)
    if name.startswith("crash"):
        os.kill(os.getpid(), signal.SIGSEGV)
    if name.startswith("once") and not os.path.exists(task.image + ".tried"):
        open(task.image + ".tried", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("chatty"):
        print("library chatter", flush=True)
        os.write(1, b"more of it")
    return real(self, task)
shard.Scorer.steps, shard.Scorer._one = steps, metric
sys.exit(worker.main())
"""


def _picture(path, seed=0, side=32):
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return str(path)


def _tasks(tmp_path, *names):
    return [Task(i, _picture(tmp_path / name, seed=i)) for i, name in enumerate(names)]


def _pool(requests=_TV, **options):
    return Pool(requests, Reading(), command=(sys.executable, "-c", _ODD_WORKER), **options)


def _by_name(results):
    return {Path(task.image).name: records for task, records in results}


def test_one_process_and_several_workers_give_the_same_records(tmp_path):
    tasks = _tasks(tmp_path, *(f"{i:02d}.png" for i in range(12)))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    tasks.append(Task(12, str(tmp_path / "broken.png")))
    tasks.append(Task(13, os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")))
    tasks.append(Task(14, tasks[0].image, only=(1,)))
    requests = [request("tv"), request("uciqe"), request("piqe")]

    def table(results):
        return [r for _, r in sorted(((t.item, r) for t, r in results), key=lambda pair: pair[0])]

    alone = table(in_process(tasks, requests))
    assert [len(records) for records in alone] == [3] * 14 + [1]
    assert table(in_workers(tasks, requests)) == alone
    assert table(in_workers(tasks, requests, jobs=3)) == alone
    assert list(score_shard(tasks, requests)) == [r for records in alone for r in records]


def test_a_worker_that_hangs_is_killed_and_the_run_goes_on(tmp_path):
    tasks = _tasks(tmp_path, "a.png", "hang.png", "b.png", "c.png")
    began = time.monotonic()
    done = _by_name(_pool(timeout=2.5).run(tasks))
    assert time.monotonic() - began < 30
    assert {n: r[0].status for n, r in done.items()} == {
        "a.png": "ok", "hang.png": "error", "b.png": "ok", "c.png": "ok",
    }  # fmt: skip
    assert done["hang.png"][0].error == "took longer than 2.5 s; --timeout raises the limit"


def test_a_large_picture_has_more_time_in_proportion(tmp_path, monkeypatch):
    monkeypatch.setattr(pool_module, "_ORDINARY_PIXELS", 32 * 32 / 2)
    tasks = _tasks(tmp_path, "slow.png", "a.png")
    done = _by_name(_pool([request("uciqe")], timeout=2.0).run(tasks))
    assert done["slow.png"][0].error == "took longer than 4 s; --timeout raises the limit"
    assert done["a.png"][0].status == "ok"


def test_a_file_that_crashes_its_worker_gets_an_error_row(tmp_path):
    tasks = _tasks(tmp_path, "crash.png", "a.png", "b.png")
    done = _by_name(_pool([request("tv"), request("uciqe")], jobs=2).run(tasks))
    assert [r.status for r in done["crash.png"]] == ["error", "error"]
    assert "SIGSEGV" in done["crash.png"][0].error
    assert done["a.png"][0].status == done["b.png"][0].status == "ok"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("slow.png", "took longer than 2.5 s; --timeout raises the limit"), ("fatal.png", "ended 3 times (SIGSEGV)")],
)
def test_a_metric_that_hangs_or_crashes_costs_the_others_nothing(tmp_path, name, reason):
    requests = [request("tv"), request("uciqe"), request("piqe"), request("contrast")]
    tasks = _tasks(tmp_path, "a.png", name, "b.png")
    tasks[1] = replace(tasks[1], only=(0, 1, 3))
    done = dict(_pool(requests, timeout=2.5).run(tasks))
    found = {Path(task.image).name: (task.only, records) for task, records in done.items()}
    only, records = found.pop(name)
    assert only == (0, 1, 3)
    assert [(r.metric, r.status) for r in records] == [("tv", "ok"), ("uciqe", "error"), ("contrast", "ok")]
    assert records[1].error.endswith(reason)
    assert (records[1].sha256, records[1].width) == (records[0].sha256, 32)
    assert [[r.status for r in rest] for _, rest in found.values()] == [["ok"] * 4] * 2


def test_a_worker_somebody_killed_costs_nothing(tmp_path):
    tasks = _tasks(tmp_path, "a.png", "once.png", "b.png")
    done = _by_name(_pool().run(tasks))
    assert {r[0].status for r in done.values()} == {"ok"}
    assert len(done) == 3


def test_what_a_library_prints_does_not_end_up_among_the_records(tmp_path):
    tasks = _tasks(tmp_path, "chatty.png", "chatty2.png")
    done = _by_name(_pool().run(tasks))
    assert [r[0].status for r in done.values()] == ["ok", "ok"]


def test_workers_that_cannot_start_end_the_run(tmp_path):
    tasks = _tasks(tmp_path, "a.png")
    dead = Pool(_TV, Reading(), command=(sys.executable, "-c", "raise SystemExit(7)"))
    with pytest.raises(VisqError, match=r"workers cannot start: exit code 7"):
        list(dead.run(tasks))
    lost = Pool(_TV, Reading(limits={"no_such_limit": 1}))
    with pytest.raises(VisqError, match=r"a worker cannot start: .*no_such_limit"):
        list(lost.run(tasks))


def test_compiling_does_not_count_against_the_limit_of_an_image(tmp_path):
    worker = _ODD_WORKER.replace(
        "time.sleep(600)",
        "from numba.core import event as e\n        with e.trigger_event('numba:compile'): time.sleep(2.5)",
    )
    told = []
    pool = Pool(_TV, Reading(), timeout=2.0, command=(sys.executable, "-c", worker), on_compile=lambda: told.append(1))
    done = _by_name(pool.run(_tasks(tmp_path, "hang.png")))
    assert done["hang.png"][0].status == "ok"
    assert told


def test_no_worker_is_left_when_the_caller_stops_early(tmp_path):
    pool = _pool(jobs=2)
    results = pool.run(_tasks(tmp_path, *(f"{i}.png" for i in range(6))))
    next(results)
    processes = [w.process for w in pool._workers.values()]
    assert processes
    results.close()
    assert all(p.poll() is not None for p in processes)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the signal on a parent's death is Linux's")
def test_workers_die_with_their_parent(tmp_path):
    path = _picture(tmp_path / "hang.png")
    code = (
        "import sys; from visq.run.pool import Pool; from visq.run.tasks import *\n"
        f"pool = Pool([request('tv')], Reading(), command=(sys.executable, '-c', {_ODD_WORKER!r}))\n"
        "pool.start(); print(next(iter(pool._workers.values())).process.pid, flush=True)\n"
        f"list(pool.run([Task(0, {path!r})]))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    worker = int(parent.stdout.readline())
    time.sleep(1.5)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 10
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(worker)


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_are_added_once_the_first_has_done_something(tmp_path):
    pool = Pool(_TV, Reading(), jobs=3)
    most = 0
    for _ in pool.run(_tasks(tmp_path, *(f"{i}.png" for i in range(3)))):
        most = max(most, len(pool._workers))
    assert most <= 3
    single = Pool(_TV, Reading(), jobs=3)
    counts = [len(single._workers) for _ in single.run(_tasks(tmp_path, "one.png"))]
    assert counts == [1]


def test_a_system_that_gives_no_more_processes_costs_no_image(tmp_path, monkeypatch):
    real, started = subprocess.Popen, []

    def popen(*arguments, **options):
        if started:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        started.append(real(*arguments, **options))
        return started[0]

    monkeypatch.setattr(pool_module.subprocess, "Popen", popen)
    tasks = _tasks(tmp_path, *(f"{i}.png" for i in range(12)))
    done = _by_name(_pool(jobs=4).run(tasks))
    assert [r[0].status for r in done.values()] == ["ok"] * 12
    with pytest.raises(VisqError, match="workers cannot be started: Resource temporarily unavailable"):
        _pool().start()


def test_ticks_come_while_a_worker_is_busy(tmp_path):
    ticks = []
    pool = Pool(
        _TV,
        Reading(),
        timeout=2,
        command=(sys.executable, "-c", _ODD_WORKER),
        on_tick=lambda: ticks.append(time.monotonic()),
    )
    list(pool.run(_tasks(tmp_path, "hang.png")))
    gaps = [b - a for a, b in pairwise(ticks)]
    assert len(ticks) > 10
    assert max(gaps) < 1.5


def test_nothing_is_lost_when_workers_are_killed_again_and_again(tmp_path):
    tasks = _tasks(tmp_path, *(f"{i:03d}.png" for i in range(60)))
    pool = Pool(_TV, Reading(), jobs=2)
    done = []
    for result in pool.run(tasks):
        done.append(result)
        if len(done) in (5, 30):  # a task that meets both is still tried a third time
            for worker in pool._workers.values():
                worker.process.send_signal(signal.SIGKILL)
    assert sorted(t.item for t, _ in done) == list(range(60))
    assert {r.status for _, records in done for r in records} == {"ok"}


def test_identity_follows_the_content_of_a_parameter_file_not_its_name(tmp_path, monkeypatch):
    from visq import catalog

    # Whether a file holds parameters is asked elsewhere.
    monkeypatch.setattr("visq.run.tasks.check", lambda *_: None)
    found = [(s.id, o.name) for s in catalog.specs() for o in s.options if o.type == "path"]
    if not found:
        pytest.skip("no metric takes a parameter file")
    name, option = found[0]
    a, b, c = (tmp_path / n for n in ("a.npz", "b.npz", "c.npz"))
    a.write_bytes(b"1")
    b.write_bytes(b"1")
    c.write_bytes(b"2")
    same, other, changed = (request(name, {option: str(p)}).identity for p in (a, b, c))
    assert same == other
    assert same not in (changed, request(name).identity)
    with pytest.raises(WeightsError, match="does not exist"):
        request(name, {option: str(tmp_path / "none.npz")})


def test_a_broken_metric_is_a_row_and_not_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr("visq.api.Metric.__call__", lambda *_: 1 / 0)
    [record] = score_shard([Task(0, _picture(tmp_path / "a.png"))], _TV)
    assert (record.status, record.error) == ("error", "unexpected ZeroDivisionError: division by zero")
    monkeypatch.setattr("visq.api.Metric.__call__", lambda *_: float("nan"))
    [record] = score_shard([Task(0, _picture(tmp_path / "a.png"))], _TV)
    assert (record.status, record.value) == ("error", None)
    assert "nan" in record.error


def test_map_names_tell_options_apart():
    assert map_label(request("gmsd")) == "gmsd"
    assert map_label(request("psnr", {"channels": "luma"})) == "psnr-channels=luma"


def test_the_timeout_and_window_are_what_the_gates_ask():
    assert Pool(_TV, Reading())._timeout == 30.0
    assert pool_module._WINDOW == 2
