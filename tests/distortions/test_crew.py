"""Workers under supervision: answers, deaths, hangs, and ends in good order."""

from __future__ import annotations

import time

import pytest

from visq.distortions.synth.crew import Crew
from visq.errors import VisqError

_PREPARE = "crew_tasks:prepare"


def _answers(crew, *tasks):
    return [answer for _, answer in crew.run(tasks)]


def test_every_task_is_answered_once_by_several_workers_with_one_thread_each():
    with Crew(_PREPARE, {}, jobs=2) as crew:
        tasks = [{"do": "double", "value": i} for i in range(50)]
        done = list(crew.run(tasks))
        assert sorted(task["value"] for task, _ in done) == list(range(50))
        assert all(answer["value"] == 2 * task["value"] for task, answer in done)
        assert {answer["threads"] for _, answer in done} == {"1"}
        # Workers live on for the next tasks.
        again = _answers(crew, {"do": "double", "value": 7})
        assert again[0]["worker"] in {answer["worker"] for _, answer in done}


def test_a_task_whose_worker_was_killed_is_done_again(tmp_path):
    with Crew(_PREPARE, {}, jobs=2) as crew:
        tasks = [{"do": "die once", "mark": str(tmp_path / "mark")}, *({"do": "double", "value": i} for i in range(9))]
        answers = _answers(crew, *tasks)
    assert {"value": "second time"} in answers
    assert sorted(a["value"] for a in answers if "worker" in a) == list(range(0, 18, 2))


@pytest.mark.parametrize(("what", "ending"), [("die", "SIGKILL"), ("raise", "exit code 1")])
def test_a_task_that_always_ends_its_worker_is_given_up_and_the_others_are_done(what, ending):
    with Crew(_PREPARE, {}, jobs=1) as crew:
        done = list(crew.run([{"do": "double", "value": 1}, {"do": what}, {"do": "double", "value": 2}]))
    reasons = {task["do"]: answer for task, answer in done if isinstance(answer, str)}
    assert reasons == {what: f"the process that made it was ended 3 times ({ending})"}
    assert sorted(answer["value"] for _, answer in done if isinstance(answer, dict)) == [2, 4]


def test_a_task_that_hangs_is_given_up_and_what_is_printed_goes_nowhere(capfd):
    ticks = []
    with Crew(_PREPARE, {}, jobs=1, timeout=0.5, on_tick=lambda: ticks.append(1)) as crew:
        began = time.monotonic()
        hung, printed = _answers(crew, {"do": "hang"}, {"do": "print"})
        assert time.monotonic() - began < 30
    assert hung == "took longer than 0.5 s; --timeout raises the limit"
    assert printed == {}
    assert len(ticks) >= 3
    assert capfd.readouterr().out == ""


def test_workers_that_cannot_start_are_an_error_that_says_why():
    with Crew(_PREPARE, {"broken": True}) as crew, pytest.raises(VisqError, match="RuntimeError: no such library"):
        _answers(crew, {"do": "double", "value": 1})
    with Crew(_PREPARE, {"dies": True}) as crew, pytest.raises(VisqError, match="workers cannot start: exit code 7"):
        _answers(crew, {"do": "double", "value": 1})


def test_closing_ends_a_worker_that_hangs():
    with Crew(_PREPARE, {}, jobs=1) as crew:
        tasks = crew.run([{"do": "double", "value": 1}, {"do": "hang"}])
        next(tasks)
        began = time.monotonic()
    assert time.monotonic() - began < 5
