"""The moving average against its sum written out."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from visq.train.averaging import Average, decay_at  # noqa: E402


def _walk(steps):
    """A network and its states on the way, in float64."""
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)).double()
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        with torch.no_grad():
            for value in network.parameters():
                value.copy_(torch.randn(value.shape, generator=generator, dtype=torch.float64))
        network(torch.randn(5, 3, generator=generator, dtype=torch.float64))
        yield network


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.999])
def test_the_average_is_the_weighted_sum_of_all_states(decay):
    states, average = [], None
    for network in _walk(12):
        average = average or Average(network, decay)
        average.update(network)
        states.append({name: value.clone() for name, value in network.state_dict().items()})
        weights = [decay ** (len(states) - 1 - i) * (1 - decay) for i in range(len(states))]
        for name, mean in average.tensors.items():
            if name.endswith("num_batches_tracked"):
                assert mean == states[-1][name]
                continue
            wanted = sum(w * s[name] for w, s in zip(weights, states, strict=True)) / (1 - decay ** len(states))
            # Some twenty operations in float64 on numbers near 1.
            assert torch.allclose(mean, wanted, rtol=0, atol=1e-14 / (1 - decay))
    assert sum(weights) / (1 - decay ** len(states)) == pytest.approx(1.0)


def test_the_first_average_is_the_first_state_and_later_decays_rise_to_the_asked_one():
    decays = [decay_at(t, 0.99) for t in range(1, 2000)]
    assert decays[0] == 0.0
    assert decays[:500] == sorted(set(decays[:500]))
    assert decays[-1] == pytest.approx(0.99, abs=1e-9)


def test_calling_with_the_average_leaves_the_network_alone():
    network = next(_walk(1)).eval()
    average = Average(network, 0.5)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for value in average.tensors.values():
        value.zero_()
    features = torch.ones(2, 3, dtype=torch.float64)
    assert average.call(network, features).abs().max() == 0
    assert network(features).abs().max() > 0
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_layers_that_share_a_weight_share_its_average():
    """The same average as of a layer alone, and torch takes it in place of both."""
    first, second, alone = (torch.nn.Linear(3, 3, bias=False).double() for _ in range(3))
    second.weight = first.weight
    network, averages = torch.nn.Sequential(first, second).eval(), []
    for value in (1.0, 3.0, -2.0):
        for layer in (first, alone):
            torch.nn.init.constant_(layer.weight, value)
        averages = averages or [Average(network, 0.5), Average(alone, 0.5)]
        averages[0].update(network)
        averages[1].update(alone)
    shared, single = averages
    assert set(shared.tensors) == {"0.weight", "1.weight"}
    assert all(torch.equal(value, single.tensors["weight"]) for value in shared.tensors.values())
    inputs = torch.ones(1, 3, dtype=torch.float64)
    wanted = inputs @ single.tensors["weight"].T @ single.tensors["weight"].T
    assert torch.equal(shared.call(network, inputs), wanted)
    again = Average(network, 0.5)
    again.load({name: value.clone() for name, value in shared.tensors.items()}, 3)
    assert torch.equal(again.call(network, inputs), wanted)
