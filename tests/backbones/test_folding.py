"""Convolution and batch normalisation as one, and a ReLU6 that keeps no copy: the same values, the same gradients."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402

from visq import backbones  # noqa: E402
from visq.backbones.parts import normalised, relu6_  # noqa: E402

TAP = "blocks.6.0"


def _network():
    network = backbones.create("efficientnet_lite0", weights="random", seed=2).double()
    generator = torch.Generator().manual_seed(0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # others than those of a network that has seen nothing
            module.running_mean.copy_(torch.randn(module.num_features, generator=generator) * 0.2)
            module.running_var.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
            module.weight.data.copy_(torch.rand(module.num_features, generator=generator) + 0.5)
            module.bias.data.copy_(torch.randn(module.num_features, generator=generator) * 0.2)
    return network.requires_grad_(True)


def _computed(network):
    """The map, and the gradients of all parameters and of the images, of a made-up objective."""
    images = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    images.requires_grad_(True)
    found = network(images, [TAP])[TAP]
    (found * torch.arange(found.numel(), dtype=torch.float64).cos().reshape(found.shape)).sum().backward()
    gradients = {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
    return found.detach(), {**gradients, "images": images.grad}


def test_folded_blocks_have_the_same_values_and_gradients():
    network = _network()
    names = set(network.state_dict())
    values, gradients = _computed(network)
    network.zero_grad(set_to_none=True)
    folded, others = _computed(network.fold())
    assert set(network.state_dict()) == names
    torch.testing.assert_close(folded, values, rtol=0, atol=1e-12 * float(values.abs().max()))
    assert set(others) == set(gradients)
    assert len(gradients) > 140
    for name, one in gradients.items():
        # Relative to the largest: single ones are differences of large numbers.
        assert float((others[name] - one).abs().max()) <= 1e-9 * float(one.abs().max()), name


def test_statistics_that_move_are_not_folded():
    conv, norm = nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4).train()
    values = torch.rand(2, 3, 8, 8)
    before = norm.running_mean.clone()
    found = normalised(conv, norm, values, folded=True)
    assert not torch.equal(norm.running_mean, before)
    assert found.mean().item() == pytest.approx(0, abs=1e-5)


def test_relu6_is_torchs_to_the_bit():
    x = torch.linspace(-9, 9, 3001).requires_grad_(True)
    weight = torch.rand(3001)
    found, gradients = [], []
    for relu in (relu6_, lambda values: functional.hardtanh_(values, 0.0, 6.0)):
        x.grad = None
        # 0 and 6 themselves are among them.
        out = relu(torch.cat([x * 1.0, x.detach().round() + 0 * x]))
        (out * torch.cat([weight, weight])).sum().backward()
        found.append(out.detach())
        gradients.append(x.grad)
    assert torch.equal(*found)
    assert torch.equal(*gradients)
    with torch.no_grad():
        assert torch.equal(relu6_(x.detach().clone()), functional.relu6(x.detach()))


def test_relu6_has_second_gradients():
    x = torch.tensor([-1.0, 2.0, 7.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: relu6_(v * v * 0.7), (x,))
    assert torch.autograd.gradgradcheck(lambda v: relu6_(v * v * 0.7) ** 2, (x,))
