"""The number of threads that torch computes with: for one metric in one thread of the program, and back again."""

from __future__ import annotations

import threading

import pytest

from visq.ops.threads import set_threads

torch = pytest.importorskip("torch")

from visq.systems.torch_threads import told_threads  # noqa: E402

MANY, FEW = 4, 2


@pytest.fixture(autouse=True)
def _four_of_torch_two_of_visq():
    before = torch.get_num_threads()
    torch.set_num_threads(MANY)
    set_threads(FEW)
    yield
    set_threads(None)
    torch.set_num_threads(before)


def _in_a_thread(work):
    found = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join(30)
    return found[0]


def test_one_thread_of_the_program():
    with told_threads():
        assert torch.get_num_threads() == FEW
    assert torch.get_num_threads() == MANY
    with pytest.raises(ZeroDivisionError), told_threads():
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == MANY


def test_tensors_keep_the_number_of_their_caller():
    with told_threads(arrays=False):
        assert torch.get_num_threads() == MANY


def test_a_thread_that_begins_meanwhile_does_not_keep_the_number():
    """As the workers of a pool that begin to score one after the other."""
    go_on, ready = threading.Event(), threading.Event()
    seen = {}

    def second():
        seen["at first"] = torch.get_num_threads()
        with told_threads():
            seen["within"] = torch.get_num_threads()
            ready.set()
            go_on.wait(30)
        seen["afterwards"] = torch.get_num_threads()

    thread = threading.Thread(target=second)
    with told_threads():
        thread.start()
        assert ready.wait(30)
        assert _in_a_thread(torch.get_num_threads) == MANY
    assert torch.get_num_threads() == MANY
    go_on.set()
    thread.join(30)
    assert seen == {"at first": MANY, "within": FEW, "afterwards": MANY}
    assert _in_a_thread(torch.get_num_threads) == MANY


def test_many_at_once_leave_nothing_behind():
    wrong = []

    def work():
        for _ in range(20):
            with told_threads():
                if torch.get_num_threads() != FEW:
                    wrong.append("within")
            if torch.get_num_threads() != MANY:
                wrong.append("after")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong
    assert torch.get_num_threads() == MANY
    assert _in_a_thread(torch.get_num_threads) == MANY
