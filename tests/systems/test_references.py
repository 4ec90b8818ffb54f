"""Features of references are computed once, and are those of the pictures that were asked about."""

from __future__ import annotations

import threading

import pytest

torch = pytest.importorskip("torch")

from visq.systems import references  # noqa: E402


@pytest.fixture(autouse=True)
def _empty():
    references.clear()
    yield
    references.clear()


class Counted:
    """Some features, and how often they were computed."""

    def __init__(self):
        self.calls = 0

    def __call__(self, picture):
        self.calls += 1
        assert picture.shape[0] == 1
        return picture.mean(dim=(2, 3)), picture * 2


def features_of(*arguments):
    return list(references.features_of(*arguments))


def _pictures(count, side=12, seed=0):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed))


def test_a_reference_is_computed_once_for_many_calls_and_within_a_batch():
    compute, one = Counted(), _pictures(1)
    for _ in range(3):
        features_of("net", one, compute)
    assert compute.calls == 1
    found = features_of("net", torch.cat([one, _pictures(1, seed=1), one.clone()]), compute)
    assert compute.calls == 2
    assert [len(f) for f in found] == [2, 2, 2]
    assert torch.equal(found[0][1], one * 2)
    assert torch.equal(found[1][1], _pictures(1, seed=1) * 2)
    assert found[0][1] is found[2][1]


def test_another_key_type_size_or_layout_of_pixels_is_another_matter():
    compute, one = Counted(), _pictures(1)
    features_of("net", one, compute)
    features_of("other", one, compute)
    features_of("net", one.double(), compute)
    features_of("net", one[:, :, :6], compute)
    assert compute.calls == 4
    features_of("net", one.contiguous(memory_format=torch.channels_last), compute)
    assert compute.calls == 4


def test_another_number_of_threads_computes_again():
    """Their sums differ in the last digits, and an identical pair has to be exactly that."""
    compute, one, before = Counted(), _pictures(1), torch.get_num_threads()
    try:
        for threads in (1, 2, 1):
            torch.set_num_threads(threads)
            features_of("net", one, compute)
    finally:
        torch.set_num_threads(before)
    assert compute.calls == 2


@pytest.mark.parametrize("place", range(0, 3 * 12 * 12, 31))
def test_one_pixel_makes_another_picture(place):
    """Large enough that most places are not looked at to find a candidate."""
    compute, one = Counted(), _pictures(1, side=64)
    features_of("net", one, compute)
    other = one.clone()
    other.view(-1)[place] += 1e-6
    (found,) = features_of("net", other, compute)
    assert compute.calls == 2
    assert torch.equal(found[1], other * 2)


def test_a_picture_that_is_changed_afterwards_is_computed_again():
    compute, one = Counted(), _pictures(1)
    features_of("net", one, compute)
    one += 0.5
    (found,) = features_of("net", one, compute)
    assert compute.calls == 2
    assert torch.equal(found[1], one * 2)


def test_what_asks_for_a_gradient_is_never_kept():
    compute, one = Counted(), _pictures(1).requires_grad_()
    for _ in range(2):
        (found,) = features_of("net", one, compute)
        assert found[1].requires_grad
    assert compute.calls == 2
    assert references.kept_bytes() == 0
    with torch.no_grad():
        features_of("net", one, compute)
    assert references.kept_bytes() > 0


def test_what_was_kept_in_inference_mode_serves_gradients_later():
    one = _pictures(1)
    with torch.inference_mode():
        features_of("net", one.clone(), lambda p: (p * 2,))
    leaf = one.clone().requires_grad_()
    (found,) = features_of("net", one, lambda _: pytest.fail("was kept"))
    (leaf * found[0]).sum().backward()
    assert torch.equal(leaf.grad, one * 2)


def test_no_more_is_kept_than_the_limit_and_the_longest_unused_goes_first(monkeypatch):
    compute = Counted()
    each = 4 * 3 * 12 * 12 * 2 + 4 * 3
    monkeypatch.setattr(references, "LIMIT", 2 * each)
    first, second, third = (_pictures(1, seed=s) for s in range(3))
    for picture in (first, second, first, third):
        features_of("net", picture, compute)
    assert compute.calls == 3
    assert references.kept_bytes() == 2 * each
    features_of("net", first, compute)
    assert compute.calls == 3
    features_of("net", second, compute)
    assert compute.calls == 4
    monkeypatch.setattr(references, "LIMIT", each - 1)
    references.clear()
    features_of("net", torch.cat([third, third]), compute)
    assert compute.calls == 5, "within a batch even what is too large to be kept is computed once"
    assert references.kept_bytes() == 0


def test_several_threads_at_once():
    compute, pictures = Counted(), _pictures(4)
    wrong = []

    def work(seed):
        order = torch.randperm(4, generator=torch.Generator().manual_seed(seed))
        for _ in range(20):
            found = features_of("net", pictures[order], compute)
            wrong.extend(i for i, f in zip(order, found, strict=True) if not torch.equal(f[1], pictures[i : i + 1] * 2))

    threads = [threading.Thread(target=work, args=(s,)) for s in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert 4 <= compute.calls <= 16
