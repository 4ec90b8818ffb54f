"""LARS against a loop written from its formula, within a recipe's optimiser, and gone on with."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from visq.train.groups import optimiser  # noqa: E402
from visq.train.lars import LARS  # noqa: E402
from visq.train.recipe import Optimiser  # noqa: E402


def _network():
    torch.manual_seed(0)
    return torch.nn.Linear(3, 2).double()


def _gradients(network, step):
    for i, p in enumerate(network.parameters()):
        p.grad = torch.full_like(p, 0.1 * (step + 1)) + 0.03 * i * torch.arange(p.numel()).reshape(p.shape)


def test_three_steps_are_those_of_the_formula():
    network = _network()
    made = optimiser(network, Optimiser(name="lars", rate=12.0, decay=1e-4))
    assert isinstance(made, LARS)
    weight, bias = ([p.detach().flatten().tolist() for p in network.parameters()][k] for k in range(2))
    held = [[0.0] * len(weight), [0.0] * len(bias)]
    for step in range(3):
        _gradients(network, step)
        g = [p.grad.flatten().tolist() for p in network.parameters()]
        u = [a + 1e-4 * w for a, w in zip(g[0], weight, strict=True)]
        scale = 0.001 * math.dist(weight, [0] * len(weight)) / math.dist(u, [0] * len(u))
        for values, moved, update in ((weight, held[0], [scale * x for x in u]), (bias, held[1], g[1])):
            for i, x in enumerate(update):
                moved[i] = 0.9 * moved[i] + x
                values[i] -= 12.0 * moved[i]
        made.step()
    found = [p.detach().flatten().tolist() for p in network.parameters()]
    assert found[0] == pytest.approx(weight, rel=1e-12)
    assert found[1] == pytest.approx(bias, rel=1e-12)


def test_tensors_of_zeros_move_by_plain_momentum():
    weight = torch.nn.Parameter(torch.zeros(2, 2))
    weight.grad = torch.ones(2, 2)
    LARS([weight], lr=0.5).step()
    assert torch.equal(weight.detach(), torch.full((2, 2), -0.5))
    still = torch.nn.Parameter(torch.ones(2, 2))
    still.grad = torch.zeros(2, 2)
    LARS([still], lr=0.5).step()
    assert torch.equal(still.detach(), torch.ones(2, 2))


def test_gone_on_with_from_its_state_it_makes_the_same_steps():
    whole, parts = _network(), _network()
    first, second = (optimiser(n, Optimiser(name="lars", rate=1.0)) for n in (whole, parts))
    for step in range(4):
        _gradients(whole, step)
        first.step()
    for step in range(4):
        if step == 2:
            kept = second.state_dict()
            second = optimiser(parts, Optimiser(name="lars", rate=1.0))
            second.load_state_dict(kept)
        _gradients(parts, step)
        second.step()
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), parts.parameters(), strict=True))
